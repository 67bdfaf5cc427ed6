//! How long a handshake may take, and what it has come to.
//!
//! Both sides wait for one thing, and stop waiting for one of three reasons: it came, it cannot come any more, or time
//! is up. Whatever the reason, it is kept, and given to whoever asks again; so there is no state between "under way"
//! and "over".
//!
//! The deadline is for the whole head, not for a pause between two bytes: a peer that sends one byte now and then to be
//! kept waiting for (slow loris) has no more time than one that sends none.

use core::time::Duration;

use crate::error::{HandshakeError, HandshakeMisuse, Timeout};
use crate::time::{Deadline, Instant, Span};

/// Long enough for a bad network, short enough that half-open handshakes do not pile up (nginx and Apache wait 60 s and
/// 20 s for a head, Go's gorilla leaves it to its user, browsers do not say).
const DEFAULT: Duration = Duration::from_secs(10);

/// Whether a handshake is still under way. What ends it, ends it for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    deadline: Deadline,
    span: Span,
    /// Why nothing more can be received.
    end: Option<HandshakeError>,
}

impl Clock {
    /// Under way, with the default span, which starts when the caller first tells the time.
    pub(super) const fn new() -> Self {
        Self { deadline: Deadline::Starting, span: Span::new(Some(DEFAULT)), end: None }
    }

    /// Another span, or none at all.
    pub(super) const fn set_span(&mut self, span: Option<Duration>) {
        self.span = Span::new(span);
        self.deadline = if span.is_some() { Deadline::Starting } else { Deadline::Off };
    }

    /// When the caller should come back.
    pub(super) const fn poll(&self) -> Option<Instant> {
        self.deadline.poll()
    }

    /// Starts the deadline, or finds that it has passed.
    pub(super) fn handle(&mut self, now: Instant) -> Result<(), HandshakeError> {
        if self.deadline.handle(now, self.span) {
            return Err(self.fail(HandshakeError::Timeout(Timeout::Handshake)));
        }
        Ok(())
    }

    /// That the handshake has neither failed nor given its result.
    pub(super) const fn check(&self) -> Result<(), HandshakeError> {
        match self.end {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The transport has ended: an error unless the handshake has given its result.
    pub(super) fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        const FINISHED: HandshakeError = HandshakeError::Misuse(HandshakeMisuse::Finished);
        match self.end {
            Some(FINISHED) => Ok(()),
            Some(error) => Err(error),
            None => Err(self.fail(HandshakeError::Eof)),
        }
    }

    /// Ends the handshake with `error`, and gives it.
    pub(super) const fn fail(&mut self, error: HandshakeError) -> HandshakeError {
        self.deadline = Deadline::Off;
        self.end = Some(error);
        error
    }

    /// Ends the handshake with a result.
    pub(super) const fn finish(&mut self) {
        self.fail(HandshakeError::Misuse(HandshakeMisuse::Finished));
    }
}
