//! However a stream is cut into reads, the same comes of it: events, error and replies.

use websocket_proto::frame::{Decoder, FramePart, Limits};

use super::Place;
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::{Delivery, Side};
use crate::support::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use crate::support::{cuts, streams};

#[test]
fn cutting_changes_nothing() {
    for_seeds(scaled(2000), one_stream);
}

#[test]
#[ignore = "long: 150,000 streams in six cuttings each"]
fn cutting_changes_nothing_long() {
    for_many_seeds(150_000, one_stream);
}

fn places(rng: &mut Rng) -> [Place; 2] {
    let small = *rng.pick(&[1, 2, 3, 4, 5, 7, 10, 14, 20, 64, 139, 140, 160, 300, 1500]);
    #[cfg(feature = "alloc")]
    {
        [Place::Growing(*rng.pick(&[0, 139, 200, 1000, 16 * 1024])), Place::Fixed(small)]
    }
    #[cfg(not(feature = "alloc"))]
    {
        [Place::Fixed(70_000), Place::Fixed(small)]
    }
}

fn one_stream(rng: &mut Rng) {
    let side = *rng.pick(&Side::BOTH);
    let stream = streams::hostile(rng, side.is_server());
    let all_cuts = cuts::six(rng, stream.len());
    let config = match rng.below(3) {
        0 => side.config().max_message_bytes(200).max_frame_bytes(150).max_fragments(3).max_control_frames(2),
        _ => side.config(),
    };
    for place in places(rng) {
        for delivery in [Delivery::Messages, Delivery::Chunks] {
            let whole = place.run(side, config.clone(), delivery, &stream, &cuts::whole(stream.len()));
            for cuts in &all_cuts {
                let cut = place.run(side, config.clone(), delivery, &stream, cuts);
                assert_eq!(cut, whole, "{side:?} {place:?} {delivery:?} {cuts:?} {stream:02x?}");
            }
        }
    }
}

/// Every cut into two and into three reads.
#[test]
fn every_cut_of_short_streams() {
    let mut runs = 0_u64;
    for side in Side::BOTH {
        for stream in short_streams(side.peer_key()) {
            runs += every_cut(side, &stream, if cfg!(debug_assertions) { 3 } else { 1 });
        }
    }
    assert!(runs > 3_000, "{runs}");
}

fn every_cut(side: Side, stream: &[u8], step: usize) -> u64 {
    let mut runs = 0;
    let len = stream.len();
    for (place, delivery) in [
        #[cfg(feature = "alloc")]
        (Place::Growing(0), Delivery::Messages),
        #[cfg(feature = "alloc")]
        (Place::Growing(0), Delivery::Chunks),
        (Place::Fixed(150), Delivery::Messages),
        (Place::Fixed(14), Delivery::Chunks),
    ] {
        let run = |cuts: &[usize]| place.run(side, side.config(), delivery, stream, cuts);
        let whole = run(&[len]);
        for first in 0..=len {
            assert_eq!(run(&[first, len - first]), whole, "{side:?} {place:?} {delivery:?} {first} {stream:02x?}");
            for second in (first..=len).step_by(step) {
                let cuts = [first, second - first, len - second];
                assert_eq!(run(&cuts), whole, "{side:?} {place:?} {delivery:?} {cuts:?} {stream:02x?}");
                runs += 1;
            }
        }
    }
    runs
}

/// Streams that are short enough for every cut, and go through every rule.
pub(super) fn short_streams(key: Option<[u8; 4]>) -> Vec<Vec<u8>> {
    let frame = |first: u8, payload: &[u8]| wire::frame(first, payload, key);
    let header = |first: u8, len: u64, form| wire::header(first, len, form, key);
    let close = |code: u16, reason: &[u8]| frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat());
    let text = FIN | TEXT;
    let last = FIN | CONTINUATION;
    vec![
        frame(text, b""),
        frame(text, b"Hello"),
        [frame(text, b""), frame(FIN | BINARY, b"")].concat(),
        [frame(text, "é€😀".as_bytes()), frame(FIN | BINARY, &[0, 255])].concat(),
        [frame(TEXT, b"\xf0\x9f"), frame(CONTINUATION, b"\x98"), frame(last, b"\x80")].concat(),
        [frame(TEXT, b"\xe2"), frame(FIN | PING, b"p"), frame(last, b"\x82\xac")].concat(),
        [frame(TEXT, b""), frame(CONTINUATION, b""), frame(last, b"")].concat(),
        [frame(BINARY, b"ab"), frame(FIN | PONG, b""), frame(CONTINUATION, b""), frame(last, b"c")].concat(),
        [frame(BINARY, b""), frame(FIN | PING, b"12345"), frame(last, b"")].concat(),
        [frame(FIN | PING, b"1"), frame(FIN | PING, b"2"), frame(FIN | PONG, b"3")].concat(),
        frame(FIN | CLOSE, b""),
        [close(1000, b"bye"), frame(text, b"late")].concat(),
        [frame(BINARY, b"ab"), close(1001, b"")].concat(),
        [close(1000, "é".as_bytes()), vec![0xff; 5]].concat(),
        frame(FIN | CLOSE, b"x"),
        close(1005, b""),
        close(999, b"no"),
        close(5000, b""),
        close(1000, b"\xff"),
        close(1000, b"\xe2\x82"),
        frame(text, b"ab\xffcd"),
        frame(text, b"ab\xe2\x82"),
        [frame(TEXT, b"ab\xe2"), frame(last, b"\xff")].concat(),
        [frame(TEXT, b"ab\xe2"), frame(last, b"")].concat(),
        [frame(TEXT, b"\xed"), frame(last, b"\xa0\x80")].concat(),
        [frame(TEXT, b"ok\xf4"), frame(CONTINUATION, b"\x90\x80\x80")].concat(),
        [frame(text, b"1"), frame(0x83, b"2")].concat(),
        [frame(text, b"1"), frame(0xc1, b"2")].concat(),
        [frame(text, b"1"), frame(last, b"2")].concat(),
        [frame(TEXT, b"1"), frame(text, b"2")].concat(),
        [frame(TEXT, b"1"), frame(PING, b"2")].concat(),
        [frame(TEXT, b"1\xe2"), frame(0x8b, b"")].concat(),
        [frame(FIN | PING, b"1"), header(FIN | PING, 126, wire::Form::Bits16)].concat(),
        [frame(text, b"1"), header(text, 125, wire::Form::Bits16), vec![0; 4]].concat(),
        header(text, 65_535, wire::Form::Bits64),
        header(FIN | BINARY, 1 << 63, wire::Form::Bits64),
        header(FIN | BINARY, u64::MAX, wire::Form::Bits64),
        [header(FIN | BINARY, 1 << 40, wire::Form::Bits64), vec![1; 4]].concat(),
        [header(FIN | BINARY, 300, wire::Form::Bits16), vec![1; 12]].concat(),
        wire::frame(text, b"wrong", if key.is_some() { None } else { Some([1, 2, 3, 4]) }),
        [frame(text, b"1"), wire::frame(BINARY, b"2", if key.is_some() { None } else { Some([1, 2, 3, 4]) })].concat(),
        vec![0x70; 6],
    ]
}

