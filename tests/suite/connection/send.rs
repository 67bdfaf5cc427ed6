//! From the caller to the peer.

use websocket_proto::State;
use websocket_proto::close::{CloseCode, CloseReason};
use websocket_proto::{Client, Config, Connection, Event, MessageKind, Misuse, Payload, SendError};

use super::world::{Line, client, frames, server};
use crate::message::{BINARY, CLOSE, LAST, MORE, PING, PONG, TEXT, TEXT_MORE, closing, masked, plain};

#[test]
fn each_call_writes_its_frame() {
    let mut server = server(Config::server());
    server.text("héllo").unwrap();
    server.binary(b"\xff").unwrap();
    server.ping(b"p").unwrap();
    server.connection.send_pong(b"q", &mut server.tx).unwrap();
    server.close(1000, "bye").unwrap();
    let expected = [
        plain(TEXT, "héllo"),
        plain(BINARY, b"\xff"),
        plain(PING, "p"),
        plain(PONG, "q"),
        plain(CLOSE, closing(1000, "bye")),
    ];
    assert_eq!(server.tx.take(), expected.concat());

    let mut client = client(Config::client());
    client.text("héllo").unwrap();
    client.close(1000, "bye").unwrap();
    assert_eq!(client.tx.take(), [masked(TEXT, "héllo"), masked(CLOSE, closing(1000, "bye"))].concat());
}

#[test]
fn messages_of_every_encoding_of_the_length() {
    for len in [0, 1, 125, 126, 127, 1_023, 1_024, 1_025, 3_000, 0xFFFF, 0x1_0000, 100_000] {
        let payload: Vec<u8> = (0..len).map(|at: usize| at as u8).collect();
        let mut server = server(Config::server());
        server.binary(&payload).unwrap();
        assert_eq!(server.tx.take(), plain(BINARY, &payload));
        let mut client = client(Config::client());
        client.binary(&payload).unwrap();
        assert_eq!(client.tx.take(), masked(BINARY, &payload));
    }
}

/// One call for both kinds, and one head, are those of the kind.
#[test]
fn a_message_of_either_kind() {
    let (mut either, mut each) = (server(Config::server()), server(Config::server()));
    let (mut client_either, mut client_each) = (client(Config::client()), client(Config::client()));
    for message in [Payload::Text("héllo"), Payload::Binary(b"\xff"), Payload::Text(""), Payload::Binary(&[7; 300])] {
        let len = message.as_bytes().len() as u64;
        either.connection.send_message(message, &mut either.tx).unwrap();
        client_either.connection.send_message(message, &mut client_either.tx).unwrap();
        let head = either.connection.message_head(message.kind(), len).unwrap();
        match message {
            Payload::Text(text) => {
                each.text(text).unwrap();
                client_each.text(text).unwrap();
                assert_eq!(head.as_bytes(), each.connection.text_head(len).unwrap().as_bytes());
            }
            Payload::Binary(bytes) => {
                each.binary(bytes).unwrap();
                client_each.binary(bytes).unwrap();
                assert_eq!(head.as_bytes(), each.connection.binary_head(len).unwrap().as_bytes());
            }
        }
        assert_eq!(either.tx.take(), each.tx.take());
        assert_eq!(client_either.tx.take(), client_each.tx.take());
    }
    either.close(1000, "").unwrap();
    let sent = either.tx.take();
    assert_eq!(either.connection.send_message(Payload::Text("x"), &mut either.tx), Err(Misuse::Closed.into()));
    assert!(sent == plain(CLOSE, closing(1000, "")) && either.tx.take().is_empty());
}

#[test]
fn an_event_is_a_message_or_none() {
    assert_eq!(Event::Text("x").message(), Some(Payload::Text("x")));
    assert_eq!(Event::Binary(b"x").message(), Some(Payload::Binary(b"x")));
    let close = CloseReason { code: CloseCode::NORMAL, reason: "" };
    for event in [Event::Ping(b"x"), Event::Pong(b"x"), Event::Close(close)] {
        assert_eq!(event.message(), None);
    }
}

