//! From the peer to the caller.

use super::Connection;
use super::event::{ChunkEvent, Event};
use super::state::Input;
use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::view::View;
use crate::error::{ProtocolError, Violation};
use crate::message::{Delivery, Found};
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
    #[inline]
    pub fn receive<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<Event<'rx>>, ProtocolError> {
        Ok(self.receive_next(rx.view(), Delivery::Messages)?.map(ChunkEvent::of_whole_messages))
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
        self.receive_next(rx.view(), Delivery::Chunks)
    }

    #[inline]
    fn receive_next<'rx>(
        &mut self,
        view: View<'rx>,
        delivery: Delivery,
    ) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        if !self.state.is_receiving() {
            return self.ignore(view);
        }
        if view.has_news() {
            self.timers.mark_heard();
        }
        let progress = self.assembler.progress();
        let event = match self.assembler.receive(view, delivery) {
            Ok(Some(found)) => self.report(found),
            Ok(None) => {
                if self.assembler.progress() != progress {
                    self.timers.mark_busy();
                }
                return Ok(None);
            }
            Err(error) => Err(error),
        };
        event.map(Some).map_err(|error| self.fail(error))
    }

    /// What comes after a Close or a fault is dropped unread (RFC 6455 §5.5.1, §7.1.7).
    #[cold]
    fn ignore<'rx>(&self, mut view: View<'rx>) -> Result<Option<ChunkEvent<'rx>>, ProtocolError> {
        view.discard();
        self.fault.map_or(Ok(None), Err)
    }

    #[inline]
    fn report<'rx>(&mut self, found: Found<'rx>) -> Result<ChunkEvent<'rx>, ProtocolError> {
        match found {
            Found::Data(chunk) => {
                self.timers.mark_busy();
                Ok(ChunkEvent::Chunk(chunk))
            }
            Found::DataBefore(violation, chunk) => {
                self.fail(violation.into());
                Ok(ChunkEvent::Chunk(chunk))
            }
            Found::Ping(payload) => {
                if self.auto_pong {
                    self.pong.owe(payload);
                }
                Ok(ChunkEvent::Ping(payload))
            }
            Found::Pong(payload) => Ok(ChunkEvent::Pong(payload)),
            Found::Close(payload) => Ok(ChunkEvent::Close(self.report_close(payload)?)),
        }
    }

    fn report_close<'rx>(&mut self, payload: &'rx [u8]) -> Result<CloseReason<'rx>, ProtocolError> {
        let close = close::parse(payload).map_err(Violation::from)?;
        self.peer_code = close.code;
        self.step(Input::PeerClose);
        Ok(close)
    }
}
