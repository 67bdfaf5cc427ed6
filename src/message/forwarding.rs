//! Frames of compressed messages for those who do not inflate them: what a proxy forwards as it is (RFC 7692 §6).

use super::decoder::Decoder;

impl Decoder {
    /// The same decoder where permessage-deflate was agreed on: the first frame of a message may have the first reserved
    /// bit (`rsv` 4 in its header), which says that the message is compressed. Everything else is refused as before, the
    /// bit elsewhere too.
    ///
    /// Payload is given as it came. So a proxy that has passed the negotiation on can pass these frames on, without a
    /// context of its own. [`max_message_bytes`](super::Limits::max_message_bytes) then holds, for such a message, for
    /// what it has on the wire, with an eighth and a kilobyte more; what it inflates to is for the one who inflates it.
    ///
    /// ```
    /// use websocket_proto::frame::{Decoder, FramePart, Limits};
    ///
    /// let mut decoder = Decoder::client(Limits::NONE).allow_compressed();
    /// let mut bytes = *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"; // RFC 7692 section 7.2.3.1
    /// let mut input = &mut bytes[..];
    /// let Some(FramePart::Header(header)) = decoder.decode(&mut input)? else { unreachable!("it is whole") };
    /// assert_eq!(header.rsv, 4);
    /// # Ok::<(), websocket_proto::ProtocolError>(())
    /// ```
    #[must_use]
    pub const fn allow_compressed(mut self) -> Self {
        self.frames.agree_on_compression();
        self
    }
}
