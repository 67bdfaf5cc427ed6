//! What a request must be to become a WebSocket (RFC 6455 §4.2.1): one list, for requests in bytes and in parsed
//! headers.

use super::accept::Accept;
use super::origin::Origins;
use crate::error::{Field, HandshakeError};
#[cfg(feature = "http")]
use crate::handshake::authority::default_port;
use crate::handshake::authority::{Authority, split_scheme};
use crate::handshake::fields::Fields;
use crate::handshake::head::HttpVersion;
use crate::handshake::{accept_key, grammar};

/// The first line of a request, in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// The method, such as `GET`. Methods are compared with regard to case.
    pub method: &'a str,
    /// The target as the client wrote it: a path with its query, or an absolute URI.
    pub target: &'a str,
    /// The version of HTTP.
    pub version: HttpVersion,
}

impl<'a> RequestLine<'a> {
    /// The resource name: the target itself, or what stands behind the authority of an absolute one; `/` when nothing
    /// does.
    pub(super) fn path(&self) -> &'a str {
        match self.split_absolute() {
            Some((_, _, "")) => "/",
            Some((_, _, path)) => path,
            None => self.target,
        }
    }

    /// Default port, authority, and path with query of an absolute target.
    fn split_absolute(&self) -> Option<(u16, &'a str, &'a str)> {
        if self.target.starts_with('/') {
            return None;
        }
        let (default_port, rest) = split_scheme(self.target.as_bytes())?;
        let rest = self.target.get(self.target.len().saturating_sub(rest.len())..)?;
        let (authority, path) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len()))?;
        Some((default_port, authority, path))
    }

    /// That the target is a path, or a URI that names the same server as `Host` does.
    fn check_target(&self, host: &Authority<'_>) -> Result<(), HandshakeError> {
        if !grammar::is_target(self.target) {
            return Err(HandshakeError::Target);
        }
        if self.target.starts_with('/') {
            return Ok(());
        }
        let (default_port, authority, path) = self.split_absolute().ok_or(HandshakeError::Target)?;
        if path.starts_with('?') {
            return Err(HandshakeError::Target);
        }
        check_same_server(authority, default_port, host)
    }
}

/// That a target names the same server as `Host` (RFC 9112 §3.2.2).
fn check_same_server(authority: &str, default_port: u16, host: &Authority<'_>) -> Result<(), HandshakeError> {
    let authority = Authority::parse(authority.as_bytes()).map_err(|_| HandshakeError::Target)?;
    if authority.is_same(host, default_port) { Ok(()) } else { Err(HandshakeError::TargetAuthority) }
}

/// The same for a target that somebody else has taken apart.
#[cfg(feature = "http")]
pub(in crate::handshake) fn check_authority(
    authority: &str,
    scheme: Option<&str>,
    fields: &Fields<'_>,
) -> Result<(), HandshakeError> {
    let default_port = scheme.and_then(default_port).ok_or(HandshakeError::Target)?;
    check_same_server(authority, default_port, &check_host(fields)?)
}

/// Decides on a request whose head somebody else has parsed: hyper, axum, a test.
///
/// It is the same decision as [`Request::accept`](super::Request::accept), by the same code. What to answer stands in
/// the [`Accept`]: its [`response_fields`](Accept::response_fields) go into a response with status 101.
///
/// # Errors
///
/// The first of the rules that is broken, in this order: method, version of HTTP, `Upgrade`, `Connection`, headers that
/// stand twice, version of WebSocket, `Host`, target, body, key, subprotocols, extensions, origin. Its
/// [`status`](HandshakeError::status) goes into the response, and with it what
/// [`Reply::to_error`](super::Reply::to_error) has as [`response_fields`](super::Reply::response_fields).
///
/// ```
/// use websocket_proto::handshake::{Fields, HttpVersion, server};
///
/// let line = server::RequestLine { method: "GET", target: "/chat", version: HttpVersion::Http11 };
/// let fields: Fields<'_> = [
///     ("host", "server.example.com"),
///     ("upgrade", "websocket"),
///     ("connection", "keep-alive, Upgrade"),
///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("sec-websocket-version", "13"),
/// ]
/// .into_iter()
/// .collect();
///
/// let accept = server::accept(&line, &fields, server::Origins::SameHost)?;
/// for header in accept.response_fields() {
///     println!("{header:?}"); // Upgrade, Connection, Sec-WebSocket-Accept
/// }
/// # Ok::<(), websocket_proto::HandshakeError>(())
/// ```
pub fn accept<'f, 'a>(
    line: &RequestLine<'_>,
    fields: &'f Fields<'_>,
    origins: Origins<'_>,
) -> Result<Accept<'f, 'a>, HandshakeError> {
    check_upgrade(line, fields)?;
    fields.check_counts()?;
    check_version(fields)?;
    let host = check_host(fields)?;
    line.check_target(&host)?;
    fields.check_no_body()?;
    let key = check_key(fields)?;
    fields.check_lists()?;
    origins.check(fields.origin, &host)?;
    Ok(Accept::upgrade(accept_key::accept_key(key), fields))
}

/// §4.2.1 items 1, 3 and 4: it asks for a WebSocket, in a way that HTTP lets it ask.
fn check_upgrade(line: &RequestLine<'_>, fields: &Fields<'_>) -> Result<(), HandshakeError> {
    if line.method != "GET" {
        Err(HandshakeError::Method)
    } else if line.version < HttpVersion::Http11 {
        Err(HandshakeError::HttpVersion)
    } else if !fields.upgrade.has_websocket {
        Err(HandshakeError::Missing(Field::Upgrade))
    } else if !fields.is_connection_upgrade {
        Err(HandshakeError::Missing(Field::Connection))
    } else {
        Ok(())
    }
}

/// §4.2.1 item 6, §4.4
pub(in crate::handshake) fn check_version(fields: &Fields<'_>) -> Result<(), HandshakeError> {
    match fields.version {
        Some(b"13") => Ok(()),
        Some(_) => Err(HandshakeError::WebSocketVersion),
        None => Err(HandshakeError::Missing(Field::Version)),
    }
}

/// §4.2.1 item 2
fn check_host<'a>(fields: &Fields<'a>) -> Result<Authority<'a>, HandshakeError> {
    let host = fields.host.ok_or(HandshakeError::Missing(Field::Host))?;
    Authority::parse(host).map_err(|_| HandshakeError::Invalid(Field::Host))
}

/// §4.2.1 item 5
fn check_key<'a>(fields: &Fields<'a>) -> Result<&'a [u8], HandshakeError> {
    let key = fields.key.ok_or(HandshakeError::Missing(Field::Key))?;
    if accept_key::is_key(key) { Ok(key) } else { Err(HandshakeError::Invalid(Field::Key)) }
}
