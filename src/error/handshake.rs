//! What can go wrong before there is a connection.
//!
//! A [`HandshakeError`] is the peer's fault, the network's, or (its last variant) the caller's. A server can turn any
//! of them into the answer that is due with [`Reply::to_error`](crate::handshake::server::Reply::to_error): each knows
//! its HTTP status. A [`HandshakeMisuse`] is what the functions answer that take text from the caller: nothing was
//! written then.

use core::fmt;

use super::Timeout;

/// Why an opening handshake has failed (RFC 6455 §4). It is final: the handshake gives the same error from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The head, or the lot of heads in front of the final answer, is longer than this end accepts, or than the receive
    /// buffer.
    HeadTooLong,
    /// The head has more header lines than this end accepts.
    TooManyHeaders,
    /// A header that is a list stands on more lines than this end accepts (8).
    TooManyLines(Field),
    /// A line ends in LF without CR (RFC 9112 §2.2).
    BareLineFeed,
    /// This part of the head is not HTTP/1 (RFC 9112).
    Malformed(HeadPart),
    /// Neither HTTP/1.0 nor HTTP/1.1, or HTTP/1.0 together with an upgrade (§4.1, §4.2.1 item 1).
    HttpVersion,
    /// The method of the request is not GET (§4.2.1 item 1), or not CONNECT over HTTP/2 and HTTP/3 (RFC 8441 §4).
    Method,
    /// A CONNECT for another protocol than `websocket`, or for none (RFC 8441 §5, RFC 9220 §3).
    Protocol,
    /// The `:scheme` of an extended CONNECT is missing, or is neither `http` nor `https` (RFC 8441 §5).
    Scheme,
    /// A header that HTTP/2 and HTTP/3 do not have: what it says of a connection is not for a stream (RFC 9113 §8.2.2,
    /// RFC 9114 §4.2).
    ConnectionSpecific(Field),
    /// The target of the request is neither a path nor an absolute URI of HTTP or WebSocket (§4.2.1 item 1).
    Target,
    /// The target of the request names another authority than `Host` does (RFC 9112 §3.2.2, RFC 9113 §8.3.1).
    TargetAuthority,
    /// A header that must be there is not (§4.1, §4.2.1).
    Missing(Field),
    /// A header that may stand once stands twice, or twice with different values.
    Duplicate(Field),
    /// A header does not have the form that is asked of it.
    Invalid(Field),
    /// The client speaks another version of the WebSocket protocol than 13 (§4.2.2 item 4, §4.4).
    WebSocketVersion,
    /// An upgrade with a body: `Transfer-Encoding`, or a `Content-Length` other than 0.
    Body,
    /// The origin of the request is not among those that the server serves (§4.2.2 item 4, §10.2).
    OriginRefused,
    /// The server's answer has this status instead of 101 (§4.1), or of 200 to 299 over HTTP/2 and HTTP/3 (RFC 8441 §5).
    /// From bytes it is no error as such: see [`Response`](crate::handshake::client::Response).
    Status(u16),
    /// The server's `Sec-WebSocket-Accept` does not belong to our key (§4.1): it does not speak WebSocket.
    AcceptMismatch,
    /// The server has chosen a subprotocol that was not offered, or several (§4.1).
    SubprotocolNotOffered,
    /// The server has chosen an extension that was not offered (§4.1, §9.1).
    ExtensionNotOffered,
    /// More than 8 interim answers (status 1xx) before the final one.
    TooManyInterim,
    /// The transport ended in the middle of the handshake.
    Eof,
    /// The handshake was not finished in time.
    Timeout(Timeout),
    /// The operating system gives no random bytes for the nonce.
    Randomness,
    /// The caller's mistake.
    Misuse(HandshakeMisuse),
}

