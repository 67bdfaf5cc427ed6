//! The two engines, against an implementation that shares nothing with them, and against the strict one beside this.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use websocket_proto::deflate::{Compressor, InflateError, Inflater, Room, Stop, WindowBits};

use super::{TAIL, oracle};
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};

/// Bytes of the kinds that differ to a compressor: none, noise, few values, words, long runs, far repetitions.
pub(super) fn payload(rng: &mut Rng, max_len: usize) -> Vec<u8> {
    let len = match rng.below(6) {
        0 => rng.below(4),
        1..=3 => rng.below(max_len.min(400) + 1),
        _ => rng.below(max_len + 1),
    };
    let words: [&[u8]; 8] =
        [b"{\"id\":", b"\"price\":", b"true", b"null", b", ", b"\"name\":\"", b"\xc3\xa9\xe2\x82\xac", b"12345"];
    let (kind, byte) = (rng.below(5), rng.byte());
    let noise = rng.bytes(300);
    let mut bytes = Vec::with_capacity(len + 16);
    while bytes.len() < len {
        match kind {
            0 => bytes.push(rng.byte()),
            1 => bytes.push(byte ^ rng.byte() & 3),
            2 => bytes.extend_from_slice(words[rng.below(words.len())]),
            3 => bytes.extend_from_slice(&noise),
            _ => bytes.resize(bytes.len() + rng.below(600), byte),
        }
    }
    bytes.truncate(len);
    bytes
}

/// `message` cut into pieces, some of them empty.
fn pieces<'a>(rng: &mut Rng, mut message: &'a [u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for _ in 0..rng.below(4) {
        let (piece, rest) = message.split_at(rng.below(message.len() + 1));
        pieces.push(piece);
        message = rest;
    }
    pieces.push(message);
    pieces
}

/// What `inflater` makes of `payload`, fed in these pieces; with room for `max_len` bytes at a time.
fn inflate(
    inflater: &mut Inflater,
    pieces: &[&[u8]],
    limit: u64,
    max_len: usize,
) -> Result<Vec<u8>, (Vec<u8>, InflateError)> {
    let mut room = Room { allowed: limit, max_len };
    let (mut all, mut out) = (Vec::new(), Vec::new());
    let mut take = |out: &mut Vec<u8>| {
        assert!(out.len() <= max_len);
        all.append(out);
        all.clone()
    };
    for piece in pieces {
        let mut piece = *piece;
        loop {
            let stop = inflater.inflate(&mut piece, &mut out, &mut room);
            let so_far = take(&mut out);
            match stop.map_err(|error| (so_far, error))? {
                Stop::Full => {}
                Stop::Dry => break,
            }
        }
        assert!(piece.is_empty());
    }
    loop {
        let stop = inflater.finish(&mut out, &mut room);
        let so_far = take(&mut out);
        match stop.map_err(|error| (so_far.clone(), error))? {
            Stop::Full => {}
            Stop::Dry => return Ok(so_far),
        }
    }
}

fn whole(inflater: &mut Inflater, payload: &[u8]) -> Vec<u8> {
    inflate(inflater, &[payload], u64::MAX, usize::MAX).expect("it is valid")
}

/// What another implementation makes of a message.
fn flate2_inflates(stream: &mut Decompress, payload: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 64);
    for part in [payload, &TAIL] {
        let before = stream.total_in();
        stream.decompress_vec(part, &mut out, FlushDecompress::Sync).expect("it is valid");
        assert_eq!(stream.total_in() - before, part.len() as u64);
    }
    out
}

fn flate2_compresses(stream: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() * 2 + 1024);
    stream.compress_vec(message, &mut out, FlushCompress::Sync).expect("there is room");
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

fn compress(compressor: &mut Compressor, pieces: &[&[u8]]) -> Vec<u8> {
    let (last, first) = pieces.split_last().expect("at least one");
    let mut payload = Vec::new();
    for piece in first {
        payload.extend_from_slice(compressor.compress(piece, false));
    }
    payload.extend_from_slice(compressor.compress(last, true));
    payload
}

