//! Bytes on their way in, and the message that grows among them.
//!
//! ```text
//!            delivered      message in progress      gap         not read yet           spare
//! storage  |~~~~~~~~~~~~~|──────────────┬───────|~~~~~~~~|─────────────────────────|             |
//!                      start          valid    held    unread                     end        capacity
//! ```
//!
//! The transport reads into the spare room at `end`. Frames are taken from `unread` on: a header is skipped, and payload is
//! unmasked where it lies. For the first frame of a message that is all: header and whatever was delivered before it
//! lie left of `start`, the message is `start..held`, and there is no gap. The header of a later fragment, or a control frame between
//! fragments, opens a gap; the fragment's payload is then closed up behind `held`, each byte once. When nothing unread is left,
//! `end` falls back to `held`, the gap is gone, and the rest of the fragment is read straight to its final place.
//!
//! What is known about the bytes is kept *with the bytes*: `valid` says how far the message is known to be UTF-8. So a
//! [`str`] can be handed out without a second look, whichever connection read which part: the promise is kept in this file alone.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets into one slice: start <= valid <= held <= unread <= end <= capacity, kept by every method"
)]

use crate::wire::header::{MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES};
use crate::wire::{mask, utf8};

/// The room that a control frame needs beside a message in progress: a fixed buffer keeps it free between fragments.
pub(crate) const CONTROL_ROOM_BYTES: usize = MAX_HEADER_BYTES + MAX_CONTROL_PAYLOAD_BYTES;

/// The capacity of [`RecvBuffer::new`] in bytes: unmasking then stays within the first-level cache.
pub const DEFAULT_CAPACITY_BYTES: usize = 16 * 1024;

/// Received bytes, owned by the caller: the only memory that receiving needs.
///
/// `S` is `Vec<u8>` (with the feature `alloc`; grows with the message that is being received, see below), `[u8; N]` or
/// `&mut [u8]` (never grows). It holds bytes and no protocol state: when it [is empty](Self::is_empty), which it is between messages, it can be
/// dropped, or serve another connection. So a million idle connections need no receive buffers at all.
///
/// # The loop
///
/// 1. Read from the transport into [`spare_mut`](Self::spare_mut) and report the count with [`filled`](Self::filled); or copy bytes in
///    with [`extend_from_slice`](Self::extend_from_slice).
/// 2. Call `receive` of the handshake or the connection until it gives `None`.
///
/// # Memory
///
/// A growing buffer allocates its base capacity when it is first read into. It grows only while a message does not fit, each
/// time to at most twice what was really received and never beyond what the frame's header says is still to come: a claimed length alone allocates
/// nothing. It returns to the base capacity at the first [`spare_mut`](Self::spare_mut) after such a message was delivered (and after what stands behind it was,
/// if that is more than half of the base). A full buffer that nobody receives from does not grow at all: then the transport has to wait.
#[derive(Clone, Debug)]
pub struct RecvBuffer<S> {
    storage: S,
    /// The capacity to return to, for storage that grows.
    base: usize,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    start: usize,
    valid: usize,
    held: usize,
    unread: usize,
    end: usize,
    /// How many bytes behind `end` the frame or head in progress still needs, as far as is known; 0 when `receive` has more to give.
    wanted: usize,
}

impl Window {
    const EMPTY: Self = Self { start: 0, valid: 0, held: 0, unread: 0, end: 0, wanted: 0 };

    /// Bytes that matter: the message in progress and what is not read yet.
    const fn live(&self) -> usize {
        (self.held - self.start) + (self.end - self.unread)
    }

    /// Bytes that do not matter any more, before and between them.
    const fn dead(&self) -> usize {
        self.end - self.live()
    }
}

/// The memory under a [`RecvBuffer`].
///
/// Sealed: nobody else may change the bytes between two calls.
pub trait Storage: sealed::Sealed {}

mod sealed {
    use core::ops::Range;

    pub trait Sealed {
        fn bytes(&self) -> &[u8];

        fn bytes_mut(&mut self) -> &mut [u8];

        /// The most bytes it can ever have.
        fn max_capacity(&self) -> usize;

        /// Moves the two ranges, one behind the other, to the front of new memory of `capacity` bytes, if it can.
        fn reallocate(&mut self, _capacity: usize, _live: [Range<usize>; 2]) -> bool {
            false
        }
    }
}

impl<const N: usize> Storage for [u8; N] {}

impl<const N: usize> sealed::Sealed for [u8; N] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        N
    }
}

impl Storage for &mut [u8] {}

impl sealed::Sealed for &mut [u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        self.len()
    }
}

