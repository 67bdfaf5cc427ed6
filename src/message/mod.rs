//! Frames into messages, and messages into frames; one direction per file.
//!
//! ```text
//! receiving   bytes ──► decoder: whose turn is it, which header is legal ──► assembler: payload into messages ──► connection
//! sending     bytes ◄── encoder: head, key, payload ◄── prepared: the same message for many ◄── connection
//! ```

mod decoder;

mod assembler;

mod encoder;

#[cfg(feature = "alloc")]
mod prepared;

pub(crate) use assembler::{Assembler, Delivery, Found};
pub use assembler::{Chunk, Payload};
pub use decoder::{Decoder, FramePart, Limits};
pub(crate) use encoder::{encode, first_byte, head};
#[cfg(feature = "alloc")]
pub use prepared::PreparedMessage;

use crate::wire::opcode::Opcode;

/// The two kinds of message (RFC 6455 §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl MessageKind {
    /// The opcode of the message's first frame.
    #[must_use]
    #[inline]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::TEXT,
            Self::Binary => Opcode::BINARY,
        }
    }
}
