//! `host[:port]`: in `Host`, in an origin, in an absolute target and in a URL (RFC 3986 §3.2).
//!
//! One reader for the four places, since what two of them say is compared: an origin with `Host`, a target with `Host`.
//! A reader that is laxer in one place than in the other is how `good.com@evil.com` gets past a check. So this one
//! knows no user name, no path and no spaces: whoever has them must take them off first, or has no authority.
//!
//! A name is compared as it is written, but for the case of its letters. A trailing dot, a percent-encoded letter and
//! another spelling of an address make another host: the answer "no" is safe where it is wrong.

use core::net::Ipv6Addr;

use super::grammar::{self, ByteSet};
use crate::error::UrlError;

/// A host and, if one is written, a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// All of it as it is written.
    pub(super) text: &'a [u8],
    /// The host as it is written: an IPv6 address stands in brackets.
    pub(super) host: &'a [u8],
    /// An empty port is none.
    pub(super) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads all of `text`, which must be nothing but an authority.
    #[inline]
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, UrlError> {
        let end = match text {
            [b'[', rest @ ..] => rest.iter().position(|byte| *byte == b']').map_or(0, |place| place.saturating_add(2)),
            bytes => NAME.prefix_len(bytes),
        };
        let (host, port) = text.split_at_checked(end).ok_or(UrlError::Host)?;
        if host.is_empty() || host.starts_with(b"[") && !is_ipv6(host) {
            return Err(UrlError::Host);
        }
        Ok(Self { text, host, port: parse_port(port)? })
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
pub(super) fn split_scheme(text: &[u8]) -> Option<(u16, &[u8])> {
    SCHEMES.iter().find_map(|(start, default_port)| {
        let (scheme, rest) = text.split_at_checked(start.len())?;
        // Browsers write it like this.
        if scheme == *start || scheme.eq_ignore_ascii_case(start) { Some((*default_port, rest)) } else { None }
    })
}

/// The default port of a scheme, as [`split_scheme`] has it.
#[cfg(feature = "http")]
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    let names = SCHEMES.iter().filter_map(|(start, port)| Some((start.strip_suffix(b"://")?, *port)));
    names.into_iter().find(|(name, _)| scheme.as_bytes().eq_ignore_ascii_case(name)).map(|(_, port)| port)
}

const SCHEMES: [(&[u8], u16); 4] = [(b"http://", 80), (b"https://", 443), (b"wss://", 443), (b"ws://", 80)];

/// An address in brackets, without a zone.
fn is_ipv6(literal: &[u8]) -> bool {
    let address = literal.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let text = address.and_then(|address| core::str::from_utf8(address).ok());
    text.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// The characters of `reg-name`, of which an IPv4 address is a case.
static NAME: ByteSet = ByteSet::alphanumeric_and(b"-._~%!$&'()*+,;=");

/// `[":" *DIGIT]`
fn parse_port(text: &[u8]) -> Result<Option<u16>, UrlError> {
    let Some((b':', digits)) = text.split_first() else {
        return if text.is_empty() { Ok(None) } else { Err(UrlError::Host) };
    };
    if digits.is_empty() {
        return Ok(None);
    }
    let port = grammar::decimal(digits).and_then(|port| u16::try_from(port).ok());
    port.map(Some).ok_or(UrlError::Port)
}
