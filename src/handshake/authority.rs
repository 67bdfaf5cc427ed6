//! `host[:port]`: in `Host`, in an origin, in an absolute target and in a URL (RFC 3986 §3.2).

use core::net::Ipv6Addr;

use crate::error::UrlError;

/// A host and, if one is written, a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// The host as it is written: an IPv6 address stands in brackets.
    pub(super) host: &'a str,
    /// An empty port is none.
    pub(super) port: Option<u16>,
}

impl<'a> Authority<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, UrlError> {
        let is_literal = text.starts_with('[');
        let end = if is_literal { text.find(']').map(|at| at.saturating_add(1)) } else { text.find(':') };
        let (host, port) = text.split_at_checked(end.unwrap_or(text.len())).ok_or(UrlError::Host)?;
        let is_sound = if is_literal { is_ipv6(host) } else { is_name(host) };
        if !is_sound {
            return Err(UrlError::Host);
        }
        Ok(Self { host, port: parse_port(port)? })
    }

    pub(super) fn from_bytes(bytes: &'a [u8]) -> Result<Self, UrlError> {
        Self::parse(core::str::from_utf8(bytes).map_err(|_| UrlError::Host)?)
    }

    /// Whether both name the same place, where a port that is not written is `default_port`.
    pub(super) fn is_same(&self, other: &Self, default_port: u16) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

/// Splits the scheme off `text`; gives the scheme's default port and what stands behind `://`.
///
/// HTTP and WebSocket alone: other schemes name no server that we could be.
pub(super) fn split_scheme(text: &str) -> Option<(u16, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("http") || is("ws") {
        Some((80, rest))
    } else if is("https") || is("wss") {
        Some((443, rest))
    } else {
        None
    }
}

/// An address in brackets, without a zone.
fn is_ipv6(literal: &str) -> bool {
    let address = literal.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// `reg-name`, of which an IPv4 address is a case; not empty.
fn is_name(host: &str) -> bool {
    let is_sound = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&'..=b',' | b';' | b'=')
    };
    !host.is_empty() && host.bytes().all(is_sound)
}

/// `[":" *DIGIT]`
fn parse_port(text: &str) -> Result<Option<u16>, UrlError> {
    let Some(digits) = text.strip_prefix(':') else {
        return if text.is_empty() { Ok(None) } else { Err(UrlError::Host) };
    };
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlError::Port);
    }
    digits.parse().map(Some).map_err(|_| UrlError::Port)
}
