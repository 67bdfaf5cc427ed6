//! How a stream is cut into reads.

/// Reads of two lengths in turn. A length of 0 is a read of nothing; two of them are one read of everything.
///
/// Two bytes of a fuzzer's input say it, so a mutation that moves a cut is one that the fuzzer finds. Every cut into two
/// pieces, every stream byte by byte, and every long run of small reads is among them.
#[derive(Clone, Copy, Debug)]
pub struct Cuts {
    next: u8,
    after: u8,
}

impl Cuts {
    pub const WHOLE: Self = Self { next: 0, after: 0 };

    pub const fn new(first: u8, second: u8) -> Self {
        Self { next: first, after: second }
    }

    /// The next read of what is left of the stream, and what is left behind it.
    pub fn split<'a>(&mut self, left: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        if self.next == 0 && self.after == 0 {
            return (left, &[]);
        }
        let len = usize::from(self.next).min(left.len());
        std::mem::swap(&mut self.next, &mut self.after);
        left.split_at(len)
    }
}
