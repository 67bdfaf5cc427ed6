//! When to ping, when to give up.
//!
//! Receiving and sending never ask what time it is; they leave a mark. [`Timers::handle`] is told the time, takes the marks for "just now", and looks what is due.
//! So a silence is never found too early, and too late by at most the time between two calls.

use super::config::Spans;
use crate::error::Timeout;
use crate::time::{Deadline, Instant};

#[derive(Clone, Debug)]
pub(super) struct Timers {
    spans: Spans,
    /// When the peer was last heard of, or pinged: the next Ping is counted from here.
    ping_from: Instant,
    /// When a message last went either way.
    idle_from: Instant,
    /// By when the peer must have been heard, after a Ping.
    pong: Option<Instant>,
    /// By when the transport must have ended.
    close: Deadline,
    /// Whether the caller has ever told the time.
    is_started: bool,
    /// Anything came since the time was last told.
    heard: bool,
    /// A message went either way since the time was last told.
    busy: bool,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    Timeout(Timeout),
}

impl Timers {
    pub(super) const fn new(spans: Spans) -> Self {
        Self {
            spans,
            ping_from: Instant::EPOCH,
            idle_from: Instant::EPOCH,
            pong: None,
            close: Deadline::Off,
            is_started: false,
            heard: false,
            busy: false,
        }
    }

    /// The peer has sent something.
    #[inline]
    pub(super) const fn mark_heard(&mut self) {
        self.heard = true;
    }

    /// A message went either way.
    #[inline]
    pub(super) const fn mark_busy(&mut self) {
        self.busy = true;
    }

    /// Closing has begun; the first time counts.
    pub(super) fn start_close(&mut self) {
        if self.close == Deadline::Off {
            self.close = Deadline::Starting;
        }
    }

    /// When [`handle`](Self::handle) should be called next.
    pub(super) fn poll(&self, is_open: bool) -> Option<Instant> {
        if !is_open {
            return self.close.poll();
        }
        let ping = self.pong.or(self.spans.ping.after(self.ping_from));
        let idle = self.spans.idle.after(self.idle_from);
        let first = [ping, idle].into_iter().flatten().min()?;
        Some(if self.is_started { first } else { Instant::EPOCH })
    }

    /// It is `now`.
    pub(super) fn handle(&mut self, now: Instant, is_open: bool) -> Due {
        self.take_marks(now);
        if !is_open {
            return if self.close.handle(now, self.spans.close) { Due::Timeout(Timeout::Close) } else { Due::Nothing };
        }
        if self.pong.is_some_and(|deadline| now >= deadline) {
            return Due::Timeout(Timeout::Pong);
        }
        if self.spans.idle.after(self.idle_from).is_some_and(|deadline| now >= deadline) {
            return Due::Timeout(Timeout::Idle);
        }
        if self.pong.is_none() && self.spans.ping.after(self.ping_from).is_some_and(|moment| now >= moment) {
            self.ping_from = now;
            self.pong = self.spans.pong.after(now);
            return Due::Ping;
        }
        Due::Nothing
    }

    fn take_marks(&mut self, now: Instant) {
        if self.heard || !self.is_started {
            self.ping_from = self.ping_from.max(now);
            self.pong = None;
        }
        if self.busy || !self.is_started {
            self.idle_from = self.idle_from.max(now);
        }
        self.is_started = true;
        self.heard = false;
        self.busy = false;
    }
}
