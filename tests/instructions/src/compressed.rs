//! The scenarios of compression, in a program of their own: with the feature, what stands in `scenarios` costs a little
//! more.

use websocket_proto::deflate::{self, Compressor, Params, WindowBits};
use websocket_proto::{Config, Connection};

use crate::scenarios::{Scenario, echoes, frame, hear};

pub const SCENARIOS: &[Scenario] = &[
    echoes("echoes-not-compressed"),
    Scenario {
        name: "empty-blocks",
        base: 1024,
        is_bytewise: false,
        input: |n| frame(0xc2, &EMPTY_BLOCK.repeat(n)),
        run: inflate,
        expect: |_| 1,
    },
    Scenario {
        name: "empty-blocks-in-single-bytes",
        base: 64,
        is_bytewise: true,
        input: |n| frame(0xc2, &EMPTY_BLOCK.repeat(n)),
        run: inflate,
        expect: |_| 1,
    },
    Scenario {
        name: "compressed-fragments-of-one-byte",
        base: 64,
        is_bytewise: false,
        input: |n| {
            let mut stream = frame(0x42, b"");
            compressed(&text(n)).iter().for_each(|byte| stream.extend(frame(0x00, &[*byte])));
            stream.extend(frame(0x80, b""));
            stream
        },
        run: inflate,
        expect: |n| n + 1,
    },
    Scenario {
        name: "compressed-text-at-once",
        base: 4096,
        is_bytewise: false,
        input: |n| frame(0xc1, &compressed(&text(n))),
        run: inflate,
        expect: |n| n + 1,
    },
    Scenario {
        name: "bomb",
        base: 128 << 10,
        is_bytewise: false,
        input: |n| frame(0xc2, &compressed(&vec![0; n])),
        run: inflate,
        expect: |n| n + 1,
    },
];

/// A stored block of no bytes.
const EMPTY_BLOCK: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];

fn compressed(message: &[u8]) -> Vec<u8> {
    Compressor::new(WindowBits::MAX, 9).compress(message, true).to_vec()
}

/// What shrinks to about a third.
fn text(len: usize) -> Vec<u8> {
    let numbers =
        (0_u32..).flat_map(|n| format!("{{\"id\":{n},\"at\":{}}},", n.wrapping_mul(2_654_435_761)).into_bytes());
    numbers.take(len).collect()
}

/// The same with compression: the bytes, and one for each message.
fn inflate(input: &[u8], cut: usize) -> usize {
    let config = deflate::Config::new().peer_takeover(true);
    let (bytes, messages) =
        hear(Connection::server(Config::server()).with_deflate(&Params::default(), &config), input, cut);
    bytes + messages
}
