//! Frame headers: reading undoes writing, writing undoes reading, and the rules against a second opinion.
//!
//! ```text
//! data   role, message in progress, limit (1)   cut (1)   header and more …
//! ```
//!
//! The second opinion is a judge that has all bytes before it and reads RFC 6455 §5 top to bottom; the decoder is fed
//! in two pieces.

use websocket_proto::ProtocolError;
use websocket_proto::frame::{Decoder, FrameHeader, FramePart, Limits, Opcode, Parsed};

pub fn run(data: &[u8]) {
    let [flags, cut, bytes @ ..] = data else { return };
    round_trip(bytes);
    judge(*flags, *cut, bytes);
}

fn round_trip(bytes: &[u8]) {
    let Parsed::Complete { header, encoded_len } = FrameHeader::parse(bytes) else {
        assert!(bytes.len() < 14, "no header has more than fourteen bytes");
        return;
    };
    assert!(naive(bytes) == Some((header, encoded_len)), "{header:?}");
    for len in 0..encoded_len {
        assert_eq!(FrameHeader::parse(&bytes[..len]), Parsed::Partial, "a part of it is a header too");
    }
    let written = header.emit();
    assert_eq!(written.len(), header.encoded_len());
    assert!(header.encoded_len() <= encoded_len);
    assert_eq!(FrameHeader::parse(&written), Parsed::Complete { header, encoded_len: written.len() });
    if header.encoded_len() == encoded_len {
        assert_eq!(written.as_slice(), &bytes[..encoded_len], "the shortest form is the only one");
    }
}

/// The header by the book; `None` when it is not whole.
fn naive(bytes: &[u8]) -> Option<(FrameHeader, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (payload_len, at) = match second & 0x7f {
        126 => (bytes.get(2..4)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 4),
        127 => (bytes.get(2..10)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 10),
        short => (u64::from(short), 2),
    };
    let (mask, end) = if second >= 0x80 { (Some(bytes.get(at..at + 4)?.try_into().ok()?), at + 4) } else { (None, at) };
    let opcode = Opcode::from_low_bits(first);
    Some((FrameHeader { fin: first >= 0x80, rsv: first >> 4 & 7, opcode, mask, payload_len }, end))
}

const LIMIT: u64 = 1000;

/// What the decoder says of one header, with or without a message in progress, against what it has to say.
fn judge(flags: u8, cut: u8, bytes: &[u8]) {
    let is_server = flags & 1 != 0;
    let is_within = flags & 2 != 0;
    let is_limited = flags & 4 != 0;
    let limits = if is_limited { Limits { max_message_bytes: LIMIT, ..Limits::NONE } } else { Limits::NONE };
    let mut decoder = if is_server { Decoder::server(limits) } else { Decoder::client(limits) };
    if is_within {
        let begin: &mut [u8] = if is_server { &mut [0x02, 0x80, 1, 2, 3, 4] } else { &mut [0x02, 0x00] };
        assert!(matches!(decode(&mut decoder, begin), Ok(Some(_))), "an empty first fragment");
    }
    let mut storage = [0; 14];
    let len = bytes.len().min(14);
    let header = &mut storage[..len];
    header.copy_from_slice(&bytes[..len]);
    let (first, second) = header.split_at_mut(usize::from(cut).min(len));
    let decoded = match decode(&mut decoder, first) {
        Ok(None) => decode(&mut decoder, second),
        decided => decided,
    };
    let allowance = if is_limited { LIMIT } else { u64::MAX };
    let expected = expected(&bytes[..len], is_server, is_within, allowance);
    match (decoded, expected) {
        (Ok(header), Ok(expected)) => assert_eq!(header, expected),
        (Err(error), Err(code)) => {
            assert_eq!(error.close_code().map(u16::from), Some(code), "{error}");
            assert_eq!(decode(&mut decoder, &mut [0; 4]), Err(error), "an error went away");
        }
        (decoded, expected) => panic!("{decoded:?} instead of {expected:?}"),
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &mut [u8]) -> Result<Option<FrameHeader>, ProtocolError> {
    Ok(decoder.decode(&mut bytes)?.map(|part| match part {
        FramePart::Header(header) => header,
        FramePart::Payload { .. } => panic!("payload before its header"),
    }))
}

/// The close code that a header deserves as soon as its bytes are there.
fn expected(bytes: &[u8], is_server: bool, is_within: bool, allowance: u64) -> Result<Option<FrameHeader>, u16> {
    let Some(first) = bytes.first() else { return Ok(None) };
    let (is_fin, opcode) = (first & 0x80 != 0, first & 0x0f);
    let is_wrong = match opcode {
        _ if first & 0x70 != 0 => true,
        0 => !is_within,
        1 | 2 => is_within,
        8..=10 => !is_fin,
        _ => true,
    };
    if is_wrong {
        return Err(1002);
    }
    let Some(second) = bytes.get(1) else { return Ok(None) };
    let is_control_len = opcode < 8 || second & 0x7f <= 125 && (opcode, second & 0x7f) != (8, 1);
    if (second & 0x80 != 0) != is_server || !is_control_len {
        return Err(1002);
    }
    // The length is judged before the key is there.
    let mut unmasked = [0; 10];
    let len = bytes.len().min(10);
    unmasked[..len].copy_from_slice(&bytes[..len]);
    unmasked[1] &= 0x7f;
    let Some((header, _)) = naive(&unmasked[..len]) else { return Ok(None) };
    let is_shortest = match second & 0x7f {
        126 => header.payload_len > 125,
        127 => header.payload_len > 0xffff,
        _ => true,
    };
    if !is_shortest || header.payload_len >> 63 != 0 {
        return Err(1002);
    }
    if opcode < 8 && header.payload_len > allowance {
        return Err(1009);
    }
    Ok(naive(bytes).map(|(header, _)| header))
}
