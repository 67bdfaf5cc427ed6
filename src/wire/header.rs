//! The two to fourteen bytes before each payload (RFC 6455 §5.2).
//!
//! ```text
//!    byte 0            byte 1             0, 2 or 8 bytes            0 or 4 bytes
//!   +-+-+-+-+-------+ +-+-------------+ +- - - - - - - - - - - -+ +- - - - - - - -+
//!   |F|R|R|R|       | |M|             | | 126: 16-bit length    | |               |
//!   |I|S|S|S|opcode | |A| length, or  | | 127: 64-bit length    | |  masking key  |
//!   |N|V|V|V|  (4)  | |S| 126 or 127  | | (both big-endian)     | |  (if MASK)    |
//!   | |1|2|3|       | |K|             | |                       | |               |
//!   +-+-+-+-+-------+ +-+-------------+ +- - - - - - - - - - - -+ +- - - - - - - -+
//! ```
//!
//! This file reads and writes the picture and refuses nothing: reserved bits, reserved opcodes and lengths that are
//! longer than they need to be are reported as they stand. Which headers a peer may send is decided by
//! [`frame::Decoder`](crate::frame::Decoder) and by the connection, with the same rules; [`WholeMessage`] is a filter
//! before them, for what most frames are.

use arrayvec::ArrayVec;

use super::opcode::Opcode;

/// The most bytes a header has: two, eight of length, four of key.
pub const MAX_HEADER_BYTES: usize = 14;

/// The most payload bytes that a control frame may have (§5.5).
pub const MAX_CONTROL_PAYLOAD_BYTES: usize = 125;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV: u8 = 0x70;
#[cfg(feature = "deflate")]
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const MASK: u8 = 0x80;
const LENGTH: u8 = 0x7F;
/// The longest payload whose length stands in the second byte.
pub(crate) const MAX_SHORT_LENGTH: u8 = 125;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// A frame header, whether or not a peer may send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// The reserved bits, RSV1 to RSV3 from high to low: 0 to 7.
    pub rsv: u8,
    /// What kind of frame it is.
    pub opcode: Opcode,
    /// The masking key, when the MASK bit is set.
    pub mask: Option<[u8; 4]>,
    /// The number of payload bytes that follow. RFC 6455 ends at 2^63 − 1; the field holds more.
    pub payload_len: u64,
}

/// What [`FrameHeader::parse`] made of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole header.
    Complete {
        /// What it says.
        header: FrameHeader,
        /// How many bytes it took: 2 to [`MAX_HEADER_BYTES`].
        encoded_len: usize,
    },
    /// The bytes end before the header does: come back with more.
    Partial,
}

impl FrameHeader {
    /// Reads the header at the start of `bytes`. It never fails: every bit pattern is some header.
    ///
    /// The length was written in its shortest form exactly when `encoded_len == header.encoded_len()`.
    ///
    /// ```
    /// use websocket_proto::frame::{FrameHeader, Opcode, Parsed};
    ///
    /// let Parsed::Complete { header, encoded_len } = FrameHeader::parse(&[0x81, 0xfe, 0, 1, 1, 2, 3, 4]) else { panic!() };
    /// assert_eq!((header.opcode, header.payload_len, header.mask), (Opcode::TEXT, 1, Some([1, 2, 3, 4])));
    /// assert_eq!((encoded_len, header.encoded_len()), (8, 6)); // two bytes more than needed
    /// assert_eq!(FrameHeader::parse(&[0x81]), Parsed::Partial);
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Parsed {
        let [first, second, after @ ..] = bytes else { return Parsed::Partial };
        let Some((payload_len, key_at, after)) = parse_length(*second, after) else { return Parsed::Partial };
        let Some((mask, encoded_len)) = parse_key(*second, key_at, after) else { return Parsed::Partial };
        Parsed::Complete {
            header: Self {
                fin: first & FIN != 0,
                rsv: (first & RSV) >> 4,
                opcode: Opcode::from_low_bits(*first),
                mask,
                payload_len,
            },
            encoded_len,
        }
    }

    /// The number of bytes that [`emit`](Self::emit) gives: the shortest form.
    #[must_use]
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        encoded_len(self.payload_len, self.mask.is_some())
    }

    /// Writes the header in its shortest form, as RFC 6455 §5.2 demands.
    #[must_use]
    #[inline]
    pub fn emit(&self) -> HeaderBytes {
        let first = if self.fin { FIN } else { 0 } | (self.rsv << 4) & RSV | self.opcode.as_u8();
        let header = PaddedHeader::new(first, self.payload_len, self.mask.is_some());
        let header = self.mask.map_or(header, |key| header.with_key(key));
        header.as_bytes().iter().copied().collect()
    }
}

/// The bytes of one header, on the stack; a slice of 2 to 14 bytes to whoever borrows it.
pub type HeaderBytes = ArrayVec<u8, MAX_HEADER_BYTES>;

/// The bytes of a header for `payload_len` bytes of payload, in its shortest form.
#[inline]
pub(crate) const fn encoded_len(payload_len: u64, masked: bool) -> usize {
    match (payload_len, masked) {
        (0..=125, false) => 2,
        (126..=0xFFFF, false) => 4,
        (_, false) => 10,
        (0..=125, true) => 6,
        (126..=0xFFFF, true) => 8,
        (_, true) => 14,
    }
}

/// A header as it is sent, and zeros up to two blocks that one store each writes.
///
/// It is put together in registers and kept in whole words: a word that was written in pieces cannot be read until all
/// of them have reached the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
pub(crate) struct PaddedHeader {
    blocks: [[u8; 8]; 2],
    len: usize,
}

