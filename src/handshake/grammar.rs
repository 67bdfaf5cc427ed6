//! The grammar of HTTP headers, as far as the handshake needs it (RFC 9110 §5.5, §5.6).
//!
//! The same few predicates judge what a peer sent and what the caller wants to send.

/// `tchar`: the characters of a token. RFC 2616's, to which RFC 6455 refers, are the same (21–7E less the separators).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}

/// `token = 1*tchar`
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

/// `bytes` as text, if they are a token.
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    if is_token(bytes) { core::str::from_utf8(bytes).ok() } else { None }
}

/// `field-content`: visible characters, space, tab and the bytes above ASCII, with a visible character at both ends. May be empty.
pub(super) fn is_field_value(bytes: &[u8]) -> bool {
    let is_sound = |byte: &u8| matches!(byte, b'\t' | b' '..=0x7e | 0x80..);
    trim(bytes).len() == bytes.len() && bytes.iter().all(is_sound)
}

/// Visible ASCII, at least one character: no space, nothing that could end a line.
pub(super) fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `bytes` without the spaces and tabs around them.
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
