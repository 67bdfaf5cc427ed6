//! Sixteen bytes in a vector of SSE2, which is a part of x86-64 but for the kernels of operating systems.

#![expect(unsafe_code, reason = "the compiler does not see that what it compiles for has SSE2")]

use core::arch::x86_64::{
    __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_max_epu8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set_epi64x, _mm_set1_epi8, _mm_sub_epi8,
};

pub(super) const LEN: usize = 16;

/// Instructions that work on values and touch no memory.
macro_rules! sse2 {
    ($value:expr) => {
        // SAFETY: this module is compiled only where SSE2 is enabled for all of the program.
        unsafe { $value }
    };
}

/// Bytes, or marks: 255 for a byte that is marked, 0 for one that is not.
#[derive(Clone, Copy)]
pub(super) struct Block(__m128i);

#[inline(always)]
fn each(byte: u8) -> __m128i {
    sse2!(_mm_set1_epi8(byte.cast_signed()))
}

impl Block {
    #[inline(always)]
    pub(super) fn load(bytes: &[u8; LEN]) -> Self {
        let mut words = bytes.as_chunks().0.iter().map(|word| i64::from_le_bytes(*word));
        let (low, high) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Self(sse2!(_mm_set_epi64x(high, low)))
    }

    /// Marks bytes below `bound`, which is not 0.
    #[inline(always)]
    pub(super) fn below(self, bound: u8) -> Self {
        Self(sse2!(_mm_cmpeq_epi8(_mm_min_epu8(self.0, each(bound.wrapping_sub(1))), self.0)))
    }

    /// Marks bytes that are `byte`.
    #[inline(always)]
    pub(super) fn equal(self, byte: u8) -> Self {
        Self(sse2!(_mm_cmpeq_epi8(self.0, each(byte))))
    }

    /// Marks bytes that are no letter of ASCII.
    #[inline(always)]
    pub(super) fn no_letter(self) -> Self {
        let letters = sse2!(_mm_sub_epi8(_mm_or_si128(self.0, each(0x20)), each(b'a')));
        Self(sse2!(_mm_cmpeq_epi8(_mm_max_epu8(letters, each(26)), letters)))
    }

    #[inline(always)]
    pub(super) fn or(self, other: Self) -> Self {
        Self(sse2!(_mm_or_si128(self.0, other.0)))
    }

    #[inline(always)]
    pub(super) fn and_not(self, other: Self) -> Self {
        Self(sse2!(_mm_andnot_si128(other.0, self.0)))
    }

    #[inline(always)]
    pub(super) fn marks(self) -> Marks {
        sse2!(_mm_movemask_epi8(self.0)).cast_unsigned()
    }
}

/// The marks of a block as bits, the lowest for its first byte.
pub(super) type Marks = u32;

/// The place of the first mark; [`LEN`] when there is none.
#[inline(always)]
pub(super) const fn place(marks: Marks) -> usize {
    (marks | 1 << LEN).trailing_zeros() as usize
}
