//! Where a head ends, and what it says.
//!
//! A head comes in as many pieces as the network likes. It is therefore looked at in two steps, and each byte once in
//! each:
//!
//! 1. [`Scan`] looks for the empty line that ends it. It remembers how far it has looked, so a head that comes one byte
//!    at a time costs as much work as one that comes whole: no byte is looked at again but the two before the new ones
//!    (the flaw of CVE-2023-43669).
//! 2. `httparse` parses the whole head, exactly once.
//!
//! What the scan refuses, it refuses at a byte whose place does not depend on how the bytes were cut: they are judged
//! in order, and none beyond the limit is looked at. So the outcome of a handshake is a function of the bytes alone.
//!
//! | refused | where |
//! |---|---|
//! | a first byte that no start line begins with: a TLS hello, a control byte | at that byte |
//! | LF without CR before it | at the LF |
//! | a second empty line before a request, or one before a response | at its LF |
//! | more bytes than the limit | at the last byte of the limit, if the head does not end there |
//! | all else that is not HTTP/1, folded lines included | at the end of the head |

use core::mem::MaybeUninit;

use super::grammar;
use crate::buffer::view::View;
use crate::error::{HandshakeError, HeadPart};

/// The most bytes that a head may have unless another limit is set: 16 KiB.
///
/// Node.js has the same; Apache and nginx stop at 8 KiB for a line and 32 KiB for all, tungstenite at 64 KiB, Go at 1
/// MiB.
pub const DEFAULT_MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most header lines that a head can have. Browsers send about twenty; Apache's limit is 100, Node.js drops what is
/// beyond 2000.
pub(super) const MAX_HEADERS: usize = 64;

/// A version of HTTP that can upgrade, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0, which knows no upgrade.
    Http10,
    /// HTTP/1.1
    Http11,
}

impl HttpVersion {
    pub(super) const fn from_minor(minor: u8) -> Self {
        if minor == 0 { Self::Http10 } else { Self::Http11 }
    }
}

/// The search for the end of a head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// All bytes before this one have been looked at.
    seen: usize,
    /// Whether one empty line may stand before the start line.
    may_begin_blank: bool,
}

impl Scan {
    /// For a request: RFC 9112 §2.2 wants one empty line before it ignored, since some clients send CR LF behind a
    /// body.
    pub(super) const fn request() -> Self {
        Self { seen: 0, may_begin_blank: true }
    }

    /// For a response, before which nothing may stand.
    pub(super) const fn response() -> Self {
        Self { seen: 0, may_begin_blank: false }
    }

    /// Whether any byte of the head has come.
    pub(super) const fn is_begun(&self) -> bool {
        self.seen > 0
    }

    /// Goes on through `bytes`, which begin with the first byte of the head; gives the length of the head when its end
    /// is there.
    pub(super) fn advance(&mut self, bytes: &[u8], max_bytes: usize) -> Result<Option<usize>, HandshakeError> {
        let within = bytes.get(..max_bytes).unwrap_or(bytes);
        let from = core::mem::replace(&mut self.seen, within.len());
        self.check_opening(within)?;
        match odd_line_end(within, from).and_then(|len| within.get(..len)) {
            Some(head) if head.ends_with(b"\r\n") => Ok(Some(head.len())),
            Some(_) => Err(HandshakeError::BareLineFeed),
            None if bytes.len() >= max_bytes => Err(HandshakeError::HeadTooLong),
            None => Ok(None),
        }
    }

    /// That a start line begins here, or the one empty line that may stand before it. What comes behind a CR is for
    /// others to judge.
    fn check_opening(&self, bytes: &[u8]) -> Result<(), HandshakeError> {
        const START_LINE: HandshakeError = HandshakeError::Malformed(HeadPart::StartLine);
        match bytes {
            [b'\r', b'\n', b'\r', b'\n', ..] => Err(START_LINE),
            [b'\r', b'\n', ..] if !self.may_begin_blank => Err(START_LINE),
            [] | [b'\r', ..] => Ok(()),
            [b'\n', ..] => Err(HandshakeError::BareLineFeed),
            [first, ..] if !grammar::is_token_byte(*first) => Err(START_LINE),
            [_, b'\n', ..] => Err(HandshakeError::BareLineFeed),
            _ => Ok(()),
        }
    }
}

