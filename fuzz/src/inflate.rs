//! Compressed messages: whatever the pieces and the room, the same comes out, and it is what another inflater gives.
//!
//! ```text
//! data   limit (1)   room (1)   cuts (2)   payload …
//! ```
//!
//! The payload goes to two inflaters of the crate: to one whole and with room for everything, to the other in reads,
//! with an output that has to be emptied again and again. Output, verdict, and what is left of the allowance have to be
//! the same. The third is `miniz_oxide` with all of the payload before it: what one takes, the other takes, to the byte.
//!
//! A bomb is cheap to write, so that is what most inputs become: no more than what is allowed may come out, and memory
//! is bounded by it.

use std::cell::RefCell;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use websocket_proto::deflate::{InflateError, Inflater, Room, Stop};

use crate::support::cuts::Cuts;
use crate::support::heap;

/// What every sender leaves out (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// The most that may come out.
const MAX_BYTES: usize = 255 * 64;

pub fn run(data: &[u8]) {
    let [limit, room, first, second, payload @ ..] = data else {
        return;
    };
    thread_local! {
        static STATE: RefCell<State> = RefCell::new(State::new());
    }
    let allowed = usize::from(*limit) * 64;
    STATE.with_borrow_mut(|state| {
        let State { inflater, whole, cut, out } = state;
        let of_whole = inflate(inflater, payload, Cuts::WHOLE, allowed, usize::MAX, whole, out);
        let of_cut = inflate(inflater, payload, Cuts::new(*first, *second), allowed, usize::from(*room) + 1, cut, out);
        assert!(of_whole == of_cut && whole == cut, "whole: {of_whole:?}, in pieces: {of_cut:?}");
        assert!(whole.len() <= allowed, "more than is allowed has come out");
        against_miniz(payload, allowed, whole, of_whole);
    });
}

/// Kept from run to run: an inflater is forty thousand bytes.
struct State {
    inflater: Inflater,
    whole: Vec<u8>,
    cut: Vec<u8>,
    out: Vec<u8>,
}

impl State {
    fn new() -> Self {
        let memory = || Vec::with_capacity(MAX_BYTES);
        Self { inflater: Inflater::new(), whole: memory(), cut: memory(), out: memory() }
    }
}

/// The verdict, and what is left of the allowance. All output is collected in `to`.
fn inflate(
    inflater: &mut Inflater,
    payload: &[u8],
    mut cuts: Cuts,
    allowed: usize,
    max_len: usize,
    to: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> (Result<(), InflateError>, u64) {
    inflater.reset();
    to.clear();
    let mut room = Room { allowed: allowed as u64, max_len };
    let mut left = payload;
    let mut is_end = false;
    while !is_end {
        let (mut piece, rest) = cuts.split(left);
        left = rest;
        is_end = left.is_empty();
        loop {
            out.clear();
            let before = (piece.len(), room.allowed);
            let (stop, peak) = heap::peak(|| inflater.inflate(&mut piece, out, &mut room));
            assert!(peak <= 2 * allowed + 4096, "{peak} bytes of memory for {allowed}");
            to.extend_from_slice(out);
            match stop {
                Ok(Stop::Dry) => break,
                Ok(Stop::Full) => assert_ne!(before, (piece.len(), room.allowed), "no progress"),
                Err(error) => return (Err(error), room.allowed),
            }
        }
        assert!(piece.is_empty(), "dry before all was read");
    }
    loop {
        out.clear();
        let before = room.allowed;
        let stop = inflater.finish(out, &mut room);
        to.extend_from_slice(out);
        match stop {
            Ok(Stop::Dry) => return (Ok(()), room.allowed),
            Ok(Stop::Full) => assert_ne!(before, room.allowed, "no progress"),
            Err(error) => return (Err(error), room.allowed),
        }
    }
}

fn against_miniz(payload: &[u8], allowed: usize, ours: &[u8], verdict: (Result<(), InflateError>, u64)) {
    thread_local! {
        static REFERENCE: RefCell<(Box<DecompressorOxide>, Vec<u8>)> = RefCell::new((Box::default(), vec![0; MAX_BYTES + 1]));
    }
    REFERENCE.with_borrow_mut(|(miniz, out)| {
        // One byte more than is allowed, so that going beyond it can be told from ending there.
        let out = &mut out[..=allowed];
        miniz.init();
        let mut at = 0;
        let mut end = feed(miniz, payload, out, &mut at);
        if end == End::More {
            end = feed(miniz, &TAIL, out, &mut at);
        }
        if at > allowed {
            end = End::Full;
        }
        assert!(out[..at.min(allowed)] == *ours || verdict.0.is_err() && out[..at].starts_with(ours), "another output");
        match verdict.0 {
            Ok(()) => assert!(matches!(end, End::More | End::Block), "the reference says {end:?}"),
            Err(InflateError::TooLong) => assert!(matches!(end, End::Full | End::Wrong), "the reference says {end:?}"),
            Err(InflateError::Invalid) => {
                assert!(matches!(end, End::More | End::Wrong | End::Full), "the reference says {end:?}")
            }
        }
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A last block has ended, and all is read.
    Block,
    More,
    Full,
    Wrong,
}

/// Feeds all of `input`; a last block is followed by another, with the same window.
fn feed(miniz: &mut DecompressorOxide, mut input: &[u8], out: &mut [u8], at: &mut usize) -> End {
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
    loop {
        let (status, read, written) = decompress(miniz, input, out, *at, flags);
        input = &input[read..];
        *at += written;
        match status {
            TINFLStatus::Done => {
                miniz.init();
                if input.is_empty() {
                    return End::Block;
                }
            }
            TINFLStatus::NeedsMoreInput => return End::More,
            TINFLStatus::HasMoreOutput => return End::Full,
            _ => return End::Wrong,
        }
    }
}
