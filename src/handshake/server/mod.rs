//! The server's side of the opening handshake (RFC 6455 §4.2).
//!
//! ```text
//!  rx ──► Handshake::receive ──► Request ──► accept(origins) ──► Accept ──► write(tx) ──► Accepted ──► a connection
//!             │                     │                                         │
//!             │ HandshakeError      └── reply(status) ──► Reply ──► write(tx) │  bytes behind the head stay in rx:
//!             └── Reply::to_error ──────────────────────────▲                 └─ now they are frames
//! ```
//!
//! 1. Read from the transport into a [`RecvBuffer`], and call [`Handshake::receive`]. `None` says: read more.
//! 2. It gives a [`Request`]: any well-formed request of HTTP/1. Look at its path and headers, and decide.
//! 3. To make it a WebSocket, call [`Request::accept`], which checks it against all the rules, and write the answer.
//!    To show a page, to redirect or to refuse, write a [`Request::reply`], and close the transport once it is sent.
//! 4. To an error, of `receive` or of `accept`, write [`Reply::to_error`], and close the transport once it is sent.
//!    A server with nothing to decide but origins has steps 1 to 4 in one call: [`Handshake::answer`].
//! 5. Beside that, call [`Handshake::handle_timeout`] when [`Handshake::poll_timeout`] says so: the client has ten
//!    seconds.
//!
//! ```
//! # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
//! use websocket_proto::RecvBuffer;
//! use websocket_proto::handshake::server::{Handshake, Origins, Reply};
//!
//! let mut handshake = Handshake::new();
//! let mut rx = RecvBuffer::new();
//! let mut tx = Vec::new();
//!
//! // What a browser sends, and the first bytes of its first frame.
//! let _ = rx.extend_from_slice(
//!     b"GET /chat HTTP/1.1\r\nHost: example.com\r\nOrigin: https://example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x85",
//! );
//!
//! match handshake.receive(&mut rx) {
//!     Ok(None) => {} // read more
//!     Ok(Some(request)) if request.path() != "/chat" => request.reply(404)?.write(&mut tx)?,
//!     Ok(Some(request)) => match request.accept(Origins::SameHost) {
//!         Ok(accept) => {
//!             let accepted = accept.choose_subprotocol(&["superchat", "chat"]).write(&mut tx)?;
//!             assert_eq!(accepted.subprotocol(), Some("chat"));
//!         }
//!         Err(error) => Reply::to_error(error).write(&mut tx)?,
//!     },
//!     Err(error) => Reply::to_error(error).write(&mut tx)?,
//! }
//! assert!(tx.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! assert_eq!(rx.unread(), b"\x81\x85");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "alloc"))] fn main() {}
//! ```

mod accept;
mod origin;
mod reply;
mod request;
pub(super) mod rules;

use core::time::Duration;

pub use accept::{Accept, Accepted, Connect, EitherWay, Upgrade, Way};
pub use origin::Origins;
pub use reply::Reply;
pub use request::Request;
pub use rules::{RequestLine, accept};

use super::clock::Clock;
use super::head::{self, DEFAULT_MAX_HEAD_BYTES, Scan};
use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::send::SendBuffer;
use crate::buffer::view::{Peeked, View};
use crate::error::{Error, HandshakeError, SendError};
use crate::time::Instant;

/// More than the answers that the handshake writes by itself, 101 or refusal.
const MAX_ANSWER_BYTES: usize = 256;
/// More than `Sec-WebSocket-Extensions` with all four parameters of permessage-deflate.
#[cfg(feature = "deflate")]
const MAX_EXTENSION_BYTES: usize = 128 + 32;

/// Waits for one request. It holds no bytes: they stay in the receive buffer until the head is whole.
///
/// One handshake is for one request; use a new one for each transport, and the same receive buffer in each call.
#[derive(Clone, Debug)]
pub struct Handshake {
    scan: Scan,
    max_head_bytes: usize,
    max_headers: usize,
    clock: Clock,
    /// Whether a refusal was written.
    is_answered: bool,
}

