//! What is written: tables, verdicts, JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::Race;

/// The result of one kind of work.
#[derive(Default)]
pub struct Section {
    pub title: String,
    /// How it was done.
    pub method: String,
    /// Why a target is missed, or what its figure is made of: written by hand, in `notes/`.
    pub notes: &'static str,
    pub tables: Vec<Table>,
    pub charts: Vec<String>,
    pub verdicts: Vec<Verdict>,
    pub json: Vec<Value>,
    behind: Vec<String>,
}

#[derive(Default)]
pub struct Table {
    pub caption: String,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    pub footer: String,
}

/// A target, and whether it is met.
pub struct Verdict {
    pub target: String,
    pub is_met: bool,
    pub found: String,
}

impl Section {
    pub fn new(title: &str, method: &str, notes: &'static str) -> Self {
        Self { title: title.to_owned(), method: method.to_owned(), notes, ..Self::default() }
    }

    /// The cells in which a peer is ahead of us by more than noise.
    pub fn behind(&self) -> &[String] {
        &self.behind
    }

    pub fn record(&mut self, cell: Value, race: &Race) {
        if let Some(peer) = race.best_peer().filter(|peer| peer.over_ours < 0.97) {
            self.behind.push(format!(
                "{}, {}: {} takes {:.2} × our time",
                self.title,
                words(&cell),
                peer.name,
                peer.over_ours
            ));
        }
        let rows: Vec<Value> = race
            .rows
            .iter()
            .map(|row| {
                json!({"name": row.name, "note": row.note, "floor": row.is_floor, "ns": row.ns, "time_over_ours": row.over_ours,
                    "allocations": row.allocations})
            })
            .collect();
        self.json.push(json!({"cell": cell, "rows": rows}));
    }

    pub fn judge(&mut self, target: impl Into<String>, is_met: bool, found: impl Into<String>) {
        self.verdicts.push(Verdict { target: target.into(), is_met, found: found.into() });
    }

    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.method);
        for verdict in &self.verdicts {
            let word = if verdict.is_met { "met" } else { "**missed**" };
            let _ = writeln!(text, "- Target: {} – {word}: {}", verdict.target, verdict.found);
        }
        text.push('\n');
        if !self.notes.is_empty() {
            let _ = writeln!(text, "{}\n", self.notes.trim_end());
        }
        for chart in &self.charts {
            let _ = writeln!(text, "![{}]({chart}.svg)\n", chart.replace('-', " "));
        }
        for table in &self.tables {
            text.push_str(&table.markdown());
        }
        text
    }

    pub fn to_json(&self) -> Value {
        let verdicts: Vec<Value> =
            self.verdicts.iter().map(|v| json!({"target": v.target, "met": v.is_met, "found": v.found})).collect();
        json!({"title": self.title, "targets": verdicts, "cells": self.json})
    }
}

impl Table {
    pub fn markdown(&self) -> String {
        let mut text =
            format!("{}\n\n| {} |\n|{}\n", self.caption, self.header.join(" | "), "---|".repeat(self.header.len()));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        if !self.footer.is_empty() {
            let _ = write!(text, "\n{}\n", self.footer);
        }
        text.push('\n');
        text
    }

    /// Libraries down, cells across, `show` in each field; a line with our lead at the end.
    pub fn of_races(caption: &str, columns: &[(String, &Race)], show: impl Fn(&crate::harness::Row) -> String) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for (_, race) in columns {
            for row in &race.rows {
                if !names.contains(&row.name.as_str()) {
                    names.push(&row.name);
                }
            }
        }
        let first = |name: &str| {
            columns.iter().find_map(|(_, race)| race.row(name).map(|row| row.over_ours)).unwrap_or(f64::INFINITY)
        };
        names[1..].sort_by(|a, b| first(a).total_cmp(&first(b)));
        let mut header = vec![String::new()];
        header.extend(columns.iter().map(|(name, _)| name.clone()));
        let mut rows: Vec<Vec<String>> = names
            .iter()
            .map(|name| {
                let bold = if *name == columns[0].1.ours().name { "**" } else { "" };
                let mut row = vec![format!("{bold}{name}{bold}")];
                row.extend(columns.iter().map(|(_, race)| race.row(name).map_or_else(|| "–".to_owned(), &show)));
                row
            })
            .collect();
        let mut lead = vec!["*fastest peer's time over ours*".to_owned()];
        lead.extend(columns.iter().map(|(_, race)| {
            race.best_peer().map_or_else(|| "–".to_owned(), |peer| format!("*{:.2}* ({})", peer.over_ours, peer.name))
        }));
        rows.push(lead);
        Self { caption: caption.to_owned(), header, rows, footer: String::new() }
    }
}

/// A cell's JSON object as words.
fn words(cell: &Value) -> String {
    let fields = cell.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Nanoseconds with three digits that mean something.
pub fn ns(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.1}"),
        v if v < 10_000.0 => format!("{v:.0}"),
        v => format!("{:.1} µs", v / 1000.0),
    }
}

/// Time, and allocations if there are any.
pub fn ns_and_allocations(row: &crate::harness::Row) -> String {
    if row.allocations < 0.005 { ns(row.ns) } else { format!("{} ({})", ns(row.ns), trim(row.allocations)) }
}

fn trim(value: f64) -> String {
    if (value - value.round()).abs() < 0.005 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A value with so many digits behind the point, or with as many more as it takes to tell it from its `target`: what
/// misses 1.5 must not read as 1.50.
pub fn beside(target: f64, value: f64, digits: usize) -> String {
    let texts = (digits..digits + 6).map(|digits| format!("{value:.digits$}"));
    texts.into_iter().find(|text| text.parse() != Ok(target)).unwrap_or_else(|| format!("{value:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn what_is_beside_its_target_reads_so() {
        assert_eq!(beside(1.5, 1.4962, 2), "1.496");
        assert_eq!(beside(1.5, 1.500_04, 2), "1.50004");
        assert_eq!(beside(1.5, 1.5, 2), "1.50");
        assert_eq!(beside(1.5, 1.25, 2), "1.25");
        assert_eq!(beside(40.0, 39.9, 0), "39.9");
    }
}
