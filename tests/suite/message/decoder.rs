//! The rules of headers: every row of the table in the decoder's essay, in both roles, and each vector three times
//! (whole, byte by byte, with trailing bytes). What the decoder refuses, a connection refuses at the same byte.

use websocket_proto::close::CloseCode;
use websocket_proto::frame::{Decoder, FrameHeader, FramePart, Limits, Opcode};
use websocket_proto::{Config, Connection, Limit, ProtocolError, RecvBuffer, Violation};

use super::{BINARY, BINARY_MORE, CLOSE, KEY, LAST, MORE, PING, PONG, TEXT, TEXT_MORE, masked, plain};

/// What came out, with adjacent pieces of one payload joined.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Header(FrameHeader),
    Payload(Vec<u8>, bool),
}

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    parts: Vec<Part>,
    /// The error, and how many bytes had been handed in.
    error: Option<(ProtocolError, usize)>,
}

fn decode(mut decoder: Decoder, bytes: &[u8], piece_len: usize) -> Outcome {
    let mut parts = Vec::new();
    let mut done = 0;
    for piece in bytes.chunks(piece_len) {
        let mut piece = piece.to_vec();
        let mut input = piece.as_mut_slice();
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(part)) => join(&mut parts, part),
                Ok(None) => break,
                Err(error) => {
                    for _ in 0..20 {
                        assert_eq!(decoder.decode(&mut &mut [0x82][..]), Err(error), "an error is final");
                    }
                    return Outcome { parts, error: Some((error, done + piece_len.min(bytes.len()) - input.len())) };
                }
            }
        }
        assert!(input.is_empty(), "None means that all is used up");
        done += piece.len();
    }
    Outcome { parts, error: None }
}

fn join(parts: &mut Vec<Part>, part: FramePart<'_>) {
    match (parts.last_mut(), part) {
        (_, FramePart::Header(header)) => parts.push(Part::Header(header)),
        (Some(Part::Payload(joined, ended)), FramePart::Payload { bytes, ends_frame }) if !*ended => {
            assert!(!bytes.is_empty());
            joined.extend_from_slice(bytes);
            *ended = ends_frame;
        }
        (_, FramePart::Payload { bytes, ends_frame }) => {
            assert!(!bytes.is_empty());
            parts.push(Part::Payload(bytes.to_vec(), ends_frame));
        }
    }
}

/// The same frames from a client (masked, to a server's decoder) and from a server.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Client,
    Server,
}

impl Peer {
    const BOTH: [Self; 2] = [Self::Client, Self::Server];

    fn frame(self, first: u8, payload: &[u8]) -> Vec<u8> {
        match self {
            Self::Client => masked(first, payload),
            Self::Server => plain(first, payload),
        }
    }

    /// A header whose second byte and long length are given; the mask bit and the key are added for a client.
    fn header(self, first: u8, second: u8, length: &[u8]) -> Vec<u8> {
        match self {
            Self::Client => [&[first, second | 0x80], length, &KEY].concat(),
            Self::Server => [&[first, second], length].concat(),
        }
    }

    fn decoder(self, limits: Limits) -> Decoder {
        match self {
            Self::Client => Decoder::server(limits),
            Self::Server => Decoder::client(limits),
        }
    }
}

/// Both the decoder and a connection find `error` when the byte before `at` has come, however the bytes are cut, and
/// whatever follows.
fn refused(peer: Peer, bytes: &[u8], error: impl Into<ProtocolError>, at: usize) {
    let error = error.into();
    let with_trailing = [bytes, &[0xFF; 40]].concat();
    for (bytes, piece_len) in
        [(bytes, bytes.len()), (bytes, 1), (&with_trailing, with_trailing.len()), (&with_trailing, 1)]
    {
        let outcome = decode(peer.decoder(Limits::NONE), bytes, piece_len);
        assert_eq!(outcome.error, Some((error, at)), "{peer:?} sends {bytes:02x?} in pieces of {piece_len}");
        assert_eq!(connection_error(peer, bytes, piece_len), Some(error), "{peer:?} sends {bytes:02x?}");
    }
    assert_eq!(connection_error(peer, &bytes[..at], 1), Some(error), "{peer:?}: the byte {at} proves it");
    assert_eq!(connection_error(peer, &bytes[..at - 1], 1), None, "{peer:?}: no byte before {at} proves it");
}