#[cfg(feature = "alloc")]
impl Storage for alloc::vec::Vec<u8> {}

#[cfg(feature = "alloc")]
impl sealed::Sealed for alloc::vec::Vec<u8> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        usize::MAX
    }

    fn reallocate(&mut self, capacity: usize, live: [core::ops::Range<usize>; 2]) -> bool {
        let [message, unread] = &live;
        if message.start == 0 && message.end == unread.start && capacity > self.len() {
            // Growing where it stands: the allocator may know how to do that without a copy, and need not hold both.
            self.reserve_exact(capacity - self.len());
            self.resize(capacity, 0);
            return true;
        }
        let mut new = alloc::vec![0; capacity];
        let mut to = new.as_mut_slice();
        for range in live {
            let from = self.get(range).unwrap_or_default();
            let Some((now, later)) = to.split_at_mut_checked(from.len()) else { return false };
            now.copy_from_slice(from);
            to = later;
        }
        *self = new;
        true
    }
}

#[cfg(feature = "alloc")]
impl RecvBuffer<alloc::vec::Vec<u8>> {
    /// An empty buffer of [`DEFAULT_CAPACITY_BYTES`] that allocates when it is first read into.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY_BYTES)
    }

    /// An empty buffer that allocates `base` bytes when it is first read into, and returns to that size after growing.
    ///
    /// Choose it so that nearly all messages fit; `base` below the room of a header and a control frame (139 bytes) is taken as that.
    #[must_use]
    pub const fn with_capacity(base: usize) -> Self {
        let base = if base < CONTROL_ROOM_BYTES { CONTROL_ROOM_BYTES } else { base };
        Self { storage: alloc::vec::Vec::new(), base, window: Window::EMPTY }
    }

    /// Gives the memory back when the buffer is empty; otherwise it changes nothing. The next read allocates again.
    pub fn release(&mut self) {
        if self.is_empty() {
            self.storage = alloc::vec::Vec::new();
            self.window = Window::EMPTY;
        }
    }
}

#[cfg(feature = "alloc")]
impl Default for RecvBuffer<alloc::vec::Vec<u8>> {
    fn default() -> Self {
        Self::new()
    }
}

/// A buffer in an array. It receives messages of up to `N` bytes in one frame, or `N` − 139 in several.
impl<const N: usize> From<[u8; N]> for RecvBuffer<[u8; N]> {
    fn from(storage: [u8; N]) -> Self {
        Self { storage, base: N, window: Window::EMPTY }
    }
}

/// A buffer in memory that somebody else owns. It receives messages of up to its length in one frame, or 139 bytes less in several.
impl<'a> From<&'a mut [u8]> for RecvBuffer<&'a mut [u8]> {
    fn from(storage: &'a mut [u8]) -> Self {
        let base = storage.len();
        Self { storage, base, window: Window::EMPTY }
    }
}

