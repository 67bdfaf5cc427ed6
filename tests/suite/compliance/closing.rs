//! The end of a connection (RFC 6455 §5.5.1, §7).

use core::time::Duration;

use websocket_proto::State;
use websocket_proto::close::CloseCode;
use websocket_proto::frame::Opcode;
use websocket_proto::{
    Client, Config, Connection, Instant, MessageKind, Misuse, ProtocolError, Role, SendError, Server, Timeout,
    Transport,
};

use super::{KEY, Wire, feed, from_peer, told};

type Keys = fn() -> [u8; 4];

/// Frames by their first byte and payload, and the code that the peer is told.
type Case = (&'static [(u8, &'static [u8])], u16);

fn server() -> Connection<Server> {
    Connection::server(Config::server())
}

fn client() -> Connection<Client<Keys>> {
    Connection::client(Config::client(), || KEY)
}

fn closed(code: u16) -> (Opcode, Vec<u8>) {
    (Opcode::CLOSE, code.to_be_bytes().into())
}

/// Every call that would write a data frame, or a second Close, is refused and writes nothing.
fn says_nothing_more<R: Role>(connection: &mut Connection<R>) {
    let mut wire = Wire::default();
    let refused: Result<(), SendError> = Err(Misuse::Closed.into());
    assert_eq!(connection.send_text("x", &mut wire), refused);
    assert_eq!(connection.send_binary(b"x", &mut wire), refused);
    for is_last in [false, true] {
        assert_eq!(connection.send_fragment(MessageKind::Text, b"x", is_last, &mut wire), refused);
        assert!(connection.fragment_head(MessageKind::Text, 1, is_last).is_err());
    }
    assert!(connection.text_head(1).is_err() && connection.binary_head(1).is_err());
    #[cfg(feature = "alloc")]
    assert_eq!(connection.send_prepared(&websocket_proto::PreparedMessage::text("x"), &mut wire), refused);
    assert_eq!(connection.close(CloseCode::NORMAL, "", &mut wire), refused);
    connection.poll_transmit(&mut wire).unwrap();
    assert_eq!(wire.0, [], "no second Close");
}

/// §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame": whoever wrote that Close,
/// and in the middle of a message too.
fn no_data_follows<R: Role>(new: impl Fn() -> Connection<R>) {
    let mut wire = Wire::default();

    let mut by_us = new();
    by_us.send_fragment(MessageKind::Text, b"begun", false, &mut wire).unwrap();
    by_us.close(CloseCode::NORMAL, "", &mut wire).unwrap();
    says_nothing_more(&mut by_us);

    let mut by_the_peer = new();
    by_the_peer.send_fragment(MessageKind::Text, b"begun", false, &mut wire).unwrap();
    let close = from_peer(&by_the_peer, 0x88, &[]);
    assert_eq!(feed(&mut by_the_peer, &close), Ok(1));
    by_the_peer.poll_transmit(&mut wire).unwrap();
    says_nothing_more(&mut by_the_peer);

    let mut by_failure = new();
    let reserved = from_peer(&by_failure, 0x83, &[]);
    assert!(feed(&mut by_failure, &reserved).is_err());
    by_failure.poll_transmit(&mut wire).unwrap();
    says_nothing_more(&mut by_failure);
}

#[test]
fn no_data_frame_follows_a_close_of_ours() {
    no_data_follows(server);
    no_data_follows(client);
}

/// §5.5.1, §6.1: what may still be said before the answer to the peer's Close is the rest of the message in progress.
#[test]
fn a_message_in_progress_may_be_finished_before_the_answer() {
    let mut server = server();
    let mut wire = Wire::default();
    server.send_fragment(MessageKind::Text, b"one ", false, &mut wire).unwrap();
    let close = from_peer(&server, 0x88, &1001_u16.to_be_bytes());
    assert_eq!(feed(&mut server, &close), Ok(1));
    server.send_fragment(MessageKind::Text, b"two", true, &mut wire).unwrap();
    server.poll_transmit(&mut wire).unwrap();
    let expected = [(Opcode::TEXT, b"one ".to_vec()), (Opcode::CONTINUATION, b"two".to_vec()), closed(1001)];
    assert_eq!(told(&wire.0), expected);
}

