//! Any split of a stream gives the same events, the same error, the same replies.
//!
//! ```text
//! data   setting (1)   capacity (1)   cuts (2)   stream …
//! ```
//!
//! The stream goes to two connections that are alike: to one as whole as its buffer takes it, to the other in reads of
//! the two lengths. What comes of it is written down in a form that does not know where chunks end, and has to be the
//! same. Both roles, both deliveries, buffers that grow and buffers that do not, small limits and none, before and after
//! our own Close: a bit of `setting` each.
//!
//! While a stream is fed, each call is held to what every call promises: progress, room to read into, no memory but in
//! the receive buffer and there not more than twice what it holds, an error that stays, replies that can be read.

use std::cell::RefCell;

use websocket_proto::close::CloseCode;
use websocket_proto::{
    ChunkEvent, Config, Connection, Ending, Event, MessageKind, Payload, ProtocolError, RecvBuffer, Role, Storage,
    Transport,
};

use crate::support::cuts::Cuts;
use crate::support::send::Sink;
use crate::support::{frames, heap};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// What a receive buffer that grows may have beside twice what it holds.
const FIXED_BYTES: usize = 4096;

pub fn run(data: &[u8]) {
    let [flags, capacity, first, second, stream @ ..] = data else { return };
    let setting = Setting { flags: *flags, capacity: usize::from(*capacity) * 2 + 1 };
    thread_local! {
        static RECORDS: RefCell<[Record; 2]> = RefCell::default();
    }
    RECORDS.with_borrow_mut(|[whole, cut]| {
        setting.feed(stream, Cuts::WHOLE, whole);
        setting.feed(stream, Cuts::new(*first, *second), cut);
        assert!(whole == cut, "whole: {whole:?}\nin reads of {first} and {second}: {cut:?}");
    });
}

#[derive(Clone, Copy)]
struct Setting {
    flags: u8,
    capacity: usize,
}

impl Setting {
    const fn has(self, bit: u8) -> bool {
        self.flags & 1 << bit != 0
    }

    fn config(self, config: Config) -> Config {
        let config = config.auto_pong(!self.has(5));
        if self.has(2) {
            config.max_message_bytes(300).max_frame_bytes(200).max_fragments(4).max_control_frames(6)
        } else {
            config.max_message_bytes(u64::MAX).max_fragments(u32::MAX).max_control_frames(u32::MAX)
        }
    }

    fn feed(self, stream: &[u8], cuts: Cuts, record: &mut Record) {
        record.clear();
        if self.has(0) {
            self.feed_to(Connection::server(self.config(Config::server())), stream, cuts, record);
        } else {
            self.feed_to(Connection::client(self.config(Config::client()), || KEY), stream, cuts, record);
        }
    }

    fn feed_to<R: Role>(self, connection: Connection<R>, stream: &[u8], cuts: Cuts, record: &mut Record) {
        if self.has(3) {
            let mut memory = [0; 512];
            let rx = RecvBuffer::from(&mut memory[..self.capacity]);
            Run::new(self, connection, rx, usize::MAX, record).stream(stream, cuts);
        } else {
            let rx = RecvBuffer::with_capacity(self.capacity);
            Run::new(self, connection, rx, self.capacity, record).stream(stream, cuts);
        }
    }
}

/// What came of a stream, without the borders of chunks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    /// What happened, and how many of `bytes` there were then.
    events: Vec<(Mark, usize)>,
    /// All payloads, one behind the other.
    bytes: Vec<u8>,
    error: Option<ProtocolError>,
    replies: Vec<u8>,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Begin(MessageKind),
    End,
    Ping,
    Pong,
    Close(CloseCode),
}

impl Record {
    fn clear(&mut self) {
        self.events.clear();
        self.bytes.clear();
        self.error = None;
        self.replies.clear();
        self.ending = None;
    }

    fn add(&mut self, mark: Mark, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.events.push((mark, self.bytes.len()));
    }

    fn add_event(&mut self, event: ChunkEvent<'_>) {
        match event {
            ChunkEvent::Chunk(chunk) => {
                if chunk.is_first {
                    self.add(Mark::Begin(chunk.payload.kind()), b"");
                }
                let payload = chunk.payload.as_bytes();
                assert!(chunk.is_last || !payload.is_empty(), "an empty chunk that is not the last");
                if let Payload::Text(_) = chunk.payload {
                    assert!(std::str::from_utf8(payload).is_ok(), "a character was cut");
                }
                self.bytes.extend_from_slice(payload);
                if chunk.is_last {
                    self.add(Mark::End, b"");
                }
            }
            ChunkEvent::Ping(payload) => self.add(Mark::Ping, payload),
            ChunkEvent::Pong(payload) => self.add(Mark::Pong, payload),
            ChunkEvent::Close(close) => self.add(Mark::Close(close.code), close.reason.as_bytes()),
        }
    }

