//! AVX2 and AVX-512: what the CPU is asked for, and the generic algorithm compiled for it.
//!
//! A value of [`Avx2`] or [`Avx512`] is the proof that the CPU (and the operating system, which has to save the registers) has
//! that instruction set: `new` is the only place to get one.

#![expect(unsafe_code, reason = "vector instructions that not every CPU has")]

use core::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_si256, _mm256_xor_si256, _mm512_loadu_si512,
    _mm512_set1_epi32, _mm512_storeu_si512, _mm512_xor_si512,
};

use super::block::{Block, Pair};
use super::generic;

cpufeatures::new!(cpu_has_avx2, "avx2");
// VBMI2 is not used. It tells the CPUs whose clock stays up under 512-bit instructions (Ice Lake, Zen 4 and later) from those
// that slow down for everything that runs beside them (Skylake-X to Cooper Lake).
cpufeatures::new!(cpu_has_fast_avx512, "avx512f", "avx512vbmi2");

/// The CPU has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    #[inline]
    pub(super) fn new() -> Option<Self> {
        cpu_has_avx2::get().then_some(Self(()))
    }

    /// Masks more than 64 bytes.
    ///
    /// # Safety
    ///
    /// The span, as [`generic`] has it; `len > 64`.
    #[inline]
    pub(super) unsafe fn mask(self, to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
        #[target_feature(enable = "avx2")]
        unsafe fn mask(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
            // SAFETY: the span and the length are the caller's promise, and here is AVX2.
            unsafe { generic::long::<Pair<__m256i>>(to, from, len, key) }
        }
        // SAFETY: the span and the length are the caller's promise, and `self` exists only where AVX2 does.
        unsafe { mask(to, from, len, key) }
    }
}

/// The CPU has AVX-512, and uses it without slowing down.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    #[inline]
    pub(super) fn new() -> Option<Self> {
        cpu_has_fast_avx512::get().then_some(Self(()))
    }

    /// Masks more than 64 bytes.
    ///
    /// # Safety
    ///
    /// The span, as [`generic`] has it; `len > 64`.
    #[inline]
    pub(super) unsafe fn mask(self, to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
        #[target_feature(enable = "avx512f")]
        unsafe fn mask(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
            // SAFETY: the span and the length are the caller's promise, and here is AVX-512.
            unsafe { generic::long::<__m512i>(to, from, len, key) }
        }
        // SAFETY: the span and the length are the caller's promise, and `self` exists only where AVX-512 does.
        unsafe { mask(to, from, len, key) }
    }
}

/// Thirty-two bytes; the instruction set is AVX2.
impl Block for __m256i {
    const BYTES: usize = 32;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_set1_epi32(i32::from_ne_bytes(key)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX2 and lets us read 32 bytes; `loadu` asks for no alignment.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_xor_si256(self, key) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller has AVX2 and lets us write 32 bytes; `storeu` asks for no alignment.
        unsafe { _mm256_storeu_si256(to.cast(), self) }
    }
}

/// Sixty-four bytes; the instruction set is AVX-512F.
impl Block for __m512i {
    const BYTES: usize = 64;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_set1_epi32(i32::from_ne_bytes(key)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX-512F and lets us read 64 bytes; `loadu` asks for no alignment.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_xor_si512(self, key) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller has AVX-512F and lets us write 64 bytes; `storeu` asks for no alignment.
        unsafe { _mm512_storeu_si512(to.cast(), self) }
    }
}
