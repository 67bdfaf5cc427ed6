//! Receiving whole messages in the role of a server.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{SIZES, size_name};
use crate::chart;
use crate::harness::race::time_of_one;
use crate::harness::{Entrant, Race, Settings};
use crate::peers::{
    embedded_websocket, fastwebsockets, nexus_web, ours, shiguredo, sockudo_ws, soketto, tokio_websockets, tungstenite,
    web_socket, websocket_sans_io, ws_framer, wtx, yawc,
};
use crate::report::{Section, Table, beside, ns_and_allocations};
use crate::wire::Wire;
use crate::work::{Receiver, Seen, Text, masked_stream};

/// One piece of work: a stream of equal messages.
pub struct Cell {
    pub is_text: bool,
    pub payload: Vec<u8>,
    pub stream: Arc<[u8]>,
    pub messages: usize,
    pub max_read: usize,
    pub stops_at_end: bool,
}

impl Cell {
    /// Messages of `size` bytes that fill 128 KiB, or one: more than any buffer for messages of such a size, so that each iteration reads.
    pub fn new(text: Option<Text>, size: usize) -> Self {
        let payload = text.unwrap_or(Text::Ascii).of_len(size).into_bytes();
        let messages = ((128 << 10) / (size + 6)).max(1);
        let stream = masked_stream(text.is_some(), &payload, messages);
        Self { is_text: text.is_some(), payload, stream, messages, max_read: usize::MAX, stops_at_end: false }
    }

    /// The same messages one at a time: each read gives one, as when each waits for an answer.
    pub fn one_per_read(text: Option<Text>, size: usize) -> Self {
        let all = Self::new(text, size);
        let stream = masked_stream(all.is_text, &all.payload, 1);
        Self { stream, stops_at_end: true, messages: 16, ..all }
    }

    fn wire(&self) -> Wire {
        let mut wire = Wire::new(Arc::clone(&self.stream));
        (wire.max_read, wire.stops_at_end) = (self.max_read, self.stops_at_end);
        wire
    }

    /// Buffer sizes to choose from, the same for everybody.
    fn capacities(&self) -> Vec<usize> {
        let size = self.payload.len();
        match size {
            0..8192 => vec![4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10],
            8192..65536 => vec![16 << 10, size + 1024, 32 << 10, 64 << 10, 128 << 10],
            _ => vec![16 << 10, 64 << 10, size + 1024, size + (64 << 10), 2 * size + 4096],
        }
    }
}

/// Everybody who receives, ours first.
pub fn everybody<'a>(cell: &'a Cell, settings: Settings) -> Vec<Entrant<'a>> {
    vec![
        enter::<ours::Receiving>(cell, settings),
        enter::<tungstenite::Peer>(cell, settings),
        enter::<fastwebsockets::Receiving>(cell, settings),
        enter::<nexus_web::Receiving>(cell, settings),
        enter::<tokio_websockets::Peer>(cell, settings),
        enter::<yawc::Peer>(cell, settings),
        enter::<wtx::Receiving>(cell, settings),
        enter::<sockudo_ws::Receiving>(cell, settings),
        enter::<websocket_sans_io::Receiving>(cell, settings),
        enter::<ws_framer::Receiving>(cell, settings),
        enter::<web_socket::Peer<_>>(cell, settings),
        enter::<soketto::Receiving>(cell, settings),
        enter::<embedded_websocket::Receiving>(cell, settings),
        enter::<shiguredo::Receiving>(cell, settings),
    ]
}