#[test]
fn fragments() {
    let mut server = server(Config::server());
    server.fragment(MessageKind::Text, b"one", false).unwrap();
    server.ping(b"between").unwrap();
    server.fragment(MessageKind::Text, b"", false).unwrap();
    server.fragment(MessageKind::Text, b"two", true).unwrap();
    server.fragment(MessageKind::Binary, b"whole", true).unwrap();
    let expected =
        [plain(TEXT_MORE, "one"), plain(PING, "between"), plain(MORE, ""), plain(LAST, "two"), plain(BINARY, "whole")];
    assert_eq!(server.tx.take(), expected.concat());
}

#[test]
fn text_may_be_cut_within_a_character() {
    let text = "a€𐍈é".as_bytes();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let mut server = server(Config::server());
            server.fragment(MessageKind::Text, &text[..first], false).unwrap();
            server.fragment(MessageKind::Text, &text[first..second], false).unwrap();
            server.fragment(MessageKind::Text, &text[second..], true).unwrap();
        }
    }
}

#[test]
fn fragments_of_text_are_checked_over_all_of_it() {
    let not_utf8 = Err(Misuse::TextNotUtf8.into());
    let mut server = server(Config::server());
    assert_eq!(server.fragment(MessageKind::Text, b"\xff", false), not_utf8);
    assert_eq!(server.fragment(MessageKind::Text, b"\xe2\x82", true), not_utf8);
    assert_eq!(server.tx.take(), []);

    server.fragment(MessageKind::Text, b"\xe2\x82", false).unwrap();
    assert_eq!(server.fragment(MessageKind::Text, b"x", false), not_utf8);
    assert_eq!(server.fragment(MessageKind::Text, b"", true), not_utf8);
    server.fragment(MessageKind::Text, b"\xac", true).unwrap();
    assert_eq!(server.tx.take(), [plain(TEXT_MORE, b"\xe2\x82"), plain(LAST, b"\xac")].concat());

    server.fragment(MessageKind::Binary, b"\xff", false).unwrap();
    server.fragment(MessageKind::Binary, b"\xff", true).unwrap();
}

/// Behind a head of ours that we did not see the payload of, the caller vouches for the text: until the message ends.
#[test]
fn text_that_was_sent_by_its_head_is_not_checked() {
    let mut server = server(Config::server());
    server.fragment(MessageKind::Text, b"\xe2", false).unwrap();
    let _head = server.connection.fragment_head(MessageKind::Text, 1, false).unwrap();
    server.fragment(MessageKind::Text, b"\xac", false).unwrap();
    server.fragment(MessageKind::Text, b"\xac", true).unwrap();
    assert_eq!(server.fragment(MessageKind::Text, b"\xac", true), Err(Misuse::TextNotUtf8.into()));
}

#[test]
fn a_message_is_finished_before_another_begins() {
    let in_progress = Misuse::MessageInProgress;
    let mut server = server(Config::server());
    server.fragment(MessageKind::Text, b"a", false).unwrap();
    assert_eq!(server.text("b"), Err(in_progress.into()));
    assert_eq!(server.binary(b"b"), Err(in_progress.into()));
    assert_eq!(server.fragment(MessageKind::Binary, b"b", true), Err(in_progress.into()));
    assert_eq!(server.connection.text_head(1).map(|_| ()), Err(in_progress));
    assert_eq!(server.connection.binary_head(1).map(|_| ()), Err(in_progress));
    assert_eq!(server.connection.fragment_head(MessageKind::Binary, 1, true).map(|_| ()), Err(in_progress));
    server.fragment(MessageKind::Text, b"c", true).unwrap();
    server.text("d").unwrap();
    assert_eq!(frames(&server.tx.take()), ["text a…", "continuation c", "text d"]);
}

