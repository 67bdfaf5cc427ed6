//! Payload that arrives in the middle: compressed and plain messages of one connection, in single bytes and in halves of
//! frames, with Pings between. The short way for plain payload amid a frame must not be taken for compressed payload,
//! and must still be taken for all else, so that it stays where it was read.

use websocket_proto::deflate::Params;
use websocket_proto::{ChunkEvent, Connection, Event, Misuse, RecvBuffer, Role};

use super::{RSV1, eager};
use crate::support::script::Side;
use crate::support::wire::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::support::{client, server};

/// What has come, and whether it lies where it was read.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Message(Vec<u8>, bool),
    Ping(Vec<u8>),
}

fn plain_text() -> Vec<u8> {
    "plain, ".repeat(40).into_bytes()
}

fn long_text() -> Vec<u8> {
    (0..400).flat_map(|n: u32| format!("{{\"n\":{}}} \u{e9}", n * n).into_bytes()).collect()
}

/// A compressed text in three fragments with Pings between, a plain one in one frame, a compressed and a plain one in
/// fragments; all from one peer that takes its context over. And what has to come of it.
fn stream(side: Side) -> (Vec<u8>, Vec<Seen>) {
    let key = side.peer_key();
    let mut compressor = websocket_proto::deflate::Compressor::new(websocket_proto::deflate::WindowBits::MAX, 6);
    let (mut bytes, mut seen) = (Vec::new(), Vec::new());
    for round in 0..2_u8 {
        let compressed = compressor.compress(&long_text(), true).to_vec();
        assert!(compressed.len() > if round == 0 { 500 } else { 9 });
        let (one, rest) = compressed.split_at(compressed.len() / 3);
        let (two, three) = rest.split_at(rest.len() / 2);
        bytes.extend(wire::frame(RSV1 | TEXT, one, key));
        bytes.extend(wire::frame(FIN | PING, b"first", key));
        bytes.extend(wire::frame(CONTINUATION, two, key));
        bytes.extend(wire::frame(FIN | PING, &[round], key));
        bytes.extend(wire::frame(FIN | CONTINUATION, three, key));
        seen.extend([Seen::Ping(b"first".to_vec()), Seen::Ping(vec![round]), Seen::Message(long_text(), false)]);

        bytes.extend(wire::frame(FIN | TEXT, &plain_text(), key));
        seen.push(Seen::Message(plain_text(), true));

        bytes.extend(wire::frame(FIN | RSV1 | BINARY, compressor.compress(b"short short short", true), key));
        bytes.extend(wire::frame(BINARY, &[round; 300], key));
        bytes.extend(wire::frame(FIN | PING, b"amid", key));
        bytes.extend(wire::frame(FIN | CONTINUATION, &[7; 20], key));
        seen.push(Seen::Message(b"short short short".to_vec(), false));
        seen.extend([Seen::Ping(b"amid".to_vec()), Seen::Message([vec![round; 300], vec![7; 20]].concat(), true)]);
    }
    (bytes, seen)
}

/// What `connection` makes of `bytes`, in reads that end where `cuts` says, into memory that does not move.
fn hear<R: Role>(mut connection: Connection<R>, bytes: &[u8], cuts: impl Fn(usize) -> bool) -> Vec<Seen> {
    let mut memory = vec![0; 1000];
    let range = memory.as_ptr_range();
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let (mut seen, mut from) = (Vec::new(), 0);
    let mut see = |payload: &[u8]| seen.push(Seen::Message(payload.to_vec(), range.contains(&payload.as_ptr())));
    let mut pings = Vec::new();
    for to in (1..=bytes.len()).filter(|at| cuts(*at) || *at == bytes.len()) {
        while from < to {
            from += rx.extend_from_slice(&bytes[from..to]);
            while let Some(event) = connection.receive(&mut rx).expect("a legal stream") {
                match event {
                    Event::Text(text) => see(text.as_bytes()),
                    Event::Binary(bytes) => see(bytes),
                    Event::Ping(payload) => pings.push(payload.to_vec()),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    seen.extend(pings.into_iter().map(Seen::Ping));
    seen
}

/// However the bytes come: the same messages, compressed ones inflated elsewhere, plain ones where they were read.
#[test]
fn compressed_and_plain_payload_in_any_pieces() {
    for side in Side::BOTH {
        let (bytes, expected) = stream(side);
        let hear = |cuts: &dyn Fn(usize) -> bool| match side {
            Side::Server => hear(server(side.config()).with_deflate(&Params::default(), &eager()), &bytes, cuts),
            Side::Client => hear(client(side.config()).with_deflate(&Params::default(), &eager()), &bytes, cuts),
        };
        let (messages, pings): (Vec<_>, Vec<_>) = expected.iter().partition(|seen| matches!(seen, Seen::Message(..)));
        let expected: Vec<&Seen> = messages.into_iter().chain(pings).collect();
        assert_eq!(hear(&|_| true).iter().collect::<Vec<_>>(), expected, "{side:?}, in single bytes");
        for len in [2, 3, 7, 64, 333, 1000] {
            assert_eq!(hear(&|at| at % len == 0).iter().collect::<Vec<_>>(), expected, "{side:?}, by {len}");
        }
    }
}

/// A fragment that inflates to nothing, or to half a character, gives no chunk: only a last one may be empty.
#[test]
fn what_has_inflated_to_nothing_is_no_chunk() {
    // Blocks that are stored as they are: as many bytes as the first two say.
    let cases: [(u8, &[u8], &[u8]); 3] = [
        (BINARY, b"", &[0, 2, 0, 0xfd, 0xff, 0xc3, 0xa9, 0]),
        (BINARY, &[0, 0, 0, 0xff, 0xff], &[0, 2, 0, 0xfd, 0xff, 0xc3, 0xa9, 0]),
        (TEXT, &[0, 1, 0, 0xfe, 0xff, 0xc3], &[0, 1, 0, 0xfe, 0xff, 0xa9, 0]),
    ];
    for (kind, first, last) in cases {
        let mut connection = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
        let mut rx = RecvBuffer::new();
        let _ = rx.extend_from_slice(&wire::frame(RSV1 | kind, first, None));
        assert_eq!(connection.receive_chunk(&mut rx), Ok(None), "{first:?}");
        let _ = rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, last, None));
        let Ok(Some(ChunkEvent::Chunk(chunk))) = connection.receive_chunk(&mut rx) else { panic!("{last:?}") };
        assert_eq!((chunk.payload.as_bytes(), chunk.is_first), ("\u{e9}".as_bytes(), true));
    }
}

/// As little of the compressed message has come as there is in the other buffer; the plain one there tells them apart.
#[test]
fn a_buffer_with_a_plain_message_is_not_one_with_a_compressed_one() {
    let mut plain = client(Side::Client.config());
    let mut compressed = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
    let (mut rx, mut other) = (RecvBuffer::new(), RecvBuffer::new());
    let _ = rx.extend_from_slice(&wire::frame(RSV1 | TEXT, b"", None));
    assert_eq!(compressed.receive(&mut rx), Ok(None));
    let _ = other.extend_from_slice(&wire::frame(TEXT, b"plain", None));
    assert_eq!(plain.receive(&mut other), Ok(None));
    assert_eq!(compressed.receive(&mut other), Err(Misuse::BufferReplaced.into()));
    let _ = other.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"", None));
    assert_eq!(plain.receive(&mut other), Ok(Some(Event::Text("plain"))));
}
