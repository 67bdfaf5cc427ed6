//! The names of the headers that matter to a handshake.

use crate::error::Field;

/// The headers that matter. Nearly all others are dismissed by the length of the name and its first letter.
#[inline]
pub(super) fn recognise(name: &[u8]) -> Option<Field> {
    match (name.len(), name.first()?.to_ascii_lowercase()) {
        (4, b'h') => candidate(Field::Host, name),
        (6, b'o') => candidate(Field::Origin, name),
        (7, b'u') => candidate(Field::Upgrade, name),
        (10, b'c') => candidate(Field::Connection, name),
        (14, b'c') => candidate(Field::ContentLength, name),
        (17, b's') => candidate(Field::Key, name),
        (17, b't') => candidate(Field::TransferEncoding, name),
        (20, b's') => candidate(Field::Accept, name),
        (21, b's') => candidate(Field::Version, name),
        (22, b's') => candidate(Field::Protocol, name),
        (24, b's') => candidate(Field::Extensions, name),
        _ => None,
    }
}

#[inline(always)]
fn candidate(field: Field, name: &[u8]) -> Option<Field> {
    let known = field.name().as_bytes();
    // Most clients write the names as RFC 6455 does, and equality is the cheaper question.
    if known == name || known.eq_ignore_ascii_case(name) { Some(field) } else { None }
}
