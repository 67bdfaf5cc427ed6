//! The opening handshake: how an HTTP connection becomes a WebSocket (RFC 6455 §4).
//!
//! | you have | look at |
//! |---|---|
//! | a transport that a client has opened | [`server::Handshake`] |
//! | a request that an HTTP library has parsed | [`server::accept`] |
//! | a transport to a server | [`client::Handshake`] |
//! | an HTTP library that sends requests | [`client::Handshake::request_fields`] and [`client::Handshake::verify`] |
//! | a stream of HTTP/2 or HTTP/3 | [`extended_connect`] |
//! | the types of the `http` crate (hyper, axum …) | the module `http`, with the feature of that name |
//!
//! # The model
//!
//! A handshake is one HTTP request and one response. Each side has an object that waits for the other's head in the
//! caller's [`RecvBuffer`](crate::RecvBuffer), and writes its own into a [`SendBuffer`](crate::SendBuffer). Nothing is
//! allocated and nothing is copied: what was received is looked at where it lies, what is to be sent is borrowed until
//! it is written.
//!
//! ```text
//!               bytes                     headers that somebody else has parsed
//!                 │                                    │
//!   head, parse   the end, the lines                   │
//!                 │                                    │
//!   fields   ─────┴──────── one pass ──────────────────┤
//!                                                      ▼
//!   server::accept, client::verify      one list of rules for each side
//! ```
//!
//! # What holds whatever the peer sends
//!
//! * The outcome does not depend on how the bytes were cut into reads, and the work is linear in their number.
//! * No head is longer than its limit, or has more lines; one that is beyond a limit is refused, never cut.
//! * Bytes behind a head stay in the receive buffer, unread: after a 101 they are frames, after anything else they are
//!   not.
//! * No error is forgotten: a handshake that has failed gives the same error again.
//!
//! # What holds whatever the caller sends
//!
//! Text goes on the wire only where the grammar of its place allows it: a value with a line end in it is a
//! [`HandshakeMisuse`](crate::HandshakeMisuse), not a second header. Headers that the handshake writes itself cannot be
//! added by hand.

// In the order of their layers: each imports from those above it alone.

mod grammar;

mod authority;
mod head;
mod names;
mod parse;

mod header;
mod url;

mod extensions;

#[cfg(feature = "deflate")]
mod deflate;

mod fields;

mod accept_key;
mod clock;
mod emit;

pub mod client;
pub mod server;

pub mod extended_connect;

#[cfg(feature = "http")]
pub mod http;

pub use accept_key::accept_key;
pub use extensions::{Extension, Extensions, Param, Params, Value};
pub use fields::Fields;
pub use head::{DEFAULT_MAX_HEAD_BYTES, HttpVersion};
pub use header::{Header, Headers, HeadersIter};
pub use url::{Target, Url};
