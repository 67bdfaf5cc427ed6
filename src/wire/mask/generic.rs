//! The masking algorithm, for blocks of any width.
//!
//! A byte loop at either end of the payload is what makes other kernels slow where most messages are: below 300 bytes. There
//! is none here. A payload that fills at least one block is covered by blocks that *overlap*, and no byte is masked twice
//! because everything is loaded before anything is stored:
//!
//! ```text
//! quad:    BYTES to 4 × BYTES, always four blocks and no branch; step is 0, or BYTES from 2 × BYTES + 1 on
//!
//!          ├── a ──┤                  ├── d ──┤     a at 0              key as given
//!          ├──────────── payload ─────────────┤     b at step            key as given: step is a multiple of four
//!               ├── b ──┤    ├── c ──┤              c at last − step     key rotated by last
//!                                                   d at last = len − BYTES, likewise
//!
//! blocks:  more than 4 × BYTES
//!
//!          ├─ head ─┤                               one block, not aligned: loaded first, stored last
//!              ├───┼───┼── body ──┼───┼───┤         from the next aligned address on, four blocks a round
//!                                         ├ rest ┤  one to four blocks' worth: a quad
//! ```
//!
//! So a length up to 256 costs three branches that most payloads take the same way, instead of loops whose ends nobody can
//! predict. For lengths that vary that is most of the gain: a mispredicted branch takes as long as masking 500 bytes. The same
//! is why a quad stores four blocks where two would do.
//!
//! Masking in place and masking into another buffer are one algorithm, because it only knows a place to load from and a place
//! to store to. All functions here have that in common:
//!
//! # Safety, everywhere in this file
//!
//! * **The span**: `from` can be read and `to` can be written for `len` bytes, and the two are the same address or their
//!   bytes do not overlap.
//! * **The CPU** has the instruction set of the blocks.
//! * **The length** is one that the function is for.

#![expect(unsafe_code, reason = "reads and writes through pointers, as its contracts allow")]
#![expect(clippy::arithmetic_side_effects, reason = "offsets within a span, each bounded by its length")]

use super::block::Block;
use super::rotate;

/// Masks more than [`MAX_SHORT_BYTES`] bytes.
///
/// # Safety
///
/// The span; the CPU that it was made for; `len > MAX_SHORT_BYTES`.
pub(super) type Kernel = unsafe fn(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]);

/// A store that straddles two pages takes about 20 times as long as one that does not, and 4 KiB behind a header in a buffer
/// that starts a page end with one.
const PAGE_BYTES: usize = 4096;

/// The most bytes that [`short`] takes.
pub(super) const MAX_SHORT_BYTES: usize = 64;

/// Masks up to [`MAX_SHORT_BYTES`] bytes: no call, nothing to choose. `S` is sixteen bytes wide.
///
/// # Safety
///
/// The span; the CPU, for `S`; `len <= MAX_SHORT_BYTES`.
#[inline(always)]
pub(super) unsafe fn short<S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    const { assert!(S::BYTES == 16, "a quad of them is the longest that is short") };
    // SAFETY: the span and the CPU are the caller's promise, the branches see to the lengths.
    unsafe {
        if len < 4 {
            tiny(to, from, len, key);
        } else if len <= 16 {
            quad::<u32>(to, from, len, key);
        } else {
            quad::<S>(to, from, len, key);
        }
    }
}

/// Masks more than [`MAX_SHORT_BYTES`] bytes. `B` is that wide, `S` is what [`short`] asks for.
///
/// # Safety
///
/// The contract of [`Kernel`]; the CPU.
#[inline(always)]
pub(super) unsafe fn long<B: Block, S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    const { assert!(B::BYTES == MAX_SHORT_BYTES, "a quad starts where short ends") };
    // SAFETY: the span and the CPU are the caller's promise, the branch sees to the lengths.
    unsafe {
        if len <= 4 * B::BYTES {
            quad::<B>(to, from, len, key);
        } else {
            blocks::<B, S>(to, from, len, key);
        }
    }
}

