//! Two connections back to back, and everything that can happen between them in any order: it always ends, with at most
//! one Close each way.

use core::time::Duration;
use std::collections::HashSet;

use websocket_proto::State;
use websocket_proto::close::CloseCode;
use websocket_proto::{
    Client, Config, Connection, Ending, Instant, MessageKind, Misuse, RecvBuffer, Role, SendError, Server, Transport,
};

use crate::support::script::Side;
use crate::support::wire::{self, Frame};
use crate::support::{Sink, TestKeys, client, server};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Text,
    Fragment,
    Ping,
    Close,
    /// What the peer has sent arrives.
    Deliver,
    /// The transport ends.
    Eof,
    /// A long time passes.
    Wait,
}

const OPS: [Op; 7] = [Op::Text, Op::Fragment, Op::Ping, Op::Close, Op::Deliver, Op::Eof, Op::Wait];

/// One end with its buffers.
struct End<R> {
    connection: Connection<R>,
    rx: RecvBuffer<[u8; 512]>,
    /// On its way to the peer.
    pending: Vec<u8>,
    /// Everything it ever sent.
    sent: Vec<u8>,
    is_fragment_open: bool,
    minutes: u64,
    /// Whether something came or went since the last minute.
    is_marked: bool,
    ended: Option<Ending>,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>) -> Self {
        let rx = RecvBuffer::from([0; 512]);
        Self {
            connection,
            rx,
            pending: Vec::new(),
            sent: Vec::new(),
            is_fragment_open: false,
            minutes: 0,
            is_marked: false,
            ended: None,
        }
    }

    fn frames(&self) -> Vec<Frame> {
        wire::read_frames(&self.sent)
    }

    fn closes(&self) -> usize {
        self.frames().iter().filter(|frame| frame.opcode() == wire::CLOSE).count()
    }

    /// All that can make a difference to what follows.
    fn signature(&self) -> String {
        let wait =
            self.connection.poll_timeout().map(|moment| moment.as_micros() as i64 - self.minutes as i64 * 60_000_000);
        let wait = if self.minutes == 0 { self.connection.poll_timeout().map(|_| -1) } else { wait };
        let flags = [
            self.connection.wants_transmit(),
            self.connection.can_send(),
            self.is_fragment_open,
            self.is_marked,
            self.minutes == 0,
        ];
        format!("{:?} {flags:?} {wait:?} {:?} {:?} {}", self.connection, self.pending, self.ended, self.closes())
    }

    /// Does it.
    fn apply(&mut self, op: Op, from_peer: &mut Vec<u8>) {
        let mut tx = Sink::new();
        let before = (self.connection.state(), self.minutes);
        let could_send = self.connection.can_send();
        let result = match op {
            Op::Text => self.connection.send_text("t", &mut tx),
            Op::Fragment => {
                let is_last = self.is_fragment_open;
                let result = self.connection.send_fragment(MessageKind::Binary, b"f", is_last, &mut tx);
                self.is_fragment_open ^= result.is_ok();
                result
            }
            Op::Ping => self.connection.send_ping(b"p", &mut tx),
            Op::Close => self.connection.close(CloseCode::NORMAL, "", &mut tx),
            Op::Deliver => return self.deliver(from_peer),
            Op::Eof => {
                from_peer.clear();
                self.ended = Some(self.connection.handle_eof());
                return;
            }
            Op::Wait => {
                self.minutes += 1;
                self.is_marked = false;
                let _ = self.connection.handle_timeout(Instant::from_millis(self.minutes * 60_000));
                self.transmit();
                return;
            }
        };
        match result {
            Ok(()) => assert!(could_send, "{op:?} in {before:?}"),
            Err(SendError::Misuse(Misuse::MessageInProgress)) => assert!(could_send && self.is_fragment_open),
            Err(error) => assert!(error == SendError::Misuse(Misuse::Closed) && !could_send, "{error:?} in {before:?}"),
        }
        self.is_marked |= result.is_ok();
        self.write(&tx.bytes);
    }

    fn deliver(&mut self, from_peer: &mut Vec<u8>) {
        let bytes = std::mem::take(from_peer);
        assert_eq!(self.rx.extend_from_slice(&bytes), bytes.len());
        while let Ok(Some(_)) = self.connection.receive(&mut self.rx) {
            self.transmit();
        }
        self.transmit();
        self.is_marked |= !bytes.is_empty();
    }

    fn transmit(&mut self) {
        let mut tx = Sink::new();
        self.connection.poll_transmit(&mut tx).unwrap();
        assert!(!self.connection.wants_transmit());
        self.write(&tx.bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        assert!(self.ended.is_none() || bytes.is_empty(), "written after the end");
        self.pending.extend_from_slice(bytes);
        self.sent.extend_from_slice(bytes);
    }

    fn check(&self) {
        let frames = self.frames();
        let close_at = frames.iter().position(|frame| frame.opcode() == wire::CLOSE);
        let behind = &frames[close_at.map_or(frames.len(), |at| at + 1)..];
        assert!(!behind.iter().any(|frame| frame.is_data() || frame.opcode() != wire::PONG), "{frames:?}");
        if close_at.is_some() {
            assert!(!self.connection.can_send());
        }
        let expected = match self.connection.state() {
            State::Open | State::LocalClosing | State::PeerClosing | State::Failing => Transport::Open,
            State::Closed if !R::IS_SERVER => Transport::AwaitPeerClose,
            State::Closed | State::Failed => Transport::FlushThenClose,
            State::Ended => Transport::Closed,
        };
        assert_eq!(self.connection.transport(), expected);
    }
}

