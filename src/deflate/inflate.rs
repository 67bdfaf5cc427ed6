//! Compressed messages into plain ones (RFC 7692 §7.2.2), in any pieces.
//!
//! ```text
//! wire bytes of one message, as they come ──► Inflater::inflate ──► the end of a Vec
//!                          then, once, ──► Inflater::finish     (the four bytes that every sender leaves out)
//! ```
//!
//! What comes out depends on the bytes that went in, not on the pieces: each call gives all that the input so far can
//! give, up to the room that it is granted. Nothing is written beyond that room, and memory is not asked for before
//! there is something to put into it. Work is linear in the bytes that go in and come out.
//!
//! A sender may mark a block as the last of its stream (§7.2.3.4). That ends the block and nothing else: the next byte
//! begins another, with the same window. The block of which four bytes are left out may be marked so too: §7.2.1 asks
//! for an empty block without compression at the end, and says nothing of its mark.
//!
//! A message ends where the four bytes that are left out end a block. Some senders leave out more: their message ends
//! with a block of its own, or has no bytes at all. That is taken too, since nothing of it is missing. A message that
//! ends within a block is wrong.

use alloc::vec::Vec;
use core::fmt;

use super::zlib::{End, Inflate};

/// What a sender leaves out at the end of each message (§7.2.1): the rest of an empty block without compression.
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The least by which the memory for a message grows, as long as its limit has room for that.
const GROWTH_BYTES: usize = 1024;

/// The memory of an [`Inflater`], in bytes.
pub(super) const CONTEXT_BYTES: usize = 47 * 1024;

/// A stream of compressed messages from one peer, for those who build their own layers: see
/// [`Compressor`](super::Compressor). [`Connection`](crate::Connection) has one where it needs one.
pub struct Inflater {
    zlib: Inflate,
    /// A last block has ended, and nothing came behind it.
    has_ended: bool,
    /// A block has ended, and nothing came behind it.
    is_at_block: bool,
    /// How much of [`TAIL`] was read.
    tail_len: usize,
}

/// How far the output may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many more bytes the message may have. It is counted down.
    pub allowed: u64,
    /// How long the output may become before somebody has to take it out.
    pub max_len: usize,
}

/// Where a call has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All of the input is read, and all that it gives has come out.
    Dry,
    /// The output is as long as it may be, and more may be to come.
    Full,
}

/// What is wrong with the input. The inflater is of no use after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is not DEFLATE, or reaches back beyond what there was, or ends too early.
    Invalid,
    /// It gives more bytes than are allowed. All that are allowed have come out.
    TooLong,
}

impl Inflater {
    /// At the beginning of a first message.
    #[must_use]
    pub fn new() -> Self {
        Self { zlib: Inflate::new(), has_ended: false, is_at_block: true, tail_len: 0 }
    }

    /// Forgets all that came before: without context takeover, call it between two messages.
    pub fn reset(&mut self) {
        self.zlib.reset();
        self.has_ended = false;
        self.is_at_block = true;
        self.tail_len = 0;
    }

    /// Appends to `to` what `input` gives, and moves `input` past what was read. After [`Full`](Stop::Full), take out
    /// what has come and call again, with what is left of the input.
    ///
    /// # Errors
    ///
    /// [`InflateError`], once all has come out that stands before it.
    pub fn inflate(&mut self, input: &mut &[u8], to: &mut Vec<u8>, room: &mut Room) -> Result<Stop, InflateError> {
        loop {
            if self.has_ended && !input.is_empty() {
                self.zlib.restart();
                self.has_ended = false;
            }
            let stop = self.run(input, to, room)?;
            if stop == Stop::Full || input.is_empty() {
                return Ok(stop);
            }
        }
    }

    /// Ends the message, all of whose bytes were read. Once it has answered [`Dry`](Stop::Dry), another may begin.
    ///
    /// # Errors
    ///
    /// As [`inflate`](Self::inflate); a message that ends within a block is [`Invalid`](InflateError::Invalid).
    pub fn finish(&mut self, to: &mut Vec<u8>, room: &mut Room) -> Result<Stop, InflateError> {
        if self.tail_len > 0 || !self.is_at_block {
            let mut tail = TAIL.get(self.tail_len..).unwrap_or_default();
            let stop = self.run(&mut tail, to, room)?;
            self.tail_len = TAIL.len().saturating_sub(tail.len());
            if stop == Stop::Full {
                return Ok(stop);
            }
            if self.tail_len < TAIL.len() || !self.is_at_block {
                return Err(InflateError::Invalid);
            }
        }
        self.tail_len = 0;
        Ok(Stop::Dry)
    }

    /// Goes on until the input is used up, a last block ends, or the output is full.
    fn run(&mut self, input: &mut &[u8], to: &mut Vec<u8>, room: &mut Room) -> Result<Stop, InflateError> {
        loop {
            let allowed = usize::try_from(room.allowed).unwrap_or(usize::MAX);
            let granted = allowed.min(room.max_len.saturating_sub(to.len()));
            let spare = granted.min(to.capacity().saturating_sub(to.len()));
            let step = if spare > 0 {
                self.zlib.step(input, to, spare)
            } else if granted == 0 && allowed > 0 {
                return Ok(Stop::Full);
            } else {
                // There is no room, or there must not be: is there anything to put into it?
                let (step, byte) = self.zlib.probe(input);
                match byte {
                    Some(_) if allowed == 0 => return Err(InflateError::TooLong),
                    Some(byte) => grow(to, granted, byte),
                    None => {}
                }
                step
            };
            room.allowed = room.allowed.saturating_sub(step.written as u64);
            *input = input.get(step.read..).unwrap_or_default();
            let has_moved = step.read > 0 || step.written > 0;
            self.is_at_block = self.zlib.is_at_block() || (self.is_at_block && !has_moved);
            match step.end {
                End::Wrong => return Err(InflateError::Invalid),
                End::LastBlock => {
                    self.has_ended = true;
                    self.is_at_block = true;
                    return Ok(Stop::Dry);
                }
                // The end of a block may be found in bits that were read before: then the next step reads on.
                End::Stopped if has_moved || !input.is_empty() => {}
                End::Stopped => return Ok(Stop::Dry),
            }
        }
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

/// Appends `byte` to `to`, which is full, and makes room: it doubles as it comes, and never beyond what is granted.
fn grow(to: &mut Vec<u8>, granted: usize, byte: u8) {
    to.reserve_exact(to.len().max(GROWTH_BYTES).min(granted));
    to.push(byte);
}
