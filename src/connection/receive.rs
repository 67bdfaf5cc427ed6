//! From the peer to the caller.

use super::Connection;
use super::event::{ChunkEvent, Event};
use super::state::Input;
use super::timers::Marks;
use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::view::View;
use crate::error::{ProtocolError, Violation};
use crate::message::{Chunk, Delivery, Found, Payload};
use crate::role::Role;
use crate::wire::close::{self, CloseReason};

impl<R: Role> Connection<R> {
    /// Takes the next event out of `rx`, with messages whole. `None`: more bytes are needed.
    ///
    /// A message that came as one frame is borrowed where it was read; nothing is copied. Call it until it gives `None`
    /// before you read again.
    ///
    /// # Errors
    ///
    /// A [`Violation`], [`Limit`](crate::Limit) or [`Timeout`](crate::Timeout) is final, at the earliest byte that
    /// proves it: this call and every later one drops what `rx` holds and gives the same error, and `poll_transmit`
    /// writes the Close. A [`Misuse`](crate::Misuse) has changed nothing: `rx` is not the buffer that holds the message
    /// in progress, or the message is being received with [`receive_chunk`](Self::receive_chunk).
    #[inline(always)]
    pub fn receive<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<Event<'rx>>, ProtocolError> {
        match self.receive_whole(rx) {
            Ok(payload) => Ok(Some(Event::of_message(payload))),
            Err(rx) => self.receive_message(rx.view()),
        }
    }

    /// Takes the next event out of `rx`, with messages in chunks as they arrive: a message of any size passes through a
    /// buffer of 16 KiB.
    ///
    /// Everything else is as in [`receive`](Self::receive). Between two messages one may change from one to the other;
    /// `receive_chunk` may also take over in the middle of a message.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive). What was delivered of a message before an error is the same whatever the chunks
    /// were.
    #[inline]
    pub fn receive_chunk<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        match self.receive_whole(rx) {
            Ok(payload) => Ok(Some(ChunkEvent::Chunk(Chunk { payload, is_first: true, is_last: true }))),
            Err(rx) => self.receive_part(rx.view()),
        }
    }

    /// What happens most is done where it is asked for: a message that came whole, with no state to keep. Everything
    /// else is a call.
    #[inline(always)]
    fn receive_whole<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Payload<'rx>, &'rx mut RecvBuffer<S>> {
        debug_assert!(self.is_settled());
        let payload = self.assembler.receive_whole(rx, R::IS_SERVER)?;
        self.marks = Marks { heard: true, busy: true };
        Ok(payload)
    }

    #[inline(never)]
    fn receive_message<'rx>(&mut self, view: View<'rx>) -> Result<Option<Event<'rx>>, ProtocolError> {
        Ok(self.receive_any(view, Delivery::Messages)?.map(ChunkEvent::of_whole_messages))
    }

    #[inline(never)]
    fn receive_part<'rx>(&mut self, view: View<'rx>) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        self.receive_any(view, Delivery::Chunks)
    }

    #[inline]
    fn receive_any<'rx>(
        &mut self,
        mut view: View<'rx>,
        delivery: Delivery,
    ) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        if !self.state.is_receiving() {
            // What comes after a Close or a fault is dropped unread (RFC 6455 §5.5.1, §7.1.7).
            view.discard();
            return self.fault().map_or(Ok(None), Err);
        }
        if view.has_news() {
            self.marks.heard = true;
        }
        match self.assembler.receive_nothing_new(&mut view, delivery, R::IS_SERVER) {
            Some(Ok(is_busy)) => {
                self.marks.busy |= is_busy;
                return Ok(None);
            }
            Some(Err(error)) => return Err(self.fail(error)),
            None => {}
        }
        let found = self.assembler.receive(view, delivery, R::IS_SERVER, &mut self.compression);
        let reported = found.and_then(|found| self.report(found)).map_err(|error| self.fail(error));
        self.settle();
        reported
    }

    #[inline]
    fn report<'rx>(&mut self, found: Found<'rx>) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        Ok(Some(match found {
            Found::Nothing { is_busy } => {
                if is_busy {
                    self.marks.busy = true;
                }
                return Ok(None);
            }
            Found::Data(chunk) => {
                self.marks.busy = true;
                ChunkEvent::Chunk(chunk)
            }
            Found::DataBefore(error, chunk) => {
                self.fail(error);
                ChunkEvent::Chunk(chunk)
            }
            Found::Ping(payload) => {
                if self.auto_pong {
                    self.pong.owe(payload);
                }
                ChunkEvent::Ping(payload)
            }
            Found::Pong(payload) => ChunkEvent::Pong(payload),
            Found::Close(payload) => ChunkEvent::Close(self.report_close(payload)?),
        }))
    }

    fn report_close<'rx>(&mut self, payload: &'rx [u8]) -> Result<CloseReason<'rx>, ProtocolError> {
        let close = close::parse(payload).map_err(Violation::from)?;
        self.peer_code = close.code;
        self.step(Input::PeerClose);
        Ok(close)
    }
}
