//! Plain messages into compressed ones (RFC 7692 §7.2.1).
//!
//! Each message, and each fragment of one, ends in a block on a byte border, so that the peer can read all of it; the
//! four bytes that end such a block are left out at the end of a message. An empty message is the single byte `00`.
//!
//! # Windows
//!
//! What is written never reaches back further than the window that was agreed. zlib cannot do that for the smallest
//! one, of 256 bytes: it would silently use 512. For that window a message is cut into pieces of 256 bytes, and each is
//! compressed as if nothing had come before: no distance in it can be longer than it is.

use alloc::vec::Vec;
use core::fmt;

use super::inflate::TAIL;
use super::params::WindowBits;
use super::zlib::Deflate;

/// How much memory zlib keeps the symbols of a block in: 2^(6 + this) symbols, at 7 bytes each. Larger blocks did not
/// make messages of any size smaller by one per cent.
const MEMORY_LEVEL: u8 = 5;

/// How much memory for output is kept from one message to the next.
const KEPT_BYTES: usize = 16 * 1024;

/// The memory of a [`Compressor`] between two messages, in bytes, as far as it depends on nothing but the window.
pub(super) const fn context_bytes(window: WindowBits) -> usize {
    // Twice the window and a link for each of its bytes; heads of chains, a block and its symbols, trees.
    let window = window.bytes();
    window.saturating_mul(4).saturating_add(154 * 1024)
}

/// A stream of compressed messages to one peer, for those who build their own layers;
/// [`Connection`](crate::Connection) has one where it needs one.
///
/// ```
/// use websocket_proto::deflate::{Compressor, Inflater, Room, Stop, WindowBits};
///
/// let mut compressor = Compressor::new(WindowBits::MAX, 6);
/// let payload = compressor.compress(b"Hello", true).to_vec();
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]); // RFC 7692 section 7.2.3.1
///
/// let (mut message, mut room) = (Vec::new(), Room { allowed: 100, max_len: 100 });
/// let mut inflater = Inflater::new();
/// assert_eq!(inflater.inflate(&mut &payload[..], &mut message, &mut room), Ok(Stop::Dry));
/// assert_eq!(inflater.finish(&mut message, &mut room), Ok(Stop::Dry));
/// assert_eq!(message, b"Hello");
/// ```
pub struct Compressor {
    zlib: Deflate,
    window: WindowBits,
    level: u8,
    /// Whether there is something to [`forget`](Self::forget).
    has_history: bool,
    out: Vec<u8>,
}

impl Compressor {
    /// Nothing is written that reaches back further than `window`. `level` is 1 (fastest) to 9 (smallest).
    #[must_use]
    pub fn new(window: WindowBits, level: u8) -> Self {
        let zlib = Deflate::new(level.max(1), window.get(), MEMORY_LEVEL);
        Self { zlib, window, level, has_history: false, out: Vec::new() }
    }

    /// Whether it is what [`new`](Self::new) would give for these settings, but for what it remembers.
    pub(super) fn suits(&self, window: WindowBits, level: u8) -> bool {
        (self.window, self.level) == (window, level)
    }

    /// Forgets all that came before: without context takeover, call it between two messages. It may be called at any
    /// time.
    pub fn forget(&mut self) {
        if self.has_history {
            self.zlib.reset();
            self.has_history = false;
        }
    }

    /// Compresses the next piece of a message, so that the peer can read all of it. What comes out is the payload of a
    /// frame, and stays readable until the next call.
    pub fn compress(&mut self, piece: &[u8], is_last: bool) -> &[u8] {
        self.out.clear();
        if self.window.can_be_kept() {
            self.flush(piece);
        } else {
            for part in piece.chunks(self.window.bytes()) {
                self.forget();
                self.flush(part);
            }
        }
        if is_last {
            if self.out.is_empty() {
                // It stands at a border, and another border would be no news: the beginning of an empty block.
                self.out.push(0);
            } else if self.out.ends_with(&TAIL) {
                self.out.truncate(self.out.len().saturating_sub(TAIL.len()));
            }
        }
        &self.out
    }

    fn flush(&mut self, piece: &[u8]) {
        self.zlib.flush(piece, &mut self.out);
        self.has_history = true;
    }

    /// What the last call has given.
    pub(super) fn output(&self) -> &[u8] {
        &self.out
    }

    /// Gives back memory that an unusually large message needed.
    pub(super) fn tidy(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES);
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("window", &self.window).field("level", &self.level).finish_non_exhaustive()
    }
}
