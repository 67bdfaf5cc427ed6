//! The headers that matter to a handshake, collected in one pass.
//!
//! Requests and responses are read by the same rules whether they come as bytes or as headers that somebody else has
//! parsed. [`Fields`] is where the two ways meet: each header is shown to it once, it keeps what the handshake asks
//! about, and notes what stands more often than it may. Most headers of a real request are dismissed by the length of
//! their name.

use super::extensions::Extensions;
use super::{grammar, names};
use crate::error::{Field, HandshakeError};

/// The most lines on which `Sec-WebSocket-Protocol` or `Sec-WebSocket-Extensions` may stand.
///
/// Browsers send one line of each, and a list on one line can be as long as the head. The lines have to be kept without
/// an allocation, and a list that was cut would be a list that the client did not send; so there is a limit, and beyond
/// it an error.
const MAX_LINES: usize = 8;

/// The extensions that every browser offers, in its spelling: nearly all lists there are, and known to be sound.
const FROM_BROWSERS: &[u8] = b"permessage-deflate; client_max_window_bits";

/// The headers of a request or response that matter to a handshake.
///
/// Show it every header, in order, with [`add`](Self::add), or collect an iterator of names and values. It borrows the
/// values. Nothing is judged before the handshake asks: see [`server::accept`](super::server::accept) and
/// [`client::Handshake::verify`](super::client::Handshake::verify).
///
/// ```
/// use websocket_proto::handshake::Fields;
///
/// let fields: Fields<'_> = [("Upgrade", "websocket"), ("Sec-WebSocket-Protocol", "chat, superchat")].into_iter().collect();
/// assert!(fields.is_websocket());
/// assert!(fields.subprotocols().eq(["chat", "superchat"]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) origin: Option<&'a [u8]>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) accept: Option<&'a [u8]>,
    pub(super) version: Option<&'a [u8]>,
    pub(super) upgrade: Upgrade,
    /// Whether `Connection` names `upgrade`.
    pub(super) is_connection_upgrade: bool,
    pub(super) content_length: Option<u64>,
    /// A header that says something of a connection, which a stream of HTTP/2 or HTTP/3 is not.
    connection_specific: Option<Field>,
    /// The last line of `Transfer-Encoding`.
    pub(super) transfer_encoding: Option<&'a [u8]>,
    protocols: Lines<'a>,
    extensions: Lines<'a>,
    /// The first header that stands too often, or whose number is none.
    fault: Option<HandshakeError>,
}

/// What `Upgrade` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Upgrade {
    pub(super) has_websocket: bool,
    pub(super) has_other: bool,
}

/// The lines of a list. An array of slices that are there or not is nothing to be dropped, so whoever holds it does not
/// hold the bytes for longer than it is used.
#[derive(Clone, Debug, Default)]
struct Lines<'a> {
    lines: [&'a [u8]; MAX_LINES],
    count: usize,
}

impl<'a> Lines<'a> {
    #[inline]
    fn as_slice(&self) -> &[&'a [u8]] {
        self.lines.get(..self.count).unwrap_or_default()
    }

    /// Adds a line, if there is room for one.
    #[inline]
    fn push(&mut self, line: &'a [u8]) -> Option<()> {
        *self.lines.get_mut(self.count)? = line;
        self.count = self.count.saturating_add(1);
        Some(())
    }
}

impl<'a> Fields<'a> {
    /// No headers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a header. `name` is compared without regard to ASCII case; spaces around `value` do not matter.
    #[inline]
    pub fn add(&mut self, name: &str, value: &'a [u8]) {
        if let Some(field) = names::recognise(name.as_bytes()) {
            self.note(field, grammar::trim(value));
        }
    }

    /// Takes note of a header that matters, whose value has no spaces around it.
    #[inline]
    pub(super) fn note(&mut self, field: Field, value: &'a [u8]) {
        let noted = match field {
            Field::Host => once(field, &mut self.host, value),
            Field::Origin => once(field, &mut self.origin, value),
            Field::Key => once(field, &mut self.key, value),
            Field::Accept => once(field, &mut self.accept, value),
            Field::Version => once(field, &mut self.version, value),
            Field::Protocol => line(field, &mut self.protocols, value),
            Field::Extensions => line(field, &mut self.extensions, value),
            Field::ContentLength => self.add_content_length(value),
            Field::Upgrade => self.upgrade.add(value),
            Field::Connection => {
                self.is_connection_upgrade |= value == b"Upgrade"
                    || grammar::elements(value).any(|option| option.eq_ignore_ascii_case(b"upgrade"));
                Ok(())
            }
            Field::TransferEncoding => {
                self.transfer_encoding = Some(value);
                Ok(())
            }
        };
        if let Err(fault) = noted {
            self.fault.get_or_insert(fault);
        }
        if matches!(field, Field::Connection | Field::Upgrade | Field::TransferEncoding) {
            self.connection_specific.get_or_insert(field);
        }
    }

