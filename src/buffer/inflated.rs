//! A compressed message, as far as it has been inflated.
//!
//! It cannot lie where it was read: it is longer than what came. So a receive buffer that meets one has a second place
//! beside its storage, which grows as the message does and within its limit. It keeps to the rules of the first: what
//! is handed out is borrowed from it, what is known about the bytes is kept with them, and what a large message needed
//! is given back behind it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::wire::utf8::{self, InvalidUtf8};

/// The message in progress, behind what was handed out of it.
#[derive(Clone, Default)]
pub(crate) struct Inflated {
    bytes: Vec<u8>,
    /// How many bytes were handed out, and are not needed any more.
    taken: usize,
    /// How many bytes, from the first one on, are known to be UTF-8: at least those that were taken.
    valid: usize,
}

impl Inflated {
    /// How much of the message is here.
    pub(crate) fn message_len(&self) -> usize {
        self.bytes.len().saturating_sub(self.taken)
    }

    /// How much of it is known to be UTF-8.
    pub(crate) fn text_len(&self) -> usize {
        self.valid.saturating_sub(self.taken)
    }

    /// Whether all of it is known to be UTF-8.
    pub(crate) fn is_text(&self) -> bool {
        self.valid == self.bytes.len()
    }

    /// The place to append to, without what was taken.
    ///
    /// Whoever has it appends, and leaves what is there as it is.
    pub(crate) fn end_mut(&mut self) -> &mut Vec<u8> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken.min(self.bytes.len()));
            self.valid = self.valid.saturating_sub(self.taken);
            self.taken = 0;
        }
        &mut self.bytes
    }

    /// Goes on to validate it as text, from where the last call stopped.
    pub(crate) fn validate(&mut self) -> Result<(), InvalidUtf8> {
        let seen = utf8::scan(self.bytes.get(self.valid..).unwrap_or_default());
        self.valid = self.valid.saturating_add(seen.valid_len);
        if seen.is_invalid { Err(InvalidUtf8) } else { Ok(()) }
    }

    /// Takes all of it.
    pub(crate) fn take_binary(&mut self) -> &[u8] {
        let from = self.taken;
        self.taken = self.bytes.len();
        self.valid = self.taken;
        self.bytes.get(from..).unwrap_or_default()
    }

    /// Takes as much of it as is known to be UTF-8.
    #[expect(unsafe_code, reason = "the bytes were validated where they lie")]
    pub(crate) fn take_text(&mut self) -> &str {
        let from = self.taken;
        self.taken = self.valid;
        let text = self.bytes.get(from..self.valid).unwrap_or_default();
        // SAFETY: in a message of text, `validate` alone moves `valid` forward, over bytes that it has seen to be whole
        // characters, from where it stood; `taken` moves there alone, so both stand between characters. What is below
        // `valid` is not written again: whoever has `end_mut` appends, and `drain` moves all of it.
        unsafe { core::str::from_utf8_unchecked(text) }
    }

    /// Drops all of it, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
        self.valid = 0;
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The place for it, which most receive buffers never need.
pub(crate) type Place = Option<Box<Inflated>>;
