//! The receive buffer as those see it who take bytes out: handshakes and connections.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets into one slice: start <= valid <= held <= unread <= end <= capacity, kept by every method"
)]

#[cfg(feature = "deflate")]
use super::inflated::{Inflated, Place};
use super::window::Window;
use crate::wire::{mask, utf8};

/// A [`RecvBuffer`] for those who take bytes out of it: the same for every storage.
///
/// What is handed out lives as long as the caller's borrow of the buffer, so handing out consumes the view.
pub(crate) struct View<'rx> {
    pub(super) bytes: &'rx mut [u8],
    pub(super) window: &'rx mut Window,
    #[cfg(feature = "deflate")]
    pub(super) inflated: &'rx mut Place,
    pub(super) max_capacity: usize,
}

impl<'rx> View<'rx> {
    /// The bytes that are not read yet.
    #[inline]
    pub(crate) fn unread(&self) -> &[u8] {
        self.bytes.get(self.window.unread..self.window.end).unwrap_or_else(nothing)
    }

    #[inline]
    pub(crate) const fn unread_len(&self) -> usize {
        self.window.end - self.window.unread
    }

    /// The length of the message in progress, as far as it is here.
    #[inline]
    pub(crate) const fn message_len(&self) -> usize {
        self.window.held_len
    }

    /// How much of the message in progress is known to be UTF-8.
    #[inline]
    pub(crate) const fn text_len(&self) -> usize {
        self.window.valid_len
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
        self.window.want(bytes);
    }

    /// Drops all bytes, read or not.
    pub(crate) fn discard(&mut self) {
        *self.window = Window::EMPTY;
        #[cfg(feature = "deflate")]
        if let Some(inflated) = self.inflated {
            inflated.clear();
        }
    }

    /// Drops the next `count` unread bytes: a header that has been understood.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        self.window.skip(count);
    }

    /// The bytes that are not read yet, for as long as the buffer is borrowed, and the right to take them out: for a
    /// head, whose length is known once it has been read.
    #[inline]
    pub(crate) fn peek(self) -> (&'rx [u8], Peeked<'rx>) {
        let Self { bytes, window, .. } = self;
        (bytes.get(window.unread..window.end).unwrap_or_default(), Peeked { window })
    }

    /// Takes the next `count` unread bytes as they are: the head of a handshake.
    pub(crate) fn take(self, count: usize) -> &'rx [u8] {
        let from = self.window.unread;
        let bytes = self.consume(count);
        bytes.get(from..).unwrap_or_default()
    }

    /// Takes the next `count` unread bytes as the payload of a control frame, unmasked.
    #[inline]
    pub(crate) fn take_control(self, count: usize, key: Option<[u8; 4]>) -> &'rx [u8] {
        unmask(self.bytes, self.window.unread, count, key);
        self.take(count)
    }

    /// [`take_control`](Self::take_control), and all that stands behind it is dropped, read or not.
    pub(crate) fn take_last(self, count: usize, key: Option<[u8; 4]>) -> &'rx [u8] {
        let Self { bytes, window, .. } = self;
        let from = window.unread;
        *window = Window::EMPTY;
        unmask(bytes, from, count, key)
    }

    /// Drops all but as much of the message in progress as is known to be UTF-8.
    pub(crate) const fn keep_text_only(&mut self) {
        let window = &mut *self.window;
        window.held_len = window.valid_len;
        window.unread = window.held();
        window.end = window.unread;
    }

    /// Makes the next `count` unread bytes part of the message in progress: unmasked, and closed up behind it.
    #[inline]
    pub(crate) fn append(&mut self, count: usize, key: Option<[u8; 4]>) {
        let (from, to) = self.close_up(count);
        unmask(self.bytes, from, to - from, key);
    }

    /// [`append`](Self::append) for text: goes on to validate the message in progress, from where the last call
    /// stopped.
    #[inline]
    pub(crate) fn append_text(&mut self, count: usize, key: Option<[u8; 4]>) -> Result<(), utf8::InvalidUtf8> {
        let (from, to) = self.close_up(count);
        let valid = self.window.start + self.window.valid_len;
        let seen = unmask_text(self.bytes.get_mut(valid..to).unwrap_or_default(), from - valid, key);
        self.window.valid_len += seen.valid_len;
        if seen.is_invalid { Err(utf8::InvalidUtf8) } else { Ok(()) }
    }

    /// Moves the next `count` unread bytes, masked as they may be, to the end of the message in progress; tells from
    /// where to where they lie now.
    #[inline]
    fn close_up(&mut self, count: usize) -> (usize, usize) {
        let window = &mut *self.window;
        let count = count.min(window.end - window.unread);
        if window.held_len == 0 {
            window.start = window.unread;
        }
        let from = window.held();
        if window.unread != from {
            self.bytes.copy_within(window.unread..window.unread + count, from);
        }
        window.held_len += count;
        window.unread += count;
        let to = window.held();
        if window.unread == window.end {
            window.unread = to;
            window.end = to;
        }
        (from, to)
    }

    /// Whether all of the message in progress is known to be UTF-8.
    #[inline]
    pub(crate) const fn is_text(&self) -> bool {
        self.window.valid_len == self.window.held_len
    }

    /// Takes out the message in progress.
    #[inline]
    pub(crate) fn take_binary(self) -> &'rx [u8] {
        let len = self.window.held_len;
        self.release(len)
    }

    /// Takes out as much of the message in progress as is known to be UTF-8.
    #[inline]
    #[expect(unsafe_code, reason = "the bytes were validated where they lie")]
    pub(crate) fn take_text(self) -> &'rx str {
        let valid_len = self.window.valid_len;
        let text = self.release(valid_len);
        // SAFETY: the first `valid_len` bytes from `start` on are UTF-8. `append_text` counts bytes
        // that were seen to be whole characters, from `start` or from where `valid_len` stood; `release` and
        // `keep_text_only` never leave more than was counted, and `start` moves only in `release`, over what was
        // counted, and where there are no bytes to count. Bytes between `start` and `held` are written nowhere but in
        // `append` and `append_text`, behind the old `held`, by the methods of `whole`, while nothing is held, and in `RecvBuffer`'s `compact` and `reallocate`, which
        // move them as they are; the transport writes behind `end`. Storage is sealed, so nobody else can write at all.
        unsafe { core::str::from_utf8_unchecked(text) }
    }

    /// Takes the first `len` bytes off the message in progress.
    #[inline]
    fn release(self, len: usize) -> &'rx [u8] {
        let Self { bytes, window, .. } = self;
        let from = window.start;
        window.start = from + len;
        window.held_len -= len;
        window.valid_len = window.valid_len.saturating_sub(len);
        bytes.get(from..from + len).unwrap_or_default()
    }

    /// Moves `unread` on by `count`; gives all bytes before it.
    #[inline]
    fn consume(mut self, count: usize) -> &'rx [u8] {
        self.skip(count);
        let Self { bytes, window, .. } = self;
        bytes.get(..window.unread).unwrap_or_default()
    }
}

