//! Compressed messages: the part of the assembler that inflates (RFC 7692 §7.2.2).
//!
//! The payload of a compressed message goes straight from where it was read into the place beside the storage, and is
//! not kept. All else is as it is for other messages: what is text is validated as it comes, each limit is checked
//! before anything grows, and what is delivered does not depend on how the bytes were cut. When something is wrong,
//! what comes first *in the message* counts: text that is not UTF-8 before a limit that is met behind it.
//!
//! In [`Delivery::Chunks`] a chunk has at most 16 KiB, so that a message of any size goes through constant memory; then
//! there can be more of it with no more bytes to read.

use core::ops::ControlFlow;

use super::MessageKind;
use super::assembler::{Assembler, Chunk, Delivery, Found, Payload, refuse};
use super::decoder::Current;
use crate::buffer::view::View;
use crate::deflate::{Bounds, Inbound, Refusal, Stop};
use crate::error::{Limit, Misuse, ProtocolError, Violation};

/// The most bytes that a chunk of a compressed message has.
const MAX_CHUNK_BYTES: usize = 16 * 1024;

/// How much is unmasked at a time when it may not be used at once.
const PIECE_BYTES: usize = 4096;

/// Something to report, or the buffer, to go on with.
type Progress<'rx> = ControlFlow<Found<'rx>, View<'rx>>;

impl From<Refusal> for ProtocolError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Violation::CompressedData.into(),
            Refusal::TooBig => Limit::MessageTooBig.into(),
            Refusal::TooDense => Limit::CompressionRatio.into(),
        }
    }
}

impl Assembler {
    /// [`check_call`](Self::check_call) for a message that is compressed.
    pub(super) fn check_inflating(&self, view: &View<'_>, delivery: Delivery, inbound: &Inbound) -> Result<(), Misuse> {
        let held = self.in_chunks.map_or(inbound.message_len(), u64::from);
        if view.inflated_len() as u64 != held || view.message_len() > 0 {
            return Err(Misuse::BufferReplaced);
        }
        if self.in_chunks.is_some() && delivery == Delivery::Messages {
            return Err(Misuse::MessageInChunks);
        }
        Ok(())
    }

    /// Adds what has come of the current frame to the message in progress, which is compressed. A call of its own, lest
    /// every frame pay for the kilobytes of stack that zlib asks for.
    #[inline(never)]
    pub(super) fn inflate<'rx>(
        &mut self,
        mut view: View<'rx>,
        frame: Current,
        delivery: Delivery,
        is_server: bool,
        inbound: &mut Inbound,
    ) -> Result<Progress<'rx>, ProtocolError> {
        if delivery == Delivery::Chunks && self.has_inflated(&mut view) && self.in_chunks.is_none() {
            // Left by `Delivery::Messages`, in the middle of a message that is to go on in chunks.
            return Ok(ControlFlow::Break(Found::Data(self.take_inflated(view, false))));
        }
        loop {
            let inflated = self.inflate_piece(&mut view, frame, delivery, is_server, inbound);
            if self.message() == Some(MessageKind::Text) && view.inflated().validate().is_err() {
                return self.fail_inflating(view, delivery, Violation::TextNotUtf8.into());
            }
            let (stop, ends_frame) = match inflated {
                Ok(progress) => progress,
                Err(refusal) => return self.fail_inflating(view, delivery, refusal.into()),
            };
            if stop == Stop::Full {
                return Ok(ControlFlow::Break(Found::Data(self.take_inflated(view, false))));
            }
            if ends_frame && frame.fin {
                return self.end_inflating(view, delivery);
            }
            if ends_frame {
                self.frames.end();
            }
            if ends_frame || view.unread_len() == 0 {
                break;
            }
        }
        if let Some(held) = &mut self.in_chunks {
            *held = u8::try_from(view.inflated_len()).unwrap_or(u8::MAX);
        }
        if delivery == Delivery::Chunks && self.has_inflated(&mut view) {
            return Ok(ControlFlow::Break(Found::Data(self.take_inflated(view, false))));
        }
        Ok(ControlFlow::Continue(view))
    }

    /// Inflates the next bytes of the frame; tells where that has stopped, and whether the frame ends there.
    fn inflate_piece(
        &mut self,
        view: &mut View<'_>,
        frame: Current,
        delivery: Delivery,
        is_server: bool,
        inbound: &mut Inbound,
    ) -> Result<(Stop, bool), Refusal> {
        let (piece_len, max_len) = match delivery {
            Delivery::Messages => (usize::MAX, usize::MAX),
            Delivery::Chunks => (PIECE_BYTES, MAX_CHUNK_BYTES),
        };
        let left = usize::try_from(self.frames.left()).unwrap_or(usize::MAX);
        let count = left.min(view.unread_len()).min(piece_len);
        let bounds =
            Bounds { max_message_bytes: self.frames.max_message_bytes(), announced: self.frames.announced(), max_len };
        let ends_frame = count as u64 == self.frames.left();
        let (mut wire, inflated) = view.wire_and_inflated(count, self.frames.key(is_server));
        let stop = inbound.inflate(&mut wire, ends_frame && frame.fin, inflated.end_mut(), &bounds);
        let unused = wire.len();
        let read = count.saturating_sub(unused);
        self.frames.advance(read);
        view.consume_wire(read, unused, self.frames.key(is_server));
        Ok((stop?, ends_frame && unused == 0))
    }

    /// All of the message has come.
    fn end_inflating<'rx>(&mut self, mut view: View<'rx>, delivery: Delivery) -> Result<Progress<'rx>, ProtocolError> {
        if self.message() == Some(MessageKind::Text) && !view.inflated().is_text() {
            return self.fail_inflating(view, delivery, Violation::TextNotUtf8.into());
        }
        let chunk = self.take_inflated(view, true);
        self.frames.end();
        self.in_chunks = None;
        Ok(ControlFlow::Break(Found::Data(chunk)))
    }

    /// Something is wrong; in chunks, what stands before it is delivered first.
    #[cold]
    fn fail_inflating<'rx>(
        &mut self,
        mut view: View<'rx>,
        delivery: Delivery,
        error: ProtocolError,
    ) -> Result<Progress<'rx>, ProtocolError> {
        if delivery == Delivery::Chunks && self.has_inflated(&mut view) {
            view.discard_wire();
            return Ok(ControlFlow::Break(Found::DataBefore(error, self.take_inflated(view, false))));
        }
        refuse(view, error).map(ControlFlow::Break)
    }

    fn has_inflated(&self, view: &mut View<'_>) -> bool {
        let inflated = view.inflated();
        match self.message() {
            Some(MessageKind::Text) => inflated.text_len() > 0,
            _ => inflated.message_len() > 0,
        }
    }

    fn take_inflated<'rx>(&mut self, view: View<'rx>, is_last: bool) -> Chunk<'rx> {
        let is_first = self.in_chunks.is_none();
        let inflated = view.into_inflated();
        let (payload, left) = match self.message() {
            Some(MessageKind::Text) => {
                let left = inflated.message_len().saturating_sub(inflated.text_len());
                (Payload::Text(inflated.take_text()), left)
            }
            _ => (Payload::Binary(inflated.take_binary()), 0),
        };
        self.in_chunks = Some(u8::try_from(left).unwrap_or(u8::MAX));
        Chunk { payload, is_first, is_last }
    }

    const fn message(&self) -> Option<MessageKind> {
        self.frames.message()
    }
}
