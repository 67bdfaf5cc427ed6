//! The server's answer, and what it must be for a WebSocket (RFC 6455 §4.1).

use super::body::Body;
use super::request::Request;
#[cfg(feature = "deflate")]
use crate::deflate::Params;
use crate::error::{Field, HandshakeError};
use crate::handshake::accept_key::accept_key;
#[cfg(feature = "deflate")]
use crate::handshake::deflate::Agreed;
use crate::handshake::fields::{Fields, Upgrade};
use crate::handshake::head::HttpVersion;
use crate::handshake::header::Headers;
use crate::handshake::parse::parse_response;

/// What the server has answered: yes, or anything else that HTTP lets it say.
#[derive(Clone, Copy, Debug)]
pub enum Response<'a, 'rx> {
    /// The connection is established. What is unread in the receive buffer are frames.
    Established(Established<'a, 'rx>),
    /// It is not. What is unread in the receive buffer is the body.
    Refused(Refused<'rx>),
}

impl<'a, 'rx> Response<'a, 'rx> {
    /// What was agreed on: for callers who have no use for the headers and the body of a refusal.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Status`] when it is a refusal.
    pub const fn established(self) -> Result<Established<'a, 'rx>, HandshakeError> {
        match self {
            Self::Established(established) => Ok(established),
            Self::Refused(refused) => Err(HandshakeError::Status(refused.status())),
        }
    }
}

/// The result of a handshake on the client's side: what both ends have agreed on. There is one only where a 101 has
/// passed all checks. `'a` is the request's text, `'rx` the receive buffer.
#[derive(Clone, Copy, Debug)]
#[must_use = "the connection begins here"]
pub struct Established<'a, 'rx> {
    subprotocol: Option<&'a str>,
    headers: Headers<'rx>,
    #[cfg(feature = "deflate")]
    deflate: Option<Agreed<'a>>,
}

impl<'a, 'rx> Established<'a, 'rx> {
    /// The subprotocol in use: one of those that were offered, or none.
    #[must_use]
    pub const fn subprotocol(&self) -> Option<&'a str> {
        self.subprotocol
    }

    /// The parameters of permessage-deflate, if it was agreed on (RFC 7692 §7.1).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<Params> {
        self.deflate.map(|agreed| agreed.params)
    }

    /// The same with the settings that it was agreed under.
    #[cfg(feature = "deflate")]
    pub(crate) const fn agreed_deflate(&self) -> Option<Agreed<'a>> {
        self.deflate
    }

    /// All headers of the answer, such as `Set-Cookie`; none when somebody else has parsed it.
    #[must_use]
    pub const fn headers(&self) -> Headers<'rx> {
        self.headers
    }
}

/// An answer other than 101: a redirect, a demand for credentials, an error page. It lies in the receive buffer and
/// borrows it.
///
/// To read the body, keep [`body`](Self::body), let go of this, and call [`Body::receive`] until it is complete:
///
/// ```
/// # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
/// use websocket_proto::RecvBuffer;
/// use websocket_proto::handshake::client::{Handshake, Request, Response};
///
/// let mut handshake = Handshake::new(Request::new("example.com", "/")?, [7; 16]);
/// # let (mut rx, mut tx) = (RecvBuffer::new(), Vec::new());
/// # handshake.write_request(&mut tx)?;
/// let _ = rx.extend_from_slice(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?");
///
/// if let Some(Response::Refused(refused)) = handshake.receive(&mut rx)? {
///     assert_eq!((refused.status(), refused.reason()), (401, "Unauthorized"));
///     assert!(refused.headers().find("www-authenticate").is_some());
///     let mut body = refused.body();
///     while let Some(bytes) = body.receive(&mut rx)? {
///         assert_eq!(bytes, b"who?");
///     }
///     assert!(body.is_complete());
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "alloc"))] fn main() {}
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Refused<'rx> {
    status: u16,
    reason: &'rx str,
    version: HttpVersion,
    headers: Headers<'rx>,
    body: Body,
}

impl<'rx> Refused<'rx> {
    /// The status, 200 or above as a rule: an interim answer is not shown.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The words behind the status; empty when there are none, or when they are not ASCII.
    #[must_use]
    pub const fn reason(&self) -> &'rx str {
        self.reason
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// All headers, such as `Location` and `WWW-Authenticate`.
    #[must_use]
    pub const fn headers(&self) -> Headers<'rx> {
        self.headers
    }

    /// Where the body ends, and a reader for it. It does not borrow the receive buffer.
    #[must_use]
    pub const fn body(&self) -> Body {
        self.body
    }
}

