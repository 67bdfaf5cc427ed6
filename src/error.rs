//! What can go wrong, by whose fault it is.
//!
//! | type | whose fault | what to do |
//! |---|---|---|
//! | [`Violation`] | the peer broke the protocol | nothing more: the connection has failed and owes the peer a Close |
//! | [`Limit`] | the peer asks for more than this end grants | the same |
//! | [`Timeout`] | the peer, or the network, is silent | the same |
//! | [`Misuse`] | the caller did what the protocol does not allow now | mend the call; nothing was written, lost or changed |
//! | [`HandshakeError`] | see there | before there is a connection: a server answers with its HTTP status |
//! | [`SendError::Full`] | nobody: the send buffer is full | drain it and call again; nothing was written, lost or changed |
//!
//! Each violation and limit knows the close code that the peer is told and the section of RFC 6455 that speaks of it.

use core::fmt;

use crate::wire::close::{CloseCode, CloseError, Unsendable};
use crate::wire::opcode::Opcode;
use crate::wire::utf8::InvalidUtf8;

/// The peer broke RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set that no extension has given a meaning (§5.2).
    ReservedBits,
    /// An opcode that RFC 6455 gives no meaning (§5.2).
    ReservedOpcode(Opcode),
    /// A control frame without FIN (§5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A continuation frame with no message to continue (§5.4).
    UnexpectedContinuation,
    /// A text or binary frame while a fragmented message is not finished (§5.4).
    ExpectedContinuation,
    /// A client's frame that is not masked (§5.1).
    UnmaskedFrame,
    /// A server's frame that is masked (§5.1).
    MaskedFrame,
    /// A payload length that is not in its shortest form (§5.2).
    LengthNotMinimal,
    /// A payload length with the top bit set (§5.2).
    LengthTopBit,
    /// Text that is not UTF-8 (§8.1).
    TextNotUtf8,
    /// A compressed message that cannot be inflated (RFC 7692 §7.2.2).
    CompressedData,
    /// A Close frame with half a code (§5.5.1).
    CloseTruncated,
    /// A Close frame with a code that must not stand on the wire (§7.4).
    CloseCode(CloseCode),
    /// A Close frame whose reason is not UTF-8 (§5.5.1).
    CloseReasonNotUtf8,
}

impl Violation {
    /// The code that the peer is told: 1007 for text that is not UTF-8 and for what cannot be inflated, 1002 for all else
    /// (§7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::TextNotUtf8 | Self::CompressedData | Self::CloseReasonNotUtf8 => CloseCode::INVALID_PAYLOAD,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// The section of RFC 6455 that was broken; for [`CompressedData`](Self::CompressedData), of RFC 7692.
    #[must_use]
    pub const fn rfc_section(self) -> &'static str {
        match self {
            Self::ReservedBits | Self::ReservedOpcode(_) | Self::LengthNotMinimal | Self::LengthTopBit => "5.2",
            Self::FragmentedControl | Self::ControlTooLong => "5.5",
            Self::UnexpectedContinuation | Self::ExpectedContinuation => "5.4",
            Self::UnmaskedFrame | Self::MaskedFrame => "5.1",
            Self::TextNotUtf8 => "8.1",
            Self::CompressedData => "7.2.2",
            Self::CloseTruncated | Self::CloseReasonNotUtf8 => "5.5.1",
            Self::CloseCode(_) => "7.4",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedBits => f.write_str("a reserved bit is set without an extension")?,
            Self::ReservedOpcode(opcode) => write!(f, "a frame has the {opcode}")?,
            Self::FragmentedControl => f.write_str("a control frame is fragmented")?,
            Self::ControlTooLong => f.write_str("a control frame has more than 125 bytes")?,
            Self::UnexpectedContinuation => f.write_str("a continuation frame has no message to continue")?,
            Self::ExpectedContinuation => f.write_str("a new message begins before the last is finished")?,
            Self::UnmaskedFrame => f.write_str("a client's frame is not masked")?,
            Self::MaskedFrame => f.write_str("a server's frame is masked")?,
            Self::LengthNotMinimal => f.write_str("a payload length is not in its shortest form")?,
            Self::LengthTopBit => f.write_str("a payload length has its top bit set")?,
            Self::TextNotUtf8 => f.write_str("text is not UTF-8")?,
            Self::CompressedData => f.write_str("a compressed message cannot be inflated")?,
            Self::CloseTruncated => f.write_str("a Close frame has one byte")?,
            Self::CloseCode(code) => write!(f, "a Close frame has the code {code}")?,
            Self::CloseReasonNotUtf8 => f.write_str("the reason in a Close frame is not UTF-8")?,
        }
        let rfc = if *self == Self::CompressedData { 7692 } else { 6455 };
        write!(f, " (RFC {rfc} section {})", self.rfc_section())
    }
}

