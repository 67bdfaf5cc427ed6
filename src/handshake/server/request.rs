//! A request as it was received, and the ways to answer it.

use super::accept::Accept;
use super::origin::Origins;
use super::reply::Reply;
use super::rules::{self, RequestLine};
use crate::error::{HandshakeError, HandshakeMisuse};
use crate::handshake::extensions::Extensions;
use crate::handshake::fields::Fields;
use crate::handshake::head::HttpVersion;
use crate::handshake::header::Headers;
use crate::handshake::parse::parse_request;

/// Any well-formed request of HTTP/1: one that asks for a WebSocket, or one for a page.
///
/// It lies in the receive buffer and borrows it. That a request is given says nothing but that it can be read: whether
/// it can become a WebSocket is for [`accept`](Self::accept) to say.
#[derive(Clone, Debug)]
pub struct Request<'rx> {
    line: RequestLine<'rx>,
    fields: Fields<'rx>,
    headers: Headers<'rx>,
}

impl<'rx> Request<'rx> {
    /// No request yet.
    #[inline]
    pub(super) fn empty() -> Self {
        let line = RequestLine { method: "", target: "", version: HttpVersion::Http11 };
        Self { line, fields: Fields::new(), headers: Headers::new(&[]) }
    }

    /// Becomes the request whose head is at the front of `bytes`; gives the length of the head.
    #[inline]
    pub(super) fn read(&mut self, bytes: &'rx [u8], max_headers: usize) -> Result<usize, HandshakeError> {
        let raw = parse_request(bytes, max_headers, |field, value| self.fields.note(field, value))?;
        self.line = RequestLine { method: raw.method, target: raw.target, version: HttpVersion::from_minor(raw.minor) };
        self.headers = Headers::new(raw.extent.header_lines);
        Ok(raw.extent.len)
    }

    /// The method, such as `GET`.
    #[must_use]
    pub const fn method(&self) -> &'rx str {
        self.line.method
    }

    /// The target as the client wrote it: a path with its query, or an absolute URI (RFC 9112 §3.2). Do not fetch it.
    #[must_use]
    pub const fn target(&self) -> &'rx str {
        self.line.target
    }

    /// The resource name: the path of the target with its query, without scheme and host (RFC 6455 §3). Nothing is
    /// decoded.
    #[must_use]
    pub fn path(&self) -> &'rx str {
        self.line.path()
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.line.version
    }

    /// The value of `Host`, as it stands there; the last, if there are several.
    #[must_use]
    pub const fn host(&self) -> Option<&'rx [u8]> {
        self.fields.host
    }

    /// The value of `Origin`, as it stands there; `None` for a client that is no browser.
    #[must_use]
    pub const fn origin(&self) -> Option<&'rx [u8]> {
        self.fields.origin
    }

    /// All headers.
    #[must_use]
    pub const fn headers(&self) -> Headers<'rx> {
        self.headers
    }

    /// The headers that matter to the handshake.
    #[must_use]
    pub const fn fields(&self) -> &Fields<'rx> {
        &self.fields
    }

    /// Whether it asks for a WebSocket: `Upgrade` names `websocket`. Nothing else is checked here.
    #[must_use]
    pub const fn is_websocket(&self) -> bool {
        self.fields.is_websocket()
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'rx str> {
        self.fields.subprotocols()
    }

    /// The extensions that the client offers, in its order of preference.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'rx, '_> {
        self.fields.extensions()
    }

    /// Checks the request against the rules of RFC 6455 §4.2.1, and its origin against `origins`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of [`server::accept`](super::accept), which is the same function for
    /// requests that somebody else has parsed. [`Reply::to_error`] is what to answer.
    pub fn accept<'a>(&self, origins: Origins<'_>) -> Result<Accept<'_, 'a>, HandshakeError> {
        rules::accept(&self.line, &self.fields, origins)
    }

    /// Begins a reply that does not make it a WebSocket. To HEAD, it will have no body.
    ///
    /// # Errors
    ///
    /// [`Status`](HandshakeMisuse::Status) when it is not in 200..=599.
    pub fn reply(&self, status: u16) -> Result<Reply<'static>, HandshakeMisuse> {
        Reply::new(status).map(|reply| reply.to_head(self.line.method == "HEAD"))
    }
}
