//! `Sec-WebSocket-Extensions`: which extensions a peer offers or grants, and with which parameters (RFC 6455 §9.1).
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = token *( ";" extension-param )
//! extension-param = token [ "=" (token | quoted-string) ]     ; a quoted-string holds a token once it is unescaped
//! ```
//!
//! The grammar is read by hand, from left to right, in one pass: each byte, quoted or not, is looked at once, and
//! nothing is looked up in a table that the peer could name (CVE-2020-7662, CVE-2020-7663). A value is handed out as it
//! stands, and unescaped where it is read.
//!
//! Empty elements between commas are skipped, as RFC 9110 §5.6.1.2 asks; a list with nothing but such elements is
//! invalid.

use core::fmt;

use super::grammar;
use crate::error::{Field, HandshakeError};

/// The extensions on all lines of `Sec-WebSocket-Extensions`, in order.
///
/// Gives [`Invalid`](HandshakeError::Invalid) once, and nothing more, where the grammar is broken.
#[derive(Clone, Debug)]
pub struct Extensions<'a, 'l> {
    lines: core::slice::Iter<'l, &'a [u8]>,
    /// The line in progress, and whether an extension stood on it.
    line: Option<(Cursor<'a>, bool)>,
}

/// One extension, as a client offers or a server grants it.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// A token, and so ASCII.
    name: &'a [u8],
    params: &'a [u8],
}

impl<'a> Extension<'a> {
    /// The name of the extension, such as `permessage-deflate`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        core::str::from_utf8(self.name).unwrap_or_default()
    }

    /// Its parameters, in order. A name can stand more than once: what that means is for the extension to say.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params { cursor: Cursor { rest: self.params } }
    }
}

/// The parameters of an [`Extension`].
#[derive(Clone, Debug)]
pub struct Params<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    /// The grammar was checked when the extension was read.
    fn next(&mut self) -> Option<Param<'a>> {
        if !self.cursor.skip(b';') {
            return None;
        }
        self.cursor.param()
    }
}

/// One parameter of an [`Extension`].
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// A token, and so ASCII.
    name: &'a [u8],
    value: Option<Value<'a>>,
}

impl<'a> Param<'a> {
    /// The name of the parameter, such as `client_max_window_bits`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        core::str::from_utf8(self.name).unwrap_or_default()
    }

    /// Its value, if it has one.
    #[must_use]
    pub const fn value(&self) -> Option<Value<'a>> {
        self.value
    }
}

/// The value of a [`Param`]: a token, which may have stood in quotes. Compare it with a [`str`], read it as a number,
/// or show it.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// Without the quotes; it can hold quoted pairs.
    raw: &'a [u8],
}

impl<'a> Value<'a> {
    /// Its bytes, all visible ASCII, unescaped.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + use<'a> {
        // No backslash is a part of a token, so each one that stands there is half of a quoted pair.
        self.raw.iter().copied().filter(|byte| *byte != b'\\')
    }

    /// The number that it is in decimal digits, without leading zeros; `None` when it is none, or 2^32 or more.
    #[must_use]
    pub fn to_number(&self) -> Option<u32> {
        if self.bytes().next()? == b'0' && self.bytes().nth(1).is_some() {
            return None;
        }
        self.bytes().try_fold(0_u32, |number, byte| {
            let digit = char::from(byte).to_digit(10)?;
            number.checked_mul(10)?.checked_add(digit)
        })
    }
}

impl PartialEq<str> for Value<'_> {
    fn eq(&self, text: &str) -> bool {
        self.bytes().eq(text.bytes())
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.bytes().try_for_each(|byte| f.write_char(char::from(byte)))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl<'a, 'l> Extensions<'a, 'l> {
    /// `lines`: the values of the header, in order.
    pub(super) fn new(lines: &'l [&'a [u8]]) -> Self {
        Self { lines: lines.iter(), line: None }
    }

    /// Gives nothing more: behind an error it is anybody's guess where the next extension begins.
    fn stop(&mut self) -> HandshakeError {
        self.lines = [].iter();
        self.line = None;
        HandshakeError::Invalid(Field::Extensions)
    }
}

impl<'a> Iterator for Extensions<'a, '_> {
    type Item = Result<Extension<'a>, HandshakeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((cursor, has_any)) = &mut self.line else {
                self.line = Some((Cursor { rest: self.lines.next()? }, false));
                continue;
            };
            while cursor.skip(b',') {}
            if !cursor.is_at_end() {
                *has_any = true;
                let extension = cursor.extension();
                return Some(extension.ok_or_else(|| self.stop()));
            }
            if !*has_any {
                return Some(Err(self.stop()));
            }
            self.line = None;
        }
    }
}

/// A place in a header value. Each method takes what it names off the front, and the spaces before it.
#[derive(Clone, Debug)]
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// One extension, up to the comma behind it or the end; `None` when the grammar is broken.
    #[inline]
    fn extension(&mut self) -> Option<Extension<'a>> {
        let name = self.token()?;
        let from = self.rest;
        while self.skip(b';') {
            self.param()?;
        }
        let params = from.get(..from.len().saturating_sub(self.rest.len()))?;
        if self.is_at_end() || self.rest.first() == Some(&b',') { Some(Extension { name, params }) } else { None }
    }

    /// A parameter, behind its semicolon.
    fn param(&mut self) -> Option<Param<'a>> {
        let name = self.token()?;
        let value = if !self.skip(b'=') {
            None
        } else if self.skip(b'"') {
            Some(self.quoted()?)
        } else {
            Some(Value { raw: self.token()? })
        };
        Some(Param { name, value })
    }

    /// What stands before the closing quote: a token in which any character can be half of a quoted pair.
    fn quoted(&mut self) -> Option<Value<'a>> {
        let from = self.rest;
        let mut is_escaped = false;
        loop {
            let (byte, rest) = self.rest.split_first()?;
            match byte {
                b'\\' if !is_escaped => is_escaped = true,
                b'"' if !is_escaped => break,
                byte if grammar::is_token_byte(*byte) => is_escaped = false,
                _ => return None,
            }
            self.rest = rest;
        }
        let raw = from.get(..from.len().saturating_sub(self.rest.len()))?;
        self.rest = self.rest.get(1..)?;
        if raw.is_empty() { None } else { Some(Value { raw }) }
    }

    /// A token: at least one byte.
    fn token(&mut self) -> Option<&'a [u8]> {
        self.skip_spaces();
        let (token, rest) = self.rest.split_at_checked(grammar::token_len(self.rest))?;
        self.rest = rest;
        if token.is_empty() { None } else { Some(token) }
    }

    /// Takes `byte` if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether nothing but spaces is left.
    fn is_at_end(&mut self) -> bool {
        self.skip_spaces();
        self.rest.is_empty()
    }

    fn skip_spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}
