//! The client's side of the opening handshake (RFC 6455 §4.1).
//!
//! ```text
//!  Url, Request ──► Handshake ──► write_request(tx)
//!                       │
//!  rx ──────────────► receive ──► Response::Established ──► a connection; bytes behind the head stay in rx: they are frames
//!                       │    └──► Response::Refused ──► status, headers, Body::receive(rx)
//!                       └── HandshakeError: what came is no answer to our request; close the transport
//! ```
//!
//! 1. Make a [`Request`] of a [`Url`](super::Url), and a [`Handshake`] of it and of 16 random bytes.
//! 2. Connect (with TLS if the URL says so), call [`Handshake::write_request`], and send what is in the send buffer.
//! 3. Read into a [`RecvBuffer`], and call [`Handshake::receive`]. `None` says: read more.
//! 4. A server that does not agree says why: see [`Refused`]. To follow a redirect, begin again with a new transport
//!    and a new handshake. This crate never does that by itself, so it never shows credentials to a host that they were
//!    not meant for.
//! 5. Beside that, call [`Handshake::handle_timeout`] when [`Handshake::poll_timeout`] says so, and
//!    [`Handshake::handle_eof`] when the transport ends.
//!
//! ```
//! # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
//! use websocket_proto::RecvBuffer;
//! use websocket_proto::handshake::{Url, client};
//!
//! let url = Url::parse("ws://server.example.com/chat")?;
//! let request = client::Request::to(&url).subprotocols(&["chat", "superchat"])?;
//! let nonce = *b"the sample nonce"; // random in earnest: `Handshake::with_random_nonce`
//! let mut handshake = client::Handshake::new(request, nonce);
//! let (mut rx, mut tx) = (RecvBuffer::new(), Vec::new());
//!
//! handshake.write_request(&mut tx)?;
//! assert!(tx.starts_with(b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"));
//!
//! let _ = rx.extend_from_slice(
//!     b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!       Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x05Hello",
//! );
//! match handshake.receive(&mut rx)? {
//!     None => {} // read more
//!     Some(client::Response::Established(established)) => assert_eq!(established.subprotocol(), Some("chat")),
//!     Some(client::Response::Refused(refused)) => println!("{} {}", refused.status(), refused.reason()),
//! }
//! assert_eq!(rx.unread(), b"\x81\x05Hello");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "alloc"))] fn main() {}
//! ```

mod body;
mod request;
pub(super) mod response;

use core::iter;
use core::time::Duration;

pub use body::Body;
pub use request::Request;
pub use response::{Established, Refused, Response};

use super::accept_key;
use super::clock::Clock;
use super::emit::{self, CRLF};
use super::fields::Fields;
use super::head::{self, DEFAULT_MAX_HEAD_BYTES, HttpVersion, Scan};
use super::header::Header;
use super::parse;
use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::send::SendBuffer;
use crate::error::{HandshakeError, HandshakeMisuse, SendError};
use crate::time::Instant;

/// How many interim answers (100, 102, 103 …) may come before the final one.
const MAX_INTERIM: u8 = 8;

/// Sends one request and waits for its answer. It holds no bytes but the key: the request is borrowed, the answer stays
/// in the receive buffer until its head is whole.
///
/// One handshake is for one transport; use the same receive buffer in each call.
#[derive(Debug)]
pub struct Handshake<'a> {
    request: Request<'a>,
    key: [u8; 24],
    is_written: bool,
    scan: Scan,
    /// What is left of the limit for all heads together.
    max_head_bytes: usize,
    max_headers: usize,
    interim_left: u8,
    clock: Clock,
}

impl<'a> Handshake<'a> {
    /// With the default limits: 16 KiB for all heads together, 64 header lines in each, ten seconds.
    ///
    /// `nonce` has to be random, and new for each handshake (RFC 6455 §4.1 item 7): an answer that was made for another
    /// connection, by a cache or by a page, is told by it.
    #[must_use]
    pub fn new(request: Request<'a>, nonce: [u8; 16]) -> Self {
        Self {
            request,
            key: accept_key::key(nonce),
            is_written: false,
            scan: Scan::response(),
            max_head_bytes: DEFAULT_MAX_HEAD_BYTES,
            max_headers: head::MAX_HEADERS,
            interim_left: MAX_INTERIM,
            clock: Clock::new(),
        }
    }

    /// With a nonce from the operating system.
    ///
    /// # Errors
    ///
    /// [`Randomness`](HandshakeError::Randomness) when the operating system gives none.
    #[cfg(feature = "getrandom")]
    pub fn with_random_nonce(request: Request<'a>) -> Result<Self, HandshakeError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| HandshakeError::Randomness)?;
        Ok(Self::new(request, nonce))
    }

    /// The most bytes that the heads of the interim answers and of the final one may have together. A receive buffer
    /// that cannot grow is a limit for each.
    #[must_use]
    pub const fn max_head_bytes(mut self, max_head_bytes: usize) -> Self {
        self.max_head_bytes = max_head_bytes;
        self
    }

    /// The most header lines that a head may have; 64 at most.
    #[must_use]
    pub const fn max_headers(mut self, max_headers: usize) -> Self {
        self.max_headers = max_headers;
        self
    }

    /// How long the answer may take, from the first [`handle_timeout`](Self::handle_timeout) on; `None` for as long as
    /// it likes.
    #[must_use]
    pub const fn timeout(mut self, span: Option<Duration>) -> Self {
        self.clock.set_span(span);
        self
    }