pub fn enter<'a, R: Receiver + 'static>(cell: &'a Cell, settings: Settings) -> Entrant<'a> {
    let max_message = cell.payload.len();
    verify::<R>(cell);
    let open = move |capacity| {
        let (mut receiver, messages) = (R::new(cell.wire(), capacity, max_message), cell.messages);
        move |count: u64| {
            for _ in 0..count {
                receiver.receive(messages, &mut |seen| {
                    black_box(seen.bytes());
                });
            }
        }
    };
    let mut note = match (cell.is_text, R::CHECKS_UTF8) {
        (true, true) => R::NOTE.to_owned(),
        (true, false) => "UTF-8 checked by the harness".to_owned(),
        (false, _) => String::new(),
    };
    let mut capacity = R::DEFAULT_CAPACITY.unwrap_or_default();
    if R::HAS_CAPACITY {
        let time = |capacity: usize| {
            let mut run = open(capacity);
            (0..3).map(|_| time_of_one(&mut run, settings.slice_ns / 2)).fold(f64::INFINITY, f64::min)
        };
        let default = R::DEFAULT_CAPACITY.filter(|capacity| *capacity <= 128 << 10);
        let timed = cell.capacities().into_iter().chain(default).map(|capacity| (time(capacity), capacity));
        capacity = timed.min_by(|a, b| a.0.total_cmp(&b.0)).expect("some").1;
        note = format!("{note}{}buffer {:.1} KiB", if note.is_empty() { "" } else { "; " }, capacity as f64 / 1024.0);
    }
    Entrant::new(R::NAME, note, move || open(capacity))
}

/// It hands out the right messages, and refuses wrong text if it says so.
fn verify<R: Receiver>(cell: &Cell) {
    for capacity in [cell.capacities()[0], *cell.capacities().last().expect("some")] {
        let mut receiver = R::new(cell.wire(), capacity, cell.payload.len());
        let mut seen = 0;
        receiver.receive(2 * cell.messages + 1, &mut |message| {
            assert_eq!(matches!(message, Seen::Text(_)), cell.is_text, "{}: kind", R::NAME);
            assert!(message.bytes() == cell.payload, "{}: payload", R::NAME);
            seen += 1;
        });
        assert_eq!(seen, 2 * cell.messages + 1, "{}: number of messages", R::NAME);
    }
    if cell.is_text && cell.payload.len() < 1024 {
        let mut wrong = cell.payload.clone();
        wrong[9] = 0xff;
        // Whole, and cut by reads.
        for max_read in [usize::MAX, 5] {
            let mut wire = Wire::new(masked_stream(true, &wrong, 4));
            wire.max_read = max_read;
            let mut receiver = R::new(wire, 16 << 10, wrong.len());
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| {}));
            let went_wrong = catch_unwind(AssertUnwindSafe(|| receiver.receive(1, &mut |_| {}))).is_err();
            std::panic::set_hook(hook);
            assert!(went_wrong, "{}: wrong text is refused", R::NAME);
        }
    }
}

pub fn race(cell: &Cell, settings: Settings) -> Race {
    // Longer slices: some libraries take a buffer full of messages at once, and hand them out later.
    let settings = Settings { slice_ns: settings.slice_ns * 4, ..settings };
    Race::run(everybody(cell, settings), cell.messages, settings)
}

pub fn run(settings: Settings, docs: Option<&Path>) -> Section {
    let mut section = Section::new(
        "Receive",
        "Masked messages, whole, in the role of a server. The transport always has more: a read fills the buffer, and messages lie across the ends of \
         reads. Who has a receive buffer whose size can be set gets the best of its default and the same five sizes, in each cell anew (in the JSON). \
         ns per message; in brackets allocations per message.",
        include_str!("../../notes/receive.md"),
    );
    let targets = [(2.0, 2.0), (2.0, 2.0), (1.5, 1.5), (1.3, 1.2), (1.2, 1.0)];
    let mut results: Vec<Vec<Race>> = Vec::new();
    for (kind, text) in [("text", Some(Text::Ascii)), ("binary", None)] {
        let mut races = Vec::new();
        for (size, target) in SIZES.into_iter().zip(targets) {
            let race = race(&Cell::new(text, size), settings);
            section.record(json!({"kind": kind, "size": size}), &race);
            let target = if text.is_some() { target.0 } else { target.1 };
            judge_lead(&mut section, &format!("{kind}, {}", size_name(size)), target, &race);
            races.push(race);
        }
        let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
        section.tables.push(Table::of_races(
            &format!("{}, ns per message (allocations).", if text.is_some() { "ASCII text" } else { "Binary" }),
            &columns,
            ns_and_allocations,
        ));
        if let Some(docs) = docs {
            let name = format!("receive-{kind}");
            let races: Vec<(usize, &Race)> = SIZES.into_iter().zip(&races).collect();
            chart::throughput(docs, &name, &format!("Receive, {kind}, server"), &races);
            section.charts.push(name);
        }
        results.push(races);
    }
    let mut races = Vec::new();
    for size in &SIZES[..4] {
        let race = race(&Cell::one_per_read(Some(Text::Ascii), *size), settings);
        section.record(json!({"kind": "text, one per read", "size": size}), &race);
        races.push(race);
    }
    let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
    let caption = "ASCII text, one message to a read, as in request and answer: ns per message (allocations).";
    section.tables.push(Table::of_races(caption, &columns, ns_and_allocations));
    let allocations = results.iter().flatten().chain(&races).map(|race| race.ours().allocations).fold(0.0, f64::max);
    section.judge("0 allocations per message in steady state", allocations == 0.0, format!("at most {allocations:.3}"));
    section
}

pub fn judge_lead(section: &mut Section, cell: &str, target: f64, race: &Race) {
    let peer = race.best_peer().expect("peers");
    let lead = peer.over_ours;
    section.judge(
        format!("{cell}: at least {target:.1} ×"),
        lead >= target,
        format!("{} × ({})", beside(target, lead, 2), peer.name),
    );
}
