//! A declared length is believed: rows L1 to L13, C20.

use websocket_proto::{Config, RecvBuffer};

use super::{accepted, binary, both, ping, refused, refused_after, text, thrice};
use crate::support::script::{Delivery, Side};
use crate::support::wire::{self, BINARY, CONTINUATION, FIN, Form, PING, PONG, TEXT};
use crate::support::{KEY, unlimited};

/// A huge length and nothing behind it is waited for, or refused at its header. (What it allocates: see `allocation`.)
#[test]
fn cve_2022_35922_a_declared_length_is_not_believed() {
    let vector = [&[0x82, 0xff, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff][..], &KEY].concat();
    let unlimited = unlimited(Config::server());
    let mut rx = RecvBuffer::from([0; 64]);
    assert_eq!(rx.extend_from_slice(&vector), vector.len());
    let mut connection = crate::support::server(unlimited);
    assert_eq!(connection.receive_chunk(&mut rx), Ok(None), "in chunks it is as good as any other");
    assert!(rx.is_empty());
    thrice(Side::Server, &Config::server(), &vector, &refused(1009));
}

#[test]
fn l02_header_and_length_overflow() {
    let vector = [&[0x83][..], &[0xff; 9], &[0; 4]].concat();
    thrice(Side::Server, &unlimited(Config::server()), &vector, &refused(1002));
    for opcode in 0..16 {
        for top in [0x80, 0xc0, 0xff] {
            let mut vector = vec![FIN | opcode, 0xff, top];
            vector.extend([0xff; 7]);
            vector.extend([0; 4]);
            thrice(Side::Server, &unlimited(Config::server()), &vector, &refused(1002));
            vector[1] = 0x7f;
            thrice(Side::Client, &unlimited(Config::client()), &vector, &refused(1002));
        }
    }
}

#[test]
fn l03_index_and_length_overflow() {
    let vector = [&[0x0a][..], &[0xff; 9], &[0xeb, 0x0e, 0x8f]].concat();
    for side in Side::BOTH {
        thrice(side, &unlimited(side.config()), &vector, &refused(1002));
    }
}

#[test]
fn l04_length_of_all_ones() {
    for first in [0x01, 0x02, 0x81, 0x82] {
        both(|key| wire::header(first, u64::MAX, Form::Bits64, key), &refused(1002));
        both(|key| wire::header(first, 1 << 63, Form::Bits64, key), &refused(1002));
    }
}

/// A control frame between fragments does not renew what the limit grants.
#[test]
fn cve_2020_27813_a_control_frame_does_not_reset_the_limit() {
    const LIMIT: usize = 1000;
    for side in Side::BOTH {
        let config = side.config().max_message_bytes(LIMIT as u64);
        for control in [PING, PONG] {
            let start = |last: &[u8]| {
                [
                    wire::frame(BINARY, &[1; LIMIT - 1], side.peer_key()),
                    wire::frame(FIN | control, b"", side.peer_key()),
                    wire::frame(FIN | CONTINUATION, last, side.peer_key()),
                ]
                .concat()
            };
            let seen = if control == PING { ping(b"") } else { super::pong(b"") };
            let whole = [&[1; LIMIT - 1][..], &[2]].concat();
            thrice(side, &config, &start(&[2]), &accepted([seen.clone(), binary(&whole)]));
            thrice(side, &config, &start(&[2, 2]), &refused_after([seen], 1009));
        }
    }
    both(|key| wire::header(FIN | BINARY, i64::MIN as u64, Form::Bits64, key), &refused(1002));
}

/// The length with the top bit set ends at once: no loop waits for it.
#[test]
fn cve_2020_13935_a_length_with_the_top_bit_ends() {
    for len in [1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        both(|key| wire::header(FIN | TEXT, len, Form::Bits64, key), &refused(1002));
    }
}

