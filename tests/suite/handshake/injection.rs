//! Nothing that the caller hands in can change what is written around it.

use websocket_proto::handshake::client::{Handshake, Request};
use websocket_proto::handshake::server::{self, Origins, Reply};
use websocket_proto::handshake::{Header, Url};
use websocket_proto::{HandshakeMisuse, RecvBuffer};

use super::support::{RFC_NONCE, RFC_REQUEST, Random, written};

/// How often the long forms go through it.
const LONG: u32 = 100_000;

const ALPHABET: &[&str] = &[
    "a",
    "Z",
    "0",
    "-",
    "_",
    "/",
    ":",
    "://",
    "?",
    "#",
    "@",
    "[",
    "]",
    "%",
    ",",
    ";",
    "=",
    "\"",
    "\\",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\0",
    "\x01",
    "\x7f",
    "\u{80}",
    "\u{e9}",
    "\u{2028}",
    "Host",
    "Upgrade",
    "websocket",
    "Sec-WebSocket-Key",
    "Content-Length",
    "\r\nX-Evil: 1",
    "\r\n\r\n",
    "null",
    "http",
    "ws://",
    "chat",
];

fn text(random: &mut Random) -> String {
    (0..random.below(5)).map(|_| random.pick(ALPHABET)).collect()
}

/// The first line and the headers of a head, as an independent parser sees them.
fn parse_request(bytes: &str) -> (String, Vec<(String, Vec<u8>)>) {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes.as_bytes());
    assert_eq!(parsed, Ok(httparse::Status::Complete(bytes.len())), "{bytes:?}");
    (format!("{} {}", request.method.unwrap(), request.path.unwrap()), owned(request.headers))
}

fn parse_response(bytes: &str) -> (u16, Vec<(String, Vec<u8>)>, usize) {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(len)) = response.parse(bytes.as_bytes()) else { panic!("{bytes:?}") };
    (response.code.unwrap(), owned(response.headers), bytes.len() - len)
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|header| (header.name.into(), header.value.into())).collect()
}