impl core::error::Error for Violation {}

impl From<CloseError> for Violation {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Truncated => Self::CloseTruncated,
            CloseError::Code(code) => Self::CloseCode(code),
            CloseError::ReasonNotUtf8 => Self::CloseReasonNotUtf8,
        }
    }
}

impl From<InvalidUtf8> for Violation {
    fn from(_: InvalidUtf8) -> Self {
        Self::TextNotUtf8
    }
}

/// The peer asks for more than this end grants. The limits stand in [`Config`](crate::Config), but for the size of a
/// receive buffer that cannot grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// A message has more bytes than `max_message_bytes`, or a compressed one needs too many to say them.
    MessageTooBig,
    /// A frame has more bytes than `max_frame_bytes`.
    FrameTooBig,
    /// A message has more frames than `max_fragments`.
    TooManyFragments,
    /// More control frames than `max_control_frames` came with nothing between them.
    TooManyControlFrames,
    /// A compressed message has too many bytes for what it has on the wire: more than `max_ratio` of the settings for
    /// permessage-deflate.
    CompressionRatio,
    /// The message, or the frame header, does not fit into the receive buffer, which cannot grow.
    BufferTooSmall,
}

impl Limit {
    /// The code that the peer is told: 1009 for sizes, 1008 for counts (§7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::MessageTooBig | Self::FrameTooBig | Self::CompressionRatio | Self::BufferTooSmall => {
                CloseCode::MESSAGE_TOO_BIG
            }
            Self::TooManyFragments | Self::TooManyControlFrames => CloseCode::POLICY_VIOLATION,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MessageTooBig => "a message has more bytes than max_message_bytes",
            Self::FrameTooBig => "a frame has more bytes than max_frame_bytes",
            Self::TooManyFragments => "a message has more frames than max_fragments",
            Self::TooManyControlFrames => "more control frames in a row than max_control_frames",
            Self::CompressionRatio => "a compressed message is too much larger than what came of it",
            Self::BufferTooSmall => "a message does not fit into the receive buffer",
        })
    }
}

impl core::error::Error for Limit {}

/// The peer, or the network on the way to it, has been silent for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Timeout {
    /// A Ping was sent, and nothing at all came back in time.
    Pong,
    /// No message went either way for too long.
    Idle,
    /// The closing handshake, or the end of the transport behind it, did not come in time.
    Close,
    /// The opening handshake was not finished in time.
    Handshake,
}

impl Timeout {
    /// The code that the peer is told, if it can still hear.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Idle => CloseCode::GOING_AWAY,
            Self::Pong | Self::Close | Self::Handshake => CloseCode::INTERNAL_ERROR,
        }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pong => "the peer does not answer a ping",
            Self::Idle => "no message for too long",
            Self::Close => "the peer does not finish closing",
            Self::Handshake => "the handshake is not finished in time",
        })
    }
}

impl core::error::Error for Timeout {}