fn connection_error(peer: Peer, bytes: &[u8], piece_len: usize) -> Option<ProtocolError> {
    match peer {
        Peer::Client => drain(Connection::server(Config::server()), bytes, piece_len),
        Peer::Server => drain(Connection::client(Config::client(), || KEY), bytes, piece_len),
    }
}

fn drain<R: websocket_proto::Role>(
    mut connection: Connection<R>,
    bytes: &[u8],
    piece_len: usize,
) -> Option<ProtocolError> {
    let mut rx = RecvBuffer::from([0; 4096]);
    for piece in bytes.chunks(piece_len) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        loop {
            match connection.receive(&mut rx) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Some(error),
            }
        }
    }
    None
}

/// The frames are decoded to their headers and payloads, however they are cut, and a frame that follows is not touched.
fn accepted(peer: Peer, frames: &[(u8, &[u8])]) {
    let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| peer.frame(*first, payload)).collect();
    let mask = matches!(peer, Peer::Client).then_some(KEY);
    let mut parts = Vec::new();
    for (first, payload) in frames {
        parts.push(Part::Header(FrameHeader {
            fin: first & 0x80 != 0,
            rsv: 0,
            opcode: Opcode::from_low_bits(*first),
            mask,
            payload_len: payload.len() as u64,
        }));
        if !payload.is_empty() {
            parts.push(Part::Payload(payload.to_vec(), true));
        }
    }
    let expected = Outcome { parts, error: None };
    for piece_len in [bytes.len(), 1, 2, 3, 5, 7, 64] {
        assert_eq!(decode(peer.decoder(Limits::NONE), &bytes, piece_len), expected, "in pieces of {piece_len}");
    }
    let trailing = [bytes.as_slice(), &[PING]].concat();
    assert_eq!(decode(peer.decoder(Limits::NONE), &trailing, trailing.len()), expected);
}

#[test]
fn what_is_legal_is_decoded() {
    for peer in Peer::BOTH {
        accepted(peer, &[(TEXT, b"Hello")]);
        accepted(peer, &[(BINARY, b"")]);
        accepted(peer, &[(TEXT_MORE, b"Hel"), (LAST, b"lo")]);
        accepted(peer, &[(BINARY_MORE, b""), (MORE, b""), (PING, b"now"), (MORE, b"x"), (PONG, b""), (LAST, b"")]);
        accepted(peer, &[(CLOSE, &[0x03, 0xE8]), (TEXT, b"the decoder goes on")]);
        accepted(peer, &[(PING, &[1; 125]), (BINARY, &[2; 126]), (BINARY, &[3; 300])]);
    }
}

#[test]
fn reserved_bits_are_refused_at_the_first_byte() {
    for peer in Peer::BOTH {
        for rsv in 1..8_u8 {
            for first in [TEXT, BINARY_MORE, PING, CLOSE] {
                refused(peer, &peer.frame(first | rsv << 4, b"x"), Violation::ReservedBits, 1);
            }
        }
    }
}

#[test]
fn reserved_opcodes_are_refused_at_the_first_byte() {
    for peer in Peer::BOTH {
        for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
            for fin in [0x80, 0] {
                let error = Violation::ReservedOpcode(Opcode::from_low_bits(opcode));
                refused(peer, &peer.frame(fin | opcode, b""), error, 1);
            }
        }
    }
}

#[test]
fn fragmented_control_frames_are_refused_at_the_first_byte() {
    for peer in Peer::BOTH {
        for first in [CLOSE, PING, PONG] {
            refused(peer, &peer.frame(first & 0x7F, b""), Violation::FragmentedControl, 1);
        }
    }
}