fn names(headers: &[(String, Vec<u8>)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn cve_2026_1527_arbitrary_text_in_a_request() {
    arbitrary_text_in_a_request(30_000);
}

#[test]
#[ignore = "long: 100,000 times"]
fn arbitrary_text_in_a_request_long() {
    arbitrary_text_in_a_request(LONG);
}

fn arbitrary_text_in_a_request(times: u32) {
    let mut random = Random(0x1527);
    let mut sent = 0;
    for _ in 0..times {
        let [host, target, origin, protocol, name, value] = core::array::from_fn(|_| text(&mut random));
        let (target, url) = (format!("/{target}"), format!("ws://{host}/{target}"));
        let protocols = [protocol.as_str(), "other"];
        let header = Header::new(&name, &value);
        let headers = [header.unwrap_or(Header::new("X", "y").unwrap())];
        let attempt = || -> Result<Request<'_>, HandshakeMisuse> {
            header?;
            let url = Url::parse(&url)?;
            if let Ok(request) = Request::new(&host, &target) {
                assert_eq!(url.target(), request.target());
            }
            Request::to(&url).origin(&origin)?.subprotocols(&protocols)?.headers(&headers)
        };
        // Mostly one of the texts is refused; each on its own gets further.
        let alone = Request::new(&host, &target).or_else(|_| Request::new("h", "/"));
        let request = attempt().or(alone);
        let Ok(request) = request else { continue };
        let bytes = written(|tx| Handshake::new(request, RFC_NONCE).write_request(tx));
        let (line, parsed) = parse_request(&bytes);
        assert_eq!(line, format!("GET {}", request.target()));
        assert_eq!(parsed[0], ("Host".into(), request.authority().as_bytes().to_vec()));
        let fixed = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
        assert_eq!(names(&parsed[..5]), fixed);
        assert!(parsed.len() == 5 || names(&parsed[5..]) == ["Sec-WebSocket-Protocol", "Origin", name.as_str()]);
        sent += 1;
    }
    assert!(sent > 3_000, "{sent}");
    println!("{times} texts");
}

#[test]
fn cve_2026_1527_each_text_alone() {
    each_text_alone(40_000);
}

#[test]
#[ignore = "long: 100,000 times"]
fn each_text_alone_long() {
    each_text_alone(LONG);
}

fn each_text_alone(times: u32) {
    let mut random = Random(7);
    let base = Request::new("h", "/").unwrap();
    let (mut origins, mut protocols, mut headers) = (0, 0, 0);
    for _ in 0..times {
        let (text, value) = (text(&mut random), text(&mut random));
        let write = |request| parse_request(&written(|tx| Handshake::new(request, RFC_NONCE).write_request(tx))).1;
        if let Ok(request) = base.origin(&text) {
            assert_eq!(write(request)[5..], [("Origin".into(), text.as_bytes().to_vec())]);
            origins += 1;
        }
        let alone = [text.as_str()];
        if let Ok(request) = base.subprotocols(&alone) {
            assert_eq!(write(request)[5..], [("Sec-WebSocket-Protocol".into(), text.as_bytes().to_vec())]);
            protocols += 1;
        }
        let Ok(header) = Header::new(&text, &value) else { continue };
        if let Ok(request) = base.headers(&[header]) {
            assert_eq!(write(request)[5..], [(text.clone(), value.as_bytes().to_vec())]);
            headers += 1;
        }
        let Ok(reply) = Reply::new(403).unwrap().headers(core::slice::from_ref(&header)).map(|reply| reply.body(b"no"))
        else {
            continue;
        };
        let (status, parsed, body) = parse_response(&written(|tx| reply.write(tx)));
        assert_eq!((status, names(&parsed), body), (403, vec!["Connection", &text, "Content-Length"], 2));
        assert_eq!(parsed[1].1, value.as_bytes());
    }
    assert!(origins > 100 && protocols > 1000 && headers > 1000, "{origins} {protocols} {headers}");
    println!("{times} texts");
}

#[test]
fn cve_2026_1527_arbitrary_text_in_a_response() {
    arbitrary_text_in_a_response(20_000);
}

#[test]
#[ignore = "long: 100,000 times"]
fn arbitrary_text_in_a_response_long() {
    arbitrary_text_in_a_response(LONG);
}

fn arbitrary_text_in_a_response(times: u32) {
    let mut rx = RecvBuffer::from([0; 1024]);
    let _ = rx.extend_from_slice(RFC_REQUEST.as_bytes());
    let mut handshake = server::Handshake::new();
    let request = handshake.receive(&mut rx).unwrap().unwrap();
    let mut random = Random(11);
    for _ in 0..times {
        let (name, value) = (text(&mut random), text(&mut random));
        let accept = request.accept(Origins::Any).unwrap();
        let chosen = accept.clone().subprotocol(&name).is_ok();
        assert_eq!(chosen, ["chat", "superchat"].contains(&name.as_str()));
        let Ok(header) = Header::new(&name, &value) else { continue };
        let headers = [header];
        let Ok(accept) = accept.headers(&headers) else { continue };
        let (status, parsed, body) = parse_response(&written(|tx| accept.write(tx)));
        assert_eq!((status, body), (101, 0));
        assert_eq!(names(&parsed), ["Upgrade", "Connection", "Sec-WebSocket-Accept", &name]);
        assert_eq!(parsed[3].1, value.as_bytes());
    }
    println!("{times} texts");
}

#[test]
fn headers_of_the_handshake_cannot_be_added_by_hand() {
    for name in [
        "Host",
        "ORIGIN",
        "Upgrade",
        "connection",
        "Content-Length",
        "Transfer-Encoding",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Accept",
        "sec-websocket-version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "SEC-WEBSOCKET-Foo",
    ] {
        let headers = [Header::new("X", "y").unwrap(), Header::new(name, "z").unwrap()];
        let reserved = Some(HandshakeMisuse::HeaderReserved);
        assert_eq!(Request::new("h", "/").unwrap().headers(&headers).err(), reserved, "{name}");
        assert_eq!(Reply::new(400).unwrap().headers(&headers).err(), reserved, "{name}");
    }
}

#[test]
fn header_values_may_be_what_http_lets_them_be() {
    assert!(Header::new("X", &[0x80, 0xff, b'\t', b'a'][..]).is_ok());
    assert!(Header::new("X", "").is_ok());
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        assert_eq!(Header::new("X", &[b'a', byte, b'b']), Err(HandshakeMisuse::HeaderValue));
    }
    for value in [" a", "a ", "\ta", "a\t", " "] {
        assert_eq!(Header::new("X", value), Err(HandshakeMisuse::HeaderValue));
    }
    for name in ["", " ", "a b", "a:", "a\r\n", "\u{e9}", "(a)"] {
        assert_eq!(Header::new(name, "a"), Err(HandshakeMisuse::HeaderName));
    }
}
