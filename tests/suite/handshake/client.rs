//! Requests as they are written, and answers as they are judged.

use websocket_proto::handshake::client::{Handshake, Request, Response};
use websocket_proto::handshake::{Header, HttpVersion, Url};
use websocket_proto::{Field, HandshakeError, HandshakeMisuse, HeadPart, RecvBuffer, SendError, SendSlice};

use super::support::{Answered, Cuts, RFC_ACCEPT, RFC_NONCE, RFC_RESPONSE, ask, ask_with, rfc_client, written};

fn established(subprotocol: Option<&str>, headers: usize) -> Result<Option<Answered>, HandshakeError> {
    Ok(Some(Answered::Established { subprotocol: subprotocol.map(String::from), headers }))
}

#[test]
fn the_request_is_written_byte_for_byte() {
    let headers = [Header::new("Authorization", "Bearer 3c8b").unwrap()];
    let url = Url::parse("WS://[::1]:8080?room=1").unwrap();
    let request = Request::to(&url).subprotocols(&["chat", "superchat"]).unwrap();
    let request = request.origin("http://example.com").unwrap().headers(&headers).unwrap();
    let mut handshake = Handshake::new(request, RFC_NONCE);
    assert_eq!(
        written(|tx| handshake.write_request(tx)),
        "GET /?room=1 HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: http://example.com\r\nAuthorization: Bearer 3c8b\r\n\r\n"
    );
    assert_eq!(written(|tx| handshake.write_request(tx)), "", "it is written once");
}

#[test]
fn a_request_that_does_not_fit_is_not_begun() {
    let needed = written(|tx| rfc_client().write_request(tx)).len();
    let mut handshake = rfc_client();
    for room in 0..needed {
        let mut memory = vec![0; room];
        let mut tx = SendSlice::new(&mut memory);
        assert_eq!(handshake.write_request(&mut tx), Err(SendError::Full { needed }));
        assert!(tx.as_slice().is_empty());
    }
    assert_eq!(written(|tx| handshake.write_request(tx)).len(), needed);
}

#[test]
fn the_rfcs_response_establishes_the_connection() {
    assert_eq!(ask(RFC_RESPONSE), established(Some("chat"), 4));
    let longer = [RFC_RESPONSE.as_bytes(), b"\x81\x05Hello\r\n\r\n"].concat();
    for cuts in Cuts::usual() {
        let (result, rest) = ask_with(rfc_client(), &longer, cuts);
        assert_eq!((result, &rest[..]), (established(Some("chat"), 4), &longer[RFC_RESPONSE.len()..]));
    }
}

#[test]
fn what_a_101_may_look_like() {
    for (from, to) in [
        ("Upgrade: websocket", "UPGRADE: WebSocket"),
        ("Connection: Upgrade", "Connection: keep-alive, upgrade"),
        ("Switching Protocols", ""),
        (RFC_ACCEPT, &format!("\t {RFC_ACCEPT} \t")),
        ("Connection: Upgrade", "Content-Length: 0\r\nConnection: Upgrade"),
    ] {
        let response = RFC_RESPONSE.replace(from, to);
        assert!(matches!(ask(&response), Ok(Some(Answered::Established { .. }))), "{response}");
    }
    let plain = RFC_RESPONSE.replace("Sec-WebSocket-Protocol: chat\r\n", "");
    assert_eq!(ask(plain), established(None, 3), "a server need not choose a subprotocol");
}

#[test]
fn what_a_101_must_not_look_like() {
    use HandshakeError::{AcceptMismatch, Body, Duplicate, ExtensionNotOffered, Invalid, Malformed, Missing};
    let twice = format!("{RFC_ACCEPT}\r\nSec-WebSocket-Accept: {RFC_ACCEPT}");
    for (from, to, error) in [
        ("HTTP/1.1", "HTTP/1.0", HandshakeError::HttpVersion),
        ("HTTP/1.1", "HTTP/2", HandshakeError::HttpVersion),
        ("HTTP/1.1", "\r\nHTTP/1.1", Malformed(HeadPart::StartLine)),
        ("Upgrade: websocket", "X: y", Missing(Field::Upgrade)),
        ("Upgrade: websocket", "Upgrade: h2c", Invalid(Field::Upgrade)),
        ("Upgrade: websocket", "Upgrade: websocket, h2c", Invalid(Field::Upgrade)),
        ("Connection: Upgrade", "Connection: close", Missing(Field::Connection)),
        ("Sec-WebSocket-Accept", "Sec-WebSocket-Except", Missing(Field::Accept)),
        ("s3pPLM", "S3pPLM", AcceptMismatch),
        (RFC_ACCEPT, "", AcceptMismatch),
        (RFC_ACCEPT, &twice, Duplicate(Field::Accept)),
        ("Connection", "Content-Length: 5\r\nConnection", Body),
        ("Connection", "Transfer-Encoding: chunked\r\nConnection", Body),
        ("Connection", "Content-Length: x\r\nConnection", Invalid(Field::ContentLength)),
        ("Connection", "Sec-WebSocket-Extensions: permessage-deflate\r\nConnection", ExtensionNotOffered),
        ("Connection", "Sec-WebSocket-Extensions: ;\r\nConnection", Invalid(Field::Extensions)),
        ("Connection", "Connection : a\r\nConnection", Malformed(HeadPart::HeaderName)),
    ] {
        assert_eq!(ask(RFC_RESPONSE.replacen(from, to, 1)), Err(error), "{to}");
    }
}

