//! What a connection reports.

use crate::message::{Chunk, Payload};
use crate::wire::close::{CloseCode, CloseReason};

/// What the peer sent, in whole messages. It borrows the receive buffer, not the connection, so that it can be answered
/// while it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'rx> {
    /// A text message (RFC 6455 §5.6).
    Text(&'rx str),
    /// A binary message (§5.6).
    Binary(&'rx [u8]),
    /// A Ping, with up to 125 bytes (§5.5.2). Unless [`Config::auto_pong`](crate::Config::auto_pong) is off, the Pong
    /// is owed: `poll_transmit` writes it.
    Ping(&'rx [u8]),
    /// A Pong, with up to 125 bytes, whether or not it was asked for (§5.5.3).
    Pong(&'rx [u8]),
    /// The peer closes (§5.5.1). Unless we closed first, the answer is owed: `poll_transmit` writes it. Nothing comes
    /// after this.
    Close(CloseReason<'rx>),
}

/// What the peer sent, with messages as they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEvent<'rx> {
    /// A piece of a message (§5.4).
    Chunk(Chunk<'rx>),
    /// As [`Event::Ping`]; it can come between two chunks.
    Ping(&'rx [u8]),
    /// As [`Event::Pong`]; it can come between two chunks.
    Pong(&'rx [u8]),
    /// As [`Event::Close`]; a message that was in progress stays unfinished.
    Close(CloseReason<'rx>),
}

impl<'rx> Event<'rx> {
    /// The message, if it is one: for callers to whom text and bytes are alike, such as those who pass messages on.
    #[must_use]
    #[inline]
    pub const fn message(self) -> Option<Payload<'rx>> {
        match self {
            Self::Text(text) => Some(Payload::Text(text)),
            Self::Binary(bytes) => Some(Payload::Binary(bytes)),
            Self::Ping(_) | Self::Pong(_) | Self::Close(_) => None,
        }
    }

    /// A message.
    #[inline]
    pub(super) const fn of_message(payload: Payload<'rx>) -> Self {
        match payload {
            Payload::Text(text) => Self::Text(text),
            Payload::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

impl<'rx> ChunkEvent<'rx> {
    /// The same event, where every chunk is known to be a whole message.
    #[inline]
    pub(super) const fn of_whole_messages(self) -> Event<'rx> {
        match self {
            Self::Chunk(Chunk { payload, .. }) => Event::of_message(payload),
            Self::Ping(payload) => Event::Ping(payload),
            Self::Pong(payload) => Event::Pong(payload),
            Self::Close(close) => Event::Close(close),
        }
    }
}

/// How a connection ended (RFC 6455 §7.1.4 to §7.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The code of the peer's Close; [`CloseCode::NO_STATUS`] when it had none, [`CloseCode::ABNORMAL`] when none came.
    pub code: CloseCode,
    /// Whether both sides had sent their Close before the transport ended.
    pub is_clean: bool,
}

/// What to do with the transport now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Go on reading and writing; with a Close still owed, `poll_transmit` first and ask again.
    Open,
    /// Nothing more will be written: send what is in the send buffer, then close the transport. Where unread bytes
    /// would make the close a reset (TCP), shut down the sending side, once, and read to the end first; the answer
    /// stays this one until `handle_eof`.
    FlushThenClose,
    /// Nothing more will be written: send what is in the send buffer, then read until the server closes the transport
    /// (§7.1.1), or the close deadline passes.
    AwaitPeerClose,
    /// The transport has ended, or should be dropped at once.
    Closed,
}
