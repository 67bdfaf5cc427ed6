//! The grammar of HTTP headers, as far as the handshake needs it (RFC 9110 §5.5, §5.6).
//!
//! The same few predicates judge what a peer sent and what the caller wants to send.

/// A set of bytes as a table: one load answers for a byte, whatever the set.
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    /// The letters and digits of ASCII, and `more`.
    pub(super) const fn alphanumeric_and(more: &[u8]) -> Self {
        let mut table = [false; 256];
        let (mut rest, mut byte) = (table.as_mut_slice(), 0_u8);
        while let Some((entry, later)) = rest.split_first_mut() {
            *entry = byte.is_ascii_alphanumeric() || is_in(more, byte);
            rest = later;
            byte = byte.wrapping_add(1);
        }
        Self(table)
    }

    #[inline]
    pub(super) fn has(&self, byte: u8) -> bool {
        // The index is always within the table.
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// How many bytes at the front of `bytes` are in the set. Eight at a time are asked without a branch between them.
    #[inline]
    pub(super) fn prefix_len(&self, bytes: &[u8]) -> usize {
        let is_within = |block: &&[u8; 8]| block.iter().fold(true, |all, byte| all & self.has(*byte));
        let len = bytes.as_chunks().0.iter().take_while(is_within).count().saturating_mul(8);
        let rest = bytes.get(len..).unwrap_or_default();
        len.saturating_add(rest.iter().position(|byte| !self.has(*byte)).unwrap_or(rest.len()))
    }
}

const fn is_in(mut set: &[u8], byte: u8) -> bool {
    while let Some((first, rest)) = set.split_first() {
        if *first == byte {
            return true;
        }
        set = rest;
    }
    false
}

/// `tchar`: the characters of a token. RFC 2616's, to which RFC 6455 refers, are the same (21–7E less the separators).
static TOKEN: ByteSet = ByteSet::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// Whether a token can have this byte.
#[inline]
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN.has(byte)
}

/// How many bytes at the front can stand in a token.
#[inline]
pub(super) fn token_len(bytes: &[u8]) -> usize {
    TOKEN.prefix_len(bytes)
}

/// `token = 1*tchar`
#[inline]
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_len(bytes) == bytes.len()
}

/// `bytes` as text, if they are a token.
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    if is_token(bytes) { core::str::from_utf8(bytes).ok() } else { None }
}

/// `field-content`: visible characters, space, tab and the bytes above ASCII, with a visible character at both ends.
/// May be empty.
pub(super) fn is_field_value(bytes: &[u8]) -> bool {
    let is_sound = |byte: &u8| matches!(byte, b'\t' | b' '..=0x7e | 0x80..);
    trim(bytes).len() == bytes.len() && bytes.iter().all(is_sound)
}

/// Visible ASCII, at least one character: no space, nothing that could end a line.
pub(super) fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Visible ASCII without the beginning of a fragment, at least one character.
pub(super) fn is_target(text: &str) -> bool {
    !text.is_empty() && text.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic() & (byte != b'#'))
}

/// `bytes` without the spaces and tabs around them.
#[inline(never)]
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The elements of a comma-separated list. Empty ones are left out (RFC 9110 §5.6.1.2); none can hold a comma.
pub(super) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// What stands before and behind the first `needle`.
pub(super) fn split_once(bytes: &[u8], needle: u8) -> Option<(&[u8], &[u8])> {
    let (before, from) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == needle)?)?;
    Some((before, from.get(1..)?))
}

/// A number in decimal digits and nothing else.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = if byte.is_ascii_digit() { byte.wrapping_sub(b'0') } else { return None };
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 §5.6.2, written out.
    #[test]
    fn a_token_has_the_bytes_that_the_rfc_lists() {
        let made_now = ByteSet::alphanumeric_and(b"!#$%&'*+-.^_`|~");
        for byte in 0..=u8::MAX {
            let is_listed = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~');
            assert_eq!((is_token_byte(byte), made_now.has(byte)), (is_listed, is_listed), "{byte:#x}");
        }
    }

    #[test]
    fn a_number_is_digits_and_fits() {
        assert_eq!(decimal(b""), None);
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"007"), Some(7));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b"18446744073709551616"[..], b"99999999999999999999", b"+1", b"1 ", b"1a", b"\x2f", b":"] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
    }
}