/// One session: each message through both directions and both implementations, with or without takeover.
fn session(rng: &mut Rng, messages: usize, max_len: usize) {
    let window = WindowBits::new(8 + rng.below(8) as u8).expect("8 to 15");
    let has_takeover = rng.one_in(2);
    // The strict decoder is slow: it sees every message of some sessions.
    let is_strict = rng.one_in(4);
    let mut ours = Compressor::new(window, 1 + rng.below(9) as u8);
    let mut theirs = Compress::new(Compression::new(rng.below(10) as u32), false);
    let (mut our_inflater, mut their_reader) = (Inflater::new(), Inflater::new());
    let mut flate2 = Decompress::new(false);
    let mut history = Vec::new();
    for _ in 0..messages {
        let message = payload(rng, max_len);
        let sent = compress(&mut ours, &pieces(rng, &message));
        assert!(flate2_inflates(&mut flate2, &sent, message.len()) == message, "flate2 reads something else");
        if is_strict {
            let strict = oracle::inflate(&[&sent[..], &TAIL].concat(), &mut history, window.bytes());
            assert!(strict.as_ref() == Ok(&message), "{window:?}: {:?}", strict.err());
        }
        let cut = pieces(rng, &sent);
        let max = 1 + rng.below(2 * max_len);
        assert!(inflate(&mut our_inflater, &cut, message.len() as u64, max).as_ref() == Ok(&message));

        let sent = flate2_compresses(&mut theirs, &message);
        let cut = pieces(rng, &sent);
        assert!(inflate(&mut their_reader, &cut, message.len() as u64, max).as_ref() == Ok(&message));
        if !has_takeover {
            ours.forget();
            theirs.reset();
            our_inflater.reset();
            their_reader.reset();
            flate2.reset(false);
            history.clear();
        }
    }
}

#[test]
fn d08_sessions_with_another_implementation() {
    for_seeds(scaled(160), |rng| session(rng, 12, 3000));
}

#[test]
#[ignore = "long: a million messages, 50 in a session"]
fn a_million_messages_with_another_implementation() {
    for_many_seeds(20_000, |rng| session(rng, 50, 2000));
}

#[test]
fn messages_larger_than_the_window() {
    for_seeds(scaled(24), |rng| session(rng, 3, 100_000));
}

#[test]
fn d05_no_distance_is_longer_than_the_window() {
    // Noise that comes again after exactly so many bytes: whoever looked that far back would find all of it.
    let mut rng = Rng::new(1);
    for bits in 8..=15 {
        let window = WindowBits::new(bits).expect("8 to 15");
        let size = window.bytes();
        // The strict decoder is slow, and slower when it is not optimised.
        let periods = if cfg!(debug_assertions) { size..=size + 1 } else { size - 8..=size + 8 };
        for period in periods {
            let noise = rng.bytes(period);
            let message = [&noise[..], &noise[..300.min(period)], &noise[period - 100..]].concat();
            for level in [1, 4, 9] {
                let mut compressor = Compressor::new(window, level);
                let mut history = Vec::new();
                for _ in 0..2 {
                    let sent = [compressor.compress(&message, true), &TAIL].concat();
                    let read = oracle::inflate(&sent, &mut history, window.bytes());
                    assert!(read.as_ref() == Ok(&message), "{bits} bits, {period}: {:?}", read.err());
                }
            }
        }
    }
}