/// Looks from `from` on for a line end that is not an ordinary one: that of an empty line, or an LF without CR. Gives
/// the place behind it.
///
/// Which it is, the byte before the LF and the one before that tell, so the first two bytes of a head are not for this
/// search. Nearly all of a head is ordinary, and passed over in blocks without a branch, of each of which a compiler
/// makes a few vector instructions.
fn odd_line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let first = from.saturating_sub(2);
    let blocks = |offset| bytes.get(first.saturating_add(offset)..).unwrap_or_default().as_chunks::<16>().0;
    let ordinary = blocks(0).iter().zip(blocks(1)).zip(blocks(2)).take_while(|((before, last), now)| {
        !before.iter().zip(*last).zip(*now).fold(false, |any, ((before, last), now)| any | is_odd(*before, *last, *now))
    });
    let rest = first.saturating_add(ordinary.count().saturating_mul(16));
    let mut triples = bytes.get(rest..)?.windows(3);
    let distance =
        triples.position(|triple| matches!(*triple, [before, last, b'\n'] if is_odd(before, last, b'\n')))?;
    Some(rest.saturating_add(distance).saturating_add(3))
}

/// Whether `now` is an LF that ends no ordinary line, by the two bytes before it. There are no branches in it.
const fn is_odd(before: u8, last: u8, now: u8) -> bool {
    (now == b'\n') & ((last != b'\r') | (before == b'\n'))
}

/// What stands behind the start line of a whole head, and before it the empty line that a request may have.
fn header_lines(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    split_once(head, b'\n').map_or(&[], |(_, lines)| lines)
}

/// Tells the buffer how much more of the head is in sight: as much again as has come, within the limit. So a buffer
/// that grows does it by doubling.
pub(super) fn want_more(view: &mut View<'_>, max_bytes: usize) {
    let len = view.unread_len();
    view.want(max_bytes.saturating_sub(len).min(len).max(1) as u64);
}

/// A request line, with HTTP's minor version.
pub(super) struct RawRequest<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) minor: u8,
    /// All behind the request line.
    pub(super) header_lines: &'a [u8],
}

/// A status line, with HTTP's minor version.
pub(super) struct RawResponse<'a> {
    pub(super) minor: u8,
    pub(super) status: u16,
    pub(super) reason: &'a str,
    /// All behind the status line.
    pub(super) header_lines: &'a [u8],
}

/// Parses a whole head; hands each header to `collect`, in order.
pub(super) fn parse_request<'a>(
    head: &'a [u8],
    max_headers: usize,
    collect: impl FnMut(&'a str, &'a [u8]),
) -> Result<RawRequest<'a>, HandshakeError> {
    let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut raw = httparse::Request::new(&mut []);
    let status = raw.parse_with_uninit_headers(head, limited(&mut storage, max_headers)).map_err(translate)?;
    feed(status, raw.headers, collect)?;
    let (Some(method), Some(target), Some(minor)) = (raw.method, raw.path, raw.version) else { return Err(UNFINISHED) };
    Ok(RawRequest { method, target, minor, header_lines: header_lines(head) })
}

/// Parses a whole head; hands each header to `collect`, in order.
pub(super) fn parse_response<'a>(
    head: &'a [u8],
    max_headers: usize,
    collect: impl FnMut(&'a str, &'a [u8]),
) -> Result<RawResponse<'a>, HandshakeError> {
    let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut raw = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let headers = limited(&mut storage, max_headers);
    let status = config.parse_response_with_uninit_headers(&mut raw, head, headers).map_err(translate)?;
    feed(status, raw.headers, collect)?;
    let (Some(minor), Some(status)) = (raw.version, raw.code) else { return Err(UNFINISHED) };
    let reason = raw.reason.unwrap_or_default();
    Ok(RawResponse { minor, status, reason, header_lines: header_lines(head) })
}

/// A head that ends before its parser is content. The scan lets none through; this says so without a panic.
const UNFINISHED: HandshakeError = HandshakeError::Malformed(HeadPart::LineEnd);

fn limited<T>(storage: &mut [T], max: usize) -> &mut [T] {
    let max = max.min(storage.len());
    storage.get_mut(..max).unwrap_or_default()
}

fn feed<'a>(
    status: httparse::Status<usize>,
    headers: &[httparse::Header<'a>],
    mut collect: impl FnMut(&'a str, &'a [u8]),
) -> Result<(), HandshakeError> {
    if status.is_partial() {
        return Err(UNFINISHED);
    }
    for header in headers {
        collect(header.name, header.value);
    }
    Ok(())
}

