//! permessage-deflate: messages compressed one by one (RFC 7692).
//!
//! ```text
//! params   what is offered, answered and agreed, as data          config   what this end wants of it
//! inflate  wire bytes into the message, as they come              compress message into a payload
//! zlib     all that is asked of zlib-rs                           pool     contexts that wait for a connection
//! session  the two directions of one connection
//! ```
//!
//! # How to use it
//!
//! Give a [`Config`] to both the handshake's `deflate` methods: `server::Accept::deflate` chooses among the client's
//! offers, `client::Request::deflate` makes one. The connection that comes out of the handshake compresses from then
//! on, and messages arrive as they always do. After a handshake that somebody else has done, hand the [`Params`] to
//! `Connection::with_deflate`.
//!
//! Whether a message is compressed is decided when it begins: by its length, and by `Connection::set_compression`.
//!
//! # Memory
//!
//! | a connection with … keeps, while it is idle | bytes |
//! |---|---|
//! | no takeover, with a [`Pool`] or without | nothing but its settings, some 70 |
//! | the peer's takeover | 48 thousand |
//! | our takeover, with 15 bits of window | 280 thousand |
//! | our takeover, with 10 bits | 153 thousand |
//!
//! A test counts them. Without takeover a context is there while a message is in progress and no longer.

mod zlib;

mod params;

mod inflate;

mod compress;

mod pool;

mod once;

mod config;

mod session;

pub use compress::Compressor;
pub use config::Config;
pub use inflate::{InflateError, Inflater, Room, Stop};
pub(crate) use once::Once;
pub(crate) use params::Given;
pub use params::{NAME, Offer, Params, WindowBits};
pub use pool::Pool;
pub use session::Compression;
pub(crate) use session::{Bounds, Inbound, Refusal, Session};
