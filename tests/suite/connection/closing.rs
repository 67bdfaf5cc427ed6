//! The closing handshake from each side, and how a connection ends (RFC 6455 §7).

use websocket_proto::State;
use websocket_proto::{Config, Connection, Instant, MessageKind, Misuse, Timeout, Transport, Violation};

use super::world::{Pair, Seen, client, frames, server};
use crate::message::{BINARY, BINARY_MORE, CLOSE, LAST, PING, TEXT, closing, masked, plain};

fn stands<R: websocket_proto::Role>(connection: &Connection<R>) -> (State, Transport) {
    (connection.state(), connection.transport())
}

/// Each side has sent and received a Close. §7.1.1: the server closes the transport, the client waits for that.
fn closed_cleanly(pair: &mut Pair, code_for_client: u16, code_for_server: u16) {
    assert_eq!(stands(&pair.client.connection), (State::Closed, Transport::AwaitPeerClose));
    assert_eq!(stands(&pair.server.connection), (State::Closed, Transport::FlushThenClose));
    for _ in 0..2 {
        assert_eq!(pair.client.eof(), (code_for_client, true));
        assert_eq!(pair.server.eof(), (code_for_server, true));
    }
    assert_eq!(stands(&pair.client.connection), (State::Ended, Transport::Closed));
    assert_eq!(stands(&pair.server.connection), (State::Ended, Transport::Closed));
}

#[test]
fn the_client_closes() {
    let mut pair = Pair::new();
    pair.client.close(1000, "done").unwrap();
    assert_eq!(stands(&pair.client.connection), (State::LocalClosing, Transport::Open));
    pair.carry_to_server();
    assert_eq!(stands(&pair.server.connection), (State::PeerClosing, Transport::Open));
    pair.drive();
    let expected = [
        "client sends close 1000 \"done\"",
        "server gets close 1000 \"done\"",
        "server sends close 1000 \"\"",
        "client gets close 1000 \"\"",
    ];
    assert_eq!(pair.transcript(), expected);
    closed_cleanly(&mut pair, 1000, 1000);
}

#[test]
fn the_server_closes_and_the_client_answers_in_its_own_words() {
    let mut pair = Pair::new();
    pair.client.fragment(MessageKind::Text, b"a last ", false).unwrap();
    pair.server.close(1001, "restart").unwrap();
    pair.carry_to_client();
    // RFC 6455 §5.5.1: the message that was begun may be finished; §6.1: no other may begin.
    assert!(!pair.client.connection.can_send());
    pair.client.fragment(MessageKind::Text, b"word", true).unwrap();
    assert_eq!(pair.client.text("another"), Err(Misuse::Closed.into()));
    assert_eq!(pair.client.ping(b""), Err(Misuse::Closed.into()));
    pair.client.close(3000, "fine").unwrap();
    assert_eq!(pair.client.close(3000, "fine"), Err(Misuse::Closed.into()));
    pair.drive();
    let expected = [
        "server sends close 1001 \"restart\"",
        "client gets close 1001 \"restart\"",
        "client sends text a last …",
        "client sends continuation word",
        "client sends close 3000 \"fine\"",
        "server gets text \"a last word\"",
        "server gets close 3000 \"fine\"",
    ];
    assert_eq!(pair.transcript(), expected);
    closed_cleanly(&mut pair, 1001, 3000);
}

#[test]
fn crossing_closes() {
    let mut pair = Pair::new();
    pair.client.close(1000, "mine").unwrap();
    pair.server.close(1001, "no, mine").unwrap();
    pair.drive();
    let expected = [
        "client sends close 1000 \"mine\"",
        "server sends close 1001 \"no, mine\"",
        "server gets close 1000 \"mine\"",
        "client gets close 1001 \"no, mine\"",
    ];
    let mut said = pair.transcript();
    said.sort_by_key(|line| line.contains("gets"));
    assert_eq!(said, expected, "nobody answers a close that crosses its own");
    closed_cleanly(&mut pair, 1001, 1000);
}

#[test]
fn a_close_without_a_code_is_answered_by_one_without_a_code() {
    let mut server = server(Config::server());
    assert_eq!(server.get(&masked(CLOSE, "")), [Seen::close(1005, "")]);
    assert_eq!(server.owed(), plain(CLOSE, ""));
    assert_eq!(server.eof(), (1005, true));
}

#[test]
fn what_the_peer_was_saying_is_still_delivered_after_our_close() {
    let mut server = server(Config::server());
    assert_eq!(server.get(&masked(BINARY_MORE, "one ")), []);
    server.close(1001, "").unwrap();
    assert_eq!(server.get(&masked(LAST, "two")), [Seen::Binary(b"one two".into())]);
    assert_eq!(server.get(&masked(TEXT, "three")), [Seen::text("three")]);
    assert_eq!(server.get(&masked(CLOSE, closing(1001, ""))), [Seen::close(1001, "")]);
    assert_eq!(frames(&server.owed()), ["close 1001 \"\""]);
    assert_eq!(server.eof(), (1001, true));
}

