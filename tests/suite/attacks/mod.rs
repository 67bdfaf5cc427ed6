//! Known attacks and known mistakes, one test each: named by the published identifier where there is one, else by its
//! row in the project's list.
//!
//! Every vector is fed three times: whole, byte by byte, and with bytes behind it. The list, with a sentence on each
//! attack, is in `docs/security.md`; [`list`] holds it to the tests.

mod control;
mod heads;
mod lengths;
mod list;
mod masking;
mod messages;
mod upgrades;

use websocket_proto::{Config, RecvBuffer};

use crate::handshake::support::RFC_REQUEST;
use crate::support::script::{Delivery, Seen, Side, Transcript};

/// What a vector comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<Seen>,
    refused: Option<u16>,
}

fn accepted(events: impl Into<Vec<Seen>>) -> Outcome {
    Outcome { events: events.into(), refused: None }
}

fn refused(code: u16) -> Outcome {
    Outcome { events: Vec::new(), refused: Some(code) }
}

fn refused_after(events: impl Into<Vec<Seen>>, code: u16) -> Outcome {
    Outcome { events: events.into(), refused: Some(code) }
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

fn binary(bytes: &[u8]) -> Seen {
    Seen::Binary(bytes.to_vec())
}

fn ping(payload: &[u8]) -> Seen {
    Seen::Ping(payload.to_vec())
}

fn pong(payload: &[u8]) -> Seen {
    Seen::Pong(payload.to_vec())
}

fn closed(code: u16, reason: &str) -> Seen {
    Seen::Close(code, reason.to_owned())
}

/// Whole, byte by byte, and with bytes behind it; in messages and in chunks.
fn thrice(side: Side, config: &Config, vector: &[u8], outcome: &Outcome) {
    let whole = &[vector.len()][..];
    let bytes = &vec![1; vector.len()][..];
    for delivery in [Delivery::Messages, Delivery::Chunks] {
        check(&feed(side, config, delivery, vector, whole), outcome, delivery, "whole");
        check(&feed(side, config, delivery, vector, bytes), outcome, delivery, "byte by byte");
        let is_over = outcome.refused.is_some() || matches!(outcome.events.last(), Some(Seen::Close(..)));
        if is_over {
            // Behind an end anything may come, and nothing comes of it.
            for trail in [&[0xff; 40][..], &[0; 40], &crate::support::wire::frame(0x81, b"late", side.peer_key())] {
                let stream = [vector, trail].concat();
                check(
                    &feed(side, config, delivery, &stream, &[stream.len()]),
                    outcome,
                    delivery,
                    "with bytes behind it",
                );
                let cuts = vec![1; stream.len()];
                check(
                    &feed(side, config, delivery, &stream, &cuts),
                    outcome,
                    delivery,
                    "with bytes behind it, one by one",
                );
            }
        } else {
            // Behind what is right, the next frame is right too.
            let trail = crate::support::wire::frame(0x89, b"trail", side.peer_key());
            let stream = [vector, &trail].concat();
            let mut outcome = outcome.clone();
            outcome.events.push(ping(b"trail"));
            check(
                &feed(side, config, delivery, &stream, &[stream.len()]),
                &outcome,
                delivery,
                "with a frame behind it",
            );
        }
    }
}

fn feed(side: Side, config: &Config, delivery: Delivery, stream: &[u8], cuts: &[usize]) -> Transcript {
    #[cfg(feature = "alloc")]
    let rx = RecvBuffer::with_capacity(1024);
    #[cfg(not(feature = "alloc"))]
    let mut memory = vec![0; 1 << 18];
    #[cfg(not(feature = "alloc"))]
    let rx = RecvBuffer::from(&mut memory[..]);
    side.run(config.clone(), rx, delivery, stream, cuts)
}

fn check(transcript: &Transcript, outcome: &Outcome, delivery: Delivery, how: &str) {
    let (events, _) = transcript.joined();
    let came = Outcome { events, refused: transcript.close_code() };
    assert_eq!(came, *outcome, "{how}, {delivery:?}: {:?}", transcript.error);
    if let Some(code) = outcome.refused {
        let last = transcript.replies_told().pop();
        assert_eq!(last, Some((8, code.to_be_bytes().to_vec())), "the peer is told why");
    }
}

/// [`thrice`] for both sides, with the vector made for the side that receives it, limits off.
fn both(vector: impl Fn(Option<[u8; 4]>) -> Vec<u8>, outcome: &Outcome) {
    for side in Side::BOTH {
        thrice(side, &crate::support::unlimited(side.config()), &vector(side.peer_key()), outcome);
        thrice(side, &side.config(), &vector(side.peer_key()), outcome);
    }
}

/// The request of the RFC with `lines` added behind its first line.
fn with_lines(lines: &str) -> String {
    RFC_REQUEST.replacen("\r\n", &format!("\r\n{lines}"), 1)
}
