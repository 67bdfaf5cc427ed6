//! What the benches share: payloads, streams of them, and a transport in memory.
#![allow(dead_code, reason = "each bench uses its part")]

use core::hint::black_box;

use websocket_proto::{Config, Connection, Event, MessageKind, RecvBuffer, Server};

/// The payload sizes of the tables in `docs/benchmarks.md`.
pub(crate) const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 1 << 20];

/// What a text is made of.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    Ascii,
    /// One character in 120 bytes is not ASCII.
    Mixed,
    Cjk,
}

impl Text {
    /// A text of at most `len` bytes, filled up with ASCII where a character does not fit.
    pub(crate) fn of_len(self, len: usize) -> String {
        let unit = match self {
            Self::Ascii => "The quick brown fox jumps over the lazy dog. ".to_owned(),
            Self::Mixed => format!("{}\u{e9}", "x".repeat(118)),
            Self::Cjk => "\u{6f22}\u{5b57}\u{304b}\u{306a}".to_owned(),
        };
        let mut text = String::with_capacity(len);
        for character in unit.chars().cycle() {
            if text.len() + character.len_utf8() > len {
                break;
            }
            text.push(character);
        }
        text.extend(std::iter::repeat_n('.', len - text.len()));
        text
    }
}

/// A cheap sequence of keys that differ: predictable, as only a bench may be.
pub(crate) fn test_keys() -> impl FnMut() -> [u8; 4] {
    let mut state: u32 = 1;
    move || {
        state = state.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
        state.to_le_bytes()
    }
}

/// About 64 KiB of messages as a client sends them (one message, if it is larger), and their number.
pub(crate) fn client_stream(kind: MessageKind, text: &str) -> (Vec<u8>, usize) {
    let count = ((64 << 10) / text.len().max(64)).max(1);
    let mut client = Connection::client(Config::client(), test_keys());
    let mut stream = Vec::new();
    for _ in 0..count {
        match kind {
            MessageKind::Text => client.send_text(text, &mut stream),
            MessageKind::Binary => client.send_binary(text.as_bytes(), &mut stream),
        }
        .expect("a Vec has room");
    }
    (stream, count)
}

/// Feeds `stream` in reads of at most `read` bytes, and looks at every message.
pub(crate) fn drain(connection: &mut Connection<Server>, rx: &mut RecvBuffer<Vec<u8>>, stream: &[u8], read: usize) {
    for mut bytes in stream.chunks(read) {
        while !bytes.is_empty() {
            let taken = rx.extend_from_slice(bytes);
            bytes = &bytes[taken..];
            while let Some(event) = connection.receive(rx).expect("a legal stream") {
                match event {
                    Event::Text(text) => drop(black_box(text)),
                    Event::Binary(bytes) => drop(black_box(bytes)),
                    Event::Ping(_) | Event::Pong(_) | Event::Close(_) => {}
                }
            }
        }
    }
}

/// Thirty-two messages of JSON that differ, `len` bytes each: what a feed of trades might send.
pub(crate) fn json_messages(len: usize) -> Vec<String> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let count = if len > 1 << 16 { 4 } else { 32 };
    (0..count)
        .map(|_| {
            let mut text = String::from("[");
            while text.len() < len {
                let user = ["alice", "bob", "carol", "dave", "erin", "frank"][random(6) as usize];
                let kind = ["trade", "quote", "order.update", "heartbeat"][random(4) as usize];
                let (id, price, cents) = (random(1_000_000), random(1000), random(100));
                let (size, hour, minute, second) = (random(500), random(24), random(60), random(60));
                text += &format!(
                    "{{\"id\":{id},\"type\":\"{kind}\",\"user\":\"{user}\",\"price\":{price}.{cents:02},\"size\":{size},\
                     \"ts\":\"2026-11-22T{hour:02}:{minute:02}:{second:02}Z\",\"ok\":{}}},",
                    random(2) == 0
                );
            }
            text.truncate(len);
            text
        })
        .collect()
}
