//! One message for many connections.

use websocket_proto::{Config, Connection, MessageKind, Misuse, PreparedMessage};

use super::{KEY, masked, plain};

#[test]
fn it_knows_what_it_was_made_of() {
    let text = PreparedMessage::text("tick");
    assert_eq!((text.kind(), text.payload()), (MessageKind::Text, &b"tick"[..]));
    for len in [0, 125, 126, 0xFFFF, 0x1_0000] {
        let bytes = vec![7; len];
        let binary = PreparedMessage::binary(&bytes);
        assert_eq!((binary.kind(), binary.payload()), (MessageKind::Binary, bytes.as_slice()));
    }
}

#[test]
fn both_roles_send_what_they_would_send_without_preparing() {
    for len in [0, 125, 126, 0xFFFF, 0x1_0000] {
        let bytes = vec![7; len];
        let message = PreparedMessage::binary(&bytes);
        let mut server = Connection::server(Config::server());
        let mut client = Connection::client(Config::client(), || KEY);

        let mut tx = Vec::new();
        server.send_prepared(&message, &mut tx).unwrap();
        assert_eq!(tx, plain(0x82, &bytes));
        assert_eq!(server.prepared_frame(&message), Ok(tx.as_slice()));

        let mut tx = Vec::new();
        client.send_prepared(&message, &mut tx).unwrap();
        assert_eq!(tx, masked(0x82, &bytes));
    }
}

#[test]
fn a_client_gets_no_frame_without_a_key() {
    let mut client = Connection::client(Config::client(), || KEY);
    assert_eq!(client.prepared_frame(&PreparedMessage::text("")), Err(Misuse::PreparedForServers));
}

#[test]
fn it_keeps_the_rules_of_sending() {
    let message = PreparedMessage::text("late");
    let mut tx = Vec::new();

    let mut server = Connection::server(Config::server());
    server.send_fragment(MessageKind::Binary, b"x", false, &mut tx).unwrap();
    assert_eq!(server.send_prepared(&message, &mut tx), Err(Misuse::MessageInProgress.into()));
    assert_eq!(server.prepared_frame(&message), Err(Misuse::MessageInProgress));

    let mut server = Connection::server(Config::server());
    server.handle_eof();
    assert_eq!(server.send_prepared(&message, &mut tx), Err(Misuse::Closed.into()));
    assert_eq!(server.prepared_frame(&message), Err(Misuse::Closed));
}
