//! A client, and whatever claims to be the answer to its request.
//!
//! ```text
//! data   setting (1)   cuts (2)   bytes …
//! ```
//!
//! As with `handshake_request`: the same outcome whatever the cuts, body included. Beside that:
//!
//! * A connection is established by nothing but a 101 that has, as `httparse` reads it, the one right
//!   `Sec-WebSocket-Accept`, `Upgrade: websocket`, `Connection: upgrade`, a subprotocol of ours or none, and no extension.
//! * A body in chunks is what a reader that has all of it before it takes out of the chunks.

use std::cell::RefCell;

use websocket_proto::handshake::client::{Body, Handshake, Request, Response};
use websocket_proto::{HandshakeError, HandshakeMisuse, RecvBuffer, Storage};

use crate::support::cuts::Cuts;
use crate::support::heap;
use crate::support::http::Head;

const NONCE: [u8; 16] = *b"the sample nonce";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const OFFERS: &[&str] = &["chat", "superchat"];
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

#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    error: Option<HandshakeError>,
    is_established: bool,
    subprotocol: Option<&'static str>,
    /// Of the answer, if there was one.
    status: Option<u16>,
    /// All that was shown, one behind the other.
    shown: Vec<u8>,
    /// Where the final head ends in all that came.
    head_end: usize,
    body: Vec<u8>,
    body_error: Option<HandshakeError>,
    is_complete: bool,
    remaining: Option<u64>,
}

impl Setting {
    const fn has(self, bit: u8) -> bool {
        self.0 & 1 << bit != 0
    }

    fn handshake(self) -> Handshake<'static> {
        let request = Request::new("example.com", "/").and_then(|request| request.subprotocols(OFFERS));
        let handshake = Handshake::new(request.expect("a legal request"), NONCE);
        let handshake = if self.has(2) { handshake.max_head_bytes(250) } else { handshake };
        if self.has(3) { handshake.max_headers(6) } else { handshake }
    }

    fn feed(self, bytes: &[u8], cuts: Cuts, outcome: &mut Outcome) {
        let (mut shown, mut body) = (std::mem::take(&mut outcome.shown), std::mem::take(&mut outcome.body));
        shown.clear();
        body.clear();
        *outcome = Outcome { shown, body, ..Outcome::default() };
        if self.has(4) {
            let mut memory = [0; FIXED_BYTES];
            Run::new(self, RecvBuffer::from(&mut memory[..]), outcome).feed(bytes, cuts);
        } else {
            Run::new(self, RecvBuffer::with_capacity(139), outcome).feed(bytes, cuts);
        }
    }
}

struct Run<'o, S> {
    handshake: Handshake<'static>,
    rx: RecvBuffer<S>,
    outcome: &'o mut Outcome,
    body: Option<Body>,
    fed: usize,
}

impl<'o, S: Storage> Run<'o, S> {
    fn new(setting: Setting, rx: RecvBuffer<S>, outcome: &'o mut Outcome) -> Self {
        let mut handshake = setting.handshake();
        handshake.write_request(&mut Discard).expect("it takes everything");
        Self { handshake, rx, outcome, body: None, fed: 0 }
    }

    fn feed(mut self, bytes: &[u8], mut cuts: Cuts) {
        let mut left = bytes;
        while !left.is_empty() && !self.is_over() {
            let (mut piece, rest) = cuts.split(left);
            left = rest;
            loop {
                piece = &piece[self.read(piece)..];
                self.receive();
                if piece.is_empty() || self.is_over() {
                    break;
                }
            }
        }
        self.finish(bytes);
    }

    fn is_over(&self) -> bool {
        let Outcome { error, is_established, body_error, .. } = &*self.outcome;
        error.is_some() || *is_established || body_error.is_some() || self.body.is_some_and(|body| body.is_complete())
    }

    fn read(&mut self, piece: &[u8]) -> usize {
        let before = self.rx.capacity();
        let rx = &mut self.rx;
        let (taken, peak) = heap::peak(|| rx.extend_from_slice(piece));
        assert!(taken > 0 || piece.is_empty(), "no room to read into");
        self.fed += taken;
        assert!(before + peak <= 2 * self.fed + 4096, "{} bytes of memory for {}", before + peak, self.fed);
        taken
    }

    fn receive(&mut self) {
        if self.body.is_none() {
            self.receive_head();
        }
        let Some(body) = &mut self.body else { return };
        loop {
            let rx = &mut self.rx;
            match heap::without(|| body.receive(rx)) {
                Ok(None) => return,
                Ok(Some(bytes)) => {
                    assert!(!bytes.is_empty());
                    self.outcome.body.extend_from_slice(bytes);
                }
                Err(error) => {
                    self.outcome.body_error = Some(error);
                    assert_eq!(body.receive(&mut self.rx), Err(error), "an error went away");
                    return;
                }
            }
        }
    }

