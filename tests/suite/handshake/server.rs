//! Requests that are granted, and requests that are not.

use websocket_proto::handshake::server::{Accepted, Handshake, Origins, Reply};
use websocket_proto::handshake::{Fields, HttpVersion, accept_key};
use websocket_proto::{Field, HandshakeError, HandshakeMisuse, HeadPart, RecvBuffer, SendError, SendSlice};

use super::support::{Cuts, RFC_REQUEST, RFC_RESPONSE, Served, refusal, serve, serve_with, written};

const TUTORIAL_REQUEST: &str = "GET ws://localhost:8888/ HTTP/1.1\r\nHost: localhost:8888\r\nConnection: Upgrade\r\n\
    Pragma: no-cache\r\nCache-Control: no-cache\r\nUpgrade: websocket\r\nOrigin: http://localhost:8888\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: IHfMdf8a0aQXbwQO1pkGdA==\r\n\r\n";

const TUTORIAL_RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: aWAY+V/uyz5ILZEoWuWdxjnlb7E=\r\n\r\n";

const FRAMES: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\r\n\r\nGET /";

/// Whole, one byte at a time, and with bytes behind it.
fn three_times(request: &str, origins: Origins<'_>) -> Served {
    let whole = serve_with(Handshake::new(), request.as_bytes(), Cuts::Whole, origins);
    let bytes = serve_with(Handshake::new(), request.as_bytes(), Cuts::Bytes, origins);
    assert_eq!(whole, bytes);
    let longer = [request.as_bytes(), FRAMES].concat();
    for cuts in Cuts::usual() {
        let (result, rest) = serve_with(Handshake::new(), &longer, cuts, origins);
        assert_eq!((&result, &rest[..]), (&whole.0, FRAMES));
    }
    whole.0.unwrap().unwrap()
}

