//! A server's end from its first byte on: the handshake and the connection in one, beside the two by hand.
//!
//! ```text
//! data   setting (1)   room (1)   cuts (2)   bytes …
//! ```
//!
//! The bytes go to two sessions that are alike, to one whole and to the other in reads; to a third end, which is a
//! handshake and then a connection, and knows nothing of sessions; and to a session that finds its send buffer full when
//! it is to answer. All four have to see the same messages, come to the same end, and write the same. Beside that:
//!
//! * A refusal is written once, when there is room for it; nothing is kept of what comes behind it, and there is room to
//!   read into at any time.
//! * Time passes in the end: a client that does not go is given up, and nothing is owed or waited for afterwards.
//! * What is written is one head that `httparse` reads, and, if it is a 101, frames.
//!
//! A bit of `setting` puts a sound request before the bytes, so that the fuzzer need not write one to get behind it.

use std::cell::RefCell;
use std::time::Duration;

use websocket_proto::close::CloseCode;
use websocket_proto::handshake::server::{Accepted, Handshake, Origins, Reply};
use websocket_proto::{
    Config, Connection, Ending, Error, Event, Instant, RecvBuffer, SendError, Server, ServerSession, Transport,
};

use crate::support::cuts::Cuts;
use crate::support::http::Head;
use crate::support::send::Sink;
use crate::support::{frames, heap};

/// What `poll_transmit` may have to write, at most.
const REPLY_BYTES: usize = 256;
const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub fn run(data: &[u8]) {
    let [flags, room, first, second, bytes @ ..] = data else { return };
    thread_local! {
        static STREAM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let setting = Setting { flags: *flags };
    STREAM.with_borrow_mut(|stream| {
        stream.clear();
        stream.extend_from_slice(if setting.has(0) { REQUEST } else { b"" });
        stream.extend_from_slice(bytes);
        let cuts = Cuts::new(*first, *second);
        let whole = setting.feed(stream, Cuts::WHOLE, setting.session(), usize::MAX);
        let cut = setting.feed(stream, cuts, setting.session(), usize::MAX);
        assert!(whole == cut, "whole: {whole:?}\nin reads of {first} and {second}: {cut:?}");
        let by_hand = setting.feed(stream, cuts, ByHand::new(setting), usize::MAX);
        assert!(whole == by_hand, "a session: {whole:?}\nby hand: {by_hand:?}");
        // A handshake that is answered step by step has to have room: without, it is refused for a fault of the server's.
        if setting.has(4) {
            let late = setting.feed(stream, cuts, setting.session(), usize::from(*room));
            assert!(whole == late, "with room: {whole:?}\ndrained late: {late:?}");
        }
    });
}

#[derive(Clone, Copy)]
struct Setting {
    flags: u8,
}

/// What came of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    messages: Vec<Vec<u8>>,
    error: Option<Error>,
    written: Vec<u8>,
    /// What to do with the transport when all has been received, and when the client has had its time.
    transports: Vec<Transport>,
    ending: Option<Ending>,
}

/// A server's end, made in one way or another.
trait End {
    /// Receives all there is and answers it.
    fn turn(&mut self, setting: Setting, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink, messages: &mut Vec<Vec<u8>>);
    fn transmit(&mut self, tx: &mut Sink) -> Result<(), SendError>;
    fn transport(&self) -> Transport;
    fn fault(&self) -> Option<Error>;
    fn handle_timeout(&mut self, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn handle_eof(&mut self) -> Ending;
}

impl Setting {
    const fn has(self, bit: u8) -> bool {
        self.flags & 1 << bit != 0
    }

    fn handshake(self) -> Handshake {
        let handshake = Handshake::new();
        if self.has(1) { handshake.max_head_bytes(300).max_headers(8) } else { handshake }
    }

    fn config(self) -> Config {
        let config = Config::server().close_timeout(Some(Duration::from_secs(1)));
        if self.has(2) { config.max_message_bytes(100).max_fragments(3).max_control_frames(3) } else { config }
    }

    const fn origins(self) -> Origins<'static> {
        if self.has(3) { Origins::Any } else { Origins::SameHost }
    }

    fn session(self) -> ServerSession {
        ServerSession::new(self.handshake(), self.config())
    }