#[test]
fn control_payloads_have_at_most_125_bytes() {
    let mut server = server(Config::server());
    for len in [126, 1_000] {
        assert_eq!(server.ping(&vec![0; len]), Err(Misuse::ControlTooLong.into()));
        assert_eq!(server.connection.send_pong(&vec![0; len], &mut server.tx), Err(Misuse::ControlTooLong.into()));
    }
    assert_eq!(server.tx.take(), []);
    server.ping(&[0; 125]).unwrap();
}

#[test]
fn reasons_have_at_most_123_bytes() {
    for (reason, fits) in [
        ("x".repeat(122), true),
        ("x".repeat(123), true),
        ("x".repeat(124), false),
        ("€".repeat(41), true),
        ("€".repeat(41) + "x", false),
        ("é".repeat(62), false),
        ("𐍈".repeat(30) + "xyz", true),
    ] {
        let mut server = server(Config::server());
        let expected = if fits { Ok(()) } else { Err(Misuse::ReasonTooLong.into()) };
        assert_eq!(server.close(1000, &reason), expected, "{} bytes", reason.len());
        let (bytes, state) =
            if fits { (plain(CLOSE, closing(1000, &reason)), State::LocalClosing) } else { (vec![], State::Open) };
        assert_eq!((server.tx.take(), server.connection.state()), (bytes, state));
    }
}

#[test]
fn only_codes_that_may_stand_on_the_wire_are_sent() {
    for number in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        let mut server = server(Config::server());
        assert_eq!(server.close(number, "why"), Err(Misuse::CloseCode(CloseCode::new(number)).into()));
        assert_eq!((server.tx.take(), server.connection.state()), (vec![], State::Open));
    }
}

/// 1005 stands for a Close that says nothing, so that one can be passed on; the number itself never is on the wire.
#[test]
fn a_close_without_a_code_can_be_sent() {
    let mut server = server(Config::server());
    assert_eq!(server.close(1005, ""), Ok(()));
    assert_eq!((server.tx.take(), server.connection.state()), (plain(CLOSE, ""), State::LocalClosing));
}

