//! permessage-deflate: a message is compressed and sent, received and inflated; time and size beside each other.

use std::rc::Rc;

use serde_json::json;

use super::size_name;
use crate::harness::{Entrant, Race, Settings};
use crate::peers::deflate::{Floor, Ours, RoundTrip, Shiguredo, Sockudo, Yawc};
use crate::report::{Section, Table, beside, ns_and_allocations};
use crate::work::json_messages;

const SIZES: [usize; 4] = [128, 1 << 10, 16 << 10, 1 << 20];

/// What is left of the bytes, and the entrant.
fn enter<P: RoundTrip + 'static>(
    entrants: &mut Vec<Entrant<'static>>,
    sizes: &mut Vec<(String, f64)>,
    make: impl Fn() -> P + 'static,
    name: &str,
    messages: &Rc<Vec<String>>,
) {
    let mut peer = make();
    let (mut sent, mut whole) = (0, 0);
    for message in messages.iter() {
        sent += peer.round_trip(message);
        whole += message.len();
    }
    sizes.push((name.to_owned(), sent as f64 / whole as f64));
    let messages = Rc::clone(messages);
    let run = move || {
        let (mut peer, messages) = (make(), Rc::clone(&messages));
        // The first messages of a connection are not what is measured: contexts come with them, and grow.
        for message in messages.iter().take(4) {
            std::hint::black_box(peer.round_trip(message));
        }
        let mut at = 0;
        move |count: u64| {
            for _ in 0..count {
                at = (at + 1) % messages.len();
                std::hint::black_box(peer.round_trip(&messages[at]));
            }
        }
    };
    entrants.push(if P::IS_FLOOR { Entrant::floor(name, run) } else { Entrant::new(name, P::NOTE, run) });
}

pub fn run(settings: Settings) -> Section {
    let mut section = Section::new(
        "permessage-deflate",
        "A server compresses messages of JSON (trades; what repeats lies further back than any window) and sends them; a client receives and inflates them. The floor is zlib-rs and nothing else, at our level: \
         its streams, kept and reset. Each at the level of its defaults; ours at others too. ns per message; in brackets allocations per message.",
        include_str!("../../notes/deflate.md"),
    );
    for takeover in [false, true] {
        let words = if takeover { "with context takeover" } else { "without context takeover" };
        let (mut races, mut lefts) = (Vec::new(), Vec::new());
        for size in SIZES {
            let messages = Rc::new(json_messages(size));
            let (mut all, mut left) = (Vec::new(), Vec::new());
            let ours = Ours::DEFAULT_LEVEL;
            enter(&mut all, &mut left, move || Ours::new(takeover, ours), "websocket-proto", &messages);
            for level in [1, 6] {
                let name = format!("websocket-proto, level {level}");
                enter(&mut all, &mut left, move || Ours::new(takeover, level), &name, &messages);
            }
            enter(&mut all, &mut left, move || Floor::new(takeover, ours), "floor: zlib-rs", &messages);
            enter(&mut all, &mut left, move || Yawc::new(takeover), "yawc", &messages);
            enter(&mut all, &mut left, move || Sockudo::new(takeover), "sockudo-ws", &messages);
            enter(&mut all, &mut left, move || Shiguredo::new(takeover), "shiguredo_websocket", &messages);
            let race = Race::run(all, 1, settings);
            section.record(json!({"takeover": takeover, "size": size}), &race);
            let name = format!("{words}, {}", size_name(size));
            if [1 << 10, 16 << 10].contains(&size) {
                let over_floor = race.row("floor: zlib-rs").map_or(f64::NAN, |row| 1.0 / row.over_ours);
                section.judge(
                    format!("{name}: within 5 % of the floor"),
                    over_floor <= 1.05,
                    format!("{} of its time", beside(1.05, over_floor, 2)),
                );
                section.judge(
                    format!("{name}: 0 allocations per message"),
                    race.ours().allocations == 0.0,
                    format!("{:.3}", race.ours().allocations),
                );
                let peer = race.best_peer().map_or(String::new(), |row| row.name.clone());
                let theirs = left.iter().find(|(name, _)| *name == peer).map_or(f64::NAN, |(_, left)| *left);
                let growth = left[0].1 / theirs;
                section.judge(
                    format!("{name}: 1.5 times as fast as the fastest peer, and at most 5 % larger"),
                    race.lead() >= 1.5 && growth <= 1.05,
                    format!(
                        "{} times as fast as {peer}, {:+.1} % in size",
                        beside(1.5, race.lead(), 2),
                        (growth - 1.0) * 100.0
                    ),
                );
            }
            races.push(race);
            lefts.push(left);
        }
        let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
        section.tables.push(Table::of_races(
            &format!("Round trip {words}, ns per message (allocations)."),
            &columns,
            ns_and_allocations,
        ));
        let mut header = vec![String::new()];
        header.extend(SIZES.into_iter().map(size_name));
        let rows = (0..lefts[0].len()).map(|who| {
            let mut row = vec![lefts[0][who].0.clone()];
            row.extend(lefts.iter().map(|left| format!("{:.3}", left[who].1)));
            row
        });
        section.tables.push(Table {
            caption: format!("What is left of the bytes {words}, with the heads of frames."),
            header,
            rows: rows.collect(),
            footer: String::new(),
        });
    }
    section
}