/// §7.1.7, §10.7: whatever is wrong, the peer is told once and with its code; then the transport is closed, and nothing
/// more is heard: neither data nor the Close that answers ours.
fn fails<R: Role>(new: impl Fn() -> Connection<R>) {
    let unmasked_or_masked = |connection: &Connection<R>| {
        let key = if super::key_of_peer(connection).is_some() { None } else { Some(KEY) };
        super::frame(0x81, key, b"x")
    };
    let cases: [Case; 11] = [
        (&[(0xC1, b"x")], 1002),                     // reserved bit
        (&[(0x83, b"x")], 1002),                     // reserved opcode
        (&[(0x8B, b"x")], 1002),                     // reserved control opcode
        (&[(0x09, b"x")], 1002),                     // fragmented control frame
        (&[(0x80, b"x")], 1002),                     // nothing to continue
        (&[(0x01, b"x"), (0x81, b"x")], 1002),       // a message within a message
        (&[(0x88, b"x")], 1002),                     // half a code
        (&[(0x88, b"\x03\xee")], 1002),              // a code that is none
        (&[(0x81, b"\xff")], 1007),                  // text that is not UTF-8
        (&[(0x88, b"\x03\xe8\xff")], 1007),          // a reason that is not UTF-8
        (&[(0x01, b"\xe2\x82"), (0x80, b"")], 1007), // text that ends within a character
    ];
    let told_to = |bytes: &[u8]| {
        let mut connection = new();
        let error = feed(&mut connection, bytes).unwrap_err();
        assert_eq!((connection.state(), connection.transport()), (State::Failing, Transport::Open));
        let mut wire = Wire::default();
        connection.poll_transmit(&mut wire).unwrap();
        assert_eq!((connection.state(), connection.transport()), (State::Failed, Transport::FlushThenClose));
        for late in [from_peer(&connection, 0x81, b"late"), from_peer(&connection, 0x88, &1000_u16.to_be_bytes())] {
            assert_eq!(feed(&mut connection, &late), Err(error));
        }
        says_nothing_more(&mut connection);
        let ending = connection.handle_eof();
        assert_eq!((ending.code, ending.is_clean), (CloseCode::ABNORMAL, false));
        told(&wire.0)
    };
    for (sent, code) in cases {
        let bytes: Vec<u8> = sent.iter().flat_map(|(first, payload)| from_peer(&new(), *first, payload)).collect();
        assert_eq!(told_to(&bytes), [closed(code)], "{sent:02x?}");
    }
    assert_eq!(told_to(&unmasked_or_masked(&new())), [closed(1002)]);
}

#[test]
fn each_violation_is_told_once_and_ends_the_connection() {
    fails(server);
    fails(client);
}

/// §7.1.5: the code of the connection is the one in the first Close that came, whatever we said ourselves.
#[test]
fn the_code_of_the_connection_is_that_of_the_peers_close() {
    for (body, code) in [(&[][..], CloseCode::NO_STATUS), (&4000_u16.to_be_bytes(), CloseCode::new(4000))] {
        let mut server = server();
        let mut wire = Wire::default();
        server.close(CloseCode::GOING_AWAY, "", &mut wire).unwrap();
        let close = from_peer(&server, 0x88, body);
        assert_eq!(feed(&mut server, &close), Ok(1));
        let second = from_peer(&server, 0x88, &1000_u16.to_be_bytes());
        assert_eq!(feed(&mut server, &second), Ok(0));
        let ending = server.handle_eof();
        assert_eq!((ending.code, ending.is_clean), (code, true));
    }
}

/// §7.1.1: the client waits for the server to close the transport, but no longer than "a reasonable amount of time".
#[test]
fn a_client_that_waits_for_the_server_to_close_does_not_wait_for_ever() {
    let mut client: Connection<_> =
        Connection::client(Config::client().close_timeout(Some(Duration::from_secs(5))), || KEY);
    let mut wire = Wire::default();
    assert_eq!(feed(&mut client, &[0x88, 0]), Ok(1));
    client.poll_transmit(&mut wire).unwrap();
    assert_eq!(client.transport(), Transport::AwaitPeerClose);
    assert_eq!(client.handle_timeout(Instant::EPOCH), Ok(()));
    assert_eq!(client.poll_timeout(), Some(Instant::from_millis(5_000)));
    assert_eq!(client.handle_timeout(Instant::from_millis(5_000)), Err(ProtocolError::Timeout(Timeout::Close)));
    assert_eq!(client.transport(), Transport::Closed);
    assert!(client.handle_eof().is_clean, "§7.1.4: the closing handshake was completed");
}
