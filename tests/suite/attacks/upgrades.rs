//! What a handshake asks for, and what it is granted: rows L8, H7 to H11, H14 to H18.

use websocket_proto::handshake::client::{self, Request};
use websocket_proto::handshake::server::{self, Origins, Reply};
use websocket_proto::handshake::{Fields, HttpVersion, accept_key};
use websocket_proto::{Field, HandshakeError, HandshakeMisuse, RecvBuffer};

use super::{both, refused, with_lines};
use crate::handshake::support::{
    Cuts, RFC_ACCEPT, RFC_KEY, RFC_NONCE, RFC_REQUEST, RFC_RESPONSE, ask, ask_with, refusal, rfc_client, serve,
    serve_with, written,
};

/// Only version 13 is spoken: neither a draft's request nor a draft's frames are taken.
#[test]
fn cve_2026_54466_drafts_are_not_spoken() {
    for version in (0..=12).chain([14, 25, 76, 131, 255]).map(|version| version.to_string()).chain(["013".into()]) {
        let found = refusal(RFC_REQUEST.replace("Version: 13", &format!("Version: {version}")));
        assert_eq!((found, found.status()), (HandshakeError::WebSocketVersion, 426), "{version}");
    }
    let hixie = "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\
        Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\
        Origin: http://example.com\r\n\r\n^n:ds[4U";
    assert_eq!(refusal(hixie), HandshakeError::Missing(Field::Version));
    // The first byte of a length that never ends is a continuation of nothing, and so is that of a text.
    for draft in [&[0x80, 0xff, 0xff, 0xff][..], b"\0text\xff"] {
        both(|_| draft.to_vec(), &refused(1002));
    }
}

#[test]
fn cve_2026_42544_every_byte_in_every_header() {
    let lines: Vec<&str> = RFC_REQUEST.split("\r\n").filter(|line| !line.is_empty()).collect();
    for line in lines {
        for byte in 0..=255_u8 {
            for place in [0, line.len() / 2] {
                let at = RFC_REQUEST.find(line).unwrap() + place;
                let mut request = RFC_REQUEST.as_bytes().to_vec();
                request.insert(at, byte);
                let whole = serve_with(server::Handshake::new(), &request, Cuts::Whole, Origins::SameHost);
                let bytes = serve_with(server::Handshake::new(), &request, Cuts::Bytes, Origins::SameHost);
                assert_eq!(whole, bytes, "{byte} at {at}");
            }
        }
    }
    let request = RFC_REQUEST.as_bytes().to_vec();
    let at = RFC_REQUEST.find("chat, super").unwrap();
    let hostile = [&request[..at], b"\x80\xff", &request[at..]].concat();
    assert_eq!(refusal(hostile), HandshakeError::Invalid(Field::Protocol));
}

#[test]
fn h08_each_header_missing_in_turn() {
    for (line, error) in [
        ("Host: server.example.com\r\n", Some(Field::Host)),
        ("Upgrade: websocket\r\n", Some(Field::Upgrade)),
        ("Connection: Upgrade\r\n", Some(Field::Connection)),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", Some(Field::Key)),
        ("Sec-WebSocket-Version: 13\r\n", Some(Field::Version)),
        ("Origin: http://example.com\r\n", None),
        ("Sec-WebSocket-Protocol: chat, superchat\r\n", None),
    ] {
        assert!(RFC_REQUEST.contains(line));
        let served = serve(RFC_REQUEST.replace(line, "")).0.unwrap().unwrap();
        assert_eq!(served.answer.err(), error.map(HandshakeError::Missing), "{line}");
    }
    let nothing = Fields::new();
    let line = server::RequestLine { method: "", target: "", version: HttpVersion::Http11 };
    assert_eq!(server::accept(&line, &nothing, Origins::Any).unwrap_err(), HandshakeError::Method);
}