/// What the decoder of frames found: headers as they are, payload joined.
#[derive(Debug, Default, PartialEq, Eq)]
struct Walk {
    frames: Vec<(bool, u8, u64, Vec<u8>, bool)>,
    error: Option<websocket_proto::ProtocolError>,
}

fn walk(decoder: &mut Decoder, stream: &[u8], cuts: &[usize]) -> Walk {
    let mut walk = Walk::default();
    let mut from = 0;
    for cut in cuts {
        let mut piece = stream[from..from + cut].to_vec();
        from += cut;
        let mut input = &mut piece[..];
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(FramePart::Header(header))) => {
                    assert!(input.len() < before, "a header of no bytes");
                    let is_empty = header.payload_len == 0;
                    walk.frames.push((header.fin, header.opcode.as_u8(), header.payload_len, Vec::new(), is_empty));
                }
                Ok(Some(FramePart::Payload { bytes, ends_frame })) => {
                    assert!(!bytes.is_empty(), "a part of no bytes");
                    let frame = walk.frames.last_mut().unwrap();
                    frame.3.extend_from_slice(bytes);
                    frame.4 = ends_frame;
                    assert_eq!(ends_frame, frame.3.len() as u64 == frame.2);
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(*walk.error.get_or_insert(error), error);
                    break;
                }
            }
        }
        assert!(input.is_empty() || walk.error.is_some(), "input is left");
    }
    walk
}

fn one_walk(rng: &mut Rng) {
    let side = *rng.pick(&Side::BOTH);
    let stream = streams::hostile(rng, side.is_server());
    let decoder = || match side {
        Side::Server => Decoder::server(Limits::NONE),
        Side::Client => Decoder::client(Limits::NONE),
    };
    let whole = walk(&mut decoder(), &stream, &cuts::whole(stream.len()));
    for cuts in &cuts::six(rng, stream.len()) {
        assert_eq!(walk(&mut decoder(), &stream, cuts), whole, "{side:?} {cuts:?} {stream:02x?}");
    }
    agrees_with_the_connection(side, &stream, &whole);
}

/// The decoder and the connection read the same frames; the connection finds more faults, and stops at a Close.
fn agrees_with_the_connection(side: Side, stream: &[u8], walk: &Walk) {
    use crate::support::script::Seen;
    let config = crate::support::unlimited(side.config());
    let transcript = Place::Fixed(stream.len() + 200).run(side, config, Delivery::Chunks, stream, &[stream.len()]);
    let (events, unfinished) = transcript.joined();
    let mut message = Vec::new();
    let mut expected = Vec::new();
    for (fin, opcode, _, payload, is_whole) in &walk.frames {
        match (opcode, is_whole) {
            (8, true) => break,
            (9, true) => expected.push(Seen::Ping(payload.clone())),
            (10, true) => expected.push(Seen::Pong(payload.clone())),
            (8..=10, false) => break,
            _ => {
                message.extend_from_slice(payload);
                if *fin && *is_whole {
                    expected.push(Seen::Binary(std::mem::take(&mut message)));
                }
            }
        }
    }
    let mut seen = events.into_iter().map(|event| match event {
        Seen::Text(text) => Seen::Binary(text.into_bytes()),
        other => other,
    });
    for expected in &expected {
        match seen.next() {
            Some(event) => assert_eq!(event, *expected, "{stream:02x?}"),
            None => return assert!(transcript.error.is_some(), "{stream:02x?}"),
        }
    }
    assert!(seen.all(|event| matches!(event, Seen::Close(..))), "{stream:02x?}");
    assert!(transcript.error.is_some() || message.starts_with(&unfinished), "{stream:02x?}");
    let is_closed = matches!(transcript.events.last(), Some(Seen::Close(..)));
    assert!(walk.error.is_none() || transcript.error.is_some() || is_closed, "{stream:02x?}");
}

#[test]
fn cutting_changes_nothing_for_the_frame_decoder() {
    for_seeds(scaled(8000), one_walk);
}

#[test]
#[ignore = "long: 300,000 streams in six cuttings each"]
fn cutting_changes_nothing_for_the_frame_decoder_long() {
    for_many_seeds(300_000, one_walk);
}