#[test]
fn a_violation_after_our_close_is_told_to_the_caller_only() {
    let mut server = server(Config::server());
    server.close(1001, "").unwrap();
    server.tx.take();
    assert_eq!(server.get(&plain(TEXT, "")), [Violation::UnmaskedFrame.into()]);
    assert_eq!(stands(&server.connection), (State::Failed, Transport::FlushThenClose));
    assert_eq!(server.owed(), []);
    assert_eq!(server.eof(), (1006, false));
}

#[test]
fn a_close_with_something_wrong_in_it_does_not_close() {
    let mut server = server(Config::server());
    server.close(1001, "").unwrap();
    assert_eq!(server.get(&masked(CLOSE, closing(1006, ""))).len(), 1);
    assert_eq!(server.connection.state(), State::Failed);
    assert_eq!(server.eof(), (1006, false));
}

/// §7.1.5, §7.1.6: what an end learns when the transport ends, by how far it had come.
#[test]
fn an_end_without_both_closes_is_unclean() {
    assert_eq!(client(Config::client()).eof(), (1006, false));

    let mut in_message = server(Config::server());
    in_message.get(&masked(BINARY_MORE, "half"));
    assert_eq!(in_message.eof(), (1006, false));

    let mut local = server(Config::server());
    local.close(1000, "").unwrap();
    assert_eq!(local.eof(), (1006, false));

    let mut unanswered = server(Config::server());
    unanswered.get(&masked(CLOSE, closing(4000, "")));
    assert_eq!(unanswered.eof(), (4000, false));
    assert_eq!(unanswered.owed(), []);

    let mut failed = server(Config::server());
    failed.get(&plain(BINARY, ""));
    assert_eq!(failed.eof(), (1006, false));
    failed.owed();
    assert_eq!(failed.eof(), (1006, false));
}

#[test]
fn after_the_end_nothing_happens_any_more() {
    let mut server = server(Config::server());
    server.eof();
    assert_eq!(server.get(&masked(PING, "x")), []);
    assert!(server.rx.is_empty());
    assert_eq!(server.owed(), []);
    assert_eq!(server.text("x"), Err(Misuse::Closed.into()));
    assert_eq!(server.close(1000, ""), Err(Misuse::Closed.into()));
    assert_eq!(server.connection.poll_timeout(), None);
    assert_eq!(server.connection.handle_timeout(Instant::from_millis(u64::MAX)), Ok(()));
    assert_eq!(stands(&server.connection), (State::Ended, Transport::Closed));
}

#[test]
fn a_failing_client_need_not_wait_for_the_server() {
    let mut client = client(Config::client());
    client.get(&masked(TEXT, ""));
    assert_eq!(stands(&client.connection), (State::Failing, Transport::Open));
    assert_eq!(frames(&client.owed()), ["close 1002 \"\""]);
    assert_eq!(stands(&client.connection), (State::Failed, Transport::FlushThenClose));
}

#[test]
fn an_unfinished_message_of_ours_does_not_keep_us_from_closing() {
    let mut pair = Pair::new();
    pair.client.fragment(websocket_proto::MessageKind::Text, b"never", false).unwrap();
    pair.client.close(1000, "").unwrap();
    pair.drive();
    let expected = [
        "client sends text never…",
        "client sends close 1000 \"\"",
        "server gets close 1000 \"\"",
        "server sends close 1000 \"\"",
        "client gets close 1000 \"\"",
    ];
    assert_eq!(pair.transcript(), expected);
    closed_cleanly(&mut pair, 1000, 1000);
}

/// What `receive` and `handle_timeout` gave can be asked for at any later time; a mistake of the caller's is no fault.
#[test]
fn the_fault_stays_known() {
    let mut failed = server(Config::server());
    assert_eq!(failed.connection.fault(), None);
    assert_eq!(failed.text("sent"), Ok(()));
    failed.get(&plain(BINARY, ""));
    assert_eq!(failed.connection.fault(), Some(Violation::UnmaskedFrame.into()));
    failed.owed();
    assert_eq!(failed.text("too late"), Err(Misuse::Closed.into()));
    failed.eof();
    assert_eq!(failed.connection.fault(), Some(Violation::UnmaskedFrame.into()));

    let mut late = server(Config::server().close_timeout(Some(core::time::Duration::from_millis(50))));
    late.close(1000, "").unwrap();
    late.connection.handle_timeout(Instant::from_millis(0)).unwrap();
    assert_eq!(late.connection.fault(), None);
    late.connection.handle_timeout(Instant::from_millis(50)).unwrap_err();
    assert_eq!(late.connection.fault(), Some(Timeout::Close.into()));
}
