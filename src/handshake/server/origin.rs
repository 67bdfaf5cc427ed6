//! From which pages a connection may come (RFC 6455 §10.2).

use crate::error::HandshakeError;
use crate::handshake::authority::{Authority, split_scheme};

/// The origins that a server serves: the choice against cross-site hijacking (CWE-1385), which nobody can make for it.
///
/// A browser lets any page open a WebSocket to any server, and sends that server's cookies along; only the header
/// `Origin` says which page it was. So [`Request::accept`](super::Request::accept) cannot be called without this
/// choice.
///
/// A request without `Origin` does not come from a browser (§4.2.1 item 7) and is let through by each of these; a
/// client that is no browser could write what it likes there anyway. A server that wants none of them can look at
/// [`Request::origin`](super::Request::origin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origins<'a> {
    /// Pages from the same host and port as the request's `Host`.
    ///
    /// A port that is not written is the default of the origin's scheme: `http://example.com` and `Host:
    /// example.com:80` are the same. The scheme itself is not compared, for a server behind a proxy cannot know its
    /// own; where a page that came without TLS must not reach a server with TLS, use a list.
    SameHost,
    /// Pages from one of these origins, each as browsers write it: `https://example.com`, `http://localhost:3000`.
    ///
    /// The whole text is compared, without regard to ASCII case; there are no patterns. `null`, which stands for many
    /// origins at once (sandboxed frames, files), is never equal, not even to `null` in the list.
    Listed(&'a [&'a str]),
    /// Pages from anywhere, `null` included: for what is public, or guarded by something that a browser does not send
    /// by itself.
    Any,
}

impl Origins<'_> {
    /// Whether a page of this `origin` may connect to this `host`.
    pub(in crate::handshake) fn check(self, origin: Option<&[u8]>, host: &Authority<'_>) -> Result<(), HandshakeError> {
        let is_served = match (self, origin) {
            (_, None) | (Self::Any, _) => true,
            (Self::SameHost, Some(origin)) => is_same_host(origin, host),
            (Self::Listed(list), Some(origin)) => {
                !origin.eq_ignore_ascii_case(b"null")
                    && list.iter().any(|entry| origin.eq_ignore_ascii_case(entry.as_bytes()))
            }
        };
        if is_served { Ok(()) } else { Err(HandshakeError::OriginRefused) }
    }
}

fn is_same_host(origin: &[u8], host: &Authority<'_>) -> bool {
    split_scheme(origin).is_some_and(|(default_port, authority)| {
        authority == host.text || Authority::parse(authority).is_ok_and(|origin| origin.is_same(host, default_port))
    })
}
