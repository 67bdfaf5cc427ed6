//! The grammar of headers, both ways: what a peer's lists say, and what text of ours can get on the wire.
//!
//! ```text
//! data   which (1)   text …
//! ```
//!
//! # In
//!
//! The text is up to ten lines of a header, and an upgrade that is right but for them is judged. `Sec-WebSocket-Protocol`
//! and `Sec-WebSocket-Extensions` are also read by a second reader, which splits first and asks afterwards: at commas
//! outside of quotes, then at semicolons, then at the equals sign.
//!
//! # Out
//!
//! The text is split at bytes `01` into what a caller might hand over: a name and a value of a header, a subprotocol, a
//! target, a host, an origin. Each either is refused, or stands in the request exactly once and as it was given, with
//! exactly the headers that belong there around it, as `httparse` reads them. There is no third way: no line end gets
//! through, no header is smuggled in.

use std::str;

use websocket_proto::handshake::client::{Handshake, Request};
use websocket_proto::handshake::server::{Origins, Reply, RequestLine, accept};
use websocket_proto::handshake::{Extension, Fields, Header, HttpVersion};
use websocket_proto::{Field, HandshakeError};

use crate::support::heap;
use crate::support::http::Head;

const NAMES: [&str; 10] = [
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Protocol",
    "Connection",
    "Upgrade",
    "Host",
    "Origin",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Content-Length",
    "Transfer-Encoding",
];

pub fn run(data: &[u8]) {
    let [which, text @ ..] = data else { return };
    if *which < 0x80 { read(usize::from(*which), text) } else { write(text) }
}