impl HandshakeError {
    /// The HTTP status of the answer that a server gives: 403, 405, 408, 426, 431, 500, 501 or 505; 400 for all else.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::OriginRefused => 403,
            Self::Method => 405,
            Self::Timeout(_) => 408,
            Self::WebSocketVersion | Self::Missing(Field::Upgrade | Field::Version) => 426,
            Self::HeadTooLong | Self::TooManyHeaders | Self::TooManyLines(_) => 431,
            Self::Randomness | Self::Misuse(_) => 500,
            Self::Protocol => 501,
            Self::HttpVersion => 505,
            _ => 400,
        }
    }

    /// The section of RFC 6455 that speaks of it.
    #[must_use]
    pub const fn rfc_section(self) -> &'static str {
        match self {
            Self::HeadTooLong | Self::TooManyHeaders | Self::TooManyLines(_) | Self::TooManyInterim => "10.4",
            Self::OriginRefused => "10.2",
            Self::WebSocketVersion => "4.4",
            Self::Invalid(Field::Extensions) | Self::ExtensionNotOffered => "9.1",
            Self::Target | Self::TargetAuthority | Self::Method | Self::Body => "4.2.1",
            Self::Missing(field) | Self::Duplicate(field) | Self::Invalid(field) => field.rfc_section(),
            Self::Status(_) | Self::AcceptMismatch | Self::SubprotocolNotOffered | Self::Randomness => "4.1",
            Self::BareLineFeed | Self::Malformed(_) | Self::HttpVersion => "4.2.1",
            Self::Protocol | Self::Scheme | Self::ConnectionSpecific(_) => "4",
            Self::Eof | Self::Timeout(_) | Self::Misuse(_) => "4",
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTooLong => f.write_str("the head is too long")?,
            Self::TooManyHeaders => f.write_str("the head has too many header lines")?,
            Self::TooManyLines(field) => write!(f, "{field} stands on too many lines")?,
            Self::BareLineFeed => f.write_str("a line of the head does not end in CR LF")?,
            Self::Malformed(part) => write!(f, "{part} is malformed")?,
            Self::HttpVersion => f.write_str("the version of HTTP is not 1.1")?,
            Self::Method => f.write_str("the method is not that of a handshake")?,
            Self::Protocol => return f.write_str("the protocol is not websocket (RFC 8441 section 5)"),
            Self::Scheme => return f.write_str("the scheme is neither http nor https (RFC 8441 section 5)"),
            Self::ConnectionSpecific(field) => {
                return write!(f, "{field} has no place on a stream (RFC 9113 section 8.2.2)");
            }
            Self::Target => f.write_str("the request target is not a resource name")?,
            Self::TargetAuthority => f.write_str("the request target names another host than Host")?,
            Self::Missing(field) => write!(f, "{field} is missing")?,
            Self::Duplicate(field) => write!(f, "{field} stands more than once")?,
            Self::Invalid(field) => write!(f, "{field} is invalid")?,
            Self::WebSocketVersion => f.write_str("the version of the WebSocket protocol is not 13")?,
            Self::Body => f.write_str("an upgrade cannot have a body")?,
            Self::OriginRefused => f.write_str("the origin is refused")?,
            Self::Status(status) => write!(f, "the server answers with status {status}")?,
            Self::AcceptMismatch => f.write_str("Sec-WebSocket-Accept does not belong to the key")?,
            Self::SubprotocolNotOffered => f.write_str("the server chose a subprotocol that was not offered")?,
            Self::ExtensionNotOffered => f.write_str("the server chose an extension that was not offered")?,
            Self::TooManyInterim => f.write_str("too many interim answers")?,
            Self::Eof => f.write_str("the transport ended within the handshake")?,
            Self::Timeout(timeout) => return timeout.fmt(f),
            Self::Randomness => return f.write_str("the operating system gives no random bytes"),
            Self::Misuse(misuse) => return misuse.fmt(f),
        }
        write!(f, " (RFC 6455 section {})", self.rfc_section())
    }
}

impl core::error::Error for HandshakeError {}

impl From<HandshakeMisuse> for HandshakeError {
    fn from(misuse: HandshakeMisuse) -> Self {
        Self::Misuse(misuse)
    }
}

/// A header with a meaning in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `Host`, or `:authority`, which stands for it in HTTP/2 and HTTP/3
    Host,
    /// `Origin`
    Origin,
    /// `Upgrade`: that it names `websocket`
    Upgrade,
    /// `Connection`: that it names `upgrade`
    Connection,
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// `Sec-WebSocket-Key`
    Key,
    /// `Sec-WebSocket-Accept`
    Accept,
    /// `Sec-WebSocket-Version`
    Version,
    /// `Sec-WebSocket-Protocol`
    Protocol,
    /// `Sec-WebSocket-Extensions`
    Extensions,
}

