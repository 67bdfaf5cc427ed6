//! Bytes on their way out.
//!
//! Everything the crate writes goes through [`SendBuffer`]: first it makes room for a whole frame or head, then it
//! appends the parts. So a frame is written whole or not at all, and a buffer that is full leaves the protocol where it
//! was.

use core::mem::MaybeUninit;
use core::slice;

use arrayvec::ArrayVec;

use crate::wire::head::FrameHead;
use crate::wire::mask;

/// The room that the protocol's own frames need: a client's Pong of 125 bytes.
pub const MIN_SEND_BYTES: usize = 131;

/// A place to append outgoing bytes to: `Vec<u8>` (with the feature `alloc`), [`ArrayVec`], [`SendSlice`], or your own.
///
/// The transport drains it: write what is in it, remove what was taken, in order.
///
/// A buffer that cannot grow has to hold at least [`MIN_SEND_BYTES`], or a Pong would never fit; and a message needs up
/// to [`MAX_HEADER_BYTES`](crate::frame::MAX_HEADER_BYTES) beside its payload. A call that needs more than the whole
/// buffer is refused with [`SendError::Full`](crate::SendError::Full) for ever.
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

    /// Appends a frame, for which there is room: its head, then its payload, masked as the head says.
    ///
    /// The default appends the one after the other; a buffer that can be written in place looks for room once. Where
    /// [`reserve`](Self::reserve) was not asked, or said no, nothing may be written at all: a buffer that wraps another
    /// has to pass on both.
    #[inline]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        self.extend_from_slice(head.as_bytes());
        match head.key() {
            None => self.extend_from_slice(payload),
            Some(key) => self.extend_masked(payload, key),
        }
    }
}

/// Writes a frame to the beginning of `spare`, all of it or nothing; tells how many bytes were written.
///
/// A short head is written as it is. A longer one is written as the blocks that it has in registers, if there is room for
/// them; what of them is no head is written over by the payload, or lies behind the frame.
#[inline(always)]
pub(super) fn write_frame(spare: &mut [MaybeUninit<u8>], head: &FrameHead, payload: &[u8]) -> usize {
    let (header, key) = (head.header(), head.key());
    let len = header.len().saturating_add(payload.len());
    if spare.len() < len {
        return 0;
    }
    let [front, back] = header.blocks();
    let [a, b, c, d, e, f, ..] = front;
    match (header.len(), spare.first_chunk_mut::<16>()) {
        (2, _) => put(spare, [a, b]),
        (6, _) => put(spare, [a, b, c, d, e, f]),
        (_, Some(to)) => {
            for (to, block) in to.as_chunks_mut().0.iter_mut().zip([front, back]) {
                *to = block.map(MaybeUninit::new);
            }
        }
        (len, None) => write_tight_head(spare, len, front, back),
    }
    let (_, to) = spare.split_at_mut_checked(header.len()).unwrap_or_default();
    header.len().saturating_add(mask::copy_uninit(to, payload, key).len())
}

/// Writes `bytes` to the beginning of `to`, where there is room for them.
#[inline(always)]
fn put<const N: usize>(to: &mut [MaybeUninit<u8>], bytes: [u8; N]) {
    if let Some(to) = to.first_chunk_mut() {
        *to = bytes.map(MaybeUninit::new);
    }
}

/// Writes a head of `len` bytes where there is no room for all of its blocks. It takes the blocks one by one, so that
/// they stay in registers.
#[cold]
fn write_tight_head(to: &mut [MaybeUninit<u8>], len: usize, front: [u8; 8], back: [u8; 8]) {
    for (to, byte) in to.iter_mut().zip(front.into_iter().chain(back).take(len)) {
        to.write(byte);
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

    #[inline]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        (**self).extend_frame(head, payload);
    }
}

/// Grows as needed; it is the caller who bounds how much is sent before the transport has drained it.
#[cfg(feature = "alloc")]
impl SendBuffer for alloc::vec::Vec<u8> {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        self.spare_capacity_mut().len() >= additional || grow(self, additional)
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Self::extend_from_slice(self, bytes);
    }

    #[inline]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        Self::reserve(self, bytes.len());
        let written = mask::copy_uninit(self.spare_capacity_mut(), bytes, Some(key)).len();
        let len = self.len().wrapping_add(written);
        // SAFETY: `copy_uninit` has initialised `written` elements behind the old length, within the capacity.
        unsafe { self.set_len(len) }
    }

    /// Appends the frame if it fits: this is the one call that does not grow by itself.
    #[inline(always)]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        let written = write_frame(self.spare_capacity_mut(), head, payload);
        let len = self.len().wrapping_add(written);
        // SAFETY: `write_frame` has initialised `written` elements behind the old length, within the capacity.
        unsafe { self.set_len(len) }
    }
}

#[cfg(feature = "alloc")]
#[cold]
fn grow(bytes: &mut alloc::vec::Vec<u8>, additional: usize) -> bool {
    bytes.try_reserve(additional).is_ok()
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
        let count = bytes.len().min(self.remaining_capacity());
        let fits = bytes.get(..count).unwrap_or_default();
        let is_appended = self.try_extend_from_slice(fits).is_ok();
        debug_assert!(is_appended, "it was cut to what fits");
    }

    /// Appends what fits.
    #[inline]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        let len = self.len();
        SendBuffer::extend_from_slice(self, bytes);
        mask::apply(self.get_mut(len..).unwrap_or_default(), key);
    }

    /// Appends the frame if it fits.
    #[inline(always)]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        let written = write_frame(self.spare_capacity_mut(), head, payload);
        let len = self.len().wrapping_add(written);
        // SAFETY: `write_frame` has initialised `written` elements behind the old length, within the capacity.
        unsafe { self.set_len(len) }
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

    /// Whether nothing waits to be sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Drops all that waits to be sent.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// The next `count` bytes of room, or what there is of them, as part of what is to be sent.
    #[inline]
    fn take_spare(&mut self, count: usize) -> &mut [u8] {
        let from = self.len;
        let count = count.min(self.bytes.len().saturating_sub(from));
        self.len = from.saturating_add(count);
        self.bytes.get_mut(from..self.len).unwrap_or_default()
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
        let spare = self.take_spare(bytes.len());
        if let Some(bytes) = bytes.get(..spare.len()) {
            spare.copy_from_slice(bytes);
        }
    }

    /// Appends what fits.
    #[inline]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        mask::copy(self.take_spare(bytes.len()), bytes, key);
    }

    /// Appends the frame if it fits.
    #[inline]
    #[expect(unsafe_code, reason = "initialised memory is handed to a function that would also take other")]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        let end = self.len.saturating_add(head.header().len()).saturating_add(payload.len());
        // No more than the frame: what lies behind it is the owner's, who may look at it.
        let Some(room) = self.bytes.get_mut(self.len..end) else { return };
        // SAFETY: the same bytes, borrowed for as long; `write_frame` writes nothing to them but initialised bytes.
        let room = unsafe { slice::from_raw_parts_mut(room.as_mut_ptr().cast(), room.len()) };
        self.len = self.len.saturating_add(write_frame(room, head, payload));
    }
}
