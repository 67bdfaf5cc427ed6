//! Bytes on their way in, and the message that grows among them.
//!
//! `window` tells what stands where in the memory. This file is the side of the transport and of the owner; `view` is
//! the side of those who take bytes out, and `whole` does that for the message that came in one frame.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets into one slice: start <= valid <= held <= unread <= end <= capacity, kept by every method"
)]

pub use super::storage::Storage;
use super::view::View;
use super::window::Window;
use crate::wire::header::{MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES};

/// The room that a control frame needs beside a message in progress: a fixed buffer keeps it free between fragments.
pub(crate) const CONTROL_ROOM_BYTES: usize = MAX_HEADER_BYTES + MAX_CONTROL_PAYLOAD_BYTES;

/// The capacity of `RecvBuffer::new` in bytes: unmasking then stays within the first-level cache.
pub const DEFAULT_CAPACITY_BYTES: usize = 16 * 1024;

/// Received bytes, owned by the caller: the only memory that receiving needs.
///
/// `S` is `Vec<u8>` (with the feature `alloc`; grows with the message that is being received, see below), `[u8; N]` or
/// `&mut [u8]` (never grows). It holds bytes and no protocol state: when it [is empty](Self::is_empty), which it is
/// between messages, it can be dropped, or serve another connection. So a million idle connections need no receive
/// buffers at all.
///
/// # The loop
///
/// 1. Read from the transport into [`spare_mut`](Self::spare_mut) and report the count with [`filled`](Self::filled);
///    or copy bytes in with [`extend_from_slice`](Self::extend_from_slice).
/// 2. Call `receive` of the handshake or the connection until it gives `None`.
///
/// # Memory
///
/// A growing buffer allocates its base capacity when it is first read into. It grows only while a message does not fit,
/// each time to at most twice what was really received and never beyond what the frame's header says is still to come:
/// a claimed length alone allocates nothing. It returns to the base capacity at the first
/// [`spare_mut`](Self::spare_mut) after such a message was delivered (and after what stands behind it was, if that is
/// more than half of the base). A full buffer that nobody receives from does not grow at all: then the transport has to
/// wait.
#[derive(Clone)]
pub struct RecvBuffer<S> {
    pub(super) storage: S,
    #[cfg(feature = "deflate")]
    inflated: super::inflated::Place,
    /// The capacity to return to, for storage that grows.
    base: usize,
    pub(super) window: Window,
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
    /// Choose it so that nearly all messages fit; `base` below the room of a header and a control frame (139 bytes) is
    /// taken as that.
    #[must_use]
    pub const fn with_capacity(base: usize) -> Self {
        let base = if base < CONTROL_ROOM_BYTES { CONTROL_ROOM_BYTES } else { base };
        Self::on(alloc::vec::Vec::new(), base)
    }

    /// Gives the memory back when the buffer is empty; otherwise it changes nothing. The next read allocates again.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::with_capacity(self.base);
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
        Self::on(storage, N)
    }
}

/// A buffer in memory that somebody else owns. It receives messages of up to its length in one frame, or 139 bytes less
/// in several.
impl<'a> From<&'a mut [u8]> for RecvBuffer<&'a mut [u8]> {
    fn from(storage: &'a mut [u8]) -> Self {
        let base = storage.len();
        Self::on(storage, base)
    }
}

impl<S> RecvBuffer<S> {
    const fn on(storage: S, base: usize) -> Self {
        Self {
            storage,
            #[cfg(feature = "deflate")]
            inflated: None,
            base,
            window: Window::EMPTY,
        }
    }
}

