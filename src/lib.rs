//! The WebSocket protocol (RFC 6455) as a pure state machine: bytes in, events out, for both ends of a connection.
//!
//! The one idea: **state in one small object, bytes in the caller's buffers, and no I/O, clock, randomness or hidden
//! allocation anywhere.**
//!
//! ```text
//!            bytes from any transport                            bytes to any transport
//!                      │                                                    ▲
//!                      ▼                                                    │
//!        RecvBuffer   (bytes only)                      SendBuffer: Vec, ArrayVec, SendSlice, yours;
//!        spare_mut() / filled(n)                        or a FrameHead and your own payload
//!                      │                                                    ▲
//!                      ▼                                                    │
//!        handshake::{server, client}::Handshake ──►  Connection<Role>   (state only: no bytes, no heap)
//!                                                    receive(&mut rx) ──► Event<'_>, which borrows rx
//!                                                    send_*(…, &mut tx), close(…, &mut tx)
//!                                                    poll_transmit(&mut tx): what the protocol owes
//!                                                    poll_timeout() / handle_timeout(now)
//!                                                    handle_eof(), transport()
//! ```
//!
//! # Where to begin
//!
//! * [`Connection`] has the run loop, in seven steps. [`handshake`] is what comes before it; a [`ServerSession`] is both.
//! * [`RecvBuffer`] and [`SendBuffer`] are the memory, and the caller's.
//! * [`Config`] has the limits and deadlines, each with the reason for its default.
//! * [`ProtocolError`], [`SendError`] and [`HandshakeError`] say whose fault it is.
//! * [`frame`], [`mask`], [`utf8`] and [`close`] are the layers below, for those who build their own.
#![cfg_attr(
    all(doc, feature = "alloc"),
    doc = "* The [`manual`] has a chapter for each question: the run loop, memory, sending, streaming, closing, deadlines, the handshake, and what is out of scope."
)]
//!
//! # A whole life
//!
//! ```
//! # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
//! use websocket_proto::close::CloseCode;
//! use websocket_proto::handshake::{client, server};
//! use websocket_proto::{Config, Connection, Event, RecvBuffer, Transport};
//!
//! // Two ends in memory. `to_server` and `to_client` stand for the network.
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! let (mut server_rx, mut client_rx) = (RecvBuffer::new(), RecvBuffer::new());
//!
//! // The client asks …
//! let request = client::Request::new("localhost:8888", "/")?;
//! let mut asking = client::Handshake::new(request, *b"16 random bytes!");
//! asking.write_request(&mut to_server)?;
//!
//! // … the server grants …
//! let _ = server_rx.extend_from_slice(&to_server);
//! let mut server = match server::Handshake::new().receive(&mut server_rx)? {
//!     Some(asked) => asked.accept(server::Origins::SameHost)?.write(&mut to_client)?.connection(Config::server()),
//!     None => unreachable!("all of it has been read"),
//! };
//!
//! // … and the client makes sure.
//! let _ = client_rx.extend_from_slice(&to_client);
//! let mut client = match asking.receive(&mut client_rx)? {
//!     Some(client::Response::Established(agreed)) => agreed.connection(Config::client(), || [1, 2, 3, 4]), // OsMaskKeys, really
//!     other => unreachable!("{other:?}"),
//! };
//!
//! // A message, and an end.
//! to_server.clear();
//! client.send_text("Hello", &mut to_server)?;
//! client.close(CloseCode::NORMAL, "enough", &mut to_server)?;
//! to_client.clear();
//! let _ = server_rx.extend_from_slice(&to_server);
//! assert_eq!(server.receive(&mut server_rx)?, Some(Event::Text("Hello")));
//! assert!(matches!(server.receive(&mut server_rx)?, Some(Event::Close(close)) if close.reason == "enough"));
//! server.poll_transmit(&mut to_client)?;
//! assert_eq!(server.transport(), Transport::FlushThenClose);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "alloc"))] fn main() {}
//! ```
//!
//! # Promises
//!
//! * **Chunking never matters.** The same bytes in any split give the same events, errors and replies.
//! * **The peer's bytes are hostile.** They can cause an error with the right close code, at the earliest byte that
//!   proves them wrong; never a panic, never memory beyond the limits, never more than linear work.
//! * **The caller's mistakes are values.** A [`Misuse`] or a full buffer has written nothing, lost nothing and changed
//!   nothing.
//!
//! # Features
//!
//! `alloc` (default): `Vec<u8>` as storage, `PreparedMessage`. `simdutf8` (default): fast validation of text that is
//! not ASCII. `getrandom`: `OsMaskKeys`. `deflate`: messages compressed one by one, as `deflate::Config` says; `std`:
//! at the speed of the CPU that it runs on. `http`: the handshake in the types of the `http` crate (it needs the
//! standard library, as that crate does). `bytes`: `BytesMut` as send buffer. Features add; none changes what another
//! part does. Without any, nothing allocates.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Unsafe code has its licence in the files that use it; nothing else may.
#![deny(unsafe_code)]
// No panic can be reached, and nothing needs `std` or `alloc` that `core` has.
#![deny(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;

// The layers, top to bottom: each may use those above it, and none below. A test holds them to it.

mod role;
mod time;

mod wire;

mod error;

mod buffer;

#[cfg(feature = "deflate")]
pub mod deflate;

pub mod handshake;

mod message;

mod connection;

#[cfg(all(doc, feature = "alloc"))]
#[cfg_attr(docsrs, doc(auto_cfg = false))]
pub mod manual;

pub use buffer::recv::{DEFAULT_CAPACITY_BYTES, RecvBuffer, Storage};
pub use buffer::send::{MIN_SEND_BYTES, SendBuffer, SendSlice};
pub use connection::state::State;
pub use connection::{ChunkEvent, Config, Connection, Ending, Event, ServerSession, Transport};
pub use error::{
    Error, Field, HandshakeError, HandshakeMisuse, HeadPart, Limit, Misuse, ProtocolError, SendError, Timeout,
    UrlError, Violation,
};
#[cfg(feature = "alloc")]
pub use message::PreparedMessage;
pub use message::{Chunk, MessageKind, Payload};
#[cfg(feature = "getrandom")]
pub use role::OsMaskKeys;
pub use role::{Client, MaskKeys, Role, Server};
pub use time::Instant;
pub use wire::head::{FrameHead, Masker};
pub use wire::{close, mask, utf8};

/// The table of the closing handshake, for the test that walks it. Not a part of the API.
#[doc(hidden)]
pub use connection::state;

/// Frames as they stand on the wire, for those who build their own layers.
pub mod frame {
    pub use crate::message::{Decoder, FramePart, Limits};
    pub use crate::wire::header::{FrameHeader, HeaderBytes, MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES, Parsed};
    pub use crate::wire::opcode::Opcode;
}

/// The README's example, compiled.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
