//! The client's side: what to ask, and what the answer must be.

use crate::error::HandshakeError;
use crate::handshake::client::{Established, Request, response};
use crate::handshake::fields::Fields;
use crate::handshake::header::Header;
use crate::handshake::url::{Target, Url};

/// A request for a WebSocket on a stream, and the judge of its answer. It keeps no state: the stack does.
///
/// Ask only where the server has said that it knows the extended CONNECT (`SETTINGS_ENABLE_CONNECT_PROTOCOL`, RFC 8441
/// §3).
///
/// ```
/// use websocket_proto::handshake::client::Request;
/// use websocket_proto::handshake::extended_connect::{self, Handshake};
/// use websocket_proto::handshake::{Fields, Url};
/// use websocket_proto::{Config, HandshakeError};
///
/// let url = Url::parse("wss://example.com/chat")?;
/// let handshake = Handshake::new(Request::to(&url).subprotocols(&["chat"])?, url.is_secure());
///
/// // For the stack: five pseudo-header fields, and the others.
/// assert_eq!((extended_connect::METHOD, extended_connect::PROTOCOL), ("CONNECT", "websocket"));
/// assert_eq!((handshake.scheme(), handshake.authority()), ("https", "example.com"));
/// assert_eq!(handshake.target().to_string(), "/chat");
/// let names: Vec<_> = handshake.request_fields().map(|header| header.name()).collect();
/// assert_eq!(names, ["sec-websocket-version", "sec-websocket-protocol"]);
///
/// // From the stack: the answer.
/// let fields: Fields<'_> = [("sec-websocket-protocol", "chat")].into_iter().collect();
/// match handshake.verify(200, &fields) {
///     Ok(established) => {
///         assert_eq!(established.subprotocol(), Some("chat"));
///         let connection = established.connection(Config::client(), || [1, 2, 3, 4]); // OsMaskKeys, really
///     }
///     Err(HandshakeError::Status(status)) => println!("refused with {status}"),
///     Err(error) => println!("no answer to this request: {error}"),
/// }
/// # Ok::<(), websocket_proto::HandshakeMisuse>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    request: Request<'a>,
    is_secure: bool,
}

impl<'a> Handshake<'a> {
    /// For a request, over TLS or QUIC (`wss`) or in plain text (`ws`).
    #[must_use]
    pub const fn new(request: Request<'a>, is_secure: bool) -> Self {
        Self { request, is_secure }
    }

    /// For what a URL names, with no subprotocols and no headers of its own.
    #[must_use]
    pub fn to(url: &Url<'a>) -> Self {
        Self::new(Request::to(url), url.is_secure())
    }

    /// The request that it sends.
    #[must_use]
    pub const fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// The value of `:scheme` (RFC 8441 §5): `https` for `wss`, `http` for `ws`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// The value of `:authority`.
    #[must_use]
    pub const fn authority(&self) -> &'a str {
        self.request.authority()
    }

    /// The value of `:path`.
    #[must_use]
    pub const fn target(&self) -> Target<'a> {
        self.request.target()
    }

    /// The headers behind the pseudo-headers. Names that the handshake writes are in lower case; those of
    /// [`Request::headers`] are as they were given, and HTTP/2 and HTTP/3 want them in lower case too (RFC 9113 §8.2).
    ///
    /// Each subprotocol has a line of its own: add all of them, to replace would keep the last.
    pub fn request_fields(&self) -> impl Iterator<Item = Header<'_>> {
        let version = Header::trusted("sec-websocket-version", b"13");
        core::iter::once(version).chain(self.request.offer_fields().map(Header::to_lower))
    }

    /// Judges the answer: any status from 200 to 299 is a yes (RFC 9110 §9.3.6).
    ///
    /// # Errors
    ///
    /// [`Status`](HandshakeError::Status) for another status, which is the server's right: the stack has its headers and
    /// its body. Otherwise the rule that the answer breaks: reset the stream.
    pub fn verify(&self, status: u16, fields: &Fields<'_>) -> Result<Established<'a, 'static>, HandshakeError> {
        if !(200..300).contains(&status) {
            return Err(HandshakeError::Status(status));
        }
        fields.check_stream()?;
        fields.check_counts()?;
        response::agree(&self.request, fields)
    }
}
