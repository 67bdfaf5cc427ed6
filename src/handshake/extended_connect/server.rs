//! The server's side: what a CONNECT must be to become a WebSocket.

use super::{METHOD, PROTOCOL};
use crate::error::{Field, HandshakeError};
use crate::handshake::authority::Authority;
use crate::handshake::fields::Fields;
use crate::handshake::grammar;
use crate::handshake::header::Header;
use crate::handshake::server::{self, Connect, Origins, rules};

/// A CONNECT that keeps to all rules, about to be granted. Its answer has the status 200.
pub type Accept<'f, 'a> = server::Accept<'f, 'a, Connect>;

/// The pseudo-header fields of a request (RFC 8441 §4, RFC 9113 §8.3.1), as the stack gives them; `None` for one that is
/// not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PseudoFields<'a> {
    /// `:method`, such as `CONNECT`.
    pub method: &'a str,
    /// `:protocol`, which makes a CONNECT an extended one. Stacks keep it apart from the rest: it is
    /// `hyper::ext::Protocol` or `h2::ext::Protocol` among the extensions of a request.
    pub protocol: Option<&'a str>,
    /// `:scheme`: `https`, or `http` without TLS.
    pub scheme: Option<&'a str>,
    /// `:authority`: what `Host` is in HTTP/1.1.
    pub authority: Option<&'a str>,
    /// `:path`, with its query.
    pub path: Option<&'a str>,
}

impl<'a> PseudoFields<'a> {
    /// Whether it asks for a WebSocket: an extended CONNECT with this protocol. Nothing else is checked here.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        self.check_connect().is_ok()
    }

    /// RFC 8441 §5: "it MUST have a value of `websocket`". Without the pseudo-header, a CONNECT asks for a proxy.
    fn check_connect(&self) -> Result<(), HandshakeError> {
        if self.method != METHOD {
            Err(HandshakeError::Method)
        } else if self.protocol != Some(PROTOCOL) {
            Err(HandshakeError::Protocol)
        } else {
            Ok(())
        }
    }

    /// RFC 8441 §4: scheme, authority and path must all be there. The authority is compared with `Host`, if that stands
    /// there too (RFC 9113 §8.3.1).
    fn check_target(&self, host: Option<&[u8]>) -> Result<Authority<'a>, HandshakeError> {
        let default_port = match self.scheme {
            Some("https") => 443,
            Some("http") => 80,
            _ => return Err(HandshakeError::Scheme),
        };
        let path = self.path.ok_or(HandshakeError::Target)?;
        if !path.starts_with('/') || !grammar::is_target(path) {
            return Err(HandshakeError::Target);
        }
        let authority = self.authority.ok_or(HandshakeError::Missing(Field::Host))?;
        let authority = Authority::parse(authority.as_bytes()).map_err(|_| HandshakeError::Invalid(Field::Host))?;
        match host.map(Authority::parse) {
            None => Ok(authority),
            Some(Ok(host)) if host.is_same(&authority, default_port) => Ok(authority),
            Some(Ok(_)) => Err(HandshakeError::TargetAuthority),
            Some(Err(_)) => Err(HandshakeError::Invalid(Field::Host)),
        }
    }
}

/// Decides on a request whose headers an HTTP/2 or HTTP/3 stack has taken apart.
///
/// # Errors
///
/// The first of the rules that is broken, in this order: method, protocol, headers that a stream cannot have, headers
/// that stand twice, version of WebSocket, scheme, path, authority, body, subprotocols, extensions, origin.
/// [`Refusal::to_error`] is what to answer.
pub fn accept<'f, 'a>(
    pseudo: &PseudoFields<'_>,
    fields: &'f Fields<'_>,
    origins: Origins<'_>,
) -> Result<Accept<'f, 'a>, HandshakeError> {
    pseudo.check_connect()?;
    fields.check_stream()?;
    fields.check_counts()?;
    rules::check_version(fields)?;
    let authority = pseudo.check_target(fields.host)?;
    fields.check_no_body()?;
    fields.check_lists()?;
    origins.check(fields.origin, &authority)?;
    Ok(Accept::new(Connect, fields))
}

/// The answer to a request that does not become a WebSocket: a status and a header or two, with no body. Send it with
/// `END_STREAM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the answer has to be sent"]
pub struct Refusal {
    status: u16,
    /// What a status of the handshake brings along.
    due: &'static [Header<'static>],
}

impl Refusal {
    /// The answer that is due to a request which failed with `error`.
    ///
    /// It is what [`HandshakeError::status`] says, but that a version which is not understood is a 400: 426 has to name
    /// an upgrade (RFC 9110 §15.5.22), and there is none on a stream. Either way the version that would be is named
    /// (RFC 6455 §4.4).
    pub const fn to_error(error: HandshakeError) -> Self {
        const VERSION: &[Header<'static>] = &[Header::trusted("sec-websocket-version", b"13")];
        const ALLOW: &[Header<'static>] = &[Header::trusted("allow", b"CONNECT")];
        match error.status() {
            426 => Self { status: 400, due: VERSION },
            405 => Self { status: 405, due: ALLOW },
            status => Self { status, due: &[] },
        }
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Its headers, whose names are in lower case.
    #[must_use]
    pub const fn response_fields(&self) -> &'static [Header<'static>] {
        self.due
    }
}
