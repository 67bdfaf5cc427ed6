//! The same bytes to us, to RFC 6455 by the book, and to a strict peer.
//!
//! ```text
//! data   role, limit (1)   cuts (2)   stream …
//! ```
//!
//! *By the book* is the model of the crate's own tests: it has all the bytes before it, walks them once, and shares no
//! code with the crate. Events, close code and replies have to be the same, to the byte.
//!
//! The peer is `sockudo-ws`, of all Rust crates the one that checks most: shortest lengths, close codes, text within a
//! frame. Its `Protocol` does not touch a socket either. Where we disagree, one of us is wrong, or the RFC leaves it
//! open; every disagreement that is there to stay is a row of `differences.md`, and has its name where it is allowed
//! here.

mod book;

use bytes::BytesMut;
use sockudo_ws::protocol::{Message, Protocol, Role as PeerRole};
use websocket_proto::{Config, Connection, Event, ProtocolError, RecvBuffer, Role};

use crate::support::cuts::Cuts;
use crate::support::frames;
use book::model::{self, Limits, Verdict};
use book::script::Seen;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMIT: usize = 150;
/// As good as none, and a peer can add to it.
const NO_LIMIT: usize = 1 << 40;

pub fn run(data: &[u8]) {
    let [flags, first, second, stream @ ..] = data else { return };
    let subject = Subject { is_server: flags & 1 != 0, is_limited: flags & 2 != 0 };
    let cuts = Cuts::new(*first, *second);
    let ours = subject.ours(stream);
    subject.by_the_book(stream, &ours);
    subject.against_peer(stream, cuts, &ours);
}

#[derive(Clone, Copy)]
struct Subject {
    is_server: bool,
    is_limited: bool,
}

#[derive(Debug, Default)]
struct Ours {
    events: Vec<Seen>,
    error: Option<ProtocolError>,
    replies: Vec<u8>,
}

impl Subject {
    const fn limit(self) -> usize {
        if self.is_limited { LIMIT } else { NO_LIMIT }
    }

    fn ours(self, stream: &[u8]) -> Ours {
        let limit = self.limit() as u64;
        if self.is_server {
            receive(Connection::server(Config::server().max_message_bytes(limit).max_fragments(u32::MAX)), stream)
        } else {
            receive(Connection::client(Config::client().max_message_bytes(limit), || KEY), stream)
        }
    }

    fn by_the_book(self, stream: &[u8], ours: &Ours) {
        let limits = Limits { message: self.limit() as u64, ..Limits::NONE };
        let Verdict { events, refused, replies, .. } = model::judge(stream, self.is_server, limits);
        assert_eq!(ours.events, events, "other events than by the book");
        let code = ours.error.and_then(ProtocolError::close_code).map(u16::from);
        assert_eq!(code, refused, "another verdict than by the book: {:?}", ours.error);
        let mut left = &ours.replies[..];
        for (opcode, payload) in replies {
            let frame = frames::read(&mut left).expect("as many replies as by the book");
            assert!(frame.opcode() == opcode && frame.payload().eq(payload), "another reply than by the book");
        }
        assert!(left.is_empty(), "more replies than by the book");
        frames::check(&ours.replies, !self.is_server);
    }

    fn against_peer(self, stream: &[u8], cuts: Cuts, ours: &Ours) {
        self.compare(ours, &self.peer(stream, cuts));
        // D1: the peer judges some rules when a frame is whole. With nothing but whole frames it has to be as strict.
        let whole = whole_frames(stream);
        let (ours, peer) = (self.ours(whole), self.peer(whole, cuts));
        self.compare(&ours, &peer);
        assert_eq!(ours.error.is_some(), peer.error.is_some(), "{:?} and {:?}", ours.error, peer.error);
    }

