//! Pieces of payload that are loaded, masked and stored as a whole.

#![expect(unsafe_code, reason = "reads and writes through pointers, as its contracts allow")]

/// A piece of payload in registers.
///
/// Registers that not every target has implement it in the file of their target.
pub(super) trait Block: Copy {
    /// How many bytes it holds: a power of two, four or more, so that every lane of four meets the same key.
    const BYTES: usize;

    /// The key, over and over.
    ///
    /// # Safety
    ///
    /// The CPU has the instruction set of `Self`.
    unsafe fn splat(key: [u8; 4]) -> Self;

    /// The bytes that stand at `from`, however it is aligned.
    ///
    /// # Safety
    ///
    /// * The CPU has the instruction set of `Self`.
    /// * [`BYTES`](Self::BYTES) bytes can be read from `from`.
    unsafe fn load(from: *const u8) -> Self;

    /// The bytes, masked with a key from [`splat`](Self::splat).
    ///
    /// # Safety
    ///
    /// The CPU has the instruction set of `Self`.
    unsafe fn masked(self, key: Self) -> Self;

    /// Puts the bytes at `to`, however it is aligned.
    ///
    /// # Safety
    ///
    /// * The CPU has the instruction set of `Self`.
    /// * [`BYTES`](Self::BYTES) bytes can be written to `to`.
    unsafe fn store(self, to: *mut u8);

    /// The bits that are set in either of the two.
    ///
    /// # Safety
    ///
    /// The CPU has the instruction set of `Self`.
    unsafe fn or(self, other: Self) -> Self;

    /// Whether the high bit of no byte is set.
    ///
    /// # Safety
    ///
    /// The CPU has the instruction set of `Self`.
    unsafe fn is_ascii(self) -> bool;
}

/// Four bytes.
impl Block for u32 {
    const BYTES: usize = 4;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        Self::from_ne_bytes(key)
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller lets us read four bytes, and `read_unaligned` asks for no alignment.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        self ^ key
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller lets us write four bytes, and `write_unaligned` asks for no alignment.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        self & 0x8080_8080 == 0
    }
}

/// Two blocks side by side, as one of twice the width.
#[derive(Clone, Copy)]
pub(super) struct Pair<B>(B, B);

impl<B: Block> Block for Pair<B> {
    const BYTES: usize = B::BYTES * 2;

    #[inline(always)]
    unsafe fn splat(key: [u8; 4]) -> Self {
        // SAFETY: `Self` needs the instruction set of `B`, and no other.
        let half = unsafe { B::splat(key) };
        Self(half, half)
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: as above; the caller lets us read twice `B::BYTES` bytes.
        unsafe { Self(B::load(from), B::load(from.add(B::BYTES))) }
    }

    #[inline(always)]
    unsafe fn masked(self, key: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(self.0.masked(key.0), self.1.masked(key.1)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as above; the caller lets us write twice `B::BYTES` bytes.
        unsafe {
            self.0.store(to);
            self.1.store(to.add(B::BYTES));
        }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(self.0.or(other.0), self.1.or(other.1)) }
    }

    #[inline(always)]
    unsafe fn is_ascii(self) -> bool {
        // SAFETY: as above.
        unsafe { self.0.or(self.1).is_ascii() }
    }
}