/// The parser's errors in our words; which parser it is, is nobody's concern.
const fn translate(error: httparse::Error) -> HandshakeError {
    match error {
        httparse::Error::TooManyHeaders => HandshakeError::TooManyHeaders,
        httparse::Error::Version => HandshakeError::HttpVersion,
        httparse::Error::HeaderName => HandshakeError::Malformed(HeadPart::HeaderName),
        httparse::Error::HeaderValue => HandshakeError::Malformed(HeadPart::HeaderValue),
        httparse::Error::NewLine => UNFINISHED,
        httparse::Error::Status | httparse::Error::Token => HandshakeError::Malformed(HeadPart::StartLine),
    }
}

/// What stands before and behind the first `needle`.
pub(super) fn split_once(bytes: &[u8], needle: u8) -> Option<(&[u8], &[u8])> {
    let (before, from) = bytes.split_at_checked(Places::new(bytes, needle).next()?)?;
    Some((before, from.get(1..)?))
}

/// The places of a byte in a slice, in order, found eight bytes at a time.
struct Places<'a> {
    words: core::slice::Iter<'a, [u8; 8]>,
    /// What is left behind the last whole word.
    tail: &'a [u8],
    /// Eight times the byte that is looked for.
    pattern: u64,
    /// The top bit of each byte of the word in hand that is one and has not been given.
    hits: u64,
    /// The words that are not in `words` any more, and those that are.
    count: usize,
}

impl<'a> Places<'a> {
    #[inline]
    fn new(bytes: &'a [u8], needle: u8) -> Self {
        let (words, tail) = bytes.as_chunks::<8>();
        Self { words: words.iter(), tail, pattern: u64::from_ne_bytes([needle; 8]), hits: 0, count: words.len() }
    }

    /// The tail as a word: bytes that are not there are the complement of the needle.
    fn take_tail(&mut self) -> Option<u64> {
        let tail = core::mem::take(&mut self.tail);
        self.count = self.count.wrapping_add(1);
        let word = tail.iter().rev().fold(!self.pattern, |word, byte| word << 8 | u64::from(*byte));
        if tail.is_empty() { None } else { Some(word) }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.hits == 0 {
            let word = match self.words.next() {
                Some(word) => u64::from_le_bytes(*word),
                None => self.take_tail()?,
            };
            self.hits = zeros(word ^ self.pattern);
        }
        let within = usize::try_from(self.hits.trailing_zeros() / 8).ok()?;
        self.hits &= self.hits.wrapping_sub(1);
        let word = self.count.wrapping_sub(self.words.len()).wrapping_sub(1);
        Some(word.wrapping_mul(8).wrapping_add(within))
    }
}

/// The top bit of each byte that is zero. No sum reaches beyond its own byte, so each bit is right by itself.
const fn zeros(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    !((word & LOW).wrapping_add(LOW) | word | LOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_agree_with_a_plain_search() {
        let text = *b"\n\x0b\x0a\x09\x8a\x0a\xf5\x75123456789\n\n\nabcdefgh\x0b\n";
        for from in 0..text.len() {
            for to in from..=text.len() {
                let bytes = text.get(from..to).unwrap_or_default();
                let plain = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place);
                assert!(Places::new(bytes, b'\n').eq(plain));
            }
        }
    }

    #[test]
    fn odd_line_ends_agree_with_a_plain_search() {
        let text =
            *b"\r\nGET / HTTP/1.1\r\nHost: a\r\nA: \r\r\nB: c\n\nC\r\n\r\nabcdefghijklmnopqrstuvwxyz\r\n\r\n\x81\r\n";
        for len in 0..=text.len() {
            let bytes = text.get(..len).unwrap_or_default();
            for from in 0..=len {
                let mut ends = (from.max(2)..len).map(|place| bytes.get(..=place).unwrap_or_default());
                let plain = ends.find(|to| to.ends_with(b"\n") && (!to.ends_with(b"\r\n") || to.ends_with(b"\n\r\n")));
                assert_eq!(odd_line_end(bytes, from), plain.map(<[u8]>::len));
            }
        }
    }

    #[test]
    fn h1_each_byte_is_looked_at_once() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut scan = Scan::request();
        for len in 0..head.len() {
            assert_eq!(scan.advance(head.get(..len).unwrap_or_default(), 100), Ok(None));
            assert_eq!(scan.seen, len, "the next call begins at the first byte that is new");
        }
        assert_eq!(scan.advance(head, 100), Ok(Some(head.len())));
    }
}
