//! Feeds bytes to a connection and writes down what comes of it, under the laws that hold whatever the bytes are.

use websocket_proto::close::CloseCode;
use websocket_proto::{
    ChunkEvent, Config, Connection, Event, MessageKind, Misuse, ProtocolError, RecvBuffer, Role, SendError, Storage,
};

use super::wire::{self, Frame};
use super::{Sink, client, server};

/// An event that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    /// Chunks of one message that came one after the other.
    Chunks {
        kind: MessageKind,
        bytes: Vec<u8>,
        is_first: bool,
        is_last: bool,
    },
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => {
                assert!(std::str::from_utf8(text.as_bytes()).is_ok(), "a str that is not UTF-8");
                Self::Text(text.to_owned())
            }
            Event::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close(close) => Self::Close(close.code.as_u16(), close.reason.to_owned()),
        }
    }
}

impl From<ChunkEvent<'_>> for Seen {
    fn from(event: ChunkEvent<'_>) -> Self {
        let chunk = match event {
            ChunkEvent::Chunk(chunk) => chunk,
            ChunkEvent::Ping(payload) => return Event::Ping(payload).into(),
            ChunkEvent::Pong(payload) => return Event::Pong(payload).into(),
            ChunkEvent::Close(close) => return Event::Close(close).into(),
        };
        let (kind, bytes) = (chunk.payload.kind(), chunk.payload.as_bytes().to_vec());
        assert!(!bytes.is_empty() || chunk.is_last, "an empty chunk that is not the last");
        assert!(kind == MessageKind::Binary || std::str::from_utf8(&bytes).is_ok(), "a character was cut");
        Self::Chunks { kind, bytes, is_first: chunk.is_first, is_last: chunk.is_last }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Messages,
    Chunks,
}

