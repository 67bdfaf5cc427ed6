//! Two ends hold a conversation over a transport that fails at one byte: it ends there, or takes no more for a while,
//! or takes only a part. Wherever that is, each end comes to rest as it should.
//!
//! The conversations go through all that can be said: whole messages and fragments, prepared ones, compressed ones with
//! and without context takeover; received whole or in chunks; and closed by either end or by both at once.

use websocket_proto::close::CloseCode;
use websocket_proto::{Client, Connection, MessageKind, RecvBuffer, Role, SendError, Server, Transport};

use crate::support::rng::Rng;
use crate::support::script::{Delivery, Seen, Side, append, joined};
use crate::support::wire::{self, CLOSE};
use crate::support::{Sink, TestKeys, client, server};

/// How many conversations there are.
const CONVERSATIONS: u64 = 54;

/// How many things there are to say.
const WORDS: usize = 10;

/// What a conversation is about: each of its parts goes round with another period.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    /// Whether messages are compressed, and with the context of those before.
    compression: Option<bool>,
    /// How the server and the client receive.
    deliveries: [Delivery; 2],
    /// Who closes: the client, the server, both at once.
    closers: &'static [Side],
}

impl Scenario {
    const fn of(number: u64) -> Self {
        const CLOSERS: [&[Side]; 3] = [&[Side::Client], &[Side::Server], &Side::BOTH];
        Self {
            compression: [None, Some(false), Some(true)][(number % 3) as usize],
            closers: CLOSERS[(number / 3 % 3) as usize],
            deliveries: match number / 9 % 3 {
                0 => [Delivery::Messages, Delivery::Messages],
                1 => [Delivery::Chunks, Delivery::Messages],
                _ => [Delivery::Messages, Delivery::Chunks],
            },
        }
    }

    fn agree<R: Role>(self, connection: Connection<R>) -> Connection<R> {
        #[cfg(feature = "deflate")]
        if let Some(has_takeover) = self.compression {
            use websocket_proto::deflate::{Config, Params};
            let (server_no_context_takeover, client_no_context_takeover) = (!has_takeover, !has_takeover);
            let params = Params { server_no_context_takeover, client_no_context_takeover, ..Params::default() };
            let config = Config::new().min_bytes(20).local_takeover(has_takeover).peer_takeover(has_takeover);
            return connection.with_deflate(&params, &config);
        }
        connection
    }
}

/// What happens to the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// After so many bytes from this side nothing more goes either way.
    Eof(Side, usize),
    /// After so many bytes from this side the next ones wait until the peer has had its turn.
    WouldBlock(Side, usize),
    /// The send buffer of this side is full at this byte, and what does not fit has to wait for the next one.
    Short(Side, usize),
    /// All send buffers of this side have room for so many bytes, or a frame.
    Small(Side, usize),
}

