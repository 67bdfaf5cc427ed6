//! Limits are kept for the message, whatever it is made of: rows L14 to L27, C12, C13, C16, C19.

use websocket_proto::{Config, Event, Limit, ProtocolError, RecvBuffer, Violation};

use super::{accepted, binary, both, ping, pong, refused, refused_after, text, thrice};
use crate::support::script::{Delivery, Script, Side};
use crate::support::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use crate::support::{KEY, client, server, unlimited};

/// The limit is one sum for the message, and the fragment that crosses it is refused at its header.
#[test]
fn cve_2026_42786_the_limit_is_for_the_message() {
    for side in Side::BOTH {
        let config = side.config().max_message_bytes(1000);
        let ten = |last: u8, more: &[u8]| {
            let mut stream = wire::frame(TEXT, &[b'x'; 100], side.peer_key());
            for _ in 0..8 {
                stream.extend(wire::frame(CONTINUATION, &[b'x'; 100], side.peer_key()));
            }
            stream.extend(wire::frame(last | CONTINUATION, &[b'x'; 100], side.peer_key()));
            stream.extend(more);
            stream
        };
        thrice(side, &config, &ten(FIN, b""), &accepted([text(&"x".repeat(1000))]));
        // A header with one byte too many, and none of its payload.
        thrice(side, &config, &ten(0, &wire::header(FIN, 1, wire::Form::Shortest, side.peer_key())), &refused(1009));
        thrice(side, &config, &ten(0, &wire::frame(FIN, b"", side.peer_key())), &accepted([text(&"x".repeat(1000))]));
    }
}

/// Fragments of any size and number never come to more than the limit.
#[test]
fn l15_small_frames_do_not_pass_the_limit() {
    for side in Side::BOTH {
        let config = side.config().max_message_bytes(64).max_frame_bytes(8);
        let mut stream = wire::frame(BINARY, &[1; 8], side.peer_key());
        for _ in 0..8 {
            stream.extend(wire::frame(CONTINUATION, &[1; 8], side.peer_key()));
        }
        thrice(side, &config, &stream, &refused(1009));
        thrice(side, &config, &wire::frame(FIN | BINARY, &[1; 9], side.peer_key()), &refused(1009));
    }
}

/// Empty fragments count, or they would go on for ever. (What they allocate: see `allocation`.)
#[test]
fn l18_empty_fragments() {
    for side in Side::BOTH {
        let config = side.config().max_fragments(100);
        let mut stream = wire::frame(TEXT, b"", side.peer_key());
        for _ in 0..98 {
            stream.extend(wire::frame(CONTINUATION, b"", side.peer_key()));
        }
        let whole = [&stream[..], &wire::frame(FIN | CONTINUATION, b"", side.peer_key())].concat();
        thrice(side, &config, &whole, &accepted([text("")]));
        stream.extend(wire::frame(CONTINUATION, b"", side.peer_key()));
        stream.push(FIN);
        thrice(side, &config, &stream, &refused(1008));
    }
}

/// A server counts by default, a client does not; neither refuses what honest peers send.
#[test]
fn l19_default_numbers_of_fragments() {
    for (side, is_refused) in [(Side::Server, true), (Side::Client, false)] {
        let mut stream = wire::frame(BINARY, b"", side.peer_key());
        stream.extend(wire::frame(CONTINUATION, b"", side.peer_key()).repeat(262_143));
        let transcript = super::feed(side, &side.config(), Delivery::Messages, &stream, &[stream.len()]);
        assert_eq!(transcript.error, None);
        stream.extend(wire::frame(CONTINUATION, b"", side.peer_key()));
        let transcript = super::feed(side, &side.config(), Delivery::Messages, &stream, &[stream.len()]);
        assert_eq!(transcript.close_code(), is_refused.then_some(1008));
    }
}

