//! UTF-8 as it arrives in pieces (RFC 6455 §8.1, RFC 3629).
//!
//! A text message may be cut anywhere, also in the middle of a character, so a piece of it is one of three things: whole
//! characters; whole characters and then the beginning of one more (at most three bytes); or wrong, and then it is known
//! at the first byte that no continuation can save. `scan` tells which, and its answer is always about *where the next
//! scan goes on*: whoever keeps the bytes in one place needs no other state. [`Validator`] is for those who do not keep them.

mod simd;

use arrayvec::ArrayVec;

use self::simd::is_utf8;

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
    if bytes.is_ascii() {
        return Scan { valid_len: bytes.len(), is_invalid: false };
    }
    scan_mixed(bytes)
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
    match core::str::from_utf8(bytes) {
        Ok(_) => Scan { valid_len: bytes.len(), is_invalid: false },
        Err(error) => Scan { valid_len: error.valid_up_to(), is_invalid: error.error_len().is_some() },
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
        pending.extend(self.incomplete.iter().copied().take(usize::from(self.incomplete_len)));
        while !pending.is_empty() {
            let Some((byte, rest)) = piece.split_first() else { break };
            piece = rest;
            pending.push(*byte);
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
        pending.extend(piece.iter().copied().skip(seen.valid_len));
        self.incomplete = [0; MAX_INCOMPLETE_BYTES];
        for (kept, byte) in self.incomplete.iter_mut().zip(&pending) {
            *kept = *byte;
        }
        self.incomplete_len = u8::try_from(pending.len()).unwrap_or(0);
        Ok(())
    }
}
