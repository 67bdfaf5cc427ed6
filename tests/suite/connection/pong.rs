//! Answers to Pings.

use websocket_proto::Config;
use websocket_proto::State;

use super::world::{Line, Seen, client, frames, server};
use crate::message::{CLOSE, PING, PONG, TEXT, closing, masked, plain};

#[test]
fn a_ping_is_reported_and_answered_with_its_payload() {
    for len in [0, 1, 124, 125] {
        let payload = vec![b'p'; len];
        let mut server = server(Config::server());
        assert_eq!(server.get(&masked(PING, &payload)), [Seen::Ping(payload.clone())]);
        assert!(server.connection.wants_transmit());
        assert_eq!(server.owed(), plain(PONG, &payload));
        assert_eq!(server.owed(), []);
    }
}

/// RFC 6455 §5.5.3: an endpoint may answer the most recent Ping only.
#[test]
fn pings_that_were_not_answered_in_time_coalesce_to_the_newest() {
    let mut server = server(Config::server());
    let flood: Vec<u8> = (0..100_u8).flat_map(|number| masked(PING, vec![number; usize::from(number)])).collect();
    assert_eq!(server.get(&flood).len(), 100);
    assert_eq!(server.owed(), plain(PONG, [99; 99]));
    server.get(&[masked(PING, "a longer one"), masked(PING, "short")].concat());
    assert_eq!(server.owed(), plain(PONG, "short"));
}

#[test]
fn a_pong_is_reported_and_not_answered() {
    let mut client = client(Config::client());
    assert_eq!(client.get(&plain(PONG, "unasked")), [Seen::Pong(b"unasked".into())]);
    assert_eq!(client.owed(), []);
}

#[test]
fn with_auto_pong_off_the_caller_answers() {
    let mut server = server(Config::server().auto_pong(false));
    assert_eq!(server.get(&masked(PING, "x")), [Seen::Ping(b"x".into())]);
    assert!(!server.connection.wants_transmit());
    server.connection.send_pong(b"x", &mut server.tx).unwrap();
    assert_eq!(server.owed(), plain(PONG, "x"));
}

#[test]
fn a_pong_waits_for_room() {
    let mut server = server(Config::server());
    server.get(&masked(PING, "12345"));
    for room in 0..7 {
        let full = server.connection.poll_transmit(&mut Line::of(room));
        assert_eq!(full, Err(websocket_proto::SendError::Full { needed: 7 }));
        assert!(server.connection.wants_transmit());
    }
    let mut exact = Line::of(7);
    server.connection.poll_transmit(&mut exact).unwrap();
    assert_eq!(exact.bytes, plain(PONG, "12345"));
}

/// §5.5.2: "unless it already received a Close frame". Having sent one changes nothing.
#[test]
fn pings_are_answered_in_each_state_in_which_they_are_heard() {
    let mut closing_first = server(Config::server());
    closing_first.close(1000, "").unwrap();
    assert_eq!(closing_first.connection.state(), State::LocalClosing);
    assert_eq!(closing_first.get(&masked(PING, "x")), [Seen::Ping(b"x".into())]);
    assert_eq!(frames(&closing_first.owed()), ["close 1000 \"\"", "pong x"]);

    let mut failed = server(Config::server());
    failed.get(&plain(TEXT, ""));
    failed.get(&masked(PING, "x"));
    assert_eq!(frames(&failed.owed()), ["close 1002 \"\""]);

    let mut closed = server(Config::server());
    closed.get(&[masked(CLOSE, closing(1000, "")), masked(PING, "x")].concat());
    assert_eq!(frames(&closed.owed()), ["close 1000 \"\""]);
}

#[test]
fn a_pong_that_is_owed_goes_before_the_close() {
    let mut server = server(Config::server());
    server.get(&[masked(PING, "x"), masked(CLOSE, closing(1000, ""))].concat());
    assert_eq!(frames(&server.owed()), ["pong x", "close 1000 \"\""]);
}

#[test]
fn nothing_is_owed_once_the_caller_has_answered_the_close() {
    let mut server = server(Config::server());
    server.get(&[masked(PING, "x"), masked(CLOSE, closing(1000, ""))].concat());
    server.close(1000, "as you like").unwrap();
    assert_eq!(frames(&server.owed()), ["close 1000 \"as you like\""]);
}

#[test]
fn nothing_is_owed_to_an_ended_transport() {
    let mut server = server(Config::server());
    server.get(&masked(PING, "x"));
    server.eof();
    assert_eq!(server.owed(), []);
}
