//! The WebSocket protocol as a pure state machine: bytes in, events out; no sockets, no clock, no hidden memory.
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

mod role;
mod time;

mod wire;

mod error;

mod buffer;

mod message;

mod connection;

pub use buffer::recv::{DEFAULT_CAPACITY_BYTES, RecvBuffer, Storage};
pub use buffer::send::{SendBuffer, SendSlice};
pub use connection::{ChunkEvent, Config, Connection, Ending, Event, Transport, state};
pub use error::{Error, Limit, Misuse, ProtocolError, SendError, Timeout, Violation};
#[cfg(feature = "alloc")]
pub use message::PreparedMessage;
pub use message::{Chunk, FrameHead, Masker, MessageKind, Payload};
#[cfg(feature = "getrandom")]
pub use role::OsMaskKeys;
pub use role::{Client, MaskKeys, Role, Server};
pub use time::Instant;
pub use wire::{close, mask, utf8};

/// Frames as they stand on the wire, for those who build their own layers.
pub mod frame {
    pub use crate::message::{Decoder, FramePart, Limits};
    pub use crate::wire::header::{FrameHeader, HeaderBytes, MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES, Parsed};
    pub use crate::wire::opcode::Opcode;
}
