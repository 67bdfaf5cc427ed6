//! Frames into messages, where they lie.
//!
//! The assembler walks the receive buffer: a header is judged and skipped, payload joins the message in progress
//! (unmasked, closed up, and validated as it comes if it is text), a control frame is taken out whole between two
//! fragments. It holds no bytes. It knows how much of a message it has left in the buffer, so it notices when it is
//! handed another one.
//!
//! # Chunks
//!
//! In [`Delivery::Chunks`] the message in progress is handed out as it grows and never waited for. Text is cut between
//! characters: up to three bytes of the last one stay in the buffer until the rest has come. When text goes wrong, what
//! stands before the wrong byte is handed out first and the error comes with the next call; so the text that is
//! delivered before an error is the same whatever the chunks were.

#[cfg(feature = "deflate")]
use core::ops::ControlFlow;

use super::decoder::{Frames, Limits};
use super::{Compression, MessageKind};
use crate::buffer::recv::{CONTROL_ROOM_BYTES, RecvBuffer, Storage};
use crate::buffer::view::View;
use crate::error::{Limit, Misuse, ProtocolError, Violation};
use crate::wire::header::{FrameHeader, WholeMessage};
use crate::wire::opcode::Opcode;

/// How messages are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Each when it is whole.
    Messages,
    /// Each as it arrives.
    Chunks,
}

