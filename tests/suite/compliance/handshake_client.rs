//! The opening handshake as a client sees it (RFC 6455 §3, §4.1, §11.3).

use websocket_proto::handshake::client::{Handshake, Request, Response};
use websocket_proto::handshake::{Url, accept_key};
use websocket_proto::{Field, HandshakeError, RecvBuffer};

use super::Wire;

const NONCE: [u8; 16] = *b"the sample nonce";

const HEADERS: [&str; 5] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "Sec-WebSocket-Protocol: chat",
    "X-Nobody-Knows: this",
];

fn handshake() -> Handshake<'static> {
    let request = Request::new("server.example.com", "/chat").unwrap();
    Handshake::new(request.subprotocols(&["chat", "superchat"]).unwrap(), NONCE)
}

fn request_of(mut handshake: Handshake<'_>) -> String {
    let mut wire = Wire::default();
    handshake.write_request(&mut wire).unwrap();
    String::from_utf8(wire.0).unwrap()
}

/// What comes of an answer with these header lines: the subprotocol in use.
fn outcome(headers: &[&str]) -> Result<Option<&'static str>, HandshakeError> {
    let mut handshake = handshake();
    handshake.write_request(&mut Wire::default()).unwrap();
    let mut rx = RecvBuffer::from([0; 2048]);
    let head = format!("HTTP/1.1 101 Switching Protocols\r\n{}\r\n\r\n", headers.join("\r\n"));
    assert_eq!(rx.extend_from_slice(head.as_bytes()), head.len());
    match handshake.receive(&mut rx)?.expect("the head is whole") {
        Response::Established(established) => Ok(established.subprotocol()),
        Response::Refused(refused) => panic!("{refused:?}"),
    }
}

fn value<'a>(request: &'a str, name: &str) -> &'a str {
    let mut values = request.split("\r\n").filter_map(|line| line.split_once(": ")).filter(|(found, _)| *found == name);
    let (_, value) = values.next().unwrap_or_else(|| panic!("{name} is missing"));
    assert_eq!(values.next(), None, "{name} stands once (§11.3)");
    value
}

