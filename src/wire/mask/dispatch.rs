//! From slices to kernels: one branch on the length.

#![expect(unsafe_code, reason = "passes on the span of its caller")]

use super::generic;
use super::target::{self, Sixteen};
use super::task::Task;

/// Does its task on a payload of any length; tells what the task tells.
///
/// Up to 64 bytes it is a few instructions in the caller; only beyond that does it matter what the CPU can do.
///
/// # Safety
///
/// `from` can be read for `len` bytes. If the task masks, `to` can be written for as many, and the two are the same
/// address or their bytes do not overlap.
#[inline(always)]
pub(super) unsafe fn run<T: Task>(to: *mut u8, from: *const u8, len: usize, key: [u8; 4]) -> bool {
    // SAFETY: the span is the caller's promise, the branch sees to the lengths, and every CPU of this target has
    // `Sixteen`.
    unsafe {
        if len <= generic::MAX_SHORT_BYTES {
            generic::short::<T, Sixteen>(to, from, len, key)
        } else {
            target::long::<T>(to, from, len, key)
        }
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::super::task::{Look, Mask, MaskAndLook};
    use super::super::{generic::Kernel, portable, rotate};
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    const PAGE: usize = 4096;
    const MAX_LEN: usize = 10 * PAGE;

    #[repr(align(4096))]
    struct Pages([u8; MAX_LEN + 2 * PAGE]);

    struct Bench {
        to: Pages,
        from: Pages,
        plain: [u8; MAX_LEN],
        masked: [[u8; MAX_LEN]; 4],
    }

    /// Every kernel that does the task.
    fn kernels<T: Task>() -> impl Iterator<Item = (Kernel, Kernel)> {
        let portable = portable::kernels::<T>().map(|long| (generic::short::<T, portable::Sixteen> as Kernel, long));
        let of_target = target::kernels::<T>().map(|long| (generic::short::<T, Sixteen> as Kernel, long));
        portable.chain(of_target)
    }

    impl Bench {
        /// The oracle is the definition: byte i of the payload meets byte i mod 4 of the key.
        fn new(plain: [u8; MAX_LEN]) -> Self {
            let masked = [0, 1, 2, 3].map(|phase| core::array::from_fn(|i| plain[i] ^ KEY[(i + phase) % 4]));
            Self { to: Pages([0; _]), from: Pages([0; _]), plain, masked }
        }

        /// Every kernel, in place and from elsewhere: masks `len` bytes, touches none of the 64 before and behind, and
        /// tells about ASCII what `core` tells.
        fn check<T: Task>(&mut self, at: usize, from_at: usize, len: usize, phase: usize) {
            let kernels = kernels::<T>().map(|(short, long)| if len <= 64 { short } else { long });
            for (kernel, in_place) in kernels.flat_map(|kernel| [(kernel, true), (kernel, false)]) {
                self.to.0[at - 64..at + len + 64].fill(0xEE);
                let source = if in_place { &mut self.to.0[at..] } else { &mut self.from.0[from_at..] };
                source[..len].copy_from_slice(&self.plain[..len]);
                let to = self.to.0[at..at + len].as_mut_ptr();
                let from = if in_place { to.cast_const() } else { self.from.0[from_at..].as_ptr() };
                // SAFETY: `len` bytes at `at` can be written and the source read, which is the same or another array.
                let is_ascii = unsafe { kernel(to, from, len, rotate(KEY, phase)) };
                let expected = if T::MASKS { &self.masked[phase] } else { &self.plain };
                assert_eq!(is_ascii, !T::LOOKS || expected[..len].is_ascii(), "{len} bytes at {at}, phase {phase}");
                if T::MASKS || in_place {
                    assert!(self.to.0[at..at + len] == expected[..len], "{len} bytes at {at}, phase {phase}");
                } else {
                    assert!(self.to.0[at..at + len].iter().all(|byte| *byte == 0xEE), "{len} bytes at {at}");
                }
                assert!(self.to.0[at - 64..at] == [0xEE; 64] && self.to.0[at + len..at + len + 64] == [0xEE; 64]);
            }
        }
    }

    /// What the ordinary tests leave out: a prime, so that they see all lengths, alignments and phases none the less.
    const THIN: usize = 37;

    /// Every `step`-th of all lengths × alignments × phases.
    fn equals_the_oracle(step: usize) {
        let mut bench = Bench::new(core::array::from_fn(|i| (i * 31 + i / 251).to_le_bytes()[0]));
        let grid = (0..=512).flat_map(|len| (0..64 * 4).map(move |i| (len, i / 4, i % 4)));
        for (len, align, phase) in grid.step_by(step) {
            bench.check::<Mask>(64 + align, len % 64, len, phase);
            bench.check::<MaskAndLook>(64 + align, len % 64, len, phase);
        }
        // Payloads that end around the end of a page, and long ones.
        let ends = (257..=700).flat_map(|len| (0..=130).map(move |behind| (len, PAGE + behind)));
        for (len, end) in ends.step_by(step) {
            bench.check::<Mask>(end - len, len % 64, len, 1);
            bench.check::<MaskAndLook>(end - len, len % 64, len, 1);
        }
        for i in 0..100 {
            bench.check::<Mask>(64 + i * 37 % 64, i * 5 % 64, i * 7919 % (MAX_LEN - 64), i % 4);
            bench.check::<MaskAndLook>(64 + i * 37 % 64, i * 5 % 64, i * 7919 % (MAX_LEN - 64), i % 4);
        }
    }

    #[test]
    fn every_kernel_equals_the_oracle() {
        equals_the_oracle(THIN);
    }

    #[test]
    #[ignore = "long: the whole grid"]
    fn every_kernel_equals_the_oracle_everywhere() {
        equals_the_oracle(1);
    }

    /// ASCII of every length, as it is and with a byte that is not ASCII at every `step`-th place.
    fn sees_every_byte(step: usize) {
        let mut memory = Pages([0xEE; _]);
        let lens = (0..=300).chain([511, 512, 513, 1000]);
        for (len, spot) in lens.flat_map(|len| (0..=len).map(move |spot| (len, spot))).step_by(step) {
            let (at, key) = (len * 7 + spot, rotate(KEY, spot % 4));
            let text: [u8; 1000] = core::array::from_fn(|i| if i == spot { 0x80 } else { (i % 128).to_le_bytes()[0] });
            let masked: [u8; 1000] = core::array::from_fn(|i| text[i] ^ key[i % 4]);
            for ((short, long), bytes) in
                kernels::<MaskAndLook>().zip([&masked; 4]).chain(kernels::<Look>().zip([&text; 4]))
            {
                let kernel = if len <= 64 { short } else { long };
                let bytes_in_place = &mut memory.0[at..at + len];
                bytes_in_place.copy_from_slice(&bytes[..len]);
                let to = bytes_in_place.as_mut_ptr();
                // SAFETY: the slice has `len` bytes.
                let is_ascii = unsafe { kernel(to, to.cast_const(), len, key) };
                assert_eq!(is_ascii, spot == len, "{len} bytes at {at}, not ASCII at {spot}");
                assert!(memory.0[at..at + len] == text[..len], "{len} bytes at {at}");
            }
        }
    }

    #[test]
    fn every_kernel_sees_bytes_anywhere() {
        sees_every_byte(THIN);
    }

    #[test]
    #[ignore = "long: the whole grid"]
    fn every_kernel_sees_every_byte() {
        sees_every_byte(1);
    }
}
