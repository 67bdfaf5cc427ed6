//! A server, and whatever claims to be a request.
//!
//! ```text
//! data   setting (1)   cuts (2)   bytes …
//! ```
//!
//! The bytes go to two servers that are alike, to one whole and to the other in reads. Both have to come to the same
//! request or the same error, at the same place, and give the same answer. Beside that:
//!
//! * The headers that the request shows are those that `httparse` reads.
//! * A request that is accepted has what RFC 6455 §4.2.1 wants, counted by hand, and the answer is a 101 with exactly the
//!   headers that it should have; any other answer is one that says that the connection closes.
//! * The same headers, given by an HTTP library, get the same decision.
//! * What stands behind the head stays where it is. An error stays. Memory is bounded, and looking allocates nothing.

use std::cell::RefCell;

use websocket_proto::handshake::server::{Handshake, Origins, Reply, Request, RequestLine, accept};
use websocket_proto::handshake::{Fields, HttpVersion};
use websocket_proto::{HandshakeError, HandshakeMisuse, RecvBuffer, Storage};

use crate::support::cuts::Cuts;
use crate::support::heap;
use crate::support::http::Head;

const LISTED: &[&str] = &["https://example.com", "http://localhost:3000"];
const OURS: &[&str] = &["superchat", "chat"];

/// A buffer that does not grow: a limit that is not in the configuration.
const FIXED_BYTES: usize = 300;

pub fn run(data: &[u8]) {
    let [flags, first, second, bytes @ ..] = data else { return };
    thread_local! {
        static OUTCOMES: RefCell<[Outcome; 2]> = RefCell::default();
    }
    let setting = Setting(*flags);
    OUTCOMES.with_borrow_mut(|[whole, cut]| {
        setting.feed(bytes, Cuts::WHOLE, whole);
        setting.feed(bytes, Cuts::new(*first, *second), cut);
        assert!(whole == cut, "whole: {whole:?}\nin reads of {first} and {second}: {cut:?}");
    });
}

#[derive(Clone, Copy)]
struct Setting(u8);

impl Setting {
    const fn has(self, bit: u8) -> bool {
        self.0 & 1 << bit != 0
    }

    const fn origins(self) -> Origins<'static> {
        match self.0 & 3 {
            0 | 1 => Origins::SameHost,
            2 => Origins::Listed(LISTED),
            _ => Origins::Any,
        }
    }

    fn handshake(self) -> Handshake {
        let handshake = Handshake::new();
        let handshake = if self.has(2) { handshake.max_head_bytes(200) } else { handshake };
        if self.has(3) { handshake.max_headers(6) } else { handshake }
    }

    fn feed(self, bytes: &[u8], cuts: Cuts, outcome: &mut Outcome) {
        outcome.clear();
        if self.has(4) {
            let mut memory = [0; FIXED_BYTES];
            self.feed_to(RecvBuffer::from(&mut memory[..]), bytes, cuts, outcome);
        } else {
            let (rx, peak) = heap::peak(|| RecvBuffer::with_capacity(139));
            assert_eq!(peak, 0, "memory before anything has come");
            self.feed_to(rx, bytes, cuts, outcome);
        }
    }

    fn feed_to<S: Storage>(self, mut rx: RecvBuffer<S>, bytes: &[u8], mut cuts: Cuts, outcome: &mut Outcome) {
        let mut handshake = self.handshake();
        let mut left = bytes;
        let mut fed = 0;
        let mut is_over = false;
        while !left.is_empty() && !is_over {
            let (mut piece, rest) = cuts.split(left);
            left = rest;
            loop {
                let before = rx.capacity();
                let (taken, peak) = heap::peak(|| rx.extend_from_slice(piece));
                assert!(taken > 0 || piece.is_empty(), "no room to read into");
                fed += taken;
                assert!(before + peak <= 2 * fed + 4096, "{} bytes of memory for {fed}", before + peak);
                piece = &piece[taken..];
                match heap::without(|| handshake.receive(&mut rx)) {
                    Ok(None) => {}
                    Ok(Some(request)) => {
                        outcome.take_request(&request, self.origins());
                        is_over = true;
                    }
                    Err(error) => {
                        outcome.error = Some(error);
                        is_over = true;
                    }
                }
                if piece.is_empty() || is_over {
                    break;
                }
            }
        }
        assert_eq!(handshake.is_begun(), fed > 0);
        outcome.taken = fed - rx.unread().len();
        if is_over {
            let end = outcome.error.unwrap_or(HandshakeMisuse::Finished.into());
            let _ = rx.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
            assert_eq!(handshake.receive(&mut rx).err(), Some(end), "an end that is none");
            assert_eq!(handshake.handle_eof().err(), outcome.error);
        } else {
            assert_eq!(handshake.handle_eof(), Err(HandshakeError::Eof));
        }
        outcome.check(&bytes[..outcome.taken]);
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// The request as it was shown; empty if there was none.
    shown: Vec<u8>,
    error: Option<HandshakeError>,
    /// How many bytes were taken out.
    taken: usize,
    /// Why it was not accepted.
    refused: Option<HandshakeError>,
    reply: Vec<u8>,
}

