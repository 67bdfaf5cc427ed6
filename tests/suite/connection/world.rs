//! A world without sockets and without time: one [`End`] against bytes, or a [`Pair`] of them whose transcript is kept.

use websocket_proto::close::CloseCode;
use websocket_proto::frame::{FrameHeader, Opcode, Parsed};
use websocket_proto::{
    Client, Config, Connection, Ending, Event, Instant, Limit, MessageKind, Misuse, ProtocolError, RecvBuffer, Role,
    SendBuffer, SendError, Server, Violation, mask,
};

use crate::message::KEY;

/// A send buffer of its own making: it has no `extend_masked`, and as much room as a test wants.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    pub(crate) capacity: usize,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self::of(usize::MAX)
    }

    pub(crate) const fn of(capacity: usize) -> Self {
        Self { bytes: Vec::new(), capacity }
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }
}

impl SendBuffer for Line {
    fn reserve(&mut self, additional: usize) -> bool {
        self.capacity - self.bytes.len() >= additional
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        assert!(self.bytes.len() <= self.capacity, "more was written than was asked for");
    }
}

/// An event that borrows nothing, or the error in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    Error(ProtocolError),
}

impl Seen {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn close(code: u16, reason: &str) -> Self {
        Self::Close(code, reason.into())
    }
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.into()),
            Event::Binary(bytes) => Self::Binary(bytes.into()),
            Event::Ping(payload) => Self::Ping(payload.into()),
            Event::Pong(payload) => Self::Pong(payload.into()),
            Event::Close(close) => Self::Close(close.code.as_u16(), close.reason.into()),
        }
    }
}

impl From<ProtocolError> for Seen {
    fn from(error: ProtocolError) -> Self {
        Self::Error(error)
    }
}

impl From<Violation> for Seen {
    fn from(violation: Violation) -> Self {
        Self::Error(violation.into())
    }
}

impl From<Limit> for Seen {
    fn from(limit: Limit) -> Self {
        Self::Error(limit.into())
    }
}

impl From<Misuse> for Seen {
    fn from(misuse: Misuse) -> Self {
        Self::Error(misuse.into())
    }
}

pub(crate) type Keys = fn() -> [u8; 4];

/// One end: a connection with its buffers.
pub(crate) struct End<R> {
    pub(crate) connection: Connection<R>,
    pub(crate) rx: RecvBuffer<[u8; 8192]>,
    pub(crate) tx: Line,
}

pub(crate) fn server(config: Config) -> End<Server> {
    End { connection: Connection::server(config), rx: RecvBuffer::from([0; 8192]), tx: Line::new() }
}

pub(crate) fn client(config: Config) -> End<Client<Keys>> {
    let keys: Keys = || KEY;
    End { connection: Connection::client(config, keys), rx: RecvBuffer::from([0; 8192]), tx: Line::new() }
}

impl<R: Role> End<R> {
    /// The bytes come from the transport; gives all events, up to the first error. Nothing that is owed is written.
    pub(crate) fn get(&mut self, mut bytes: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        loop {
            let taken = self.rx.extend_from_slice(bytes);
            bytes = &bytes[taken..];
            loop {
                match self.connection.receive(&mut self.rx) {
                    Ok(Some(event)) => seen.push(event.into()),
                    Ok(None) => break,
                    Err(error) => {
                        seen.push(error.into());
                        return seen;
                    }
                }
            }
            if bytes.is_empty() {
                return seen;
            }
        }
    }

    /// Everything that the protocol owes, and with it what was sent before.
    pub(crate) fn owed(&mut self) -> Vec<u8> {
        self.connection.poll_transmit(&mut self.tx).unwrap();
        assert!(!self.connection.wants_transmit());
        self.tx.take()
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), SendError> {
        self.connection.send_text(text, &mut self.tx)
    }

    pub(crate) fn binary(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        self.connection.send_binary(bytes, &mut self.tx)
    }

    pub(crate) fn fragment(&mut self, kind: MessageKind, bytes: &[u8], is_last: bool) -> Result<(), SendError> {
        self.connection.send_fragment(kind, bytes, is_last, &mut self.tx)
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.connection.send_ping(payload, &mut self.tx)
    }

    pub(crate) fn close(&mut self, code: u16, reason: &str) -> Result<(), SendError> {
        self.connection.close(CloseCode::new(code), reason, &mut self.tx)
    }

    pub(crate) fn eof(&mut self) -> (u16, bool) {
        let Ending { code, is_clean } = self.connection.handle_eof();
        (code.as_u16(), is_clean)
    }
}