    /// In one call; or step by step, where there is another page on `/page`.
    fn answer(self, handshake: &mut Handshake, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink) -> Answer {
        if self.has(4) {
            return handshake.answer(rx, self.origins(), tx);
        }
        let Some(request) = handshake.receive(rx)? else { return Ok(None) };
        if request.path() == "/page" {
            request.reply(404)?.write(tx)?;
            return Ok(None);
        }
        Ok(Some(request.accept(self.origins())?.write(tx)?))
    }

    /// All of a stream. In each turn there is `room` for the answer to a request, and all the room that echoes need.
    fn feed(self, stream: &[u8], mut cuts: Cuts, mut end: impl End, room: usize) -> Outcome {
        let (mut rx, mut outcome) = (RecvBuffer::with_capacity(256), Outcome::default());
        let mut tx = Sink::endless(Vec::new());
        let mut left = stream;
        while !left.is_empty() {
            let (mut piece, rest) = cuts.split(left);
            left = rest;
            while !piece.is_empty() {
                tx.room = room;
                let (taken, peak) = heap::peak(|| rx.extend_from_slice(piece));
                assert!(taken > 0, "no room to read into");
                assert!(peak <= 2 * stream.len() + 4096, "{peak} bytes of memory for {}", stream.len());
                piece = &piece[taken..];
                end.turn(self, &mut rx, &mut tx, &mut outcome.messages);
                assert_eq!(end.transmit(&mut tx), Ok(()), "there is room");
                assert!(end.transport() == Transport::Open || rx.is_empty(), "kept behind the end");
            }
        }
        outcome.transports.push(end.transport());
        outcome.error = end.fault();
        self.pass_time(&mut end, &mut tx, &mut outcome);
        outcome.ending = Some(end.handle_eof());
        assert_eq!((end.transport(), end.poll_timeout()), (Transport::Closed, None));
        outcome.written = tx.bytes;
        check(&outcome);
        outcome
    }

    /// Whoever is to go, and does not, is given up; the others are not.
    fn pass_time(self, end: &mut impl End, tx: &mut Sink, outcome: &mut Outcome) {
        if self.has(5) {
            return;
        }
        tx.room = usize::MAX;
        end.handle_timeout(Instant::EPOCH);
        end.handle_timeout(Instant::EPOCH + Duration::from_secs(5));
        assert_eq!(end.transmit(tx), Ok(()), "there is room");
        let expected = match outcome.transports[0] {
            Transport::Open => Transport::Open,
            _ => Transport::Closed,
        };
        assert_eq!(end.transport(), expected);
        outcome.transports.push(expected);
    }
}

type Answer = Result<Option<Accepted<'static>>, Error>;

fn echo(connection: &mut Connection<Server>, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink, messages: &mut Vec<Vec<u8>>) {
    while let Ok(Some(event)) = connection.receive(rx) {
        if let Event::Close(close) = event {
            messages.push(close.reason.as_bytes().to_vec());
        } else if let Some(message) = event.message() {
            messages.push(message.as_bytes().to_vec());
            // The peer takes all of it in time, whatever has come at once.
            tx.room = tx.room.max(message.as_bytes().len() + REPLY_BYTES);
            connection.send_message(message, tx).expect("there is room, and it is open");
        }
        tx.room = tx.room.max(REPLY_BYTES);
        connection.poll_transmit(tx).expect("there is room");
    }
}

impl End for ServerSession {
    fn turn(&mut self, setting: Setting, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink, messages: &mut Vec<Vec<u8>>) {
        let before = tx.bytes.len();
        let opened = self.open(rx, |handshake, rx| setting.answer(handshake, rx, tx)).map(|_| ());
        if let Err(Error::Send(SendError::Full { needed })) = opened {
            assert_eq!((self.fault(), self.transport(), tx.bytes.len()), (None, Transport::Open, before));
            tx.room = needed;
        }
        let opened = self.open(rx, |handshake, rx| setting.answer(handshake, rx, tx));
        let failed = match opened {
            Ok(Some(connection)) => {
                echo(connection, rx, tx, messages);
                None
            }
            opened => opened.err(),
        };
        assert!(failed.is_none() || self.fault() == failed, "`fault` keeps what `open` gives");
    }

