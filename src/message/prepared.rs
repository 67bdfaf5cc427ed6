//! One message for many connections.

use alloc::vec::Vec;

use super::MessageKind;
use super::encoder::{first_byte, head};
use crate::buffer::send::SendBuffer;
#[cfg(feature = "deflate")]
use crate::deflate::{Compressor, Once, WindowBits};
use crate::role::Server;
#[cfg(feature = "deflate")]
use crate::wire::header;

/// A message that is encoded once and sent to many: share it, by reference or in an `Arc`.
///
/// With the feature `deflate` it is also compressed once: for all connections that compress without context takeover
/// and with the same window, when the first of them sends it, at its level. Connections with context takeover compress
/// it each for itself.
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
    #[cfg(feature = "deflate")]
    compressed: CompressedForms,
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
        Self::with_first_byte(kind, first_byte(kind.opcode(), true), payload)
    }

    fn with_first_byte(kind: MessageKind, first: u8, payload: &[u8]) -> Self {
        let head = head(&mut Server, first, payload.len() as u64);
        let head_len = head.as_bytes().len();
        let mut frame = Vec::with_capacity(payload.len().saturating_add(head_len));
        frame.extend_frame(&head, payload);
        Self {
            kind,
            frame,
            head_len,
            #[cfg(feature = "deflate")]
            compressed: CompressedForms::none(),
        }
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

    /// The first byte of the frame.
    pub(crate) fn first_byte(&self) -> u8 {
        self.frame.first().copied().unwrap_or_default()
    }

    /// The frame as a server sends it.
    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }
}

/// The same message compressed, for each size of window, once somebody has asked for it.
#[cfg(feature = "deflate")]
#[derive(Debug)]
struct CompressedForms([Once<PreparedMessage>; 8]);

#[cfg(feature = "deflate")]
impl CompressedForms {
    const fn none() -> Self {
        Self([const { Once::new() }; 8])
    }
}

/// A copy is made when somebody asks for it.
#[cfg(feature = "deflate")]
impl Clone for CompressedForms {
    fn clone(&self) -> Self {
        Self::none()
    }
}

/// What was asked for does not make messages different.
#[cfg(feature = "deflate")]
impl PartialEq for CompressedForms {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(feature = "deflate")]
impl Eq for CompressedForms {}

#[cfg(feature = "deflate")]
impl PreparedMessage {
    /// The same message, compressed for a window of this size; `level` is that of whoever asks first.
    pub(crate) fn compressed(&self, window: WindowBits, level: u8) -> &Self {
        let CompressedForms(forms) = &self.compressed;
        let index = usize::from(window.get().saturating_sub(WindowBits::MIN.get()));
        forms.get(index).map_or(self, |form| form.get_or_make(|| self.compress(window, level)))
    }

    fn compress(&self, window: WindowBits, level: u8) -> Self {
        let mut compressor = Compressor::new(window, level);
        let payload = compressor.compress(self.payload(), true);
        Self::with_first_byte(self.kind, first_byte(self.kind.opcode(), true) | header::RSV1, payload)
    }
}
