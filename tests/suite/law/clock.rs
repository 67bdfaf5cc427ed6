//! Deadlines, in any story: never too early by the true time, never later than the longest time for which nobody told
//! the time, and never twice.

use core::time::Duration;

use websocket_proto::close::CloseCode;
use websocket_proto::state::State;
use websocket_proto::{Connection, Instant, ProtocolError, RecvBuffer, Server, Timeout};

use crate::support::rng::{Rng, for_seeds, scaled};
use crate::support::script::Side;
use crate::support::wire::{self, BINARY, FIN, PING};
use crate::support::{KEY, Sink, server};

/// In milliseconds; `None` is off.
#[derive(Clone, Copy, Debug)]
struct Spans {
    ping: Option<u64>,
    pong: Option<u64>,
    idle: Option<u64>,
    close: Option<u64>,
}

impl Spans {
    fn random(rng: &mut Rng) -> Self {
        let mut span = || if rng.one_in(4) { None } else { Some(1 + rng.below(60) as u64) };
        Self { ping: span(), pong: span(), idle: span(), close: span() }
    }

    fn connection(self) -> Connection<Server> {
        let span = |millis: Option<u64>| millis.map(Duration::from_millis);
        let config = Side::Server.config().ping_interval(span(self.ping)).pong_timeout(span(self.pong));
        server(config.idle_timeout(span(self.idle)).close_timeout(span(self.close)))
    }
}

/// A connection in a story, and when what happened really happened.
struct Told {
    connection: Connection<Server>,
    rx: RecvBuffer<[u8; 256]>,
    spans: Spans,
    now: u64,
    /// When the time was told last, and the longest it was not told.
    told: Option<u64>,
    longest: u64,
    /// The last sign of life, the last message either way: not before the time was first told.
    heard: u64,
    busy: u64,
    /// When the Ping that has no answer yet was written, and when the time was told last before.
    pinged: Option<(u64, u64)>,
    closing: Option<u64>,
    /// Whether something came since the time was told last; whether something came or went.
    is_heard: bool,
    is_marked: bool,
}

impl Told {
    fn new(spans: Spans) -> Self {
        Self {
            connection: spans.connection(),
            rx: RecvBuffer::from([0; 256]),
            spans,
            now: 1000,
            told: None,
            longest: 0,
            heard: 0,
            busy: 0,
            pinged: None,
            closing: None,
            is_heard: false,
            is_marked: false,
        }
    }

    fn hear(&mut self, frame: &[u8], is_message: bool) {
        assert_eq!(self.rx.extend_from_slice(frame), frame.len());
        while self.connection.receive(&mut self.rx).unwrap().is_some() {}
        (self.is_heard, self.is_marked) = (true, true);
        self.heard = self.now;
        self.busy = if is_message { self.now } else { self.busy };
        self.pinged = None;
    }

    fn drain(&mut self) {
        let mut tx = Sink::new();
        self.connection.poll_transmit(&mut tx).unwrap();
        if wire::read_frames(&tx.bytes).iter().any(|frame| frame.opcode() == PING) {
            assert!(self.spans.ping.is_some() && self.pinged.is_none(), "a Ping before its turn");
            // What came since the time was told is dated with the next telling, so it counts as an answer.
            self.pinged = self.spans.pong.filter(|_| !self.is_heard).map(|_| (self.now, self.told.unwrap()));
        }
    }

    /// Tells the time, and holds what comes of it to the truth.
    fn tell(&mut self) {
        let gap = self.now - self.told.unwrap_or(self.now);
        self.longest = self.longest.max(gap);
        if self.told.is_none() {
            (self.heard, self.busy) = (self.now, self.now);
            self.closing = self.closing.map(|_| self.now);
        }
        let was_wanting = self.connection.wants_transmit();
        let was_ended = self.connection.state() == State::Ended;
        self.told = Some(self.now);
        (self.is_heard, self.is_marked) = (false, false);
        let result = self.connection.handle_timeout(Instant::from_millis(self.now));
        match result {
            Ok(()) if was_ended => {}
            Ok(()) => self.is_not_too_late(was_wanting),
            Err(error) => self.is_not_too_early(error),
        }
        if result.is_ok() {
            let next = self.connection.poll_timeout();
            assert!(next.is_none_or(|next| next > Instant::from_millis(self.now)), "{next:?} at {}", self.now);
            let wants = self.connection.wants_transmit();
            assert_eq!(self.connection.handle_timeout(Instant::from_millis(self.now)), Ok(()), "due twice");
            assert_eq!((self.connection.poll_timeout(), self.connection.wants_transmit()), (next, wants));
        }
    }

