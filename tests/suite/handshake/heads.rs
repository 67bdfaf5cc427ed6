//! Heads are read alike whether they come whole or in pieces, sound or not: as by a plain search for the end, byte by
//! byte, and one parse of what it has found.
//!
//! The parser is the one that the crate has. What these tests hold is all else: that a head which comes whole, and is
//! parsed before anything has looked for its end, is judged like any other; what is refused that the parser would take;
//! and which fault comes first.

use httparse::{EMPTY_HEADER, Error, Status};
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{HandshakeError, HeadPart};

use super::chunking::mutate;
use super::support::{Answered, Cuts, RFC_REQUEST, RFC_RESPONSE, Random, ask_with, rfc_client, serve_with};

const MAX_HEAD_BYTES: usize = 900;
const MAX_HEADERS: usize = 14;

/// What a line may end in for one reader and not for another, or what it may not have in it at all.
const FAULTS: [&[u8]; 14] = [
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"\x7f",
    b"\x80",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\n\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\r\nX: y",
];

const BROWSER_REQUEST: &str = "GET /chat?room=lobby HTTP/1.1\r\nHost: localhost:8888\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\tChrome/156.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\nOrigin: http://localhost:8888\r\nSec-WebSocket-Version: 13\r\nDNT:\r\nX.Trace_1: \t a \t \r\n\
    Accept-Language: en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

const PAGE_REQUEST: &str =
    "\r\nPOST http://h\u{f6}st/a?b HTTP/1.0\r\n!#$%&'*+-.^_`|~09:x\r\nB\u{a0}: \u{e9}\r\nc:\u{e9}\u{2028}\r\n\r\n";

const PAGE: &str =
    "HTTP/1.1 404  Not\tFound\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 0\r\nX:\r\n\r\n";

/// Where a head ends, byte by byte; `None` when it does not.
fn end(bytes: &[u8], max_head_bytes: usize, is_request: bool) -> Result<Option<usize>, HandshakeError> {
    let start_line = HandshakeError::Malformed(HeadPart::StartLine);
    for len in 1..=bytes.len().min(max_head_bytes) {
        let seen = &bytes[..len];
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_blank = seen == b"\r\n\r\n" || seen == b"\r\n" && !is_request;
        match seen {
            [b'\n'] => return Err(HandshakeError::BareLineFeed),
            [first] if *first != b'\r' && !is_token(*first) => return Err(start_line),
            _ if is_blank => return Err(start_line),
            _ if seen.ends_with(b"\n") && !seen.ends_with(b"\r\n") => return Err(HandshakeError::BareLineFeed),
            _ if seen.ends_with(b"\n\r\n") => return Ok(Some(len)),
            _ => {}
        }
    }
    if bytes.len() >= max_head_bytes { Err(HandshakeError::HeadTooLong) } else { Ok(None) }
}

fn translate(error: Error) -> HandshakeError {
    match error {
        Error::TooManyHeaders => HandshakeError::TooManyHeaders,
        Error::Version => HandshakeError::HttpVersion,
        Error::HeaderName => HandshakeError::Malformed(HeadPart::HeaderName),
        Error::HeaderValue => HandshakeError::Malformed(HeadPart::HeaderValue),
        Error::NewLine => HandshakeError::Malformed(HeadPart::LineEnd),
        Error::Status | Error::Token => HandshakeError::Malformed(HeadPart::StartLine),
    }
}