#[test]
fn an_answer_other_than_101_is_a_value_whatever_its_version() {
    for (head, status, reason) in [
        ("HTTP/1.0 404 Not Found", 404, "Not Found"),
        ("HTTP/1.1 200 OK", 200, "OK"),
        ("HTTP/1.1 302", 302, ""),
        ("HTTP/1.1 999 \u{e9}", 999, ""),
        ("HTTP/1.1 000 Zero", 0, "Zero"),
    ] {
        let refused = Answered::Refused { status, reason: reason.into(), headers: 2 };
        assert_eq!(ask(format!("{head}\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\nbody")), Ok(Some(refused)));
    }
}

#[test]
fn what_is_no_http_is_refused_at_its_first_byte() {
    for bytes in [&b"\x16\x03\x01"[..], b"\0", b" HTTP/1.1 101\r\n", b"\x81\x05Hello"] {
        assert_eq!(ask(bytes), Err(HandshakeError::Malformed(HeadPart::StartLine)));
    }
    assert_eq!(ask(b"SSH-2.0-OpenSSH\r\n\r\n"), Err(HandshakeError::HttpVersion));
    assert_eq!(ask(b"HTTP/1.1 101\n"), Err(HandshakeError::BareLineFeed));
}

#[test]
fn a_call_out_of_turn_is_a_misuse() {
    let mut rx = RecvBuffer::from([0; 512]);
    let mut handshake = rfc_client();
    let misuse = handshake.receive(&mut rx).unwrap_err();
    assert_eq!(misuse, HandshakeError::Misuse(HandshakeMisuse::NotStarted));
    written(|tx| handshake.write_request(tx));
    assert!(handshake.receive(&mut rx).unwrap().is_none(), "it was not the end");

    let _ = rx.extend_from_slice(RFC_RESPONSE.as_bytes());
    assert!(matches!(handshake.receive(&mut rx), Ok(Some(Response::Established(_)))));
    let misuse = handshake.receive(&mut rx).unwrap_err();
    assert_eq!(misuse, HandshakeError::Misuse(HandshakeMisuse::Finished));
    assert_eq!(handshake.handle_eof(), Ok(()));
}

#[test]
fn an_end_within_the_answer_is_an_error() {
    for len in 0..RFC_RESPONSE.len() {
        let mut rx = RecvBuffer::from([0; 512]);
        let mut handshake = rfc_client();
        written(|tx| handshake.write_request(tx));
        let _ = rx.extend_from_slice(&RFC_RESPONSE.as_bytes()[..len]);
        assert!(handshake.receive(&mut rx).unwrap().is_none());
        assert_eq!(handshake.handle_eof(), Err(HandshakeError::Eof));
        assert_eq!(handshake.receive(&mut rx).unwrap_err(), HandshakeError::Eof);
    }
}

#[test]
fn interim_answers_are_skipped_one_at_a_time() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    assert_eq!(ask(format!("{interim}{RFC_RESPONSE}")), established(Some("chat"), 4));
    assert_eq!(
        ask("HTTP/1.1 100 Continue\r\nbad name: x\r\n\r\n"),
        Err(HandshakeError::Malformed(HeadPart::HeaderName))
    );
}

#[cfg(feature = "getrandom")]
#[test]
fn nonces_of_the_operating_system_differ() {
    let request = Request::new("a", "/").unwrap();
    let key = || written(|tx| Handshake::with_random_nonce(request).unwrap().write_request(tx));
    assert_ne!(key(), key());
}

