//! UTF-8: `core::str::from_utf8`, and where it stops, against three ways to validate text as it arrives.
//!
//! ```text
//! data   cuts (2)   ways (1)   text …
//! ```
//!
//! * [`Validator`], in pieces and byte by byte: an error at the first byte that nothing behind it could save.
//! * A connection that receives the text as a message in one frame, masked or not: the text, or no event and an error.
//! * A connection that receives it in chunks: exactly what `from_utf8` calls valid comes out before the error.
//!
//! Text is unmasked and validated in blocks of 16 KiB. So that a short input gets to their borders, the highest values of `ways` put
//! nearly a block of ASCII before the text; that is then not cut.

use std::cell::RefCell;

use websocket_proto::utf8::Validator;
use websocket_proto::{ChunkEvent, Config, Connection, Event, Payload, RecvBuffer, Role, Violation};

use crate::support::cuts::Cuts;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const BLOCK: usize = 16 * 1024;

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory { text: Vec::new(), frame: Vec::new(), rx: Vec::new() }) };
}

struct Memory {
    text: Vec<u8>,
    frame: Vec<u8>,
    rx: Vec<u8>,
}

pub fn run(data: &[u8]) {
    let [first, second, ways, given @ ..] = data else { return };
    let cuts = Cuts::new(*first, *second);
    MEMORY.with_borrow_mut(|memory| {
        let prefix = if *ways >= 0xf8 { BLOCK - usize::from(ways >> 1 & 3) } else { 0 };
        memory.text.clear();
        memory.text.resize(prefix, b'a');
        memory.text.extend_from_slice(given);
        memory.rx.resize(2 * BLOCK, 0);
        let text = &memory.text[..];
        validate(given, cuts);
        let cuts = if prefix == 0 { cuts } else { Cuts::WHOLE };
        if ways & 1 == 0 {
            let config = Config::client();
            frame(text, None, &mut memory.frame);
            receive(Connection::client(config.clone(), || KEY), &memory.frame, text, &mut memory.rx);
            receive_chunks(Connection::client(config, || KEY), &memory.frame, cuts, text, &mut memory.rx);
        } else {
            let config = Config::server();
            frame(text, Some(KEY), &mut memory.frame);
            receive(Connection::server(config.clone()), &memory.frame, text, &mut memory.rx);
            receive_chunks(Connection::server(config), &memory.frame, cuts, text, &mut memory.rx);
        }
    });
}

/// A text message in one frame, written without the crate.
fn frame(text: &[u8], key: Option<[u8; 4]>, to: &mut Vec<u8>) {
    let mask = if key.is_some() { 0x80 } else { 0 };
    to.clear();
    to.push(0x81);
    match text.len() {
        len @ 0..126 => to.push(mask | len as u8),
        len => {
            to.push(mask | 126);
            to.extend_from_slice(&u16::try_from(len).expect("short").to_be_bytes());
        }
    }
    to.extend(key.into_iter().flatten());
    let from = to.len();
    to.extend_from_slice(text);
    let key = key.unwrap_or_default();
    for piece in to[from..].chunks_mut(4) {
        piece.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    }
}

/// The first byte that nothing behind it could save, by the definition: the shortest beginning of the text that is wrong
/// for good ends with it.
fn first_wrong(text: &[u8]) -> Option<usize> {
    let from = match std::str::from_utf8(text) {
        Ok(_) => return None,
        Err(error) if error.error_len().is_none() => return None,
        Err(error) => error.valid_up_to(),
    };
    let is_wrong = |end: &usize| std::str::from_utf8(&text[from..*end]).is_err_and(|error| error.error_len().is_some());
    (from + 1..=text.len()).find(is_wrong).map(|end| end - 1)
}

fn validate(text: &[u8], mut cuts: Cuts) {
    let wrong = first_wrong(text);
    let is_text = std::str::from_utf8(text).is_ok();

    let mut validator = Validator::new();
    let mut left = text;
    let mut pushed = 0;
    let mut failed = false;
    loop {
        let (piece, rest) = cuts.split(left);
        if validator.push(piece).is_err() {
            failed = true;
            let wrong = wrong.expect("an error in text that can be saved");
            assert!((pushed..pushed + piece.len()).contains(&wrong), "the wrong byte is in another piece");
            // It stands where it stood, so the piece can be looked at byte by byte.
            let at = piece.iter().position(|byte| validator.push(&[*byte]).is_err());
            assert_eq!(at.map(|at| pushed + at), Some(wrong), "the error is at another byte");
            break;
        }
        pushed += piece.len();
        left = rest;
        if left.is_empty() {
            break;
        }
    }
    assert_eq!(failed, wrong.is_some());
    assert!(failed || validator.is_complete() == is_text);
}

fn receive<R: Role>(mut connection: Connection<R>, frame: &[u8], text: &[u8], memory: &mut [u8]) {
    let mut rx = RecvBuffer::from(memory);
    assert_eq!(rx.extend_from_slice(frame), frame.len());
    match (connection.receive(&mut rx), std::str::from_utf8(text)) {
        (Ok(Some(Event::Text(received))), Ok(text)) => assert!(received == text),
        (Err(error), Err(_)) => assert_eq!(error, Violation::TextNotUtf8.into()),
        (received, expected) => panic!("{received:?} instead of {expected:?}"),
    }
}

fn receive_chunks<R: Role>(
    mut connection: Connection<R>,
    frame: &[u8],
    mut cuts: Cuts,
    text: &[u8],
    memory: &mut [u8],
) {
    let expected = std::str::from_utf8(text);
    let valid = expected.map_or_else(|error| error.valid_up_to(), str::len);
    let mut rx = RecvBuffer::from(memory);
    let mut left = frame;
    let mut seen = 0;
    loop {
        let (piece, rest) = cuts.split(left);
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        left = rest;
        loop {
            match connection.receive_chunk(&mut rx) {
                Ok(Some(ChunkEvent::Chunk(chunk))) => {
                    let Payload::Text(received) = chunk.payload else { panic!("text came as bytes") };
                    assert!(std::str::from_utf8(received.as_bytes()).is_ok(), "a character was cut");
                    assert!(text[seen..].starts_with(received.as_bytes()), "another text");
                    seen += received.len();
                    assert_eq!(chunk.is_last, expected.is_ok() && seen == text.len());
                }
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error, Violation::TextNotUtf8.into());
                    assert_eq!(seen, valid, "what is right was not delivered before the error");
                    assert!(expected.is_err());
                    return;
                }
            }
        }
        if left.is_empty() {
            break;
        }
    }
    assert_eq!((seen, expected.is_ok()), (text.len(), true));
}