struct World {
    server: End<Server>,
    client: End<Client<TestKeys>>,
}

impl World {
    fn new() -> Self {
        let patient = |config: Config| {
            config.ping_interval(Some(Duration::from_secs(50))).pong_timeout(Some(Duration::from_secs(100)))
        };
        Self {
            server: End::new(server(patient(Side::Server.config()))),
            client: End::new(client(patient(Side::Client.config()))),
        }
    }

    fn apply(&mut self, side: Side, op: Op) {
        match side {
            Side::Server => self.server.apply(op, &mut self.client.pending),
            Side::Client => self.client.apply(op, &mut self.server.pending),
        }
    }

    fn check(&self) {
        self.server.check();
        self.client.check();
        assert!(self.server.closes() <= 1 && self.client.closes() <= 1);
    }

    /// From wherever it is: close, let everything arrive, end.
    fn finish(mut self) {
        self.apply(Side::Server, Op::Close);
        for _ in 0..4 {
            self.apply(Side::Client, Op::Deliver);
            self.apply(Side::Server, Op::Deliver);
        }
        assert!(self.server.pending.is_empty() && self.client.pending.is_empty(), "it does not come to rest");
        self.check();
        let is_calm = [self.server.connection.state(), self.client.connection.state()] == [State::Closed; 2];
        let is_over = |state| matches!(state, State::Closed | State::Failed | State::Ended | State::LocalClosing);
        assert!(is_over(self.server.connection.state()), "{:?}", self.server.connection);
        self.apply(Side::Client, Op::Eof);
        self.apply(Side::Server, Op::Eof);
        let endings = [self.server.ended.unwrap(), self.client.ended.unwrap()];
        assert!(!is_calm || endings.iter().all(|ending| ending.is_clean), "{endings:?}");
        for side in Side::BOTH {
            for op in OPS {
                self.apply(side, op);
            }
        }
        self.check();
        assert_eq!(self.server.connection.transport(), Transport::Closed);
        assert_eq!(self.client.connection.transport(), Transport::Closed);
        assert_eq!((self.server.connection.poll_timeout(), self.client.connection.poll_timeout()), (None, None));
    }
}

/// What was looked at.
#[derive(Debug)]
struct Explored {
    states: usize,
    steps: u64,
}

/// All that can happen in `depth` steps: each state of the two ends, their bytes on the way and their clocks is gone
/// into once. A connection is not cloned, so each story is told from its beginning.
fn explore(depth: usize) -> Explored {
    let mut seen = HashSet::new();
    let mut stories = vec![Vec::new()];
    let mut steps = 0;
    for _ in 0..depth {
        let mut longer = Vec::new();
        for story in &stories {
            for (side, op) in Side::BOTH.into_iter().flat_map(|side| OPS.map(|op| (side, op))) {
                let told = Told([&story[..], &[(side, op)]].concat());
                let mut world = World::new();
                for (side, op) in &told.0 {
                    world.apply(*side, *op);
                }
                steps += 1;
                world.check();
                if seen.insert(format!("{} {}", world.server.signature(), world.client.signature())) {
                    longer.push(told.0.clone());
                    world.finish();
                }
            }
        }
        stories = longer;
    }
    Explored { states: seen.len(), steps }
}

struct Told(Vec<(Side, Op)>);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with the story {:?}", self.0);
        }
    }
}

#[test]
fn every_story_ends() {
    let explored = explore(if cfg!(debug_assertions) { 3 } else { 5 });
    assert!(explored.states > 300, "{explored:?}");
    println!("{} states, {} steps", explored.states, explored.steps);
}

#[test]
#[ignore = "long: every story of eight steps"]
fn every_story_ends_long() {
    let explored = explore(8);
    println!("{} states, {} steps", explored.states, explored.steps);
}
