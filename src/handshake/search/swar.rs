//! Eight bytes in a word, for processors that have no vectors, or none that we know of.
//!
//! A mark is the top bit of its byte. No sum here reaches beyond its own byte, so each mark is right by itself.

pub(super) const LEN: usize = 8;

const TOP: u64 = each(0x80);

/// Bytes, or marks.
#[derive(Clone, Copy)]
pub(super) struct Block(u64);

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

impl Block {
    #[inline(always)]
    pub(super) const fn load(bytes: &[u8; LEN]) -> Self {
        Self(u64::from_le_bytes(*bytes))
    }

    /// Marks bytes below `bound`, which is not 0, and 0x80 at most.
    #[inline(always)]
    pub(super) const fn below(self, bound: u8) -> Self {
        let reaches = (self.0 & !TOP).wrapping_add(each(0x80_u8.wrapping_sub(bound)));
        Self(!(reaches | self.0) & TOP)
    }

    /// Marks bytes that are `byte`.
    #[inline(always)]
    pub(super) const fn equal(self, byte: u8) -> Self {
        Self(self.0 ^ each(byte)).below(1)
    }

    /// Marks bytes that are no letter of ASCII.
    #[inline(always)]
    pub(super) const fn no_letter(self) -> Self {
        let seven = (self.0 | each(0x20)) & !TOP;
        let from_a = seven.wrapping_add(each(0x80 - b'a'));
        let behind_z = seven.wrapping_add(each(0x7f - b'z'));
        Self((!from_a | behind_z | self.0) & TOP)
    }

    #[inline(always)]
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline(always)]
    pub(super) const fn and_not(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline(always)]
    pub(super) const fn marks(self) -> Marks {
        self.0
    }
}

/// The marks of a block: one bit for each byte.
pub(super) type Marks = u64;

/// The place of the first mark; [`LEN`] when there is none.
#[inline(always)]
pub(super) const fn place(marks: Marks) -> usize {
    marks.trailing_zeros() as usize / 8
}
