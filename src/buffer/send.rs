//! Bytes on their way out.
//!
//! Everything the crate writes goes through [`SendBuffer`]: first it makes room for a whole frame or head, then it appends
//! the parts. So a frame is written whole or not at all, and a buffer that is full leaves the protocol where it was.

use arrayvec::ArrayVec;

use crate::wire::mask;

/// A place to append outgoing bytes to: `Vec<u8>` (with the feature `alloc`), [`ArrayVec`], [`SendSlice`], or your own.
///
/// The transport drains it: write what is in it, remove what was taken, in order.
pub trait SendBuffer {
    /// Makes room for `additional` more bytes. When it answers `false`, nothing has changed.
    ///
    /// The crate appends nothing without having asked, and never more than it has asked for.
    #[must_use]
    fn reserve(&mut self, additional: usize) -> bool;

    /// Appends `bytes`, for which there is room.
    fn extend_from_slice(&mut self, bytes: &[u8]);

    /// Appends `bytes`, for which there is room, masked with `key` from its first byte on.
    ///
    /// The default masks in blocks on the stack; a buffer that can be written in place does it in one pass over memory.
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        let mut block = [0; 1024];
        for piece in bytes.chunks(block.len()) {
            let (masked, _) = block.split_at_mut(piece.len());
            mask::copy(masked, piece, key);
            self.extend_from_slice(masked);
        }
    }
}

impl<B: SendBuffer + ?Sized> SendBuffer for &mut B {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        (**self).reserve(additional)
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        (**self).extend_from_slice(bytes);
    }

    #[inline]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        (**self).extend_masked(bytes, key);
    }
}

/// Grows as needed; it is the caller who bounds how much is sent before the transport has drained it.
#[cfg(feature = "alloc")]
impl SendBuffer for alloc::vec::Vec<u8> {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        self.try_reserve(additional).is_ok()
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Self::extend_from_slice(self, bytes);
    }

    #[inline]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        Self::reserve(self, bytes.len());
        let written = mask::copy_uninit(self.spare_capacity_mut(), bytes, key).len();
        let len = self.len().saturating_add(written);
        // SAFETY: `copy_uninit` has initialised `written` elements behind the old length, within the capacity.
        unsafe { self.set_len(len) }
    }
}

/// Never grows.
impl<const N: usize> SendBuffer for ArrayVec<u8, N> {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        self.remaining_capacity() >= additional
    }

    /// Appends what fits.
    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend(bytes.iter().copied().take(self.remaining_capacity()));
    }
}

/// Outgoing bytes in a slice that somebody else owns: a static array, a DMA buffer, a page of a ring.
///
/// ```
/// use websocket_proto::{Config, Connection, SendSlice};
///
/// let mut memory = [0; 64];
/// let mut tx = SendSlice::new(&mut memory);
/// Connection::server(Config::server()).send_text("Hello", &mut tx)?;
/// assert_eq!(tx.as_slice(), b"\x81\x05Hello");
/// tx.consume(7); // the transport took them
/// assert!(tx.as_slice().is_empty());
/// # Ok::<(), websocket_proto::Error>(())
/// ```
#[derive(Debug)]
pub struct SendSlice<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> SendSlice<'a> {
    /// An empty buffer over `bytes`, which never grows.
    pub const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// The bytes that wait to be sent, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Removes the oldest `count` bytes, or all when there are fewer, and moves the rest to the front.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len);
        self.bytes.copy_within(count..self.len, 0);
        self.len = self.len.saturating_sub(count);
    }
}

/// Never grows.
impl SendBuffer for SendSlice<'_> {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        self.bytes.len().saturating_sub(self.len) >= additional
    }

    /// Appends what fits.
    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        let (_, spare) = self.bytes.split_at_mut(self.len);
        let len = bytes.len().min(spare.len());
        for (to, byte) in spare.iter_mut().zip(bytes) {
            *to = *byte;
        }
        self.len = self.len.saturating_add(len);
    }
}