    fn add_message(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => {
                assert!(std::str::from_utf8(text.as_bytes()).is_ok(), "a str that is not UTF-8");
                self.add(Mark::Begin(MessageKind::Text), b"");
                self.add(Mark::End, text.as_bytes());
            }
            Event::Binary(bytes) => {
                self.add(Mark::Begin(MessageKind::Binary), b"");
                self.add(Mark::End, bytes);
            }
            Event::Ping(payload) => self.add(Mark::Ping, payload),
            Event::Pong(payload) => self.add(Mark::Pong, payload),
            Event::Close(close) => self.add(Mark::Close(close.code), close.reason.as_bytes()),
        }
    }
}

/// One connection, and the stream on its way through it.
struct Run<'a, R, S> {
    connection: Connection<R>,
    rx: RecvBuffer<S>,
    /// The capacity that a growing buffer begins with; `usize::MAX` for one that does not grow.
    base: usize,
    tx: Sink,
    record: &'a mut Record,
    in_chunks: bool,
    calls: usize,
    bytes: usize,
    events: usize,
    reads: usize,
}

impl<'a, R: Role, S: Storage> Run<'a, R, S> {
    fn new(
        setting: Setting,
        connection: Connection<R>,
        rx: RecvBuffer<S>,
        base: usize,
        record: &'a mut Record,
    ) -> Self {
        let tx = Sink::endless(std::mem::take(&mut record.replies));
        let in_chunks = setting.has(1);
        let mut run = Self { connection, rx, base, tx, record, in_chunks, calls: 0, bytes: 0, events: 0, reads: 0 };
        if setting.has(4) {
            run.connection.close(CloseCode::NORMAL, "done", &mut run.tx).expect("it is open, and there is room");
        }
        run
    }

    fn stream(mut self, stream: &[u8], mut cuts: Cuts) {
        let mut left = stream;
        while !left.is_empty() {
            let (mut piece, rest) = cuts.split(left);
            left = rest;
            loop {
                self.reads += 1;
                piece = &piece[self.read(piece)..];
                self.receive();
                if piece.is_empty() {
                    break;
                }
            }
        }
        self.finish();
    }

    /// Hands over as much of `piece` as there is room for.
    fn read(&mut self, piece: &[u8]) -> usize {
        let before = self.rx.capacity();
        let (taken, peak) = heap::peak(|| self.rx.extend_from_slice(piece));
        assert!(taken > 0 || piece.is_empty(), "no room to read into after `receive` has given None");
        self.bytes += taken;
        if self.base != usize::MAX {
            let held = before + peak;
            let allowed = 2 * self.bytes + self.base + FIXED_BYTES;
            assert!(held <= allowed, "{held} bytes of memory for {} received", self.bytes);
        }
        taken
    }

    /// Takes out all there is.
    fn receive(&mut self) {
        loop {
            self.calls += 1;
            let (connection, rx, record) = (&mut self.connection, &mut self.rx, &mut *self.record);
            let more = if self.in_chunks {
                heap::without(|| connection.receive_chunk(rx)).map(|event| event.map(|event| record.add_event(event)))
            } else {
                heap::without(|| connection.receive(rx)).map(|event| event.map(|event| record.add_message(event)))
            };
            self.connection.poll_transmit(&mut self.tx).expect("there is room");
            assert!(!self.connection.wants_transmit(), "poll_transmit has not written all it owed");
            match more {
                Ok(Some(())) => self.note(),
                Ok(None) => return,
                Err(error) => return self.fail(error),
            }
        }
    }

    fn note(&mut self) {
        self.events += 1;
        assert_eq!(self.record.error, None, "an event after an error");
        assert!(self.events <= self.bytes, "more events than bytes");
        let closes = self.record.events.iter().rev().skip(1).take(1).filter(|(mark, _)| matches!(mark, Mark::Close(_)));
        assert_eq!(closes.count(), 0, "an event after a Close");
    }

    /// An error stays, and what comes behind it is swallowed.
    fn fail(&mut self, error: ProtocolError) {
        assert!(!matches!(error, ProtocolError::Misuse(_)), "{error:?}");
        assert_eq!(*self.record.error.get_or_insert(error), error, "another error after the first");
        let _ = self.rx.extend_from_slice(b"\x81\x00more");
        assert_eq!(self.connection.receive(&mut self.rx).map(drop_event), Err(error), "an error went away");
        assert!(self.rx.is_empty(), "bytes behind an error were kept");
        assert!(!self.connection.wants_transmit() && !self.connection.can_send());
    }

    fn finish(mut self) {
        assert!(self.calls <= self.bytes + self.events + self.reads + 2, "{} calls", self.calls);
        let is_over = self.record.error.is_some() || matches!(self.record.events.last(), Some((Mark::Close(_), _)));
        assert_eq!(self.connection.transport() == Transport::Open, !is_over, "{:?}", self.connection);
        frames::check(&self.tx.bytes, !R::IS_SERVER);

        let ending = self.connection.handle_eof();
        assert_eq!(ending, self.connection.handle_eof());
        assert_eq!(self.connection.transport(), Transport::Closed);
        assert!(!self.connection.wants_transmit(), "something is owed to a transport that has ended");
        self.record.ending = Some(ending);
        self.record.replies = self.tx.bytes;
    }
}

fn drop_event(event: Option<Event<'_>>) -> bool {
    event.is_some()
}
