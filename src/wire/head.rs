//! The head of a frame on its way out, and what masks the payload behind it.

use super::header::PaddedHeader;
use super::mask;

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
    header: PaddedHeader,
    masker: Masker,
}

impl FrameHead {
    /// The head whose header is this, but for the key.
    #[inline]
    pub(crate) fn new(header: PaddedHeader, key: Option<[u8; 4]>) -> Self {
        Self { header: key.map_or(header, |key| header.with_key(key)), masker: Masker { key } }
    }

    /// The bytes before the payload: 2 to 14.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.header.as_bytes()
    }

    /// What masks the payload, from its first byte on.
    #[must_use]
    #[inline]
    pub const fn masker(&self) -> Masker {
        self.masker
    }

    /// The bytes before the payload, with zeros behind them.
    #[inline]
    pub(crate) const fn header(&self) -> PaddedHeader {
        self.header
    }

    /// The key that masks the payload.
    #[inline]
    pub(crate) const fn key(&self) -> Option<[u8; 4]> {
        self.masker.key
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
