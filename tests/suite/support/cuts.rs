//! Ways to cut a stream of bytes into reads.

use super::rng::Rng;

/// The lengths of the reads; 0 is a read of nothing.
pub(crate) type Cuts = Vec<usize>;

pub(crate) fn whole(len: usize) -> Cuts {
    vec![len]
}

pub(crate) fn bytewise(len: usize) -> Cuts {
    vec![1; len]
}

/// Reads of at most `max` bytes.
pub(crate) fn random(rng: &mut Rng, len: usize, max: usize, with_empty: bool) -> Cuts {
    let mut cuts = Vec::new();
    let mut left = len;
    while left > 0 {
        if with_empty && rng.one_in(2) {
            cuts.push(0);
        }
        let cut = (1 + rng.below(max)).min(left);
        cuts.push(cut);
        left -= cut;
    }
    cuts
}

/// The six ways in which every stream of the laws is cut, beside the whole.
pub(crate) fn six(rng: &mut Rng, len: usize) -> [Cuts; 6] {
    // Byte by byte is for streams that have few enough of them.
    let bytes = if len < 4096 { bytewise(len) } else { random(rng, len, 200, false) };
    let cut = rng.below(len + 1);
    [
        bytes,
        random(rng, len, 3, true),
        random(rng, len, 20, false),
        random(rng, len, 300, true),
        random(rng, len, len.max(1), false),
        vec![cut, len - cut],
    ]
}
