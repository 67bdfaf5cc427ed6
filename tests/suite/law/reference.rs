//! The crate agrees with [the model](crate::support::model): what is accepted, with which events, and what is refused,
//! with which code.

use super::Place;
use crate::support::model::{self, Verdict};
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::{Delivery, Seen, Side, Transcript};
use crate::support::{cuts, streams, unlimited};

#[test]
fn agrees_with_the_model() {
    for_seeds(scaled(20_000), one_stream);
}

#[test]
#[ignore = "long: 1,000,000 hostile streams"]
fn agrees_with_the_model_long() {
    for_many_seeds(1_000_000, one_stream);
}

fn one_stream(rng: &mut Rng) {
    let side = *rng.pick(&Side::BOTH);
    let stream = streams::hostile(rng, side.is_server());
    let (limits, config) = match rng.one_in(3) {
        false => (model::Limits::NONE, unlimited(side.config())),
        true => {
            let limits = model::Limits {
                message: rng.below(300) as u64,
                frame: rng.below(300) as u64,
                fragments: rng.below(5) as u32,
            };
            let config = side.config().max_message_bytes(limits.message).max_frame_bytes(limits.frame);
            (limits, config.max_fragments(limits.fragments))
        }
    };
    let verdict = model::judge(&stream, side.is_server(), limits);
    let cuts = cuts::random(rng, stream.len(), 1 + stream.len() / 2, true);
    // A message of a server or client that fits into the stream fits into this buffer too.
    #[cfg(feature = "alloc")]
    let place = Place::Growing(*rng.pick(&[0, 200, 1000]));
    #[cfg(not(feature = "alloc"))]
    let place = Place::Fixed(1 << 20);
    for delivery in [Delivery::Messages, Delivery::Chunks] {
        let transcript = place.run(side, config.clone(), delivery, &stream, &cuts);
        // No buffer can hold more than there are addresses, limits or not.
        let has_few_addresses = usize::BITS < 64 && delivery == Delivery::Messages;
        let may_be_too_big = place_is_fixed(place) || has_few_addresses;
        let too_big_to_hold = may_be_too_big && transcript.close_code() == Some(1009);
        if !too_big_to_hold {
            compare(&verdict, &transcript, delivery, &stream);
        }
    }
}

const fn place_is_fixed(place: Place) -> bool {
    matches!(place, Place::Fixed(_))
}

pub(super) fn compare(verdict: &Verdict, transcript: &Transcript, delivery: Delivery, stream: &[u8]) {
    let (events, unfinished) = transcript.joined();
    assert_eq!(events, verdict.events, "{stream:02x?}");
    assert_eq!(transcript.close_code(), verdict.refused, "{:?} {stream:02x?}", transcript.error);
    assert_eq!(transcript.replies_told(), verdict.replies, "{stream:02x?}");
    if delivery == Delivery::Chunks {
        assert_eq!(unfinished, verdict.unfinished, "{stream:02x?}");
    }
    let expected_ending = match events.last() {
        Some(Seen::Close(code, _)) => (*code, true),
        _ => (1006, false),
    };
    assert_eq!(transcript.ending, expected_ending, "{stream:02x?}");
}
