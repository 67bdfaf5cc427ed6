//! Messages as they arrive.

use websocket_proto::{
    ChunkEvent, Config, Connection, Limit, Misuse, Payload, ProtocolError, RecvBuffer, Server, Violation,
};

use super::world::{Seen, server};
use crate::message::{BINARY, BINARY_MORE, CLOSE, LAST, MORE, PING, TEXT, TEXT_MORE, closing, masked};

/// What came, with the flags of each chunk: `is_first`, `is_last`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Text(String, bool, bool),
    Binary(Vec<u8>, bool, bool),
    Ping,
    Pong,
    Close,
    Error(ProtocolError),
}

fn text(text: &str, is_first: bool, is_last: bool) -> Got {
    Got::Text(text.into(), is_first, is_last)
}

struct Receiver<const N: usize> {
    connection: Connection<Server>,
    rx: RecvBuffer<[u8; N]>,
}

impl<const N: usize> Receiver<N> {
    fn new() -> Self {
        Self { connection: Connection::server(Config::server()), rx: RecvBuffer::from([0; N]) }
    }

    fn get(&mut self, mut bytes: &[u8]) -> Vec<Got> {
        let mut got = Vec::new();
        while !bytes.is_empty() {
            let taken = self.rx.extend_from_slice(bytes);
            assert!(taken > 0, "there is room after None");
            bytes = &bytes[taken..];
            loop {
                match self.connection.receive_chunk(&mut self.rx) {
                    Ok(Some(event)) => got.push(own(event)),
                    Ok(None) => break,
                    Err(error) => {
                        got.push(Got::Error(error));
                        return got;
                    }
                }
            }
        }
        got
    }
}

fn own(event: ChunkEvent<'_>) -> Got {
    match event {
        ChunkEvent::Chunk(chunk) => match chunk.payload {
            Payload::Text(text) => Got::Text(text.into(), chunk.is_first, chunk.is_last),
            Payload::Binary(bytes) => Got::Binary(bytes.into(), chunk.is_first, chunk.is_last),
        },
        ChunkEvent::Ping(_) => Got::Ping,
        ChunkEvent::Pong(_) => Got::Pong,
        ChunkEvent::Close(_) => Got::Close,
    }
}

#[test]
fn a_message_that_is_there_is_one_chunk() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [masked(TEXT, "whole"), masked(BINARY, [1, 2]), masked(TEXT, "")].concat();
    assert_eq!(
        receiver.get(&bytes),
        [text("whole", true, true), Got::Binary(vec![1, 2], true, true), text("", true, true)]
    );
}

#[test]
fn a_message_comes_in_the_pieces_in_which_it_arrives() {
    let mut receiver = Receiver::<256>::new();
    let bytes = masked(TEXT, "abcdef");
    assert_eq!(receiver.get(&bytes[..6]), []);
    assert_eq!(receiver.get(&bytes[6..8]), [text("ab", true, false)]);
    assert_eq!(receiver.get(&bytes[8..9]), [text("c", false, false)]);
    assert_eq!(receiver.get(&bytes[9..]), [text("def", false, true)]);
    assert_eq!(receiver.get(&masked(BINARY, [9])), [Got::Binary(vec![9], true, true)]);
}

#[test]
fn fragments_are_chunks_and_empty_ones_are_not() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [
        masked(BINARY_MORE, ""),
        masked(MORE, "a"),
        masked(PING, ""),
        masked(MORE, ""),
        masked(MORE, "b"),
        masked(LAST, ""),
    ];
    assert_eq!(
        receiver.get(&bytes.concat()),
        [
            Got::Binary(b"a".into(), true, false),
            Got::Ping,
            Got::Binary(b"b".into(), false, false),
            Got::Binary(b"".into(), false, true),
        ]
    );
}

#[test]
fn an_empty_message_of_several_fragments_is_one_empty_chunk() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [masked(TEXT_MORE, ""), masked(MORE, ""), masked(LAST, ""), masked(TEXT, "x")].concat();
    assert_eq!(receiver.get(&bytes), [text("", true, true), text("x", true, true)]);
}

/// However text arrives, its chunks are whole characters and together they are the text.
#[test]
fn text_is_cut_between_characters() {
    let whole = "aé€𐍈 ✓z";
    for cut in 0..=whole.len() {
        let (one, other) = whole.as_bytes().split_at(cut);
        let bytes = [masked(TEXT_MORE, one), masked(PING, ""), masked(LAST, other)].concat();
        for piece_len in [1, 2, 3, 5, 8, bytes.len()] {
            let mut receiver = Receiver::<256>::new();
            let got: Vec<Got> = bytes.chunks(piece_len).flat_map(|piece| receiver.get(piece)).collect();
            joined_is(&got, whole, &format!("cut at {cut}, in pieces of {piece_len}"));
        }
    }
}