/// One end, and what came of it.
struct End<R> {
    connection: Connection<R>,
    side: Side,
    delivery: Delivery,
    rx: RecvBuffer<[u8; 700]>,
    events: Vec<Seen>,
    sent: Vec<u8>,
    /// How much of `sent` has arrived.
    arrived: usize,
    /// The reserved bits that may be sent.
    rsv: u8,
    fault: Fault,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>, side: Side, scenario: Scenario, fault: Fault) -> Self {
        Self {
            connection: scenario.agree(connection),
            side,
            delivery: scenario.deliveries[usize::from(side == Side::Client)],
            rx: RecvBuffer::from([0; 700]),
            events: Vec::new(),
            sent: Vec::new(),
            arrived: 0,
            rsv: if scenario.compression.is_some() { 0x40 } else { 0 },
            fault,
        }
    }

    /// The room of the next send buffer.
    fn room(&self) -> usize {
        match self.fault {
            Fault::Small(side, room) if side == self.side => room,
            Fault::Short(side, at) if side == self.side && self.sent.len() < at => at - self.sent.len(),
            _ => usize::MAX,
        }
    }

    /// Does what `write` does, in buffers of the size that there is; one that is too small for a frame is exchanged.
    fn write(&mut self, mut write: impl FnMut(&mut Connection<R>, &mut Sink) -> Result<(), SendError>) {
        let mut least = 0;
        loop {
            let mut tx = Sink::with_capacity(self.room().max(least));
            let result = write(&mut self.connection, &mut tx);
            self.sent.extend(tx.take());
            match result {
                Err(SendError::Full { needed }) => least = needed,
                _ => return,
            }
        }
    }

    fn say(&mut self, what: usize) {
        self.write(|connection, tx| match what {
            0 => connection.send_text("a text", tx),
            1 => connection.send_binary(&[7; 130], tx),
            2 => connection.send_fragment(MessageKind::Text, "é".as_bytes(), false, tx),
            3 => connection.send_fragment(MessageKind::Text, b"", true, tx),
            4 => connection.send_ping(b"ping", tx),
            5 => connection.close(CloseCode::NORMAL, "enough", tx),
            #[cfg(feature = "alloc")]
            6 => connection.send_prepared(&websocket_proto::PreparedMessage::text("it was prepared, prepared"), tx),
            7 => connection.send_text(&"words, words, and other words; ".repeat(9), tx),
            8 => connection.send_fragment(MessageKind::Text, "a fragment; é, a fragment".as_bytes(), false, tx),
            // What no end may say: a Pong that nobody asked for is the least that it may.
            _ => connection.send_pong(b"", tx),
        });
    }

    fn hear(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.rx.extend_from_slice(bytes)..];
            loop {
                let seen = self.delivery.receive(&mut self.connection, &mut self.rx);
                self.write(Connection::poll_transmit);
                match seen {
                    Ok(Some(seen)) => append(&mut self.events, seen),
                    Ok(None) | Err(_) => break,
                }
            }
        }
    }

    /// The transport is over: each end knows, says nothing more, and waits for nothing.
    fn end(&mut self) {
        let ending = self.connection.handle_eof();
        let has_heard_close = matches!(self.events.last(), Some(Seen::Close(..)));
        assert!(!ending.is_clean || has_heard_close, "{:?} {ending:?}", self.events);
        assert_eq!(self.connection.transport(), Transport::Closed);
        assert_eq!(self.connection.poll_timeout(), None);
        let len = self.sent.len();
        for what in 0..WORDS {
            self.say(what);
        }
        self.write(Connection::poll_transmit);
        assert_eq!(self.sent.len(), len, "something was said after the end");
        assert_eq!(self.delivery.receive(&mut self.connection, &mut self.rx), Ok(None));
        let frames = wire::read_frames_with(&self.sent, self.rsv);
        let close = frames.iter().position(|frame| frame.opcode() == CLOSE);
        assert!(close.is_none_or(|at| frames[at + 1..].iter().all(|frame| !frame.is_data())), "data after a Close");
        assert!(frames.iter().filter(|frame| frame.opcode() == CLOSE).count() <= 1);
        assert!(frames.iter().all(|frame| frame.key.is_some() == (self.side == Side::Client)));
    }
}

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// What the server and the client have heard.
    heard: [Vec<Seen>; 2],
    /// What they have sent.
    sent: [Vec<u8>; 2],
}

