//! From the caller to the peer.
//!
//! Every call here either appends whole frames to the send buffer, or appends nothing and changes nothing.

use super::Connection;
#[cfg(feature = "deflate")]
use super::outgoing::Prepared;
use super::outgoing::{Form, Outgoing};
use super::state::Input;
use crate::buffer::send::SendBuffer;
use crate::error::{Misuse, ProtocolError, SendError};
#[cfg(feature = "alloc")]
use crate::message::PreparedMessage;
use crate::message::{MessageKind, Payload, encode, first_byte, head};
use crate::role::Role;
use crate::wire::close::{self, CloseCode};
use crate::wire::head::FrameHead;
use crate::wire::header::MAX_CONTROL_PAYLOAD_BYTES;
use crate::wire::opcode::Opcode;

impl<R: Role> Connection<R> {
    /// Sends a text message in one frame (RFC 6455 §5.6).
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when `tx` has no room for all of it, [`Misuse::Closed`], [`Misuse::MessageInProgress`].
    #[inline]
    pub fn send_text(&mut self, text: &str, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        self.send_message(Payload::Text(text), tx)
    }

    /// Sends a binary message in one frame (§5.6).
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        self.send_message(Payload::Binary(bytes), tx)
    }

    /// Sends a message of either kind in one frame: [`send_text`](Self::send_text) or [`send_binary`](Self::send_binary).
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    #[inline]
    pub fn send_message(&mut self, message: Payload<'_>, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        debug_assert!(self.is_settled());
        if !self.shortcuts.sends() {
            return self.send_otherwise(message, tx);
        }
        encode(&mut self.role, first_byte(message.kind().opcode(), true), message.as_bytes(), tx)?;
        self.note_message();
        Ok(())
    }

    /// Sends one fragment of a message (§5.4): the first call begins the message, `is_last` ends it. Control frames may
    /// go between, other messages may not.
    ///
    /// Text may be cut anywhere, also within a character; it is checked over all fragments.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text), and [`Misuse::TextNotUtf8`].
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        self.check(self.outgoing.next_fragment())?;
        let first = self.outgoing.first_byte(kind, is_last)?;
        let after = self.outgoing.after(kind, payload, is_last)?;
        #[cfg(feature = "deflate")]
        if self.compresses_fragment(payload.len(), is_last) {
            return self.send_compressed_fragment(first, payload, after, tx);
        }
        encode(&mut self.role, first, payload, tx)?;
        self.outgoing = after;
        self.settle();
        self.note_message();
        Ok(())
    }

    /// Sends a Ping of up to 125 bytes (§5.5.2).
    ///
    /// # Errors
    ///
    /// [`SendError::Full`], [`Misuse::Closed`], [`Misuse::ControlTooLong`].
    pub fn send_ping(&mut self, payload: &[u8], tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        self.send_control(Input::LocalFrame, Opcode::PING, payload, tx)?;
        self.assembler.calm();
        Ok(())
    }

    /// Sends a Pong of up to 125 bytes that nobody asked for, or with [`Config::auto_pong`](crate::Config::auto_pong)
    /// off the answer to a Ping (§5.5.3).
    ///
    /// # Errors
    ///
    /// As [`send_ping`](Self::send_ping).
    pub fn send_pong(&mut self, payload: &[u8], tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        self.send_control(Input::LocalPong, Opcode::PONG, payload, tx)
    }

    /// Closes: sends a Close with `code` and a `reason` of up to 123 bytes (§5.5.1, §7.1.2). When the peer has closed
    /// first, this is the answer.
    ///
    /// [`CloseCode::NO_STATUS`] with an empty reason stands for a Close that says nothing; so whatever
    /// [`Event::Close`](crate::Event::Close) brought can be passed on, as long as [`can_send`](Self::can_send): the
    /// answer to a Close is an event too. Messages of the peer can still come; go on receiving until its Close.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`], [`Misuse::Closed`] (it was closed before), [`Misuse::CloseCode`] (not
    /// [sendable](CloseCode::is_sendable)), [`Misuse::ReasonTooLong`].
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        self.check(Input::LocalClose)?;
        let payload = close::emit(code, reason)?;
        encode(&mut self.role, first_byte(Opcode::CLOSE, true), &payload, tx)?;
        self.step(Input::LocalClose);
        Ok(())
    }

    /// The head of a text message of `len` bytes, which the caller writes behind it: see [`FrameHead`]. The message
    /// counts as sent.
    ///
    /// # Errors
    ///
    /// [`Misuse::Closed`], [`Misuse::MessageInProgress`], [`Misuse::LengthTopBit`].
    #[inline]
    pub fn text_head(&mut self, len: u64) -> Result<FrameHead, Misuse> {
        self.message_head(MessageKind::Text, len)
    }

    /// The head of a binary message of `len` bytes, which the caller writes behind it: see [`FrameHead`]. The message
    /// counts as sent.
    ///
    /// # Errors
    ///
    /// As [`text_head`](Self::text_head).
    #[inline]
    pub fn binary_head(&mut self, len: u64) -> Result<FrameHead, Misuse> {
        self.message_head(MessageKind::Binary, len)
    }

    /// The head of a message of this kind: [`text_head`](Self::text_head) or [`binary_head`](Self::binary_head).
    ///
    /// # Errors
    ///
    /// As [`text_head`](Self::text_head).
    #[inline]
    pub fn message_head(&mut self, kind: MessageKind, len: u64) -> Result<FrameHead, Misuse> {
        debug_assert!(self.is_settled());
        if !self.shortcuts.sends() {
            self.check_message()?;
        }
        check_len(len)?;
        self.note_message();
        Ok(head(&mut self.role, first_byte(kind.opcode(), true), len))
    }

    /// The head of one fragment of `len` bytes, as in [`send_fragment`](Self::send_fragment). From here to the end of
    /// the message it is the caller who vouches for the text being UTF-8.
    ///
    /// # Errors
    ///
    /// As [`text_head`](Self::text_head), and [`Misuse::MessageCompressed`].
    pub fn fragment_head(&mut self, kind: MessageKind, len: u64, is_last: bool) -> Result<FrameHead, Misuse> {
        self.check(self.outgoing.next_fragment())?;
        check_len(len)?;
        let first = self.outgoing.first_byte(kind, is_last)?;
        if self.outgoing.is_compressed() {
            return Err(Misuse::MessageCompressed);
        }
        self.outgoing = match is_last {
            false => Outgoing { message: Some(kind), form: Form::Unseen, ..Outgoing::new() },
            true => Outgoing::new(),
        };
        self.settle();
        self.note_message();
        Ok(head(&mut self.role, first, len))
    }

    /// Sends a message that was prepared for many.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    #[cfg(feature = "alloc")]
    pub fn send_prepared(
        &mut self,
        message: &PreparedMessage,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        self.check_message()?;
        #[cfg(feature = "deflate")]
        let message = match self.choose_prepared(message) {
            Prepared::Plain => message,
            Prepared::Compressed(compressed) => compressed,
            Prepared::OneByOne => return self.send_compressed(message.kind(), message.payload(), tx),
        };
        if !R::IS_SERVER {
            encode(&mut self.role, message.first_byte(), message.payload(), tx)?;
            self.note_message();
            return Ok(());
        }
        let frame = message.frame();
        if !tx.reserve(frame.len()) {
            return Err(SendError::Full { needed: frame.len() });
        }
        tx.extend_from_slice(frame);
        self.note_message();
        Ok(())
    }

    /// The frame of a message that was prepared for many, for a server that writes it with no copy at all. The message
    /// counts as sent. With context takeover it is not compressed.
    ///
    /// # Errors
    ///
    /// [`Misuse::PreparedForServers`], [`Misuse::Closed`], [`Misuse::MessageInProgress`].
    #[cfg(feature = "alloc")]
    pub fn prepared_frame<'a>(&mut self, message: &'a PreparedMessage) -> Result<&'a [u8], Misuse> {
        if !R::IS_SERVER {
            return Err(Misuse::PreparedForServers);
        }
        self.check_message()?;
        self.note_message();
        #[cfg(feature = "deflate")]
        if let Prepared::Compressed(compressed) = self.choose_prepared(message) {
            return Ok(compressed.frame());
        }
        Ok(message.frame())
    }

    /// Writes what the protocol itself owes, in order: the Pong for the newest Ping, a Ping that is due, the Close.
    /// Call it after every `receive`, and after every `handle_timeout`.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when something still is owed: drain `tx` and call again. Each frame is written whole or not
    /// at all, and none is longer than [`MIN_SEND_BYTES`](crate::MIN_SEND_BYTES).
    #[inline]
    pub fn poll_transmit(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        if self.wants_transmit() { self.transmit(tx) } else { Ok(()) }
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something to write: for callers who get a send buffer only when
    /// they need one.
    #[must_use]
    #[inline]
    pub const fn wants_transmit(&self) -> bool {
        debug_assert!(self.is_settled());
        self.shortcuts.owes()
    }

    #[inline(never)]
    fn transmit(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        let written = self.write_owed(tx);
        self.settle();
        written
    }

    /// Whether there is anything for [`write_owed`](Self::write_owed).
    pub(super) const fn owes(&self) -> bool {
        self.pong.is_owed() || self.timers.owes_ping() || self.state.owes_close()
    }

    fn write_owed(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        if let Some(payload) = self.pong.payload() {
            encode(&mut self.role, first_byte(Opcode::PONG, true), payload, tx)?;
            self.pong.clear();
        }
        if self.timers.owes_ping() {
            encode(&mut self.role, first_byte(Opcode::PING, true), &[], tx)?;
            self.timers.mark_pinged();
        }
        if self.state.owes_close() {
            let payload = close::emit(self.owed_code(), "")?;
            encode(&mut self.role, first_byte(Opcode::CLOSE, true), &payload, tx)?;
            self.step(Input::OwedClose);
        }
        Ok(())
    }

    /// The code for the Close that is owed: that of the fault, or the peer's own (§5.5.1).
    fn owed_code(&self) -> CloseCode {
        self.fault().and_then(ProtocolError::close_code).unwrap_or(self.peer_code)
    }

    /// A message that cannot be sent now, or may be to be compressed: all of them where compression was agreed on.
    #[inline(never)]
    fn send_otherwise(&mut self, message: Payload<'_>, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        self.check_message()?;
        let (kind, payload) = (message.kind(), message.as_bytes());
        #[cfg(feature = "deflate")]
        if self.compresses(Some(payload.len())) {
            return self.send_compressed(kind, payload, tx);
        }
        encode(&mut self.role, first_byte(kind.opcode(), true), payload, tx)?;
        self.note_message();
        Ok(())
    }

    fn send_control(
        &mut self,
        input: Input,
        opcode: Opcode,
        payload: &[u8],
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<(), SendError> {
        self.check(input)?;
        if payload.len() > MAX_CONTROL_PAYLOAD_BYTES {
            return Err(Misuse::ControlTooLong.into());
        }
        encode(&mut self.role, first_byte(opcode, true), payload, tx)
    }

    /// Whether a new message may begin.
    #[inline]
    pub(super) const fn check_message(&self) -> Result<(), Misuse> {
        match (self.check(Input::LocalFrame), self.outgoing.message) {
            (Ok(()), Some(_)) => Err(Misuse::MessageInProgress),
            (checked, _) => checked,
        }
    }

    #[inline]
    pub(super) const fn note_message(&mut self) {
        self.assembler.calm();
        self.marks.busy = true;
    }
}

/// A payload length has 63 bits (§5.2).
#[inline]
const fn check_len(len: u64) -> Result<(), Misuse> {
    if len.leading_zeros() == 0 { Err(Misuse::LengthTopBit) } else { Ok(()) }
}