/// First and last are marked once each, and nothing but a last chunk is empty.
fn joined_is(got: &[Got], whole: &str, case: &str) {
    let chunks: Vec<_> = got
        .iter()
        .filter_map(|got| match got {
            Got::Text(text, is_first, is_last) => Some((text.as_str(), *is_first, *is_last)),
            Got::Ping => None,
            other => panic!("{other:?}: {case}"),
        })
        .collect();
    let (last, before) = chunks.split_last().expect("at least one chunk");
    assert_eq!(chunks.iter().map(|(text, ..)| *text).collect::<String>(), whole, "{case}");
    assert!(chunks[0].1 && chunks[1..].iter().all(|(_, is_first, _)| !is_first), "{case}");
    assert!(last.2 && before.iter().all(|(text, _, is_last)| !is_last && !text.is_empty()), "{case}");
}

/// A character that is cut twice leaves more behind than it did at first.
#[test]
fn a_character_may_come_byte_by_byte() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [masked(TEXT_MORE, "a\u{1F600}"), masked(LAST, "b")].concat();
    let mut got = Vec::new();
    for byte in &bytes {
        got.extend(receiver.get(&[*byte]));
    }
    assert_eq!(got, [text("a", true, false), text("\u{1F600}", false, false), text("b", false, true)]);
}

#[test]
fn a_character_may_be_cut_by_fragments_and_control_frames() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [
        masked(TEXT_MORE, b"a\xf0"),
        masked(PING, ""),
        masked(MORE, b"\x9f"),
        masked(PING, ""),
        masked(MORE, b"\x98"),
        masked(MORE, b""),
        masked(LAST, b"\x80"),
    ];
    assert_eq!(
        receiver.get(&bytes.concat()),
        [text("a", true, false), Got::Ping, Got::Ping, text("\u{1F600}", false, true)]
    );
}

/// With what stands before a wrong byte, all behind it is gone from the buffer, not only with the error that follows.
#[test]
fn what_stands_behind_a_wrong_byte_is_dropped_at_once() {
    let mut receiver = Receiver::<256>::new();
    let _ = receiver.rx.extend_from_slice(&[masked(TEXT, b"good\xffbad"), masked(PING, "")].concat());
    let chunk = receiver.connection.receive_chunk(&mut receiver.rx).unwrap().map(own);
    assert_eq!(chunk, Some(text("good", true, false)));
    assert!(receiver.rx.is_empty(), "{:?}", receiver.rx);
}