/// §4.1 items 1 to 10, §11.3: each header that must be there is there, and once.
#[test]
fn the_request_has_each_header_once() {
    let request = request_of(handshake());
    assert!(request.starts_with("GET /chat HTTP/1.1\r\n"));
    assert_eq!(value(&request, "Host"), "server.example.com");
    assert_eq!(value(&request, "Upgrade"), "websocket");
    assert_eq!(value(&request, "Connection"), "Upgrade");
    assert_eq!(value(&request, "Sec-WebSocket-Version"), "13");
    assert_eq!(value(&request, "Sec-WebSocket-Key"), "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(value(&request, "Sec-WebSocket-Protocol"), "chat, superchat");
    assert!(!request.contains("Sec-WebSocket-Extensions"), "none can be spoken, so none is offered");
}

/// §4.1 item 4: "/host/ plus optionally ':' followed by /port/ (when not using the default port)"; §3: 80 and 443 are
/// the defaults.
#[test]
fn host_names_the_port_unless_it_is_the_default() {
    for (url, host, target) in [
        ("ws://example.com/chat", "example.com", "/chat"),
        ("ws://example.com:80/chat?a=b", "example.com", "/chat?a=b"),
        ("wss://example.com:443", "example.com", "/"),
        ("wss://example.com?a=b", "example.com", "/?a=b"),
        ("ws://example.com:443/", "example.com:443", "/"),
        ("wss://example.com:80/", "example.com:80", "/"),
        ("ws://[::1]:8888/", "[::1]:8888", "/"),
    ] {
        let request = request_of(Handshake::new(Request::to(&Url::parse(url).unwrap()), NONCE));
        assert_eq!(value(&request, "Host"), host, "{url}");
        assert!(request.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{url}");
    }
}

/// §4.1 item 7: the key is the nonce in base64, all 16 bytes of it and nothing else.
#[test]
fn the_key_is_the_nonce_in_base64() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for nonce in [[0; 16], [0xFF; 16], NONCE, core::array::from_fn(|at| at as u8 + 1)] {
        let request = request_of(Handshake::new(Request::new("a", "/").unwrap(), nonce));
        let key = value(&request, "Sec-WebSocket-Key");
        let bits = key.strip_suffix("==").unwrap().bytes().fold((0_u128, 0_u32), |(bits, pad), character| {
            let digit = ALPHABET.iter().position(|known| *known == character).unwrap() as u128;
            // 22 characters hold 132 bits: the last four belong to no byte.
            if pad == 21 { (bits << 2 | digit >> 4, pad + 1) } else { (bits << 6 | digit, pad + 1) }
        });
        assert_eq!(bits, (u128::from_be_bytes(nonce), 22));
    }
}

/// §4.1: "the client MUST wait for a response from the server before sending any further data": there is nothing more
/// to be written, and the value that a connection begins with is given for a 101 only.
#[test]
fn nothing_is_written_between_the_request_and_the_answer() {
    let mut handshake = handshake();
    let mut wire = Wire::default();
    handshake.write_request(&mut wire).unwrap();
    assert!(!wire.take().is_empty());
    let mut rx = RecvBuffer::from([0; 256]);
    assert!(matches!(handshake.receive(&mut rx), Ok(None)));
    handshake.write_request(&mut wire).unwrap();
    assert_eq!(wire.take(), []);
}

/// Headers have no order, and names no case (§4.1, RFC 2616); those that nobody knows mean nothing.
#[test]
fn the_order_of_headers_does_not_matter() {
    for from in 0..HEADERS.len() {
        for to in 0..HEADERS.len() {
            let mut headers = HEADERS.to_vec();
            headers.rotate_left(from);
            headers.swap(0, to);
            assert_eq!(outcome(&headers), Ok(Some("chat")), "{headers:?}");
            let lower: Vec<String> = headers
                .iter()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
                .collect();
            assert_eq!(outcome(&lower.iter().map(String::as_str).collect::<Vec<_>>()), Ok(Some("chat")));
        }
    }
}

/// §4.1 item 5, §9.1, §11.3.2: no extension was asked for, so each answer that names one fails, however it does so.
#[test]
fn an_answer_with_an_extension_fails() {
    for (lines, error) in [
        (&["Sec-WebSocket-Extensions: foo"][..], HandshakeError::ExtensionNotOffered),
        (&["Sec-WebSocket-Extensions: foo", "Sec-WebSocket-Extensions: bar"], HandshakeError::ExtensionNotOffered),
        (&["Sec-WebSocket-Extensions: "], HandshakeError::Invalid(Field::Extensions)),
        (&["Sec-WebSocket-Extensions: foo;"], HandshakeError::Invalid(Field::Extensions)),
    ] {
        assert_eq!(outcome(&[&HEADERS[..], lines].concat()), Err(error), "{lines:?}");
    }
}

/// §4.1 item 6, §11.3.4: one line with one subprotocol, or none at all; a server "MUST NOT" send more.
#[test]
fn an_answer_names_one_subprotocol_on_one_line() {
    let without: Vec<&str> = HEADERS.into_iter().filter(|line| !line.contains("Protocol")).collect();
    assert_eq!(outcome(&without), Ok(None));
    for lines in [
        &["Sec-WebSocket-Protocol: chat,"][..],
        &["Sec-WebSocket-Protocol: , chat"],
        &["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol:"],
        &["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"],
        &["Sec-WebSocket-Protocol: chat, superchat"],
        &["Sec-WebSocket-Protocol: Chat"],
    ] {
        assert!(outcome(&[&without[..], lines].concat()).is_err(), "{lines:?}");
    }
}

/// §4.1 item 4: the hash is of the key "as a string, not base64-decoded".
#[test]
fn the_accept_key_is_that_of_the_key_as_it_stands() {
    let canonical = accept_key(b"AQIDBAUGBwgJCgsMDQ4PEA==");
    let same_bytes = accept_key(b"AQIDBAUGBwgJCgsMDQ4PEC==");
    assert_ne!(canonical, same_bytes);
}