    fn transmit(&mut self, tx: &mut Sink) -> Result<(), SendError> {
        // First with nothing to write into: either nothing is owed, or nothing is lost.
        let room = std::mem::take(&mut tx.room);
        let (before, first) = (tx.bytes.len(), self.poll_transmit(tx));
        assert_eq!(tx.bytes.len(), before, "written where there is no room");
        tx.room = room.max(REPLY_BYTES);
        let second = self.poll_transmit(tx);
        assert_eq!(first.is_err(), tx.bytes.len() > before, "{first:?}");
        second
    }

    fn transport(&self) -> Transport {
        Self::transport(self)
    }

    fn fault(&self) -> Option<Error> {
        Self::fault(self)
    }

    fn handle_timeout(&mut self, now: Instant) {
        let _ = Self::handle_timeout(self, now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn handle_eof(&mut self) -> Ending {
        Self::handle_eof(self)
    }
}

/// The handshake, then the connection, and between them what a caller without a session has to think of.
struct ByHand {
    handshake: Handshake,
    config: Config,
    connection: Option<Connection<Server>>,
    is_refused: bool,
    is_over: bool,
    error: Option<Error>,
}

impl ByHand {
    fn new(setting: Setting) -> Self {
        let (handshake, config) = (setting.handshake(), setting.config());
        Self { handshake, config, connection: None, is_refused: false, is_over: false, error: None }
    }

    fn handshake(&mut self, setting: Setting, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink) {
        let before = tx.bytes.len();
        match setting.answer(&mut self.handshake, rx, tx) {
            Ok(Some(accepted)) => self.connection = Some(accepted.connection(self.config.clone())),
            Ok(None) => self.is_refused = tx.bytes.len() > before,
            Err(Error::Handshake(error)) => {
                (self.is_refused, self.error) = (true, Some(error.into()));
                // `Handshake::answer` has written the reply to what it refuses.
                if !setting.has(4) {
                    Reply::to_error(error).write(tx).expect("there is room");
                }
            }
            Err(error) => panic!("{error:?} in a handshake with room to answer"),
        }
    }
}

impl End for ByHand {
    fn turn(&mut self, setting: Setting, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Sink, messages: &mut Vec<Vec<u8>>) {
        if self.connection.is_none() && !self.is_refused {
            self.handshake(setting, rx, tx);
        }
        match &mut self.connection {
            Some(connection) => echo(connection, rx, tx, messages),
            None if self.is_refused => rx.clear(),
            None => {}
        }
    }

    fn transmit(&mut self, tx: &mut Sink) -> Result<(), SendError> {
        self.connection.as_mut().map_or(Ok(()), |connection| connection.poll_transmit(tx))
    }

    fn transport(&self) -> Transport {
        match &self.connection {
            Some(connection) => connection.transport(),
            None if self.is_over => Transport::Closed,
            None if self.is_refused => Transport::FlushThenClose,
            None => Transport::Open,
        }
    }

    fn fault(&self) -> Option<Error> {
        self.error.or_else(|| self.connection.as_ref()?.fault().map(Error::Protocol))
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.connection {
            Some(connection) => drop(connection.handle_timeout(now)),
            None => self.is_over = self.is_refused && now > Instant::EPOCH,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.connection.as_ref().and_then(Connection::poll_timeout)
    }

    fn handle_eof(&mut self) -> Ending {
        self.is_over = true;
        let none = Ending { code: CloseCode::ABNORMAL, is_clean: false };
        self.connection.as_mut().map_or(none, Connection::handle_eof)
    }
}

/// One head, and frames behind it if it says so.
fn check(outcome: &Outcome) {
    if outcome.written.is_empty() {
        assert_eq!((outcome.messages.len(), outcome.transports[0]), (0, Transport::Open));
        return;
    }
    let (head, status) = Head::of_response(&outcome.written);
    if status == 101 {
        frames::check(head.body, false);
    } else {
        assert!(head.body.is_empty(), "something was written behind a refusal");
        assert_eq!((outcome.messages.len(), outcome.transports[0]), (0, Transport::FlushThenClose));
    }
}
