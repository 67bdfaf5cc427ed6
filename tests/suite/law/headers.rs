//! Small worlds that are looked at whole: every start of a header, every close code, every border of a length.

use super::Place;
use super::reference::compare;
use crate::support::model::{self, Limits};
use crate::support::script::{Delivery, Side};
use crate::support::wire::{self, BINARY, CLOSE, FIN, Form, TEXT};
use crate::support::{Sink, client, server, unlimited};
use websocket_proto::close::CloseCode;

/// A build that is not optimised looks at every fifth; 5 and 65,536 have no common factor, but every byte comes as a
/// first and as a second one.
const STEP: usize = if cfg!(debug_assertions) { 5 } else { 1 };

/// How the stream stands when the header comes.
const BEFORE: [&[u8]; 3] = [b"", b"text", b"binary"];

fn before(which: usize, key: Option<[u8; 4]>) -> Vec<u8> {
    match which {
        0 => Vec::new(),
        1 => wire::frame(TEXT, b"t\xc3", key),
        _ => wire::frame(BINARY, b"b", key),
    }
}

fn judge_both(side: Side, stream: &[u8], place: Place) {
    let verdict = model::judge(stream, side.is_server(), Limits::NONE);
    let delivery = Delivery::Chunks;
    let transcript = place.run(side, unlimited(side.config()), delivery, stream, &[stream.len()]);
    compare(&verdict, &transcript, delivery, stream);
}

#[test]
fn every_start_of_a_header() {
    for side in Side::BOTH {
        for (which, _) in BEFORE.iter().enumerate() {
            let before = before(which, side.peer_key());
            for start in (0..=u16::MAX).step_by(STEP) {
                let stream = [&before[..], &start.to_be_bytes()].concat();
                judge_both(side, &stream, Place::Fixed(200));
            }
        }
    }
}

/// The same with what a length, a key and a payload could be behind it.
#[test]
fn every_start_of_a_header_and_what_follows() {
    let tails: [&[u8]; 3] = [&[0; 16], &[0x7f; 16], b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"];
    for side in Side::BOTH {
        for (which, _) in BEFORE.iter().enumerate() {
            let before = before(which, side.peer_key());
            for start in (0..=u16::MAX).step_by(5 * STEP - 4) {
                for tail in tails {
                    let stream = [&before[..], &start.to_be_bytes(), tail].concat();
                    judge_both(side, &stream, Place::Fixed(200));
                }
            }
        }
    }
}

#[test]
fn every_close_code_received() {
    for side in Side::BOTH {
        for code in (0..=u16::MAX).step_by(STEP) {
            let stream = wire::frame(FIN | CLOSE, &code.to_be_bytes(), side.peer_key());
            judge_both(side, &stream, Place::Fixed(200));
        }
    }
}

#[test]
fn every_close_code_sent() {
    for code in 0..=u16::MAX {
        let (mut from_server, mut from_client) = (Sink::new(), Sink::new());
        let code = CloseCode::new(code);
        let sent = [
            server(Side::Server.config()).close(code, "r", &mut from_server).is_ok(),
            client(Side::Client.config()).close(code, "r", &mut from_client).is_ok(),
        ];
        let may = model::may_stand_on_the_wire(code.as_u16());
        assert_eq!((sent, code.is_sendable()), ([may; 2], may), "{code}");
        for bytes in [from_server.take(), from_client.take()] {
            let told = wire::read_frames(&bytes).first().map(wire::Frame::told);
            assert_eq!(told, may.then(|| (CLOSE, [&code.as_u16().to_be_bytes()[..], b"r"].concat())), "{code}");
        }
    }
}

/// Each length in each form that can hold it, for each opcode, and judged against the model.
#[test]
fn every_border_of_a_length() {
    let lens = [
        0,
        1,
        124,
        125,
        126,
        127,
        128,
        (1 << 16) - 1,
        1 << 16,
        (1 << 16) + 1,
        (1 << 32) - 1,
        1 << 32,
        (1 << 32) + 1,
        (1 << 32) + 5,
        (1 << 53) + 1,
        (1 << 62) - 1,
        1 << 62,
        (1 << 63) - 1,
        1 << 63,
        (1 << 63) + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    for side in Side::BOTH {
        for len in lens {
            for form in [Form::Bits7, Form::Bits16, Form::Bits64] {
                let fits = match form {
                    Form::Bits7 => len <= 125,
                    Form::Bits16 => len <= 0xffff,
                    _ => true,
                };
                for first in [0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x88, 0x89, 0x8a, 0x83] {
                    if !fits {
                        continue;
                    }
                    for (which, _) in BEFORE.iter().enumerate() {
                        let mut stream = before(which, side.peer_key());
                        stream.extend(wire::header(first, len, form, side.peer_key()));
                        judge_both(side, &stream, Place::Fixed(200));
                        stream.extend([0; 3]);
                        judge_both(side, &stream, Place::Fixed(200));
                    }
                }
            }
        }
    }
}

/// A whole message of each length at a border, through the connection's own encoder.
#[test]
fn every_border_of_a_length_sent() {
    for len in [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537] {
        let payload = vec![b'x'; len];
        let (mut from_server, mut from_client) = (Sink::new(), Sink::new());
        server(Side::Server.config()).send_binary(&payload, &mut from_server).unwrap();
        client(Side::Client.config()).send_binary(&payload, &mut from_client).unwrap();
        assert_eq!(from_server.take(), wire::frame(FIN | BINARY, &payload, None));
        assert_eq!(from_client.take(), wire::frame(FIN | BINARY, &payload, Some(crate::support::KEY)));
    }
}
