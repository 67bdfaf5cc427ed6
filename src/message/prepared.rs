//! One message for many connections.

use alloc::vec::Vec;

use super::MessageKind;
use super::encoder::{first_byte, head};
use crate::buffer::send::SendBuffer;
use crate::role::Server;

/// A message that is encoded once and sent to many: share it, by reference or in an `Arc`.
///
/// A server's connections send the same bytes, head and all; a client's must each mask with a key of their own, and
/// copy the payload once.
///
/// ```
/// use websocket_proto::{Config, Connection, PreparedMessage};
///
/// let news = PreparedMessage::text("tick");
/// let mut rooms = [Connection::server(Config::server()), Connection::server(Config::server())];
/// for connection in &mut rooms {
///     let mut tx = Vec::new();
///     connection.send_prepared(&news, &mut tx)?;           // one copy …
///     assert_eq!(tx, connection.prepared_frame(&news)?);   // … or none
/// }
/// # Ok::<(), websocket_proto::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedMessage {
    kind: MessageKind,
    /// The frame as a server sends it.
    frame: Vec<u8>,
    head_len: usize,
}

impl PreparedMessage {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(MessageKind::Text, text.as_bytes())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::new(MessageKind::Binary, bytes)
    }

    fn new(kind: MessageKind, payload: &[u8]) -> Self {
        let head = head(&mut Server, first_byte(kind.opcode(), true), payload.len() as u64);
        let head_len = head.as_bytes().len();
        let mut frame = Vec::with_capacity(payload.len().saturating_add(head_len));
        frame.extend_frame(&head, payload);
        Self { kind, frame, head_len }
    }

    /// The kind of message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.frame.get(self.head_len..).unwrap_or_default()
    }

    /// The frame as a server sends it.
    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }
}