/// The caller did what the protocol does not allow now. Nothing was written, lost or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// Sending after the connection was closed, by either side, or has failed (§5.5.1).
    Closed,
    /// A new message, or a fragment of the other kind, before the last fragment of the message in progress (§5.4).
    MessageInProgress,
    /// A fragment of text that is not UTF-8, or a last fragment that ends within a character (§5.6).
    TextNotUtf8,
    /// A Ping or Pong of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A reason for closing of more than 123 bytes (§5.5.1).
    ReasonTooLong,
    /// A close code that must not stand on the wire (§7.4).
    CloseCode(CloseCode),
    /// A payload of 2^63 bytes or more (§5.2).
    LengthTopBit,
    /// The receive buffer does not hold as much of the message in progress as the connection has left there: it is
    /// another one. (Two buffers that hold equally much cannot be told apart.)
    BufferReplaced,
    /// `receive` in the middle of a message whose beginning was taken with `receive_chunk`.
    MessageInChunks,
    /// The head of a fragment asked for while the message in progress is compressed, which the caller cannot do.
    MessageCompressed,
    /// A prepared frame asked of a client, whose frames must each have a key of its own (§5.3).
    PreparedForServers,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Closed => "the connection is closed",
            Self::MessageInProgress => "another message is not finished",
            Self::TextNotUtf8 => "text to send is not UTF-8",
            Self::ControlTooLong => "a control frame holds at most 125 bytes",
            Self::ReasonTooLong => "the reason for closing holds at most 123 bytes",
            Self::CloseCode(code) => return write!(f, "the close code {code} must not be sent"),
            Self::LengthTopBit => "a frame holds less than 2^63 bytes",
            Self::BufferReplaced => "the receive buffer does not hold the message in progress",
            Self::MessageInChunks => "the message in progress is being received in chunks",
            Self::MessageCompressed => "the message in progress is compressed",
            Self::PreparedForServers => "a client cannot send a frame that was prepared without a key",
        };
        f.write_str(text)
    }
}

impl core::error::Error for Misuse {}

/// Why a connection does not go on: from receiving, and from the deadlines.
///
/// All but [`Misuse`](Self::Misuse) are final: the connection has failed, answers every later call with the same error,
/// ignores what the peer still sends, and owes it one Close frame (through `poll_transmit`) if it has not sent one
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The peer broke the protocol.
    Violation(Violation),
    /// The peer asks for more than this end grants.
    Limit(Limit),
    /// The peer is silent.
    Timeout(Timeout),
    /// The caller's mistake: nothing has changed.
    Misuse(Misuse),
}

impl ProtocolError {
    /// The code that the peer is told; `None` for a [`Misuse`], of which it never hears.
    #[must_use]
    pub const fn close_code(self) -> Option<CloseCode> {
        match self {
            Self::Violation(violation) => Some(violation.close_code()),
            Self::Limit(limit) => Some(limit.close_code()),
            Self::Timeout(timeout) => Some(timeout.close_code()),
            Self::Misuse(_) => None,
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => violation.fmt(f),
            Self::Limit(limit) => limit.fmt(f),
            Self::Timeout(timeout) => timeout.fmt(f),
            Self::Misuse(misuse) => misuse.fmt(f),
        }
    }
}

impl core::error::Error for ProtocolError {}

impl From<Violation> for ProtocolError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<Limit> for ProtocolError {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

impl From<Timeout> for ProtocolError {
    fn from(timeout: Timeout) -> Self {
        Self::Timeout(timeout)
    }
}

impl From<Misuse> for ProtocolError {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

/// Why a call that sends has written nothing. It may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The send buffer cannot take `needed` more bytes: drain it and call again.
    Full {
        /// The bytes that the call would have appended.
        needed: usize,
    },
    /// The caller's mistake.
    Misuse(Misuse),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { needed } => write!(f, "the send buffer has no room for {needed} bytes"),
            Self::Misuse(misuse) => misuse.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}

impl From<Unsendable> for SendError {
    fn from(close: Unsendable) -> Self {
        match close {
            Unsendable::Code(code) => Self::Misuse(Misuse::CloseCode(code)),
            Unsendable::ReasonTooLong => Self::Misuse(Misuse::ReasonTooLong),
        }
    }
}

impl From<Misuse> for SendError {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

/// Any error of this crate, for callers who pass them all on with `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// From receiving.
    Protocol(ProtocolError),
    /// From sending.
    Send(SendError),
    /// From the opening handshake.
    Handshake(HandshakeError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        Self::Send(SendError::Misuse(misuse))
    }
}

// The opening handshake has a vocabulary of its own: it fails before there is a connection, and in HTTP.
mod handshake;

pub use handshake::{Field, HandshakeError, HandshakeMisuse, HeadPart, UrlError};

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<HandshakeMisuse> for Error {
    fn from(misuse: HandshakeMisuse) -> Self {
        Self::Handshake(HandshakeError::Misuse(misuse))
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::from(HandshakeMisuse::Url(error))
    }
}