    fn is_not_too_early(&mut self, error: ProtocolError) {
        let since = |then: u64| self.now - then;
        match error {
            ProtocolError::Timeout(Timeout::Close) => {
                assert!(since(self.closing.unwrap()) >= self.spans.close.unwrap());
                assert_eq!(self.connection.state(), State::Ended);
            }
            ProtocolError::Timeout(Timeout::Pong) => {
                let (written, told) = self.pinged.expect("a Ping was written and not answered");
                assert!(since(told) >= self.spans.pong.unwrap() && written >= self.heard, "the wait was too short");
                assert!(since(self.heard) >= self.spans.pong.unwrap());
                self.closing = Some(self.now);
            }
            ProtocolError::Timeout(Timeout::Idle) => {
                assert!(since(self.busy) >= self.spans.idle.unwrap());
                self.closing = Some(self.now);
            }
            other => panic!("{other}"),
        }
    }

    /// Nothing has failed: then nothing can be overdue.
    fn is_not_too_late(&self, was_wanting: bool) {
        if let Some(closing) = self.closing {
            let limit = self.spans.close.map(|close| closing + close + self.longest);
            assert!(limit.is_none_or(|limit| self.now <= limit), "closing for too long");
            return;
        }
        let idle = self.spans.idle.map(|idle| self.busy + idle + self.longest);
        assert!(idle.is_none_or(|limit| self.now <= limit), "idle since {} at {}", self.busy, self.now);
        if let (Some((_, told)), Some(pong)) = (self.pinged, self.spans.pong) {
            assert!(self.now < told + pong, "a Ping since {told} without an answer at {}", self.now);
        }
        if let (None, Some(ping)) = (self.pinged, self.spans.ping) {
            let silent_since = self.heard + ping + self.longest;
            let is_asked = was_wanting || self.connection.wants_transmit() || self.spans.pong.is_none();
            assert!(self.now <= silent_since || is_asked, "silent since {} at {}", self.heard, self.now);
        }
    }

    /// Goes to the moment that was named, stopping right before it: nothing is due then, and something is due after.
    fn follow(&mut self) {
        let Some(next) = self.connection.poll_timeout() else {
            self.tell();
            return;
        };
        let next = next.as_micros() / 1000;
        if self.told.is_none() || next <= self.now {
            self.tell();
            return;
        }
        let before = (self.connection.state(), self.connection.wants_transmit());
        if next > self.now + 1 && !self.is_marked {
            self.now = next - 1;
            self.tell();
            assert_eq!((self.connection.state(), self.connection.wants_transmit()), before, "due too early");
        }
        let named = self.connection.poll_timeout();
        self.now = next;
        self.tell();
        let after = (self.connection.state(), self.connection.wants_transmit());
        let has_moved = self.connection.poll_timeout() != named;
        assert!(after != before || has_moved, "nothing was due at {next}");
    }
}

fn one_story(rng: &mut Rng) {
    let mut story = Told::new(Spans::random(rng));
    for _ in 0..rng.below(60) {
        let state = story.connection.state();
        match rng.below(10) {
            0 | 1 => story.now += rng.below(40) as u64,
            2..4 => story.tell(),
            4 if state == State::Open => story.hear(&wire::frame(FIN | BINARY, b"data", Some(KEY)), true),
            5 if state == State::Open => story.hear(&wire::frame(FIN | PING, b"", Some(KEY)), false),
            6 if state == State::Open => {
                story.connection.send_text("data", &mut Sink::new()).unwrap();
                (story.busy, story.is_marked) = (story.now, true);
            }
            7 if rng.one_in(5) && state == State::Open => {
                story.connection.close(CloseCode::NORMAL, "", &mut Sink::new()).unwrap();
                story.closing = Some(story.now);
            }
            8 => story.drain(),
            _ => story.follow(),
        }
    }
}

#[test]
fn deadlines_are_kept_in_every_story() {
    for_seeds(scaled(40_000), one_story);
}

/// Who comes back exactly when told to, and does nothing else, finds each silence to the millisecond.
#[test]
fn who_follows_the_clock_finds_a_silence_on_time() {
    for_seeds(scaled(4000), |rng| {
        let spans = Spans::random(rng);
        let mut story = Told::new(spans);
        story.tell();
        let start = story.now;
        for _ in 0..4 {
            story.follow();
            story.drain();
            if story.connection.state() != State::Open {
                let silence = spans.ping.and_then(|ping| Some(ping + spans.pong?));
                let found = [silence, spans.idle].into_iter().flatten().min();
                assert_eq!(Some(story.now - start), found, "{spans:?}");
                return;
            }
        }
        assert!(spans.idle.is_none_or(|idle| spans.ping.is_some_and(|ping| 4 * ping <= idle)), "{spans:?}");
    });
}