impl PaddedHeader {
    /// A header whose first byte is `first`. The key of a masked one is zero, until [`with_key`](Self::with_key).
    #[inline]
    pub(crate) fn new(first: u8, payload_len: u64, masked: bool) -> Self {
        let two = |second: u8| u64::from(u16::from_le_bytes([first, second | if masked { MASK } else { 0 }]));
        let [low, high, ..] = payload_len.to_le_bytes();
        let [front, back] = match payload_len {
            0..=125 => [two(low), 0],
            126..=0xFFFF => [two(LENGTH_16) | u64::from(u16::from_le_bytes([high, low])) << 16, 0],
            _ => [two(LENGTH_64) | payload_len.swap_bytes() << 16, payload_len.swap_bytes() >> 48],
        };
        Self { blocks: [front.to_le_bytes(), back.to_le_bytes()], len: encoded_len(payload_len, masked) }
    }

    /// [`new`](Self::new) for a payload of at most [`MAX_SHORT_LENGTH`]. Whoever calls it knows how long the header is.
    #[inline(always)]
    pub(crate) fn short(first: u8, payload_len: u8, masked: bool) -> Self {
        let (mask, len) = if masked { (MASK, 6) } else { (0, 2) };
        let front = u64::from(u16::from_le_bytes([first, payload_len | mask]));
        Self { blocks: [front.to_le_bytes(), [0; 8]], len }
    }

    /// The same with a key, which a masked header has room for.
    #[inline]
    pub(crate) fn with_key(self, key: [u8; 4]) -> Self {
        let [front, back] = self.blocks.map(u64::from_le_bytes);
        let key = u64::from(u32::from_le_bytes(key));
        let [front, back] = match self.len {
            ..=6 => [front | key << 16, back],
            7..=8 => [front | key << 32, back],
            _ => [front, back | key << 16],
        };
        Self { blocks: [front.to_le_bytes(), back.to_le_bytes()], ..self }
    }

    /// How many bytes the header has: 2 to [`MAX_HEADER_BYTES`].
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The header.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.blocks.as_flattened().get(..self.len).unwrap_or_default()
    }

    /// The header, and zeros behind it.
    #[inline]
    pub(crate) const fn blocks(&self) -> [[u8; 8]; 2] {
        self.blocks
    }
}

/// The payload length, from a header's second byte and what follows it; where in the header the key stands, and the
/// bytes from there on.
#[inline]
pub(crate) fn parse_length(second: u8, after: &[u8]) -> Option<(u64, usize, &[u8])> {
    match second & LENGTH {
        LENGTH_16 => after.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), 4, rest)),
        LENGTH_64 => after.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), 10, rest)),
        length => Some((u64::from(length), 2, after)),
    }
}

/// The frame that most are: all of a message, text or binary, of less than 64 KiB, with nothing to object to by whatever
/// else has come or is granted. Any other frame, right or wrong, is for [`parse_length`] and those who judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WholeMessage {
    pub(crate) is_text: bool,
    pub(crate) header_len: usize,
    pub(crate) payload_len: u16,
    is_masked: bool,
    /// Little-endian, in one word: as four bytes it would be taken apart and put together again.
    key: u32,
}

/// The bytes that [`WholeMessage::parse`] needs: the longest of its headers. It may be given more than have come.
pub(crate) const WHOLE_HEADER_BYTES: usize = 8;

impl WholeMessage {
    /// Reads the header at the start of `bytes`, of a frame that has to be masked or must not be.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low bytes of a word are meant")]
    pub(crate) const fn parse(bytes: [u8; WHOLE_HEADER_BYTES], masked: bool) -> Option<Self> {
        const TEXT: u8 = FIN | Opcode::TEXT.as_u8();
        const BINARY: u8 = FIN | Opcode::BINARY.as_u8();
        let word = u64::from_le_bytes(bytes);
        let (first, second) = (word as u8, (word >> 8) as u8);
        let is_text = first == TEXT;
        // Without the MASK bit where there has to be one, this is more than any length; as it is the other way round.
        let short = second.wrapping_sub(if masked { MASK } else { 0 });
        let (payload_len, header_len, key) = match short {
            0..LENGTH_16 => (short as u16, 2_usize, (word >> 16) as u32),
            LENGTH_16 => (((word >> 16) as u16).swap_bytes(), 4, (word >> 32) as u32),
            _ => return None,
        };
        if !is_text && first != BINARY || short == LENGTH_16 && payload_len < LENGTH_16 as u16 {
            return None;
        }
        let header_len = if masked { header_len.saturating_add(4) } else { header_len };
        Some(Self { is_text, header_len, payload_len, is_masked: masked, key })
    }

    /// What masks the payload, if it is masked.
    #[inline(always)]
    pub(crate) const fn key(&self) -> Option<[u8; 4]> {
        if self.is_masked { Some(self.key.to_le_bytes()) } else { None }
    }
}

/// Whether the length that `second` announces stands in its shortest form (§5.2).
#[inline]
pub(crate) const fn is_minimal(second: u8, payload_len: u64) -> bool {
    match second & LENGTH {
        LENGTH_16 => payload_len > MAX_SHORT_LENGTH as u64,
        LENGTH_64 => payload_len > 0xFFFF,
        _ => true,
    }
}

/// The masking key, when `second` has the MASK bit, and the length of the header. The key stands `key_at` bytes behind
/// the header's start, where `after` begins.
#[inline]
pub(crate) fn parse_key(second: u8, key_at: usize, after: &[u8]) -> Option<(Option<[u8; 4]>, usize)> {
    if second & MASK == 0 {
        return Some((None, key_at));
    }
    after.first_chunk().map(|key| (Some(*key), key_at.saturating_add(4)))
}

/// The 7-bit length field of a header's second byte: 126 and 127 announce a longer one.
#[inline]
pub(crate) const fn short_length(second: u8) -> u8 {
    second & LENGTH
}