    /// The request that it sends.
    #[must_use]
    pub const fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// Appends the request to `tx`. It is written once: a later call does nothing.
    ///
    /// # Errors
    ///
    /// [`Full`](SendError::Full) when it does not fit: nothing was written, and the call can be repeated.
    pub fn write_request(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        if !self.is_written {
            emit::emit(self.request_parts(), tx)?;
            self.is_written = true;
        }
        Ok(())
    }

    fn request_parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let [slash, target] = self.request.target().parts();
        let first: [&[u8]; 4] = [b"GET ", slash, target, b" HTTP/1.1\r\n"];
        let names = self.request.subprotocol_parts();
        let (before, behind): (&[u8], &[u8]) =
            if names.clone().next().is_some() { (b"Sec-WebSocket-Protocol: ", CRLF) } else { (b"", b"") };
        let subprotocols = iter::once(before).chain(names).chain([behind]);
        let lines = emit::lines(self.fixed_fields().into_iter());
        let chosen = emit::lines(self.request.chosen_fields());
        first.into_iter().chain(lines).chain(subprotocols).chain(chosen).chain([CRLF])
    }

    fn fixed_fields(&self) -> [Header<'_>; 5] {
        [
            Header::trusted("Host", self.request.authority().as_bytes()),
            Header::trusted("Upgrade", b"websocket"),
            Header::trusted("Connection", b"Upgrade"),
            Header::trusted("Sec-WebSocket-Key", &self.key),
            Header::trusted("Sec-WebSocket-Version", b"13"),
        ]
    }

    /// The headers of the request, for those who have an HTTP library send it: GET, HTTP/1.1, and [`Request::target`].
    ///
    /// Each subprotocol has a line of its own, up to the eight lines that servers of this crate read. Add all of them
    /// to the library's map; to replace would keep the last. Judge the answer with [`verify`](Self::verify).
    pub fn request_fields(&self) -> impl Iterator<Item = Header<'_>> {
        self.fixed_fields().into_iter().chain(self.request.offer_fields())
    }

    /// Judges an answer that somebody else has parsed: by the same code as [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// [`Status`](HandshakeError::Status) for another status than 101, which is the server's right; otherwise the rule
    /// of RFC 6455 §4.1 that the answer breaks.
    pub fn verify(
        &self,
        status: u16,
        version: HttpVersion,
        fields: &Fields<'_>,
    ) -> Result<Established<'a, 'static>, HandshakeError> {
        response::verify(&self.request, &self.key, status, version, fields)
    }

    /// Looks for a whole answer in `rx`; `None` when more bytes are needed. Up to 8 interim answers before it are
    /// skipped.
    ///
    /// The head of an answer that is given, or that is malformed, has been taken out of `rx`. What stands behind it
    /// stays there, unread: frames behind a 101, the body behind any other.
    ///
    /// # Errors
    ///
    /// What makes it no answer to our request; it does not depend on how the bytes were cut into reads. The error is
    /// final: each later call gives it again. After an answer was given, and before the request was written, each call
    /// is a misuse.
    pub fn receive<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<Response<'a, 'rx>>, HandshakeError> {
        self.clock.check()?;
        if !self.is_written {
            return Err(HandshakeMisuse::NotStarted.into());
        }
        self.receive_final(rx).map_err(|error| self.clock.fail(error))
    }

    fn receive_final<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<Response<'a, 'rx>>, HandshakeError> {
        let mut view = rx.view();
        let len = loop {
            let max_bytes = self.max_head_bytes.min(view.max_message_len(0));
            let Some(len) = self.scan.advance(view.unread(), max_bytes)? else {
                view.want(head::wanted(view.unread_len(), max_bytes));
                return Ok(None);
            };
            if !self.skip_interim(view.unread(), len)? {
                break len;
            }
            view.skip(len);
        };
        let response = response::parse(view.take(len), self.max_headers, &self.request, &self.key)?;
        self.clock.finish();
        Ok(Some(response))
    }

    /// Whether the head is that of an interim answer: then it is checked, counted, and to be skipped.
    fn skip_interim(&mut self, bytes: &[u8], len: usize) -> Result<bool, HandshakeError> {
        let head = bytes.get(..len).unwrap_or_default();
        let status = head.get(STATUS).unwrap_or_default();
        if status.first() != Some(&b'1') || status == b"101" {
            return Ok(false);
        }
        parse::parse_response(head, self.max_headers, |_, _| ())?;
        self.interim_left = self.interim_left.checked_sub(1).ok_or(HandshakeError::TooManyInterim)?;
        self.max_head_bytes = self.max_head_bytes.saturating_sub(len);
        self.scan = Scan::response();
        Ok(true)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): `None` for never. It changes only in that call and when
    /// `receive` gives an answer or an error.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.clock.poll()
    }

    /// Tells the time. The first call starts the deadline.
    ///
    /// # Errors
    ///
    /// [`Timeout`](HandshakeError::Timeout) when the server has had its time; it is final.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), HandshakeError> {
        self.clock.handle(now)
    }

    /// Says that the transport has ended.
    ///
    /// # Errors
    ///
    /// [`Eof`](HandshakeError::Eof) when no answer was given before, or the error that `receive` has given.
    pub fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        self.clock.handle_eof()
    }
}

/// Where the status stands: behind `HTTP/1.1` and one space, as the parser wants it too.
const STATUS: core::ops::Range<usize> = 9..12;