impl Delivery {
    pub(crate) fn receive<R: Role, S: Storage>(
        self,
        connection: &mut Connection<R>,
        rx: &mut RecvBuffer<S>,
    ) -> Result<Option<Seen>, ProtocolError> {
        match self {
            Self::Messages => connection.receive(rx).map(|event| event.map(Seen::from)),
            Self::Chunks => connection.receive_chunk(rx).map(|event| event.map(Seen::from)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Server, Self::Client];

    pub(crate) const fn is_server(self) -> bool {
        matches!(self, Self::Server)
    }

    /// The key that this side's peer masks with.
    pub(crate) const fn peer_key(self) -> Option<[u8; 4]> {
        match self {
            Self::Server => Some(super::KEY),
            Self::Client => None,
        }
    }

    pub(crate) const fn config(self) -> Config {
        match self {
            Self::Server => Config::server(),
            Self::Client => Config::client(),
        }
    }

    /// Feeds `stream`, cut into reads, to a connection of this side.
    pub(crate) fn run<S: Storage>(
        self,
        config: Config,
        rx: RecvBuffer<S>,
        delivery: Delivery,
        stream: &[u8],
        cuts: &[usize],
    ) -> Transcript {
        match self {
            Self::Server => Script::new(server(config), rx, delivery).run(stream, cuts),
            Self::Client => Script::new(client(config), rx, delivery).run(stream, cuts),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    pub(crate) events: Vec<Seen>,
    pub(crate) error: Option<ProtocolError>,
    pub(crate) replies: Vec<Frame>,
    /// The end of the transport, right behind the stream.
    pub(crate) ending: (u16, bool),
}

impl Transcript {
    pub(crate) fn joined(&self) -> (Vec<Seen>, Vec<u8>) {
        joined(&self.events)
    }

    pub(crate) fn close_code(&self) -> Option<u16> {
        self.error.and_then(|error| error.close_code()).map(|code| code.as_u16())
    }

    pub(crate) fn replies_told(&self) -> Vec<(u8, Vec<u8>)> {
        self.replies.iter().map(Frame::told).collect()
    }
}

/// The whole messages and control frames, and the bytes of a message that was not finished, whichever the delivery.
pub(crate) fn joined(events: &[Seen]) -> (Vec<Seen>, Vec<u8>) {
    let mut joined = Vec::new();
    let mut unfinished = Vec::new();
    for event in events {
        let Seen::Chunks { kind, bytes, is_first, is_last } = event else {
            joined.push(event.clone());
            continue;
        };
        assert!(!is_first || unfinished.is_empty(), "a message begins within another");
        unfinished.extend_from_slice(bytes);
        if *is_last {
            let bytes = std::mem::take(&mut unfinished);
            joined.push(match kind {
                MessageKind::Text => Seen::Text(String::from_utf8(bytes).unwrap()),
                MessageKind::Binary => Seen::Binary(bytes),
            });
        }
    }
    (joined, unfinished)
}

/// Adds what has come; a chunk goes to the chunks of its message that are the last that came.
pub(crate) fn append(events: &mut Vec<Seen>, seen: Seen) {
    match (events.last_mut(), seen) {
        (
            Some(Seen::Chunks { kind: before, bytes, is_last: is_last_before @ false, .. }),
            Seen::Chunks { kind, bytes: more, is_first: false, is_last },
        ) => {
            assert_eq!(*before, kind, "a message changes its kind");
            bytes.extend(more);
            *is_last_before = is_last;
        }
        (_, seen) => events.push(seen),
    }
}

/// A connection with its buffers.
pub(crate) struct Script<R, S> {
    pub(crate) connection: Connection<R>,
    pub(crate) rx: RecvBuffer<S>,
    pub(crate) tx: Sink,
    pub(crate) events: Vec<Seen>,
    pub(crate) error: Option<ProtocolError>,
    delivery: Delivery,
    base: usize,
    bytes: usize,
    calls: usize,
    answers: usize,
    reads: usize,
    empty_reads: usize,
}

impl<R: Role, S: Storage> Script<R, S> {
    pub(crate) fn new(connection: Connection<R>, mut rx: RecvBuffer<S>, delivery: Delivery) -> Self {
        let base = rx.spare_mut().len();
        let (events, error, tx) = (Vec::new(), None, Sink::new());
        Self {
            connection,
            rx,
            tx,
            events,
            error,
            delivery,
            base,
            bytes: 0,
            calls: 0,
            answers: 0,
            reads: 0,
            empty_reads: 0,
        }
    }

    pub(crate) fn run(mut self, stream: &[u8], cuts: &[usize]) -> Transcript {
        let mut rest = stream;
        for cut in cuts {
            let (now, later) = rest.split_at(*cut);
            self.feed(now);
            rest = later;
        }
        assert!(rest.is_empty(), "the cuts do not cover the stream");
        self.finish()
    }

    /// What a transport does with one read: all of it goes in, however often the buffer is full.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            self.rx.filled(0);
            self.empty_reads += 1;
            self.receive();
        }
        while !bytes.is_empty() {
            let count = self.read(bytes);
            assert!(count > 0, "no room to read into after `receive` has given None");
            bytes = &bytes[count..];
            self.bytes += count;
            self.receive();
            assert!(
                self.rx.capacity() <= self.base.max(2 * self.bytes),
                "{} bytes of memory for {} received",
                self.rx.capacity(),
                self.bytes
            );
        }
    }

    /// By one of the two ways in, in turn.
    fn read(&mut self, bytes: &[u8]) -> usize {
        self.reads += 1;
        if self.reads.is_multiple_of(2) {
            return self.rx.extend_from_slice(bytes);
        }
        let spare = self.rx.spare_mut();
        let count = spare.len().min(bytes.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        self.rx.filled(count);
        count
    }

    /// Takes out all there is.
    pub(crate) fn receive(&mut self) {
        loop {
            self.calls += 1;
            let seen = self.delivery.receive(&mut self.connection, &mut self.rx);
            self.connection.poll_transmit(&mut self.tx).unwrap();
            match seen {
                Ok(Some(seen)) => self.note(seen),
                Ok(None) => return,
                Err(error) => return self.fail(error),
            }
        }
    }

    fn note(&mut self, seen: Seen) {
        self.answers += 1;
        assert!(self.error.is_none(), "an event after an error");
        assert!(self.answers <= self.bytes, "more events than bytes");
        assert!(!matches!(self.events.last(), Some(Seen::Close(..))), "an event after a Close");
        append(&mut self.events, seen);
    }

    /// An error is the same for ever, and what comes behind it is swallowed.
    fn fail(&mut self, error: ProtocolError) {
        assert!(!matches!(error, ProtocolError::Misuse(_)), "{error:?}");
        assert_eq!(*self.error.get_or_insert(error), error, "another error after the first");
        for byte in 0..3 {
            let taken = self.rx.extend_from_slice(&[byte; 5]);
            assert_eq!(self.connection.receive(&mut self.rx).map(|_| ()), Err(error), "an error went away");
            assert!(self.rx.is_empty(), "{taken} bytes behind an error were kept");
        }
        let len = self.tx.bytes.len();
        self.connection.poll_transmit(&mut self.tx).unwrap();
        assert_eq!(self.tx.bytes.len(), len, "poll_transmit has not written all it owed");
        self.is_silent();
        assert_eq!(self.tx.bytes.len(), len, "something was written behind an error");
    }

    /// Nothing can be sent any more, and nothing is owed.
    fn is_silent(&mut self) {
        let closed = Err(SendError::Misuse(Misuse::Closed));
        assert!(!self.connection.can_send() && !self.connection.wants_transmit());
        assert_eq!(self.connection.send_text("late", &mut self.tx), closed);
        assert_eq!(self.connection.send_fragment(MessageKind::Binary, b"late", true, &mut self.tx), closed);
        assert_eq!(self.connection.send_ping(b"late", &mut self.tx), closed);
        assert_eq!(self.connection.close(CloseCode::NORMAL, "late", &mut self.tx), closed);
    }

    pub(crate) fn finish(mut self) -> Transcript {
        assert!(self.calls <= self.bytes + self.answers + self.empty_reads + 2, "{} calls", self.calls);
        let replies = wire::read_frames(&self.tx.bytes);
        for (at, reply) in replies.iter().enumerate() {
            assert_eq!(reply.key.is_some(), !R::IS_SERVER, "masked by the wrong side");
            assert!(reply.opcode() != wire::CLOSE || at + 1 == replies.len(), "something after our Close");
        }
        let ending = self.connection.handle_eof();
        assert_eq!(ending, self.connection.handle_eof());
        self.connection.poll_transmit(&mut self.tx).unwrap();
        assert_eq!(replies, wire::read_frames(&self.tx.bytes), "a reply after the end of the transport");
        Transcript { events: self.events, error: self.error, replies, ending: (ending.code.as_u16(), ending.is_clean) }
    }
}