impl Field {
    /// The name as RFC 6455 writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Origin => "Origin",
            Self::Upgrade => "Upgrade",
            Self::Connection => "Connection",
            Self::ContentLength => "Content-Length",
            Self::TransferEncoding => "Transfer-Encoding",
            Self::Key => "Sec-WebSocket-Key",
            Self::Accept => "Sec-WebSocket-Accept",
            Self::Version => "Sec-WebSocket-Version",
            Self::Protocol => "Sec-WebSocket-Protocol",
            Self::Extensions => "Sec-WebSocket-Extensions",
        }
    }

    /// The same in lower case, as HTTP/2 and HTTP/3 want it (RFC 9113 §8.2).
    pub(crate) const fn lower_name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Upgrade => "upgrade",
            Self::Connection => "connection",
            Self::ContentLength => "content-length",
            Self::TransferEncoding => "transfer-encoding",
            Self::Key => "sec-websocket-key",
            Self::Accept => "sec-websocket-accept",
            Self::Version => "sec-websocket-version",
            Self::Protocol => "sec-websocket-protocol",
            Self::Extensions => "sec-websocket-extensions",
        }
    }

    const fn rfc_section(self) -> &'static str {
        match self {
            Self::Host | Self::Upgrade | Self::Connection | Self::ContentLength | Self::TransferEncoding => "4.2.1",
            Self::Origin => "10.2",
            Self::Key => "11.3.1",
            Self::Extensions => "11.3.2",
            Self::Accept => "11.3.3",
            Self::Protocol => "11.3.4",
            Self::Version => "11.3.5",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part of a head, as far as the grammar of HTTP/1 goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadPart {
    /// The request line or status line, or what stands before it.
    StartLine,
    /// The name of a header; also the space that begins a folded line.
    HeaderName,
    /// The value of a header.
    HeaderValue,
    /// The end of a line, or of the head.
    LineEnd,
    /// The framing of a chunked body.
    Chunk,
}

impl fmt::Display for HeadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartLine => "the first line of the head",
            Self::HeaderName => "the name of a header",
            Self::HeaderValue => "the value of a header",
            Self::LineEnd => "the end of a line of the head",
            Self::Chunk => "a chunk of the body",
        })
    }
}

/// The caller asked a handshake for something that cannot be put on the wire, or at the wrong time. Nothing was written
/// or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeMisuse {
    /// The name of a header is not a token (RFC 9110 §5.1).
    HeaderName,
    /// The value of a header has a control character, or begins or ends with a space (RFC 9110 §5.5).
    HeaderValue,
    /// The header is written by the handshake itself, where it is due.
    HeaderReserved,
    /// A subprotocol is not a token, or is offered twice (§4.1).
    Subprotocol,
    /// The subprotocol is not one of those that the client offers (§4.2.2 item 4).
    SubprotocolNotOffered,
    /// The status of a reply is not in 200..=599.
    Status,
    /// The request target does not begin with `/`, or has a space, a control character, `#` or a byte beyond ASCII
    /// (§4.1).
    Target,
    /// Not a host with or without a port (RFC 3986 §3.2).
    Host,
    /// Not the serialisation of an origin (RFC 6454 §6.2).
    Origin,
    /// Not a `ws:` or `wss:` URL (§3).
    Url(UrlError),
    /// An answer was asked for before the request was written.
    NotStarted,
    /// The handshake has already given its result.
    Finished,
}

impl fmt::Display for HandshakeMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeaderName => "the name of a header is not a token",
            Self::HeaderValue => "the value of a header cannot be sent",
            Self::HeaderReserved => "a header belongs to the handshake",
            Self::Subprotocol => "a subprotocol is not a token, or is offered twice",
            Self::SubprotocolNotOffered => "the client does not offer this subprotocol",
            Self::Status => "the status of a reply is not in 200..=599",
            Self::Target => "the request target cannot be sent",
            Self::Host => "not a host with or without a port",
            Self::Origin => "not an origin",
            Self::Url(error) => return error.fmt(f),
            Self::NotStarted => "the request has not been written",
            Self::Finished => "the handshake has already given its result",
        })
    }
}

impl core::error::Error for HandshakeMisuse {}

impl From<UrlError> for HandshakeMisuse {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

/// Why a text is not the URL of a WebSocket (RFC 6455 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// It begins with neither `ws://` nor `wss://`.
    Scheme,
    /// It has a user name or password, for which RFC 6455 has no place.
    Userinfo,
    /// The host is missing, or is neither a name nor an address.
    Host,
    /// The port is not a number in 0..=65535.
    Port,
    /// Path or query have a character that must be percent-encoded.
    Path,
    /// It has a fragment.
    Fragment,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the URL begins with neither ws:// nor wss://",
            Self::Userinfo => "the URL has a user name",
            Self::Host => "the URL has no valid host",
            Self::Port => "the URL has no valid port",
            Self::Path => "the path of the URL has a character that must be percent-encoded",
            Self::Fragment => "the URL has a fragment",
        })
    }
}

impl core::error::Error for UrlError {}
