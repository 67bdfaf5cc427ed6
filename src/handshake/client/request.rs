//! What a client asks for.

#[cfg(feature = "deflate")]
use crate::deflate;
use crate::error::HandshakeMisuse;
use crate::handshake::authority::{Authority, split_scheme};
#[cfg(feature = "deflate")]
use crate::handshake::deflate::Offered;
use crate::handshake::emit;
use crate::handshake::grammar;
use crate::handshake::header::Header;
use crate::handshake::url::{Target, Url};

/// A request for a WebSocket (RFC 6455 §4.1), about to be sent. It borrows all its text.
///
/// Each method checks what it is given, so that whatever is constructed can be sent.
///
/// ```
/// use websocket_proto::handshake::{Header, Url, client::Request};
///
/// let url = Url::parse("ws://localhost:8888/chat")?;
/// let headers = [Header::new("Authorization", "Bearer 3c8b")?];
/// let request = Request::to(&url).subprotocols(&["superchat", "chat"])?.headers(&headers)?;
/// assert_eq!(request.authority(), "localhost:8888");
/// # Ok::<(), websocket_proto::HandshakeMisuse>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    authority: &'a str,
    target: Target<'a>,
    origin: Option<&'a str>,
    subprotocols: &'a [&'a str],
    headers: &'a [Header<'a>],
    #[cfg(feature = "deflate")]
    deflate: Option<Offered<'a>>,
}

impl<'a> Request<'a> {
    /// For a host, with a port where it is not the default, and a resource name that begins with `/`.
    ///
    /// # Errors
    ///
    /// [`Host`](HandshakeMisuse::Host) or [`Target`](HandshakeMisuse::Target) when they have a form that a request
    /// cannot carry.
    pub fn new(authority: &'a str, target: &'a str) -> Result<Self, HandshakeMisuse> {
        Authority::parse(authority.as_bytes()).map_err(|_| HandshakeMisuse::Host)?;
        if !target.starts_with('/') {
            return Err(HandshakeMisuse::Target);
        }
        let target = Target::parse(target).map_err(|_| HandshakeMisuse::Target)?;
        Ok(Self::with(authority, target))
    }

    /// For what a URL names. Whether to speak TLS is between the caller and the URL.
    #[must_use]
    pub fn to(url: &Url<'a>) -> Self {
        Self::with(url.authority(), url.target())
    }

    const fn with(authority: &'a str, target: Target<'a>) -> Self {
        Self {
            authority,
            target,
            origin: None,
            subprotocols: &[],
            headers: &[],
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Names the origin of the page that asks: for browsers, and for those who stand in for one (§4.1 item 8).
    ///
    /// # Errors
    ///
    /// [`Origin`](HandshakeMisuse::Origin) when it is neither `null` nor a scheme, `://` and a host.
    pub fn origin(mut self, origin: &'a str) -> Result<Self, HandshakeMisuse> {
        let host = origin
            .split_once("://")
            .map(|(scheme, host)| grammar::is_token(scheme.as_bytes()) && is_origin_host(origin, host));
        if origin != "null" && host != Some(true) {
            return Err(HandshakeMisuse::Origin);
        }
        self.origin = Some(origin);
        Ok(self)
    }

    /// Offers these subprotocols, the one that is liked best first; a later call replaces them.
    ///
    /// # Errors
    ///
    /// [`Subprotocol`](HandshakeMisuse::Subprotocol) when one is not a token, or stands there twice (§4.1 item 10).
    pub fn subprotocols(mut self, names: &'a [&'a str]) -> Result<Self, HandshakeMisuse> {
        let mut earlier = names.iter().enumerate();
        let is_new = |(count, name): (usize, &&str)| !names.iter().take(count).any(|other| other == name);
        if !names.iter().all(|name| grammar::is_token(name.as_bytes())) || !earlier.all(is_new) {
            return Err(HandshakeMisuse::Subprotocol);
        }
        self.subprotocols = names;
        Ok(self)
    }

    /// Offers permessage-deflate (RFC 7692) under these settings. The server may decline.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, config: &'a deflate::Config) -> Self {
        self.deflate = Some(Offered::new(config));
        self
    }

    /// Adds these headers, behind the handshake's own; a later call replaces them.
    ///
    /// # Errors
    ///
    /// [`HeaderReserved`](HandshakeMisuse::HeaderReserved) when one of them is for the handshake to write or to leave
    /// out: `Host`, `Origin`, `Upgrade`, `Connection`, `Content-Length`, `Transfer-Encoding` and all that begins with
    /// `Sec-WebSocket-`.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Result<Self, HandshakeMisuse> {
        emit::check_not_reserved(headers)?;
        self.headers = headers;
        Ok(self)
    }

    /// The value of `Host`.
    #[must_use]
    pub const fn authority(&self) -> &'a str {
        self.authority
    }

    /// The resource name.
    #[must_use]
    pub const fn target(&self) -> Target<'a> {
        self.target
    }

    /// The subprotocol of this name, if it is offered.
    pub(super) fn offered(&self, name: &[u8]) -> Option<&'a str> {
        self.subprotocols.iter().find(|offer| offer.as_bytes() == name).copied()
    }

    /// The value of `Sec-WebSocket-Protocol`, in parts; nothing when no subprotocol is offered.
    pub(super) fn subprotocol_parts(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let separators = core::iter::once("").chain(core::iter::repeat(", "));
        separators.zip(self.subprotocols).flat_map(|(separator, name)| [separator.as_bytes(), name.as_bytes()])
    }

    /// The offer of permessage-deflate, if there is one.
    #[cfg(feature = "deflate")]
    pub(super) const fn offered_deflate(&self) -> Option<&Offered<'a>> {
        self.deflate.as_ref()
    }

    /// All headers but those that every request has, each subprotocol on a line of its own.
    pub(in crate::handshake) fn offer_fields(&self) -> impl Iterator<Item = Header<'_>> {
        let subprotocols =
            self.subprotocols.iter().map(|name| Header::trusted("Sec-WebSocket-Protocol", name.as_bytes()));
        subprotocols.chain(self.chosen_fields())
    }

    /// The headers other than those that every request has, and other than the subprotocols.
    pub(super) fn chosen_fields(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        let own = self.origin.map(|origin| Header::trusted("Origin", origin.as_bytes())).into_iter();
        #[cfg(feature = "deflate")]
        let own = own.chain(self.deflate.as_ref().map(Offered::header));
        own.chain(self.headers.iter().copied())
    }
}

/// The host of an origin; what a scheme other than HTTP's has there is any visible text.
fn is_origin_host(origin: &str, host: &str) -> bool {
    if split_scheme(origin.as_bytes()).is_some() {
        Authority::parse(host.as_bytes()).is_ok()
    } else {
        grammar::is_visible(host)
    }
}