/// One-byte fragments without end are refused by number, on a server, long before by size.
#[test]
fn l20_one_byte_fragments_meet_the_number() {
    let config = Config::server().max_fragments(1000);
    let mut stream = wire::frame(BINARY, b"x", Some(KEY));
    stream.extend(wire::frame(CONTINUATION, b"x", Some(KEY)).repeat(1000));
    let transcript = super::feed(Side::Server, &config, Delivery::Messages, &stream, &[stream.len()]);
    assert_eq!(transcript.error, Some(Limit::TooManyFragments.into()));
}

/// A client has its limits too, on by default.
#[test]
fn cve_2026_47073_a_client_is_not_at_the_mercy_of_its_server() {
    let big = wire::header(FIN | BINARY, (16 << 20) + 1, wire::Form::Shortest, None);
    thrice(Side::Client, &Config::client(), &big, &refused(1009));
    let mut stream = wire::frame(BINARY, b"", None);
    stream.extend(wire::frame(CONTINUATION, &[0; 1000], None).repeat(20));
    thrice(Side::Client, &Config::client().max_message_bytes(19_999), &stream, &refused(1009));
}

/// The defaults are limits. Without them is only who says so.
#[test]
fn cve_2026_44545_limits_are_on_by_default() {
    for side in Side::BOTH {
        for (len, is_refused) in [(16 << 20, false), ((16 << 20) + 1, true)] {
            let header = wire::header(FIN | BINARY, len, wire::Form::Shortest, side.peer_key());
            for (config, is_refused) in [(side.config(), is_refused), (unlimited(side.config()), false)] {
                let mut memory = [0; 200];
                let rx = RecvBuffer::from(&mut memory[..]);
                let transcript = side.run(config, rx, Delivery::Chunks, &header, &[header.len()]);
                assert_eq!(transcript.close_code(), is_refused.then_some(1009));
            }
        }
    }
}

/// 125 bytes are taken whole, with nothing written behind them; the mask bit is looked at.
#[test]
fn l24_control_frames_of_125_bytes_and_the_mask_bit() {
    let payload: Vec<u8> = (0..125).collect();
    both(|key| wire::frame(FIN | PING, &payload, key), &accepted([ping(&payload)]));
    both(|key| wire::frame(FIN | PONG, &payload, key), &accepted([pong(&payload)]));
    let close = [&[0x03, 0xe8][..], &[b'r'; 123]].concat();
    both(|key| wire::frame(FIN | CLOSE, &close, key), &accepted([super::closed(1000, &"r".repeat(123))]));
    for first in [0x81, 0x82, 0x01, 0x88, 0x89, 0x8a] {
        for payload in [&b""[..], b"x"] {
            thrice(Side::Server, &Config::server(), &wire::frame(first, payload, None), &refused(1002));
            thrice(Side::Client, &Config::client(), &wire::frame(first, payload, Some(KEY)), &refused(1002));
        }
    }
}

/// A frame of no bytes ends at its header and takes nothing of the next.
#[test]
fn l25_empty_frames_take_nothing() {
    both(
        |key| [TEXT, BINARY, PING, PONG, TEXT].map(|opcode| wire::frame(FIN | opcode, b"", key)).concat(),
        &accepted([text(""), binary(b""), ping(b""), pong(b""), text("")]),
    );
    both(
        |key| {
            let first = wire::frame(TEXT, b"", key);
            [
                first,
                wire::frame(CONTINUATION, b"", key),
                wire::frame(FIN, b"", key),
                wire::frame(FIN | BINARY, b"x", key),
            ]
            .concat()
        },
        &accepted([text(""), binary(b"x")]),
    );
    both(|key| wire::frame(FIN | CLOSE, b"", key), &accepted([super::closed(1005, "")]));
}

