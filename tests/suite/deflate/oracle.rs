//! DEFLATE read slowly and strictly (RFC 1951): bit by bit, with every distance held against a window.

use std::collections::HashMap;
use std::sync::LazyLock;

/// From the length and the bits of a code to its symbol.
type Codes = HashMap<(u8, usize), usize>;

/// The codes of a block without codes of its own (RFC 1951 §3.2.6).
static FIXED: LazyLock<(Codes, Codes)> = LazyLock::new(|| {
    let literals = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
    (codes(&literals), codes(&[5; 32]))
});

/// What a stream of blocks gives, which must end where a block does. `Err` says what is wrong.
pub(crate) fn inflate(payload: &[u8], history: &mut Vec<u8>, window: usize) -> Result<Vec<u8>, String> {
    let mut bits = Bits { bytes: payload, at: 0 };
    let from = history.len();
    while bits.at < payload.len() * 8 {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, history)?,
            1 => coded(&mut bits, history, window, &FIXED.0, &FIXED.1)?,
            2 => {
                let (literals, distances) = tables(&mut bits)?;
                coded(&mut bits, history, window, &literals, &distances)?;
            }
            _ => return Err("a reserved type of block".into()),
        }
        if is_last {
            bits.align();
        }
    }
    Ok(history[from..].to_vec())
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<usize, String> {
        let mut value = 0;
        for index in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or("it ends within a block")?;
            value |= usize::from(byte >> (self.at % 8) & 1) << index;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn symbol(&mut self, codes: &Codes) -> Result<usize, String> {
        let mut code = 0;
        for len in 1..=15 {
            code = code << 1 | self.take(1)?;
            if let Some(symbol) = codes.get(&(len, code)) {
                return Ok(*symbol);
            }
            // Only sets of one code, or none, have bits that begin no code.
            if codes.len() < 2 {
                break;
            }
        }
        Err("no such code".into())
    }
}

/// The codes of these lengths, which have to be a prefix code without gaps (RFC 1951 §3.2.2): all others are refused, but
/// for a single code of one bit, where that `may_be_alone` (§3.2.7), and none at all.
fn checked(lengths: &[u8], may_be_alone: bool) -> Result<Codes, String> {
    let used = |len: u8| lengths.iter().filter(|other| **other == len).count();
    let room: usize = (1..=15).map(|len| used(len) << (15 - len)).sum();
    let count = lengths.iter().filter(|len| **len > 0).count();
    let is_alone = may_be_alone && count == 1 && used(1) == 1;
    if room == 1 << 15 || count == 0 || is_alone { Ok(codes(lengths)) } else { Err("no prefix code".into()) }
}

/// RFC 1951 §3.2.2.
fn codes(lengths: &[u8]) -> Codes {
    let mut next = 0;
    let mut codes = HashMap::new();
    for len in 1..=15 {
        next <<= 1;
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| **other == len) {
            codes.insert((len, next), symbol);
            next += 1;
        }
    }
    codes
}

fn stored(bits: &mut Bits<'_>, to: &mut Vec<u8>) -> Result<(), String> {
    bits.align();
    let len = bits.take(16)?;
    if bits.take(16)? != !len & 0xffff {
        return Err("a length that is not its complement".into());
    }
    for _ in 0..len {
        let byte = bits.take(8)?;
        to.push(byte as u8);
    }
    Ok(())
}

fn tables(bits: &mut Bits<'_>) -> Result<(Codes, Codes), String> {
    let (literals, distances, lengths) = (bits.take(5)? + 257, bits.take(5)? + 1, bits.take(4)? + 4);
    if literals > 286 || distances > 30 {
        return Err("too many codes".into());
    }
    let mut code_lengths = [0; 19];
    for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].into_iter().take(lengths) {
        code_lengths[place] = bits.take(3)? as u8;
    }
    let code_lengths = checked(&code_lengths, false)?;
    let mut all: Vec<u8> = Vec::new();
    while all.len() < literals + distances {
        let (value, count) = match bits.symbol(&code_lengths)? {
            16 => {
                let count = 3 + bits.take(2)?;
                (*all.last().ok_or("nothing to repeat")?, count)
            }
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            len => (len as u8, 1),
        };
        all.extend(std::iter::repeat_n(value, count));
        if all.len() > literals + distances {
            return Err("more lengths than codes".into());
        }
    }
    let distances = all.split_off(literals);
    if all[256] == 0 {
        return Err("a block without an end".into());
    }
    Ok((checked(&all, true)?, checked(&distances, true)?))
}

fn coded(
    bits: &mut Bits<'_>,
    to: &mut Vec<u8>,
    window: usize,
    literals: &Codes,
    distances: &Codes,
) -> Result<(), String> {
    loop {
        let symbol = bits.symbol(literals)?;
        match symbol {
            0..=255 => to.push(symbol as u8),
            256 => return Ok(()),
            286.. => return Err("a length that never occurs".into()),
            _ => {
                let (base, extra) = length(symbol - 257);
                let len = base + bits.take(extra)?;
                let symbol = bits.symbol(distances)?;
                if symbol >= 30 {
                    return Err("a distance that never occurs".into());
                }
                let extra = (symbol / 2).saturating_sub(1);
                let base = if symbol < 4 { symbol + 1 } else { ((2 + symbol % 2) << extra) + 1 };
                let distance = base + bits.take(extra)?;
                if distance > window || distance > to.len() {
                    return Err(format!("a distance of {distance}, where {} is allowed", window.min(to.len())));
                }
                for _ in 0..len {
                    to.push(to[to.len() - distance]);
                }
            }
        }
    }
}

/// The base and the extra bits of a length (RFC 1951 §3.2.5).
fn length(index: usize) -> (usize, usize) {
    match index {
        0..=7 => (3 + index, 0),
        28 => (258, 0),
        _ => {
            let extra = index / 4 - 1;
            (((4 + index % 4) << extra) + 3, extra)
        }
    }
}

#[test]
fn the_oracle_knows_the_examples_of_the_rfc() {
    // RFC 7692 §7.2.3: one block, none, two messages with one context, a stored block, a last block, two blocks.
    let tail = [0x00, 0x00, 0xff, 0xff];
    let hello = |payload: &[u8], history: &mut Vec<u8>| inflate(&[payload, &tail].concat(), history, 32_768);
    let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut history = Vec::new();
    assert_eq!(hello(&first, &mut history).unwrap(), b"Hello");
    assert_eq!(hello(&[0xf2, 0x00, 0x11, 0x00, 0x00], &mut history).unwrap(), b"Hello");
    assert!(hello(&[0xf2, 0x00, 0x11, 0x00, 0x00], &mut Vec::new()).unwrap_err().contains("distance"));
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    assert_eq!(hello(&stored, &mut Vec::new()).unwrap(), b"Hello");
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(hello(&last, &mut Vec::new()).unwrap(), b"Hello");
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(hello(&two, &mut Vec::new()).unwrap(), b"Hello");
    assert!(inflate(&first[..3], &mut Vec::new(), 32_768).is_err());
}
