//! What a head says: the grammar of HTTP/1 (RFC 9112 §2–§5), read once, from left to right.
//!
//! It is stricter than most readers of HTTP, since whatever two of them read in different ways is a way past one of
//! them:
//!
//! | refused | because |
//! |---|---|
//! | a line that ends in anything but CR LF | RFC 9112 §2.2: a bare CR is no line end, and a bare LF need not be one |
//! | a space between a name and its colon | §5.1 |
//! | a line that begins with a space: a folded one | §5.2 |
//! | control characters in a value, NUL among them | RFC 9110 §5.5 |
//! | more than one space between the parts of the first line | §3: a proxy may split it elsewhere |
//! | versions other than 1.0 and 1.1 | there are none |
//!
//! Names and values are borrowed where they lie. Nothing is kept between calls: [`Scan`](super::head::Scan) has found
//! the end before, or the caller tries its luck and begins again when more has come.

use super::{grammar, names, search};
use crate::error::{Field, HandshakeError, HeadPart};

const START_LINE: HandshakeError = HandshakeError::Malformed(HeadPart::StartLine);
const LINE_END: HandshakeError = HandshakeError::Malformed(HeadPart::LineEnd);
const NAME: HandshakeError = HandshakeError::Malformed(HeadPart::HeaderName);
const VALUE: HandshakeError = HandshakeError::Malformed(HeadPart::HeaderValue);

/// A request line, with HTTP's minor version.
pub(super) struct RawRequest<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) minor: u8,
    pub(super) lines: Lines<'a>,
}

/// A status line, with HTTP's minor version.
pub(super) struct RawResponse<'a> {
    pub(super) minor: u8,
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) lines: Lines<'a>,
}

/// Behind the first line of a head.
pub(super) struct Lines<'a> {
    /// All header lines, and the empty line behind them.
    pub(super) headers: &'a [u8],
    /// What stands behind the head.
    pub(super) rest: &'a [u8],
}

/// Reads the head of a request at the front of `bytes`; hands each header that matters to `collect`, in order.
///
/// A head whose end is not there is malformed.
#[inline]
pub(super) fn parse_request<'a>(
    bytes: &'a [u8],
    max_headers: usize,
    collect: impl FnMut(Field, &'a [u8]),
) -> Result<RawRequest<'a>, HandshakeError> {
    let bytes = begin(bytes.strip_prefix(b"\r\n").unwrap_or(bytes))?;
    let (method, bytes) = parse_method(bytes)?;
    let (target, bytes) = bytes.split_at_checked(search::visible_len(bytes)).ok_or(START_LINE)?;
    let bytes = bytes.strip_prefix(b" ").filter(|_| !target.is_empty()).ok_or(START_LINE)?;
    let target = core::str::from_utf8(target).map_err(|_| START_LINE)?;
    let (minor, bytes) = parse_version(bytes)?;
    let headers = bytes.strip_prefix(b"\r\n").ok_or(LINE_END)?;
    Ok(RawRequest { method, target, minor, lines: parse_headers(headers, max_headers, collect)? })
}

/// Reads the head of a response at the front of `bytes`; hands each header that matters to `collect`, in order.
///
/// A head whose end is not there is malformed.
pub(super) fn parse_response<'a>(
    bytes: &'a [u8],
    max_headers: usize,
    collect: impl FnMut(Field, &'a [u8]),
) -> Result<RawResponse<'a>, HandshakeError> {
    let (minor, bytes) = parse_version(begin(bytes)?)?;
    let bytes = bytes.strip_prefix(b" ").ok_or(HandshakeError::HttpVersion)?;
    let (digits, bytes) = bytes.split_at_checked(3).ok_or(START_LINE)?;
    let status = grammar::decimal(digits).and_then(|status| u16::try_from(status).ok()).ok_or(START_LINE)?;
    let (reason, bytes) = match bytes.strip_prefix(b" ") {
        Some(bytes) => bytes.split_at_checked(search::text_len(bytes)).ok_or(START_LINE)?,
        None => (&[][..], bytes),
    };
    let headers = bytes.strip_prefix(b"\r\n").ok_or(START_LINE)?;
    let reason = if reason.is_ascii() { core::str::from_utf8(reason).unwrap_or_default() } else { "" };
    Ok(RawResponse { minor, status, reason, lines: parse_headers(headers, max_headers, collect)? })
}

