//! Where the first reserved bit may stand (RFC 7692 §6): on the first frame of a message, where it was agreed on.

use websocket_proto::deflate::Params;
use websocket_proto::frame::{Decoder, FramePart, Limits};
use websocket_proto::{Event, Limit, ProtocolError, RecvBuffer, Violation};

use super::eager;
use crate::support::script::Side;
use crate::support::wire::{self, FIN};
use crate::support::{client, server};

/// What a connection makes of a first byte with no payload behind its header, within a message or not.
fn judged(side: Side, is_agreed: bool, is_within: bool, first: u8) -> Result<bool, ProtocolError> {
    let mut bytes = if is_within { wire::frame(wire::BINARY, b"a", side.peer_key()) } else { Vec::new() };
    bytes.extend(wire::header(first, 0, wire::Form::Shortest, side.peer_key()));
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(&bytes);
    match (side, is_agreed) {
        (Side::Server, false) => server(side.config()).receive(&mut rx).map(|event| event.is_some()),
        (Side::Client, false) => client(side.config()).receive(&mut rx).map(|event| event.is_some()),
        (Side::Server, true) => {
            let mut connection = server(side.config()).with_deflate(&Params::default(), &eager());
            connection.receive(&mut rx).map(|event| event.is_some())
        }
        (Side::Client, true) => {
            let mut connection = client(side.config()).with_deflate(&Params::default(), &eager());
            connection.receive(&mut rx).map(|event| event.is_some())
        }
    }
}

/// All reserved bits with all opcodes, with and without FIN, agreed or not, within a message or not.
#[test]
fn d10_every_first_byte() {
    for (side, first) in Side::BOTH.into_iter().flat_map(|side| (0..=255_u8).map(move |first| (side, first))) {
        for (is_agreed, is_within) in [(false, false), (false, true), (true, false), (true, true)] {
            let judged = judged(side, is_agreed, is_within, first);
            let (rsv, opcode) = (first & 0x70, first & 0xf);
            let is_begin = matches!(opcode, 1 | 2);
            let place = format!("{side:?} {first:#04x} agreed {is_agreed} within {is_within}: {judged:?}");
            if rsv != 0 && !(is_agreed && rsv == 0x40 && is_begin) {
                assert_eq!(judged, Err(Violation::ReservedBits.into()), "{place}");
                continue;
            }
            let without = self::judged(side, false, is_within, first & !0x70);
            assert_eq!(judged, without, "{place}");
        }
    }
}

/// What cannot be compressed gets longer by it, and every fragment has an end: so much more than it may have inflated, a
/// message may have on the wire, and its header is refused when it has more. Without compression it may have nothing more.
#[test]
fn a_compressed_message_may_be_longer_on_the_wire() {
    let beyond = |first: u8, len: u64, before: &[u8]| {
        let config = Side::Client.config().max_message_bytes(800);
        let mut connection = client(config).with_deflate(&Params::default(), &eager());
        let mut rx = RecvBuffer::new();
        let _ = rx.extend_from_slice(&[before, &wire::header(first, len, wire::Form::Shortest, None)].concat());
        connection.receive(&mut rx).map(|event| event.is_some())
    };
    let too_big = Err(Limit::MessageTooBig.into());
    let most = 800 + 800 / 8 + 1024;
    assert_eq!(beyond(FIN | super::RSV1 | wire::BINARY, most + 16, b""), Ok(false));
    assert_eq!(beyond(FIN | super::RSV1 | wire::BINARY, most + 17, b""), too_big);
    // Five bytes of a block that is stored as it is, of which 7 are to come.
    let fragment = wire::frame(super::RSV1 | wire::BINARY, &[0, 7, 0, 0xf8, 0xff], None);
    assert_eq!(beyond(FIN | wire::CONTINUATION, most + 32 - 5, &fragment), Ok(false));
    assert_eq!(beyond(FIN | wire::CONTINUATION, most + 33 - 5, &fragment), too_big);
    let plain = wire::frame(wire::BINARY, b"plain", None);
    assert_eq!(beyond(FIN | wire::CONTINUATION, 795, &plain), Ok(false));
    assert_eq!(beyond(FIN | wire::CONTINUATION, 796, &plain), too_big);
}