impl Outcome {
    fn clear(&mut self) {
        self.shown.clear();
        self.error = None;
        self.taken = 0;
        self.refused = None;
        self.reply.clear();
    }

    fn take_request(&mut self, request: &Request<'_>, origins: Origins<'_>) {
        self.show(&[request.method().as_bytes(), request.target().as_bytes(), request.path().as_bytes()]);
        for header in request.headers() {
            self.show(&[header.name().as_bytes(), header.value()]);
        }
        let fields: Fields<'_> = request.headers().iter().map(|header| (header.name(), header.value())).collect();
        let line = RequestLine { method: request.method(), target: request.target(), version: request.version() };
        let elsewhere = accept(&line, &fields, origins).map(|accept| *accept.accept_key());
        match request.accept(origins) {
            Ok(accept) => {
                assert_eq!(elsewhere, Ok(*accept.accept_key()), "from parsed headers it is another decision");
                let accept = accept.choose_subprotocol(OURS);
                let accepted = accept.write(&mut self.reply).expect("a Vec has room");
                assert_eq!(accepted.subprotocol(), accept.chosen_subprotocol());
                check_accepted(request, accepted.subprotocol(), accept.accept_key(), &self.reply);
            }
            Err(error) => {
                assert_eq!(elsewhere, Err(error), "from parsed headers it is another decision");
                self.refused = Some(error);
                self.refuse(error);
            }
        }
    }

    fn show(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| {
            self.shown.extend_from_slice(part);
            self.shown.push(0);
        });
        self.shown.push(b'\n');
    }

    fn refuse(&mut self, error: HandshakeError) {
        Reply::to_error(error).write(&mut self.reply).expect("a Vec has room");
    }

    /// `head` is what was taken out.
    fn check(&mut self, head: &[u8]) {
        if let Some(error) = self.error {
            assert!(self.shown.is_empty());
            self.refuse(error);
        } else if self.shown.is_empty() {
            assert!(head.is_empty(), "a head was taken out and not shown");
            return;
        } else {
            let raw = Head::of_request(head);
            assert!(raw.body.is_empty(), "more than the head was taken out");
            let mut shown = self.shown.split(|byte| *byte == b'\n').skip(1);
            for (name, value) in &raw.headers {
                let line = shown.next().unwrap_or_default();
                assert!(line == [name.as_bytes(), b"\0", value, b"\0"].concat(), "{} is not shown", name);
            }
            assert_eq!(shown.next(), Some(&b""[..]), "more headers are shown than there are");
        }
        let (reply, status) = Head::of_response(&self.reply);
        if let Some(error) = self.error.or(self.refused) {
            assert_eq!(status, error.status());
            assert!(reply.one("Connection").is_some_and(|value| value.starts_with(b"close")));
            assert_eq!(reply.one("Content-Length"), Some(&b"0"[..]));
            assert!(reply.body.is_empty());
        }
    }
}

/// RFC 6455 §4.2.1 and §4.2.2, by hand.
fn check_accepted(request: &Request<'_>, subprotocol: Option<&str>, key: &[u8; 28], reply: &[u8]) {
    let count = |name: &str| request.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count();
    let value = |name: &str| request.headers().find(name).map(|header| header.value()).unwrap_or_default();
    assert_eq!((request.method(), request.version()), ("GET", HttpVersion::Http11));
    for name in ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"] {
        assert_eq!(count(name), 1, "{name}");
    }
    assert!(count("Upgrade") >= 1 && count("Connection") >= 1 && count("Transfer-Encoding") == 0);
    assert_eq!((value("Sec-WebSocket-Version"), value("Sec-WebSocket-Key").len()), (&b"13"[..], 24));

    let (reply, status) = Head::of_response(reply);
    let mut expected: Vec<(&str, &[u8])> =
        vec![("Upgrade", b"websocket"), ("Connection", b"Upgrade"), ("Sec-WebSocket-Accept", key)];
    if let Some(name) = subprotocol {
        assert!(request.subprotocols().any(|offer| offer == name), "a subprotocol that was not offered");
        expected.push(("Sec-WebSocket-Protocol", name.as_bytes()));
    }
    assert_eq!((status, reply.headers, reply.body), (101, expected, &b""[..]));
}
