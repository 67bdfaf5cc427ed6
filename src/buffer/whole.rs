//! A message that is all here, in one frame: what most are. It is taken out with one look at the header, and with no
//! offset moved but that of what is not read yet.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets into one slice: start <= valid <= held <= unread <= end <= capacity, kept by every method"
)]

use super::recv::{RecvBuffer, Storage};
use super::view::nothing;
use crate::wire::header::{WHOLE_HEADER_BYTES, WholeMessage};
use crate::wire::{mask, utf8};

impl<S: Storage> RecvBuffer<S> {
    /// The bytes where the next header stands. What has not come of it is anything: so use it with
    /// [`take_whole`](Self::take_whole), which sees to that. `None` at the end of the memory.
    #[inline(always)]
    pub(crate) fn peek_header(&self) -> Option<[u8; WHOLE_HEADER_BYTES]> {
        self.storage.bytes().get(self.window.unread..)?.first_chunk().copied()
    }

    /// Takes out the payload of the frame whose header was peeked at, unmasked. If not all of the frame has come, or
    /// there is a message in progress, nothing has changed.
    #[inline(always)]
    pub(crate) fn take_whole(&mut self, whole: &WholeMessage) -> Result<&[u8], &mut Self> {
        let Some(end) = self.end_of(whole) else { return Err(self) };
        let Self { storage, window, .. } = self;
        let from = core::mem::replace(&mut window.unread, end);
        let payload = payload_behind(storage.bytes_mut(), from, whole);
        if let Some(key) = whole.key() {
            mask::apply(payload, key);
        }
        Ok(payload)
    }

    /// [`take_whole`](Self::take_whole) for text. If it is wrong, or ends within a character, nothing has changed
    /// either.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the bytes were validated in the same call")]
    pub(crate) fn take_whole_text(&mut self, whole: &WholeMessage) -> Result<&str, &mut Self> {
        let Some(end) = self.end_of(whole) else { return Err(self) };
        let payload = payload_behind(self.storage.bytes_mut(), self.window.unread, whole);
        if !utf8::unmask_whole(payload, whole.key()) {
            put_back(payload, whole.key());
            return Err(self);
        }
        let text: *const [u8] = payload;
        self.window.unread = end;
        // SAFETY: these are bytes of the storage, which is borrowed for as long as what is given back, and was not
        // touched since; `unmask_whole` has seen that they are whole characters. (With a second slice in place of the
        // pointer, which the borrow checker of today asks for, the bounds are looked at twice.)
        Ok(unsafe { core::str::from_utf8_unchecked(&*text) })
    }

    /// Where the frame ends, if all of it is here and there is no message in progress.
    #[inline(always)]
    fn end_of(&self, whole: &WholeMessage) -> Option<usize> {
        let len = whole.header_len + usize::from(whole.payload_len);
        let is_here = self.window.held_len == 0 && len <= self.window.end - self.window.unread;
        is_here.then_some(self.window.unread + len)
    }
}

/// The payload of a frame that begins at `from`.
#[inline(always)]
fn payload_behind<'a>(bytes: &'a mut [u8], from: usize, whole: &WholeMessage) -> &'a mut [u8] {
    let range = whole.header_len..whole.header_len + usize::from(whole.payload_len);
    bytes.get_mut(from..).and_then(|frame| frame.get_mut(range)).unwrap_or_else(nothing)
}

/// Masks again what was unmasked and is wrong. Runs once in the life of a connection.
#[cold]
#[inline(never)]
fn put_back(payload: &mut [u8], key: Option<[u8; 4]>) {
    if let Some(key) = key {
        mask::apply(payload, key);
    }
}
