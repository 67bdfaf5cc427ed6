//! The same bytes, one at a time.

use serde_json::json;

use super::receive::{Cell, enter, everybody};
use super::size_name;
use crate::harness::{Entrant, Race, Settings};
use crate::peers::ours;
use crate::report::{Section, Table, beside};
use crate::work::{Text, masked_stream};

const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 64 << 10];

/// The payload bytes of one iteration, for every size.
const BYTES: usize = 64 << 10;

fn cell(size: usize, max_read: usize) -> Cell {
    let all = Cell::new(Some(Text::Ascii), size);
    let messages = BYTES / size;
    let stream = masked_stream(true, &all.payload, messages);
    Cell { stream, messages, max_read, ..all }
}

pub fn run(settings: Settings) -> Section {
    let mut section = Section::new(
        "Fed one byte at a time",
        "ASCII text, through a transport that gives one byte to a read: it shows who does work anew for each read. ns per payload byte.",
        include_str!("../../notes/feeding.md"),
    );
    ours_alone(&mut section, settings);
    let mut races = Vec::new();
    for size in SIZES {
        let cell = cell(size, 1);
        let race = Race::run(everybody(&cell, settings), cell.messages * size, settings);
        section.record(json!({"size": size}), &race);
        races.push(race);
    }
    let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
    section.tables.push(Table::of_races("One byte to a read, ns per byte.", &columns, |row| format!("{:.1}", row.ns)));
    section
}

/// Whole and byte by byte, all sizes in one race.
fn ours_alone(section: &mut Section, settings: Settings) {
    let ways = [("one byte to a read", 1), ("as much as the buffer takes", usize::MAX)];
    let cells: Vec<Cell> = ways.iter().flat_map(|(_, max_read)| SIZES.map(|size| cell(size, *max_read))).collect();
    let entrants: Vec<Entrant<'_>> = cells.iter().map(|cell| enter::<ours::Receiving>(cell, settings)).collect();
    let race = Race::run(entrants, BYTES, settings);
    let (single, whole) = race.rows.split_at(SIZES.len());
    let ratios: Vec<f64> = single.iter().zip(whole).map(|(single, whole)| single.over_ours / whole.over_ours).collect();
    let shown: Vec<String> = ratios
        .iter()
        .zip(SIZES)
        .map(|(ratio, size)| format!("{} × at {}", beside(40.0, *ratio, 0), size_name(size)))
        .collect();
    section.judge("at most 40 × whole feeding per byte", ratios.iter().all(|ratio| *ratio <= 40.0), shown.join(", "));
    // From each size to the next: a head that is read byte by byte weighs more in a small message, which is no growth.
    let grows = single.windows(2).any(|sizes| sizes[1].over_ours > sizes[0].over_ours * 1.1);
    let shown: Vec<String> =
        single.iter().zip(SIZES).map(|(row, size)| format!("{:.1} ns at {}", row.ns, size_name(size))).collect();
    section.judge("cost per byte does not grow with the message", !grows, shown.join(", "));
    let mut table = Table { caption: format!("{}, ns per byte.", ours::NAME), ..Table::default() };
    table.header = std::iter::once(String::new()).chain(SIZES.into_iter().map(size_name)).collect();
    for ((way, _), rows) in ways.into_iter().zip([single, whole]) {
        let mut line = vec![way.to_owned()];
        line.extend(rows.iter().map(|row| format!("{:.3}", row.ns)));
        table.rows.push(line);
    }
    section.tables.push(table);
}
