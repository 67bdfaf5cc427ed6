//! SSE2, which every x86-64 has, AVX2 and AVX-512: what the CPU is asked for, and the generic algorithm compiled for
//! it.
//!
//! A value of [`Avx2`] or [`Avx512`] is the proof that the CPU (and the operating system, which has to save the
//! registers) has that instruction set: `new` is the only place to get one.

#![expect(unsafe_code, reason = "vector instructions that not every CPU has")]

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi32, _mm_storeu_si128,
    _mm_xor_si128, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi32, _mm256_storeu_si256,
    _mm256_xor_si256, _mm512_loadu_si512, _mm512_or_si512, _mm512_set1_epi32, _mm512_storeu_si512,
    _mm512_test_epi32_mask, _mm512_xor_si512,
};

use core::mem;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use super::block::{Block, Pair};
use super::generic::{self, Kernel};
use super::task::{Look, Mask, MaskAndLook, Task};

cpufeatures::new!(cpu_has_avx2, "avx2");
// VBMI2 is not used. It tells the CPUs whose clock stays up under 512-bit instructions (Ice Lake, Zen 4 and later) from
// those that slow down for everything that runs beside them (Skylake-X to Cooper Lake).
cpufeatures::new!(cpu_has_fast_avx512, "avx512f", "avx512vbmi2");

/// The high bit of each byte.
const HIGH_BITS: i32 = i32::from_ne_bytes([0x80; 4]);

/// Sixteen bytes, in a register that every x86-64 has.
pub(super) type Sixteen = __m128i;

/// Does its task on more than 64 bytes with the widest blocks that pay on this CPU: one load and one jump.
///
/// # Safety
///
/// The contract of [`Kernel`].
#[inline(always)]
pub(super) unsafe fn long<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    // SAFETY: nothing but a `Kernel` is ever stored, each with the proof that the CPU can run it; the contract is the
    // caller's promise.
    unsafe { mem::transmute::<*mut (), Kernel>(best::<T>().load(Relaxed))(to, from, len, key) }
}

/// Where the [`Kernel`] for a task stands that this CPU can run. Whoever stores one stores the same, so no order has to
/// be kept.
#[inline(always)]
fn best<T: Task>() -> &'static AtomicPtr<()> {
    static MASK: AtomicPtr<()> = AtomicPtr::new(choose::<Mask> as *mut ());
    static MASK_AND_LOOK: AtomicPtr<()> = AtomicPtr::new(choose::<MaskAndLook> as *mut ());
    static LOOK: AtomicPtr<()> = AtomicPtr::new(choose::<Look> as *mut ());
    match (T::MASKS, T::LOOKS) {
        (true, false) => &MASK,
        (true, true) => &MASK_AND_LOOK,
        (false, _) => &LOOK,
    }
}

/// The kernel of the first call.
///
/// # Safety
///
/// The contract of [`Kernel`].
#[cold]
unsafe fn choose<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    let chosen = Avx512::new().map(Avx512::kernel::<T>).or(Avx2::new().map(Avx2::kernel::<T>)).unwrap_or(sse2::<T>);
    best::<T>().store(chosen as *mut (), Relaxed);
    // SAFETY: the contract is the caller's promise, and the CPU has what the kernel needs.
    unsafe { chosen(to, from, len, key) }
}

/// # Safety
///
/// The contract of [`Kernel`].
unsafe fn sse2<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    // SAFETY: the contract is the caller's promise, and SSE2 is always there.
    unsafe { generic::long::<T, Pair<Pair<Sixteen>>, Sixteen>(to, from, len, key) }
}

/// Every kernel for a task that this CPU can run.
#[cfg(test)]
pub(super) fn kernels<T: Task>() -> impl Iterator<Item = Kernel> {
    let wider = [Avx2::new().map(Avx2::kernel::<T>), Avx512::new().map(Avx512::kernel::<T>)];
    core::iter::once(sse2::<T> as Kernel).chain(wider.into_iter().flatten())
}

/// The CPU has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        cpu_has_avx2::get().then_some(Self(()))
    }

    /// The kernel for a task. What `self` proves is what calling it needs, beside the contract of [`Kernel`].
    pub(super) fn kernel<T: Task>(self) -> Kernel {
        /// # Safety
        ///
        /// The contract of [`Kernel`]; the CPU has AVX2.
        #[target_feature(enable = "avx2")]
        unsafe fn long<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
            // SAFETY: the caller has AVX2 and promises the rest.
            unsafe { generic::long::<T, Pair<__m256i>, Sixteen>(to, from, len, key) }
        }
        long::<T>
    }
}

/// The CPU has AVX-512, and uses it without slowing down.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        cpu_has_fast_avx512::get().then_some(Self(()))
    }

    /// The kernel for a task. What `self` proves is what calling it needs, beside the contract of [`Kernel`].
    pub(super) fn kernel<T: Task>(self) -> Kernel {
        /// # Safety
        ///
        /// The contract of [`Kernel`]; the CPU has AVX-512.
        #[target_feature(enable = "avx512f")]
        unsafe fn long<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
            // SAFETY: the caller has AVX-512 and promises the rest.
            unsafe { generic::long::<T, __m512i, Sixteen>(to, from, len, key) }
        }
        long::<T>
    }
}

/// Sixteen bytes; the instruction set is SSE2.
impl Block for __m128i {
    const BYTES: usize = 16;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        // SAFETY: SSE2 is always there.
        unsafe { _mm_set1_epi32(i32::from_ne_bytes(key)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: SSE2 is always there, and the caller lets us read 16 bytes; `loadu` asks for no alignment.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        // SAFETY: SSE2 is always there.
        unsafe { _mm_xor_si128(self, key) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: SSE2 is always there, and the caller lets us write 16 bytes; `storeu` asks for no alignment.
        unsafe { _mm_storeu_si128(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: SSE2 is always there.
        unsafe { _mm_or_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        // SAFETY: SSE2 is always there.
        unsafe { _mm_movemask_epi8(self) == 0 }
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

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_or_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_movemask_epi8(self) == 0 }
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

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_or_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_test_epi32_mask(self, _mm512_set1_epi32(HIGH_BITS)) == 0 }
    }
}