/// What was found in the receive buffer.
#[derive(Debug)]
pub(crate) enum Found<'rx> {
    /// Nothing yet: more bytes are needed, and the buffer knows how many are in sight.
    Nothing {
        /// Whether a header or payload of a message has come.
        is_busy: bool,
    },
    /// A message, or in [`Delivery::Chunks`] a part of one.
    Data(Chunk<'rx>),
    /// A part of a message, right before what is wrong.
    DataBefore(ProtocolError, Chunk<'rx>),
    Ping(&'rx [u8]),
    Pong(&'rx [u8]),
    /// The payload of a Close frame, as it came.
    Close(&'rx [u8]),
}

/// The bytes of a message, or of a part of it, by the message's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'rx> {
    /// Text: whole characters.
    Text(&'rx str),
    /// Any bytes.
    Binary(&'rx [u8]),
}

impl<'rx> Payload<'rx> {
    /// The bytes, whichever kind they are of.
    #[must_use]
    pub const fn as_bytes(self) -> &'rx [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The kind of the message.
    #[must_use]
    pub const fn kind(self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Binary(_) => MessageKind::Binary,
        }
    }
}

/// A piece of a message, as it arrived.
///
/// Its borders mean nothing: they are where the transport happened to cut. Only a last chunk can be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'rx> {
    /// The bytes. Text is cut between characters.
    pub payload: Payload<'rx>,
    /// Whether the message begins here.
    pub is_first: bool,
    /// Whether the message ends here. Only then is it known that all of it was right.
    pub is_last: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Assembler {
    pub(super) frames: Frames,
    /// When chunks of the message in progress were handed out: how many bytes of a cut character are in the buffer.
    pub(super) in_chunks: Option<u8>,
    /// A frame that is all of a message and has less payload than this can be taken out at once; 0 when there can be no
    /// such frame now. Kept by [`settle`](Self::settle).
    whole_below: u16,
}

impl Assembler {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { frames: Frames::new(limits), in_chunks: None, whole_below: 0 }
    }

    /// Reckons how long a message may be that [`receive_whole`](Self::receive_whole) takes: after every call that was
    /// not that one.
    #[inline]
    pub(crate) const fn settle(&mut self, is_receiving: bool) {
        self.whole_below = self.reckon_whole(is_receiving);
    }

    /// Whether [`settle`](Self::settle) would change nothing.
    pub(crate) const fn is_settled(&self, is_receiving: bool) -> bool {
        self.whole_below == self.reckon_whole(is_receiving)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "checked in the same line")]
    const fn reckon_whole(&self, is_receiving: bool) -> u16 {
        match self.frames.max_whole_bytes() {
            Some(most) if is_receiving => {
                if most < 0xFFFF {
                    (most as u16).saturating_add(1)
                } else {
                    u16::MAX
                }
            }
            _ => 0,
        }
    }

    /// Takes a message out of the buffer that is one frame, and all here: what most messages are. There is nothing to
    /// remember then, and nothing is touched but the payload and the place up to which the buffer has been read.
    ///
    /// When anything else is the case, also when the peer is wrong, nothing has changed, and it is for
    /// [`receive`](Self::receive) to say what.
    #[inline(always)]
    pub(crate) fn receive_whole<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
        is_server: bool,
    ) -> Result<Payload<'rx>, &'rx mut RecvBuffer<S>> {
        let Some(whole) = rx.peek_header().and_then(|bytes| WholeMessage::parse(bytes, is_server)) else {
            return Err(rx);
        };
        if whole.payload_len >= self.whole_below {
            return Err(rx);
        }
        let payload = match whole.is_text {
            true => Payload::Text(rx.take_whole_text(&whole)?),
            false => Payload::Binary(rx.take_whole(&whole)?),
        };
        self.frames.calm();
        Ok(payload)
    }

    /// Whether we are receiving, and neither within a message nor within a frame; no is a safe answer.
    #[inline]
    const fn is_between_messages(&self) -> bool {
        self.whole_below > 0
    }

    /// What most reads come to that end no message: nothing there between two messages, or the middle of a payload. There
    /// is nothing to decide then and nothing to [`settle`](Self::settle). Tells whether payload has come.
    ///
    /// When anything else is the case, the answer is `None`, nothing has changed, and it is for
    /// [`receive`](Self::receive) to say what.
    #[inline]
    pub(crate) fn receive_nothing_new(
        &mut self,
        view: &mut View<'_>,
        delivery: Delivery,
        is_server: bool,
    ) -> Option<Result<bool, ProtocolError>> {
        let unread_len = view.unread_len();
        let is_between = self.is_between_messages() && unread_len == 0 && view.message_len() == 0;
        let is_amid = delivery == Delivery::Messages
            && self.frames.is_amid_payload(unread_len)
            && self.in_chunks.is_none()
            && view.message_len() as u64 == self.frames.received();
        if !is_between && !is_amid {
            return None;
        }
        let appended = if is_amid { self.append(view, is_server).map_err(ProtocolError::from) } else { Ok(()) };
        let waits = appended.and_then(|()| Ok(self.want_more(view)?));
        Some(match waits {
            Ok(()) => Ok(is_amid),
            Err(error) => {
                view.discard();
                Err(error)
            }
        })
    }

    /// Takes the next thing out of the buffer, whatever it is.
    #[cfg_attr(not(feature = "deflate"), expect(clippy::needless_pass_by_ref_mut, reason = "there is nothing in it"))]
    pub(crate) fn receive<'rx>(
        &mut self,
        mut view: View<'rx>,
        delivery: Delivery,
        is_server: bool,
        compression: &mut Compression,
    ) -> Result<Found<'rx>, ProtocolError> {
        self.check_call(&view, delivery, compression)?;
        if delivery == Delivery::Chunks && self.has_chunk(&view) {
            // Left by `Delivery::Messages`, in the middle of a message that is to go on in chunks.
            return Ok(Found::Data(self.take_chunk(view, false)));
        }
        let mut is_busy = false;
        loop {
            let frame = match self.frames.current() {
                Some(frame) => frame,
                None => {
                    let (header, header_len) = match self.frames.parse(view.unread(), is_server) {
                        Ok(Some(parsed)) => parsed,
                        Ok(None) => return self.wait(view, is_busy),
                        Err(error) => return refuse(view, error),
                    };
                    if let Err(limit) = self.check_room(&view, &header, delivery) {
                        return refuse(view, limit);
                    }
                    view.skip(header_len);
                    is_busy |= !header.opcode.is_control();
                    self.frames.begin(&header)
                }
            };
            if frame.opcode.is_control() {
                return self.receive_control(view, frame.opcode, is_busy, is_server);
            }
            is_busy |= view.unread_len() > 0;
            #[cfg(feature = "deflate")]
            if let (true, Some(session)) = (self.frames.is_compressed(), &mut *compression) {
                view = match self.inflate(view, frame, delivery, is_server, &mut session.inbound)? {
                    ControlFlow::Break(found) => return Ok(found),
                    ControlFlow::Continue(view) if self.frames.left() > 0 => return self.wait(view, is_busy),
                    ControlFlow::Continue(view) => view,
                };
                continue;
            }
            if let Err(violation) = self.append(&mut view, is_server) {
                return self.fail_text(view, delivery, violation);
            }
            if self.frames.left() == 0 {
                if frame.fin {
                    return self.receive_last(view, delivery);
                }
                self.frames.end();
            }
            if delivery == Delivery::Chunks && self.has_chunk(&view) {
                return Ok(Found::Data(self.take_chunk(view, false)));
            }
            if self.frames.left() > 0 {
                return self.wait(view, is_busy);
            }
        }
    }

    /// From here on the peer may compress.
    #[cfg(feature = "deflate")]
    pub(crate) const fn agree_on_compression(&mut self) {
        self.frames.agree_on_compression();
    }

    /// Begins anew to count control frames.
    #[inline]
    pub(crate) const fn calm(&mut self) {
        self.frames.calm();
    }

    /// The caller's side of the bargain: the same buffer, and the same delivery, for one message.
    #[inline]
    fn check_call(&self, view: &View<'_>, delivery: Delivery, compression: &Compression) -> Result<(), Misuse> {
        #[cfg(feature = "deflate")]
        if let (true, Some(session)) = (self.frames.is_compressed(), compression) {
            return self.check_inflating(view, delivery, &session.inbound);
        }
        let _ = compression;
        let held = self.in_chunks.map_or(self.frames.received(), u64::from);
        if view.message_len() as u64 != held {
            return Err(Misuse::BufferReplaced);
        }
        if self.in_chunks.is_some() && delivery == Delivery::Messages {
            return Err(Misuse::MessageInChunks);
        }
        Ok(())
    }

    /// Whether the frame will fit into a buffer that cannot grow. Between fragments there has to be room for a control
    /// frame.
    #[inline]
    fn check_room(&self, view: &View<'_>, header: &FrameHeader, delivery: Delivery) -> Result<(), Limit> {
        #[cfg(feature = "deflate")]
        if !header.opcode.is_control() && (header.rsv != 0 || self.frames.is_compressed()) {
            // Its payload does not stay.
            return Ok(());
        }
        let reserve = match (header.opcode.is_control(), delivery) {
            (false, Delivery::Chunks) => return Ok(()),
            (false, Delivery::Messages) if !header.fin => CONTROL_ROOM_BYTES,
            (false, Delivery::Messages) | (true, _) => 0,
        };
        let room = view.max_message_len(reserve).saturating_sub(view.message_len());
        if header.payload_len > room as u64 { Err(Limit::BufferTooSmall) } else { Ok(()) }
    }

    #[inline]
    fn receive_control<'rx>(
        &mut self,
        view: View<'rx>,
        opcode: Opcode,
        is_busy: bool,
        is_server: bool,
    ) -> Result<Found<'rx>, ProtocolError> {
        let count = usize::try_from(self.frames.left()).unwrap_or(usize::MAX);
        if view.unread_len() < count {
            return self.wait(view, is_busy);
        }
        let key = self.frames.key(is_server);
        self.frames.advance(count);
        self.frames.end();
        Ok(match opcode {
            Opcode::PING => Found::Ping(view.take_control(count, key)),
            Opcode::PONG => Found::Pong(view.take_control(count, key)),
            _ => Found::Close(view.take_last(count, key)),
        })
    }

    /// Adds what has come of the current frame to the message in progress.
    #[inline]
    fn append(&mut self, view: &mut View<'_>, is_server: bool) -> Result<(), Violation> {
        let count = usize::try_from(self.frames.left()).unwrap_or(usize::MAX).min(view.unread_len());
        let key = self.frames.key(is_server);
        let validity = match self.frames.message() {
            Some(MessageKind::Text) => view.append_text(count, key),
            _ => {
                view.append(count, key);
                Ok(())
            }
        };
        self.frames.advance(count);
        if let Some(held) = &mut self.in_chunks {
            *held = u8::try_from(view.message_len()).unwrap_or(u8::MAX);
        }
        Ok(validity?)
    }

    /// The message has ended with the frame that has just ended.
    #[inline]
    fn receive_last<'rx>(&mut self, view: View<'rx>, delivery: Delivery) -> Result<Found<'rx>, ProtocolError> {
        if self.frames.message() == Some(MessageKind::Text) && !view.is_text() {
            return self.fail_text(view, delivery, Violation::TextNotUtf8);
        }
        let chunk = self.take_chunk(view, true);
        self.frames.end();
        self.in_chunks = None;
        Ok(Found::Data(chunk))
    }

    /// The text is wrong; in chunks, what stands before the wrong byte is delivered first.
    #[cold]
    fn fail_text<'rx>(
        &mut self,
        mut view: View<'rx>,
        delivery: Delivery,
        violation: Violation,
    ) -> Result<Found<'rx>, ProtocolError> {
        if delivery == Delivery::Chunks && self.has_chunk(&view) {
            view.keep_text_only();
            return Ok(Found::DataBefore(violation.into(), self.take_chunk(view, false)));
        }
        refuse(view, violation)
    }

    fn has_chunk(&self, view: &View<'_>) -> bool {
        match self.frames.message() {
            Some(MessageKind::Text) => view.text_len() > 0,
            _ => view.message_len() > 0,
        }
    }

    #[inline]
    fn take_chunk<'rx>(&mut self, view: View<'rx>, is_last: bool) -> Chunk<'rx> {
        let is_first = self.in_chunks.is_none();
        let (payload, left) = match self.frames.message() {
            Some(MessageKind::Text) => {
                let left = view.message_len().saturating_sub(view.text_len());
                (Payload::Text(view.take_text()), left)
            }
            _ => (Payload::Binary(view.take_binary()), 0),
        };
        self.in_chunks = Some(u8::try_from(left).unwrap_or(u8::MAX));
        Chunk { payload, is_first, is_last }
    }

    /// More bytes are needed: how many are in sight?
    ///
    /// The rest of the frame. But before the last fragment more is to come than any header says, and a buffer that grew
    /// by each header would copy the message each time: then as much again as was received, and a control frame. The
    /// sum of what is here and what is in sight stays the same while a header trickles in, so that a buffer near the
    /// limit is not grown byte by byte.
    #[inline]
    fn want_more(&self, view: &mut View<'_>) -> Result<(), Limit> {
        if view.is_full() {
            return Err(Limit::BufferTooSmall);
        }
        let unread = view.unread_len() as u64;
        let in_sight = match self.frames.current() {
            Some(frame) if frame.fin => self.frames.left(),
            _ => {
                let as_much_again = self.frames.allowance().min(view.message_len() as u64);
                self.frames.left().saturating_add(as_much_again).saturating_add(CONTROL_ROOM_BYTES as u64)
            }
        };
        view.want(in_sight.saturating_sub(unread));
        Ok(())
    }

    #[inline]
    fn wait<'rx>(&self, mut view: View<'rx>, is_busy: bool) -> Result<Found<'rx>, ProtocolError> {
        match self.want_more(&mut view) {
            Ok(()) => Ok(Found::Nothing { is_busy }),
            Err(limit) => refuse(view, limit),
        }
    }
}

/// The peer is wrong: nothing of what it has sent is looked at any more.
#[cold]
pub(super) fn refuse<'rx>(mut view: View<'rx>, error: impl Into<ProtocolError>) -> Result<Found<'rx>, ProtocolError> {
    view.discard();
    Err(error.into())
}