/// Parses a whole head, and judges it if it is a 101.
pub(super) fn parse<'a, 'rx>(
    head: &'rx [u8],
    max_headers: usize,
    request: &Request<'a>,
    key: &[u8],
) -> Result<Response<'a, 'rx>, HandshakeError> {
    let mut fields = Fields::new();
    let raw = parse_response(head, max_headers, |field, value| fields.note(field, value))?;
    let version = HttpVersion::from_minor(raw.minor);
    let headers = Headers::new(raw.extent.header_lines);
    if raw.status == 101 {
        let established = verify(request, key, raw.status, version, &fields)?;
        return Ok(Response::Established(Established { headers, ..established }));
    }
    let body = Body::new(raw.status, &fields);
    Ok(Response::Refused(Refused { status: raw.status, reason: raw.reason, version, headers, body }))
}

/// The one list of rules for an answer to an upgrade (§4.1).
pub(super) fn verify<'a>(
    request: &Request<'a>,
    key: &[u8],
    status: u16,
    version: HttpVersion,
    fields: &Fields<'_>,
) -> Result<Established<'a, 'static>, HandshakeError> {
    check_switch(status, version, fields)?;
    fields.check_counts()?;
    fields.check_no_body()?;
    let accept = fields.accept.ok_or(HandshakeError::Missing(Field::Accept))?;
    if accept != accept_key(key) {
        return Err(HandshakeError::AcceptMismatch);
    }
    agree(request, fields)
}

/// Items 5 and 6, which hold for every version of HTTP: what was granted is what was asked for.
pub(in crate::handshake) fn agree<'a>(
    request: &Request<'a>,
    fields: &Fields<'_>,
) -> Result<Established<'a, 'static>, HandshakeError> {
    fields.check_lists()?;
    #[cfg(not(feature = "deflate"))]
    check_no_extensions(fields)?;
    Ok(Established {
        #[cfg(feature = "deflate")]
        deflate: agreed_deflate(request, fields)?,
        subprotocol: chosen_subprotocol(request, fields)?,
        headers: Headers::new(&[]),
    })
}

/// Items 1 to 3: the server switches, to WebSocket and to nothing else.
fn check_switch(status: u16, version: HttpVersion, fields: &Fields<'_>) -> Result<(), HandshakeError> {
    if status != 101 {
        return Err(HandshakeError::Status(status));
    }
    if version < HttpVersion::Http11 {
        return Err(HandshakeError::HttpVersion);
    }
    match fields.upgrade {
        Upgrade { has_websocket: true, has_other: false } => {}
        Upgrade { has_other: true, .. } => return Err(HandshakeError::Invalid(Field::Upgrade)),
        Upgrade { .. } => return Err(HandshakeError::Missing(Field::Upgrade)),
    }
    if fields.is_connection_upgrade { Ok(()) } else { Err(HandshakeError::Missing(Field::Connection)) }
}

/// Item 5: no extension but one that was offered.
#[cfg(feature = "deflate")]
fn agreed_deflate<'a>(request: &Request<'a>, fields: &Fields<'_>) -> Result<Option<Agreed<'a>>, HandshakeError> {
    match request.offered_deflate() {
        Some(offered) => offered.answered(fields.extensions()),
        None => check_no_extensions(fields).map(|()| None),
    }
}

/// Item 5, when none was offered.
fn check_no_extensions(fields: &Fields<'_>) -> Result<(), HandshakeError> {
    match fields.extensions().next() {
        None => Ok(()),
        Some(_) => Err(HandshakeError::ExtensionNotOffered),
    }
}

/// Item 6: one subprotocol at most, and one of ours.
fn chosen_subprotocol<'a>(request: &Request<'a>, fields: &Fields<'_>) -> Result<Option<&'a str>, HandshakeError> {
    match fields.protocol_lines() {
        [] => Ok(None),
        [name] => request.offered(name).map(Some).ok_or(HandshakeError::SubprotocolNotOffered),
        _ => Err(HandshakeError::SubprotocolNotOffered),
    }
}
