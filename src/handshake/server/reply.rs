//! Saying no, or something else: an HTTP response after which the connection closes.

use core::fmt::Write as _;

use arrayvec::ArrayString;

use crate::buffer::send::SendBuffer;
use crate::error::{HandshakeError, HandshakeMisuse, SendError};
use crate::handshake::emit::{self, CRLF};
use crate::handshake::header::Header;

/// An HTTP response to a request that does not become a WebSocket: a refusal, a redirect, or a page.
///
/// It always says `Connection: close`, and the caller closes the transport once it is sent: whatever stands behind the
/// request stays unread in the receive buffer and is neither frames nor another request. That takes the ground from
/// request smuggling through proxies that take an upgrade for granted.
///
/// ```
/// # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
/// use websocket_proto::handshake::{Header, server::Reply};
///
/// let mut tx = Vec::new();
/// let headers = [Header::new("Content-Type", "text/html")?];
/// Reply::new(200)?.headers(&headers)?.body(b"<p>Hello</p>").write(&mut tx)?;
/// assert_eq!(tx, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<p>Hello</p>");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "alloc"))] fn main() {}
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "the reply has to be written"]
pub struct Reply<'a> {
    status: u16,
    /// What a status of the handshake itself brings along.
    due: &'static [Header<'static>],
    headers: &'a [Header<'a>],
    body: &'a [u8],
    is_to_head: bool,
}

impl<'a> Reply<'a> {
    /// A reply with this status, no headers of its own, and no body.
    ///
    /// 426 brings along `Upgrade: websocket` and `Sec-WebSocket-Version: 13`, and 405 `Allow: GET` (RFC 6455 §4.4, RFC
    /// 9110 §15.5).
    ///
    /// # Errors
    ///
    /// [`Status`](HandshakeMisuse::Status) when it is not in 200..=599. 101 is what [`Accept`](super::Accept) writes,
    /// and nobody else.
    pub const fn new(status: u16) -> Result<Self, HandshakeMisuse> {
        if status < 200 || status > 599 {
            return Err(HandshakeMisuse::Status);
        }
        Ok(Self::with_status(status))
    }

    /// The reply that is due to a request which failed with `error`: its status and no body.
    pub const fn to_error(error: HandshakeError) -> Self {
        Self::with_status(error.status())
    }

    const fn with_status(status: u16) -> Self {
        Self { status, due: due_with(status), headers: &[], body: &[], is_to_head: false }
    }

    /// For a request whose method is HEAD: the reply says how long its body is, and leaves it out (RFC 9110 §9.3.2).
    pub const fn to_head(mut self, is_to_head: bool) -> Self {
        self.is_to_head = is_to_head;
        self
    }

    /// Adds these headers; a later call replaces them.
    ///
    /// # Errors
    ///
    /// [`HeaderReserved`](HandshakeMisuse::HeaderReserved) when one of them is for the reply to write: those named at
    /// [`Accept::headers`](super::Accept::headers).
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Result<Self, HandshakeMisuse> {
        emit::check_not_reserved(headers)?;
        self.headers = headers;
        Ok(self)
    }

    /// The body; `Content-Length` is added, `Content-Type` is for the caller to add. With 204 and 304, which have no
    /// body, it is left out.
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Its headers but for `Content-Length`, for those who write the response themselves.
    pub fn response_fields(&self) -> impl Iterator<Item = Header<'a>> + Clone + use<'a> {
        self.due.iter().chain(self.headers).copied()
    }

    /// Appends the reply to `tx`.
    ///
    /// # Errors
    ///
    /// [`Full`](SendError::Full) when it does not fit: nothing was written, and the call can be repeated.
    pub fn write(&self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        let mut first = ArrayString::<128>::new();
        let mut length = ArrayString::<32>::new();
        // Both hold their longest text; an error here could only cut it.
        let _ = write!(first, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let _ = write!(length, "{}", self.body.len());
        let has_body = !matches!(self.status, 204 | 304);
        let length = has_body.then_some(Header::trusted("Content-Length", length.as_bytes()));
        let body = if has_body && !self.is_to_head { self.body } else { &[] };
        let headers = self.response_fields().chain(length);
        emit::emit_head(&[first.as_bytes()], headers, &[CRLF, body], tx)
    }
}

const CLOSE: Header<'static> = Header::trusted("Connection", b"close");

/// The headers that a reply with this status has by itself.
const fn due_with(status: u16) -> &'static [Header<'static>] {
    const METHOD: &[Header<'static>] = &[CLOSE, Header::trusted("Allow", b"GET")];
    // RFC 9110 §7.8: who sends `Upgrade` names it in `Connection`.
    const VERSION: &[Header<'static>] = &[
        Header::trusted("Connection", b"close, Upgrade"),
        Header::trusted("Upgrade", b"websocket"),
        Header::trusted("Sec-WebSocket-Version", b"13"),
    ];
    match status {
        405 => METHOD,
        426 => VERSION,
        _ => &[CLOSE],
    }
}

/// The usual words for a status (RFC 9110 §15); they mean nothing, and may be missing.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
