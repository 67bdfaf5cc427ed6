//! UTF-8 sixty-four bytes at a time, on CPUs with AVX-512.
//!
//! A comparison of 64 bytes gives 64 bits, one for each byte, and what RFC 3629 demands becomes a few lines of
//! arithmetic on such words, in which `<< 1` means "the byte behind":
//!
//! ```text
//! text            a   é     漢       b        1  at a byte that …
//! bytes           61  C3 A9 E6 BC A2 62
//! from_c2         0   1  0  1  0  0  0        begins a character of two bytes or more
//! from_e0         0   0  0  1  0  0  0        … of three or more
//! expected        0   0  1  0  1  1  0        from_c2 << 1 | from_e0 << 2 | from_f0 << 3
//! continuations   0   0  1  0  1  1  0        has to be the same
//! ```
//!
//! Beyond that, no byte may be C0, C1, or F5 and more, and behind E0, ED, F0 and F4 not every
//! continuation will do (too long, surrogates, beyond U+10FFFF). Text without characters of three bytes takes
//! no branch but that of the loop and one never taken, so nothing is mispredicted where ASCII and other characters alternate.

#![expect(unsafe_code, reason = "vector instructions that not every CPU has")]

use core::arch::x86_64::{
    __m512i, _mm512_cmpeq_epi8_mask, _mm512_cmpge_epu8_mask, _mm512_cmplt_epi8_mask, _mm512_cmplt_epu8_mask,
    _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_min_epu8, _mm512_set1_epi8, _mm512_xor_si512,
};

// VBMI2 is not used: it tells the CPUs whose clock stays up, as for masking.
cpufeatures::new!(cpu_has_fast_avx512, "avx512f", "avx512bw", "avx512vbmi2");

const BLOCK_BYTES: usize = 64;

/// The CPU has AVX-512, and uses it without slowing down.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    #[inline]
    pub(super) fn new() -> Option<Self> {
        cpu_has_fast_avx512::get().then_some(Self(()))
    }

    #[inline]
    pub(super) fn is_utf8(self, bytes: &[u8]) -> bool {
        // SAFETY: `self` is the proof that the CPU has AVX-512.
        unsafe { is_utf8(bytes) }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn is_utf8(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut before = Leads::NONE;
    let mut wrong = 0;
    // C0 and C1 are looked for in registers, with one question at the end: words of bits are what time goes into.
    let mut least = splat(0xFF);
    for block in blocks {
        // SAFETY: 64 bytes can be read.
        let block = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        least = _mm512_min_epu8(least, _mm512_xor_si512(block, splat(0xC0)));
        wrong |= judge(block, &mut before);
    }
    // What is not there is read as NUL: the text may not end within a character.
    let is_there = !(u64::MAX.checked_shl(u32::try_from(rest.len()).unwrap_or(0)).unwrap_or(0));
    // SAFETY: only the bytes of `rest` are read.
    let rest = unsafe { _mm512_maskz_loadu_epi8(is_there, rest.as_ptr().cast()) };
    least = _mm512_min_epu8(least, _mm512_xor_si512(rest, splat(0xC0)));
    wrong |= judge(rest, &mut before);
    wrong | _mm512_cmplt_epu8_mask(least, splat(2)) == 0
}

/// Which bytes of a block begin a longer character.
#[derive(Clone, Copy)]
struct Leads {
    from_c2: u64,
    from_e0: u64,
    from_f0: u64,
    e0: u64,
    ed: u64,
    f0: u64,
    f4: u64,
}

impl Leads {
    const NONE: Self = Self { from_c2: 0, from_e0: 0, from_f0: 0, e0: 0, ed: 0, f0: 0, f4: 0 };
}

/// The bytes that are wrong, given which bytes of the block before began a character; C0 and C1 are taken for ASCII.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn judge(block: __m512i, before: &mut Leads) -> u64 {
    let continuations = _mm512_cmplt_epi8_mask(block, splat(0xC0));
    let mut now = Leads { from_c2: from(block, 0xC2), from_e0: from(block, 0xE0), ..Leads::NONE };
    let mut expected = behind(now.from_c2, before.from_c2, 1);
    let mut wrong = 0;
    if now.from_e0 | before.from_e0 != 0 {
        expected |= behind(now.from_e0, before.from_e0, 2);
        now.e0 = _mm512_cmpeq_epi8_mask(block, splat(0xE0));
        now.ed = _mm512_cmpeq_epi8_mask(block, splat(0xED));
        let from_a0 = from(block, 0xA0);
        wrong |= choose(from_a0, behind(now.ed, before.ed, 1), behind(now.e0, before.e0, 1));
        now.from_f0 = from(block, 0xF0);
        if now.from_f0 | before.from_f0 != 0 {
            expected |= behind(now.from_f0, before.from_f0, 3);
            now.f0 = _mm512_cmpeq_epi8_mask(block, splat(0xF0));
            now.f4 = _mm512_cmpeq_epi8_mask(block, splat(0xF4));
            let from_90 = from(block, 0x90);
            wrong |= choose(from_90, behind(now.f4, before.f4, 1), behind(now.f0, before.f0, 1));
            wrong |= from(block, 0xF5);
        }
    }
    *before = now;
    wrong | (expected ^ continuations)
}

/// Of each two bits the one that `which` says.
#[inline(always)]
const fn choose(which: u64, set: u64, clear: u64) -> u64 {
    clear ^ ((clear ^ set) & which)
}

/// The bytes that are at least `least`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn from(block: __m512i, least: u8) -> u64 {
    _mm512_cmpge_epu8_mask(block, splat(least))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(byte: u8) -> __m512i {
    _mm512_set1_epi8(byte.cast_signed())
}

/// The bytes that stand `by` bytes behind those of this block and of the one before.
#[inline(always)]
#[expect(clippy::arithmetic_side_effects, reason = "by one to three bits")]
const fn behind(now: u64, before: u64, by: u32) -> u64 {
    now << by | before >> (u64::BITS - by)
}
