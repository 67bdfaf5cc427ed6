//! Known attacks on handshakes, one test or more for each. Names are those of the advisory, where there is one.

use core::time::Duration;

use websocket_proto::handshake::client::{self, Request};
use websocket_proto::handshake::server::{self, Origins, Reply};
use websocket_proto::handshake::{Fields, HttpVersion, accept_key};
use websocket_proto::{Field, HandshakeError, HandshakeMisuse, HeadPart, Instant, RecvBuffer, Timeout};

use super::support::{
    Answered, Cuts, RFC_ACCEPT, RFC_KEY, RFC_NONCE, RFC_REQUEST, RFC_RESPONSE, ask, ask_with, refusal, rfc_client,
    serve, serve_with, written,
};

/// The request of the RFC with `lines` added behind its first line.
fn with_lines(lines: &str) -> String {
    RFC_REQUEST.replacen("\r\n", &format!("\r\n{lines}"), 1)
}

/// A request of exactly `len` bytes.
fn request_of(len: usize) -> String {
    let padding = len - RFC_REQUEST.len() - "X: \r\n".len();
    with_lines(&format!("X: {}\r\n", "x".repeat(padding)))
}

// H1. That each byte is looked at once stands as a test beside the code.
#[test]
fn cve_2023_43669_head_limit_for_any_cuts() {
    let limit = 16 * 1024;
    for cuts in Cuts::usual() {
        let fits = serve_with(server::Handshake::new(), request_of(limit).as_bytes(), cuts, Origins::Any);
        assert!(fits.0.unwrap().unwrap().answer.is_ok());
        let longer = request_of(limit + 1);
        let (result, rest) = serve_with(server::Handshake::new(), longer.as_bytes(), cuts, Origins::Any);
        assert_eq!(result, Err(HandshakeError::HeadTooLong));
        assert_eq!(rest, longer.as_bytes(), "nothing was taken");
    }
    assert_eq!(HandshakeError::HeadTooLong.status(), 431);
}

// H1. The error comes with the last byte within the limit, not when the sender gets tired.
#[test]
fn cve_2023_43669_no_byte_beyond_the_limit_is_waited_for() {
    let handshake = || server::Handshake::new().max_head_bytes(100);
    let endless = [b'a'; 101];
    for cuts in Cuts::usual() {
        let wait = serve_with(handshake(), &endless[..99], cuts, Origins::Any).0;
        assert_eq!(wait, Ok(None));
        let stop = serve_with(handshake(), &endless[..100], cuts, Origins::Any).0;
        assert_eq!(stop, Err(HandshakeError::HeadTooLong));
    }
}

// H2
#[test]
fn h2_an_honest_peer_may_send_single_bytes() {
    let request = request_of(4000);
    let (result, _) = serve_with(server::Handshake::new(), request.as_bytes(), Cuts::Bytes, Origins::Any);
    assert!(result.unwrap().unwrap().answer.is_ok());
}

// H3
#[test]
fn cve_2021_32640_spaces_in_a_subprotocol_list() {
    for hostile in [format!("b{}x", " ".repeat(12_000)), ", ".repeat(6_000), "\t,".repeat(6_000), "\"".repeat(12_000)] {
        let request = RFC_REQUEST.replace("chat, superchat", &hostile);
        assert_eq!(refusal(request), HandshakeError::Invalid(Field::Protocol));
    }
    let many = RFC_REQUEST.replace("chat, superchat", &["a"; 5_000].join(" ,"));
    assert_eq!(serve(many).0.unwrap().unwrap().subprotocols.len(), 5_000);
}

// H4
#[test]
fn cve_2020_7662_unclosed_quotes_in_extensions() {
    for hostile in
        [format!("a; b=\"{}", "\\c".repeat(6_000)), format!("a; b=\"{}", "c".repeat(12_000)), "a;b=\"".repeat(2_000)]
    {
        let request = with_lines(&format!("Sec-WebSocket-Extensions: {hostile}\r\n"));
        assert_eq!(refusal(request), HandshakeError::Invalid(Field::Extensions));
    }
}

// H4
#[test]
fn cve_2020_7663_long_lists_of_parameters() {
    let long = format!("a{}", "; b=\"\\c\"".repeat(1_500));
    let request = with_lines(&format!("Sec-WebSocket-Extensions: {long}\r\n"));
    assert!(serve(request).0.unwrap().unwrap().answer.is_ok());
    assert_eq!(super::extensions::show(&[long.as_bytes()])[0].len(), "a()".len() + 1_500 * "b=c,".len() - 1);
}