#[test]
fn cve_2026_1528_a_client_checks_lengths_too() {
    for len in [(1 << 53) + 1, (1 << 62) + 1, (1 << 63) - 1] {
        let vector = wire::header(FIN | BINARY, len, Form::Bits64, None);
        thrice(Side::Client, &Config::client(), &vector, &refused(1009));
    }
}

/// With limits off nothing else changes.
#[test]
fn cve_2026_0716_no_limit_is_still_safe() {
    for len in [1 << 31, 1 << 32, (1 << 32) + 5, 1 << 53, 1 << 62, (1 << 63) - 1] {
        for side in Side::BOTH {
            let stream = [wire::header(FIN | BINARY, len, Form::Bits64, side.peer_key()), vec![0; 3]].concat();
            let transcript = super::feed(side, &unlimited(side.config()), Delivery::Chunks, &stream, &[stream.len()]);
            assert_eq!((transcript.error, transcript.events.len()), (None, 1));
        }
    }
}

#[test]
fn l10_no_length_is_negative() {
    both(|key| wire::header(FIN | BINARY, -1_i64 as u64, Form::Bits64, key), &refused(1002));
    for side in Side::BOTH {
        let vector = wire::header(FIN | BINARY, u64::from(u32::MAX), Form::Bits64, side.peer_key());
        thrice(side, &side.config(), &vector, &refused(1009));
    }
}

/// Close bodies of every length: 0 is fine, 1 is half a code, the rest has a code and a reason.
#[test]
fn l12_close_bodies_of_every_length() {
    for len in 0..=125 {
        let body: Vec<u8> = [0x03, 0xe8].into_iter().chain(std::iter::repeat(b'r')).take(len).collect();
        let outcome = match len {
            0 => accepted([super::closed(1005, "")]),
            1 => refused(1002),
            _ => accepted([super::closed(1000, &"r".repeat(len - 2))]),
        };
        both(|key| wire::frame(FIN | wire::CLOSE, &body, key), &outcome);
    }
    for len in [126, 127] {
        both(|key| wire::header(FIN | wire::CLOSE, len, Form::Bits16, key), &refused(1002));
    }
}

/// 2^32 + 5 is not 5: on a machine of 32 bits it is too big, nowhere is it a short frame and then another.
#[test]
fn l13_a_length_is_not_cut_to_32_bits() {
    for side in Side::BOTH {
        let mut stream = wire::header(FIN | BINARY, (1 << 32) + 5, Form::Bits64, side.peer_key());
        stream.extend(wire::xor(b"12345", side.peer_key()));
        stream.extend(wire::frame(FIN | PING, b"smuggled", side.peer_key()));
        let config = unlimited(side.config());
        let mut memory = [0; 200];
        let transcript =
            side.run(config.clone(), RecvBuffer::from(&mut memory[..]), Delivery::Messages, &stream, &[stream.len()]);
        assert_eq!((transcript.close_code(), transcript.events.len()), (Some(1009), 0));
        let transcript = super::feed(side, &config, Delivery::Chunks, &stream, &[stream.len()]);
        let is_smuggled = transcript.events.iter().any(|event| matches!(event, super::Seen::Ping(_)));
        assert!(!is_smuggled, "{transcript:?}");
        thrice(side, &side.config(), &stream, &refused(1009));
    }
}

/// Lengths that are longer than they need to be, at every border.
#[test]
fn c20_lengths_must_be_minimal() {
    for (len, form) in [(0, Form::Bits16), (5, Form::Bits16), (125, Form::Bits16)] {
        both(|key| wire::header(FIN | TEXT, len, form, key), &refused(1002));
    }
    for len in [0, 5, 125, 126, 127, 65_535] {
        both(|key| wire::header(FIN | TEXT, len, Form::Bits64, key), &refused(1002));
    }
    for len in [126, 127, 65_535, 65_536] {
        let payload = "x".repeat(len);
        both(|key| wire::frame(FIN | TEXT, payload.as_bytes(), key), &accepted([text(&payload)]));
    }
}
