//! Frames on their way out: a head of up to fourteen bytes, then the payload, masked on the way if we are a client.

use crate::buffer::send::SendBuffer;
use crate::error::SendError;
use crate::role::Role;
use crate::wire::header::{self, FIN, HeaderBytes};
use crate::wire::mask;
use crate::wire::opcode::Opcode;

/// Appends a frame whose first byte is `first`: all of it, or nothing.
///
/// The role is asked for a key only when there is room, so each key it gives is used.
#[inline]
pub(crate) fn encode<R: Role>(
    role: &mut R,
    first: u8,
    payload: &[u8],
    tx: &mut (impl SendBuffer + ?Sized),
) -> Result<(), SendError> {
    let head_len = header::encoded_len(payload.len() as u64, !R::IS_SERVER);
    let needed = payload.len().saturating_add(head_len);
    if !tx.reserve(needed) {
        return Err(SendError::Full { needed });
    }
    let key = role.next_key();
    tx.extend_from_slice(&header::emit(first, payload.len() as u64, key));
    match key {
        None => tx.extend_from_slice(payload),
        Some(key) => tx.extend_masked(payload, key),
    }
    Ok(())
}

/// The head of a frame of `payload_len` bytes whose payload the caller writes.
#[inline]
pub(crate) fn head<R: Role>(role: &mut R, first: u8, payload_len: u64) -> FrameHead {
    let key = role.next_key();
    FrameHead { bytes: header::emit(first, payload_len, key), masker: Masker { key } }
}

/// The head of one frame, for callers who write the payload themselves: with `writev`, io_uring or a second `write`,
/// and with no copy.
///
/// Write [`as_bytes`](Self::as_bytes), then exactly the announced number of payload bytes, and nothing in between. A
/// client has to mask the payload with [`masker`](Self::masker); for a server that changes nothing, so the same code
/// serves both.
///
/// ```
/// use websocket_proto::{Config, Connection};
///
/// let mut connection = Connection::client(Config::client(), || [1, 2, 3, 4]);
/// let mut payload = *b"Hello";
/// let head = connection.text_head(5)?;
/// head.masker().apply(&mut payload);
/// assert_eq!([head.as_bytes(), &payload[..]].concat(), b"\x81\x85\x01\x02\x03\x04Igohn");
/// # Ok::<(), websocket_proto::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a frame that was announced has to be sent"]
pub struct FrameHead {
    bytes: HeaderBytes,
    masker: Masker,
}

impl FrameHead {
    /// The bytes before the payload: 2 to 14.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What masks the payload, from its first byte on.
    #[must_use]
    #[inline]
    pub const fn masker(&self) -> Masker {
        self.masker
    }
}

impl AsRef<[u8]> for FrameHead {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Masks the payload of one frame, piece by piece and in order; for a server it changes nothing (RFC 6455 §5.3).
///
/// It knows how far it has come, and a copy of it goes on from there on its own: use one for each frame.
#[derive(Clone, Copy, Debug)]
pub struct Masker {
    /// The key for the next byte.
    key: Option<[u8; 4]>,
}

impl Masker {
    /// Masks the next piece of the payload in place.
    #[inline]
    pub fn apply(&mut self, piece: &mut [u8]) {
        if let Some(key) = &mut self.key {
            mask::apply(piece, *key);
            *key = mask::rotate(*key, piece.len());
        }
    }

    /// Copies the next piece of the payload, masked. Copies as much as the shorter of the two holds, and says how much
    /// that was.
    #[inline]
    pub fn copy(&mut self, to: &mut [u8], piece: &[u8]) -> usize {
        let count = to.len().min(piece.len());
        mask::copy(to, piece, self.key.unwrap_or_default());
        self.key = self.key.map(|key| mask::rotate(key, count));
        count
    }
}

/// The first byte of a frame (RFC 6455 §5.2).
#[inline]
pub(crate) const fn first_byte(opcode: Opcode, fin: bool) -> u8 {
    if fin { FIN | opcode.as_u8() } else { opcode.as_u8() }
}
