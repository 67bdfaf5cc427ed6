//! Masking with no instruction set in particular: what the target has by default is what the compiler uses, NEON on
//! aarch64.

#![expect(unsafe_code, reason = "reads and writes through pointers, as its contracts allow")]

use super::block::{Block, Pair};
use super::generic;
use super::task::Task;

/// Sixteen bytes, which compilers keep in one register wherever the target has such registers.
pub(super) type Sixteen = [u64; 2];

/// Does its task on more than 64 bytes.
///
/// # Safety
///
/// The contract of [`generic::Kernel`].
pub(super) unsafe fn long<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    // SAFETY: the contract is the caller's promise, and these blocks need no instruction set.
    unsafe { generic::long::<T, Pair<Pair<Sixteen>>, Sixteen>(to, from, len, key) }
}

/// Every kernel that is here.
#[cfg(test)]
pub(super) fn kernels<T: Task>() -> impl Iterator<Item = generic::Kernel> {
    core::iter::once(long::<T> as generic::Kernel)
}

/// Sixteen bytes.
impl Block for Sixteen {
    const BYTES: usize = 16;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        let word = u64::from(u32::from_ne_bytes(key));
        [word << 32 | word; 2]
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller lets us read sixteen bytes, and `read_unaligned` asks for no alignment.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        let ([a, b], [key_a, key_b]) = (self, key);
        [a ^ key_a, b ^ key_b]
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller lets us write sixteen bytes, and `write_unaligned` asks for no alignment.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        let ([a, b], [other_a, other_b]) = (self, other);
        [a | other_a, b | other_b]
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        let [a, b] = self;
        (a | b) & 0x8080_8080_8080_8080 == 0
    }
}
