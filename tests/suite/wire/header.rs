//! The two to fourteen bytes before each payload.

use websocket_proto::frame::{FrameHeader, MAX_HEADER_BYTES, Opcode, Parsed};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Each length at which the encoding changes, and its neighbours.
const LENGTHS: [u64; 19] = [
    0,
    1,
    2,
    124,
    125,
    126,
    127,
    128,
    255,
    256,
    0xFFFE,
    0xFFFF,
    0x1_0000,
    0x1_0001,
    u32::MAX as u64,
    1 << 32,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

const fn header(fin: bool, opcode: Opcode, mask: Option<[u8; 4]>, payload_len: u64) -> FrameHeader {
    FrameHeader { fin, rsv: 0, opcode, mask, payload_len }
}

fn complete(bytes: &[u8]) -> (FrameHeader, usize) {
    match FrameHeader::parse(bytes) {
        Parsed::Complete { header, encoded_len } => (header, encoded_len),
        Parsed::Partial => panic!("{bytes:02x?} is a whole header"),
    }
}

/// The three ways to say "one byte" that tutorials show. All are understood; only the first is the shortest.
#[test]
fn three_lengths_that_all_mean_one() {
    let vectors: [(&[u8], bool); 3] =
        [(&[0x81, 0x81], true), (&[0x81, 0xFE, 0, 1], false), (&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1], false)];
    for (start, is_shortest) in vectors {
        let bytes = [start, &KEY].concat();
        let (header, encoded_len) = complete(&bytes);
        assert_eq!((header.payload_len, header.mask, header.opcode), (1, Some(KEY), Opcode::TEXT));
        assert_eq!(encoded_len, bytes.len());
        assert_eq!(encoded_len == header.encoded_len(), is_shortest, "{start:02x?}");
        assert_eq!(header.emit().as_slice(), [&[0x81, 0x81][..], &KEY].concat());
    }
}

/// RFC 6455 §5.7, every example.
#[test]
fn the_rfcs_examples() {
    let examples: [(&[u8], FrameHeader); 8] = [
        (&[0x81, 0x05], header(true, Opcode::TEXT, None, 5)),
        (&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d], header(true, Opcode::TEXT, Some(KEY), 5)),
        (&[0x01, 0x03], header(false, Opcode::TEXT, None, 3)),
        (&[0x80, 0x02], header(true, Opcode::CONTINUATION, None, 2)),
        (&[0x89, 0x05], header(true, Opcode::PING, None, 5)),
        (&[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d], header(true, Opcode::PONG, Some(KEY), 5)),
        (&[0x82, 0x7E, 0x01, 0x00], header(true, Opcode::BINARY, None, 256)),
        (&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], header(true, Opcode::BINARY, None, 65_536)),
    ];
    for (bytes, expected) in examples {
        assert_eq!(complete(bytes), (expected, bytes.len()));
        assert_eq!(expected.emit().as_slice(), bytes);
    }
}

fn all_headers() -> impl Iterator<Item = FrameHeader> {
    let first_bytes = (0..16).flat_map(|opcode| (0..8).map(move |rsv| (Opcode::from_low_bits(opcode), rsv)));
    let with_fin = first_bytes.flat_map(|(opcode, rsv)| [(true, opcode, rsv), (false, opcode, rsv)]);
    with_fin.flat_map(|(fin, opcode, rsv)| {
        LENGTHS.into_iter().flat_map(move |payload_len| {
            [None, Some([0; 4]), Some(KEY)].map(|mask| FrameHeader { fin, rsv, opcode, mask, payload_len })
        })
    })
}

#[test]
fn what_is_emitted_is_parsed_back() {
    for header in all_headers() {
        let bytes = header.emit();
        assert_eq!(bytes.len(), header.encoded_len());
        assert!(bytes.len() <= MAX_HEADER_BYTES);
        assert_eq!(complete(&bytes), (header, bytes.len()));
        let with_payload = [bytes.as_slice(), &[0xAA; 20]].concat();
        assert_eq!(complete(&with_payload), (header, bytes.len()), "trailing bytes are not looked at");
    }
}

#[test]
fn every_truncation_is_partial() {
    for header in all_headers() {
        let bytes = header.emit();
        for cut in 0..bytes.len() {
            assert_eq!(FrameHeader::parse(&bytes[..cut]), Parsed::Partial, "{cut} bytes of {header:?}");
        }
    }
}

/// All 65,536 first two bytes, against a reading of the RFC's picture bit by bit.
#[test]
fn every_start_is_read_as_the_picture_says() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let bytes = [first, second, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
            let (header, encoded_len) = complete(&bytes);
            let bit = |number: u8| u8::from(first & number != 0);
            assert_eq!(header.fin, bit(0x80) == 1);
            assert_eq!(header.rsv, bit(0x40) * 4 + bit(0x20) * 2 + bit(0x10));
            assert_eq!(header.opcode.as_u8(), first % 16);
            let (length_bytes, payload_len) = match second % 128 {
                126 => (2, 0x0102),
                127 => (8, 0x0102_0304_0506_0708),
                short => (0, u64::from(short)),
            };
            assert_eq!(header.payload_len, payload_len);
            let key = second.ge(&128).then(|| [2, 3, 4, 5].map(|at| bytes[at + length_bytes]));
            assert_eq!(header.mask, key);
            assert_eq!(encoded_len, 2 + length_bytes + key.map_or(0, |key| key.len()));
        }
    }
}

/// The field holds eight bits; the wire has three.
#[test]
fn a_reserved_value_that_is_too_big_touches_no_other_field() {
    let header = FrameHeader { fin: false, rsv: 0xFF, opcode: Opcode::PING, mask: None, payload_len: 0 };
    assert_eq!(header.emit().as_slice(), [0x79, 0]);
}
