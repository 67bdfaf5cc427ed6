//! UTF-8 as it arrives in pieces (RFC 6455 §8.1, RFC 3629).
//!
//! A text message may be cut anywhere, also in the middle of a character, so a piece of it is one of three things:
//! whole characters; whole characters and then the beginning of one more (at most three bytes); or wrong, and then it
//! is known at the first byte that no continuation can save. `scan` tells which, and its answer is always about *where
//! the next scan goes on*: whoever keeps the bytes in one place needs no other state. [`Validator`] is for those who do
//! not keep them.
//!
//! # What it takes
//!
//! Most text is ASCII, which is seen while it is unmasked: a message then takes hardly longer than a binary one. Only
//! what is not is looked at again. Time to validate, relative to `simdutf8` with AVX2 (Sapphire Rapids, median of
//! interleaved rounds; our side with the look for ASCII before it):
//!
//! | bytes | 125 | 1 Ki | 4 Ki | 16 Ki | 64 Ki |
//! |---|---|---|---|---|---|
//! | one character in 120 is not ASCII | 0.60 | 0.87 | 0.72 | 0.68 | 0.82 |
//! | CJK | 0.64 | 0.73 | 0.64 | 0.63 | 0.84 |

mod simd;

#[cfg(target_arch = "x86_64")]
mod avx512;

use arrayvec::ArrayVec;

use self::simd::is_utf8;
use crate::wire::mask;

/// The most bytes that a character's beginning can have.
const MAX_INCOMPLETE_BYTES: usize = 3;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// How many bytes are whole characters.
    pub(crate) valid_len: usize,
    /// Whether what stands behind them can never become a character.
    pub(crate) is_invalid: bool,
}

/// Looks at `bytes`, which start where a character starts.
#[inline]
pub(crate) fn scan(bytes: &[u8]) -> Scan {
    if mask::is_ascii(bytes) {
        return Scan { valid_len: bytes.len(), is_invalid: false };
    }
    scan_mixed(bytes)
}

/// How much is unmasked before it is validated: what the nearest cache has room for (32 KiB is the least that is met),
/// so that what is not ASCII is read from there. Between 4 and 32 KiB no difference could be measured.
const BLOCK_BYTES: usize = 16 * 1024;

/// Unmasks `text` but for the first `plain_len` bytes, the beginning of a character that was seen before, and
/// [scans](scan) all of it.
///
/// Memory is gone through once: what comes out of the mask is seen to be ASCII on the way, and what is not is validated
/// before it has left the cache.
#[inline]
pub(crate) fn unmask_and_scan(text: &mut [u8], plain_len: usize, key: [u8; 4]) -> Scan {
    if plain_len == 0 && text.len() <= BLOCK_BYTES {
        if mask::apply_and_look(text, key) {
            return Scan { valid_len: text.len(), is_invalid: false };
        }
        return scan_mixed(text);
    }
    unmask_and_scan_blocks(text, plain_len, key)
}

/// Unmasks `text`, if there is a key, which is all of a text; tells whether it is right.
#[inline(always)]
pub(crate) fn unmask_whole(text: &mut [u8], key: Option<[u8; 4]>) -> bool {
    if text.len() > BLOCK_BYTES {
        return unmask_long(text, key);
    }
    let is_ascii = match key {
        Some(key) => mask::apply_and_look(text, key),
        None => mask::is_ascii(text),
    };
    is_ascii || is_whole(text)
}

#[inline(never)]
fn unmask_long(text: &mut [u8], key: Option<[u8; 4]>) -> bool {
    let seen = match key {
        Some(key) => unmask_and_scan_blocks(text, 0, key),
        None => scan(text),
    };
    seen.valid_len == text.len()
}

/// Whether `text`, which is not all ASCII, is right.
#[inline(never)]
fn is_whole(text: &[u8]) -> bool {
    is_utf8(text)
}

fn unmask_and_scan_blocks(text: &mut [u8], plain_len: usize, key: [u8; 4]) -> Scan {
    const { assert!(BLOCK_BYTES.is_multiple_of(4), "every block starts with the same byte of the key") };
    let mut seen = Scan { valid_len: 0, is_invalid: false };
    let mut begin = plain_len;
    while begin < text.len() {
        let end = text.len().min(begin.saturating_add(BLOCK_BYTES));
        let is_ascii = mask::apply_and_look(text.get_mut(begin..end).unwrap_or_default(), key);
        if is_ascii && seen.valid_len == begin {
            seen.valid_len = end;
        } else if !seen.is_invalid {
            let block = scan_mixed(text.get(seen.valid_len..end).unwrap_or_default());
            seen = Scan { valid_len: seen.valid_len.saturating_add(block.valid_len), is_invalid: block.is_invalid };
        }
        begin = end;
    }
    seen
}

fn scan_mixed(bytes: &[u8]) -> Scan {
    let (whole, incomplete) = bytes.split_at(bytes.len().saturating_sub(incomplete_len(bytes)));
    if is_utf8(whole) && is_utf8_beginning(incomplete) {
        return Scan { valid_len: whole.len(), is_invalid: false };
    }
    scan_invalid(bytes)
}

