//! Sixty-four bytes at a time with no instruction set in particular: what the target has by default is what the compiler uses.

#![expect(unsafe_code, reason = "passes on the span of its caller")]

use super::block::Pair;
use super::generic;

/// Masks more than 64 bytes.
///
/// # Safety
///
/// The span, as [`generic`] has it; `len > 64`.
#[inline]
pub(super) unsafe fn mask(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    // SAFETY: the span and the length are the caller's promise, and these blocks need no instruction set.
    unsafe { generic::long::<Pair<Pair<[u64; 2]>>>(to, from, len, key) }
}