#[test]
fn accept_keys_of_the_rfc_and_of_the_tutorial() {
    assert_eq!(&accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(&accept_key(b"IHfMdf8a0aQXbwQO1pkGdA=="), b"aWAY+V/uyz5ILZEoWuWdxjnlb7E=");
}

#[test]
fn the_tutorials_request_in_absolute_form_is_granted() {
    let served = three_times(TUTORIAL_REQUEST, Origins::SameHost);
    assert_eq!(served.target, "ws://localhost:8888/");
    assert_eq!(served.answer.as_deref(), Ok(TUTORIAL_RESPONSE));
}

#[test]
fn the_rfcs_request_is_granted() {
    let served = three_times(RFC_REQUEST, Origins::Listed(&["http://example.com"]));
    assert_eq!(served.subprotocols, ["chat", "superchat"]);
    assert_eq!(served.headers.len(), 7);
    let plain = RFC_RESPONSE.replace("Sec-WebSocket-Protocol: chat\r\n", "");
    assert_eq!(served.answer, Ok(plain));
}

/// Runs `test` on the request of the RFC, as it lies in a buffer.
fn with_request<T>(bytes: &str, test: impl FnOnce(&websocket_proto::handshake::server::Request<'_>) -> T) -> T {
    let mut rx = RecvBuffer::from([0; 2048]);
    assert_eq!(rx.extend_from_slice(bytes.as_bytes()), bytes.len());
    test(&Handshake::new().receive(&mut rx).unwrap().unwrap())
}

#[test]
fn a_request_shows_what_it_says() {
    with_request(RFC_REQUEST, |request| {
        assert_eq!((request.method(), request.target(), request.path()), ("GET", "/chat", "/chat"));
        assert_eq!(request.host(), Some(&b"server.example.com"[..]));
        assert_eq!(request.origin(), Some(&b"http://example.com"[..]));
        assert!(request.is_websocket());
        assert_eq!(request.headers().find("SEC-websocket-version").unwrap().to_str(), Some("13"));
        assert!(request.headers().find("Cookie").is_none());
        assert_eq!(request.extensions().count(), 0);
        assert_eq!(format!("{:?}", request.headers().iter().next().unwrap()), "Host: server.example.com");
    });
}

#[test]
fn the_path_of_each_form_of_target() {
    for (target, path) in [
        ("/", "/"),
        ("/a/b?c=d", "/a/b?c=d"),
        ("/redirect?to=http://x/y", "/redirect?to=http://x/y"),
        ("http://server.example.com", "/"),
        ("HTTP://server.example.com/a", "/a"),
        ("wss://server.example.com:443?q", "?q"),
        ("*", "*"),
    ] {
        let bytes = RFC_REQUEST.replace("/chat", target);
        with_request(&bytes, |request| assert_eq!((request.path(), request.target()), (path, target)));
    }
}

#[test]
fn a_subprotocol_is_chosen_by_the_servers_preference() {
    with_request(RFC_REQUEST, |request| {
        let accept = request.accept(Origins::Any).unwrap().choose_subprotocol(&["soap", "superchat", "chat"]);
        assert_eq!(accept.chosen_subprotocol(), Some("superchat"));
        let mut memory = [0; 256];
        let mut tx = SendSlice::new(&mut memory);
        let accepted: Accepted<'static> = accept.write(&mut tx).unwrap();
        assert_eq!(accepted.subprotocol(), Some("superchat"));
        assert!(tx.as_slice().ends_with(b"\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"));

        let accept = request.accept(Origins::Any).unwrap().choose_subprotocol(&["Chat", "soap"]);
        assert_eq!(accept.chosen_subprotocol(), None, "names are compared with regard to case");
    });
}

#[test]
fn the_rfcs_response_is_written_byte_for_byte() {
    with_request(RFC_REQUEST, |request| {
        let accept = request.accept(Origins::Any).unwrap().subprotocol("chat").unwrap();
        assert_eq!(written(|tx| accept.write(tx)), RFC_RESPONSE);
    });
}

#[test]
fn an_answer_that_does_not_fit_is_not_begun() {
    with_request(RFC_REQUEST, |request| {
        let accept = request.accept(Origins::Any).unwrap().subprotocol("chat").unwrap();
        for room in 0..RFC_RESPONSE.len() {
            let mut memory = vec![0; room];
            let mut tx = SendSlice::new(&mut memory);
            let needed = RFC_RESPONSE.len();
            assert_eq!(accept.write(&mut tx).unwrap_err(), SendError::Full { needed });
            assert!(tx.as_slice().is_empty());
        }
    });
}

#[test]
fn list_headers_may_stand_on_several_lines_in_any_case() {
    let request = RFC_REQUEST
        .replace("Upgrade: websocket", "UPGRADE: h2c\r\nupgrade: foo ,\tWebSocket")
        .replace("Connection: Upgrade", "connection: keep-alive\r\nCONNECTION: , close,uPGRADE")
        .replace("chat, superchat", "chat\r\nsec-websocket-protocol: ,superchat,");
    let served = three_times(&request, Origins::Any);
    assert_eq!(served.subprotocols, ["chat", "superchat"]);
    assert!(served.answer.is_ok());
}

/// A name is compared to its last letter, without regard to case.
#[test]
fn a_header_that_only_looks_like_one_of_ours_is_another() {
    let names = [
        "Host",
        "Origin",
        "Upgrade",
        "Connection",
        "Content-Length",
        "Sec-WebSocket-Key",
        "Transfer-Encoding",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
    ];
    let noted = |name: &str| {
        let fields: Fields<'_> = [(name, "1")].into_iter().collect();
        format!("{fields:?}") != format!("{:?}", Fields::new())
    };
    for name in names {
        assert!(noted(name) && noted(&name.to_lowercase()) && noted(&name.to_uppercase()), "{name}");
        for at in 0..name.len() {
            let other = format!("{}q{}", &name[..at], &name[at + 1..]);
            assert!(!noted(&other), "{other}");
        }
        assert!(!noted(&name[1..]) && !noted(&format!("{name}s")), "{name}");
    }
}

#[test]
fn what_only_looks_like_the_token_is_not_the_token() {
    for (from, to, field) in [
        ("Upgrade: websocket", "Upgrade: websockets", Field::Upgrade),
        ("Upgrade: websocket", "Upgrade: web socket", Field::Upgrade),
        ("Upgrade: websocket", "Upgrade:", Field::Upgrade),
        ("Connection: Upgrade", "Connection: Upgrade-Insecure", Field::Connection),
        ("Connection: Upgrade", "Connection: close; upgrade", Field::Connection),
    ] {
        assert_eq!(refusal(RFC_REQUEST.replace(from, to)), HandshakeError::Missing(field), "{to}");
    }
}

#[test]
fn each_rule_has_its_error_and_its_status() {
    let malformed = HandshakeError::Malformed;
    for (from, to, error, status) in [
        ("GET ", "POST ", HandshakeError::Method, 405),
        ("GET ", "get ", HandshakeError::Method, 405),
        ("HTTP/1.1", "HTTP/1.0", HandshakeError::HttpVersion, 505),
        ("HTTP/1.1", "HTTP/2.0", HandshakeError::HttpVersion, 505),
        ("HTTP/1.1", "HTTP/1.12", malformed(HeadPart::LineEnd), 400),
        ("Upgrade: websocket", "Upgrade: h2c", HandshakeError::Missing(Field::Upgrade), 426),
        ("Version: 13", "Version: 8", HandshakeError::WebSocketVersion, 426),
        ("Version: 13", "Version: 013", HandshakeError::WebSocketVersion, 426),
        ("Version: 13", "Version: 13, 8", HandshakeError::WebSocketVersion, 426),
        ("Version: 13", "Version:", HandshakeError::WebSocketVersion, 426),
        ("server.example.com", "", HandshakeError::Invalid(Field::Host), 400),
        ("server.example.com", "a@server.example.com", HandshakeError::Invalid(Field::Host), 400),
        ("server.example.com", "a/b", HandshakeError::Invalid(Field::Host), 400),
        ("server.example.com", "a:b", HandshakeError::Invalid(Field::Host), 400),
        ("server.example.com", "a, b", HandshakeError::Invalid(Field::Host), 400),
        ("/chat", "*", HandshakeError::Target, 400),
        ("/chat", "chat", HandshakeError::Target, 400),
        ("/chat", "/chat#top", HandshakeError::Target, 400),
        ("/chat", "/ch\u{e4}t", HandshakeError::Target, 400),
        ("/chat", "ftp://server.example.com/", HandshakeError::Target, 400),
        ("chat, superchat", "chat superchat", HandshakeError::Invalid(Field::Protocol), 400),
        ("chat, superchat", " , ", HandshakeError::Invalid(Field::Protocol), 400),
        ("/chat HTTP", "/chat  HTTP", HandshakeError::HttpVersion, 505),
        ("Host: ", "Host : ", malformed(HeadPart::HeaderName), 400),
        ("Host: ", "H\u{f6}st: ", malformed(HeadPart::HeaderName), 400),
        ("Host: ", "X: \u{7f}\r\nHost: ", malformed(HeadPart::HeaderValue), 400),
    ] {
        let found = refusal(RFC_REQUEST.replacen(from, to, 1));
        assert_eq!((found, found.status()), (error, status), "{to}");
    }
}

#[test]
fn a_request_for_a_page_is_no_error() {
    let (result, _) = serve("POST /form?a=b HTTP/1.0\r\nContent-Length: 3\r\n\r\na=1");
    let served = result.unwrap().unwrap();
    assert_eq!((served.method.as_str(), served.target.as_str()), ("POST", "/form?a=b"));
    assert_eq!(served.answer, Err(HandshakeError::Method));

    with_request("GET / HTTP/1.1\r\n\r\n", |request| {
        assert!(!request.is_websocket());
        assert_eq!(request.headers().iter().count(), 0);
        assert_eq!(request.accept(Origins::Any).unwrap_err(), HandshakeError::Missing(Field::Upgrade));
    });
}

#[test]
fn an_error_takes_no_byte_but_a_malformed_head() {
    assert_eq!(serve("GET / HTTP/1.1\nHost: a").1, b"GET / HTTP/1.1\nHost: a");
    assert_eq!(serve("GET / HTTP/1.1\r\n: a\r\n\r\nrest").1, b"rest");
}

#[test]
fn a_handshake_gives_one_request() {
    let mut rx = RecvBuffer::from([0; 2048]);
    let mut handshake = Handshake::new();
    let twice = [RFC_REQUEST, RFC_REQUEST].concat();
    assert_eq!(rx.extend_from_slice(twice.as_bytes()), twice.len());
    assert!(handshake.receive(&mut rx).is_ok_and(|request| request.is_some()));
    let finished = HandshakeError::Misuse(HandshakeMisuse::Finished);
    assert_eq!(handshake.receive(&mut rx).unwrap_err(), finished);
    assert_eq!(rx.unread(), RFC_REQUEST.as_bytes());
    assert!(handshake.is_begun());
    assert_eq!(handshake.handle_eof(), Ok(()));
}

#[test]
fn an_end_within_the_request_is_an_error() {
    let mut rx = RecvBuffer::from([0; 64]);
    let mut handshake = Handshake::new();
    assert!(!handshake.is_begun());
    assert_eq!(rx.extend_from_slice(b"GET /"), 5);
    assert!(handshake.receive(&mut rx).unwrap().is_none());
    assert!(handshake.is_begun());
    assert_eq!(handshake.handle_eof(), Err(HandshakeError::Eof));
    assert_eq!(handshake.receive(&mut rx).unwrap_err(), HandshakeError::Eof);
    assert_eq!(
        written(|tx| Reply::to_error(HandshakeError::Eof).write(tx)).split("\r\n").next(),
        Some("HTTP/1.1 400 Bad Request")
    );
}

#[test]
fn a_buffer_that_cannot_grow_is_a_limit() {
    let fits = RFC_REQUEST.len();
    for cuts in Cuts::usual() {
        for (room, error) in [(fits, None), (fits - 1, Some(HandshakeError::HeadTooLong))] {
            let mut memory = vec![0; room];
            let mut rx = RecvBuffer::from(&mut memory[..]);
            let mut handshake = Handshake::new();
            let mut result = None;
            for mut piece in cuts.pieces(RFC_REQUEST.as_bytes()) {
                while result.is_none() && !piece.is_empty() {
                    piece = &piece[rx.extend_from_slice(piece)..];
                    result = handshake.receive(&mut rx).map(|request| request.map(drop)).transpose();
                }
            }
            assert_eq!(result.unwrap().err(), error);
        }
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_growing_buffer_grows_to_the_limit() {
    let request = RFC_REQUEST.replace("Origin", &format!("X: {}\r\nOrigin", "x".repeat(40_000)));
    let mut rx = RecvBuffer::new();
    let mut handshake = Handshake::new().max_head_bytes(64 * 1024);
    let (mut rest, mut is_given) = (request.as_bytes(), false);
    while !rest.is_empty() {
        let taken = rx.extend_from_slice(rest);
        assert!(taken > 0);
        rest = &rest[taken..];
        is_given = handshake.receive(&mut rx).unwrap().is_some();
    }
    assert!(is_given && rx.is_empty());
}

/// They stand on the stack, or in the state of a task: a size that grows should be a decision.
#[test]
fn objects_keep_to_their_sizes() {
    use websocket_proto::handshake::{client, server};
    assert!(size_of::<server::Handshake>() <= 80, "{}", size_of::<server::Handshake>());
    assert!(size_of::<server::Request<'_>>() <= 448, "{}", size_of::<server::Request<'_>>());
    // With the offer of an extension, and how it is written.
    let most = if cfg!(feature = "deflate") { 336 } else { 240 };
    assert!(size_of::<client::Handshake<'_>>() <= most, "{}", size_of::<client::Handshake<'_>>());
    assert!(size_of::<client::Body>() <= 24, "{}", size_of::<client::Body>());
}

/// A server that gives its clients another time than the default, or any.
#[test]
fn a_server_sets_its_deadline() {
    use core::time::Duration;
    use websocket_proto::{Instant, Timeout};
    let at = |millis| Instant::EPOCH + Duration::from_millis(millis);
    let mut handshake = Handshake::new().timeout(Some(Duration::from_millis(300)));
    assert_eq!(handshake.handle_timeout(at(1_000)), Ok(()));
    assert_eq!(handshake.poll_timeout(), Some(at(1_300)));
    assert_eq!(handshake.handle_timeout(at(1_299)), Ok(()));
    assert_eq!(handshake.handle_timeout(at(1_300)), Err(HandshakeError::Timeout(Timeout::Handshake)));
    let mut patient = Handshake::default().timeout(None);
    assert_eq!(patient.handle_timeout(at(u64::from(u32::MAX))), Ok(()));
    assert_eq!(patient.poll_timeout(), None);
}

#[test]
fn a_request_says_what_http_it_speaks() {
    for (version, expected) in [("1.1", HttpVersion::Http11), ("1.0", HttpVersion::Http10)] {
        with_request(&format!("GET / HTTP/{version}\r\nHost: a\r\nX: y\r\nx:\tz\r\n\r\n"), |request| {
            assert_eq!(request.version(), expected);
            assert_eq!(request.headers().find("X").unwrap().value(), b"y");
            assert_eq!(request.headers().into_iter().count(), 3);
            assert_eq!(request.fields().subprotocols().count(), 0);
        });
    }
}
