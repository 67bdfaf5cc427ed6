//! Frames on their way out: a head of up to fourteen bytes, then the payload, masked on the way if we are a client.

use crate::buffer::send::SendBuffer;
use crate::error::SendError;
use crate::role::Role;
use crate::wire::head::FrameHead;
use crate::wire::header::{FIN, MAX_SHORT_LENGTH, PaddedHeader};
use crate::wire::opcode::Opcode;

/// Appends a frame whose first byte is `first`: all of it, or nothing.
///
/// The role is asked for a key only when there is room, so each key it gives is used.
///
/// Most payloads have at most 125 bytes. For them there is a copy of the code with a head of known length.
#[inline(always)]
pub(crate) fn encode<R: Role>(
    role: &mut R,
    first: u8,
    payload: &[u8],
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    match u8::try_from(payload.len()) {
        Ok(len @ ..=MAX_SHORT_LENGTH) => append(role, PaddedHeader::short(first, len, !R::IS_SERVER), payload, tx),
        _ => append(role, PaddedHeader::new(first, payload.len() as u64, !R::IS_SERVER), payload, tx),
    }
}

#[inline(always)]
fn append<R: Role>(
    role: &mut R,
    header: PaddedHeader,
    payload: &[u8],
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    let needed = payload.len().saturating_add(header.len());
    if !tx.reserve(needed) {
        return Err(SendError::Full { needed });
    }
    tx.extend_frame(&FrameHead::new(header, role.next_key()), payload);
    Ok(())
}

/// The head of a frame of `payload_len` bytes.
#[inline]
pub(crate) fn head<R: Role>(role: &mut R, first: u8, payload_len: u64) -> FrameHead {
    FrameHead::new(PaddedHeader::new(first, payload_len, !R::IS_SERVER), role.next_key())
}

/// The first byte of a frame (RFC 6455 §5.2).
#[inline]
pub(crate) const fn first_byte(opcode: Opcode, fin: bool) -> u8 {
    if fin { FIN | opcode.as_u8() } else { opcode.as_u8() }
}