impl Handshake {
    /// With the default limits: a head of 16 KiB, 64 header lines, ten seconds.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            scan: Scan::request(),
            max_head_bytes: DEFAULT_MAX_HEAD_BYTES,
            max_headers: head::MAX_HEADERS,
            clock: Clock::new(),
            is_answered: false,
        }
    }

    /// The most bytes that a head may have, its last empty line included. A receive buffer that cannot grow is a limit
    /// too.
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

    /// How long the head may take to come, from the first [`handle_timeout`](Self::handle_timeout) on; `None` for as
    /// long as it likes.
    #[must_use]
    pub const fn timeout(mut self, span: Option<Duration>) -> Self {
        self.clock.set_span(span);
        self
    }

    /// Looks for a whole request in `rx`; `None` when more bytes are needed.
    ///
    /// A request that is given has been taken out of `rx`, and what the client sent behind it stays there, unread. A
    /// request that is malformed has been taken out too; with any other error nothing was. One empty line before the
    /// request is skipped.
    ///
    /// # Errors
    ///
    /// What makes it no request of HTTP/1, or one beyond the limits; which of these it is does not depend on how the
    /// bytes were cut into reads. The error is final: each later call gives it again, whatever is in `rx`. After a
    /// request was given, each call is a misuse.
    #[inline]
    pub fn receive<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<Request<'rx>>, HandshakeError> {
        let mut request = Request::empty();
        Ok(self.receive_into(rx.view(), &mut request)?.then_some(request))
    }

    /// [`receive`](Self::receive), and the answer into `tx`: for a server that has nothing to decide but `origins`. It
    /// grants every request that keeps to the rules, with no subprotocol and no headers of its own.
    ///
    /// `None` when more bytes are needed. After `Accepted`, what is unread in `rx` are frames.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`]: the refusal is in `tx`, and the transport is to be closed once it
    /// is sent. It is written once: a later call is a misuse, and writes nothing. [`SendError::Full`]
    /// when there is no room for 256 bytes: nothing was received or written, and the call can be repeated.
    pub fn answer<S: Storage>(
        &mut self,
        rx: &mut RecvBuffer<S>,
        origins: Origins<'_>,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<Option<Accepted<'static>>, Error> {
        self.answer_by(rx, origins, tx, MAX_ANSWER_BYTES, |accept| accept)
    }

    /// [`answer`](Self::answer), which agrees on permessage-deflate with a client that offers it: see
    /// [`Accept::deflate`].
    ///
    /// # Errors
    ///
    /// Those of `answer`; [`SendError::Full`] when there is no room for 416 bytes.
    #[cfg(feature = "deflate")]
    pub fn answer_with_deflate<'a, S: Storage>(
        &mut self,
        rx: &mut RecvBuffer<S>,
        origins: Origins<'_>,
        deflate: &'a crate::deflate::Config,
        tx: &mut (impl SendBuffer + ?Sized),
    ) -> Result<Option<Accepted<'a>>, Error> {
        self.answer_by(rx, origins, tx, MAX_ANSWER_BYTES + MAX_EXTENSION_BYTES, |accept| accept.deflate(deflate))
    }

    /// Every answer is shorter than `room`, so that none is lost for want of it.
    fn answer_by<'a, S: Storage>(
        &mut self,
        rx: &mut RecvBuffer<S>,
        origins: Origins<'_>,
        tx: &mut (impl SendBuffer + ?Sized),
        room: usize,
        choose: impl for<'f> FnOnce(Accept<'f, 'a>) -> Accept<'f, 'a>,
    ) -> Result<Option<Accepted<'a>>, Error> {
        if !tx.reserve(room) {
            return Err(SendError::Full { needed: room }.into());
        }
        let mut request = Request::empty();
        let accepted = match self.receive_into(rx.view(), &mut request) {
            Ok(false) => return Ok(None),
            Ok(true) => request.accept(origins).map(|accept| choose(accept).write(tx)),
            Err(error) => Err(error),
        };
        match accepted {
            Ok(accepted) => Ok(Some(accepted?)),
            Err(error @ HandshakeError::Misuse(_)) => Err(error.into()),
            Err(error) => {
                self.clock.finish();
                Reply::to_error(error).write(tx)?;
                self.is_answered = true;
                Err(error.into())
            }
        }
    }

    /// Whether a request is still waited for: none was given, and nothing has gone wrong.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.clock.check().is_ok()
    }

    /// Whether [`answer`](Self::answer) has written a refusal.
    pub(crate) const fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Makes `request` the one that is in the buffer; says whether there is one.
    fn receive_into<'rx>(&mut self, view: View<'rx>, request: &mut Request<'rx>) -> Result<bool, HandshakeError> {
        self.clock.check()?;
        let received = self.read_into(view, request);
        match received {
            Ok(false) => {}
            Ok(true) => self.clock.finish(),
            Err(error) => drop(self.clock.fail(error)),
        }
        received
    }

    #[inline]
    fn read_into<'rx>(&mut self, view: View<'rx>, request: &mut Request<'rx>) -> Result<bool, HandshakeError> {
        let max_bytes = self.max_head_bytes.min(view.max_message_len(0));
        let (bytes, peeked) = view.peek();
        if !self.scan.is_begun() {
            let within = bytes.get(..max_bytes).unwrap_or(bytes);
            if let Ok(len) = request.read(within, self.max_headers) {
                self.scan.end(within);
                peeked.take(len);
                return Ok(true);
            }
        }
        self.read_pieces_into(bytes, max_bytes, peeked, request)
    }

    /// For a head that has come in pieces, or has a fault.
    #[cold]
    fn read_pieces_into<'rx>(
        &mut self,
        bytes: &'rx [u8],
        max_bytes: usize,
        peeked: Peeked<'_>,
        request: &mut Request<'rx>,
    ) -> Result<bool, HandshakeError> {
        let Some(len) = self.scan.advance(bytes, max_bytes)? else {
            peeked.want(head::wanted(bytes.len(), max_bytes));
            return Ok(false);
        };
        peeked.take(len);
        // An attempt before may have noted what it had found so far.
        *request = Request::empty();
        request.read(bytes.get(..len).unwrap_or_default(), self.max_headers)?;
        Ok(true)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): `None` for never. It changes only in that call and when
    /// `receive` gives a request or an error.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.clock.poll()
    }

    /// Tells the time. The first call starts the deadline.
    ///
    /// # Errors
    ///
    /// [`Timeout`](HandshakeError::Timeout) when the client has had its time; it is final.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), HandshakeError> {
        self.clock.handle(now)
    }

    /// Says that the transport has ended.
    ///
    /// # Errors
    ///
    /// [`Eof`](HandshakeError::Eof) when no request was given before, or the error that `receive` has given.
    pub fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        self.clock.handle_eof()
    }

    /// Whether any byte of a request has come. When none has, the end of the transport is nothing to report.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        self.scan.is_begun()
    }
}

impl Default for Handshake {
    fn default() -> Self {
        Self::new()
    }
}