impl<S: Storage> RecvBuffer<S> {
    /// The room to read into.
    ///
    /// It is never empty after `receive` has answered `None`. It can be empty before that, when the buffer is full of
    /// bytes that wait to be received; reading nothing from a socket would then look like its end.
    ///
    /// All of it need not be read into at once. Where a read costs little, reads of up to 32 KiB let a message of 1 MiB
    /// be unmasked while it is in the nearest cache, which takes a fifth off the time to receive it.
    #[inline]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        #[cfg(feature = "deflate")]
        self.release_inflated();
        if self.capacity() != self.base {
            self.make_room();
        } else if self.window.live() == 0 {
            self.window = Window::EMPTY;
        } else if self.is_tight() {
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

    /// Copies as much of `bytes` as there is room for, and says how much that was: at least one byte after `receive`
    /// has answered `None`, unless `bytes` is empty.
    ///
    /// ```
    /// # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::ProtocolError> {
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
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "alloc"))] fn main() {}
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

    /// Whether it holds nothing: no unread bytes and no part of a message. Then it may be dropped, or used for another
    /// connection.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.window.live() == 0 && self.inflated_len() == 0
    }

    /// How much of a compressed message is here.
    #[cfg(feature = "deflate")]
    fn inflated_len(&self) -> usize {
        self.inflated.as_ref().map_or(0, |inflated| inflated.message_len())
    }

    #[cfg(not(feature = "deflate"))]
    #[expect(clippy::unused_self, reason = "there is something to look at with the feature `deflate`")]
    const fn inflated_len(&self) -> usize {
        0
    }

    /// Gives back what a large compressed message needed, once it was taken.
    #[cfg(feature = "deflate")]
    #[inline]
    fn release_inflated(&mut self) {
        if self.inflated.as_ref().is_some_and(|place| place.message_len() == 0 && place.capacity() > self.base) {
            self.inflated = None;
        }
    }

    /// The bytes that nobody has read yet: after a handshake that did not lead to a connection, what the peer sent
    /// behind it.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.storage.bytes().get(self.window.unread..self.window.end).unwrap_or_default()
    }

    /// Drops all that it holds, for a connection that is over. One that was in the middle of a message would notice:
    /// [`Misuse::BufferReplaced`](crate::Misuse::BufferReplaced).
    pub fn clear(&mut self) {
        self.view().discard();
    }

    /// The bytes of memory it has now.
    #[must_use]
    #[inline]
    pub fn capacity(&self) -> usize {
        self.storage.bytes().len()
    }

    /// Makes room at the end: shrinks, moves to the front, or grows, each only where it is called for.
    ///
    /// Each copy is paid for by bytes that came before it, so that all of them together are linear in what was
    /// received: between a shrink and the next growth lies a quarter of the base capacity, between two growths half of
    /// what there was; a message is moved to the front once, or at the expense of at least as many bytes that were
    /// consumed.
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
            let capacity = live.saturating_add(self.window.wanted).min(live.saturating_mul(2));
            self.reallocate(capacity.min(self.storage.max_capacity()));
        }
    }

    #[inline]
    fn spare_len(&self) -> usize {
        self.capacity() - self.window.end
    }

    /// Whether little room is left to read into. A move is not worth it before.
    #[inline]
    fn is_tight(&self) -> bool {
        self.spare_len() < (self.capacity() / 4).max(1)
    }

    /// Closes the room before the message and the gap behind it.
    fn compact(&mut self) {
        let Window { start, held_len, unread, end, .. } = self.window;
        if self.window.dead() > 0 {
            let bytes = self.storage.bytes_mut();
            if start > 0 {
                bytes.copy_within(start..start + held_len, 0);
            }
            bytes.copy_within(unread..end, held_len);
            self.window = self.window.moved_to_front();
        }
    }

    fn reallocate(&mut self, capacity: usize) {
        let Window { start, held_len, unread, end, .. } = self.window;
        if self.storage.reallocate(capacity, [start..start + held_len, unread..end]) {
            self.window = self.window.moved_to_front();
        }
    }

    /// The buffer as those who read from it see it, whatever its storage.
    #[inline]
    pub(crate) fn view(&mut self) -> View<'_> {
        let max_capacity = self.storage.max_capacity();
        View {
            bytes: self.storage.bytes_mut(),
            window: &mut self.window,
            #[cfg(feature = "deflate")]
            inflated: &mut self.inflated,
            max_capacity,
        }
    }
}

/// How much it holds, not what: received bytes do not belong into a log.
impl<S> core::fmt::Debug for RecvBuffer<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Window { held_len, unread, end, .. } = self.window;
        f.debug_struct("RecvBuffer")
            .field("message_bytes", &held_len)
            .field("unread_bytes", &(end - unread))
            .finish_non_exhaustive()
    }
}
