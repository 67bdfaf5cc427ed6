//! The WebSocket protocol as a pure state machine: bytes in, events out; no sockets, no clock, no hidden memory.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod role;
mod time;

mod wire;

mod error;

mod buffer;

pub mod handshake;

pub use buffer::recv::{DEFAULT_CAPACITY_BYTES, RecvBuffer, Storage};
pub use buffer::send::{SendBuffer, SendSlice};
pub use error::{
    Error, Field, HandshakeError, HandshakeMisuse, HeadPart, Limit, Misuse, ProtocolError, SendError, Timeout,
    UrlError, Violation,
};
#[cfg(feature = "getrandom")]
pub use role::OsMaskKeys;
pub use role::{Client, MaskKeys, Role, Server};
pub use time::Instant;
pub use wire::{close, mask, utf8};

/// Frames as they stand on the wire, for those who build their own layers.
pub mod frame {
    pub use crate::wire::header::{FrameHeader, HeaderBytes, MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES, Parsed};
    pub use crate::wire::opcode::Opcode;
}
