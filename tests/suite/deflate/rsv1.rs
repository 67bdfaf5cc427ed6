//! Where the first reserved bit may stand (RFC 7692 §6): on the first frame of a message, where it was agreed on.

use websocket_proto::deflate::Params;
use websocket_proto::{Event, ProtocolError, RecvBuffer, Violation};

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