/// Whoever calls again after an error gets the error again, and does not turn in a circle.
#[test]
fn l26_errors_stay() {
    let mut script = Script::new(server(Config::server()), RecvBuffer::from([0; 200]), Delivery::Messages);
    script.feed(&wire::header(FIN | BINARY, 17 << 20, wire::Form::Shortest, Some(KEY)));
    for _ in 0..10 {
        script.feed(&[0; 500]);
        assert_eq!(script.connection.receive(&mut script.rx), Err(ProtocolError::Limit(Limit::MessageTooBig)));
        assert!(script.rx.is_empty());
    }
    assert_eq!(script.finish().replies_told(), [(CLOSE, vec![0x03, 0xf1])]);
}

/// Text is refused at the first byte that cannot be right, long before its frame ends.
#[test]
fn c12_text_is_refused_at_the_first_wrong_byte() {
    let wrong: [&[u8]; 16] = [
        b"\xff",
        b"\xfe",
        b"\xc0",
        b"\xc1",
        b"\xf5",
        b"\x80",
        b"\xbf",
        b"\xe0\x80",
        b"\xe0\x9f",
        b"\xed\xa0",
        b"\xed\xbf",
        b"\xf0\x80",
        b"\xf0\x8f",
        b"\xf4\x90",
        b"\xc3\x28",
        b"\xf0\x9f\x98\x41",
    ];
    for side in Side::BOTH {
        for (wrong, before) in wrong.iter().flat_map(|wrong| ["", "a", "é", "12345678901234567"].map(|b| (wrong, b))) {
            // The frame claims a thousand bytes more.
            let mut stream = wire::header(FIN | TEXT, 1000, wire::Form::Shortest, side.peer_key());
            stream.extend(wire::xor(&[before.as_bytes(), wrong].concat(), side.peer_key()));
            thrice(side, &side.config(), &stream, &refused(1007));
            let (right, _) = stream.split_at(stream.len() - 1);
            let transcript = super::feed(side, &side.config(), Delivery::Messages, right, &[right.len()]);
            assert_eq!(transcript.error, None, "one byte before it is not wrong yet: {wrong:02x?}");
        }
        for incomplete in ["é", "€", "😀"] {
            for len in 1..incomplete.len() {
                let stream = wire::frame(FIN | TEXT, &incomplete.as_bytes()[..len], side.peer_key());
                thrice(side, &side.config(), &stream, &refused(1007));
            }
        }
    }
}

/// Every two bytes, and every three of some, as a text of their own and cut in every way: as the standard library
/// judges them.
#[test]
fn c12_text_is_what_the_standard_library_says() {
    let mut connection = client(Config::client());
    for bytes in (0..=u16::MAX).map(|word| [b'.', (word >> 8) as u8, word as u8]) {
        let mut rx = RecvBuffer::from([0; 16]);
        assert_eq!(rx.extend_from_slice(&[0x81, 3]), 2);
        let mut came = Ok(None);
        for byte in bytes {
            assert_eq!(rx.extend_from_slice(&[byte]), 1);
            came = connection.receive(&mut rx);
            if came != Ok(None) {
                break;
            }
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => assert_eq!(came, Ok(Some(Event::Text(text)))),
            Err(_) => {
                assert_eq!(came, Err(Violation::TextNotUtf8.into()));
                connection = client(Config::client());
            }
        }
    }
}

/// A stream of small frames in one read costs as much for the last as for the first: nothing is moved for each.
#[test]
fn c13_many_frames_in_one_read() {
    let mut connection = server(Config::server());
    let frame = wire::frame(FIN | BINARY, b"x", Some(KEY));
    let mut memory = vec![0; 1 << 18];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let stream = frame.repeat((1 << 18) / frame.len());
    assert_eq!(rx.extend_from_slice(&stream), stream.len());
    let mut last = 0;
    for _ in 0..stream.len() / frame.len() {
        let Ok(Some(Event::Binary(b"x"))) = connection.receive(&mut rx) else { panic!() };
        let unread = rx.unread().as_ptr() as usize;
        assert!(last == 0 || unread == last + frame.len(), "the unread bytes were moved");
        last = unread;
    }
    assert_eq!(connection.receive(&mut rx), Ok(None));
    assert!(rx.is_empty());
}

