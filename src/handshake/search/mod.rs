//! Looking through the bytes of a head, a block at a time.
//!
//! A head is short lines of text, and nearly all of reading it is looking for the byte at which something ends. So each
//! search takes a block, marks those of its bytes that it looks for with a few operations on all of them at once, and
//! takes the lowest mark.
//!
//! What a block is depends on the processor, and on nothing that is known only when the program runs: sixteen bytes
//! where SSE2 is a part of the architecture, eight in a word elsewhere. Both have the same few methods.

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod sse2;
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod swar;

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use sse2::{Block, LEN, Marks, place};
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use swar::{Block, LEN, Marks, place};

/// The place of the first byte that `marks` marks; the length when there is none.
#[inline(always)]
fn first(bytes: &[u8], marks: impl Fn(Block) -> Block) -> usize {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<LEN>() {
        let marks = marks(Block::load(block)).marks();
        if marks != 0 {
            return bytes.len().wrapping_sub(rest.len()).wrapping_add(place(marks));
        }
        rest = behind;
    }
    // The last block may overlap the one before, in which nothing is marked.
    let start = bytes.len().saturating_sub(LEN);
    let block = bytes.last_chunk().copied().unwrap_or_else(|| padded(bytes, 0));
    start.saturating_add(place(marks(Block::load(&block)).marks())).min(bytes.len())
}

/// Less than a block, and `filler` behind it.
#[cold]
fn padded(bytes: &[u8], filler: u8) -> [u8; LEN] {
    let mut block = [filler; LEN];
    block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    block
}

/// The place of the first `byte`; the length when there is none.
#[inline(always)]
pub(super) fn find(bytes: &[u8], byte: u8) -> usize {
    first(bytes, |block| block.equal(byte))
}

/// What stands before and behind the first `byte`.
#[inline]
pub(super) fn split_once(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, from) = bytes.split_at_checked(find(bytes, byte))?;
    Some((before, from.get(1..)?))
}

/// How many bytes at the front may stand in the value of a header: visible characters, spaces, tabs, and what is beyond
/// ASCII (RFC 9110 §5.5).
#[inline]
pub(super) fn text_len(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        let place = first(rest, |block| block.below(b' ').or(block.equal(0x7f)));
        rest = rest.get(place..).unwrap_or_default();
        match rest {
            [b'\t', behind @ ..] => rest = behind,
            _ => return bytes.len().wrapping_sub(rest.len()),
        }
    }
}

/// The places of all control characters but tabs, in order.
pub(super) struct Controls<'a> {
    rest: &'a [u8],
    /// How many bytes stand before `rest`.
    seen: usize,
    /// The marks in the block in hand that have not been given.
    marks: Marks,
}

impl<'a> Controls<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, seen: 0, marks: 0 }
    }

    #[inline(always)]
    fn load(&mut self, block: &[u8; LEN], behind: &'a [u8]) {
        let block = Block::load(block);
        self.marks = block.below(b' ').or(block.equal(0x7f)).and_not(block.equal(b'\t')).marks();
        self.rest = behind;
        self.seen = self.seen.wrapping_add(LEN);
    }
}

impl Iterator for Controls<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.marks == 0 {
            if let Some((block, behind)) = self.rest.split_first_chunk() {
                self.load(block, behind);
            } else if self.rest.is_empty() {
                return None;
            } else {
                // Zeros would be marked; letters are not.
                self.load(&padded(self.rest, b'a'), &[]);
            }
        }
        let place = place(self.marks);
        self.marks &= self.marks.wrapping_sub(1);
        Some(self.seen.wrapping_sub(LEN).wrapping_add(place))
    }
}

/// How many bytes at the front are visible characters, or beyond ASCII.
#[inline]
pub(super) fn visible_len(bytes: &[u8]) -> usize {
    first(bytes, |block| block.below(b'!').or(block.equal(0x7f)))
}

/// How many bytes at the front are letters, `-` or `_`: nearly all of nearly every token.
#[inline]
pub(super) fn word_len(bytes: &[u8]) -> usize {
    first(bytes, |block| block.no_letter().and_not(block.equal(b'-')).and_not(block.equal(b'_')))
}

#[cfg(test)]
mod tests {
    /// Each byte behind each number of others, with one behind it that could lend or borrow.
    macro_rules! agrees_with_plain_searches {
        ($name:ident, $block:ident) => {
            #[test]
            fn $name() {
                use super::$block::{Block, LEN, place};
                const NEXT: [u8; 8] = [0, 0x1f, 0x20, 0x21, 0x7e, 0x7f, 0x80, 0xff];
                for (byte, next) in (0..=u8::MAX).flat_map(|byte| NEXT.map(|next| (byte, next))) {
                    for at in 0..LEN {
                        let mut bytes = [b'a'; LEN];
                        bytes.iter_mut().skip(at).zip([byte, next]).for_each(|(place, byte)| *place = byte);
                        let plain = |is: &dyn Fn(u8) -> bool| bytes.iter().position(|byte| is(*byte)).unwrap_or(LEN);
                        let block = Block::load(&bytes);
                        assert_eq!(place(block.below(b' ').marks()), plain(&|byte| byte < b' '));
                        assert_eq!(place(block.equal(b'-').marks()), plain(&|byte| byte == b'-'));
                        assert_eq!(place(block.no_letter().marks()), plain(&|byte| !byte.is_ascii_alphabetic()));
                        let text = block.below(b'!').or(block.equal(0x7f));
                        assert_eq!(place(text.marks()), plain(&|byte| byte < b'!' || byte == 0x7f));
                        let word = block.no_letter().and_not(block.equal(b'-')).and_not(block.equal(b'_'));
                        let is_word = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_';
                        assert_eq!(place(word.marks()), plain(&|byte| !is_word(byte)));
                    }
                }
            }
        };
    }

    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    agrees_with_plain_searches!(sse2_agrees_with_plain_searches, sse2);
    agrees_with_plain_searches!(swar_agrees_with_plain_searches, swar);

    /// Every length around those of one and two blocks, every place in it, and nothing at all.
    #[test]
    fn the_ends_of_a_slice_are_seen() {
        for len in 0..50 {
            for place in 0..=len {
                let mut memory = [b'a'; 50];
                let bytes = memory.get_mut(..len).unwrap_or_default();
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = b'\n';
                }
                assert_eq!(super::text_len(bytes), place);
                assert_eq!(super::find(bytes, b'\n'), place);
                assert!(super::Controls::new(bytes).eq((place < len).then_some(place)));
            }
        }
        assert_eq!(super::text_len(b"\tab\t\t\x80cd\te\x7f"), 10);
    }

    #[test]
    fn every_control_character_is_found_once() {
        let bytes: [u8; 256] = core::array::from_fn(|place| u8::try_from(place).unwrap_or_default());
        let plain = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| matches!(byte, 0..=8 | 10..=31 | 127));
        assert!(super::Controls::new(&bytes).eq(plain));
    }
}
