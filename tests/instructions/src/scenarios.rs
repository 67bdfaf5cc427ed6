//! The scenarios: what is sent, in reads of what length, and what has to come of it (so that none is cheap because it
//! was refused early).

use websocket_proto::handshake::client::{self, Response};
use websocket_proto::handshake::server::{self, Origins};
use websocket_proto::{Config, Connection, Event, RecvBuffer, SendSlice, Server};

pub struct Scenario {
    pub name: &'static str,
    /// The smallest size.
    pub base: usize,
    pub is_bytewise: bool,
    pub input: fn(usize) -> Vec<u8>,
    pub run: fn(&[u8], usize) -> usize,
    /// What `run` gives for an input of this size.
    pub expect: fn(usize) -> usize,
}

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const ACCEPTED: usize = 1;
const REFUSED: usize = 2;

#[cfg(not(feature = "deflate"))]
pub const SCENARIOS: &[Scenario] = &[
    request("head-in-single-bytes", true, |n| header("X-Padding", &"x".repeat(n)), ACCEPTED),
    request("head-at-once", false, |n| header("X-Padding", &"x".repeat(n)), ACCEPTED),
    request(
        "quotes",
        false,
        |n| header("Sec-WebSocket-Extensions", &format!("a; b=\"{}", "\\c".repeat(n / 2))),
        REFUSED,
    ),
    request("spaces", false, |n| header("Sec-WebSocket-Protocol", &format!("b{}x", " ".repeat(n))), REFUSED),
    request("commas", false, |n| header("Sec-WebSocket-Protocol", &format!("b{}x", ",b".repeat(n / 2))), ACCEPTED),
    Scenario {
        name: "answer-in-single-bytes",
        base: 240,
        is_bytewise: true,
        input: |n| format!("{RESPONSE}X-Padding: {}\r\n\r\n", "x".repeat(n)).into_bytes(),
        run: ask,
        expect: |_| ACCEPTED,
    },
    Scenario {
        name: "empty-fragments",
        base: 256,
        is_bytewise: false,
        input: |n| [frame(0x02, b""), frame(0x00, b"").repeat(n), frame(0x80, b"end")].concat(),
        run: serve,
        expect: |_| 3,
    },
    Scenario {
        name: "fragments-of-one-byte",
        base: 256,
        is_bytewise: false,
        input: |n| [frame(0x02, b""), frame(0x00, b"x").repeat(n), frame(0x80, b"end")].concat(),
        run: serve,
        expect: |n| n + 3,
    },
    Scenario {
        name: "pings",
        base: 256,
        is_bytewise: false,
        input: |n| frame(0x89, b"ping").repeat(n),
        run: serve,
        expect: |n| 4 * n,
    },
    Scenario {
        name: "text-in-single-bytes",
        base: 256,
        is_bytewise: true,
        input: |n| frame(0x81, "é".repeat(n / 2).as_bytes()),
        run: serve,
        expect: |n| n,
    },
    Scenario {
        name: "text-at-once",
        base: 1024,
        is_bytewise: false,
        input: |n| frame(0x81, "é".repeat(n / 2).as_bytes()),
        run: serve,
        expect: |n| n,
    },
    Scenario {
        name: "binary-at-once",
        base: 4096,
        is_bytewise: false,
        input: |n| frame(0x82, &vec![7; n]),
        run: serve,
        expect: |n| n,
    },
    echoes("echoes"),
];

/// Not hostile: what a message costs that is received and sent.
pub const fn echoes(name: &'static str) -> Scenario {
    Scenario {
        name,
        base: 256,
        is_bytewise: false,
        input: |n| frame(0x82, b"sixteen bytes...").repeat(n),
        run: echo,
        expect: |n| n * (2 + 16),
    }
}

const fn request(name: &'static str, is_bytewise: bool, input: fn(usize) -> Vec<u8>, outcome: usize) -> Scenario {
    let expect = if outcome == ACCEPTED { |_| ACCEPTED } else { |_| REFUSED };
    Scenario { name, base: 240, is_bytewise, input, run: grant, expect }
}

fn header(name: &str, value: &str) -> Vec<u8> {
    format!("{REQUEST}{name}: {value}\r\n\r\n").into_bytes()
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => bytes.extend([&[0xfe][..], &(len as u16).to_be_bytes()].concat()),
        len => bytes.extend([&[0xff][..], &(len as u64).to_be_bytes()].concat()),
    }
    bytes.extend(KEY);
    bytes.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// A server's handshake.
fn grant(input: &[u8], cut: usize) -> usize {
    let mut rx = RecvBuffer::with_capacity(17 << 10);
    let mut handshake = server::Handshake::new();
    let (mut memory, mut outcome) = ([0; 512], 0);
    for piece in input.chunks(cut) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        match handshake.receive(&mut rx) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let accepted = request.accept(Origins::Any);
                outcome = match accepted.and_then(|accept| Ok(accept.write(&mut SendSlice::new(&mut memory)).is_ok())) {
                    Ok(true) => ACCEPTED,
                    _ => REFUSED,
                };
            }
            Err(_) => outcome = REFUSED,
        }
    }
    outcome
}

/// A client's.
fn ask(input: &[u8], cut: usize) -> usize {
    let mut rx = RecvBuffer::with_capacity(17 << 10);
    let request = client::Request::new("a.example", "/chat").expect("a request");
    let mut handshake = client::Handshake::new(request, *b"the sample nonce");
    let mut memory = [0; 512];
    handshake.write_request(&mut SendSlice::new(&mut memory)).expect("it fits");
    let mut outcome = 0;
    for piece in input.chunks(cut) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        match handshake.receive(&mut rx) {
            Ok(None) => {}
            Ok(Some(Response::Established(_))) => outcome = ACCEPTED,
            _ => outcome = REFUSED,
        }
    }
    outcome
}

/// A server's connection: the payload bytes that it hands out.
fn serve(input: &[u8], cut: usize) -> usize {
    hear(Connection::server(Config::server()), input, cut).0
}

pub(crate) fn hear(mut connection: Connection<Server>, input: &[u8], cut: usize) -> (usize, usize) {
    let mut rx = RecvBuffer::new();
    let (mut memory, mut bytes, mut messages) = ([0; 512], 0, 0);
    for mut piece in input.chunks(cut) {
        while !piece.is_empty() {
            piece = &piece[rx.extend_from_slice(piece)..];
            while let Some(event) = connection.receive(&mut rx).expect("nothing is wrong with it") {
                messages += usize::from(matches!(event, Event::Text(_) | Event::Binary(_)));
                bytes += match event {
                    Event::Text(text) => text.len(),
                    Event::Binary(bytes) | Event::Ping(bytes) => bytes.len(),
                    _ => 0,
                };
                connection.poll_transmit(&mut SendSlice::new(&mut memory)).expect("it fits");
            }
        }
    }
    (bytes, messages)
}

/// A server's connection that sends back what it receives: the bytes that it sends.
fn echo(input: &[u8], _: usize) -> usize {
    let mut rx = RecvBuffer::new();
    let mut connection = Connection::server(Config::server());
    let (mut memory, mut bytes, mut piece) = ([0; 512], 0, input);
    while !piece.is_empty() {
        piece = &piece[rx.extend_from_slice(piece)..];
        while let Some(event) = connection.receive(&mut rx).expect("nothing is wrong with it") {
            let Event::Binary(payload) = event else { panic!("{event:?}") };
            let mut tx = SendSlice::new(&mut memory);
            connection.send_binary(payload, &mut tx).expect("it fits");
            bytes += tx.as_slice().len();
        }
    }
    bytes
}
