//! Masking: the payload xor a four-byte key, over and over (RFC 6455 §5.3).
//!
//! ```text
//! payload   H  e  l  l  o  …          masking and unmasking are the same operation;
//! key       k0 k1 k2 k3 k0 …          byte i of the payload meets byte i mod 4 of the key
//! ```
//!
//! A payload that comes in pieces is masked in pieces: the *phase* is the payload offset of a piece's first byte modulo
//! four, and [`rotate`] turns a key so that it starts at that phase. All functions here start at `key[0]`.
//!
//! # How it is built
//!
//! ```text
//! apply, copy, is_ascii …    safe, over slices
//!    └─ dispatch             up to 64 bytes: inlined into the caller; beyond: one load and one jump to a kernel
//!         └─ target          portable, or x86_64: registers, and which kernel pays on this CPU
//!              └─ generic    the one algorithm, over any `block::Block` and `task::Task`
//! ```
//!
//! The task is to mask, or to mask and tell whether what comes out is ASCII, or only to tell. Text would be gone
//! through again at once, and asking while it is in registers costs next to nothing.
//!
//! The definition is its oracle: the tests in `dispatch` hold every kernel to it, whether or not this CPU would choose
//! it.
//!
//! # Which kernel, and why
//!
//! Up to 64 bytes there is nothing to choose: words and 16-byte registers are there on every CPU of a target, and
//! asking would take longer than masking. Beyond, on x86-64, AVX-512 where it comes without a price, else AVX2, else
//! SSE2. Time relative to AVX2, in place behind an 8-byte header, on a Xeon of the Sapphire Rapids family (fastest of
//! interleaved rounds):
//!
//! | bytes | 125 | 1 Ki | 4 Ki | 16 Ki | 64 Ki | 1 Mi |
//! |---|---|---|---|---|---|---|
//! | SSE2 | 1.2 | 1.4 | 1.5 | 1.6 | 1.0 | 1.0 |
//! | AVX-512 | 0.8–0.9 | 0.7–0.9 | 0.7–0.8 | 0.6–0.8 | 1.0 | 1.0 |
//! | AVX-512, with the copy into the buffer before it | 0.9 | 0.9–1.0 | 0.8 | 0.8–1.0 | 1.0 | |
//! | AVX-512, with that and UTF-8 validation (AVX2) after it | 0.9–1.0 | 0.9–1.0 | 0.8–0.9 | 0.8 | 1.0 | |
//!
//! From 64 KiB on it is memory that takes the time. What can make AVX-512 a bad choice is what it does to its
//! neighbours: CPUs up to Cooper Lake lower their clock for it (14–16 % was measured on a Cascade Lake), so those get
//! AVX2. On later ones the last rows show that the whole way of a message gains. The one loss found is 15 ns for code
//! that keeps every vector port busy right after a payload of less than 4 KiB, which no caller here does.

mod block;
mod copy;
mod dispatch;
mod generic;
mod task;

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86_64;

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable as target;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use x86_64 as target;

use task::{Look, Mask, MaskAndLook};

pub use copy::copy;
pub(crate) use copy::copy_uninit;

/// Masks or unmasks `bytes` in place; `bytes[0]` meets `key[0]`.
///
/// ```
/// use websocket_proto::mask;
///
/// let mut bytes = [0, 1, 0, 1, 0, 1, 0, 1];
/// mask::apply(&mut bytes, [1, 0, 1, 0]);
/// assert_eq!(bytes, [1; 8]);
/// ```
#[inline]
#[expect(unsafe_code, reason = "hands a slice to the kernels")]
pub fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let to = bytes.as_mut_ptr();
    // SAFETY: the slice can be read and written for its length, and both pointers are its address.
    unsafe { dispatch::run::<Mask>(to, to.cast_const(), bytes.len(), key) };
}

/// [`apply`] that tells whether what comes out is nothing but ASCII.
#[inline]
#[expect(unsafe_code, reason = "hands a slice to the kernels")]
pub(crate) fn apply_and_look(bytes: &mut [u8], key: [u8; 4]) -> bool {
    let to = bytes.as_mut_ptr();
    // SAFETY: the slice can be read and written for its length, and both pointers are its address.
    unsafe { dispatch::run::<MaskAndLook>(to, to.cast_const(), bytes.len(), key) }
}

/// Whether `bytes` are nothing but ASCII: `core`'s answer, without its loop over single bytes at the end.
#[inline]
#[expect(unsafe_code, reason = "hands a slice to the kernels")]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let from = bytes.as_ptr();
    // SAFETY: the slice can be read for its length, and this task writes nothing.
    unsafe { dispatch::run::<Look>(from.cast_mut(), from, bytes.len(), [0; 4]) }
}

/// The key as it stands `offset` payload bytes further on: the key for the next piece.
///
/// ```
/// use websocket_proto::mask;
///
/// assert_eq!(mask::rotate([1, 2, 3, 4], 5), [2, 3, 4, 1]);
/// ```
#[must_use]
#[inline]
pub const fn rotate(key: [u8; 4], offset: usize) -> [u8; 4] {
    let [low, ..] = offset.to_le_bytes();
    let bits = ((low % 4) as u32) << 3;
    u32::from_le_bytes(key).rotate_right(bits).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Through the door that everybody uses, whichever kernel is behind it: nothing, short and long, with the one byte
    /// that is not ASCII anywhere and nowhere.
    #[test]
    fn what_is_ascii_is_seen() {
        for (len, spot) in [0, 1, 3, 8, 64, 65, 200].into_iter().flat_map(|len| (0..=len).map(move |spot| (len, spot)))
        {
            let mut text = [b'a'; 200];
            let text = text.split_at_mut(len).0;
            text.iter_mut().skip(spot).take(1).for_each(|byte| *byte = 0x80);
            assert_eq!(is_ascii(text), spot == len, "{len} bytes, not ASCII at {spot}");
            apply(text, [1, 2, 3, 0x84]);
            assert_eq!(apply_and_look(text, [1, 2, 3, 0x84]), spot == len, "{len} bytes, not ASCII at {spot}");
        }
    }
}
