//! The masking algorithm, for blocks of any width.
//!
//! A byte loop at either end of the payload is what makes other kernels slow where most messages are: below 300 bytes.
//! There is none here. A payload that fills at least one block is covered by blocks that *overlap*, and no byte is
//! masked twice because everything is loaded before anything is stored:
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
//! So a length up to 256 costs three branches that most payloads take the same way, instead of loops whose ends nobody
//! can predict. For lengths that vary that is most of the gain: a mispredicted branch takes as long as masking 500
//! bytes. The same is why a quad stores four blocks where two would do.
//!
//! Masking in place and masking into another buffer are one algorithm, because it only knows a place to load from and a
//! place to store to. Looking for what is not ASCII is the same algorithm too: every block passes through a register,
//! and whoever [`Task`] looks has them laid over one another there, one `or` a block, and asks once at the end. One
//! that does not mask leaves out the stores. All functions do what their task says, and have that in common:
//!
//! # Safety, everywhere in this file
//!
//! * **The span**: `from` can be read for `len` bytes. If the task masks, `to` can be written for as many, and the two
//!   are the same address or their bytes do not overlap.
//! * **The CPU** has the instruction set of the blocks.
//! * **The length** is one that the function is for.

#![expect(unsafe_code, reason = "reads and writes through pointers, as its contracts allow")]
#![expect(clippy::arithmetic_side_effects, reason = "offsets within a span, each bounded by its length")]

use super::block::Block;
use super::rotate;
use super::task::Task;

/// Does a [`Task`] on more than [`MAX_SHORT_BYTES`] bytes; tells what the task tells.
///
/// # Safety
///
/// The span; the CPU that it was made for; `len > MAX_SHORT_BYTES`.
#[cfg_attr(
    not(any(test, all(target_arch = "x86_64", target_feature = "sse2"))),
    expect(dead_code, reason = "where there is one kernel, it is called by its name")
)]
pub(super) type Kernel = unsafe fn(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool;

/// A store that straddles two pages takes about 20 times as long as one that does not, and 4 KiB behind a header in a
/// buffer that starts a page end with one.
const PAGE_BYTES: usize = 4096;

/// The most bytes that [`short`] takes.
pub(super) const MAX_SHORT_BYTES: usize = 64;

/// Up to [`MAX_SHORT_BYTES`] bytes: no call, nothing to choose. `S` is sixteen bytes wide.
///
/// # Safety
///
/// The span; the CPU, for `S`; `len <= MAX_SHORT_BYTES`.
#[inline(always)]
pub(super) unsafe fn short<T: Task, S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    const { assert!(S::BYTES == 16, "a quad of them is the longest that is short") };
    // SAFETY: the span and the CPU are the caller's promise, the branches see to the lengths.
    unsafe {
        if len < 4 {
            tiny::<T>(to, from, len, key)
        } else if len <= 16 {
            quad::<T, u32>(to, from, len, key)
        } else {
            quad::<T, S>(to, from, len, key)
        }
    }
}

/// More than [`MAX_SHORT_BYTES`] bytes. `B` is that wide, `S` is what [`short`] asks for.
///
/// # Safety
///
/// The contract of [`Kernel`]; the CPU.
#[inline(always)]
pub(super) unsafe fn long<T: Task, B: Block, S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    const { assert!(B::BYTES == MAX_SHORT_BYTES, "a quad starts where short ends") };
    // SAFETY: the span and the CPU are the caller's promise, the branch sees to the lengths.
    unsafe {
        if len <= 4 * B::BYTES { quad::<T, B>(to, from, len, key) } else { blocks::<T, B, S>(to, from, len, key) }
    }
}

/// Up to three bytes: the first, and the last two.
///
/// # Safety
///
/// The span; `len <= 3`.
#[inline(always)]
unsafe fn tiny<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    if len == 0 {
        return true;
    }
    let [first_key, ..] = if T::MASKS { key } else { [0; 4] };
    // SAFETY: byte 0 is there, and when there are two, so are those from `len - 2` on.
    unsafe {
        let first = *from ^ first_key;
        let mut seen = first;
        if len > 1 {
            let at = len - 2;
            let [a, b, ..] = if T::MASKS { rotate(key, at) } else { [0; 4] };
            let [x, y] = from.add(at).cast::<[u8; 2]>().read();
            if T::MASKS {
                to.add(at).cast::<[u8; 2]>().write([x ^ a, y ^ b]);
            }
            seen |= (x ^ a) | (y ^ b);
        }
        if T::MASKS {
            *to = first;
        }
        !T::LOOKS || seen.is_ascii()
    }
}

