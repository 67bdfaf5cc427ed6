//! Headers: one to be sent or received, and all of a head.

use core::fmt;

use super::{grammar, names};
use crate::error::HandshakeMisuse;

/// One header: a name and its value, borrowed from whoever has the bytes.
///
/// Whatever can be constructed can be sent: the name is a token and the value has neither a control character nor
/// spaces around it, so no header can smuggle in another (RFC 9110 §5.1, §5.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    name: &'a str,
    value: &'a [u8],
}

impl<'a> Header<'a> {
    /// A header to be sent. `value` is text or bytes; it may be empty.
    ///
    /// # Errors
    ///
    /// [`HeaderName`](HandshakeMisuse::HeaderName) when `name` is not a token,
    /// [`HeaderValue`](HandshakeMisuse::HeaderValue) when `value` has a control character other than tab (CR, LF and
    /// NUL among them), or begins or ends with a space or tab.
    ///
    /// ```
    /// use websocket_proto::handshake::Header;
    ///
    /// assert!(Header::new("Set-Cookie", "id=7; HttpOnly").is_ok());
    /// assert!(Header::new("Set-Cookie", "id=7\r\nX-Evil: 1").is_err());
    /// ```
    pub fn new(name: &'a str, value: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, HandshakeMisuse> {
        let value = value.as_ref();
        if !grammar::is_token(name.as_bytes()) {
            return Err(HandshakeMisuse::HeaderName);
        }
        if !grammar::is_field_value(value) {
            return Err(HandshakeMisuse::HeaderValue);
        }
        Ok(Self { name, value })
    }

    /// A header whose parts the crate itself has chosen or checked.
    pub(super) const fn trusted(name: &'a str, value: &'a [u8]) -> Self {
        Self { name, value }
    }

    /// With the name in lower case, if it is one that matters to a handshake.
    pub(super) fn to_lower(self) -> Self {
        match names::recognise(self.name.as_bytes()) {
            Some(field) => Self { name: field.lower_name(), value: self.value },
            None => self,
        }
    }

    /// The name as it was written. Names are compared without regard to ASCII case.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The value, without the spaces around it. It is not UTF-8 by necessity.
    #[must_use]
    pub const fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The value as text; `None` when it is not UTF-8.
    #[must_use]
    pub fn to_str(&self) -> Option<&'a str> {
        core::str::from_utf8(self.value).ok()
    }

    /// The four parts of its line on the wire.
    pub(super) const fn line(&self) -> [&'a [u8]; 4] {
        [self.name.as_bytes(), b": ", self.value, b"\r\n"]
    }
}

/// Shows the value as far as it is ASCII, and escapes the rest.
impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value.escape_ascii())
    }
}

/// All headers of a head that was received, in their order on the wire.
///
/// It is a view of the bytes in the receive buffer. The head has been parsed, so walking it again only looks for the
/// line ends: linear in the bytes of the head, for [`iter`](Self::iter) as for [`find`](Self::find).
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    lines: &'a [u8],
}

impl<'a> Headers<'a> {
    /// `lines`: whole header lines, each with CR LF, as a parser has approved of them; the empty line behind them may
    /// be there.
    pub(super) const fn new(lines: &'a [u8]) -> Self {
        Self { lines }
    }

    /// Each header, in their order on the wire.
    #[must_use]
    pub const fn iter(&self) -> HeadersIter<'a> {
        HeadersIter { lines: self.lines }
    }

    /// The first header of this name, whatever the case of its letters.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Header<'a>> {
        self.iter().find(|header| header.name.eq_ignore_ascii_case(name))
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The iterator behind [`Headers::iter`].
#[derive(Clone)]
pub struct HeadersIter<'a> {
    lines: &'a [u8],
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        let (line, rest) = grammar::split_once(self.lines, b'\n')?;
        self.lines = rest;
        let (name, value) = grammar::split_once(line.strip_suffix(b"\r")?, b':')?;
        Some(Header { name: core::str::from_utf8(name).ok()?, value: grammar::trim(value) })
    }
}

impl fmt::Debug for HeadersIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Headers { lines: self.lines }.fmt(f)
    }
}
