//! Which kernel masks a payload.

#![expect(unsafe_code, reason = "passes on the span of its caller")]

#[cfg(target_arch = "x86_64")]
use super::x86_64::{Avx2, Avx512};
use super::{generic, portable};

/// Masks a payload of any length.
///
/// Up to 64 bytes it is a few instructions in the caller; what the CPU can do is asked only beyond that.
///
/// # Safety
///
/// `from` can be read and `to` can be written for `len` bytes, and the two are the same address or their bytes do not overlap.
#[inline(always)]
pub(super) unsafe fn mask(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    // SAFETY: the span is the caller's promise, the branch sees to the lengths.
    unsafe {
        if len <= generic::MAX_SHORT_BYTES {
            generic::short(to, from, len, key);
        } else {
            long(to, from, len, key);
        }
    }
}

/// Masks more than 64 bytes with the widest blocks that pay on this CPU.
///
/// # Safety
///
/// As [`mask`]; `len > 64`.
#[inline(never)]
unsafe fn long(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) {
    // SAFETY: the span and the length are the caller's promise.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::new() {
            return avx512.mask(to, from, len, key);
        } else if let Some(avx2) = Avx2::new() {
            return avx2.mask(to, from, len, key);
        }
        portable::mask(to, from, len, key);
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::super::rotate;
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    const PAGE: usize = 4096;
    const MAX_LEN: usize = 10 * PAGE;

    /// A kernel for more than 64 bytes; answers whether the CPU has it.
    type Kernel = unsafe fn(*mut u8, *const u8, usize, [u8; 4]) -> bool;

    // SAFETY: whoever calls one promises what the kernel in it demands.
    const KERNELS: &[Kernel] = &[
        |to, from, len, key| unsafe { (portable::mask(to, from, len, key), true).1 },
        #[cfg(target_arch = "x86_64")]
        |to, from, len, key| unsafe { Avx2::new().map(|avx2| avx2.mask(to, from, len, key)).is_some() },
        #[cfg(target_arch = "x86_64")]
        |to, from, len, key| unsafe { Avx512::new().map(|avx512| avx512.mask(to, from, len, key)).is_some() },
    ];

    #[repr(align(4096))]
    struct Pages([u8; MAX_LEN + 2 * PAGE]);

    struct Bench {
        to: Pages,
        from: Pages,
        plain: [u8; MAX_LEN],
        masked: [[u8; MAX_LEN]; 4],
    }

    impl Bench {
        /// The oracle is the definition: byte i of the payload meets byte i mod 4 of the key.
        fn new() -> Self {
            let plain: [u8; MAX_LEN] = core::array::from_fn(|i| (i * 31 + i / 251).to_le_bytes()[0]);
            let masked = [0, 1, 2, 3].map(|phase| core::array::from_fn(|i| plain[i] ^ KEY[(i + phase) % 4]));
            Self { to: Pages([0; _]), from: Pages([0; _]), plain, masked }
        }

        /// Every kernel, in place and from elsewhere: masks `len` bytes and touches none of the 64 before and behind.
        fn check(&mut self, at: usize, from_at: usize, len: usize, phase: usize) {
            let kernels = if len > generic::MAX_SHORT_BYTES { KERNELS } else { &KERNELS[..1] };
            for (kernel, in_place) in kernels.iter().flat_map(|kernel| [(kernel, true), (kernel, false)]) {
                self.to.0[at - 64..at + len + 64].fill(0xEE);
                let source = if in_place { &mut self.to.0[at..] } else { &mut self.from.0[from_at..] };
                source[..len].copy_from_slice(&self.plain[..len]);
                let to = self.to.0[at..at + len].as_mut_ptr();
                let from = if in_place { to.cast_const() } else { self.from.0[from_at..].as_ptr() };
                // SAFETY: `len` bytes at `at` can be written and the source read, which is the same or another array.
                unsafe {
                    match len {
                        0..=generic::MAX_SHORT_BYTES => generic::short(to, from, len, rotate(KEY, phase)),
                        _ if kernel(to, from, len, rotate(KEY, phase)) => {}
                        _ => continue,
                    }
                }
                assert!(self.to.0[at..at + len] == self.masked[phase][..len], "{len} bytes at {at}, phase {phase}");
                assert!(self.to.0[at - 64..at] == [0xEE; 64] && self.to.0[at + len..at + len + 64] == [0xEE; 64]);
            }
        }
    }

    #[test]
    fn every_kernel_equals_the_oracle() {
        let mut bench = Bench::new();
        for (len, align, phase) in (0..=512).flat_map(|len| (0..64 * 4).map(move |i| (len, i / 4, i % 4))) {
            bench.check(64 + align, len % 64, len, phase);
        }
        // Payloads that end around the end of a page, and long ones.
        for (len, end) in (257..=700).flat_map(|len| (0..=130).map(move |behind| (len, PAGE + behind))) {
            bench.check(end - len, len % 64, len, 1);
        }
        for i in 0..100 {
            bench.check(64 + i * 37 % 64, i * 5 % 64, i * 7919 % (MAX_LEN - 64), i % 4);
        }
    }
}