/// After the end nothing is held and nothing is waited for.
#[test]
fn c16_the_end_lets_go_of_everything() {
    let mut script = Script::new(server(Config::server()), RecvBuffer::from([0; 300]), Delivery::Messages);
    script.feed(&wire::frame(BINARY, &[1; 100], Some(KEY)));
    assert!(!script.rx.is_empty());
    script.feed(&wire::frame(FIN | CLOSE, b"", Some(KEY)));
    script.feed(&[0; 10]);
    assert!(script.rx.is_empty(), "the message that was not finished is dropped");
    assert_eq!(script.connection.transport(), websocket_proto::Transport::FlushThenClose);
    let ending = script.connection.handle_eof();
    assert!(ending.is_clean);
    assert_eq!(script.connection.poll_timeout(), None);
    assert_eq!(script.connection.transport(), websocket_proto::Transport::Closed);
}

/// The sum is kept whatever the sizes of the fragments: the last byte within the limit is taken, and the header that
/// announces one more is refused.
#[test]
fn l27_fragments_of_any_size_come_to_the_limit_and_no_further() {
    const LIMIT: usize = 60;
    for side in Side::BOTH {
        let config = side.config().max_message_bytes(LIMIT as u64);
        for size in [1, 2, 3, 7, 29, 59, 60] {
            let mut stream = wire::frame(BINARY, b"", side.peer_key());
            for len in (0..LIMIT).step_by(size).map(|from| size.min(LIMIT - from)) {
                stream.extend(wire::frame(CONTINUATION, &vec![7; len], side.peer_key()));
                stream.extend(wire::frame(FIN | PING, b"", side.peer_key()));
            }
            let pings = vec![ping(b""); LIMIT.div_ceil(size)];
            let last = [&stream[..], &wire::frame(FIN, b"", side.peer_key())].concat();
            thrice(side, &config, &last, &accepted([&pings[..], &[binary(&[7; LIMIT])]].concat()));
            stream.extend(wire::header(FIN, 1, wire::Form::Shortest, side.peer_key()));
            thrice(side, &config, &stream, &refused_after(pings, 1009));
        }
    }
}

/// All reserved bits with all opcodes, when no extension has given them a meaning: refused on the first byte.
#[test]
fn d10_reserved_bits_without_an_extension() {
    for rsv in 1..8 {
        for opcode in 0..16 {
            for fin in [0, FIN] {
                both(|_| vec![fin | rsv << 4 | opcode], &refused(1002));
                both(|key| [wire::frame(TEXT, b"", key), vec![fin | rsv << 4 | opcode]].concat(), &refused(1002));
            }
        }
    }
}

/// Reserved opcodes, data within a message, continuations of nothing: on the first byte.
#[test]
fn c19_opcodes_out_of_turn() {
    for side in Side::BOTH {
        for opcode in (3..8).chain(11..16) {
            for fin in [0, FIN] {
                thrice(side, &side.config(), &[fin | opcode], &refused(1002));
                let inside = [wire::frame(TEXT, b"a", side.peer_key()), vec![fin | opcode]].concat();
                thrice(side, &side.config(), &inside, &refused(1002));
            }
        }
        for fin in [0, FIN] {
            thrice(side, &side.config(), &[fin | CONTINUATION], &refused(1002));
            for opcode in [TEXT, BINARY] {
                let inside = [wire::frame(BINARY, b"", side.peer_key()), vec![fin | opcode]].concat();
                thrice(side, &side.config(), &inside, &refused(1002));
            }
        }
        let twice = [wire::frame(FIN | TEXT, b"a", side.peer_key()), vec![FIN | CONTINUATION]].concat();
        thrice(side, &side.config(), &twice, &refused_after([text("a")], 1002));
    }
}
