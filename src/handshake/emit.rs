//! Writing a head: whole, or not at all.

use super::{fields, header::Header};
use crate::buffer::send::SendBuffer;
use crate::error::{HandshakeMisuse, SendError};

pub(super) const CRLF: &[u8] = b"\r\n";

/// Appends all `parts`, if the buffer can take them together.
pub(super) fn emit<'p>(
    parts: impl Iterator<Item = &'p [u8]> + Clone,
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    let needed = parts.clone().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    if !tx.reserve(needed) {
        return Err(SendError::Full { needed });
    }
    parts.for_each(|part| tx.extend_from_slice(part));
    Ok(())
}

/// The lines of `headers` in parts.
pub(super) fn lines<'p>(headers: impl Iterator<Item = Header<'p>> + Clone) -> impl Iterator<Item = &'p [u8]> + Clone {
    headers.flat_map(|header| header.line())
}

/// That none of the caller's `headers` is one that the handshake writes, or that would change where a message ends.
pub(super) fn check_not_reserved(headers: &[Header<'_>]) -> Result<(), HandshakeMisuse> {
    let is_reserved = |header: &Header<'_>| {
        let prefix = header.name().as_bytes().get(..SEC_WEBSOCKET.len()).unwrap_or_default();
        prefix.eq_ignore_ascii_case(SEC_WEBSOCKET) || fields::recognise(header.name()).is_some()
    };
    if headers.iter().any(is_reserved) { Err(HandshakeMisuse::HeaderReserved) } else { Ok(()) }
}

const SEC_WEBSOCKET: &[u8] = b"sec-websocket-";
