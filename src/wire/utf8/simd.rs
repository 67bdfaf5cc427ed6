//! Whether bytes are UTF-8: the one place that chooses who is asked.
//!
//! With AVX-512 it is `avx512`, otherwise `simdutf8`, otherwise `core`.
//! `simdutf8` can ask the CPU only if it has `std`; without, it uses what the target has by default. So here the CPU is
//! asked.

#[cfg(all(feature = "simdutf8", target_arch = "x86_64"))]
mod x86_64 {
    #![expect(unsafe_code, reason = "vector instructions that not every CPU has")]

    use simdutf8::basic::imp::x86::{avx2, sse42};

    cpufeatures::new!(cpu_has_avx2, "avx2");
    cpufeatures::new!(cpu_has_sse42, "sse4.2");

    /// What does not fill a block of 64 is copied into one, which takes as long as to look at about thirty bytes one
    /// after the other.
    const MIN_SIMD_BYTES: usize = 32;

    pub(super) fn is_utf8(bytes: &[u8]) -> bool {
        if bytes.len() < MIN_SIMD_BYTES {
            return core::str::from_utf8(bytes).is_ok();
        }
        if cpu_has_avx2::get() {
            // SAFETY: the CPU has AVX2.
            return unsafe { avx2::validate_utf8(bytes).is_ok() };
        }
        if cpu_has_sse42::get() {
            // SAFETY: the CPU has SSE4.2.
            return unsafe { sse42::validate_utf8(bytes).is_ok() };
        }
        core::str::from_utf8(bytes).is_ok()
    }
}

/// Whether `bytes` are whole characters.
pub(super) fn is_utf8(bytes: &[u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(cpu) = super::avx512::Avx512::new() {
        return cpu.is_utf8(bytes);
    }

    #[cfg(all(feature = "simdutf8", target_arch = "x86_64"))]
    return x86_64::is_utf8(bytes);

    // Every aarch64 has NEON, which `simdutf8` then uses.
    #[cfg(all(feature = "simdutf8", not(target_arch = "x86_64")))]
    return simdutf8::basic::from_utf8(bytes).is_ok();

    #[cfg(not(feature = "simdutf8"))]
    return core::str::from_utf8(bytes).is_ok();
}

#[cfg(test)]
mod tests {
    use arrayvec::ArrayVec;

    use super::is_utf8;

    /// The bytes at which some rule of RFC 3629 changes.
    const EDGES: [u8; 16] =
        [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5];

    /// Three bytes between so many others that they meet every border between blocks, and a fourth that may complete
    /// them.
    #[test]
    fn says_what_core_says() {
        for i in (0..16_usize.pow(4)).step_by(if cfg!(debug_assertions) { 7 } else { 1 }) {
            let sequence =
                [i / 4096, i / 256 % 16, i / 16 % 16, i % 16].map(|edge| EDGES.get(edge).copied().unwrap_or(0));
            for (before, after) in [(0, 0), (0, 28), (29, 30), (30, 0), (62, 3), (64 + i % 64, 61), (127, i % 64)] {
                let mut text = ArrayVec::<u8, 256>::new();
                text.extend(
                    core::iter::repeat_n(b'a', before).chain(sequence).chain(core::iter::repeat_n(b'z', after)),
                );
                assert_eq!(is_utf8(&text), core::str::from_utf8(&text).is_ok(), "{sequence:02x?} behind {before}");
                #[cfg(all(feature = "simdutf8", target_arch = "x86_64"))]
                assert_eq!(super::x86_64::is_utf8(&text), is_utf8(&text), "{sequence:02x?} behind {before}");
            }
        }
    }

    /// Blocks are judged side by side: what is found in one does not cancel what is found at the same place of another.
    #[test]
    fn the_same_place_in_two_blocks() {
        for at in 0..64 {
            for character in ["\u{e9}", "\u{20ac}", "\u{1f600}"] {
                let mut text = [b'a'; 256];
                for block in text.chunks_mut(64).take(3) {
                    block.iter_mut().skip(at).zip(character.bytes()).for_each(|(to, byte)| *to = byte);
                }
                assert_eq!(is_utf8(&text), core::str::from_utf8(&text).is_ok(), "{character} at {at}");
            }
            let faults = [0x80, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF5, 0xFF];
            for (one, other) in faults.into_iter().flat_map(|one| faults.map(|other| (one, other))) {
                let mut text = [b'a'; 192];
                for (place, fault) in [(at, one), (at + 64, other)] {
                    text.iter_mut().skip(place).take(1).for_each(|to| *to = fault);
                }
                assert!(!is_utf8(&text), "{one:02x} and {other:02x} at {at}");
            }
        }
    }
}