/// See `injection` for arbitrary text.
#[test]
fn cve_2026_1527_line_ends_are_refused() {
    let request = Request::new("h", "/").unwrap();
    assert_eq!(request.subprotocols(&["p\r\nEvil: 1"]).err(), Some(HandshakeMisuse::Subprotocol));
    assert_eq!(request.subprotocols(&["a", "b", "a"]).err(), Some(HandshakeMisuse::Subprotocol));
    assert_eq!(request.subprotocols(&[""]).err(), Some(HandshakeMisuse::Subprotocol));
    assert_eq!(request.origin("http://a\r\nEvil: 1").err(), Some(HandshakeMisuse::Origin));
    assert_eq!(Request::new("h\r\nEvil: 1", "/").err(), Some(HandshakeMisuse::Host));
    assert_eq!(Request::new("a@h", "/").err(), Some(HandshakeMisuse::Host));
    assert_eq!(Request::new("h", "/ HTTP/1.1\r\nEvil: 1").err(), Some(HandshakeMisuse::Target));
    assert_eq!(Request::new("h", "path").err(), Some(HandshakeMisuse::Target));
}

#[test]
fn h10_what_was_not_offered_is_not_agreed() {
    let (result, _) = serve(RFC_REQUEST.replace("Sec-WebSocket-Protocol: chat, superchat\r\n", ""));
    assert!(result.unwrap().unwrap().subprotocols.is_empty());
    let fields: Fields<'_> = [("Sec-WebSocket-Protocol", "chat")].into_iter().collect();
    assert!(fields.subprotocols().eq(["chat"]));

    let mut rx = RecvBuffer::from([0; 1024]);
    let _ = rx.extend_from_slice(RFC_REQUEST.as_bytes());
    let mut handshake = server::Handshake::new();
    let request = handshake.receive(&mut rx).unwrap().unwrap();
    for name in ["soap", "", "chat, superchat", "Chat", "cha"] {
        let refused = request.accept(Origins::Any).unwrap().subprotocol(name);
        assert_eq!(refused.err(), Some(HandshakeMisuse::SubprotocolNotOffered));
    }

    let not_offered = Err(HandshakeError::SubprotocolNotOffered);
    for chosen in ["soap", "Chat", "chat, superchat", "chat\r\nSec-WebSocket-Protocol: chat", "chat,,chat"] {
        assert_eq!(ask(RFC_RESPONSE.replace("l: chat", &format!("l: {chosen}"))), not_offered, "{chosen}");
    }
    assert_eq!(ask(RFC_RESPONSE.replace("l: chat", "l:")), Err(HandshakeError::Invalid(Field::Protocol)));
    let extension = RFC_RESPONSE.replacen("\r\n", "\r\nSec-WebSocket-Extensions: foo\r\n", 1);
    assert_eq!(ask(extension), Err(HandshakeError::ExtensionNotOffered));
}