// H5: NSP-550
#[test]
fn h5_names_of_object_properties_are_names() {
    for name in ["constructor", "__proto__", "toString", "hasOwnProperty"] {
        let lines = format!("Sec-WebSocket-Extensions: {name}; {name}={name}\r\n{name}: {name}\r\n");
        let request = with_lines(&lines).replace("chat, superchat", name);
        let served = serve(request).0.unwrap().unwrap();
        assert_eq!(served.subprotocols, [name]);
        assert!(!served.answer.unwrap().contains(name), "nothing is echoed");
    }
}

// H6
#[test]
fn cve_2024_37890_too_many_headers() {
    for (count, is_refused) in [(64, false), (65, true), (2_000, true), (3_000, true)] {
        let request = with_lines(&"A:\r\n".repeat(count - 7));
        if is_refused {
            assert_eq!(refusal(request), HandshakeError::TooManyHeaders);
        } else {
            let served = serve(request).0.unwrap().unwrap();
            assert_eq!((served.headers.len(), served.answer.is_ok()), (count, true));
        }
    }
    assert_eq!(refusal(with_lines(&"A:\r\n".repeat(10_000))), HandshakeError::HeadTooLong);
    assert_eq!(HandshakeError::TooManyHeaders.status(), 431);
}

// H7
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