    fn receive_head(&mut self) {
        let (handshake, rx) = (&mut self.handshake, &mut self.rx);
        let outcome = &mut *self.outcome;
        match heap::without(|| handshake.receive(rx)) {
            Ok(None) => return,
            Ok(Some(Response::Established(established))) => {
                outcome.is_established = true;
                outcome.subprotocol = established.subprotocol();
                outcome.status = Some(101);
                outcome.shown.extend(established.headers().iter().flat_map(|header| header.value()));
            }
            Ok(Some(Response::Refused(refused))) => {
                assert_ne!(refused.status(), 101);
                outcome.status = Some(refused.status());
                outcome.shown.extend_from_slice(refused.reason().as_bytes());
                outcome.shown.extend(refused.headers().iter().flat_map(|header| header.value()));
                self.body = Some(refused.body());
            }
            Err(error) => outcome.error = Some(error),
        }
        self.outcome.head_end = self.fed - self.rx.unread().len();
    }

    fn finish(mut self, bytes: &[u8]) {
        if let Some(mut body) = self.body {
            let ended = body.handle_eof();
            self.outcome.is_complete = ended.is_ok();
            self.outcome.remaining = body.remaining();
            assert_eq!(self.outcome.body_error.is_some(), matches!(ended, Err(HandshakeError::Malformed(_))));
        }
        if self.outcome.status.is_none() {
            let error = self.outcome.error.unwrap_or(HandshakeError::Eof);
            assert_eq!(self.handshake.handle_eof(), Err(error));
            assert_eq!(self.handshake.receive(&mut self.rx).err(), Some(error), "an error went away");
            return;
        }
        assert_eq!(self.handshake.handle_eof(), Ok(()));
        let end = HandshakeMisuse::Finished.into();
        assert_eq!(self.handshake.receive(&mut self.rx).err(), Some(end), "a second answer");
        self.outcome.check(&bytes[..self.outcome.head_end], &bytes[self.outcome.head_end..]);
    }
}

impl Outcome {
    /// `heads`: the interim answers, and the final one.
    fn check(&self, mut heads: &[u8], behind: &[u8]) {
        let head = loop {
            let (head, status) = Head::of_response(heads);
            if head.body.is_empty() {
                assert_eq!(Some(status), self.status);
                break head;
            }
            assert!((100..200).contains(&status) && status != 101, "an answer with {status} was skipped");
            heads = head.body;
        };
        if self.is_established {
            assert_eq!(head.one("Sec-WebSocket-Accept"), Some(ACCEPT));
            assert!(head.names("Upgrade", b"websocket") && head.names("Connection", b"upgrade"));
            assert_eq!(head.all("Sec-WebSocket-Extensions").count(), 0);
            assert_eq!(head.one("Sec-WebSocket-Protocol"), self.subprotocol.map(str::as_bytes));
            assert!(self.subprotocol.is_none_or(|name| OFFERS.contains(&name)));
            assert_eq!(head.start[0], "HTTP/1.1");
            return;
        }
        let codings = head.all("Transfer-Encoding").last().unwrap_or_default().split(|byte| *byte == b',');
        let last = codings.map(<[u8]>::trim_ascii).rfind(|coding| !coding.is_empty());
        let is_chunked = last.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
        if is_chunked && !matches!(self.status, Some(204 | 304)) {
            let (body, end) = dechunk(behind);
            assert!(self.body == body, "another body");
            assert_eq!((self.is_complete, self.body_error.is_some()), (end == End::Complete, end == End::Malformed));
        } else {
            assert!(behind.starts_with(&self.body));
            assert_eq!(self.body_error, None);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Complete,
    Missing,
    Malformed,
}

/// RFC 9112 §7.1 with all the bytes at hand: the data, and whether they came to their end.
fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, End) {
    let mut body = Vec::new();
    loop {
        // chunk-size [ chunk-ext ] CRLF
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (size, rest) = bytes.split_at(digits);
        let mut bytes_left = 0_u64;
        for digit in size {
            let value = u64::from(char::from(*digit).to_digit(16).unwrap_or_default());
            let Some(more) = bytes_left.checked_mul(16).and_then(|bytes| bytes.checked_add(value)) else {
                return (body, End::Malformed);
            };
            bytes_left = more;
        }
        match rest.first() {
            None => return (body, End::Missing),
            Some(b'\r' | b';' | b' ' | b'\t') if digits > 0 => {}
            Some(_) => return (body, End::Malformed),
        }
        let rest = match line(rest) {
            Ok((_, rest)) => rest,
            Err(end) => return (body, end),
        };
        if bytes_left == 0 {
            bytes = rest;
            break;
        }
        let here = usize::try_from(bytes_left).unwrap_or(usize::MAX).min(rest.len());
        body.extend_from_slice(&rest[..here]);
        match &rest[here..] {
            [] | [b'\r'] => return (body, End::Missing),
            [b'\r', b'\n', rest @ ..] => bytes = rest,
            _ => return (body, End::Malformed),
        }
    }
    loop {
        match line(bytes) {
            Ok((b"", _)) => return (body, End::Complete),
            Ok((_, rest)) => bytes = rest,
            Err(end) => return (body, end),
        }
    }
}

/// A line up to CR LF; no other CR or LF may stand in it.
fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), End> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).ok_or(End::Missing)?;
    match &bytes[end..] {
        [b'\r', b'\n', rest @ ..] => Ok((&bytes[..end], rest)),
        [b'\r'] => Err(End::Missing),
        _ => Err(End::Malformed),
    }
}

/// Takes everything and keeps nothing.
struct Discard;

impl websocket_proto::SendBuffer for Discard {
    fn reserve(&mut self, _additional: usize) -> bool {
        true
    }

    fn extend_from_slice(&mut self, _bytes: &[u8]) {}
}