impl<S: Storage> RecvBuffer<S> {
    /// The room to read into.
    ///
    /// It is never empty after `receive` has answered `None`. It can be empty before that, when the buffer is full of bytes
    /// that wait to be received; reading nothing from a socket would then look like its end.
    #[inline]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        let capacity = self.capacity();
        if self.window.live() == 0 && capacity == self.base {
            self.window = Window::EMPTY;
        } else {
            self.make_room();
        }
        self.storage.bytes_mut().get_mut(self.window.end..).unwrap_or_default()
    }

    /// Reports that the transport has written `count` bytes to the front of [`spare_mut`](Self::spare_mut).
    ///
    /// A `count` beyond its length is taken as its length.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        let spare = self.capacity() - self.window.end;
        self.window.end += count.min(spare);
        if count > 0 {
            self.window.wanted = 0;
        }
    }

    /// Copies as much of `bytes` as there is room for, and says how much that was: at least one byte after `receive` has answered
    /// `None`, unless `bytes` is empty.
    ///
    /// ```
    /// use websocket_proto::{Config, Connection, RecvBuffer};
    ///
    /// let mut connection = Connection::server(Config::server());
    /// let mut rx = RecvBuffer::new();
    /// let mut bytes: &[u8] = b"\x81\x82\0\0\0\0hi";
    /// while !bytes.is_empty() {
    ///     let taken = rx.extend_from_slice(bytes);
    ///     bytes = &bytes[taken..];
    ///     while let Some(event) = connection.receive(&mut rx)? {
    ///         println!("{event:?}");
    ///     }
    /// }
    /// # Ok::<(), websocket_proto::ProtocolError>(())
    /// ```
    #[must_use = "what did not fit has to be handed in again"]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare_mut();
        let count = bytes.len().min(spare.len());
        for (to, byte) in spare.iter_mut().zip(bytes) {
            *to = *byte;
        }
        self.filled(count);
        count
    }

    /// Whether it holds nothing: no unread bytes and no part of a message. Then it may be dropped, or used for another connection.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.window.live() == 0
    }

    /// The bytes that nobody has read yet: after a handshake that did not lead to a connection, what the peer sent behind it.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.storage.bytes().get(self.window.unread..self.window.end).unwrap_or_default()
    }

    /// Drops all that it holds.
    pub fn clear(&mut self) {
        self.window = Window::EMPTY;
    }

    /// The bytes of memory it has now.
    #[must_use]
    #[inline]
    pub fn capacity(&self) -> usize {
        self.storage.bytes().len()
    }

    /// Makes room at the end: shrinks, moves to the front, or grows, each only where it is called for.
    ///
    /// Each copy is paid for by bytes that came before it, so that all of them together are linear in what was received: between a shrink and the next growth
    /// lies a quarter of the base capacity, between two growths half of what there was; a message is moved to the front once, or at the expense of
    /// at least as many bytes that were consumed.
    #[cold]
    fn make_room(&mut self) {
        if self.capacity() != self.base && self.window.live() <= self.base / 2 {
            return self.reallocate(self.base);
        }
        let is_worth_it = self.window.live() <= self.window.dead() || self.spare_len() < self.window.wanted.max(1);
        if self.is_tight() && is_worth_it {
            self.compact();
        }
        // `wanted` is 0 as long as there is something to receive: then the caller has to do that first.
        if self.is_tight() && self.spare_len() < self.window.wanted {
            let live = self.window.live();
            self.reallocate(live.saturating_add(self.window.wanted).min(live.saturating_mul(2)));
        }
    }

    fn spare_len(&self) -> usize {
        self.capacity() - self.window.end
    }

    /// Whether little room is left to read into. A move is not worth it before.
    fn is_tight(&self) -> bool {
        self.spare_len() < (self.capacity() / 4).max(1)
    }

    /// Closes the room before the message and the gap behind it.
    fn compact(&mut self) {
        let Window { start, held, unread, end, .. } = self.window;
        if self.window.dead() > 0 {
            let bytes = self.storage.bytes_mut();
            if start > 0 {
                bytes.copy_within(start..held, 0);
            }
            bytes.copy_within(unread..end, held - start);
            self.moved();
        }
    }

    fn reallocate(&mut self, capacity: usize) {
        let Window { start, held, unread, end, .. } = self.window;
        if self.storage.reallocate(capacity, [start..held, unread..end]) {
            self.moved();
        }
    }

    /// Notes that the live bytes now stand at the front.
    const fn moved(&mut self) {
        let Window { start, valid, held, wanted, .. } = self.window;
        let held = held - start;
        self.window = Window { start: 0, valid: valid - start, held, unread: held, end: self.window.live(), wanted };
    }

    /// The buffer as those who read from it see it, whatever its storage.
    #[inline]
    pub(crate) fn view(&mut self) -> View<'_> {
        let max_capacity = self.storage.max_capacity();
        View { bytes: self.storage.bytes_mut(), window: &mut self.window, max_capacity }
    }
}

/// A [`RecvBuffer`] for those who take bytes out of it: the same for every storage.
///
/// What is handed out lives as long as the caller's borrow of the buffer, so handing out consumes the view.
pub(crate) struct View<'rx> {
    bytes: &'rx mut [u8],
    window: &'rx mut Window,
    max_capacity: usize,
}

impl<'rx> View<'rx> {
    /// The bytes that are not read yet.
    #[inline]
    pub(crate) fn unread(&self) -> &[u8] {
        self.bytes.get(self.window.unread..self.window.end).unwrap_or_default()
    }

    #[inline]
    pub(crate) const fn unread_len(&self) -> usize {
        self.window.end - self.window.unread
    }

    /// The length of the message in progress, as far as it is here.
    #[inline]
    pub(crate) const fn message_len(&self) -> usize {
        self.window.held - self.window.start
    }

    /// How much of the message in progress is known to be UTF-8.
    #[inline]
    pub(crate) const fn text_len(&self) -> usize {
        self.window.valid - self.window.start
    }

    /// How many bytes a message may have altogether beside `reserve` bytes of something else.
    #[inline]
    pub(crate) const fn max_message_len(&self, reserve: usize) -> usize {
        self.max_capacity.saturating_sub(reserve)
    }

    /// Whether no further byte can be received before something is taken out.
    pub(crate) const fn is_full(&self) -> bool {
        self.window.live() >= self.max_capacity
    }