fn read(which: usize, text: &[u8]) {
    let name = NAMES[which % NAMES.len()];
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').take(10).collect();
    let mut fields = Fields::new();
    for (other, value) in [
        ("host", "example.com"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ] {
        if !other.eq_ignore_ascii_case(name) {
            fields.add(other, value.as_bytes());
        }
    }
    heap::without(|| lines.iter().for_each(|line| fields.add(name, line)));
    let line = RequestLine { method: "GET", target: "/", version: HttpVersion::Http11 };
    let judged = heap::without(|| accept(&line, &fields, Origins::SameHost).map(drop));
    match name {
        "Sec-WebSocket-Extensions" => extensions(&lines, &fields, judged),
        "Sec-WebSocket-Protocol" => subprotocols(&lines, &fields, judged),
        "Sec-WebSocket-Key" => assert_eq!(judged.is_ok(), matches!(lines[..], [line] if is_key(trim(line)))),
        "Sec-WebSocket-Version" => assert_eq!(judged.is_ok(), matches!(lines[..], [line] if trim(line) == b"13")),
        "Transfer-Encoding" => assert_eq!(judged, Err(HandshakeError::Body)),
        "Connection" => assert_eq!(judged.is_ok(), names(&lines, b"upgrade")),
        "Content-Length" => assert!(judged.is_err() || lines.iter().all(|line| is_zero(line))),
        "Upgrade" => assert!(judged.is_err() || names(&lines, b"websocket")),
        "Host" => assert!(judged.is_err() || matches!(lines[..], [line] if !trim(line).is_empty())),
        _ => assert!(judged.is_err() || matches!(lines[..], [line] if names_example(trim(line)))),
    }
}

/// The limit on the lines of a list.
const MAX_LINES: usize = 8;

fn extensions(lines: &[&[u8]], fields: &Fields<'_>, judged: Result<(), HandshakeError>) {
    let mut expected = Vec::new();
    let is_right = lines.iter().take(MAX_LINES).all(|line| split_extensions(line, &mut expected));
    let mut seen = fields.extensions();
    for expected in &expected {
        let Some(Ok(extension)) = seen.next() else { panic!("{expected:?} was not seen") };
        compare(&extension, expected);
    }
    assert_eq!(seen.next().is_some_and(|extension| extension.is_err()), !is_right, "{expected:?}");
    assert!(seen.next().is_none(), "something behind the end");
    let expected = match (lines.len() > MAX_LINES, is_right) {
        (true, _) => Err(HandshakeError::TooManyLines(Field::Extensions)),
        (false, false) => Err(HandshakeError::Invalid(Field::Extensions)),
        (false, true) => Ok(()),
    };
    assert_eq!(judged, expected);
}

/// A name, and parameters with their values.
type Parsed<'a> = (&'a [u8], Vec<(&'a [u8], Option<Vec<u8>>)>);

fn compare(extension: &Extension<'_>, (name, params): &Parsed<'_>) {
    assert_eq!(extension.name().as_bytes(), *name);
    let mut seen = extension.params();
    for (name, value) in params {
        let param = seen.next().expect("as many parameters");
        assert_eq!(param.name().as_bytes(), *name);
        assert_eq!(param.value().map(|value| value.bytes().collect()), *value);
        let Some((text, value)) = value.as_deref().and_then(|value| str::from_utf8(value).ok()).zip(param.value())
        else {
            continue;
        };
        assert!(value == *text && value.to_string() == text);
        let number = text.parse().ok().filter(|_| text == "0" || !text.starts_with(['0', '+']));
        assert_eq!(value.to_number(), number, "{text}");
    }
    assert!(seen.next().is_none(), "more parameters");
}

/// RFC 6455 §9.1: splits first, and asks afterwards. False where the line goes wrong.
fn split_extensions<'a>(line: &'a [u8], to: &mut Vec<Parsed<'a>>) -> bool {
    let mut has_any = false;
    for element in split_outside_quotes(line, b',').into_iter().map(trim).filter(|element| !element.is_empty()) {
        has_any = true;
        let mut parts = split_outside_quotes(element, b';').into_iter().map(trim);
        let name = parts.next().unwrap_or_default();
        let params: Option<Vec<_>> = parts.map(param).collect();
        match params {
            Some(params) if is_token(name) => to.push((name, params)),
            _ => return false,
        }
    }
    has_any
}

fn param(text: &[u8]) -> Option<(&[u8], Option<Vec<u8>>)> {
    let Some(at) = text.iter().position(|byte| *byte == b'=') else {
        return is_token(text).then_some((text, None));
    };
    let (name, value) = (trim(&text[..at]), trim(&text[at + 1..]));
    let value = match value {
        [b'"', quoted @ .., b'"'] => unescape(quoted)?,
        plain => plain.to_vec(),
    };
    (is_token(name) && is_token(&value)).then_some((name, Some(value)))
}

fn unescape(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => *bytes.next()?,
            b'"' => return None,
            byte => *byte,
        });
    }
    Some(plain)
}

fn split_outside_quotes(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
        *byte == separator && !is_quoted
    })
    .collect()
}

fn subprotocols(lines: &[&[u8]], fields: &Fields<'_>, judged: Result<(), HandshakeError>) {
    let kept = &lines[..lines.len().min(MAX_LINES)];
    let elements =
        || kept.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(trim).filter(|one| !one.is_empty());
    assert!(fields.subprotocols().map(str::as_bytes).eq(elements().filter(|element| is_token(element))));
    let is_right = elements().next().is_some() && elements().all(is_token);
    let expected = match (lines.len() > MAX_LINES, is_right) {
        (true, _) => Err(HandshakeError::TooManyLines(Field::Protocol)),
        (false, false) => Err(HandshakeError::Invalid(Field::Protocol)),
        (false, true) => Ok(()),
    };
    assert_eq!(judged, expected);
}

fn names(lines: &[&[u8]], name: &[u8]) -> bool {
    lines
        .iter()
        .flat_map(|line| line.split(|byte| *byte == b','))
        .any(|element| trim(element).eq_ignore_ascii_case(name))
}