    /// Several lines, or a list, with the same number are one (RFC 9110 §8.6).
    fn add_content_length(&mut self, value: &'a [u8]) -> Result<(), HandshakeError> {
        let invalid = HandshakeError::Invalid(Field::ContentLength);
        if grammar::elements(value).next().is_none() {
            return Err(invalid);
        }
        for element in grammar::elements(value) {
            let bytes = grammar::decimal(element).ok_or(invalid)?;
            if *self.content_length.get_or_insert(bytes) != bytes {
                return Err(HandshakeError::Duplicate(Field::ContentLength));
            }
        }
        Ok(())
    }

    /// Whether `Upgrade` names `websocket`: the peer asks for a WebSocket, or grants one. Nothing else is checked here.
    #[must_use]
    pub const fn is_websocket(&self) -> bool {
        self.upgrade.has_websocket
    }

    /// The lines of `Sec-WebSocket-Protocol` as they stand, without the spaces around them.
    pub(super) fn protocol_lines(&self) -> &[&'a [u8]] {
        self.protocols.as_slice()
    }

    /// The subprotocols that stand in `Sec-WebSocket-Protocol`, in order, all lines together (RFC 6455 §11.3.4).
    ///
    /// What is not a token is left out here, and makes the handshake fail.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> {
        self.protocol_elements().filter_map(grammar::token)
    }

    /// The extensions that stand in `Sec-WebSocket-Extensions`, in order, all lines together (RFC 6455 §9.1).
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a, '_> {
        Extensions::new(self.extensions.as_slice())
    }

    /// The elements of all lines of `Sec-WebSocket-Protocol`, tokens or not.
    fn protocol_elements(&self) -> impl Iterator<Item = &'a [u8]> {
        self.protocols.as_slice().iter().flat_map(|line| grammar::elements(line))
    }

    /// That no header stands more often than it may.
    pub(super) const fn check_counts(&self) -> Result<(), HandshakeError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// That there is no header in it that HTTP/2 and HTTP/3 do not have (RFC 9113 §8.2.2). Those that are not for a
    /// handshake to know (`Keep-Alive`, `Proxy-Connection`) are left to the stack.
    pub(super) const fn check_stream(&self) -> Result<(), HandshakeError> {
        match self.connection_specific {
            Some(field) => Err(HandshakeError::ConnectionSpecific(field)),
            None => Ok(()),
        }
    }

    /// That the message has no body: an upgrade with one is a way to smuggle a request past a proxy.
    pub(super) const fn check_no_body(&self) -> Result<(), HandshakeError> {
        match (self.transfer_encoding, self.content_length) {
            (None, None | Some(0)) => Ok(()),
            _ => Err(HandshakeError::Body),
        }
    }

    /// That the two lists keep to their grammar: `1#token` and `extension-list` (RFC 6455 §4.3).
    pub(super) fn check_lists(&self) -> Result<(), HandshakeError> {
        let has_protocol = self.protocols.count == 0 || self.protocol_elements().next().is_some();
        if !has_protocol || !self.protocol_elements().all(grammar::is_token) {
            return Err(HandshakeError::Invalid(Field::Protocol));
        }
        match self.extensions.as_slice() {
            [] | [FROM_BROWSERS] => Ok(()),
            _ => self.extensions().try_for_each(|extension| extension.map(drop)),
        }
    }
}

impl<'a, N: AsRef<str>, V: AsRef<[u8]> + ?Sized> FromIterator<(N, &'a V)> for Fields<'a> {
    fn from_iter<I: IntoIterator<Item = (N, &'a V)>>(headers: I) -> Self {
        let mut fields = Self::new();
        for (name, value) in headers {
            fields.add(name.as_ref(), value.as_ref());
        }
        fields
    }
}

impl Upgrade {
    fn add(&mut self, value: &[u8]) -> Result<(), HandshakeError> {
        if value == b"websocket" {
            self.has_websocket = true;
            return Ok(());
        }
        for protocol in grammar::elements(value) {
            let is_websocket = protocol.eq_ignore_ascii_case(b"websocket");
            self.has_websocket |= is_websocket;
            self.has_other |= !is_websocket;
        }
        Ok(())
    }
}

/// For a header that may stand once: keeps the value; an error when there was one.
fn once<'a>(field: Field, slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), HandshakeError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(HandshakeError::Duplicate(field)),
    }
}

/// For a header that is a list: keeps the line; an error when there were too many.
fn line<'a>(field: Field, lines: &mut Lines<'a>, value: &'a [u8]) -> Result<(), HandshakeError> {
    lines.push(value).ok_or(HandshakeError::TooManyLines(field))
}