/// One to four blocks' worth of bytes, with four blocks that may overlap.
///
/// # Safety
///
/// The span; the CPU; `B::BYTES <= len <= 4 * B::BYTES`.
#[inline(always)]
unsafe fn quad<T: Task, B: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    const { assert!(B::BYTES.is_power_of_two() && B::BYTES >= 4, "every block starts with the same byte of its key") };
    let last = len - B::BYTES;
    // `len - 1` is less than four times `BYTES`, so this bit tells whether it is twice as much or more. The first two
    // blocks then reach to 2 × BYTES and the last two start at `len - 2 * BYTES`; else the first and the last block are
    // enough.
    let step = ((len - 1) / 2) & B::BYTES;
    let before_last = last - step;
    // SAFETY: `step <= last`, and `last` is where the last block starts that is inside the span.
    unsafe {
        let (a, b) = (B::load(from), B::load(from.add(step)));
        let (c, d) = (B::load(from.add(before_last)), B::load(from.add(last)));
        let (front, back) = (B::splat(key), B::splat(rotate(key, last)));
        let a = finish::<T, B>(to, a, front);
        let b = finish::<T, B>(to.wrapping_add(step), b, front);
        let c = finish::<T, B>(to.wrapping_add(before_last), c, back);
        let d = finish::<T, B>(to.wrapping_add(last), d, back);
        !T::LOOKS || a.or(b).or(c.or(d)).is_ascii()
    }
}

/// Does what is to be done with a block that was loaded; gives what came out.
///
/// # Safety
///
/// The CPU. If the task masks, `B::BYTES` bytes can be written to `to`.
#[inline(always)]
unsafe fn finish<T: Task, B: Block>(to: *mut u8, block: B, key: B) -> B {
    if !T::MASKS {
        return block;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let masked = block.masked(key);
        masked.store(to);
        masked
    }
}

/// More than four blocks' worth of bytes: a head, aligned blocks, and a quad.
///
/// # Safety
///
/// The span; the CPU; `len > 4 * B::BYTES`.
#[inline(always)]
unsafe fn blocks<T: Task, B: Block, S: Block>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    // 1 to BYTES: up to the first aligned address behind `to`.
    let head_len = B::BYTES - to.addr() % B::BYTES;
    let body_key = rotate(key, head_len);
    let splits_a_page = T::MASKS && to.addr().wrapping_add(len) % PAGE_BYTES < 2 * B::BYTES;
    // SAFETY: `left` is what lies behind `to_next` and `from_next` all the way, no block is used unless `left` has room
    // for it, and what is left for `quad` is one to four blocks' worth: at least three to begin with, at least one
    // after each round, and at most five before the last step. The head is loaded before any of its bytes can be
    // stored, and what is stored over its end is stored again.
    unsafe {
        let head = if T::MASKS { B::load(from).masked(B::splat(key)) } else { B::load(from) };
        let body = B::splat(body_key);
        let mut seen = head;
        let (mut to_next, mut from_next, mut left) = (to.wrapping_add(head_len), from.add(head_len), len - head_len);
        while left >= 5 * B::BYTES {
            for at in [0, B::BYTES, 2 * B::BYTES, 3 * B::BYTES] {
                let block = finish::<T, B>(to_next.wrapping_add(at), B::load(from_next.add(at)), body);
                seen = if T::LOOKS { seen.or(block) } else { seen };
            }
            (to_next, from_next) = (to_next.wrapping_add(4 * B::BYTES), from_next.add(4 * B::BYTES));
            left -= 4 * B::BYTES;
        }
        // One step at most, unless one of a quad's last two blocks would straddle two pages: then as many as there are.
        let quad_max = if splits_a_page { B::BYTES - 1 } else { 4 * B::BYTES };
        while left > quad_max {
            let block = finish::<T, B>(to_next, B::load(from_next), body);
            seen = if T::LOOKS { seen.or(block) } else { seen };
            (to_next, from_next) = (to_next.wrapping_add(B::BYTES), from_next.add(B::BYTES));
            left -= B::BYTES;
        }
        let rest_is_ascii = if splits_a_page {
            short::<T, S>(to_next, from_next, left, body_key)
        } else {
            quad::<T, B>(to_next, from_next, left, body_key)
        };
        if T::MASKS {
            head.store(to);
        }
        rest_is_ascii && (!T::LOOKS || seen.is_ascii())
    }
}
