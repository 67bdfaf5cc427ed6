//! What a log shows of the types that say it by themselves: enough to know what is there. Of payload and keys no byte is
//! shown; of headers all is.

use websocket_proto::close::CloseCode;
use websocket_proto::frame::Opcode;
use websocket_proto::handshake::server::Handshake;
use websocket_proto::{Connection, Event, RecvBuffer};

use crate::handshake::support::RFC_REQUEST;

#[test]
fn a_connection_shows_its_state() {
    let mut memory = [0; 64];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let _ = rx.extend_from_slice(b"\x89\x86\0\0\0\0secret");
    let mut connection = Connection::server(websocket_proto::Config::server());
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(b"secret"))), "and its Pong is owed");
    assert_eq!(format!("{connection:?}"), "Connection { state: Open, fault: None, peer_code: 1006, .. }");
}

#[test]
fn numbers_of_the_protocol_show_what_they_are() {
    assert_eq!(format!("{:?} {:?}", CloseCode::GOING_AWAY, Opcode::PING), "1001 ping");
}

#[test]
fn headers_show_their_lines() {
    let mut memory = [0; 512];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let _ = rx.extend_from_slice(RFC_REQUEST.as_bytes());
    let mut handshake = Handshake::new();
    let request = handshake.receive(&mut rx).unwrap().unwrap();
    let shown = format!("{:?}", request.headers());
    assert!(shown.starts_with("[Host: server.example.com, Upgrade: websocket, "), "{shown}");
    let mut left = request.headers().iter();
    left.next();
    assert!(format!("{left:?}").contains("Upgrade: websocket"), "{left:?}");
}

#[cfg(feature = "getrandom")]
#[test]
fn keys_are_not_shown() {
    assert_eq!(format!("{:?}", websocket_proto::OsMaskKeys::new()), "OsMaskKeys { .. }");
}

#[cfg(feature = "deflate")]
#[test]
fn compression_shows_its_settings() {
    use websocket_proto::deflate::{Compressor, Inflater, Pool};

    assert_eq!(format!("{:?} {:?}", Inflater::new(), Pool::new(3)), "Inflater { .. } Pool { contexts: 3, .. }");
    let shown = format!("{:?}", Compressor::new(websocket_proto::deflate::WindowBits::MAX, 3));
    assert!(shown.starts_with("Compressor { window: ") && shown.ends_with("level: 3, .. }"), "{shown}");
}