/// 22 characters of base64 and `==`: 16 bytes, whatever the last four bits are.
fn is_key(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len() == 24 && text.ends_with(b"==") && text[..22].iter().all(is_digit)
}

fn is_zero(line: &[u8]) -> bool {
    trim(line).iter().all(|byte| matches!(byte, b'0' | b',' | b' ' | b'\t'))
}

/// An origin that `example.com` can have.
fn names_example(origin: &[u8]) -> bool {
    let origin = origin.to_ascii_lowercase();
    [&b"http://"[..], b"https://", b"ws://", b"wss://"].iter().any(|scheme| {
        let host = origin.strip_prefix(*scheme).and_then(|rest| rest.strip_prefix(b"example.com"));
        host.is_some_and(|port| port.is_empty() || port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit))
    })
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(byte))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(from) = text.iter().position(|byte| !is_space(byte)) else { return &[] };
    let to = text.iter().rposition(|byte| !is_space(byte)).map_or(0, |at| at + 1);
    &text[from..to]
}

fn write(text: &[u8]) {
    let mut parts = text.split(|byte| *byte == 1);
    let mut part = || parts.next().unwrap_or_default();
    let (name, value, subprotocol, target, host, origin) = (part(), part(), part(), part(), part(), part());
    let text = |bytes| str::from_utf8(bytes).unwrap_or("\n");
    let (name, subprotocol, target, host, origin) =
        (text(name), text(subprotocol), text(target), text(host), text(origin));

    let header = Header::new(name, value);
    let is_value = trim(value) == value && value.iter().all(|byte| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f);
    assert_eq!(header.is_ok(), is_token(name.as_bytes()) && is_value);
    let headers: Vec<Header<'_>> = header.into_iter().collect();
    reply(&headers);

    let request = Request::new(host, target);
    let is_target = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    assert!(request.is_err() || is_target);
    let mut request = request.or_else(|_| Request::new("example.com", "/")).expect("a legal request");
    let mut expected = vec![
        ("Host", request.authority().as_bytes()),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
    ];
    let offers = [subprotocol];
    let offered = request.subprotocols(&offers);
    assert_eq!(offered.is_ok(), is_token(subprotocol.as_bytes()));
    if let Ok(offered) = offered {
        request = offered;
        expected.push(("Sec-WebSocket-Protocol", subprotocol.as_bytes()));
    }
    if let Ok(named) = request.origin(origin) {
        request = named;
        expected.push(("Origin", origin.as_bytes()));
    }
    match request.headers(&headers) {
        Ok(with) => {
            request = with;
            expected.extend(headers.iter().map(|header| (header.name(), header.value())));
        }
        Err(_) => assert!(is_reserved(name)),
    }
    let mut written = Vec::new();
    Handshake::new(request, *b"the sample nonce").write_request(&mut written).expect("a Vec has room");
    let head = Head::of_request(&written);
    assert_eq!(head.start, ["GET", &request.target().to_string(), "HTTP/1.1"]);
    assert_eq!((head.headers, head.body), (expected, &b""[..]));
}

fn reply(headers: &[Header<'_>]) {
    let plain = Reply::new(200).expect("a legal status").body(b"body");
    let Ok(reply) = plain.headers(headers) else {
        return assert!(is_reserved(headers[0].name()));
    };
    let mut written = Vec::new();
    reply.write(&mut written).expect("a Vec has room");
    let (head, status) = Head::of_response(&written);
    let mut expected: Vec<(&str, &[u8])> = vec![("Connection", b"close")];
    expected.extend(headers.iter().map(|header| (header.name(), header.value())));
    expected.push(("Content-Length", b"4"));
    assert_eq!((status, head.headers, head.body), (200, expected, &b"body"[..]));
}

/// What the handshake writes itself, or leaves out.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let fixed = ["host", "origin", "upgrade", "connection", "content-length", "transfer-encoding"];
    fixed.contains(&name.as_str()) || name.starts_with("sec-websocket-")
}
