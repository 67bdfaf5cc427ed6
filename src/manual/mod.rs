#![doc = include_str!("links.md")]
#![doc = include_str!("../../docs/manual/README.md")]
// The manual, as it is shown in the documentation and as its code is tested.
//
// The chapters are the files in `docs/manual`, where they can be read and linked as they are. This module exists for
// rustdoc alone: in no other build is it compiled. A chapter ends with definitions of its links to other chapters, as
// files; those in `links.md` come first, and the first definition counts, so that here they lead to modules and are
// checked.

/// A module for each chapter: its file, and the items of the API that it speaks of.
macro_rules! chapters {
    ($($name:ident = $file:literal, $api:literal;)*) => {$(
        #[doc = include_str!("links.md")]
        #[doc = include_str!(concat!("../../docs/manual/", $file))]
        #[doc = concat!("\n# In the API\n\n", $api)]
        pub mod $name {}
    )*};
}

chapters! {
    tutorial = "tutorial.md",
        "[`accept_key`](crate::handshake::accept_key) · [`FrameHeader`](crate::frame::FrameHeader) · [`mask`](crate::mask) · \
         [`Decoder`](crate::frame::Decoder) · [`Connection`](crate::Connection)";
    run_loop = "run-loop.md",
        "[`Connection`](crate::Connection) · [`Event`](crate::Event) · [`Transport`](crate::Transport) · \
         [`ProtocolError`](crate::ProtocolError)";
    buffers = "buffers.md",
        "[`RecvBuffer`](crate::RecvBuffer) · [`SendBuffer`](crate::SendBuffer) · [`Config`](crate::Config) · [`Limit`](crate::Limit)";
    sending = "sending.md",
        "[`FrameHead`](crate::FrameHead) · [`Masker`](crate::Masker) · [`PreparedMessage`](crate::PreparedMessage) · \
         [`SendBuffer`](crate::SendBuffer) · [`SendError`](crate::SendError)";
    streaming = "streaming.md",
        "[`receive_chunk`](crate::Connection::receive_chunk) · [`ChunkEvent`](crate::ChunkEvent) · [`Chunk`](crate::Chunk) · \
         [`send_fragment`](crate::Connection::send_fragment) · [`fragment_head`](crate::Connection::fragment_head)";
    closing = "closing.md",
        "[`Transport`](crate::Transport) · [`State`](crate::State) · [`Ending`](crate::Ending) · [`close`](crate::close)";
    deadlines = "deadlines.md",
        "[`poll_timeout`](crate::Connection::poll_timeout) · [`handle_timeout`](crate::Connection::handle_timeout) · \
         [`Instant`](crate::Instant) · [`Timeout`](crate::Timeout) · [`Config`](crate::Config)";
    handshake = "handshake.md",
        "[`handshake`](crate::handshake) · [`server`](crate::handshake::server) · [`client`](crate::handshake::client) · \
         [`HandshakeError`](crate::HandshakeError)";
    http2_http3 = "http2-http3.md",
        "[`extended_connect`](crate::handshake::extended_connect) · [`handshake`](crate::handshake)";
    compression = "compression.md",
        "`deflate` · [`PreparedMessage`](crate::PreparedMessage) · [`Limit`](crate::Limit)";
    no_std = "no-std.md",
        "[`RecvBuffer`](crate::RecvBuffer) · [`SendSlice`](crate::SendSlice) · [`MIN_SEND_BYTES`](crate::MIN_SEND_BYTES) · \
         [`MaskKeys`](crate::MaskKeys)";
    migrating = "migrating.md",
        "[`Connection`](crate::Connection) · [`handshake`](crate::handshake)";
    fuzzing = "fuzzing.md",
        "[`Connection`](crate::Connection) · [`RecvBuffer`](crate::RecvBuffer) · [`SendBuffer`](crate::SendBuffer)";
    scope = "scope.md",
        "[the crate](crate)";
}
