//! What a call may take for granted.
//!
//! Nearly always a connection is open, amid no message, and owes nothing; and nearly every call has to know. It would
//! have to ask the state, the frames, what is being sent, the Pong, the timers and the compression, each time. So the
//! answers are drawn up when one of those has changed, in calls that are not the short ones, and kept in a byte here
//! and in a number in the assembler.
//!
//! Nothing is decided in this file. [`survey`](Connection::survey) asks those who decide; a short way is taken when it
//! is known to end where the long one would, and every short call of a debug build surveys again and compares.

use super::Connection;
use crate::role::Role;

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shortcuts(u8);

impl Shortcuts {
    /// A message can be sent in one frame, and nothing asks for its being compressed.
    const SENDS: u8 = 1;
    /// `poll_transmit` has something to write.
    const OWES: u8 = 2;

    /// None is known.
    pub(super) const NONE: Self = Self(0);

    /// Whether a message can be sent at once, in one frame and as it is.
    #[inline]
    pub(super) const fn sends(self) -> bool {
        self.0 & Self::SENDS != 0
    }

    /// Whether there is something to write.
    #[inline]
    pub(super) const fn owes(self) -> bool {
        self.0 & Self::OWES != 0
    }
}

impl<R: Role> Connection<R> {
    /// Asks everybody. Every call that has changed what [`survey`](Self::survey) asks for ends with this.
    #[inline]
    pub(super) const fn settle(&mut self) {
        self.shortcuts = self.survey();
        self.assembler.settle(self.state.is_receiving());
    }

    /// Whether nothing has changed since.
    pub(super) const fn is_settled(&self) -> bool {
        self.shortcuts.0 == self.survey().0 && self.assembler.is_settled(self.state.is_receiving())
    }

    #[inline]
    const fn survey(&self) -> Shortcuts {
        let sends = if self.check_message().is_ok() && !self.has_deflate() { Shortcuts::SENDS } else { 0 };
        Shortcuts(if self.owes() { sends | Shortcuts::OWES } else { sends })
    }

    #[cfg(not(feature = "deflate"))]
    #[expect(clippy::unused_self, reason = "there is something to look at with the feature `deflate`")]
    const fn has_deflate(&self) -> bool {
        false
    }
}
