//! The opening handshake as a server sees it (RFC 6455 §4.2, §4.3, §9.1, §11.3).

use websocket_proto::handshake::server::{Accept, Handshake, Origins, Reply};
use websocket_proto::{Field, HandshakeError, RecvBuffer};

use super::Wire;

const FIRST: &str = "GET /chat HTTP/1.1";

const HEADERS: [&str; 8] = [
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Origin: http://example.com",
    "Sec-WebSocket-Protocol: chat, superchat",
    "X-Nobody-Knows: this",
];

/// What is answered to these header lines, when `choose` chooses what is agreed on.
fn answer_with(
    headers: &[&str],
    choose: impl for<'f> FnOnce(Accept<'f, 'static>) -> Accept<'f, 'static>,
) -> Result<String, HandshakeError> {
    let mut rx = RecvBuffer::from([0; 2048]);
    let head = format!("{FIRST}\r\n{}\r\n\r\n", headers.join("\r\n"));
    assert_eq!(rx.extend_from_slice(head.as_bytes()), head.len());
    let request = Handshake::new().receive(&mut rx)?.expect("the head is whole");
    let mut wire = Wire::default();
    let _ = choose(request.accept(Origins::Any)?).write(&mut wire).unwrap();
    Ok(String::from_utf8(wire.0).unwrap())
}

fn answer(headers: &[&str]) -> Result<String, HandshakeError> {
    answer_with(headers, |accept| accept.choose_subprotocol(&["superchat"]))
}

fn with(name: &str, line: &'static str) -> Vec<&'static str> {
    HEADERS.iter().map(|header| if header.starts_with(name) { line } else { header }).collect()
}

/// How many lines of an answer have this name.
fn lines(answer: &str, name: &str) -> usize {
    answer.split("\r\n").filter(|line| line.split_once(':').is_some_and(|(found, _)| found == name)).count()
}

/// §4.2.1: "the order of the header fields is not important".
#[test]
fn the_order_of_headers_does_not_matter() {
    let expected = answer(&HEADERS).unwrap();
    for from in 0..HEADERS.len() {
        for to in 0..HEADERS.len() {
            let mut headers = HEADERS.to_vec();
            headers.rotate_left(from);
            headers.swap(0, to);
            assert_eq!(answer(&headers).as_ref(), Ok(&expected), "{headers:?}");
        }
    }
}

/// §4.2.1 item 10: "Unknown header fields are ignored".
#[test]
fn unknown_headers_are_ignored() {
    let expected = answer(&HEADERS);
    assert_eq!(answer(&HEADERS[..7]), expected);
    for unknown in ["Cookie: a=b; c=d", "Sec-WebSocket-Draft: 3", "Sec-WebSocket-Version-Server: 8", "X: \u{e9}"] {
        assert_eq!(answer(&[&HEADERS[..], &[unknown, unknown]].concat()), expected, "{unknown}");
    }
    let of_answers = "Sec-WebSocket-Accept: means nothing in a request";
    assert_eq!(answer(&[&HEADERS[..], &[of_answers]].concat()), expected);
}

/// §4.2.2 step 5, §11.3: the answer names each of its headers once.
#[test]
fn the_answer_has_each_header_once() {
    let answer = answer(&HEADERS).unwrap();
    for name in ["Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"] {
        assert_eq!(lines(&answer, name), 1, "{name}");
    }
}

/// §4.2.2 step 4: without an agreement there is no `Sec-WebSocket-Protocol`: neither when nothing is offered nor when
/// nothing is liked.
#[test]
fn without_a_subprotocol_none_is_named() {
    for (headers, liked) in [
        (HEADERS.to_vec(), &["soap"][..]),
        (HEADERS.to_vec(), &[]),
        (with("Sec-WebSocket-Protocol", "X: y"), &["chat", "superchat"]),
    ] {
        let answer = answer_with(&headers, |accept| {
            let accept = accept.choose_subprotocol(liked);
            assert_eq!(accept.chosen_subprotocol(), None);
            accept
        });
        assert_eq!(lines(&answer.unwrap(), "Sec-WebSocket-Protocol"), 0);
    }
}

/// §4.2.2 step 4, §9: "Extensions not listed by the client MUST NOT be listed"; what cannot be spoken is not listed
/// either.
#[test]
fn no_extension_is_granted() {
    for offer in ["", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, foo"] {
        let headers: Vec<&str> = HEADERS.into_iter().chain((!offer.is_empty()).then_some(offer)).collect();
        assert_eq!(lines(&answer(&headers).unwrap(), "Sec-WebSocket-Extensions"), 0);
    }
}

/// §9.1: "If a value is received … that does not conform to the ABNF below, the recipient of such malformed data MUST
/// immediately _Fail the WebSocket Connection_", whether or not the server knows any extension.
#[test]
fn a_malformed_list_of_extensions_is_refused() {
    for line in [
        "Sec-WebSocket-Extensions:",
        "Sec-WebSocket-Extensions: ;",
        "Sec-WebSocket-Extensions: foo bar",
        "Sec-WebSocket-Extensions: foo; bar=",
        "Sec-WebSocket-Extensions: foo; bar=\"",
        "Sec-WebSocket-Extensions: foo; bar=\"not a token\"",
        "Sec-WebSocket-Extensions: foo; bar=\"\"",
    ] {
        let error = HandshakeError::Invalid(Field::Extensions);
        assert_eq!(answer(&[&HEADERS[..], &[line]].concat()), Err(error), "{line}");
        assert_eq!(error.status(), 400);
    }
}

/// §4.1 item 7 gives a key whose last character has bits that belong to no byte; it decodes to 16 bytes, as §4.2.1 item
/// 5 asks.
#[test]
fn the_key_of_the_rfcs_own_example_is_taken() {
    assert!(answer(&with("Sec-WebSocket-Key", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==")).is_ok());
}

/// §4.1 item 10 binds the client; a server that is offered a name twice can still choose it, and names it once.
#[test]
fn a_subprotocol_that_is_offered_twice_is_named_once() {
    let headers = with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: superchat, chat, superchat");
    let answer = answer(&headers).unwrap();
    assert!(answer.contains("\r\nSec-WebSocket-Protocol: superchat\r\n"));
    assert_eq!(lines(&answer, "Sec-WebSocket-Protocol"), 1);
}

/// §4.2.1, §4.2.2, §10.7: whatever is wrong, there is an HTTP answer with a status that says so, after which the
/// connection is closed.
#[test]
fn every_refusal_is_an_http_error_that_closes() {
    for (name, line) in [
        ("Host", "X: y"),
        ("Upgrade", "X: y"),
        ("Connection", "X: y"),
        ("Sec-WebSocket-Key", "X: y"),
        ("Sec-WebSocket-Version", "X: y"),
        ("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
        ("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: a b"),
        ("X-Nobody-Knows", "Bad Name: x"),
    ] {
        let error = answer(&with(name, line)).unwrap_err();
        let mut wire = Wire::default();
        Reply::to_error(error).write(&mut wire).unwrap();
        let reply = String::from_utf8(wire.0).unwrap();
        assert!(reply.starts_with("HTTP/1.1 4") && reply.ends_with("\r\n\r\n"), "{reply}");
        assert!(reply.contains("\r\nConnection: close"), "{reply}");
        let names_the_version = reply.contains("\r\nSec-WebSocket-Version: 13\r\n");
        assert_eq!(names_the_version, error.status() == 426, "§4.4: {reply}");
    }
}