/// A decoder that is told of the agreement judges as a connection does, and gives payload as it came, so that what was
/// read can be written again.
#[test]
fn a_proxy_can_forward_compressed_frames() {
    for (side, first) in Side::BOTH.into_iter().flat_map(|side| (0..=255_u8).map(move |first| (side, first))) {
        for (is_agreed, is_within) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut bytes = if is_within { wire::frame(wire::BINARY, b"a", side.peer_key()) } else { Vec::new() };
            bytes.extend(wire::header(first, 0, wire::Form::Shortest, side.peer_key()));
            let decoded = forward(decoder(side, is_agreed), side, &bytes);
            // What a Close says, and what text and compressed payload are, is not the decoder's to judge.
            match judged(side, is_agreed, is_within, first) {
                Err(error) if error != Violation::CompressedData.into() => {
                    assert_eq!(decoded, Err(error), "{first:#04x}")
                }
                _ => assert_eq!(decoded, Ok(bytes), "{side:?} {first:#04x}"),
            }
        }
        let key = side.peer_key();
        let stream = [
            wire::frame(super::RSV1 | wire::TEXT, &[0xf2, 0x48], key),
            wire::frame(FIN | wire::PING, b"between", key),
            wire::frame(FIN | wire::CONTINUATION, &[0xcd, 0xc9, 0xc9, 0x07, 0x00], key),
            wire::frame(FIN | wire::BINARY, b"plain", key),
        ];
        assert_eq!(forward(decoder(side, true), side, &stream.concat()), Ok(stream.concat()));
        let wrong = [&stream[0][..], &wire::frame(FIN | super::RSV1 | wire::CONTINUATION, b"", key)].concat();
        assert_eq!(forward(decoder(side, true), side, &wrong), Err(Violation::ReservedBits.into()));
    }
}

fn decoder(side: Side, is_agreed: bool) -> Decoder {
    let decoder = if side.is_server() { Decoder::server(Limits::NONE) } else { Decoder::client(Limits::NONE) };
    if is_agreed { decoder.allow_compressed() } else { decoder }
}

/// Reads the frames of `bytes` one byte at a time, and writes them again.
fn forward(mut decoder: Decoder, side: Side, bytes: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    let (mut out, mut payload, mut header) = (Vec::new(), Vec::new(), None);
    for byte in bytes {
        let mut byte = [*byte];
        let mut input = &mut byte[..];
        while let Some(part) = decoder.decode(&mut input)? {
            let ends = match part {
                FramePart::Header(begun) => header.insert(begun).payload_len == 0,
                FramePart::Payload { bytes, ends_frame } => {
                    payload.extend_from_slice(bytes);
                    ends_frame
                }
            };
            if let Some(header) = header.filter(|_| ends) {
                let fin = if header.fin { FIN } else { 0 };
                let first = fin | header.rsv << 4 | header.opcode.as_u8();
                out.extend(wire::frame(first, &std::mem::take(&mut payload), side.peer_key()));
            }
        }
    }
    Ok(out)
}

/// Messages that are not compressed are borrowed where they were read, also where compression was agreed on.
#[test]
fn plain_messages_stay_where_they_are() {
    for (first, is_text) in [(FIN | wire::TEXT, true), (FIN | wire::BINARY, false)] {
        let mut connection = server(Side::Server.config()).with_deflate(&Params::default(), &eager());
        let mut memory = vec![0; 1000];
        let range = memory.as_ptr_range();
        let mut rx = RecvBuffer::from(&mut memory[..]);
        let _ = rx.extend_from_slice(&wire::frame(first, b"Hello", Some([1, 2, 3, 4])));
        let bytes = match connection.receive(&mut rx).unwrap() {
            Some(Event::Text(text)) if is_text => text.as_bytes(),
            Some(Event::Binary(bytes)) if !is_text => bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(bytes, b"Hello");
        assert!(range.contains(&bytes.as_ptr()), "it was copied");
    }
}