#[test]
fn a_continuation_needs_a_message() {
    for peer in Peer::BOTH {
        refused(peer, &peer.frame(LAST, b"x"), Violation::UnexpectedContinuation, 1);
        refused(peer, &peer.frame(MORE, b"x"), Violation::UnexpectedContinuation, 1);
        let after_message = [peer.frame(TEXT_MORE, b"a"), peer.frame(LAST, b"b"), peer.frame(LAST, b"c")].concat();
        let at = after_message.len() - peer.frame(LAST, b"c").len() + 1;
        refused(peer, &after_message, Violation::UnexpectedContinuation, at);
    }
}

#[test]
fn a_message_goes_on_before_another_begins() {
    for peer in Peer::BOTH {
        for (begun, begins) in
            [(TEXT_MORE, TEXT), (TEXT_MORE, BINARY_MORE), (BINARY_MORE, TEXT_MORE), (BINARY_MORE, BINARY)]
        {
            let start = [peer.frame(begun, b"a"), peer.frame(PING, b"")].concat();
            let bytes = [start.as_slice(), &peer.frame(begins, b"b")].concat();
            refused(peer, &bytes, Violation::ExpectedContinuation, start.len() + 1);
        }
    }
}

#[test]
fn each_role_refuses_the_mask_bit_of_its_own() {
    for first in [TEXT, BINARY_MORE, PING, CLOSE] {
        refused(Peer::Client, &plain(first, b""), Violation::UnmaskedFrame, 2);
        refused(Peer::Server, &masked(first, b""), Violation::MaskedFrame, 2);
    }
}

#[test]
fn control_frames_of_more_than_125_bytes_are_refused_at_the_second_byte() {
    for peer in Peer::BOTH {
        for first in [CLOSE, PING, PONG] {
            refused(peer, &peer.header(first, 126, &[0, 126]), Violation::ControlTooLong, 2);
            refused(peer, &peer.header(first, 127, &[0, 0, 0, 0, 0, 0, 0, 1]), Violation::ControlTooLong, 2);
        }
    }
}

#[test]
fn lengths_stand_in_their_shortest_form() {
    for peer in Peer::BOTH {
        for len in [0, 1, 125_u16] {
            refused(peer, &peer.header(BINARY, 126, &len.to_be_bytes()), Violation::LengthNotMinimal, 4);
        }
        for len in [0, 1, 125, 126, 0xFFFF_u64] {
            refused(peer, &peer.header(BINARY, 127, &len.to_be_bytes()), Violation::LengthNotMinimal, 10);
        }
    }
}

#[test]
fn lengths_have_63_bits() {
    for peer in Peer::BOTH {
        for len in [1 << 63, u64::MAX] {
            refused(peer, &peer.header(BINARY, 127, &len.to_be_bytes()), Violation::LengthTopBit, 10);
        }
    }
}

/// With several rules broken it is the earliest byte that decides, and among its rules the order of the table.
#[test]
fn the_earliest_byte_decides() {
    refused(Peer::Client, &[0xF3, 0x7E], Violation::ReservedBits, 1);
    refused(Peer::Client, &[0x08, 0x7E], Violation::FragmentedControl, 1);
    refused(Peer::Client, &[0x88, 0x7E], Violation::UnmaskedFrame, 2);
    refused(Peer::Server, &[0x88, 0xFE], Violation::MaskedFrame, 2);
}

/// The tutorial's three ways to say "one byte": a connection takes only the first.
#[test]
fn of_three_lengths_that_mean_one_a_connection_takes_the_first() {
    let client = Peer::Client;
    accepted(client, &[(TEXT, b"x")]);
    refused(client, &client.header(TEXT, 126, &[0, 1]), Violation::LengthNotMinimal, 4);
    refused(client, &client.header(TEXT, 127, &[0, 0, 0, 0, 0, 0, 0, 1]), Violation::LengthNotMinimal, 10);
    assert_eq!(Violation::LengthNotMinimal.close_code(), CloseCode::PROTOCOL_ERROR);
}