#[test]
fn what_stands_before_a_wrong_byte_is_delivered_whatever_the_cut() {
    let error = Got::Error(Violation::TextNotUtf8.into());
    let bytes = [masked(TEXT, "before"), masked(TEXT, b"good \xe2\x82\xac\xff bad")].concat();
    for piece_len in 1..=bytes.len() {
        let mut receiver = Receiver::<256>::new();
        let mut got: Vec<Got> = Vec::new();
        for piece in bytes.chunks(piece_len) {
            got.extend(receiver.get(piece));
            if got.last() == Some(&error) {
                break;
            }
        }
        assert_eq!(got.pop(), Some(error.clone()));
        let delivered: String = got
            .iter()
            .map(|got| match got {
                Got::Text(text, ..) => text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(delivered, "beforegood €");
        assert_eq!(receiver.get(&masked(PING, "")), core::slice::from_ref(&error));
    }
}

#[test]
fn text_that_ends_within_a_character_is_delivered_up_to_it() {
    let mut receiver = Receiver::<256>::new();
    let got = receiver.get(&masked(TEXT, b"cut \xe2\x82"));
    assert_eq!(got, [text("cut ", true, false), Got::Error(Violation::TextNotUtf8.into())]);
}

#[test]
fn a_message_of_any_size_passes_through_a_small_buffer() {
    let payload: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
    let bytes = [masked(BINARY_MORE, &payload), masked(PING, [0; 125]), masked(LAST, &payload)].concat();
    let mut receiver = Receiver::<160>::new();
    let got = receiver.get(&bytes);
    let received: Vec<u8> = got
        .iter()
        .flat_map(|got| match got {
            Got::Binary(bytes, ..) => bytes.as_slice(),
            Got::Ping => &[],
            other => panic!("{other:?}"),
        })
        .copied()
        .collect();
    assert_eq!(received, [payload.clone(), payload].concat());
}

#[test]
fn text_of_any_size_passes_through_the_smallest_buffer() {
    let whole = "𐍈€éa".repeat(500);
    for piece_len in [1, 7, 1_000_000] {
        let mut receiver = Receiver::<18>::new();
        let got: Vec<Got> = masked(TEXT, &whole).chunks(piece_len).flat_map(|piece| receiver.get(piece)).collect();
        joined_is(&got, &whole, "a header and three bytes of a character are all it needs room for");
    }
}

#[test]
fn a_control_frame_has_to_fit() {
    let mut receiver = Receiver::<64>::new();
    assert_eq!(receiver.get(&masked(PING, [0; 65])), [Got::Error(Limit::BufferTooSmall.into())]);
}

/// What was collected for a whole message comes as the first chunk.
#[test]
fn chunks_may_take_over_in_the_middle_of_a_message() {
    let mut server = server(Config::server());
    assert_eq!(server.get(&[masked(TEXT_MORE, b"one\xe2"), masked(MORE, b"\x82")].concat()), []);
    let chunk = server.connection.receive_chunk(&mut server.rx).unwrap().map(own);
    assert_eq!(chunk, Some(text("one", true, false)));
    let _ = server.rx.extend_from_slice(&masked(LAST, b"\xac!"));
    let chunk = server.connection.receive_chunk(&mut server.rx).unwrap().map(own);
    assert_eq!(chunk, Some(text("€!", false, true)));
    assert_eq!(server.get(&masked(TEXT, "whole again")), [Seen::text("whole again")]);
}

#[test]
fn whole_messages_may_take_over_before_the_first_chunk() {
    let mut server = server(Config::server());
    let bytes = [masked(TEXT_MORE, ""), masked(LAST, "x")].concat();
    let _ = server.rx.extend_from_slice(&bytes[..8]);
    assert_eq!(server.connection.receive_chunk(&mut server.rx), Ok(None));
    assert_eq!(server.get(&bytes[8..]), [Seen::text("x")]);
}

#[test]
fn whole_messages_cannot_take_over_behind_a_chunk() {
    let mut server = server(Config::server());
    let bytes = masked(BINARY, "abc");
    let _ = server.rx.extend_from_slice(&bytes[..7]);
    let chunk = server.connection.receive_chunk(&mut server.rx).unwrap().map(own);
    assert_eq!(chunk, Some(Got::Binary(b"a".into(), true, false)));
    for _ in 0..2 {
        assert_eq!(server.get(&bytes[7..8]), [Misuse::MessageInChunks.into()]);
        server.rx.clear();
    }
    let _ = server.rx.extend_from_slice(&bytes[7..]);
    let chunk = server.connection.receive_chunk(&mut server.rx).unwrap().map(own);
    assert_eq!(chunk, Some(Got::Binary(b"bc".into(), false, true)));
    assert_eq!(server.get(&masked(TEXT, "now")), [Seen::text("now")]);
}

#[test]
fn between_chunks_a_buffer_without_a_cut_character_is_empty() {
    let mut receiver = Receiver::<256>::new();
    let bytes = masked(BINARY, "abcd");
    assert_eq!(receiver.get(&bytes[..8]), [Got::Binary(b"ab".into(), true, false)]);
    assert!(receiver.rx.is_empty());
    receiver.rx = RecvBuffer::from([0; 256]);
    assert_eq!(receiver.get(&bytes[8..]), [Got::Binary(b"cd".into(), false, true)]);
}

#[test]
fn a_close_may_come_between_chunks() {
    let mut receiver = Receiver::<256>::new();
    let bytes = [masked(TEXT_MORE, "half"), masked(CLOSE, closing(1001, "")), masked(LAST, "lost")].concat();
    assert_eq!(receiver.get(&bytes), [text("half", true, false), Got::Close]);
}

#[test]
fn limits_hold_for_chunks_too() {
    let mut receiver = Receiver::<256>::new();
    receiver.connection = Connection::server(Config::server().max_message_bytes(5));
    let bytes = [masked(BINARY_MORE, "123"), masked(LAST, "456")].concat();
    let too_big = Got::Error(Limit::MessageTooBig.into());
    assert_eq!(receiver.get(&bytes), [Got::Binary(b"123".into(), true, false), too_big]);
}