/// A CR that is half of no line end, where a line should begin.
fn begin(bytes: &[u8]) -> Result<&[u8], HandshakeError> {
    if bytes.first() == Some(&b'\r') { Err(LINE_END) } else { Ok(bytes) }
}

/// `token SP`
#[inline]
fn parse_method(bytes: &[u8]) -> Result<(&str, &[u8]), HandshakeError> {
    if let Some(rest) = bytes.strip_prefix(b"GET ") {
        return Ok(("GET", rest));
    }
    let (method, rest) = search::split_once(bytes, b' ').ok_or(START_LINE)?;
    Ok((grammar::token(method).ok_or(START_LINE)?, rest))
}

#[inline]
fn parse_version(bytes: &[u8]) -> Result<(u8, &[u8]), HandshakeError> {
    match bytes.split_first_chunk() {
        Some((b"HTTP/1.1", rest)) => Ok((1, rest)),
        Some((b"HTTP/1.0", rest)) => Ok((0, rest)),
        _ => Err(HandshakeError::HttpVersion),
    }
}

/// Header lines up to the empty one.
///
/// The places of the control characters are found block by block, and each should be the end of a line. So the search
/// never waits for what the lines say, and a processor looks at several of them at once.
#[inline]
fn parse_headers<'a>(
    bytes: &'a [u8],
    max_headers: usize,
    mut collect: impl FnMut(Field, &'a [u8]),
) -> Result<Lines<'a>, HandshakeError> {
    let mut controls = search::Controls::new(bytes);
    let (mut rest, mut left) = (bytes, max_headers);
    loop {
        let start = bytes.len().wrapping_sub(rest.len());
        let end = controls.next().unwrap_or(bytes.len());
        let (line, at_end) = rest.split_at_checked(end.wrapping_sub(start)).ok_or(LINE_END)?;
        let is_whole = at_end.starts_with(b"\r\n") && controls.next().is_some();
        let behind = at_end.get(2..).unwrap_or_default();
        if line.is_empty() && at_end.first() == Some(&b'\r') {
            let headers = bytes.get(..bytes.len().wrapping_sub(behind.len())).unwrap_or_default();
            return if is_whole { Ok(Lines { headers, rest: behind }) } else { Err(LINE_END) };
        }
        let (field, value) = parse_header(line, rest)?;
        if !is_whole {
            return Err(VALUE);
        }
        left = left.checked_sub(1).ok_or(HandshakeError::TooManyHeaders)?;
        if let Some(field) = field {
            collect(field, value);
        }
        rest = behind;
    }
}

/// `field-name ":" OWS field-value OWS`, all of `line`: what it is to the handshake, and its value.
///
/// `bytes` begins with `line`: what stands behind it is not looked at, but may be loaded together with it.
#[inline(always)]
fn parse_header<'a>(line: &'a [u8], bytes: &[u8]) -> Result<(Option<Field>, &'a [u8]), HandshakeError> {
    let name_len = search::find(bytes, b':');
    let (name, value) = line.split_at_checked(name_len).ok_or(NAME)?;
    let value = value.get(1..).ok_or(NAME)?;
    let field = names::recognise(name);
    // A name that is known is a token.
    if field.is_none() && (name.is_empty() || grammar::token_len(bytes) != name_len) {
        return Err(NAME);
    }
    // What all clients write is one space before a value and none behind it.
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_trimmed = !is_space(value.first()) & !is_space(value.last());
    Ok((field, if is_trimmed { value } else { grammar::trim(value) }))
}
