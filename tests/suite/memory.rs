//! How many bytes a connection holds in each state of its life: one table of constants, the same as in
//! `docs/security.md`, and each row measured.

use websocket_proto::{Config, Connection, DEFAULT_CAPACITY_BYTES, RecvBuffer, Server, handshake};

use crate::allocation::usage;
use crate::support::wire::{self, BINARY, CONTINUATION, FIN, Form, PING, TEXT};
use crate::support::{KEY, server, unlimited};

/// One row: the state, the most bytes on the heap as the document writes them, and a number for them when `received`
/// bytes of payload have come.
struct Row {
    state: &'static str,
    figure: &'static str,
    most: fn(received: usize) -> usize,
    /// Brings a connection there; gives what has to be kept for that, and the bytes of payload that have come.
    reach: fn() -> (Held, usize),
}

type Held = (Connection<Server>, RecvBuffer<Vec<u8>>);

const BASE: usize = DEFAULT_CAPACITY_BYTES;
const FLOOD: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

const TABLE: [Row; 10] = [
    Row { state: "open, and no buffer lent to it", figure: "0", most: |_| 0, reach: || start(Config::server()) },
    Row {
        state: "open, with a buffer of its own",
        figure: "16,384",
        most: |_| BASE,
        reach: || {
            let (mut held, _) = start(Config::server());
            held.1.spare_mut();
            (held, 0)
        },
    },
    Row {
        state: "a header has come, whatever it announces",
        figure: "16,384",
        most: |_| BASE,
        reach: || feed(Config::server(), &wire::header(FIN | BINARY, 16 << 20, Form::Shortest, Some(KEY)), 1, 0),
    },
    Row {
        state: "n bytes of a message in one frame have come",
        figure: "2 n + 16,384",
        most: |received| 2 * received + BASE,
        reach: || {
            let frame = wire::frame(FIN | BINARY, &vec![7; 8 << 20], Some(KEY));
            feed(Config::server(), &frame[..5 << 20], 1, 5 << 20)
        },
    },
    Row {
        state: "n bytes of a message have come, each in a frame",
        figure: "2 n + 16,384",
        most: |received| 2 * received + BASE,
        reach: || {
            let (mut held, _) = feed(unlimited(Config::server()), &wire::frame(BINARY, b"x", Some(KEY)), 1, 1);
            pour(&mut held, &wire::frame(CONTINUATION, b"x", Some(KEY)), FLOOD);
            (held, 1 + FLOOD)
        },
    },
    Row {
        state: "a million empty fragments have come",
        figure: "16,384",
        most: |_| BASE,
        reach: || {
            let (mut held, _) = feed(unlimited(Config::server()), &wire::frame(TEXT, b"", Some(KEY)), 1, 0);
            pour(&mut held, &wire::frame(CONTINUATION, b"", Some(KEY)), FLOOD);
            (held, 0)
        },
    },
    Row {
        state: "a million Pings have come, and no Pong is taken",
        figure: "16,384",
        most: |_| BASE,
        reach: || feed(unlimited(Config::server()), &wire::frame(FIN | PING, &[7; 125], Some(KEY)), FLOOD, 0),
    },
    Row {
        state: "a message of 8 MiB has been handed out, and the next is waited for",
        figure: "16,384",
        most: |_| BASE,
        reach: || {
            let (mut held, _) = feed(Config::server(), &wire::frame(FIN | BINARY, &vec![7; 8 << 20], Some(KEY)), 1, 0);
            held.1.spare_mut();
            (held, 0)
        },
    },
    Row {
        state: "failed, in the middle of a message of n bytes",
        figure: "2 n + 16,384",
        most: |received| 2 * received + BASE,
        reach: || {
            let (mut held, _) = feed(Config::server(), &wire::frame(BINARY, &vec![7; 1 << 20], Some(KEY)), 1, 0);
            assert!(held.1.extend_from_slice(&[0xff; 2]) == 2 && held.0.receive(&mut held.1).is_err());
            (held, 1 << 20)
        },
    },
    Row {
        state: "closed, and its buffer released",
        figure: "0",
        most: |_| 0,
        reach: || {
            let (mut held, _) = feed(Config::server(), &wire::frame(FIN | wire::CLOSE, &[3, 0xe8], Some(KEY)), 1, 0);
            held.0.poll_transmit(&mut crate::support::Sink::new()).unwrap();
            held.1.release();
            (held, 0)
        },
    },
];

fn start(config: Config) -> (Held, usize) {
    ((server(config), RecvBuffer::new()), 0)
}

/// A connection to which `bytes` have come `times` times.
fn feed(config: Config, bytes: &[u8], times: usize, received: usize) -> (Held, usize) {
    let (mut held, _) = start(config);
    pour(&mut held, bytes, times);
    (held, received)
}

fn pour((connection, rx): &mut Held, bytes: &[u8], times: usize) {
    for _ in 0..times {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[rx.extend_from_slice(rest)..];
            while connection.receive(rx).unwrap().is_some() {}
        }
    }
}

#[test]
fn each_state_holds_no_more_than_its_row_says() {
    for row in TABLE {
        let (((connection, rx), received), usage) = usage(row.reach);
        let held = usize::try_from(usage.held).unwrap();
        assert!(held <= (row.most)(received), "{}: {held} bytes for {received}", row.state);
        // The bound is one that is met: a row that says too much is wrong as well.
        assert!((row.most)(received) <= 4 * held + BASE, "{}: only {held} bytes for {received}", row.state);
        drop((connection, rx));
    }
}

/// The objects themselves, on a stack or in the state of a task.
#[cfg(target_pointer_width = "64")]
const OBJECTS: [(&str, usize, usize); 3] = [
    (
        "`Connection<Server>`, with the feature `deflate`",
        256,
        if cfg!(feature = "deflate") { size_of::<Connection<Server>>() } else { 0 },
    ),
    ("`RecvBuffer<Vec<u8>>`", 88, size_of::<RecvBuffer<Vec<u8>>>()),
    ("`server::Handshake`", 80, size_of::<handshake::server::Handshake>()),
];

#[cfg(target_pointer_width = "64")]
#[test]
fn the_document_has_the_same_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let document = std::fs::read_to_string(path).unwrap();
    for (object, most, size) in OBJECTS {
        assert!(size <= most, "{object}: {size}");
        let row = format!("| {object} | {most} |");
        assert!(document.lines().any(|line| line == row), "docs/security.md has no line {row}");
    }
    for row in TABLE {
        let row = format!("| {} | {} |", row.state, row.figure);
        assert!(document.lines().any(|line| line == row), "docs/security.md has no line {row}");
    }
}
