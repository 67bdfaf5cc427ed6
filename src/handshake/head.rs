//! Where a head ends.
//!
//! A head comes in as many pieces as the network likes. It is therefore looked at in two steps:
//!
//! 1. [`Scan`] looks for the empty line that ends it. It remembers how far it has looked, so the search costs
//!    the same whatever the pieces are: no byte is looked at again but the two before the new ones
//!    (the flaw of CVE-2023-43669).
//! 2. [`parse`](super::parse) reads the whole head.
//!
//! Nearly all heads come whole. So the first bytes that come are given to the parser at once: when it is content, the
//! scan would be too, for every line then ends in CR LF and the first empty one is the end. When it is not, nothing has
//! been decided, and the two steps are taken. So each byte is read by the parser twice at most.
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

use super::grammar;
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

    /// Notes that all of `bytes` have been seen.
    pub(super) const fn end(&mut self, bytes: &[u8]) {
        self.seen = bytes.len();
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

/// How much more of a head is in sight behind `len` bytes: as much again, within the limit. So a buffer that grows does
/// it by doubling.
pub(super) fn wanted(len: usize, max_bytes: usize) -> u64 {
    max_bytes.saturating_sub(len).min(len).max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

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
