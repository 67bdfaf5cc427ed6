//! permessage-deflate: parameters as tables, the two engines, what a connection makes of them, and what it costs.

mod amid;
mod choice;
mod connection;
mod engine;
mod handshake;
mod law;
mod memory;
pub(crate) mod oracle;
mod params;
mod rsv1;

use websocket_proto::deflate::{Config, Params};

/// The four bytes that every sender leaves out at the end of a message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The first reserved bit.
const RSV1: u8 = 0x40;

/// Compresses everything, and remembers it.
fn eager() -> Config {
    Config::new().min_bytes(0).may_grow(true).local_takeover(true).peer_takeover(true)
}

/// Neither end remembers.
fn forgetful() -> Params {
    Params { server_no_context_takeover: true, client_no_context_takeover: true, ..Params::default() }
}
