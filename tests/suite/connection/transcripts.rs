//! Whole conversations, as they are heard on the wire.

use core::time::Duration;

use websocket_proto::{Config, MessageKind};

use super::world::Pair;

#[test]
fn a_conversation() {
    let mut pair = Pair::new();
    pair.client.text("hello").unwrap();
    pair.drive();
    pair.server.binary(b"\x01\x02").unwrap();
    pair.server.fragment(MessageKind::Text, b"in two ", false).unwrap();
    pair.server.ping(b"there?").unwrap();
    pair.server.fragment(MessageKind::Text, b"parts", true).unwrap();
    pair.drive();
    pair.client.close(1000, "").unwrap();
    pair.drive();
    let expected = [
        "client sends text hello",
        "server gets text \"hello\"",
        "server sends binary \\x01\\x02",
        "server sends text in two …",
        "server sends ping there?",
        "server sends continuation parts",
        "client gets binary \\x01\\x02",
        "client gets ping there?",
        "client gets text \"in two parts\"",
        "client sends pong there?",
        "server gets pong there?",
        "client sends close 1000 \"\"",
        "server gets close 1000 \"\"",
        "server sends close 1000 \"\"",
        "client gets close 1000 \"\"",
    ];
    assert_eq!(pair.transcript(), expected);
}

/// The pong is noticed when the time is told next, which is at its deadline, and silence is counted from there.
#[test]
fn a_silent_client_is_pinged_and_answers() {
    let every_20_s =
        Config::server().ping_interval(Some(Duration::from_secs(20))).pong_timeout(Some(Duration::from_secs(5)));
    let mut pair = Pair::with(Config::client(), every_20_s);
    pair.sleep_until(60_000);
    let exchange =
        ["server sends ping", "client gets ping ", "client sends pong", "server gets pong "].map(String::from);
    let expected = [vec!["20000 ms:".into()], exchange.to_vec(), vec!["45000 ms:".into()], exchange.to_vec()];
    assert_eq!(pair.transcript(), expected.concat());
}

#[test]
fn a_close_that_nobody_answers_comes_to_its_end() {
    let mut pair = Pair::with(Config::client(), Config::server().close_timeout(Some(Duration::from_secs(3))));
    pair.server.close(1001, "going").unwrap();
    pair.server.tx.take(); // lost
    pair.sleep_until(60_000);
    assert_eq!(pair.transcript(), ["3000 ms: server fails: the peer does not finish closing"]);
    assert_eq!(pair.server.eof(), (1006, false));
}

#[test]
fn one_end_is_stricter_than_the_other() {
    let mut pair = Pair::with(Config::client().max_message_bytes(4), Config::server());
    pair.client.text("as long as I like").unwrap();
    pair.drive();
    pair.server.text("not so").unwrap();
    pair.drive();
    let expected = [
        "client sends text as long as I like",
        "server gets text \"as long as I like\"",
        "server sends text not so",
        "client fails: a message has more bytes than max_message_bytes",
        "client sends close 1009 \"\"",
        "server gets close 1009 \"\"",
        "server sends close 1009 \"\"",
        "client fails: a message has more bytes than max_message_bytes",
    ];
    assert_eq!(pair.transcript(), expected);
    assert_eq!(pair.server.eof(), (1009, true));
    assert_eq!(pair.client.eof(), (1006, false));
}
