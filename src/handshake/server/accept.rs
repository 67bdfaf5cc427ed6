//! Saying yes: the answer, and what is agreed with it (RFC 6455 §4.2.2, RFC 8441 §5).

use crate::buffer::send::SendBuffer;
#[cfg(feature = "deflate")]
use crate::deflate::{self, Params};
use crate::error::{HandshakeMisuse, SendError};
#[cfg(feature = "deflate")]
use crate::handshake::deflate::{Agreed, Answer};
use crate::handshake::emit::{self, CRLF};
use crate::handshake::extensions::Extensions;
use crate::handshake::fields::Fields;
use crate::handshake::header::Header;

/// The head of a 101 as far as all of them are alike but for the accept key, whose place is the dots.
const START: &[u8; 127] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: ............................\r\n";

/// In one piece, since each piece is a call.
fn start(accept_key: &[u8; 28]) -> [u8; 127] {
    let mut start = *START;
    if let Some((_, [place @ .., b'\r', b'\n'])) = start.split_last_chunk_mut::<30>() {
        *place = *accept_key;
    }
    start
}

/// A request that keeps to all rules, about to be granted.
///
/// Choose a subprotocol, add headers, then [`write`](Self::write) the answer. Only what the client offers can be
/// chosen. `'a` is the caller's text: the chosen subprotocol and the headers are not copied.
///
/// `W` is the way in which the connection comes about: by an [`Upgrade`], by [`Connect`], or by
/// [either](EitherWay).
#[derive(Clone, Debug)]
#[must_use = "the answer has to be written"]
pub struct Accept<'f, 'a, W = Upgrade> {
    fields: &'f Fields<'f>,
    way: W,
    subprotocol: Option<&'a str>,
    headers: &'a [Header<'a>],
    #[cfg(feature = "deflate")]
    deflate: Option<Answer<'a>>,
}

/// A way in which a connection becomes a WebSocket.
pub trait Way: sealed::Way {}

mod sealed {
    pub trait Way {
        /// The value of `Sec-WebSocket-Accept`, which only an upgrade has.
        fn accept_key(&self) -> Option<&[u8; 28]>;
    }
}

/// The upgrade of HTTP/1.1: the answer is a 101, which accepts the client's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upgrade {
    accept_key: [u8; 28],
}

/// The extended CONNECT of HTTP/2 and HTTP/3: the answer is a 200, and there is no key
/// ([`extended_connect`](crate::handshake::extended_connect)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect;

/// One of the two, as the request has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EitherWay {
    accept_key: Option<[u8; 28]>,
}

impl sealed::Way for Upgrade {
    fn accept_key(&self) -> Option<&[u8; 28]> {
        Some(&self.accept_key)
    }
}

impl sealed::Way for Connect {
    fn accept_key(&self) -> Option<&[u8; 28]> {
        None
    }
}

impl sealed::Way for EitherWay {
    fn accept_key(&self) -> Option<&[u8; 28]> {
        self.accept_key.as_ref()
    }
}

impl<W: sealed::Way> Way for W {}

/// The result of a handshake on the server's side: what both ends have agreed on. There is one only where a yes was
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the connection begins here"]
pub struct Accepted<'a> {
    subprotocol: Option<&'a str>,
    #[cfg(feature = "deflate")]
    deflate: Option<Agreed<'a>>,
}

impl<'a> Accepted<'a> {
    /// The subprotocol in use, if one was chosen.
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
}

impl<'f, 'a> Accept<'f, 'a> {
    pub(super) const fn upgrade(accept_key: [u8; 28], fields: &'f Fields<'f>) -> Self {
        Self::new(Upgrade { accept_key }, fields)
    }

    /// The value of `Sec-WebSocket-Accept`, 28 bytes of ASCII.
    #[must_use]
    pub const fn accept_key(&self) -> &[u8; 28] {
        &self.way.accept_key
    }

    /// Appends the answer to `tx`. From here on both ends speak WebSocket, and what is unread in the receive buffer are
    /// frames.
    ///
    /// # Errors
    ///
    /// [`Full`](SendError::Full) when it does not fit: nothing was written, and the call can be repeated.
    pub fn write(&self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<Accepted<'a>, SendError> {
        emit::emit_head(&[&start(&self.way.accept_key)], self.chosen_fields(), &[CRLF], tx)?;
        Ok(self.accepted())
    }
}

