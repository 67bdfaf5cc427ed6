//! From the peer to the caller.

use websocket_proto::State;
use websocket_proto::close::CloseCode;
use websocket_proto::{Config, Misuse, ProtocolError, RecvBuffer, Transport, Violation};
#[cfg(feature = "alloc")]
use websocket_proto::{Connection, Event};

use super::world::{Seen, client, frames, server, three_ways};
use crate::message::{BINARY, BINARY_MORE, CLOSE, LAST, MORE, PING, PONG, TEXT, TEXT_MORE, closing, masked, plain};

fn server_gets(bytes: &[u8], expected: &[Seen]) -> Vec<u8> {
    three_ways(|| server(Config::server()), bytes, expected)
}

fn client_gets(bytes: &[u8], expected: &[Seen]) -> Vec<u8> {
    three_ways(|| client(Config::client()), bytes, expected)
}

/// RFC 6455 §5.7.
#[test]
fn the_rfcs_examples() {
    let hello = [Seen::text("Hello")];
    client_gets(b"\x81\x05Hello", &hello);
    server_gets(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", &hello);
    client_gets(b"\x01\x03Hel\x80\x02lo", &hello);
    let owed = client_gets(b"\x89\x05Hello", &[Seen::Ping(b"Hello".into())]);
    assert_eq!(owed, b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    server_gets(&owed, &[Seen::Pong(b"Hello".into())]);
    client_gets(&plain(BINARY, [7; 256]), &[Seen::Binary(vec![7; 256])]);
    client_gets(&[b"\x82\x7e\x01\x00".as_slice(), &[7; 256]].concat(), &[Seen::Binary(vec![7; 256])]);
}

#[test]
fn messages_of_every_encoding_of_the_length() {
    for len in [0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 1_000, 8_000] {
        let payload: Vec<u8> = (0..len).map(|at: usize| at as u8).collect();
        server_gets(&masked(BINARY, &payload), &[Seen::Binary(payload.clone())]);
        client_gets(&plain(BINARY, &payload), &[Seen::Binary(payload)]);
    }
}

#[test]
fn fragments_become_one_message() {
    let bytes = [
        masked(TEXT_MORE, "one "),
        masked(MORE, ""),
        masked(PING, "between"),
        masked(MORE, "two "),
        masked(PONG, ""),
        masked(LAST, "three"),
        masked(TEXT, "next"),
    ];
    let expected = [Seen::Ping(b"between".into()), Seen::Pong(vec![]), Seen::text("one two three"), Seen::text("next")];
    assert_eq!(frames(&server_gets(&bytes.concat(), &expected)), ["pong between"]);
}

#[test]
fn text_may_be_cut_anywhere() {
    let text = "κόσμε ✓ 𐍈";
    for cut in 0..=text.len() {
        let (one, other) = text.as_bytes().split_at(cut);
        let bytes = [masked(TEXT_MORE, one), masked(PING, ""), masked(LAST, other)].concat();
        server_gets(&bytes, &[Seen::Ping(vec![]), Seen::text(text)]);
    }
}

/// Whatever is wrong with it: the error comes with the byte that proves it, then one Close, then silence.
#[test]
fn text_fails_at_the_first_impossible_byte() {
    let samples: [(&[u8], usize); 6] = [
        (b"ok\x80", 2),
        (b"ok\xe2\x28\xa1", 3),
        (b"\xed\xa0\x80", 1),
        (b"\xf4\x90\x80\x80", 1),
        (b"\xc0\xaf", 0),
        (b"abc\xff", 3),
    ];
    for (text, at) in samples {
        let bytes = masked(TEXT, [text, b" and much more of it".as_slice()].concat());
        let proof = 6 + at + 1;
        assert_eq!(server(Config::server()).get(&bytes[..proof - 1]), []);
        assert_eq!(server(Config::server()).get(&bytes[..proof]), [Violation::TextNotUtf8.into()]);
        assert_eq!(frames(&server_gets(&bytes, &[Violation::TextNotUtf8.into()])), ["close 1007 \"\""]);
        let fragments = [masked(TEXT_MORE, &text[..at]), masked(LAST, &text[at..])].concat();
        server_gets(&fragments, &[Violation::TextNotUtf8.into()]);
    }
}

/// Text that is unmasked and validated in several steps, however much of it each read brings.
#[cfg(feature = "alloc")]
#[test]
fn long_text_is_text_wherever_it_is_cut() {
    /// What the server makes of `bytes`, and how many it was given before it said so.
    fn get(bytes: &[u8], read_len: usize) -> (Result<String, ProtocolError>, usize) {
        let (mut connection, mut rx) = (Connection::server(Config::server()), RecvBuffer::new());
        let mut given = 0;
        for read in bytes.chunks(read_len) {
            let mut rest = read;
            while !rest.is_empty() {
                let spare = rx.spare_mut();
                let count = spare.len().min(rest.len());
                spare[..count].copy_from_slice(&rest[..count]);
                rx.filled(count);
                rest = &rest[count..];
                given += count;
                match connection.receive(&mut rx) {
                    Ok(None) => {}
                    Ok(Some(Event::Text(text))) => return (Ok(text.into()), given),
                    Ok(Some(other)) => panic!("{other:?}"),
                    Err(error) => return (Err(error), given),
                }
            }
        }
        panic!("nothing came of {} bytes", bytes.len());
    }

    const HEADER: usize = 8;
    for (before, characters) in [(0, "plain "), (1, "é"), (2, "漢字"), (3, "mostly plain 😀 "), (20_000, "漢")] {
        let text = "x".repeat(before) + &characters.repeat(40_000 / characters.len());
        let (one, other) = text.as_bytes().split_at(17_001);
        for read_len in [1, 1000, 4099, 16_391, 60_000] {
            let bytes = masked(TEXT, &text);
            assert!(get(&bytes, read_len) == (Ok(text.clone()), bytes.len()), "{characters} by {read_len}");
            let bytes = [masked(TEXT_MORE, one), masked(LAST, other)].concat();
            assert!(get(&bytes, read_len) == (Ok(text.clone()), bytes.len()), "{characters} by {read_len}");
            for at in [9_999, 16_383, 16_384, 16_385, 32_769, text.len() - 1] {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = 0xFF;
                let (error, given) = get(&masked(TEXT, &wrong), read_len);
                assert_eq!(error, Err(Violation::TextNotUtf8.into()), "{characters} by {read_len}, wrong at {at}");
                assert!(read_len > 1 || given == HEADER + at + 1, "{characters}, wrong at {at}: {given} bytes");
            }
        }
    }
}

/// A frame that one read has brought, and that is unmasked and validated in several steps none the less.
#[test]
fn long_text_in_one_read_is_text() {
    fn get(bytes: &[u8], is_server: bool) -> Result<usize, ProtocolError> {
        let mut memory = vec![0; 70_000];
        let mut rx = RecvBuffer::from(memory.as_mut_slice());
        assert_eq!(rx.extend_from_slice(bytes), bytes.len());
        let event = match is_server {
            true => server(Config::server()).connection.receive(&mut rx),
            false => client(Config::client()).connection.receive(&mut rx),
        };
        match event? {
            Some(websocket_proto::Event::Text(text)) => Ok(text.chars().count()),
            other => panic!("{other:?}"),
        }
    }
    for (len, is_server) in [16_384, 16_385, 40_000, 65_535].into_iter().flat_map(|len| [(len, true), (len, false)]) {
        let check = |at: usize, piece: &[u8], expected| {
            let mut text = vec![b'a'; len];
            text[at..at + piece.len()].copy_from_slice(piece);
            let frame = if is_server { masked(TEXT, &text) } else { plain(TEXT, &text) };
            assert_eq!(get(&frame, is_server), expected, "{len} bytes, {piece:x?} at {at}");
        };
        check(0, b"", Ok(len));
        for at in [0, 16_380, 16_381, len - 3] {
            check(at, "\u{20ac}".as_bytes(), Ok(len - 2));
        }
        let error = Err(Violation::TextNotUtf8.into());
        for at in [0, 16_383, len - 1] {
            check(at, b"\xff", error);
        }
        check(len - 2, b"\xe2\x82", error);
    }
}

#[test]
fn text_that_ends_within_a_character_fails_when_it_ends() {
    for end in [&b"\xe2"[..], b"\xe2\x82", b"\xf0\x9f\x98", b"\xc3"] {
        let text = [b"ok".as_slice(), end].concat();
        server_gets(&masked(TEXT, &text), &[Violation::TextNotUtf8.into()]);
        server_gets(&[masked(TEXT_MORE, &text), masked(LAST, "")].concat(), &[Violation::TextNotUtf8.into()]);
        assert_eq!(server(Config::server()).get(&masked(TEXT_MORE, &text)), []);
    }
}

#[test]
fn binary_need_not_be_text() {
    server_gets(&masked(BINARY, b"\xff\xfe\x80"), &[Seen::Binary(b"\xff\xfe\x80".into())]);
}

#[test]
fn a_close_is_reported_with_what_it_says() {
    assert_eq!(frames(&server_gets(&masked(CLOSE, ""), &[Seen::close(1005, "")])), ["close"]);
    assert_eq!(frames(&server_gets(&masked(CLOSE, closing(1000, "")), &[Seen::close(1000, "")])), ["close 1000 \"\""]);
    let reason = "x".repeat(123);
    let owed = client_gets(&plain(CLOSE, closing(4999, &reason)), &[Seen::close(4999, &reason)]);
    assert_eq!(frames(&owed), ["close 4999 \"\""]);
}

#[test]
fn a_close_that_is_wrong_is_a_violation() {
    let cases = [
        (vec![0x03], Violation::CloseTruncated, 1002),
        (closing(999, ""), Violation::CloseCode(CloseCode::new(999)), 1002),
        (closing(1005, "x"), Violation::CloseCode(CloseCode::NO_STATUS), 1002),
        (closing(5000, ""), Violation::CloseCode(CloseCode::new(5000)), 1002),
        (vec![0x03, 0xE8, 0xC3], Violation::CloseReasonNotUtf8, 1007),
    ];
    for (payload, violation, code) in cases {
        let owed = server_gets(&masked(CLOSE, payload), &[violation.into()]);
        assert_eq!(frames(&owed), [format!("close {code} \"\"")]);
    }
}

#[test]
fn a_close_that_announces_half_a_code_is_refused_before_that_half_has_come() {
    server_gets(&masked(CLOSE, "x")[..2], &[Violation::CloseTruncated.into()]);
    client_gets(&plain(CLOSE, "x")[..2], &[Violation::CloseTruncated.into()]);
}

#[test]
fn after_a_failure_it_repeats_the_error_owes_one_close_and_hears_nothing() {
    let mut server = server(Config::server());
    let error = ProtocolError::from(Violation::UnmaskedFrame);
    assert_eq!(server.get(&plain(TEXT, "x")), [error.into()]);
    assert_eq!((server.connection.state(), server.connection.transport()), (State::Failing, Transport::Open));
    assert!(server.rx.spare_mut().len() == 8192 || server.rx.unread().len() < 8192);

    assert_eq!(server.get(&masked(TEXT, "lost")), [error.into()]);
    assert!(server.rx.is_empty(), "what comes after a failure is dropped");
    assert_eq!(frames(&server.owed()), ["close 1002 \"\""]);
    assert_eq!((server.connection.state(), server.connection.transport()), (State::Failed, Transport::FlushThenClose));

    assert_eq!(server.get(&masked(CLOSE, "")), [error.into()]);
    assert_eq!(server.get(&[]), [error.into()]);
    assert_eq!(server.owed(), []);
    assert_eq!(server.text("late"), Err(Misuse::Closed.into()));
    assert_eq!(server.close(1000, ""), Err(Misuse::Closed.into()));
    assert_eq!(server.eof(), (1006, false));
    assert_eq!(server.get(&[]), [error.into()]);
}

#[test]
fn what_came_before_a_failure_is_delivered_and_answered() {
    let bytes = [masked(TEXT, "one"), masked(PING, "p"), plain(TEXT, "two")].concat();
    let expected = [Seen::text("one"), Seen::Ping(b"p".into()), Violation::UnmaskedFrame.into()];
    assert_eq!(frames(&server_gets(&bytes, &expected)), ["pong p", "close 1002 \"\""]);
}

#[test]
fn everything_behind_the_peers_close_is_ignored() {
    let bytes =
        [masked(TEXT, "one"), masked(CLOSE, closing(1001, "bye")), masked(PING, "late"), vec![0xFF; 30]].concat();
    let mut server = server(Config::server());
    assert_eq!(server.get(&bytes), [Seen::text("one"), Seen::close(1001, "bye")]);
    assert!(server.rx.is_empty());
    assert_eq!(server.get(&masked(TEXT, "late")), []);
    assert_eq!(frames(&server.owed()), ["close 1001 \"\""]);
    assert_eq!(server.get(&[0xFF; 30]), []);
    assert!(server.rx.is_empty());
    assert_eq!(server.owed(), []);
}

#[test]
fn an_event_can_be_answered_while_it_lives() {
    let mut server = server(Config::server());
    let _ = server.rx.extend_from_slice(&masked(TEXT, "echo"));
    let Ok(Some(websocket_proto::Event::Text(text))) = server.connection.receive(&mut server.rx) else { panic!() };
    server.connection.send_text(text, &mut server.tx).unwrap();
    assert_eq!(server.tx.take(), plain(TEXT, "echo"));
}

#[test]
fn a_buffer_that_does_not_hold_the_message_in_progress_is_noticed() {
    let mut server = server(Config::server());
    let message = [masked(TEXT_MORE, "half"), masked(LAST, " and half")].concat();
    assert_eq!(server.get(&message[..14]), []);
    let mut other = RecvBuffer::from([0; 256]);
    let _ = other.extend_from_slice(&message[14..]);
    for _ in 0..2 {
        assert_eq!(server.connection.receive(&mut other), Err(Misuse::BufferReplaced.into()));
        assert_eq!(server.connection.receive_chunk(&mut other), Err(Misuse::BufferReplaced.into()));
    }
    assert_eq!(other.unread(), &message[14..], "nothing was taken");
    assert_eq!(server.get(&message[14..]), [Seen::text("half and half")]);
}

/// Also where there is nothing else to decide: in the middle of a payload.
#[test]
fn another_buffer_with_more_of_the_payload_is_noticed() {
    let mut server = server(Config::server());
    let message = masked(BINARY, [7; 100]);
    assert_eq!(server.get(&message[..50]), []);
    let mut other = RecvBuffer::from([0; 256]);
    let _ = other.extend_from_slice(&message[50..70]);
    assert_eq!(server.connection.receive(&mut other), Err(Misuse::BufferReplaced.into()));
    assert_eq!(other.unread(), &message[50..70], "nothing was taken");
    assert_eq!(server.get(&message[50..]), [Seen::Binary(vec![7; 100])]);
}

#[test]
fn a_buffer_that_holds_the_rest_of_another_message_is_noticed() {
    let mut one = server(Config::server());
    let mut other = server(Config::server());
    assert_eq!(one.get(&masked(TEXT_MORE, "half")), []);
    assert_eq!(other.connection.receive(&mut one.rx), Err(Misuse::BufferReplaced.into()));
    assert_eq!(one.get(&masked(LAST, "!")), [Seen::text("half!")]);
    // Also when a whole message stands behind it.
    assert_eq!(one.get(&masked(BINARY_MORE, "half")), []);
    let _ = one.rx.extend_from_slice(&masked(BINARY, "all"));
    for _ in 0..2 {
        assert_eq!(other.connection.receive(&mut one.rx), Err(Misuse::BufferReplaced.into()));
    }
}

/// A log says how far a connection is and what was wrong. What was said on it does not belong there.
#[test]
fn a_log_says_how_far_it_is_and_not_what_was_said() {
    let log = |bytes: &[u8]| {
        let mut server = server(Config::server());
        server.get(bytes);
        format!("{:?}", server.connection)
    };
    let cases = [
        (masked(PING, "secret"), "state: Open, fault: None, peer_code: 1006"),
        (masked(CLOSE, closing(1001, "secret")), "state: PeerClosing, fault: None, peer_code: 1001"),
        (plain(TEXT, "secret"), "state: Failing, fault: Some(Violation(UnmaskedFrame)), peer_code: 1006"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(log(&bytes), format!("Connection {{ {expected}, .. }}"));
    }
}

/// `is_empty` is true here although a header has been read: there is nothing in the buffer that the connection would
/// miss.
#[test]
fn an_empty_buffer_may_be_replaced_even_behind_a_header() {
    let mut server = server(Config::server());
    let message = masked(TEXT, "payload");
    assert_eq!(server.get(&message[..6]), []);
    assert!(server.rx.is_empty());
    server.rx = RecvBuffer::from([0; 8192]);
    assert_eq!(server.get(&message[6..]), [Seen::text("payload")]);
}
