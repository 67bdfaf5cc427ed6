//! What a peer might send: streams that are right, nearly right, and not right at all.

use super::rng::Rng;
use super::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, Form, PING, PONG, TEXT};

/// Half are right and then mutated (a few of them not at all), a quarter has random headers, a quarter is noise.
pub(crate) fn hostile(rng: &mut Rng, is_masked: bool) -> Vec<u8> {
    match rng.below(8) {
        0 => valid(rng, is_masked),
        1..4 => mutated(rng, is_masked),
        4 | 5 => random_headers(rng, is_masked),
        6 => {
            let mut bytes = wire::frame(FIN | TEXT, b"noise", key(rng, is_masked));
            let len = rng.below(60);
            bytes.extend(rng.bytes(len));
            bytes
        }
        _ => {
            let len = rng.below(60);
            rng.bytes(len)
        }
    }
}

fn key(rng: &mut Rng, is_masked: bool) -> Option<[u8; 4]> {
    is_masked.then(|| rng.key())
}

/// Mostly small, often at a border of the length forms, rarely big.
fn some_len(rng: &mut Rng) -> usize {
    match rng.below(100) {
        0..10 => 0,
        10..75 => 1 + rng.below(20),
        75..90 => 120 + rng.below(20),
        90..99 => rng.below(1200),
        _ => 65_530 + rng.below(12),
    }
}

pub(crate) fn text(rng: &mut Rng, len: usize) -> String {
    let mut text = String::new();
    let is_ascii = rng.one_in(3);
    while text.len() < len {
        text.push(match rng.below(if is_ascii { 1 } else { 5 }) {
            0 => char::from(b' ' + (rng.byte() % 95)),
            1 => *rng.pick(&['\u{80}', 'é', '\u{7ff}']),
            2 => *rng.pick(&['\u{800}', '€', '\u{d7ff}', '\u{e000}', '\u{ffff}']),
            3 => *rng.pick(&['\u{10000}', '😀', '\u{10ffff}']),
            _ => *rng.pick(&['\0', 'a', '\u{7f}']),
        });
    }
    text
}

/// A stream without a fault: messages whole and in fragments, control frames anywhere, often a Close, sometimes noise
/// behind it.
pub(crate) fn valid(rng: &mut Rng, is_masked: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rng.below(6) {
        match rng.below(6) {
            0..2 => control(rng, is_masked, &mut bytes),
            _ => message(rng, is_masked, &mut bytes),
        }
    }
    if rng.one_in(3) {
        bytes.extend(wire::frame(FIN | CLOSE, &close_payload(rng), key(rng, is_masked)));
        if rng.one_in(3) {
            let len = rng.below(20);
            bytes.extend(rng.bytes(len));
        }
    }
    bytes
}

fn close_payload(rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(4) {
        return Vec::new();
    }
    let code = *rng.pick(&[1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999_u16]);
    let len = rng.below(100);
    [&code.to_be_bytes(), text(rng, len).as_bytes()].concat()
}

fn control(rng: &mut Rng, is_masked: bool, bytes: &mut Vec<u8>) {
    let len = *rng.pick(&[0, 1, 4, 10, 124, 125]);
    let payload = rng.bytes(len);
    bytes.extend(wire::frame(FIN | *rng.pick(&[PING, PONG]), &payload, key(rng, is_masked)));
}

fn message(rng: &mut Rng, is_masked: bool, bytes: &mut Vec<u8>) {
    let len = some_len(rng);
    let (opcode, payload) = match rng.one_in(3) {
        true => (BINARY, rng.bytes(len)),
        false => (TEXT, text(rng, len).into_bytes()),
    };
    if rng.one_in(2) {
        bytes.extend(wire::frame(FIN | opcode, &payload, key(rng, is_masked)));
        return;
    }
    let mut opcode = opcode;
    let mut rest = &payload[..];
    for _ in 0..rng.below(5) {
        let (now, later) = rest.split_at(rng.below(rest.len() + 1));
        bytes.extend(wire::frame(opcode, now, key(rng, is_masked)));
        (rest, opcode) = (later, CONTINUATION);
        if rng.one_in(4) {
            control(rng, is_masked, bytes);
        }
    }
    bytes.extend(wire::frame(FIN | opcode, rest, key(rng, is_masked)));
}

fn mutated(rng: &mut Rng, is_masked: bool) -> Vec<u8> {
    let mut bytes = valid(rng, is_masked);
    for _ in 0..=rng.below(2) {
        if bytes.is_empty() {
            break;
        }
        // Headers are where the rules are: half of the wounds go to the front.
        let reach = if rng.one_in(2) { bytes.len().min(24) } else { bytes.len() };
        let at = rng.below(reach);
        match rng.below(6) {
            0 | 1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at] = rng.byte(),
            3 => drop(bytes.remove(at)),
            4 => bytes.insert(at, *rng.pick(&[0, 1, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0xfe, 0xff])),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Headers that obey the grammar of §5.2 and no other rule, some with the payload they announce.
fn random_headers(rng: &mut Rng, is_masked: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=rng.below(5) {
        let rsv = if rng.one_in(12) { rng.byte() & 0x70 } else { 0 };
        let opcode = if rng.one_in(12) { rng.byte() & 0xf } else { *rng.pick(&[0, 0, 1, 1, 2, 8, 9, 10]) };
        let fin = if rng.one_in(3) && opcode < 8 { 0 } else { FIN };
        let form =
            *rng.pick(&[Form::Shortest, Form::Shortest, Form::Shortest, Form::Bits7, Form::Bits16, Form::Bits64]);
        let len = match rng.below(24) {
            0 => rng.next() >> rng.below(64),
            1 => *rng.pick(&[125, 126, 127, 128, 65_535, 65_536, 1 << 32, 1 << 62, 1 << 63, u64::MAX]),
            _ => rng.below(8) as u64,
        };
        let len = if form == Form::Bits7 { len % 126 } else { len };
        let is_masked = if rng.one_in(16) { !is_masked } else { is_masked };
        let key = key(rng, is_masked);
        bytes.extend(wire::header(fin | rsv | opcode, len, form, key));
        let payload = match (len <= 200, rng.below(4)) {
            (false, _) => rng.bytes(20),
            (true, 0) if opcode != 8 => rng.bytes(len as usize),
            (true, _) if opcode == 8 && len >= 2 => {
                let code = *rng.pick(&[1000, 1005, 999, 3000, 5000, 1004, 1015_u16]);
                [&code.to_be_bytes(), &vec![b'r'; len as usize - 2][..]].concat()
            }
            (true, _) => vec![b'x'; len as usize],
        };
        bytes.extend(wire::xor(&payload, key));
    }
    bytes
}