impl<'f, 'a, W: Way> Accept<'f, 'a, W> {
    pub(in crate::handshake) const fn new(way: W, fields: &'f Fields<'f>) -> Self {
        Self {
            fields,
            way,
            subprotocol: None,
            headers: &[],
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// The same, whichever way it is.
    pub fn either(self) -> Accept<'f, 'a, EitherWay> {
        let way = EitherWay { accept_key: self.way.accept_key().copied() };
        Accept {
            fields: self.fields,
            way,
            subprotocol: self.subprotocol,
            headers: self.headers,
            #[cfg(feature = "deflate")]
            deflate: self.deflate,
        }
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'f str> {
        self.fields.subprotocols()
    }

    /// The extensions that the client offers, in its order of preference. Their grammar has been checked.
    pub fn extensions(&self) -> Extensions<'f, 'f> {
        self.fields.extensions()
    }

    /// Chooses this subprotocol. Names are compared with regard to case.
    ///
    /// # Errors
    ///
    /// [`SubprotocolNotOffered`](HandshakeMisuse::SubprotocolNotOffered): a client has to give up a connection that has
    /// one.
    pub fn subprotocol(mut self, name: &'a str) -> Result<Self, HandshakeMisuse> {
        if !self.subprotocols().any(|offer| offer == name) {
            return Err(HandshakeMisuse::SubprotocolNotOffered);
        }
        self.subprotocol = Some(name);
        Ok(self)
    }

    /// Chooses the first of the server's subprotocols `by_preference` that the client offers; none when it offers none
    /// of them.
    ///
    /// Whether a connection with no subprotocol is of use is for the server to say: see
    /// [`chosen_subprotocol`](Self::chosen_subprotocol).
    pub fn choose_subprotocol(mut self, by_preference: &[&'a str]) -> Self {
        let is_offered = |name: &&&str| self.subprotocols().any(|offer| offer == **name);
        self.subprotocol = by_preference.iter().find(is_offered).copied();
        self
    }

    /// The subprotocol that was chosen, if any.
    #[must_use]
    pub const fn chosen_subprotocol(&self) -> Option<&'a str> {
        self.subprotocol
    }

    /// Chooses permessage-deflate (RFC 7692) under these settings, by the first of the client's offers that is not to be
    /// declined; when there is none, the connection does without.
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, config: &'a deflate::Config) -> Self {
        self.deflate = config.choose(self.extensions()).map(|params| Answer::new(params, config));
        self
    }

    /// The parameters of permessage-deflate, if it was chosen.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn chosen_deflate(&self) -> Option<Params> {
        self.deflate.as_ref().map(|answer| answer.agreed.params)
    }

    /// Adds these headers to the answer, behind the handshake's own; a later call replaces them.
    ///
    /// # Errors
    ///
    /// [`HeaderReserved`](HandshakeMisuse::HeaderReserved) when one of them is for the handshake to write or to leave
    /// out: `Upgrade`, `Connection`, `Content-Length`, `Transfer-Encoding`, `Host`, `Origin` and all that begins with
    /// `Sec-WebSocket-`.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Result<Self, HandshakeMisuse> {
        emit::check_not_reserved(headers)?;
        self.headers = headers;
        Ok(self)
    }

    /// The status of the answer: 101 to an upgrade, 200 to a CONNECT.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.way.accept_key().is_some() { 101 } else { 200 }
    }

    /// The headers of the answer, for those who write the response themselves, with [this status](Self::status). For
    /// HTTP/2 and HTTP/3, the names that the handshake writes are in lower case.
    pub fn response_fields(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        let key = self.way.accept_key();
        let fixed = key.map(|key| {
            [
                Header::trusted("Upgrade", b"websocket"),
                Header::trusted("Connection", b"Upgrade"),
                Header::trusted("Sec-WebSocket-Accept", key),
            ]
        });
        let is_upgrade = key.is_some();
        let chosen = self.chosen_fields().map(move |header| if is_upgrade { header } else { header.to_lower() });
        fixed.into_iter().flatten().chain(chosen)
    }

    /// The headers behind the three that every answer has.
    fn chosen_fields(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        let chosen = self.subprotocol.map(|name| Header::trusted("Sec-WebSocket-Protocol", name.as_bytes()));
        #[cfg(feature = "deflate")]
        let chosen = chosen.into_iter().chain(self.deflate.as_ref().map(Answer::header));
        chosen.into_iter().chain(self.headers.iter().copied())
    }

    /// The result, for those who send [`response_fields`](Self::response_fields) themselves.
    pub const fn accepted(&self) -> Accepted<'a> {
        Accepted {
            subprotocol: self.subprotocol,
            #[cfg(feature = "deflate")]
            deflate: match &self.deflate {
                Some(answer) => Some(answer.agreed),
                None => None,
            },
        }
    }
}
