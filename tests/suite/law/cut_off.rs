//! Two ends hold a conversation over a transport that fails at one byte: it ends there, or takes no more for a while,
//! or takes only a part. Wherever that is, each end comes to rest as it should.

use websocket_proto::close::CloseCode;
use websocket_proto::{Connection, Event, MessageKind, RecvBuffer, Role, SendError, Server, Transport};

use crate::support::rng::Rng;
use crate::support::script::{Seen, Side};
use crate::support::wire::{self, CLOSE};
use crate::support::{Sink, TestKeys, client, server};

/// How many conversations there are.
const CONVERSATIONS: u64 = 30;

/// What happens to the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// After so many bytes from this side nothing more goes either way.
    Eof(Side, usize),
    /// After so many bytes from this side the next ones wait until the peer has had its turn.
    WouldBlock(Side, usize),
    /// The send buffers of this side have room for so many bytes (or a frame) at a time.
    Short(Side, usize),
}

/// One end, and what came of it.
struct End<R> {
    connection: Connection<R>,
    side: Side,
    rx: RecvBuffer<[u8; 700]>,
    events: Vec<Seen>,
    sent: Vec<u8>,
    /// How much of `sent` has arrived.
    arrived: usize,
    room: usize,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>, side: Side, fault: Fault) -> Self {
        let room = match fault {
            Fault::Short(which, room) if which == side => room,
            _ => usize::MAX,
        };
        Self {
            connection,
            side,
            rx: RecvBuffer::from([0; 700]),
            events: Vec::new(),
            sent: Vec::new(),
            arrived: 0,
            room,
        }
    }

    /// Does what `write` does, in buffers of the size that there is; one that is too small for a frame is exchanged.
    fn write(&mut self, mut write: impl FnMut(&mut Connection<R>, &mut Sink) -> Result<(), SendError>) {
        let mut room = self.room;
        loop {
            let mut tx = Sink::with_capacity(room);
            let result = write(&mut self.connection, &mut tx);
            self.sent.extend(tx.take());
            match result {
                Err(SendError::Full { needed }) => room = room.max(needed),
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
            // What no end may say: a Pong that nobody asked for is the least that it may.
            _ => connection.send_pong(b"", tx),
        });
    }

    fn hear(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.rx.extend_from_slice(bytes)..];
            loop {
                let seen = match self.connection.receive(&mut self.rx) {
                    Ok(Some(event)) => Some(Seen::from(event)),
                    Ok(None) | Err(_) => None,
                };
                self.write(Connection::poll_transmit);
                match seen {
                    Some(seen) => self.events.push(seen),
                    None => break,
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
        for what in 0..7 {
            self.say(what);
        }
        self.write(Connection::poll_transmit);
        assert_eq!(self.sent.len(), len, "something was said after the end");
        assert_eq!(self.connection.receive(&mut self.rx).map(|event: Option<Event<'_>>| event.is_some()), Ok(false));
        let frames = wire::read_frames(&self.sent);
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
    let mut rng = Rng::new(number);
    let mut one = End::new(server(Side::Server.config()), Side::Server, fault);
    let mut two = End::new(client(Side::Client.config()), Side::Client, fault);
    for round in 0..6 {
        let (first, second) = (rng.below(7), rng.below(7));
        // A Close comes late, so that there is something before it.
        if first != 5 || round > 3 {
            one.say(first);
        }
        if second != 5 || round > 3 {
            two.say(second);
        }
        if !exchange(&mut one, &mut two, fault) {
            return outcome(one, two);
        }
    }
    two.say(3);
    two.say(5);
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

fn outcome(mut one: End<Server>, mut two: End<websocket_proto::Client<TestKeys>>) -> Outcome {
    one.end();
    two.end();
    Outcome { heard: [one.events, two.events], sent: [one.sent, two.sent] }
}

/// Carries what was sent to the other side; false when the transport has ended.
fn exchange(one: &mut End<Server>, two: &mut End<websocket_proto::Client<TestKeys>>, fault: Fault) -> bool {
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

#[test]
fn a_transport_may_fail_at_every_byte() {
    let mut runs = 0;
    let step = if cfg!(debug_assertions) { 3 } else { 1 };
    for number in 0..CONVERSATIONS {
        let whole = hold(number, Fault::None);
        for (at, side) in [(0, Side::Server), (1, Side::Client)] {
            for byte in (number as usize % step..whole.sent[at].len()).step_by(step) {
                let cut = hold(number, Fault::Eof(side, byte));
                let is_prefix = |which: usize| whole.heard[which].starts_with(&cut.heard[which]);
                assert!(is_prefix(0) && is_prefix(1), "{number} {side:?} {byte}: {cut:?}");
                assert_eq!(hold(number, Fault::WouldBlock(side, byte)), whole, "{number} {side:?} {byte}");
                runs += 2;
            }
            for room in 0..150 {
                let short = hold(number, Fault::Short(side, room));
                assert_eq!(short, whole, "{number} {side:?} {room}");
                runs += 1;
            }
        }
    }
    println!("{runs} conversations");
    assert!(runs > 10_000, "{runs}");
}