// H8
#[test]
fn h8_each_header_missing_in_turn() {
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

// H9: see `injection` for arbitrary text.
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

// H10
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

// H11
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

// H11
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

// H12
#[test]
fn cve_2026_50020_control_bytes_before_a_request() {
    for byte in (0..=0x1f).chain([0x7f, b' ']) {
        for bytes in [vec![byte], vec![byte, 1], vec![b'\r', b'\n', byte]] {
            let request = [&bytes, RFC_REQUEST.as_bytes()].concat();
            let _ = refusal(request);
        }
    }
}

// H12: RFC 9112 §2.2 wants one empty line ignored.
#[test]
fn h12_one_empty_line_before_a_request_is_skipped() {
    let whole = serve(RFC_REQUEST);
    for cuts in Cuts::usual() {
        let led = format!("\r\n{RFC_REQUEST}");
        assert_eq!(serve_with(server::Handshake::new(), led.as_bytes(), cuts, Origins::Any), whole);
    }
    assert_eq!(refusal(format!("\r\n\r\n{RFC_REQUEST}")), HandshakeError::Malformed(HeadPart::StartLine));
    assert_eq!(ask(format!("\r\n{RFC_RESPONSE}")), Err(HandshakeError::Malformed(HeadPart::StartLine)));
}

// H13
#[test]
fn h13_headers_that_stand_twice() {
    for (field, value) in [
        (Field::Host, "server.example.com"),
        (Field::Key, RFC_KEY),
        (Field::Version, "13"),
        (Field::Origin, "http://example.com"),
    ] {
        for name in [field.name().to_string(), field.name().to_lowercase()] {
            let found = refusal(with_lines(&format!("{name}: {value}\r\n")));
            assert_eq!((found, found.status()), (HandshakeError::Duplicate(field), 400));
        }
    }
}

// H13
#[test]
fn h13_folded_lines_and_bare_line_feeds() {
    for (from, to, error) in [
        ("chat, superchat", "chat,\r\n superchat", HandshakeError::Malformed(HeadPart::HeaderName)),
        ("chat, superchat", "chat,\r\n\tsuperchat", HandshakeError::Malformed(HeadPart::HeaderName)),
        ("HTTP/1.1\r\n", "HTTP/1.1\r\n folded\r\n", HandshakeError::Malformed(HeadPart::HeaderName)),
        ("HTTP/1.1\r\n", "HTTP/1.1\n", HandshakeError::BareLineFeed),
        ("\r\n\r\n", "\n\n", HandshakeError::BareLineFeed),
        ("\r\n\r\n", "\r\n\n", HandshakeError::BareLineFeed),
        ("chat, superchat", "chat,\nsuperchat", HandshakeError::BareLineFeed),
        ("chat, superchat", "chat,\rsuperchat", HandshakeError::Malformed(HeadPart::HeaderValue)),
        ("chat, superchat", "chat\r\r\nX: y", HandshakeError::Malformed(HeadPart::HeaderValue)),
        ("chat, superchat", "chat\0", HandshakeError::Malformed(HeadPart::HeaderValue)),
    ] {
        assert_eq!(refusal(RFC_REQUEST.replacen(from, to, 1)), error, "{to:?}");
    }
    let (result, _) = serve("GET / HTTP/1.1\n");
    assert_eq!(result, Err(HandshakeError::BareLineFeed), "at the earliest byte");
}

// H14: the last four bits of the last character belong to no byte; they may be what they like.
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

// H14: a key of any length is hashed without harm, too.
#[test]
fn h14_a_long_key_is_no_panic() {
    for len in 0..200 {
        assert_eq!(accept_key(&vec![b'A'; len]).len(), 28);
    }
}

// H15
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

// H16: CWE-1385, CVE-2018-14732
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

// H16: no browser leaves the origin out (§4.2.1 item 7).
#[test]
fn h16_a_request_without_origin_is_not_from_a_page() {
    let request = RFC_REQUEST.replace("Origin: http://example.com\r\n", "");
    for origins in [Origins::SameHost, Origins::Listed(&[]), Origins::Any] {
        let served = serve_with(server::Handshake::new(), request.as_bytes(), Cuts::Whole, origins).0;
        assert!(served.unwrap().unwrap().answer.is_ok());
    }
}

// H17: nothing in a handshake is secret, so nothing is compared in constant time; the key decides, and it decides
// exactly.
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

// H18
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

// H19
#[test]
fn h19_a_slow_client_runs_out_of_time() {
    let mut rx = RecvBuffer::from([0; 1024]);
    let mut handshake = server::Handshake::new();
    assert_eq!(handshake.poll_timeout(), Some(Instant::EPOCH), "tell the time at once");
    let start = Instant::from_millis(5_000);
    assert_eq!(handshake.handle_timeout(start), Ok(()));
    let deadline = start + Duration::from_secs(10);
    for (count, byte) in RFC_REQUEST.bytes().enumerate() {
        assert_eq!(handshake.poll_timeout(), Some(deadline), "no byte moves the deadline");
        let now = start + Duration::from_secs(count as u64);
        let _ = rx.extend_from_slice(&[byte]);
        if now < deadline {
            assert_eq!(handshake.handle_timeout(now), Ok(()));
            assert!(handshake.receive(&mut rx).unwrap().is_none());
        } else {
            let timeout = HandshakeError::Timeout(Timeout::Handshake);
            assert_eq!(handshake.handle_timeout(now), Err(timeout));
            assert_eq!(handshake.receive(&mut rx).unwrap_err(), timeout);
            assert_eq!((handshake.poll_timeout(), timeout.status()), (None, 408));
            return;
        }
    }
    panic!("the deadline did not come");
}

// H19
#[test]
fn h19_a_client_waits_no_longer_than_it_likes() {
    let mut handshake = rfc_client().timeout(Some(Duration::from_millis(20)));
    assert_eq!(handshake.handle_timeout(Instant::EPOCH), Ok(()));
    assert_eq!(handshake.handle_timeout(Instant::from_millis(19)), Ok(()));
    assert_eq!(handshake.handle_timeout(Instant::from_millis(20)), Err(HandshakeError::Timeout(Timeout::Handshake)));
    assert_eq!(rfc_client().timeout(None).poll_timeout(), None);

    let mut rx = RecvBuffer::from([0; 1024]);
    let _ = rx.extend_from_slice(RFC_REQUEST.as_bytes());
    let mut handshake = server::Handshake::new();
    assert!(handshake.receive(&mut rx).unwrap().is_some());
    assert_eq!(handshake.poll_timeout(), None, "nothing is waited for");
    assert_eq!(handshake.handle_timeout(Instant::from_millis(u64::MAX)), Ok(()));
}

// H20
#[test]
fn h20_floods_of_interim_answers() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let after = |count: usize| ask(format!("{}{RFC_RESPONSE}", interim.repeat(count)));
    assert!(matches!(after(8), Ok(Some(Answered::Established { .. }))));
    assert_eq!(after(9), Err(HandshakeError::TooManyInterim));
    assert_eq!(after(1000), Err(HandshakeError::TooManyInterim));

    let padded = format!("HTTP/1.1 103 Hints\r\nX: {}\r\n\r\n", "x".repeat(5_000)).repeat(4);
    assert_eq!(ask(padded), Err(HandshakeError::HeadTooLong), "all heads share one limit");
}

// H20
#[test]
fn h20_a_huge_status_line() {
    let huge = format!("HTTP/1.1 101 {}", "x".repeat(20_000));
    assert_eq!(ask(&huge), Err(HandshakeError::HeadTooLong));
    let long = RFC_RESPONSE.replace("Switching Protocols", &"x".repeat(10_000));
    assert!(matches!(ask(long), Ok(Some(Answered::Established { .. }))));
}

// H21
#[test]
fn h21_frames_in_the_same_read_as_the_101() {
    let frames = b"\x81\x05Hello\x89\x00\x82\x04\r\n\r\n";
    let bytes = [RFC_RESPONSE.as_bytes(), frames].concat();
    for at in 0..bytes.len() {
        let (result, rest) = ask_with(rfc_client(), &bytes, Cuts::At(at));
        assert!(matches!(result, Ok(Some(Answered::Established { .. }))));
        assert_eq!(rest, frames, "cut at {at}");
    }
    for lines in ["Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n"] {
        let response = RFC_RESPONSE.replacen("\r\n", &format!("\r\n{lines}"), 1);
        assert_eq!(ask(response), Err(HandshakeError::Body));
    }
}