/// What is given where nothing is: never, as long as the offsets are what they should be. A place of its own keeps the
/// case from being reckoned out where it does not arise.
#[cold]
pub(super) fn nothing<T: Default>() -> T {
    T::default()
}

/// A compressed message on its way from the unread bytes to the place beside the storage.
#[cfg(feature = "deflate")]
impl<'rx> View<'rx> {
    /// How much of a compressed message is here.
    pub(crate) fn inflated_len(&self) -> usize {
        self.inflated.as_ref().map_or(0, |inflated| inflated.message_len())
    }

    /// The next `count` unread bytes, unmasked, and the place for what they become. Follow it with
    /// [`consume_wire`](Self::consume_wire).
    pub(crate) fn wire_and_inflated(&mut self, count: usize, key: Option<[u8; 4]>) -> (&[u8], &mut Inflated) {
        let from = self.window.unread;
        let wire = self.bytes.get_mut(from..from + count).unwrap_or_default();
        if let Some(key) = key {
            mask::apply(wire, key);
        }
        (wire, self.inflated.get_or_insert_default())
    }

    /// Drops the next `read` unread bytes, and masks the `count` behind them again: they were not used yet.
    pub(crate) fn consume_wire(&mut self, read: usize, count: usize, key: Option<[u8; 4]>) {
        self.skip(read);
        let from = self.window.unread;
        let rest = self.bytes.get_mut(from..from + count).unwrap_or_default();
        if let Some(key) = key {
            mask::apply(rest, key);
        }
    }

    /// What has been inflated of the message in progress.
    pub(crate) fn inflated(&mut self) -> &mut Inflated {
        self.inflated.get_or_insert_default()
    }

    /// Drops all bytes that are not inflated.
    pub(crate) fn discard_wire(&mut self) {
        *self.window = Window::EMPTY;
    }

    /// The same, for as long as the caller's borrow of the buffer: to take something out.
    pub(crate) fn into_inflated(self) -> &'rx mut Inflated {
        self.inflated.get_or_insert_default()
    }
}

/// A receive buffer whose unread bytes are being looked at.
pub(crate) struct Peeked<'rx> {
    window: &'rx mut Window,
}

impl Peeked<'_> {
    /// Takes the next `count` unread bytes out of the buffer.
    #[inline]
    pub(crate) fn take(self, count: usize) {
        self.window.skip(count);
    }

    /// As [`View::want`].
    pub(crate) fn want(self, bytes: u64) {
        self.window.want(bytes);
    }
}

/// Unmasks `count` bytes from `from` on; gives them.
#[inline]
fn unmask(bytes: &mut [u8], from: usize, count: usize, key: Option<[u8; 4]>) -> &mut [u8] {
    let payload = bytes.get_mut(from..from + count).unwrap_or_default();
    if let Some(key) = key {
        mask::apply(payload, key);
    }
    payload
}

/// Unmasks `text` but for the first `plain_len` bytes, the beginning of a character; tells how much of it is whole
/// characters.
#[inline]
fn unmask_text(text: &mut [u8], plain_len: usize, key: Option<[u8; 4]>) -> utf8::Scan {
    match key {
        Some(key) => utf8::unmask_and_scan(text, plain_len, key),
        None => utf8::scan(text),
    }
}
