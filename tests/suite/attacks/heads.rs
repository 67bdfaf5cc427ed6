//! Heads of requests and answers as bytes, their length, number, speed and shape: rows H1 to H6, H12, H13, H19 to H21.

use core::time::Duration;

use websocket_proto::handshake::server::{self, Origins};
use websocket_proto::{Field, HandshakeError, HeadPart, Instant, RecvBuffer, Timeout};

use super::with_lines;
use crate::handshake::support::{
    Answered, Cuts, RFC_KEY, RFC_REQUEST, RFC_RESPONSE, ask, ask_with, refusal, rfc_client, serve, serve_with,
};

/// A request of exactly `len` bytes.
fn request_of(len: usize) -> String {
    let padding = len - RFC_REQUEST.len() - "X: \r\n".len();
    with_lines(&format!("X: {}\r\n", "x".repeat(padding)))
}

/// That each byte is looked at once stands as a test beside the code.
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

/// The error comes with the last byte within the limit, not when the sender gets tired.
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

#[test]
fn h02_an_honest_peer_may_send_single_bytes() {
    let request = request_of(4000);
    let (result, _) = serve_with(server::Handshake::new(), request.as_bytes(), Cuts::Bytes, Origins::Any);
    assert!(result.unwrap().unwrap().answer.is_ok());
}

#[test]
fn cve_2021_32640_spaces_in_a_subprotocol_list() {
    for hostile in [format!("b{}x", " ".repeat(12_000)), ", ".repeat(6_000), "\t,".repeat(6_000), "\"".repeat(12_000)] {
        let request = RFC_REQUEST.replace("chat, superchat", &hostile);
        assert_eq!(refusal(request), HandshakeError::Invalid(Field::Protocol));
    }
    let many = RFC_REQUEST.replace("chat, superchat", &["a"; 5_000].join(" ,"));
    assert_eq!(serve(many).0.unwrap().unwrap().subprotocols.len(), 5_000);
}

#[test]
fn cve_2020_7662_unclosed_quotes_in_extensions() {
    for hostile in
        [format!("a; b=\"{}", "\\c".repeat(6_000)), format!("a; b=\"{}", "c".repeat(12_000)), "a;b=\"".repeat(2_000)]
    {
        let request = with_lines(&format!("Sec-WebSocket-Extensions: {hostile}\r\n"));
        assert_eq!(refusal(request), HandshakeError::Invalid(Field::Extensions));
    }
}

#[test]
fn cve_2020_7663_long_lists_of_parameters() {
    let long = format!("a{}", "; b=\"\\c\"".repeat(1_500));
    let request = with_lines(&format!("Sec-WebSocket-Extensions: {long}\r\n"));
    assert!(serve(request).0.unwrap().unwrap().answer.is_ok());
    assert_eq!(crate::handshake::extensions::show(&[long.as_bytes()])[0].len(), "a()".len() + 1_500 * "b=c,".len() - 1);
}

#[test]
fn h05_names_of_object_properties_are_names() {
    for name in ["constructor", "__proto__", "toString", "hasOwnProperty"] {
        let lines = format!("Sec-WebSocket-Extensions: {name}; {name}={name}\r\n{name}: {name}\r\n");
        let request = with_lines(&lines).replace("chat, superchat", name);
        let served = serve(request).0.unwrap().unwrap();
        assert_eq!(served.subprotocols, [name]);
        assert!(!served.answer.unwrap().contains(name), "nothing is echoed");
    }
}

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

#[test]
fn cve_2026_50020_control_bytes_before_a_request() {
    for byte in (0..=0x1f).chain([0x7f, b' ']) {
        for bytes in [vec![byte], vec![byte, 1], vec![b'\r', b'\n', byte]] {
            let request = [&bytes, RFC_REQUEST.as_bytes()].concat();
            let _ = refusal(request);
        }
    }
}

/// RFC 9112 §2.2 wants one empty line ignored.
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

#[test]
fn h20_a_huge_status_line() {
    let huge = format!("HTTP/1.1 101 {}", "x".repeat(20_000));
    assert_eq!(ask(&huge), Err(HandshakeError::HeadTooLong));
    let long = RFC_RESPONSE.replace("Switching Protocols", &"x".repeat(10_000));
    assert!(matches!(ask(long), Ok(Some(Answered::Established { .. }))));
}

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