    /// Whether bytes have come since [`want`](Self::want), or are left from before.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.window.wanted == 0 && self.unread_len() > 0
    }

    /// Notes that `bytes` more are needed before anything can be taken out.
    #[inline]
    pub(crate) fn want(&mut self, bytes: u64) {
        self.window.wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
    }

    /// Drops all bytes, read or not.
    pub(crate) const fn discard(&mut self) {
        *self.window = Window::EMPTY;
    }

    /// Drops the next `count` unread bytes: a header that has been understood.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        let window = &mut *self.window;
        window.unread += count.min(window.end - window.unread);
        self.settle();
    }

    /// Takes the next `count` unread bytes as they are: the head of a handshake.
    pub(crate) fn take(self, count: usize) -> &'rx [u8] {
        let from = self.window.unread;
        let bytes = self.consume(count);
        bytes.get(from..).unwrap_or_default()
    }

    /// Takes the next `count` unread bytes as the payload of a control frame, unmasked.
    #[inline]
    pub(crate) fn take_control(mut self, count: usize, key: Option<[u8; 4]>) -> &'rx [u8] {
        self.unmask(count, key);
        self.take(count)
    }

    /// Makes the next `count` unread bytes part of the message in progress: unmasked, and closed up behind it.
    #[inline]
    pub(crate) fn append(&mut self, count: usize, key: Option<[u8; 4]>) {
        self.unmask(count, key);
        let window = &mut *self.window;
        let count = count.min(window.end - window.unread);
        if window.unread != window.held {
            self.bytes.copy_within(window.unread..window.unread + count, window.held);
        }
        window.held += count;
        window.unread += count;
        if window.unread == window.end {
            window.unread = window.held;
            window.end = window.held;
        }
    }

    /// Goes on to validate the message in progress as text, from where the last call stopped.
    #[inline]
    pub(crate) fn validate(&mut self) -> Result<(), utf8::InvalidUtf8> {
        let seen = utf8::scan(self.bytes.get(self.window.valid..self.window.held).unwrap_or_default());
        self.window.valid += seen.valid_len;
        if seen.is_invalid { Err(utf8::InvalidUtf8) } else { Ok(()) }
    }

    /// Whether all of the message in progress is known to be UTF-8.
    #[inline]
    pub(crate) const fn is_text(&self) -> bool {
        self.window.valid == self.window.held
    }

    /// Takes out the message in progress.
    #[inline]
    pub(crate) fn take_binary(self) -> &'rx [u8] {
        let from = self.window.start;
        let held = self.window.held;
        self.release(held).get(from..).unwrap_or_default()
    }

    /// Takes out as much of the message in progress as is known to be UTF-8.
    #[inline]
    #[expect(unsafe_code, reason = "the bytes were validated where they lie")]
    pub(crate) fn take_text(self) -> &'rx str {
        let from = self.window.start;
        let valid = self.window.valid;
        let text = self.release(valid).get(from..).unwrap_or_default();
        // SAFETY: `start..valid` is UTF-8. `valid` is moved forward in `validate` alone, by as much as was seen to be whole characters.
        // Bytes between `start` and `held` are written nowhere but in `append`, behind `held`, and in `compact` and `reallocate`, which
        // move them as they are; the transport writes behind `end`. Storage is sealed, so nobody else can write at all.
        unsafe { core::str::from_utf8_unchecked(text) }
    }

    #[inline]
    fn unmask(&mut self, count: usize, key: Option<[u8; 4]>) {
        let Some(key) = key else { return };
        let Window { unread, end, .. } = *self.window;
        if let Some(payload) = self.bytes.get_mut(unread..end.min(unread + count)) {
            mask::apply(payload, key);
        }
    }

    /// Moves `start` to `to` within the message; gives all bytes before it.
    #[inline]
    fn release(self, to: usize) -> &'rx [u8] {
        let Self { bytes, window, .. } = self;
        window.start = to;
        window.valid = window.valid.max(to);
        if window.start == window.held {
            window.start = window.unread;
            window.valid = window.unread;
            window.held = window.unread;
        }
        bytes.get(..to).unwrap_or_default()
    }

    /// Moves `unread` on by `count`; gives all bytes before it.
    #[inline]
    fn consume(mut self, count: usize) -> &'rx [u8] {
        self.skip(count);
        let Self { bytes, window, .. } = self;
        bytes.get(..window.unread).unwrap_or_default()
    }

    /// With no message in progress, `start..held` is nothing, right before `unread`.
    #[inline]
    fn settle(&mut self) {
        let window = &mut *self.window;
        if window.start == window.held {
            window.start = window.unread;
            window.valid = window.unread;
            window.held = window.unread;
        }
    }
}
