//! What a head says: `httparse`, and what it is too mild for.
//!
//! It takes a head apart by the grammar of HTTP/1 (RFC 9112 §2–§5), and refuses what two readers may read in different
//! ways, which is a way past one of them: a space before a colon, folded lines, control characters in a value, more
//! than one space between the parts of the first line, versions other than 1.0 and 1.1. But a line may end in LF alone
//! for it, as RFC 9112 §2.2 allows, and any number of empty lines may stand before a request. Both can be seen without
//! another look at the bytes: names are borrowed where they lie, and before each of them must stand CR LF.
//!
//! Nothing is kept between calls: [`Scan`](super::head::Scan) has found the end before, or the caller tries its luck
//! and begins again when more has come. For the first, which error it is depends on the head alone; for the second, an
//! error says nothing but that the luck did not hold.

use core::mem::MaybeUninit;

use httparse::{Error, Header, Status};

use super::head::MAX_HEADERS;
use super::names;
use crate::error::{Field, HandshakeError, HeadPart};

/// A request line, with HTTP's minor version.
pub(super) struct RawRequest<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) minor: u8,
    pub(super) extent: Extent<'a>,
}

/// A status line, with HTTP's minor version.
pub(super) struct RawResponse<'a> {
    pub(super) minor: u8,
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) extent: Extent<'a>,
}

/// How far a head goes.
pub(super) struct Extent<'a> {
    /// Its length.
    pub(super) len: usize,
    /// All its header lines, and the empty line behind them.
    pub(super) header_lines: &'a [u8],
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
    let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut raw = httparse::Request::new(&mut []);
    let status = raw.parse_with_uninit_headers(bytes, limited(&mut storage, max_headers)).map_err(translate)?;
    let extent = walk(bytes, status, raw.headers, collect)?;
    let (Some(method), Some(target), Some(minor)) = (raw.method, raw.path, raw.version) else { return Err(UNFINISHED) };
    match bytes.get(..offset(method, bytes)) {
        Some(b"" | b"\r\n") => Ok(RawRequest { method, target, minor, extent }),
        _ => Err(HandshakeError::Malformed(HeadPart::StartLine)),
    }
}

/// Reads the head of a response at the front of `bytes`, before which nothing may stand; hands each header that matters
/// to `collect`, in order.
///
/// A head whose end is not there is malformed.
pub(super) fn parse_response<'a>(
    bytes: &'a [u8],
    max_headers: usize,
    collect: impl FnMut(Field, &'a [u8]),
) -> Result<RawResponse<'a>, HandshakeError> {
    let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut raw = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let headers = limited(&mut storage, max_headers);
    let parsed = config.parse_response_with_uninit_headers(&mut raw, bytes, headers).map_err(translate)?;
    let extent = walk(bytes, parsed, raw.headers, collect)?;
    let (Some(minor), Some(status)) = (raw.version, raw.code) else { return Err(UNFINISHED) };
    Ok(RawResponse { minor, status, reason: raw.reason.unwrap_or_default(), extent })
}

/// A head that ends before the parser is content.
const UNFINISHED: HandshakeError = HandshakeError::Malformed(HeadPart::LineEnd);

#[inline]
fn limited<T>(storage: &mut [T], max: usize) -> &mut [T] {
    let max = max.min(storage.len());
    storage.get_mut(..max).unwrap_or_default()
}

/// Goes through the headers that were found at the front of `bytes`: each line, the first one of the head included,
/// ends in CR LF.
///
/// What stands before a name is the end of the line before, since nothing else may, and behind the last line stands an
/// empty one.
#[inline]
fn walk<'a>(
    bytes: &'a [u8],
    status: Status<usize>,
    headers: &[Header<'a>],
    mut collect: impl FnMut(Field, &'a [u8]),
) -> Result<Extent<'a>, HandshakeError> {
    let Status::Complete(len) = status else { return Err(UNFINISHED) };
    let head = bytes.get(..len).ok_or(UNFINISHED)?;
    let mut is_sound = head.ends_with(b"\r\n\r\n");
    for header in headers {
        is_sound &= head.get(..offset(header.name, head)).is_some_and(|before| before.ends_with(b"\r\n"));
        if let Some(field) = names::recognise(header.name.as_bytes()) {
            collect(field, header.value);
        }
    }
    if !is_sound {
        return Err(HandshakeError::BareLineFeed);
    }
    let first = headers.first().map_or(len.saturating_sub(2), |header| offset(header.name, head));
    Ok(Extent { len, header_lines: head.get(first..).unwrap_or_default() })
}

/// Where `part` begins in `whole`, of which it is a part.
#[inline]
fn offset(part: &str, whole: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr())
}

/// The parser's errors in our words; which parser it is, is nobody's concern.
const fn translate(error: Error) -> HandshakeError {
    match error {
        Error::TooManyHeaders => HandshakeError::TooManyHeaders,
        Error::Version => HandshakeError::HttpVersion,
        Error::HeaderName => HandshakeError::Malformed(HeadPart::HeaderName),
        Error::HeaderValue => HandshakeError::Malformed(HeadPart::HeaderValue),
        Error::NewLine => UNFINISHED,
        Error::Status | Error::Token => HandshakeError::Malformed(HeadPart::StartLine),
    }
}