fn pairs(headers: &[httparse::Header<'_>]) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|header| (header.name.into(), header.value.into())).collect()
}

type Request = (String, String, Vec<(String, Vec<u8>)>);

fn plain_request(bytes: &[u8], max_head_bytes: usize, max_headers: usize) -> Result<Option<Request>, HandshakeError> {
    let Some(len) = end(bytes, max_head_bytes, true)? else { return Ok(None) };
    let mut headers = vec![EMPTY_HEADER; max_headers];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(&bytes[..len]).map_err(translate)? {
        Status::Partial => Err(HandshakeError::Malformed(HeadPart::LineEnd)),
        Status::Complete(_) => {
            Ok(Some((request.method.unwrap().into(), request.path.unwrap().into(), pairs(request.headers))))
        }
    }
}

fn read(handshake: Handshake, bytes: &[u8], cuts: Cuts) -> Result<Option<Request>, HandshakeError> {
    let served = serve_with(handshake, bytes, cuts, Origins::Any).0?;
    Ok(served.map(|served| (served.method, served.target, served.headers)))
}

#[test]
fn requests_are_read_like_plain_ones() {
    let mut random = Random(7230);
    let (mut sound, mut wrong) = (0, 0);
    for round in 0..15_000 {
        let base = [RFC_REQUEST, BROWSER_REQUEST, PAGE_REQUEST][round % 3];
        let bytes = if round < 3 { base.as_bytes().to_vec() } else { mutate(base, &mut random) };
        let handshake = Handshake::new().max_head_bytes(MAX_HEAD_BYTES).max_headers(MAX_HEADERS);
        let found = read(handshake, &bytes, Cuts::Whole);
        assert_eq!(found, plain_request(&bytes, MAX_HEAD_BYTES, MAX_HEADERS), "{}", bytes.escape_ascii());
        if found.is_ok() { sound += 1 } else { wrong += 1 }
    }
    assert!(sound > 2_000 && wrong > 2_000, "{sound} {wrong}");
}

/// Each fault at each place, instead of a byte and between two, and each end, however it is cut; and no head is longer
/// or has more lines than it may.
#[test]
fn whole_heads_are_judged_like_those_in_pieces() {
    let behind_a_blank_line = b"\r\nGET /a HTTP/1.1\r\nHost: b \r\nC:\r\n\r\n\x81\x80";
    let places = |plain: &'static [u8]| (0..plain.len()).map(move |at| (plain, at));
    let (mut sound, mut wrong) = (0, 0);
    for (plain, at) in places(behind_a_blank_line).chain(places(&behind_a_blank_line[2..])) {
        let end = plain.len().min(at + 1);
        let spoilt =
            FAULTS.iter().flat_map(|fault| [at, end].map(|behind| [&plain[..at], fault, &plain[behind..]].concat()));
        for bytes in spoilt.chain([plain[..at].to_vec(), plain[end..].to_vec()]) {
            for (max_head_bytes, max_headers) in [(MAX_HEAD_BYTES, MAX_HEADERS), (41, 2), (40, 2), (MAX_HEAD_BYTES, 1)]
            {
                let handshake = || Handshake::new().max_head_bytes(max_head_bytes).max_headers(max_headers);
                let expected = plain_request(&bytes, max_head_bytes, max_headers);
                for cuts in
                    [Cuts::Whole, Cuts::Bytes, Cuts::At(at), Cuts::At(end), Cuts::At(bytes.len().saturating_sub(1))]
                {
                    assert_eq!(read(handshake(), &bytes, cuts), expected, "{} {cuts:?}", bytes.escape_ascii());
                }
                if expected.is_ok() { sound += 1 } else { wrong += 1 }
            }
        }
    }
    assert!(sound > 500 && wrong > 500, "{sound} {wrong}");
}

fn plain_response(bytes: &[u8]) -> Result<Option<(u16, String, usize)>, HandshakeError> {
    let Some(len) = end(bytes, MAX_HEAD_BYTES, false)? else { return Ok(None) };
    let mut headers = [EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(&bytes[..len]).map_err(translate)? {
        Status::Partial => Err(HandshakeError::Malformed(HeadPart::LineEnd)),
        Status::Complete(_) => {
            Ok(Some((response.code.unwrap(), response.reason.unwrap().into(), response.headers.len())))
        }
    }
}

#[test]
fn responses_are_read_like_plain_ones() {
    let mut random = Random(7231);
    // One that switches would be judged by more rules than that it can be read.
    let refusal = RFC_RESPONSE.replace("101 Switching", "401 \u{e9}");
    let (mut sound, mut wrong) = (0, 0);
    for round in 0..15_000 {
        let base = [PAGE, &refusal][round % 2];
        let bytes = mutate(base, &mut random);
        let plain = plain_response(&bytes);
        if plain.as_ref().is_ok_and(|plain| plain.as_ref().is_some_and(|plain| plain.0 < 200)) {
            continue;
        }
        let found = match ask_with(rfc_client().max_head_bytes(MAX_HEAD_BYTES), &bytes, Cuts::Whole).0 {
            Ok(Some(Answered::Refused { status, reason, headers })) => Ok(Some((status, reason, headers))),
            Ok(Some(Answered::Established { .. })) => panic!("{}", bytes.escape_ascii()),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        if found.is_ok() {
            sound += 1
        } else {
            wrong += 1
        }
        assert_eq!(found, plain, "{}", bytes.escape_ascii());
    }
    assert!(sound > 2_000 && wrong > 2_000, "{sound} {wrong}");
}

/// A buffer that grows is to grow by doubling, as far as a head may be long: each byte is moved a few times, not often.
#[cfg(feature = "alloc")]
#[test]
fn a_head_in_pieces_asks_for_as_much_again() {
    let mut rx = websocket_proto::RecvBuffer::with_capacity(150);
    let mut handshake = Handshake::new().max_head_bytes(1_000);
    let mut room = vec![];
    while matches!(handshake.receive(&mut rx), Ok(None)) {
        let spare = rx.spare_mut();
        spare.fill(b'x');
        room.push(spare.len());
        let count = spare.len();
        rx.filled(count);
    }
    assert_eq!(room, [150, 150, 300, 400]);
}