    fn compare(self, ours: &Ours, peer: &Peer) {
        let shorter = ours.events.len().min(peer.events.len());
        assert_eq!(ours.events[..shorter], peer.events[..shorter], "the peer sees something else");
        assert!(ours.events.len() <= peer.events.len() || peer.error.is_some(), "the peer sees less: {peer:?}");
        assert!(ours.events.len() >= peer.events.len() || ours.error.is_some(), "the peer sees more: {peer:?}");
        assert!(peer.error.is_none() || ours.error.is_some(), "the peer refuses what we take: {peer:?}");
    }

    fn peer(self, stream: &[u8], mut cuts: Cuts) -> Peer {
        let role = if self.is_server { PeerRole::Server } else { PeerRole::Client };
        let mut protocol = Protocol::new(role, self.limit(), self.limit());
        let (mut rx, mut messages, mut peer) = (BytesMut::new(), Vec::new(), Peer::default());
        let mut left = stream;
        while !left.is_empty() {
            let (piece, rest) = cuts.split(left);
            left = rest;
            rx.extend_from_slice(piece);
            let outcome = protocol.process_into(&mut rx, &mut messages);
            for message in messages.drain(..) {
                peer.events.push(seen(&message));
                // D2: the peer goes on behind a Close.
                if message.is_close() {
                    return peer;
                }
            }
            if let Err(error) = outcome {
                peer.error = Some(error.to_string());
                return peer;
            }
        }
        peer
    }
}

#[derive(Debug, Default)]
struct Peer {
    events: Vec<Seen>,
    error: Option<String>,
}

fn receive<R: Role>(mut connection: Connection<R>, stream: &[u8]) -> Ours {
    let mut ours = Ours::default();
    let mut rx = RecvBuffer::with_capacity(stream.len());
    assert_eq!(rx.extend_from_slice(stream), stream.len());
    loop {
        let event = connection.receive(&mut rx);
        connection.poll_transmit(&mut ours.replies).expect("a Vec has room");
        match event {
            Ok(Some(event)) => ours.events.push(match event {
                Event::Text(text) => Seen::Text(text.to_owned()),
                Event::Binary(bytes) => Seen::Binary(bytes.to_vec()),
                Event::Ping(payload) => Seen::Ping(payload.to_vec()),
                Event::Pong(payload) => Seen::Pong(payload.to_vec()),
                Event::Close(close) => Seen::Close(close.code.as_u16(), close.reason.to_owned()),
            }),
            Ok(None) => return ours,
            Err(error) => {
                ours.error = Some(error);
                return ours;
            }
        }
    }
}

fn seen(message: &Message) -> Seen {
    match message {
        Message::Text(bytes) => Seen::Text(String::from_utf8(bytes.to_vec()).expect("the peer has checked it")),
        Message::Binary(bytes) => Seen::Binary(bytes.to_vec()),
        Message::Ping(payload) => Seen::Ping(payload.to_vec()),
        Message::Pong(payload) => Seen::Pong(payload.to_vec()),
        Message::Close(None) => Seen::Close(1005, String::new()),
        Message::Close(Some(close)) => Seen::Close(close.code, close.reason.clone()),
    }
}

/// As much of the stream as is whole frames, going by the lengths and no other rule.
fn whole_frames(stream: &[u8]) -> &[u8] {
    let mut left = stream;
    while let Some(rest) = behind_frame(left) {
        left = rest;
    }
    &stream[..stream.len() - left.len()]
}

fn behind_frame(bytes: &[u8]) -> Option<&[u8]> {
    let [_, second, rest @ ..] = bytes else { return None };
    let (len, rest) = match second & 0x7f {
        126 => rest.split_first_chunk().map(|(len, rest)| (u64::from(u16::from_be_bytes(*len)), rest))?,
        127 => rest.split_first_chunk().map(|(len, rest)| (u64::from_be_bytes(*len), rest))?,
        short => (u64::from(short), rest),
    };
    rest.get(if second & 0x80 == 0 { 0 } else { 4 }..)?.get(usize::try_from(len).ok()?..)
}