/// The conversation with this number, which both ends bring to a close at last.
fn hold(number: u64, fault: Fault) -> Outcome {
    let (mut rng, scenario) = (Rng::new(number), Scenario::of(number));
    let mut one = End::new(server(Side::Server.config()), Side::Server, scenario, fault);
    let mut two = End::new(client(Side::Client.config()), Side::Client, scenario, fault);
    for _ in 0..6 {
        let (first, second) = (rng.below(WORDS), rng.below(WORDS));
        // The Close comes behind all else.
        one.say(if first == 5 { 7 } else { first });
        two.say(if second == 5 { 7 } else { second });
        if !exchange(&mut one, &mut two, fault) {
            return outcome(one, two);
        }
    }
    for closer in scenario.closers {
        // A message that is open is ended before.
        match closer {
            Side::Server => [3, 5].map(|what| one.say(what)),
            Side::Client => [3, 5].map(|what| two.say(what)),
        };
    }
    for _ in 0..3 {
        if !exchange(&mut one, &mut two, fault) {
            return outcome(one, two);
        }
    }
    assert_eq!(one.connection.transport(), Transport::FlushThenClose);
    assert_eq!(two.connection.transport(), Transport::AwaitPeerClose);
    assert!(one.connection.handle_eof().is_clean && two.connection.handle_eof().is_clean);
    outcome(one, two)
}

fn outcome(mut one: End<Server>, mut two: End<Client<TestKeys>>) -> Outcome {
    one.end();
    two.end();
    Outcome { heard: [joined(&one.events).0, joined(&two.events).0], sent: [one.sent, two.sent] }
}

/// Carries what was sent to the other side; false when the transport has ended.
fn exchange(one: &mut End<Server>, two: &mut End<Client<TestKeys>>, fault: Fault) -> bool {
    carry(one, two, fault) && carry(two, one, fault)
}

fn carry<F: Role, T: Role>(from: &mut End<F>, to: &mut End<T>, fault: Fault) -> bool {
    let (start, end) = (from.arrived, from.sent.len());
    match fault {
        Fault::Eof(side, at) if side == from.side && at < end => {
            to.hear(&from.sent[start..at.max(start)]);
            return false;
        }
        Fault::WouldBlock(side, at) if side == from.side && (start..end).contains(&at) => {
            to.hear(&from.sent[start..at]);
            // The other side is asked what it has to say in the middle of it, and goes on.
            to.hear(&[]);
            to.write(Connection::poll_transmit);
            to.hear(&from.sent[at..end]);
        }
        _ => to.hear(&from.sent[start..end]),
    }
    from.arrived = end;
    true
}

/// Full buffers change nothing; but a message that had to be compressed twice may be other bytes the second time, since
/// the compressor has begun anew.
fn assert_same(number: u64, fault: Fault, whole: &Outcome) {
    let outcome = hold(number, fault);
    assert_eq!(outcome.heard, whole.heard, "{number} {fault:?}");
    let is_compressed = cfg!(feature = "deflate") && Scenario::of(number).compression.is_some();
    assert!(is_compressed || outcome.sent == whole.sent, "{number} {fault:?}");
}

/// Every conversation with each fault at each byte, or at one of `step`.
fn every_fault(step: usize) {
    let mut runs = 0;
    for number in 0..CONVERSATIONS {
        let whole = hold(number, Fault::None);
        for (at, side) in [(0, Side::Server), (1, Side::Client)] {
            for byte in (number as usize % step..whole.sent[at].len()).step_by(step) {
                let cut = hold(number, Fault::Eof(side, byte));
                let is_prefix = |which: usize| whole.heard[which].starts_with(&cut.heard[which]);
                assert!(is_prefix(0) && is_prefix(1), "{number} {side:?} {byte}: {cut:?}");
                assert_eq!(hold(number, Fault::WouldBlock(side, byte)), whole, "{number} {side:?} {byte}");
                assert_same(number, Fault::Short(side, byte), &whole);
                runs += 3;
            }
            for room in (number as usize % step..150).step_by(step) {
                assert_same(number, Fault::Small(side, room), &whole);
                runs += 1;
            }
        }
    }
    println!("{runs} conversations");
    assert!(runs > 40_000 / step, "{runs}");
}

#[test]
fn a_transport_may_fail_at_every_byte() {
    every_fault(23);
}

#[test]
#[ignore = "long: every byte of every conversation"]
fn a_transport_may_fail_at_every_byte_long() {
    every_fault(1);
}