/// What the end gets from `bytes`, which must not depend on how they are cut or what follows; and what it owes then.
pub(crate) fn three_ways<R: Role>(new: impl Fn() -> End<R>, bytes: &[u8], expected: &[Seen]) -> Vec<u8> {
    let mut whole = new();
    assert_eq!(whole.get(bytes), expected, "whole: {bytes:02x?}");

    let mut bytewise = new();
    let mut seen: Vec<Seen> = Vec::new();
    for byte in bytes {
        seen.extend(bytewise.get(&[*byte]));
        if matches!(seen.last(), Some(Seen::Error(_))) {
            break;
        }
    }
    assert_eq!(seen, expected, "byte by byte: {bytes:02x?}");

    let mut trailing = new();
    let seen = trailing.get(&[bytes, &[0x8A]].concat()); // the start of a Pong
    assert_eq!(seen, expected, "with trailing bytes: {bytes:02x?}");

    let owed = whole.owed();
    assert_eq!(bytewise.owed(), owed);
    assert_eq!(trailing.owed(), owed);
    owed
}

/// A client and a server, the wires between them, a clock, and a record of what was said.
pub(crate) struct Pair {
    pub(crate) client: End<Client<Keys>>,
    pub(crate) server: End<Server>,
    pub(crate) now: Instant,
    transcript: Vec<String>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(Config::client(), Config::server())
    }

    pub(crate) fn with(of_client: Config, of_server: Config) -> Self {
        Self { client: client(of_client), server: server(of_server), now: Instant::EPOCH, transcript: Vec::new() }
    }

    /// Carries frames both ways until nobody has anything to say.
    pub(crate) fn drive(&mut self) {
        while self.carry_to_server() | self.carry_to_client() {}
    }

    /// One flight from the client. True when there was one.
    pub(crate) fn carry_to_server(&mut self) -> bool {
        carry(&mut self.client, "client", &mut self.server, "server", &mut self.transcript)
    }

    /// One flight from the server.
    pub(crate) fn carry_to_client(&mut self) -> bool {
        carry(&mut self.server, "server", &mut self.client, "client", &mut self.transcript)
    }

    /// Lets time pass until `until` (in milliseconds), waking each end when it has asked for it.
    pub(crate) fn sleep_until(&mut self, until: u64) {
        let until = Instant::from_millis(until);
        loop {
            let next = [self.client.connection.poll_timeout(), self.server.connection.poll_timeout()];
            let Some(next) = next.into_iter().flatten().min().filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            wake(&mut self.client, "client", self.now, &mut self.transcript);
            wake(&mut self.server, "server", self.now, &mut self.transcript);
            self.drive();
        }
        self.now = until;
    }

    /// What was said since the last look.
    pub(crate) fn transcript(&mut self) -> Vec<String> {
        core::mem::take(&mut self.transcript)
    }
}

fn wake<R: Role>(end: &mut End<R>, name: &str, now: Instant, transcript: &mut Vec<String>) {
    if end.connection.poll_timeout().is_none_or(|moment| moment > now) {
        return;
    }
    if let Err(error) = end.connection.handle_timeout(now) {
        transcript.push(format!("{} ms: {name} fails: {error}", now.as_micros() / 1_000));
    }
    if end.connection.wants_transmit() {
        transcript.push(format!("{} ms:", now.as_micros() / 1_000));
    }
}

fn carry<A: Role, B: Role>(
    from: &mut End<A>,
    sender: &str,
    to: &mut End<B>,
    receiver: &str,
    transcript: &mut Vec<String>,
) -> bool {
    let bytes = from.owed();
    if bytes.is_empty() {
        return false;
    }
    transcript.extend(frames(&bytes).into_iter().map(|frame| format!("{sender} sends {frame}")));
    transcript.extend(to.get(&bytes).iter().map(|seen| format!("{receiver} {}", describe(seen))));
    true
}

fn describe(seen: &Seen) -> String {
    match seen {
        Seen::Text(text) => format!("gets text {text:?}"),
        Seen::Binary(bytes) => format!("gets binary {}", bytes.escape_ascii()),
        Seen::Ping(payload) => format!("gets ping {}", payload.escape_ascii()),
        Seen::Pong(payload) => format!("gets pong {}", payload.escape_ascii()),
        Seen::Close(code, reason) => format!("gets close {code} {reason:?}"),
        Seen::Error(error) => format!("fails: {error}"),
    }
}

/// The frames on the wire, as a reader of the transcript wants to see them.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<String> {
    let mut frames = Vec::new();
    while let Parsed::Complete { header, encoded_len } = FrameHeader::parse(bytes) {
        let (payload, rest) = bytes[encoded_len..].split_at(header.payload_len as usize);
        let mut payload = payload.to_vec();
        mask::apply(&mut payload, header.mask.unwrap_or_default());
        bytes = rest;
        let more = if header.fin { "" } else { "…" };
        let shown = match (header.opcode, payload.split_first_chunk()) {
            (Opcode::CLOSE, Some((code, reason))) => {
                format!("{} \"{}\"", u16::from_be_bytes(*code), reason.escape_ascii())
            }
            _ => payload.escape_ascii().to_string(),
        };
        frames.push(format!("{} {shown}{more}", header.opcode).trim_end().to_string());
    }
    assert!(bytes.is_empty(), "frames are written whole");
    frames
}