/// How many bytes at the end of `bytes` are a lead byte with fewer continuation bytes than it announces.
#[inline]
fn incomplete_len(bytes: &[u8]) -> usize {
    match *bytes {
        [.., 0x00..=0x7F] => 0,
        [.., 0xC0..=0xFF] => 1,
        [.., 0xE0..=0xFF, _] => 2,
        [.., 0xF0..=0xFF, _, _] => 3,
        _ => 0,
    }
}

/// Whether `bytes` (at most three) are nothing, or the beginning of a character.
#[inline]
fn is_utf8_beginning(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        _ => {
            matches!(core::str::from_utf8(bytes), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        }
    }
}

/// Where the text goes wrong. Runs once in the life of a connection.
#[cold]
fn scan_invalid(bytes: &[u8]) -> Scan {
    let error = core::str::from_utf8(bytes).err();
    Scan {
        valid_len: error.map_or(bytes.len(), |error| error.valid_up_to()),
        is_invalid: error.is_some_and(|error| error.error_len().is_some()),
    }
}

/// The text can never become UTF-8, whatever follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

impl core::fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("text is not UTF-8")
    }
}

impl core::error::Error for InvalidUtf8 {}

/// Validates text that comes in pieces and is not kept: four bytes of state.
///
/// ```
/// use websocket_proto::utf8::Validator;
///
/// let mut validator = Validator::new();
/// validator.push(&[0xe2, 0x82])?;             // two thirds of a euro sign
/// assert!(!validator.is_complete());
/// validator.push(&[0xac])?;
/// assert!(validator.is_complete());
/// assert!(validator.push(&[0xff]).is_err());
/// # Ok::<(), websocket_proto::utf8::InvalidUtf8>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Validator {
    /// The beginning of a character that the pieces so far ended in.
    incomplete: [u8; MAX_INCOMPLETE_BYTES],
    incomplete_len: u8,
}

impl Validator {
    /// A validator at the start of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { incomplete: [0; MAX_INCOMPLETE_BYTES], incomplete_len: 0 }
    }

    /// Whether the pieces so far end with a whole character.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.incomplete_len == 0
    }

    /// Looks at the next piece. After an error it stands where it stood before the piece.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`] at the first byte that nothing behind it could save.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        let mut pending = ArrayVec::<u8, 4>::new();
        let kept = self.incomplete.get(..usize::from(self.incomplete_len)).unwrap_or_default();
        let mut fits = pending.try_extend_from_slice(kept).is_ok();
        while !pending.is_empty() {
            let Some((byte, rest)) = piece.split_first() else { break };
            piece = rest;
            fits &= pending.try_push(*byte).is_ok();
            let seen = scan(&pending);
            if seen.is_invalid {
                return Err(InvalidUtf8);
            }
            if seen.valid_len == pending.len() {
                pending.clear();
            }
        }
        let seen = scan(piece);
        if seen.is_invalid {
            return Err(InvalidUtf8);
        }
        fits &= pending.try_extend_from_slice(piece.get(seen.valid_len..).unwrap_or_default()).is_ok();
        debug_assert!(fits, "a character has four bytes at most");
        self.incomplete = [0; MAX_INCOMPLETE_BYTES];
        for (kept, byte) in self.incomplete.iter_mut().zip(&pending) {
            *kept = *byte;
        }
        self.incomplete_len = u8::try_from(pending.len()).unwrap_or(0);
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    const MAX_LEN: usize = 2 * BLOCK_BYTES + 100;

    /// What `core` says, whether or not the text came masked.
    fn check(text: &[u8], plain_len: usize) {
        let expected = match core::str::from_utf8(text) {
            Ok(_) => Scan { valid_len: text.len(), is_invalid: false },
            Err(error) => Scan { valid_len: error.valid_up_to(), is_invalid: error.error_len().is_some() },
        };
        assert_eq!(scan(text), expected);
        let mut memory = [0; MAX_LEN];
        let masked = &mut memory[..text.len()];
        masked.copy_from_slice(text);
        masked[plain_len..].iter_mut().zip(KEY.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        assert_eq!(unmask_and_scan(masked, plain_len, KEY), expected, "{} bytes, {plain_len} plain", text.len());
        assert!(masked == text);
    }

    #[test]
    fn unmasking_sees_what_a_scan_sees() {
        for characters in ["a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé", "é", "漢", "😀"]
        {
            let mut text = [0; MAX_LEN];
            text.iter_mut().zip(characters.bytes().cycle()).for_each(|(byte, character)| *byte = character);
            let borders = [1, 2].map(|block| block * BLOCK_BYTES);
            let ends = borders.into_iter().flat_map(|border| border - 5..border + 9);
            for (len, plain_len) in
                (4..200).chain(ends).chain([MAX_LEN]).flat_map(|len| [0, 1, 2, 3].map(|plain| (len, plain)))
            {
                check(&text[..len], plain_len);
            }
            // Wrong bytes around the borders, and in the middle of the first block.
            for at in borders.into_iter().flat_map(|border| border - 5..border + 9).chain([0, 40, 5000]) {
                for wrong in [0x80, b'a', 0xC2, 0xE0, 0xF0, 0xFF] {
                    let right = core::mem::replace(&mut text[at], wrong);
                    [0, 1, 2, 3].into_iter().for_each(|plain_len| check(&text, plain_len));
                    text[at] = right;
                }
            }
        }
    }
}
