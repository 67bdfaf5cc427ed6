//! Text that is not all ASCII.

use std::path::Path;

use serde_json::json;

use super::receive::{Cell, judge_lead, race};
use super::size_name;
use crate::chart;
use crate::harness::{Race, Settings};
use crate::report::{Section, Table, ns_and_allocations};
use crate::work::Text;

const SIZES: [usize; 5] = [125, 1 << 10, 4 << 10, 16 << 10, 1 << 20];

pub fn run(settings: Settings, docs: Option<&Path>) -> Section {
    let mut section = Section::new(
        "Text beyond ASCII",
        "As above. Everybody validates: where the library does not, the harness does, with `simdutf8`. \
         Cargo unites features: the peers switch on `simdutf8`'s detection of the CPU (its feature `std`) for everybody in this build. ns per message; in brackets allocations per message.",
        include_str!("../../notes/utf8.md"),
    );
    for (kind, text) in [("one character in 120 bytes not ASCII", Text::Mixed), ("CJK", Text::Cjk)] {
        let mut races: Vec<Race> = Vec::new();
        for size in SIZES {
            let race = race(&Cell::new(Some(text), size), settings);
            section.record(json!({"kind": kind, "size": size}), &race);
            if size >= 1024 {
                judge_lead(&mut section, &format!("{kind}, {}", size_name(size)), 1.1, &race);
            }
            races.push(race);
        }
        let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
        section.tables.push(Table::of_races(
            &format!("{kind}, ns per message (allocations)."),
            &columns,
            ns_and_allocations,
        ));
        if let Some(docs) = docs {
            let name = if text == Text::Cjk { "receive-cjk" } else { "receive-mixed" };
            let races: Vec<(usize, &Race)> = SIZES.into_iter().zip(&races).collect();
            chart::throughput(docs, name, &format!("Receive, text: {kind}"), &races);
            section.charts.push(name.to_owned());
        }
    }
    section
}