#[test]
fn a_length_has_63_bits() {
    let mut server = server(Config::server());
    for len in [1 << 63, u64::MAX] {
        assert_eq!(server.connection.text_head(len).map(|_| ()), Err(Misuse::LengthTopBit));
        assert_eq!(server.connection.binary_head(len).map(|_| ()), Err(Misuse::LengthTopBit));
        assert_eq!(
            server.connection.fragment_head(MessageKind::Text, len, false).map(|_| ()),
            Err(Misuse::LengthTopBit)
        );
    }
    let head = server.connection.binary_head(i64::MAX as u64).unwrap();
    assert_eq!(head.as_bytes(), [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
}

#[test]
fn after_closing_nothing_but_the_protocol_speaks() {
    let mut server = server(Config::server());
    server.fragment(MessageKind::Text, b"unfinished", false).unwrap();
    server.close(1000, "").unwrap();
    server.tx.take();
    let closed = Misuse::Closed;
    assert!(!server.connection.can_send());
    assert_eq!(server.text(""), Err(closed.into()));
    assert_eq!(server.binary(b""), Err(closed.into()));
    assert_eq!(server.fragment(MessageKind::Text, b"", true), Err(closed.into()));
    assert_eq!(server.ping(b""), Err(closed.into()));
    assert_eq!(server.close(1000, ""), Err(closed.into()));
    assert_eq!(server.connection.text_head(0).map(|_| ()), Err(closed));
    assert_eq!(server.connection.binary_head(0).map(|_| ()), Err(closed));
    assert_eq!(server.connection.fragment_head(MessageKind::Text, 0, true).map(|_| ()), Err(closed));
    assert_eq!(server.tx.take(), []);
    // The peer may still ping (RFC 6455 §5.5.2).
    assert_eq!(server.connection.send_pong(b"", &mut server.tx), Ok(()));
    assert_eq!(server.tx.take(), [0x8A, 0]);
}

type Counting = Box<dyn FnMut() -> [u8; 4]>;

/// A client whose keys are numbered, so that one drawn in vain is seen.
fn counting_client() -> Connection<Client<Counting>> {
    let mut drawn = 0;
    let keys: Counting = Box::new(move || {
        drawn += 1;
        [drawn; 4]
    });
    Connection::client(Config::client(), keys)
}

type Call = fn(&mut Connection<Client<Counting>>, &mut Line) -> Result<(), SendError>;

const CALLS: [(Call, usize); 8] = [
    (|connection, tx| connection.send_text("hello", tx), 11),
    (|connection, tx| connection.send_binary(&[1; 200], tx), 208),
    (|connection, tx| connection.send_fragment(MessageKind::Text, b"hell\xe2", false, tx), 11),
    (|connection, tx| connection.send_fragment(MessageKind::Binary, b"", true, tx), 6),
    (|connection, tx| connection.send_ping(b"ping", tx), 10),
    (|connection, tx| connection.send_pong(b"", tx), 6),
    (|connection, tx| connection.close(CloseCode::NORMAL, "", tx), 8),
    (|connection, tx| connection.close(CloseCode::GOING_AWAY, "reason", tx), 14),
];

#[test]
fn a_call_that_does_not_fit_changes_nothing() {
    for (call, needed) in CALLS {
        let mut connection = counting_client();
        for room in 0..needed {
            let mut tx = Line::of(room);
            assert_eq!(call(&mut connection, &mut tx), Err(SendError::Full { needed }));
            assert_eq!((tx.bytes.len(), connection.state()), (0, State::Open));
        }
        let (mut tx, mut expected) = (Line::of(needed), Line::new());
        call(&mut connection, &mut tx).unwrap();
        call(&mut counting_client(), &mut expected).unwrap();
        assert_eq!(tx.bytes, expected.bytes);
    }
}

/// So a text message may be finished with the very fragment that did not fit.
#[test]
fn a_fragment_that_does_not_fit_is_not_validated_into_the_message() {
    let mut server = server(Config::server());
    server.fragment(MessageKind::Text, b"\xe2", false).unwrap();
    let full = server.connection.send_fragment(MessageKind::Text, b"\x82", false, &mut Line::of(2));
    assert_eq!(full, Err(SendError::Full { needed: 3 }));
    server.fragment(MessageKind::Text, b"\x82\xac", true).unwrap();
}

#[test]
fn what_is_owed_is_written_frame_by_frame_as_room_comes() {
    let mut server = server(Config::server());
    server.get(&[masked(PING, "x"), masked(CLOSE, closing(1000, ""))].concat());
    let mut first = Line::of(6);
    assert_eq!(server.connection.poll_transmit(&mut first), Err(SendError::Full { needed: 4 }));
    assert_eq!(frames(&first.bytes), ["pong x"]);
    assert_eq!(server.connection.state(), State::PeerClosing);
    let mut second = Line::of(4);
    server.connection.poll_transmit(&mut second).unwrap();
    assert_eq!(frames(&second.bytes), ["close 1000 \"\""]);
    assert_eq!(server.connection.state(), State::Closed);
}

#[test]
fn misuse_writes_nothing_and_draws_no_key() {
    let mut connection = counting_client();
    let mut tx = Line::new();
    connection.send_ping(&[0; 126], &mut tx).unwrap_err();
    connection.send_fragment(MessageKind::Text, b"\xff", true, &mut tx).unwrap_err();
    connection.close(CloseCode::ABNORMAL, "", &mut tx).unwrap_err();
    connection.text_head(u64::MAX).unwrap_err();
    connection.send_ping(b"", &mut tx).unwrap();
    assert_eq!(tx.bytes, [0x89, 0x80, 1, 1, 1, 1]);
}