#[test]
fn d09_the_examples_of_the_rfc_can_be_read() {
    let cases: [&[&[u8]]; 8] = [
        &[&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]],
        &[&[0xf2, 0x48, 0xcd], &[0xc9, 0xc9, 0x07, 0x00]],
        // §7.2.3.3: without compression.
        &[&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]],
        // §7.2.3.4: with a last block, and what some senders leave out behind it.
        &[&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]],
        &[&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]],
        // The block that is left out, marked as the last.
        &[&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x04]],
        // §7.2.3.5: two blocks.
        &[&[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]],
        // A last block in the middle.
        &[&[0xf3, 0x48, 0x05, 0x00, 0xca, 0xc9, 0xc9, 0x07, 0x00]],
    ];
    for pieces in cases {
        let read = inflate(&mut Inflater::new(), pieces, 5, 100);
        assert_eq!(read.as_deref(), Ok(&b"Hello"[..]), "{pieces:x?}");
        let bytes: Vec<&[u8]> = pieces.iter().flat_map(|piece| piece.chunks(1)).collect();
        assert_eq!(inflate(&mut Inflater::new(), &bytes, 5, 1).as_deref(), Ok(&b"Hello"[..]), "{pieces:x?}");
    }
    // §7.2.3.2: with the context of the message before.
    let mut inflater = Inflater::new();
    assert_eq!(whole(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
    assert_eq!(whole(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
    // §7.2.3.6: empty.
    assert_eq!(whole(&mut inflater, &[0x00]), b"");
    assert_eq!(whole(&mut inflater, &[0x02, 0x00]), b"");
    // With nothing left out, or with nothing at all: as some peers end a message in fragments.
    assert_eq!(whole(&mut inflater, &[]), b"");
    assert_eq!(whole(&mut inflater, &[0x00, 0x00, 0x00, 0xff, 0xff]), b"");
    assert_eq!(whole(&mut inflater, &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f]), b"Hello");
    assert_eq!(whole(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
    // The window outlives a last block, also one that is left out.
    let mut inflater = Inflater::new();
    assert_eq!(whole(&mut inflater, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
    assert_eq!(whole(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x04]), b"Hello");
    assert_eq!(whole(&mut inflater, &[0x01]), b"");
    assert_eq!(whole(&mut inflater, &[]), b"");
    assert_eq!(whole(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
}

#[test]
fn d09_an_empty_message_is_one_byte() {
    for bits in 8..=15 {
        let mut compressor = Compressor::new(WindowBits::new(bits).expect("8 to 15"), 6);
        assert_eq!(compressor.compress(b"", true), [0]);
        assert_eq!(compressor.compress(b"", true), [0]);
        let begun = compressor.compress(b"Hello", false).to_vec();
        assert!(begun.ends_with(&TAIL));
        assert_eq!(compressor.compress(b"", true), [0]);
    }
}

#[test]
fn what_is_not_deflate_is_refused() {
    let cases: [&[u8]; 10] = [
        // A block of the reserved type; lengths that do not agree; distances beyond the beginning.
        &[0x06],
        &[0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xfb, 0xff],
        &[0xf2, 0x00, 0x11, 0x00, 0x00],
        // Messages that end within a block: the four bytes behind them make no sense of it.
        &[0xf2, 0x48, 0xcd],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65],
        &[0x00, 0x05],
        &[0x04],
        // A last block of another form, which the first of the four bytes would end, and the others are too many.
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x0c],
        // The beginning of a block behind a sound one.
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x02],
    ];
    for payload in cases {
        let whole = inflate(&mut Inflater::new(), &[payload], 100, 100);
        let (_, error) = whole.clone().expect_err(&format!("{payload:x?}"));
        assert_eq!(error, InflateError::Invalid, "{payload:x?}");
        let bytes: Vec<&[u8]> = payload.chunks(1).collect();
        assert_eq!(inflate(&mut Inflater::new(), &bytes, 100, 100), whole, "{payload:x?}");
    }
}

/// Random bytes, and sound ones with a fault.
fn noise(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = if rng.one_in(3) {
        let len = rng.below(60);
        rng.bytes(len)
    } else {
        Compressor::new(WindowBits::MAX, 1 + rng.below(9) as u8).compress(&payload(rng, 300), true).to_vec()
    };
    if !bytes.is_empty() {
        let place = rng.below(bytes.len());
        bytes[place] ^= 1 << rng.below(8);
    }
    bytes
}

/// What another implementation makes of a payload: what it inflates to, or nothing where it is no DEFLATE. `None` when
/// there is more behind a last block, where it stops.
fn flate2_judges(payload: &[u8], max_len: usize) -> Option<Result<Vec<u8>, ()>> {
    let mut stream = Decompress::new(false);
    let mut out = Vec::with_capacity(max_len);
    for part in [payload, &TAIL] {
        let before = stream.total_in();
        match stream.decompress_vec(part, &mut out, FlushDecompress::Sync) {
            Err(_) => return Some(Err(())),
            Ok(Status::StreamEnd) => {
                let is_all = stream.total_in() == payload.len() as u64;
                return is_all.then_some(Ok(out));
            }
            Ok(_) => assert_eq!(stream.total_in() - before, part.len() as u64, "there is room"),
        }
    }
    Some(Ok(out))
}

/// What is taken, the strict decoder and another implementation take too, and make the same of it; what is refused, one
/// of them refuses. (The strict one knows where a block ends and does not look at how good its codes are; the other does
/// not say whether a block has ended.)
fn judged_by_others(rng: &mut Rng) {
    const MOST: usize = 1 << 19;
    let bytes = noise(rng);
    let with_tail = [&bytes[..], &TAIL].concat();
    let read = |payload: &[u8]| oracle::inflate(payload, &mut Vec::new(), 1 << 15).ok();
    // A sender may have left the four bytes where they are.
    let strict = read(&with_tail).or_else(|| read(&bytes));
    let other = flate2_judges(&bytes, MOST);
    match inflate(&mut Inflater::new(), &[&bytes], MOST as u64, MOST) {
        Ok(message) => {
            assert!(strict.as_ref() == Some(&message), "{bytes:x?}");
            assert!(other.is_none_or(|other| other.as_ref() == Ok(&message)), "{bytes:x?}");
        }
        Err((_, error)) => {
            assert_eq!(error, InflateError::Invalid, "{bytes:x?}");
            assert!(strict.is_none() || other == Some(Err(())), "{bytes:x?}");
        }
    }
}

#[test]
fn noise_is_judged_as_by_others() {
    for_seeds(scaled(4000), judged_by_others);
}

#[test]
#[ignore = "long: 1,000,000 payloads"]
fn noise_is_judged_as_by_others_long() {
    for_many_seeds(1_000_000, judged_by_others);
}

/// The outcome does not depend on the pieces.
#[test]
fn noise_is_judged_alike_in_any_pieces() {
    for_seeds(scaled(4000), |rng| {
        let bytes = noise(rng);
        let expected = inflate(&mut Inflater::new(), &[&bytes], 2000, 5000);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(inflate(&mut Inflater::new(), &single, 2000, 5000), expected, "{bytes:x?}");
        assert_eq!(inflate(&mut Inflater::new(), &single, 2000, 1), expected, "{bytes:x?}");
        let cut = pieces(rng, &bytes);
        let max_len = 1 + rng.below(50);
        assert_eq!(inflate(&mut Inflater::new(), &cut, 2000, max_len), expected, "{bytes:x?}");
    });
}

#[test]
fn d03_a_bomb_stops_at_the_limit() {
    for len in [1_u64, 1000, 100_000] {
        let zeros = vec![0; len as usize];
        let payload = Compressor::new(WindowBits::MAX, 9).compress(&zeros, true).to_vec();
        for (limit, is_accepted) in [(len - 1, false), (len, true), (len + 1, true)] {
            for max_len in [7, 1 << 20] {
                for pieces in [payload.chunks(1 << 20), payload.chunks(1)] {
                    let pieces: Vec<&[u8]> = pieces.collect();
                    match inflate(&mut Inflater::new(), &pieces, limit, max_len) {
                        Ok(message) => assert!(is_accepted && message == zeros),
                        Err((before, error)) => {
                            assert!(!is_accepted && error == InflateError::TooLong);
                            assert_eq!(before.len() as u64, limit, "all that is allowed comes out");
                        }
                    }
                }
            }
        }
    }
}
