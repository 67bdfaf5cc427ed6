//! Compressed on one side, inflated on the other: the same messages, whatever was agreed on.
//!
//! ```text
//! data   params (1)   windows (1)   config (1)   cuts (2)   messages …: how (1), length (1), bytes
//! ```
//!
//! A client and a server have agreed on any parameters of permessage-deflate, and send messages and fragments both ways,
//! with and without compression. All of it arrives, in order, in any reads. What is on the wire are legal frames but for
//! the first reserved bit, which stands on first fragments alone.

use std::cell::RefCell;
use std::sync::Arc;

use websocket_proto::deflate::{self, Compression, Params, Pool, WindowBits};
use websocket_proto::{Client, Config, Connection, Event, MessageKind, RecvBuffer, Role, Server};

use crate::support::cuts::Cuts;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
type Keys = fn() -> [u8; 4];

pub fn run(data: &[u8]) {
    let [params, windows, config, first, second, messages @ ..] = data else {
        return;
    };
    thread_local! {
        static POOL: RefCell<Arc<Pool>> = RefCell::new(Pool::new(4));
    }
    let bits = |nibble: u8| WindowBits::new(8 + nibble % 8);
    let agreed = Params {
        server_no_context_takeover: params & 1 != 0,
        client_no_context_takeover: params & 2 != 0,
        server_max_window_bits: bits(windows & 0xf).filter(|_| params & 4 != 0),
        client_max_window_bits: bits(windows >> 4).filter(|_| params & 8 != 0),
    };
    let config = deflate::Config::new()
        .level(config % 10)
        .min_bytes(usize::from(config >> 5))
        .may_grow(config & 0x10 != 0)
        .pool(POOL.with_borrow(Arc::clone));
    let keys: Keys = || KEY;
    let mut pair = Pair {
        client: Connection::client(Config::client(), keys).with_deflate(&agreed, &config),
        server: Connection::server(Config::server()).with_deflate(&agreed, &config),
        cuts: Cuts::new(*first, *second),
        wire: Vec::new(),
    };
    let mut left = messages;
    for _ in 0..12 {
        let [how, len, rest @ ..] = left else { break };
        let (bytes, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        left = rest;
        pair.talk(*how, bytes);
    }
}

struct Pair {
    client: Connection<Client<Keys>>,
    server: Connection<Server>,
    cuts: Cuts,
    wire: Vec<u8>,
}

impl Pair {
    fn talk(&mut self, how: u8, bytes: &[u8]) {
        let repeated;
        let bytes = match how >> 6 {
            3 => {
                repeated = bytes.repeat(20);
                &repeated[..]
            }
            _ => bytes,
        };
        let Self { client, server, cuts, wire } = self;
        wire.clear();
        if how & 1 == 0 {
            send(client, how, bytes, wire);
            receive(server, wire, *cuts, how, bytes);
        } else {
            send(server, how, bytes, wire);
            receive(client, wire, *cuts, how, bytes);
        }
    }
}

/// What a message is sent as: a text is as much of the bytes as is text.
fn content(how: u8, bytes: &[u8]) -> (MessageKind, &[u8]) {
    if how & 2 != 0 {
        return (MessageKind::Binary, bytes);
    }
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    (MessageKind::Text, &bytes[..valid])
}

fn send<R: Role>(connection: &mut Connection<R>, how: u8, bytes: &[u8], wire: &mut Vec<u8>) {
    connection
        .set_compression([Compression::Auto, Compression::Off, Compression::Always][usize::from(how >> 4 & 3) % 3]);
    let (kind, bytes) = content(how, bytes);
    if how & 4 != 0 {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        connection.send_fragment(kind, first, false, wire).expect("a Vec has room");
        if how & 8 != 0 {
            connection.send_ping(b"between", wire).expect("a Vec has room");
        }
        connection.send_fragment(kind, second, true, wire).expect("a Vec has room");
        return;
    }
    let sent = match kind {
        MessageKind::Text => connection.send_text(std::str::from_utf8(bytes).expect("cut to text"), wire),
        MessageKind::Binary => connection.send_binary(bytes, wire),
    };
    sent.expect("a Vec has room");
}

fn receive<R: Role>(connection: &mut Connection<R>, wire: &[u8], mut cuts: Cuts, how: u8, bytes: &[u8]) {
    let (kind, expected) = content(how, bytes);
    let mut rx = RecvBuffer::with_capacity(300);
    let mut left = wire;
    let mut count = 0;
    while !left.is_empty() {
        let (mut piece, rest) = cuts.split(left);
        left = rest;
        loop {
            let taken = rx.extend_from_slice(piece);
            assert!(taken > 0 || piece.is_empty(), "no room to read into");
            piece = &piece[taken..];
            while let Some(event) = connection.receive(&mut rx).expect("what the other end has sent") {
                match event {
                    Event::Text(text) => {
                        assert!(kind == MessageKind::Text && text.as_bytes() == expected)
                    }
                    Event::Binary(bytes) => {
                        assert!(kind == MessageKind::Binary && bytes == expected)
                    }
                    Event::Ping(payload) => {
                        assert_eq!(payload, b"between");
                        continue;
                    }
                    other => panic!("{other:?}"),
                }
                count += 1;
            }
            if piece.is_empty() {
                break;
            }
        }
    }
    assert_eq!(count, 1, "a message is lost");
    assert!(rx.is_empty());
    // The Pong that is owed is not sent: nobody waits for it.
}
