//! When to ping, when to give up.
//!
//! Receiving and sending never ask what time it is; they leave [`Marks`]. [`Timers::handle`] is told the time, takes the
//! marks for "just now", and looks what is due. So a silence is never found too early, and too late by at most the time
//! between two calls.

use super::config::Spans;
use crate::error::Timeout;
use crate::time::{Deadline, Instant};

#[derive(Clone, Debug)]
pub(super) struct Timers {
    spans: Spans,
    phase: Phase,
}

/// What has happened since the time was last told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Something came.
    pub(super) heard: bool,
    /// A message went either way.
    pub(super) busy: bool,
}

impl Marks {
    pub(super) const NONE: Self = Self { heard: false, busy: false };
}

#[derive(Clone, Debug)]
enum Phase {
    Open(Silence),
    /// By when the transport must have ended.
    Closing(Deadline),
}

/// How long nothing has come or gone.
#[derive(Clone, Debug)]
struct Silence {
    /// When the peer was last heard of, or when the time was last told before a Ping was written: the next Ping, or the
    /// wait for a Pong, is counted from here.
    ping_from: Instant,
    /// When a message last went either way.
    idle_from: Instant,
    ping: Ping,
    /// Whether the caller has ever told the time.
    is_started: bool,
}

/// Where the keepalive Ping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ping {
    /// Not needed yet.
    Unneeded,
    /// Due, and not written yet.
    Owed,
    /// Nothing has come since it was written.
    Unanswered,
}

impl Timers {
    pub(super) const fn new(spans: Spans) -> Self {
        Self { spans, phase: Phase::Open(Silence::UNKNOWN) }
    }

    /// Whether a Ping is to be written.
    #[inline]
    pub(super) const fn owes_ping(&self) -> bool {
        matches!(self.phase, Phase::Open(Silence { ping: Ping::Owed, .. }))
    }

    /// The Ping that was owed is written.
    pub(super) const fn mark_pinged(&mut self) {
        if let Phase::Open(silence) = &mut self.phase {
            silence.ping = if self.spans.pong.is_on() { Ping::Unanswered } else { Ping::Unneeded };
        }
    }

    /// Closing has begun; the first time counts.
    pub(super) const fn start_close(&mut self) {
        if let Phase::Open(_) = self.phase {
            self.phase = Phase::Closing(Deadline::Starting);
        }
    }

    /// When [`handle`](Self::handle) should be called next.
    pub(super) fn poll(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Open(silence) => silence.poll(&self.spans),
            Phase::Closing(deadline) => deadline.poll(),
        }
    }

    /// It is `now`. A Ping that is due is owed from here on; what comes back is a deadline that has passed.
    pub(super) fn handle(&mut self, now: Instant, marks: Marks) -> Option<Timeout> {
        match &mut self.phase {
            Phase::Open(silence) => silence.handle(now, marks, &self.spans),
            Phase::Closing(deadline) => deadline.handle(now, self.spans.close).then_some(Timeout::Close),
        }
    }
}

impl Silence {
    /// Before the caller has told the time.
    const UNKNOWN: Self =
        Self { ping_from: Instant::EPOCH, idle_from: Instant::EPOCH, ping: Ping::Unneeded, is_started: false };

    /// When the next Ping is due, or its Pong; and when the connection is idle.
    fn deadlines(&self, spans: &Spans) -> [Option<Instant>; 2] {
        let ping = match self.ping {
            Ping::Unneeded => spans.ping.after(self.ping_from),
            Ping::Owed => None,
            Ping::Unanswered => spans.pong.after(self.ping_from),
        };
        [ping, spans.idle.after(self.idle_from)]
    }

    fn poll(&self, spans: &Spans) -> Option<Instant> {
        let first = match self.deadlines(spans) {
            [Some(ping), Some(idle)] => ping.min(idle),
            [ping, idle] => ping.or(idle)?,
        };
        Some(if self.is_started { first } else { Instant::EPOCH })
    }

    fn handle(&mut self, now: Instant, marks: Marks, spans: &Spans) -> Option<Timeout> {
        self.heed(marks, now);
        let [ping, idle] = self.deadlines(spans).map(|deadline| deadline.is_some_and(|moment| now >= moment));
        match (self.ping, ping, idle) {
            (Ping::Unanswered, true, _) => Some(Timeout::Pong),
            (_, _, true) => Some(Timeout::Idle),
            (_, true, false) => {
                self.ping_from = now;
                self.ping = Ping::Owed;
                None
            }
            (_, false, false) => None,
        }
    }

    fn heed(&mut self, marks: Marks, now: Instant) {
        if marks.heard {
            self.ping = Ping::Unneeded;
        }
        // As long as a Ping waits to be written, the wait for its Pong has not begun.
        if marks.heard || self.ping == Ping::Owed || !self.is_started {
            self.ping_from = self.ping_from.max(now);
        }
        if marks.busy || !self.is_started {
            self.idle_from = self.idle_from.max(now);
        }
        self.is_started = true;
    }
}