#[test]
fn h11_bytes_behind_a_refused_upgrade_are_neither_frames_nor_a_request() {
    let smuggled = b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    let bytes = [RFC_REQUEST.replace("n: 13", "n: 777").as_bytes(), smuggled].concat();
    for cuts in Cuts::usual() {
        let (result, rest) = serve_with(server::Handshake::new(), &bytes, cuts, Origins::Any);
        let error = result.unwrap().unwrap().answer.unwrap_err();
        assert_eq!((error, &rest[..]), (HandshakeError::WebSocketVersion, &smuggled[..]));
        let reply = written(|tx| Reply::to_error(error).write(tx));
        assert!(reply.contains("\r\nConnection: close") && reply.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    }
}

#[test]
fn h11_an_upgrade_with_a_body_is_refused() {
    for (lines, error) in [
        ("Content-Length: 1\r\n", HandshakeError::Body),
        ("Transfer-Encoding: chunked\r\n", HandshakeError::Body),
        ("Transfer-Encoding:\r\n", HandshakeError::Body),
        ("Content-Length: 0\r\nTransfer-Encoding: identity\r\n", HandshakeError::Body),
        ("Content-Length: 0\r\nContent-Length: 5\r\n", HandshakeError::Duplicate(Field::ContentLength)),
        ("Content-Length: 0, 5\r\n", HandshakeError::Duplicate(Field::ContentLength)),
        ("Content-Length: -1\r\n", HandshakeError::Invalid(Field::ContentLength)),
        ("Content-Length: +0\r\n", HandshakeError::Invalid(Field::ContentLength)),
        ("Content-Length:\r\n", HandshakeError::Invalid(Field::ContentLength)),
        ("Content-Length: 18446744073709551616\r\n", HandshakeError::Invalid(Field::ContentLength)),
    ] {
        let found = refusal(with_lines(lines));
        assert_eq!((found, found.status()), (error, 400), "{lines}");
    }
    assert!(serve(with_lines("Content-Length: 0\r\nContent-Length: 0\r\n")).0.unwrap().unwrap().answer.is_ok());
}

/// The last four bits of the last character belong to no byte; they may be what they like.
#[test]
fn h14_keys() {
    for (key, is_sound) in [
        (RFC_KEY, true),
        ("AAAAAAAAAAAAAAAAAAAAAA==", true),
        ("AAAAAAAAAAAAAAAAAAAAAB==", true),
        ("//////////////////////==", true),
        ("", false),
        ("AAA", false),
        ("AAAAAAAAAAAAAAAAAAAAAA", false),
        ("AAAAAAAAAAAAAAAAAAAAAA=", false),
        ("AAAAAAAAAAAAAAAAAAAAAAA=", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAA", false),
        ("AAAAAAAAAAAAAAAAAAAAA===", false),
        ("AAAAAAAAAAA=AAAAAAAAAA==", false),
        ("AAAAAAAAAAA AAAAAAAAAA==", false),
        ("__________-----------A==", false),
        ("AAAAAAAAAAAAAAAAAAAAAAA==", false),
        ("AAAAAAAAAAAAAAAAAAAAAA==, AAAA", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", false),
    ] {
        let served = serve(RFC_REQUEST.replace(RFC_KEY, key)).0.unwrap().unwrap();
        assert_eq!(served.answer.err(), (!is_sound).then_some(HandshakeError::Invalid(Field::Key)), "{key}");
    }
}

/// A key of any length is hashed without harm, too.
#[test]
fn h14_a_long_key_is_no_panic() {
    for len in 0..200 {
        assert_eq!(accept_key(&vec![b'A'; len]).len(), 28);
    }
}

#[test]
fn ghsa_c4j6_fc7j_m34r_absolute_target_must_name_the_host() {
    use HandshakeError::{Target, TargetAuthority};
    for (target, host, error) in [
        ("ws://localhost:8888/", "localhost:8888", None),
        ("WS://LOCALHOST:8888/", "localhost:8888", None),
        ("http://example.com/chat", "example.com", None),
        ("http://example.com:80/chat", "example.com", None),
        ("https://example.com/", "example.com:443", None),
        ("wss://example.com/?x", "example.com:", None),
        ("wss://example.com?x", "example.com:", Some(HandshakeError::Target)),
        ("http://[::1]:8/", "[::1]:8", None),
        ("http://169.254.169.254/", "example.com", Some(TargetAuthority)),
        ("http://example.com.evil.com/", "example.com", Some(TargetAuthority)),
        ("http://example.com:8080/", "example.com", Some(TargetAuthority)),
        ("http://example.com/", "example.com:443", Some(TargetAuthority)),
        ("https://example.com/", "example.com:80", Some(TargetAuthority)),
        ("http://example.com@evil.com/", "example.com", Some(Target)),
        ("http://example.com:x/", "example.com", Some(Target)),
        ("http://", "example.com", Some(Target)),
        ("http:///", "example.com", Some(Target)),
        ("gopher://example.com/", "example.com", Some(Target)),
        ("example.com:80", "example.com", Some(Target)),
        ("//example.com/", "other.com", None),
    ] {
        let request = RFC_REQUEST.replace("/chat", target).replace("server.example.com", host);
        assert_eq!(serve(request).0.unwrap().unwrap().answer.err(), error, "{target} {host}");
    }
}

/// What each choice of origins says to a page of this `origin`.
fn is_served(origin: &str, origins: Origins<'_>) -> bool {
    let request = RFC_REQUEST.replace("server.example.com", "good.com").replace("http://example.com", origin);
    let served = serve_with(server::Handshake::new(), request.as_bytes(), Cuts::Whole, origins).0.unwrap().unwrap();
    assert!(served.answer.is_ok() || served.answer == Err(HandshakeError::OriginRefused), "{:?}", served.answer);
    served.answer.is_ok()
}

#[test]
fn cve_2025_24010_origins_are_compared_whole() {
    const LIST: Origins<'_> = Origins::Listed(&["https://good.com", "http://good.com:3000", "null", "app://Good"]);
    for (origin, is_same_host, is_listed) in [
        ("https://good.com", true, true),
        ("HTTPS://GOOD.COM", true, true),
        ("http://good.com", true, false),
        ("https://good.com:443", true, false),
        ("http://good.com:80", true, false),
        ("wss://good.com", true, false),
        ("http://good.com:3000", false, true),
        ("app://good", false, true),
        ("https://good.com:80", false, false),
        ("http://good.com:443", false, false),
        ("https://good.com:8443", false, false),
        ("https://good.com.", false, false),
        ("https://good.com.evil.com", false, false),
        ("https://evil.com/good.com", false, false),
        ("https://evil.com/https://good.com", false, false),
        ("https://evil.com?https://good.com", false, false),
        ("https://evil.com#good.com", false, false),
        ("https://evilgood.com", false, false),
        ("https://sub.good.com", false, false),
        ("https://good.co", false, false),
        ("https://good.comm", false, false),
        ("https://good.com@evil.com", false, false),
        ("https://evil.com@good.com", false, false),
        ("https://user:good.com@evil.com", false, false),
        ("https://good.com:443@evil.com", false, false),
        ("https://good.com/", false, false),
        ("https://good.com/path", false, false),
        ("https://good.com?", false, false),
        ("https://good.com#", false, false),
        ("https://good.com:", true, false),
        ("https://good.com:x", false, false),
        ("https://good.com:65979", false, false),
        ("https://good.com evil.com", false, false),
        ("https://good.com https://evil.com", false, false),
        ("https://good.com, https://evil.com", false, false),
        ("https:/good.com", false, false),
        ("https:good.com", false, false),
        ("good.com", false, false),
        ("//good.com", false, false),
        ("file://good.com", false, false),
        ("chrome-extension://good.com", false, false),
        ("null", false, false),
        ("NULL", false, false),
        ("https://", false, false),
        ("", false, false),
        ("*", false, false),
        ("https://g\u{f6}od.com", false, false),
    ] {
        assert_eq!(is_served(origin, Origins::SameHost), is_same_host, "{origin}");
        assert_eq!(is_served(origin, LIST), is_listed, "{origin}");
        assert!(is_served(origin, Origins::Any), "{origin}");
    }
    assert_eq!(HandshakeError::OriginRefused.status(), 403);
}

/// No browser leaves the origin out (§4.2.1 item 7).
#[test]
fn h16_a_request_without_origin_is_not_from_a_page() {
    let request = RFC_REQUEST.replace("Origin: http://example.com\r\n", "");
    for origins in [Origins::SameHost, Origins::Listed(&[]), Origins::Any] {
        let served = serve_with(server::Handshake::new(), request.as_bytes(), Cuts::Whole, origins).0;
        assert!(served.unwrap().unwrap().answer.is_ok());
    }
}

/// Nothing in a handshake is secret, so nothing is compared in constant time; the key decides, and it decides exactly.
#[test]
fn h17_the_accept_key_is_a_public_function_of_the_key() {
    for at in 0..RFC_ACCEPT.len() {
        let mut wrong = RFC_RESPONSE.as_bytes().to_vec();
        wrong[RFC_RESPONSE.find(RFC_ACCEPT).unwrap() + at] ^= 1;
        assert_eq!(ask(wrong), Err(HandshakeError::AcceptMismatch));
    }
    let mut other = RFC_NONCE;
    other[0] ^= 1;
    let handshake = client::Handshake::new(Request::new("a", "/").unwrap(), other);
    assert_eq!(ask_with(handshake, RFC_RESPONSE.as_bytes(), Cuts::Whole).0, Err(HandshakeError::AcceptMismatch));
}

#[test]
fn h18_a_redirect_is_data() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: ws://evil.example/\r\n\r\n";
    let mut rx = RecvBuffer::from([0; 256]);
    let mut handshake = rfc_client();
    written(|tx| handshake.write_request(tx));
    let _ = rx.extend_from_slice(redirect.as_bytes());
    let Some(client::Response::Refused(refused)) = handshake.receive(&mut rx).unwrap() else { panic!("refused") };
    assert_eq!(refused.status(), 302);
    assert_eq!(refused.headers().find("location").unwrap().value(), b"ws://evil.example/");
    assert_eq!(written(|tx| handshake.write_request(tx)), "", "nothing is sent again");
}
