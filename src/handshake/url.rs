//! `ws:` and `wss:` URLs (RFC 6455 §3).

use core::fmt;

use super::authority::Authority;
use super::grammar;
use crate::error::UrlError;

/// The parts of a `ws:` or `wss:` URL, borrowed from its text.
///
/// It is what a client needs to know three things: where to connect ([`host`](Self::host), [`port`](Self::port)),
/// whether to speak TLS ([`is_secure`](Self::is_secure)), and what to ask for
/// ([`client::Request::to`](super::client::Request::to)).
///
/// ```
/// use websocket_proto::handshake::Url;
///
/// let url = Url::parse("wss://example.com/chat?room=1")?;
/// assert!(url.is_secure());
/// assert_eq!((url.host(), url.port()), ("example.com", 443));
/// assert_eq!(url.authority(), "example.com");
/// assert_eq!(url.target().to_string(), "/chat?room=1");
/// # Ok::<(), websocket_proto::UrlError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    is_secure: bool,
    /// The host as it is written: an IPv6 address stands in brackets.
    host: &'a str,
    port: Option<u16>,
    /// The host with the port, as they are written.
    written: &'a str,
    target: Target<'a>,
}

impl<'a> Url<'a> {
    /// Takes a URL apart. The work is linear in its length, whatever is in it.
    ///
    /// Nothing is decoded and nothing is encoded: text that has bytes beyond ASCII, spaces or control characters has to
    /// be percent-encoded before (and the name of a host turned into its ASCII form).
    ///
    /// # Errors
    ///
    /// Which part is not as RFC 6455 §3 has it. A fragment is refused, as it says there; a user name too, for which
    /// there is no place: send the header `Authorization` if that is meant.
    pub fn parse(text: &'a str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let is_secure = scheme.eq_ignore_ascii_case("wss");
        if !is_secure && !scheme.eq_ignore_ascii_case("ws") {
            return Err(UrlError::Scheme);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (written, target) = rest.split_at_checked(end).ok_or(UrlError::Host)?;
        if written.contains('@') {
            return Err(UrlError::Userinfo);
        }
        let Authority { host, port, .. } = Authority::parse(written.as_bytes())?;
        let host = written.get(..host.len()).ok_or(UrlError::Host)?;
        Ok(Self { is_secure, host, port, written, target: Target::parse(target)? })
    }

    /// Whether the scheme is `wss`: the connection goes through TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The name or address to connect to, and the name for TLS. An IPv6 address stands without its brackets.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(self.host)
    }

    /// The port to connect to: the one that is written, or else 80 for `ws` and 443 for `wss`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.default_port())
    }

    /// The value for `Host`: the host as it is written, with the port unless it is the default (RFC 6455 §4.1 item 4).
    #[must_use]
    pub fn authority(&self) -> &'a str {
        if self.port() == self.default_port() { self.host } else { self.written }
    }

    /// The resource name: path and query, `/` for an empty path.
    #[must_use]
    pub const fn target(&self) -> Target<'a> {
        self.target
    }

    const fn default_port(&self) -> u16 {
        if self.is_secure { 443 } else { 80 }
    }
}

/// A resource name as a request line has it: it begins with `/`, and is visible ASCII without `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The slash of an empty path, which stands in no text.
    slash: &'static str,
    rest: &'a str,
}

impl<'a> Target<'a> {
    /// Path and query of a URL; the path may be empty.
    pub(super) fn parse(text: &'a str) -> Result<Self, UrlError> {
        let slash = if text.starts_with('/') { "" } else { "/" };
        if text.contains('#') {
            return Err(UrlError::Fragment);
        }
        if text.is_empty() || grammar::is_visible(text) { Ok(Self { slash, rest: text }) } else { Err(UrlError::Path) }
    }

    pub(super) const fn parts(&self) -> [&'a [u8]; 2] {
        [self.slash.as_bytes(), self.rest.as_bytes()]
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.slash, self.rest)
    }
}
