//! Frames into messages, and messages into frames; one direction per file.
//!
//! ```text
//! receiving   bytes ──► decoder: whose turn is it, which header is legal ──► assembler: payload into messages ──► connection
//! sending     bytes ◄── encoder: head, key, payload ◄── prepared: the same message for many ◄── connection
//! ```

mod decoder;

#[cfg(feature = "deflate")]
mod rsv1;

mod frame_decoder;

mod assembler;

#[cfg(feature = "deflate")]
mod inflating;

mod encoder;

#[cfg(feature = "alloc")]
mod prepared;

pub(crate) use assembler::{Assembler, Delivery, Found};
pub use assembler::{Chunk, Payload};
pub use decoder::Limits;
pub(crate) use encoder::{encode, first_byte, head};
pub use frame_decoder::{Decoder, FramePart};
#[cfg(feature = "alloc")]
pub use prepared::PreparedMessage;

#[cfg(feature = "deflate")]
use crate::deflate::Session;
use crate::wire::opcode::Opcode;

/// What a connection keeps for compressed messages, if it has agreed on them; without the feature, nothing.
#[cfg(feature = "deflate")]
pub(crate) type Compression = Option<alloc::boxed::Box<Session>>;

/// What a connection keeps for compressed messages: without the feature `deflate`, nothing.
#[cfg(not(feature = "deflate"))]
pub(crate) type Compression = ();

#[cfg(feature = "deflate")]
pub(crate) const NO_COMPRESSION: Compression = None;
#[cfg(not(feature = "deflate"))]
pub(crate) const NO_COMPRESSION: Compression = ();

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