const SMALL: Limits = Limits { max_message_bytes: 10, max_frame_bytes: 6, max_fragments: 3, ..Limits::NONE };

fn limited(frames: &[(u8, usize)]) -> Option<ProtocolError> {
    let bytes: Vec<u8> = frames.iter().flat_map(|(first, len)| masked(*first, vec![b'x'; *len])).collect();
    let outcomes = [bytes.len(), 1].map(|piece_len| decode(Decoder::server(SMALL), &bytes, piece_len));
    assert_eq!(outcomes[0], outcomes[1]);
    outcomes[0].error.map(|(error, _)| error)
}

#[test]
fn limits_hold_to_the_byte() {
    assert_eq!(limited(&[(BINARY, 6)]), None);
    assert_eq!(limited(&[(BINARY, 7)]), Some(Limit::FrameTooBig.into()));
    assert_eq!(limited(&[(BINARY_MORE, 6), (LAST, 4)]), None);
    assert_eq!(limited(&[(BINARY_MORE, 6), (LAST, 5)]), Some(Limit::MessageTooBig.into()));
    assert_eq!(limited(&[(BINARY_MORE, 1), (MORE, 0), (LAST, 0)]), None);
    assert_eq!(limited(&[(BINARY_MORE, 1), (MORE, 0), (MORE, 0), (LAST, 0)]), Some(Limit::TooManyFragments.into()));
}

#[test]
fn limits_count_each_message_anew_and_control_frames_not_at_all() {
    let frames = [
        (BINARY_MORE, 6),
        (PING, 6),
        (MORE, 2),
        (PONG, 6),
        (LAST, 2),
        (TEXT_MORE, 5),
        (PING, 1),
        (MORE, 5),
        (LAST, 0),
        (TEXT, 6),
    ];
    assert_eq!(limited(&frames), None);
}

#[test]
fn a_limit_of_nothing_lets_nothing_through() {
    let none = Limits { max_message_bytes: 0, max_frame_bytes: 0, max_fragments: 0, ..Limits::NONE };
    let empty = Limits { max_fragments: 1, ..none };
    assert_eq!(decode(Decoder::server(empty), &masked(TEXT, b""), 1).error, None);
    assert_eq!(decode(Decoder::server(empty), &masked(TEXT, b"x"), 1).error, Some((Limit::FrameTooBig.into(), 2)));
    assert_eq!(decode(Decoder::server(none), &masked(TEXT, b""), 1).error, Some((Limit::TooManyFragments.into(), 1)));
    assert_eq!(decode(Decoder::server(none), &masked(PING, b""), 1).error, None);
}

#[test]
fn it_says_which_message_is_in_progress() {
    use websocket_proto::MessageKind;

    let mut decoder = Decoder::client(Limits::NONE);
    let mut after = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let mut input = bytes.as_mut_slice();
        while decoder.decode(&mut input).unwrap().is_some() {}
        decoder.message()
    };
    assert_eq!(after(&[]), None);
    assert_eq!(after(&plain(TEXT_MORE, "a")), Some(MessageKind::Text));
    assert_eq!(after(&plain(PING, "a")), Some(MessageKind::Text));
    assert_eq!(after(&plain(LAST, "")), None);
    assert_eq!(after(&[BINARY]), None);
    assert_eq!(after(&[1]), Some(MessageKind::Binary));
    assert_eq!(after(b"x"), None);
}

#[test]
fn payload_is_unmasked_where_it_lies() {
    let mut bytes = masked(TEXT, "Hello");
    let mut input = bytes.as_mut_slice();
    let mut decoder = Decoder::server(Limits::NONE);
    while decoder.decode(&mut input).unwrap().is_some() {}
    assert_eq!(&bytes[6..], b"Hello");
}
