//! Frames that are sent (RFC 6455 §5, §6.1).

use core::time::Duration;

use websocket_proto::close::CloseCode;
use websocket_proto::frame::{Decoder, Limits, Opcode};
use websocket_proto::{Config, Connection, Instant, MessageKind, Role};

use super::{Wire, feed, frames, from_peer};

/// Everything that a connection can write: each call that sends, each head, and all that the protocol owes.
fn everything<R: Role>(new: impl Fn(Config) -> Connection<R>) -> Vec<u8> {
    let config = if R::IS_SERVER { Config::server() } else { Config::client() };
    let mut connection = new(config.ping_interval(Some(Duration::from_secs(1))));
    let mut wire = Wire::default();
    for len in [0, 1, 125, 126, 0xFFFF, 0x1_0000] {
        connection.send_text(&"x".repeat(len), &mut wire).unwrap();
        connection.send_binary(&vec![0; len], &mut wire).unwrap();
    }
    for (kind, payload) in [(MessageKind::Text, b"text"), (MessageKind::Binary, b"\xff\0\xff\0")] {
        connection.send_fragment(kind, payload, false, &mut wire).unwrap();
        connection.send_ping(b"between fragments", &mut wire).unwrap();
        connection.send_fragment(kind, b"", false, &mut wire).unwrap();
        connection.send_fragment(kind, payload, true, &mut wire).unwrap();
    }
    connection.send_ping(&[0; 125], &mut wire).unwrap();
    connection.send_pong(&[0; 125], &mut wire).unwrap();
    for head in [
        connection.text_head(0).unwrap(),
        connection.binary_head(0).unwrap(),
        connection.fragment_head(MessageKind::Text, 0, false).unwrap(),
        connection.fragment_head(MessageKind::Text, 0, true).unwrap(),
    ] {
        wire.0.extend_from_slice(head.as_bytes());
    }
    #[cfg(feature = "alloc")]
    connection.send_prepared(&websocket_proto::PreparedMessage::text("prepared"), &mut wire).unwrap();

    // A Ping to answer, a Ping that is due, a Close to answer.
    connection.handle_timeout(Instant::EPOCH).unwrap();
    connection.handle_timeout(Instant::from_millis(60_000)).unwrap();
    let from_peer = [from_peer(&connection, 0x89, b"ping"), from_peer(&connection, 0x88, &[])].concat();
    connection.poll_transmit(&mut wire).unwrap();
    assert_eq!(feed(&mut connection, &from_peer), Ok(2));
    connection.poll_transmit(&mut wire).unwrap();
    let owed: Vec<_> = frames(&wire.0).iter().rev().take(3).map(|(header, _)| header.opcode).collect();
    assert_eq!(owed, [Opcode::CLOSE, Opcode::PONG, Opcode::PING]);
    wire.take()
}

fn of_server() -> Vec<u8> {
    everything(Connection::server)
}

fn of_client() -> Vec<u8> {
    everything(|config| Connection::client(config, numbered_keys()))
}

/// Keys 1, 2, 3 …
fn numbered_keys() -> impl FnMut() -> [u8; 4] {
    let mut drawn = 0_u32;
    move || {
        drawn += 1;
        drawn.to_be_bytes()
    }
}

/// §5.1: "a client MUST mask all frames that it sends to the server"; "a server MUST NOT mask any frames that it sends
/// to the client".
#[test]
fn a_client_masks_every_frame_and_a_server_none() {
    assert!(frames(&of_client()).iter().all(|(header, _)| header.mask.is_some()));
    assert!(frames(&of_server()).iter().all(|(header, _)| header.mask.is_none()));
    let payloads = |bytes: &[u8]| frames(bytes).into_iter().map(|(_, payload)| payload).collect::<Vec<_>>();
    assert!(payloads(&of_client()) == payloads(&of_server()), "masking changes nothing but the bytes on the wire");
}

/// §5.3: "the client MUST pick a fresh masking key" for each frame, those that the protocol itself owes included.
#[test]
fn every_frame_of_a_client_has_a_fresh_key() {
    let keys: Vec<_> = frames(&of_client()).iter().map(|(header, _)| header.mask.unwrap()).collect();
    let expected: Vec<_> = (1..).map(u32::to_be_bytes).take(keys.len()).collect();
    assert_eq!(keys, expected, "each key is used once, in the order in which they were drawn");
}

/// §5.2: reserved bits are 0, opcodes are those that have a meaning, lengths are in their shortest form (`frames` looks
/// at that). §5.4, §5.5: control frames are short and whole, fragments are continuations of their message.
#[test]
fn every_frame_that_is_sent_keeps_to_the_rules_for_frames() {
    for (mut bytes, mut decoder) in
        [(of_client(), Decoder::server(Limits::NONE)), (of_server(), Decoder::client(Limits::NONE))]
    {
        for (header, payload) in frames(&bytes) {
            assert_eq!(header.rsv, 0);
            assert!(!header.opcode.is_reserved());
            assert!(!header.opcode.is_control() || (header.fin && payload.len() <= 125));
        }
        let mut input = bytes.as_mut_slice();
        while decoder.decode(&mut input).unwrap().is_some() {}
        assert!(input.is_empty());
        assert_eq!(decoder.message(), None, "§6.1: the last frame of each message has FIN");
    }
}

/// §6.1: the first frame says what kind of data it is, the others that they go on with it; only the last has FIN
/// (§5.4).
#[test]
fn a_fragmented_message_is_typed_by_its_first_frame_and_ended_by_its_last() {
    for (kind, opcode) in [(MessageKind::Text, Opcode::TEXT), (MessageKind::Binary, Opcode::BINARY)] {
        let mut server = Connection::server(Config::server());
        let mut wire = Wire::default();
        for is_last in [false, false, true] {
            server.send_fragment(kind, b"x", is_last, &mut wire).unwrap();
        }
        let shape: Vec<_> = frames(&wire.0).iter().map(|(header, _)| (header.opcode, header.fin)).collect();
        assert_eq!(shape, [(opcode, false), (Opcode::CONTINUATION, false), (Opcode::CONTINUATION, true)]);
    }
}

/// §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"; control
/// frames may.
#[test]
fn messages_are_not_interleaved_and_control_frames_may_stand_between() {
    let mut server = Connection::server(Config::server());
    let mut wire = Wire::default();
    server.send_fragment(MessageKind::Text, b"a", false, &mut wire).unwrap();
    assert!(server.send_text("b", &mut wire).is_err());
    assert!(server.send_fragment(MessageKind::Binary, b"b", true, &mut wire).is_err());
    server.send_ping(b"", &mut wire).unwrap();
    let ping = from_peer(&server, 0x89, b"p");
    assert_eq!(feed(&mut server, &ping), Ok(1));
    server.poll_transmit(&mut wire).unwrap();
    server.send_fragment(MessageKind::Text, b"c", true, &mut wire).unwrap();
    let order: Vec<_> = frames(&wire.0).iter().map(|(header, _)| header.opcode).collect();
    assert_eq!(order, [Opcode::TEXT, Opcode::PING, Opcode::PONG, Opcode::CONTINUATION]);
}

/// §5.5.1: the body of a Close begins with the code, in network byte order, and goes on with UTF-8.
#[test]
fn the_body_of_a_close_is_its_code_and_its_reason() {
    let mut server = Connection::server(Config::server());
    let mut wire = Wire::default();
    server.close(CloseCode::new(0x0BB9), "wörds", &mut wire).unwrap();
    assert_eq!(wire.0, [&[0x88, 8, 0x0B, 0xB9], "wörds".as_bytes()].concat());
}
