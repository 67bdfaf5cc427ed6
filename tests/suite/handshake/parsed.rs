//! The same rules for heads that somebody else has parsed.

use websocket_proto::handshake::server::{self, Origins, RequestLine};
use websocket_proto::handshake::{Fields, Header, HttpVersion};
use websocket_proto::{Field, HandshakeError};

use super::support::{Answered, RFC_ACCEPT, RFC_RESPONSE, Random, ask, rfc_client, serve};

const LINE: RequestLine<'static> = RequestLine { method: "GET", target: "/chat", version: HttpVersion::Http11 };

fn rfc_headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", "http://example.com"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-version", "13"),
    ]
}

#[test]
fn a_parsed_request_is_granted() {
    let fields: Fields<'_> = rfc_headers().into_iter().collect();
    let extra = [Header::new("Set-Cookie", "a=b").unwrap()];
    let accept = server::accept(&LINE, &fields, Origins::Any).unwrap().subprotocol("superchat").unwrap();
    let accept = accept.headers(&extra).unwrap();
    let answer: Vec<_> = accept.response_fields().map(|header| format!("{header:?}")).collect();
    assert_eq!(
        answer,
        [
            "Upgrade: websocket",
            "Connection: Upgrade",
            &format!("Sec-WebSocket-Accept: {RFC_ACCEPT}"),
            "Sec-WebSocket-Protocol: superchat",
            "Set-Cookie: a=b",
        ]
    );
    assert_eq!(accept.accept_key(), RFC_ACCEPT.as_bytes());
    assert_eq!(accept.status(), 101);
    assert_eq!(accept.accepted().subprotocol(), Some("superchat"));
}

/// Headers are dropped, doubled and exchanged; both ways must come to the same.
#[test]
fn bytes_and_parsed_headers_are_judged_alike() {
    let mut random = Random(1);
    let values =
        ["websocket", "Upgrade", "", "13", "0", "7", "a b", "a", "x, y", "example.com", "dGhlIHNhbXBsZSBub25jZQ=="];
    let names = [
        "Host",
        "Upgrade",
        "Connection",
        "Content-Length",
        "Transfer-Encoding",
        "Origin",
        "Sec-WebSocket-Extensions",
        "X",
    ];
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut headers = rfc_headers();
        for _ in 0..random.below(3) {
            let at = random.below(headers.len());
            match random.below(4) {
                0 => drop(headers.remove(at)),
                1 => headers.push(headers[at]),
                2 => headers[at].1 = random.pick(&values),
                _ => headers.insert(at, (random.pick(&names), random.pick(&values))),
            }
        }
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let fields: Fields<'_> = headers.iter().map(|(name, value)| (name, *value)).collect();
        let parsed = server::accept(&LINE, &fields, Origins::SameHost).err();
        let bytes = format!("GET /chat HTTP/1.1\r\n{lines}\r\n");
        let served = super::support::serve_with(
            server::Handshake::new(),
            bytes.as_bytes(),
            super::support::Cuts::Whole,
            Origins::SameHost,
        );
        assert_eq!(served.0.unwrap().unwrap().answer.err(), parsed, "{lines}");
        if parsed.is_none() { granted += 1 } else { refused += 1 }
    }
    assert!(granted > 100 && refused > 1000, "{granted} {refused}");
}

#[test]
fn a_parsed_answer_is_judged_like_bytes() {
    let handshake = rfc_client();
    let names: Vec<_> = handshake.request_fields().map(|header| format!("{header:?}")).collect();
    assert_eq!(names[5..], ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: superchat"]);

    let fields = |accept: &'static str| -> Fields<'static> {
        [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)].into_iter().collect()
    };
    let verify = |status, accept| {
        handshake.verify(status, HttpVersion::Http11, &fields(accept)).map(|found| found.subprotocol())
    };
    assert_eq!(verify(101, RFC_ACCEPT), Ok(None));
    assert_eq!(verify(101, "s3pPLMBiTxaQ9kYGzzhZRbK"), Err(HandshakeError::AcceptMismatch));
    assert_eq!(verify(200, RFC_ACCEPT), Err(HandshakeError::Status(200)));
    let old = handshake.verify(101, HttpVersion::Http10, &fields(RFC_ACCEPT));
    assert_eq!(old.err(), Some(HandshakeError::HttpVersion));
    assert!(matches!(ask(RFC_RESPONSE), Ok(Some(Answered::Established { .. }))));
}

#[test]
fn a_list_on_too_many_lines_is_refused_and_never_cut() {
    for (lines, error) in [(8, None), (9, Some(HandshakeError::TooManyLines(Field::Protocol)))] {
        let many = "Sec-WebSocket-Protocol: a\r\n".repeat(lines);
        let request = super::support::RFC_REQUEST.replace("Sec-WebSocket-Protocol: chat, superchat\r\n", &many);
        let served = serve(request).0.unwrap().unwrap();
        assert_eq!(served.answer.err(), error);
        assert!(error.is_none_or(|error| error.status() == 431));
    }
}
