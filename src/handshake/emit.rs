//! Writing a head: whole, or not at all.
//!
//! A head is a sequence of parts, each borrowed from where it stands: a constant, the request, the caller's text. The
//! sequence is walked twice, once to add up the lengths and ask the buffer for room, once to append. So nothing is put
//! together in memory of our own, and a buffer without room is left as it was.
//!
//! Nothing is checked here. What is not sound did not become a [`Header`], a target or an authority in the first place.

use super::{header::Header, names};
use crate::buffer::send::SendBuffer;
use crate::error::{HandshakeMisuse, SendError};

pub(super) const CRLF: &[u8] = b"\r\n";

/// Appends a head that has its parts in three groups: before the header lines, these lines, and behind them.
#[inline]
pub(super) fn emit_head<'p>(
    start: &[&[u8]],
    headers: impl Iterator<Item = Header<'p>> + Clone,
    end: &[&[u8]],
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    let lines_len = headers.clone().fold(0_usize, |sum, header| sum.saturating_add(len(header.line().iter())));
    make_room(lines_len.saturating_add(len(start.iter().chain(end))), tx)?;
    start.iter().for_each(|part| tx.extend_from_slice(part));
    headers.for_each(|header| header.line().iter().for_each(|part| tx.extend_from_slice(part)));
    end.iter().for_each(|part| tx.extend_from_slice(part));
    Ok(())
}

/// Appends all `parts`, whatever their order, if the buffer can take them together.
pub(super) fn emit<'p>(
    parts: impl Iterator<Item = &'p [u8]> + Clone,
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    make_room(parts.clone().fold(0_usize, |sum, part| sum.saturating_add(part.len())), tx)?;
    parts.for_each(|part| tx.extend_from_slice(part));
    Ok(())
}

/// The lines of `headers` in parts.
pub(super) fn lines<'p>(headers: impl Iterator<Item = Header<'p>> + Clone) -> impl Iterator<Item = &'p [u8]> + Clone {
    headers.flat_map(|header| header.line())
}

#[inline]
fn len<'p>(parts: impl Iterator<Item = &'p &'p [u8]>) -> usize {
    parts.fold(0, |sum, part| sum.saturating_add(part.len()))
}

#[inline]
fn make_room(needed: usize, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
    if tx.reserve(needed) { Ok(()) } else { Err(SendError::Full { needed }) }
}

/// That none of the caller's `headers` is one that the handshake writes, or that would change where a message ends.
pub(super) fn check_not_reserved(headers: &[Header<'_>]) -> Result<(), HandshakeMisuse> {
    let is_reserved = |header: &Header<'_>| {
        let prefix = header.name().as_bytes().get(..SEC_WEBSOCKET.len()).unwrap_or_default();
        prefix.eq_ignore_ascii_case(SEC_WEBSOCKET) || names::recognise(header.name().as_bytes()).is_some()
    };
    if headers.iter().any(is_reserved) { Err(HandshakeMisuse::HeaderReserved) } else { Ok(()) }
}

/// All headers of the protocol begin so, those to come included.
const SEC_WEBSOCKET: &[u8] = b"sec-websocket-";