/// Masks up to three bytes: the first, and the last two.
///
/// # Safety
///
/// The span; `len <= 3`.
#[inline(always)]
unsafe fn tiny(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    if len == 0 {
        return;
    }
    let [first_key, ..] = key;
    // SAFETY: byte 0 is there, and when there are two, so are those from `len - 2` on.
    unsafe {
        let first = *from;
        if len > 1 {
            let at = len - 2;
            let [a, b, ..] = rotate(key, at);
            let [x, y] = from.add(at).cast::<[u8; 2]>().read();
            to.add(at).cast::<[u8; 2]>().write([x ^ a, y ^ b]);
        }
        *to = first ^ first_key;
    }
}

/// Masks one to four blocks' worth of bytes with four blocks that may overlap.
///
/// # Safety
///
/// The span; the CPU; `B::BYTES <= len <= 4 * B::BYTES`.
#[inline(always)]
unsafe fn quad<B: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    const { assert!(B::BYTES.is_power_of_two() && B::BYTES >= 4, "every block starts with the same byte of its key") };
    let last = len - B::BYTES;
    // `len - 1` is less than four times `BYTES`, so this bit tells whether it is twice as much or more. The first two blocks
    // then reach to 2 × BYTES and the last two start at `len - 2 * BYTES`; else the first and the last block are enough.
    let step = ((len - 1) / 2) & B::BYTES;
    let before_last = last - step;
    // SAFETY: `step <= last`, and `last` is where the last block starts that is inside the span.
    unsafe {
        let (a, b) = (B::load(from), B::load(from.add(step)));
        let (c, d) = (B::load(from.add(before_last)), B::load(from.add(last)));
        let (front, back) = (B::splat(key), B::splat(rotate(key, last)));
        a.masked(front).store(to);
        b.masked(front).store(to.add(step));
        c.masked(back).store(to.add(before_last));
        d.masked(back).store(to.add(last));
    }
}

/// Masks more than four blocks' worth of bytes: a head, aligned blocks, and a quad.
///
/// # Safety
///
/// The span; the CPU; `len > 4 * B::BYTES`.
#[inline(always)]
unsafe fn blocks<B: Block, S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    // 1 to BYTES: up to the first aligned address behind `to`.
    let head_len = B::BYTES - to.addr() % B::BYTES;
    let body_key = rotate(key, head_len);
    let splits_a_page = to.addr().wrapping_add(len) % PAGE_BYTES < 2 * B::BYTES;
    // SAFETY: `left` is what lies behind `to_next` and `from_next` all the way, no block is used unless `left` has room for it, and what is left for `quad`
    // is one to four blocks' worth: at least three to begin with, at least one after each round, and at most five before the
    // last step. The head is loaded before any of its bytes can be stored, and what is stored over its end is stored again.
    unsafe {
        let head = B::load(from).masked(B::splat(key));
        let body = B::splat(body_key);
        let (mut to_next, mut from_next, mut left) = (to.add(head_len), from.add(head_len), len - head_len);
        while left >= 5 * B::BYTES {
            for at in [0, B::BYTES, 2 * B::BYTES, 3 * B::BYTES] {
                B::load(from_next.add(at)).masked(body).store(to_next.add(at));
            }
            (to_next, from_next) = (to_next.add(4 * B::BYTES), from_next.add(4 * B::BYTES));
            left -= 4 * B::BYTES;
        }
        // One step at most, unless one of a quad's last two blocks would straddle two pages: then as many as there are.
        let quad_max = if splits_a_page { B::BYTES - 1 } else { 4 * B::BYTES };
        while left > quad_max {
            B::load(from_next).masked(body).store(to_next);
            (to_next, from_next) = (to_next.add(B::BYTES), from_next.add(B::BYTES));
            left -= B::BYTES;
        }
        if splits_a_page {
            short::<S>(to_next, from_next, left, body_key);
        } else {
            quad::<B>(to_next, from_next, left, body_key);
        }
        head.store(to);
    }
}
