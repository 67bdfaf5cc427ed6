//! Which of the received bytes are what.
//!
//! ```text
//!            delivered      message in progress      gap         not read yet           spare
//! storage  |~~~~~~~~~~~~~|──────────────┬───────|~~~~~~~~|─────────────────────────|             |
//!                      start          valid    held    unread                     end        capacity
//! ```
//!
//! The transport reads into the spare room at `end`. Frames are taken from `unread` on: a header is skipped, and
//! payload is unmasked where it lies. For the first frame of a message that is all: header and whatever was delivered
//! before it lie left of `start`, the message is `start..held`, and there is no gap. The header of a later fragment, or
//! a control frame between fragments, opens a gap; the fragment's payload is then closed up behind `held`, each byte
//! once. When nothing unread is left, `end` falls back to `held`, the gap is gone, and the rest of the fragment is read
//! straight to its final place.
//!
//! `valid` and `held` are kept as lengths from `start` on. Between messages both are 0 and `start` means nothing; so a
//! message that comes whole moves `unread` and touches nothing else.
//!
//! What is known about the bytes is kept *with the bytes*: `valid` says how far the message is known to be UTF-8. So a
//! [`str`] can be handed out without a second look, whichever connection read which part: the promise is made and kept
//! in this folder alone.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets into one slice: start <= valid <= held <= unread <= end <= capacity, kept by every method"
)]

/// Offsets into the memory of a receive buffer: see the picture above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: usize,
    /// How many bytes of the message in progress are known to be UTF-8.
    pub(super) valid_len: usize,
    /// How many bytes of the message in progress are here.
    pub(super) held_len: usize,
    pub(super) unread: usize,
    pub(super) end: usize,
    /// How many bytes behind `end` the frame or head in progress still needs, as far as is known; 0 when `receive` has
    /// more to give.
    pub(super) wanted: usize,
}

impl Window {
    pub(super) const EMPTY: Self = Self { start: 0, valid_len: 0, held_len: 0, unread: 0, end: 0, wanted: 0 };

    /// Where the message in progress ends.
    #[inline]
    pub(super) const fn held(&self) -> usize {
        self.start + self.held_len
    }

    /// Bytes that matter: the message in progress and what is not read yet.
    #[inline]
    pub(super) const fn live(&self) -> usize {
        self.held_len + (self.end - self.unread)
    }

    /// Passes over the next `count` unread bytes.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        self.unread += count.min(self.end - self.unread);
    }

    /// Notes that `bytes` more are needed before anything can be taken out.
    #[inline]
    pub(super) fn want(&mut self, bytes: u64) {
        self.wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
    }

    /// Bytes that do not matter any more, before and between them.
    pub(super) const fn dead(&self) -> usize {
        self.end - self.live()
    }

    /// The same once the live bytes stand at the front, with no gap.
    pub(super) const fn moved_to_front(&self) -> Self {
        Self { start: 0, unread: self.held_len, end: self.live(), ..*self }
    }
}
