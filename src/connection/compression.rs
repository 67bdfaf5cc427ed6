//! Messages that are sent compressed (RFC 7692 §6.1, §7.2.1).
//!
//! The rules of sending hold: a call appends whole frames or nothing. A message that was compressed and does not fit
//! into the send buffer is forgotten again, so that nothing later refers to what the peer has never seen.

use alloc::boxed::Box;

use super::Connection;
use super::outgoing::{Outgoing, Prepared};
use crate::buffer::send::SendBuffer;
use crate::deflate::{self, Params, Session};
use crate::error::{Misuse, SendError};
use crate::message::{MessageKind, PreparedMessage, encode, first_byte};
use crate::role::Role;
use crate::wire::header::RSV1;

impl<R: Role> Connection<R> {
    /// The same connection with permessage-deflate, on which the two ends have agreed elsewhere (RFC 7692 §7.1). The
    /// handshakes of this crate do it themselves.
    ///
    /// `params` is the server's answer; `config` says how messages are compressed. It costs 72 bytes of heap, and
    /// what the [settings](deflate::Config) ask for. Call it before the first message.
    ///
    /// ```
    /// use websocket_proto::deflate::{self, Compression, Params};
    /// use websocket_proto::{Config, Connection, Event, RecvBuffer};
    ///
    /// let (params, config) = (Params::default(), deflate::Config::new().min_bytes(0));
    /// let mut server = Connection::server(Config::server()).with_deflate(&params, &config);
    /// let mut tx = Vec::new();
    /// server.send_text("Hello Hello Hello", &mut tx)?;
    /// assert_eq!(tx[0], 0xc1); // the first reserved bit: compressed
    ///
    /// let mut client = Connection::client(Config::client(), || [1, 2, 3, 4]).with_deflate(&params, &config);
    /// let mut rx = RecvBuffer::new();
    /// let _ = rx.extend_from_slice(&tx);
    /// assert_eq!(client.receive(&mut rx)?, Some(Event::Text("Hello Hello Hello")));
    /// # Ok::<(), websocket_proto::Error>(())
    /// ```
    #[must_use]
    pub fn with_deflate(mut self, params: &Params, config: &deflate::Config) -> Self {
        self.compression = Some(Box::new(Session::new(params, config, R::IS_SERVER)));
        self.assembler.agree_on_compression();
        self.settle();
        self
    }

    /// Whether the two ends have agreed on permessage-deflate.
    #[must_use]
    pub const fn has_deflate(&self) -> bool {
        self.compression.is_some()
    }

    /// How messages are compressed from the next one on; without permessage-deflate it has no effect.
    ///
    /// What must stay secret does not belong into one message with what a stranger chose, nor with takeover into one
    /// connection: send it with [`Compression::Off`](deflate::Compression::Off).
    pub fn set_compression(&mut self, compression: deflate::Compression) {
        if let Some(session) = &mut self.compression {
            session.outbound.compression = compression;
        }
    }

    /// Whether a message that begins now is to be compressed. Its length is known unless it comes in fragments.
    #[inline]
    pub(super) fn compresses(&self, len: Option<usize>) -> bool {
        self.compression.as_ref().is_some_and(|session| session.outbound.wants(len))
    }

    /// Whether the next fragment is to be compressed: as the first one was.
    #[inline]
    pub(super) fn compresses_fragment(&self, len: usize, is_last: bool) -> bool {
        match self.outgoing.message {
            Some(_) => self.outgoing.is_compressed(),
            None => self.compresses(is_last.then_some(len)),
        }
    }

    #[inline(never)]
    pub(super) fn send_compressed(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        let first = first_byte(kind.opcode(), true);
        let Some(session) = &mut self.compression else { return encode(&mut self.role, first, payload, tx) };
        match session.outbound.compress_whole(payload) {
            None => encode(&mut self.role, first, payload, tx)?,
            Some(compressed) => {
                let sent = encode(&mut self.role, first | RSV1, compressed, tx);
                session.outbound.settle(sent.is_ok(), true);
                sent?;
            }
        }
        self.note_message();
        Ok(())
    }

    pub(super) fn send_compressed_fragment(
        &mut self,
        first: u8,
        payload: &[u8],
        after: Outgoing,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        let Some(session) = &mut self.compression else { return Err(Misuse::MessageInProgress.into()) };
        let is_last = after.message.is_none();
        let first = if self.outgoing.message.is_none() { first | RSV1 } else { first };
        let compressed = session.outbound.compress(payload, is_last);
        let sent = encode(&mut self.role, first, compressed, tx);
        session.outbound.settle(sent.is_ok(), is_last);
        sent?;
        self.outgoing = if is_last { after } else { after.in_compressed() };
        self.settle();
        self.note_message();
        Ok(())
    }

    /// What of a prepared message is to be sent: itself as it is, or compressed.
    pub(super) fn choose_prepared<'a>(&self, message: &'a PreparedMessage) -> Prepared<'a> {
        let Some(session) = &self.compression else { return Prepared::Plain };
        let outbound = &session.outbound;
        let len = message.payload().len();
        if !outbound.wants(Some(len)) {
            return Prepared::Plain;
        }
        let Some((window, level)) = outbound.shared_settings() else { return Prepared::OneByOne };
        let compressed = message.compressed(window, level);
        if compressed.payload().len() < len || outbound.lets_grow() {
            Prepared::Compressed(compressed)
        } else {
            Prepared::Plain
        }
    }
}