/// The limit on header lines, at its edge; it cannot be raised beyond what there is room for.
#[test]
fn a_client_reads_as_many_header_lines_as_it_likes() {
    let lines = RFC_RESPONSE.lines().filter(|line| line.contains(": ")).count();
    let answer = |max_headers| ask_with(rfc_client().max_headers(max_headers), RFC_RESPONSE.as_bytes(), Cuts::Whole).0;
    assert_eq!(answer(lines), established(Some("chat"), lines));
    assert_eq!(answer(lines - 1), Err(HandshakeError::TooManyHeaders));
    let many = RFC_RESPONSE.replace("\r\n\r\n", &format!("\r\n{}\r\n", "X: y\r\n".repeat(65 - lines)));
    let found = ask_with(rfc_client().max_headers(1_000), many.as_bytes(), Cuts::Whole).0;
    assert_eq!(found, Err(HandshakeError::TooManyHeaders));
}

/// Once a handshake has failed, the end of the transport is no news; once it has its result, it is no error.
#[test]
fn the_first_reason_is_kept() {
    let mut rx = RecvBuffer::from([0; 2048]);
    let mut handshake = rfc_client();
    written(|tx| handshake.write_request(tx));
    let _ = rx.extend_from_slice(b"HTTP/1.1 101 A\nB: c\r\n\r\n");
    assert_eq!(handshake.receive(&mut rx).err(), Some(HandshakeError::BareLineFeed));
    assert_eq!(handshake.handle_eof(), Err(HandshakeError::BareLineFeed));

    let mut rx = RecvBuffer::from([0; 2048]);
    let mut handshake = rfc_client();
    written(|tx| handshake.write_request(tx));
    let _ = rx.extend_from_slice(RFC_RESPONSE.as_bytes());
    assert!(matches!(handshake.receive(&mut rx), Ok(Some(Response::Established(_)))));
    assert_eq!(handshake.handle_eof(), Ok(()));
}

/// For who does not look at it, a refusal is an error with its status.
#[test]
fn an_answer_as_what_was_agreed_on_or_an_error() {
    for (head, status) in [("HTTP/1.1 302 Found\r\n\r\n", Some(302)), (RFC_RESPONSE, None)] {
        let mut rx = RecvBuffer::from([0; 512]);
        let mut handshake = rfc_client();
        written(|tx| handshake.write_request(tx));
        assert_eq!(rx.extend_from_slice(head.as_bytes()), head.len());
        let established = handshake.receive(&mut rx).unwrap().expect("all of it has been read").established();
        match status {
            Some(status) => assert_eq!(established.map(drop), Err(HandshakeError::Status(status))),
            None => assert_eq!(established.unwrap().subprotocol(), Some("chat")),
        }
    }
}

#[test]
fn a_refusal_says_what_http_it_speaks() {
    for (version, expected) in [("1.0", HttpVersion::Http10), ("1.1", HttpVersion::Http11)] {
        let mut rx = RecvBuffer::from([0; 256]);
        let mut handshake = rfc_client();
        written(|tx| handshake.write_request(tx));
        let _ = rx.extend_from_slice(format!("HTTP/{version} 403 No\r\nX: y\r\nZ:\r\n\r\n").as_bytes());
        let Ok(Some(Response::Refused(refused))) = handshake.receive(&mut rx) else { panic!("refused") };
        assert_eq!(refused.version(), expected);
        assert_eq!(format!("{:?}", refused.headers()), format!("{:?}", refused.headers().iter()));
        let names: Vec<_> = (&refused.headers()).into_iter().map(|header| header.name()).collect();
        assert_eq!(names, refused.headers().into_iter().map(|header| header.name()).collect::<Vec<_>>());
        assert_eq!(names, ["X", "Z"]);
    }
}

#[test]
fn a_client_sets_its_deadline() {
    use core::time::Duration;
    use websocket_proto::{Instant, Timeout};
    let at = |millis| Instant::EPOCH + Duration::from_millis(millis);
    let mut handshake = rfc_client().timeout(Some(Duration::from_millis(300)));
    assert_eq!(handshake.handle_timeout(at(1_000)), Ok(()));
    assert_eq!(handshake.poll_timeout(), Some(at(1_300)));
    assert_eq!(handshake.handle_timeout(at(1_299)), Ok(()));
    assert_eq!(handshake.handle_timeout(at(1_300)), Err(HandshakeError::Timeout(Timeout::Handshake)));
    assert_eq!(rfc_client().timeout(None).poll_timeout(), None);
}
