//! The same work for `websocket-proto` and for every other WebSocket crate, side by side.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [unmask|receive|send|utf8|deflate|handshake|memory|feeding|all] [--quick] [--json FILE]
//! ```
//!
//! Prints Markdown. `all` also writes `docs/benchmarks.md` and draws the charts beside it, unless it is `--quick`.

mod chart;
mod harness;
mod machine;
mod peers;
mod report;
mod sections;
mod wire;
mod work;

use std::path::Path;

use harness::Settings;
use report::Section;
use sections::{deflate, feeding, handshake, memory, receive, send, unmask, utf8};

#[global_allocator]
static ALLOCATOR: harness::alloc::Counting = harness::alloc::Counting;

const KINDS: [&str; 8] = ["unmask", "receive", "utf8", "feeding", "send", "deflate", "handshake", "memory"];

fn main() {
    let mut wanted = Vec::new();
    let (mut settings, mut json) = (Settings::FULL, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => settings = Settings::QUICK,
            "--json" => json = Some(arguments.next().expect("--json FILE")),
            "all" => wanted.extend(KINDS.map(str::to_owned)),
            kind if KINDS.contains(&kind) => wanted.push(argument),
            _ => {
                eprintln!("usage: peers [{}|all] [--quick] [--json FILE]", KINDS.join("|"));
                std::process::exit(2);
            }
        }
    }
    if wanted.is_empty() {
        wanted.extend(KINDS.map(str::to_owned));
    }
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let is_publication = wanted.len() == KINDS.len() && !settings.quick;
    let charts = is_publication.then_some(docs);
    let sections: Vec<Section> = wanted
        .iter()
        .map(|kind| {
            eprintln!("{kind} …");
            let section = match kind.as_str() {
                "unmask" => unmask::run(settings, charts),
                "receive" => receive::run(settings, charts),
                "utf8" => utf8::run(settings, charts),
                "feeding" => feeding::run(settings),
                "send" => send::run(settings, charts),
                "deflate" => deflate::run(settings),
                "handshake" => handshake::run(settings),
                _ => memory::run(),
            };
            println!("{}", section.markdown());
            section
        })
        .collect();
    if let Some(file) = json {
        let sections: Vec<_> = sections.iter().map(Section::to_json).collect();
        let all = serde_json::json!({"measured": machine::measured(), "machine": machine::describe(), "packages": machine::packages(), "sections": sections});
        std::fs::write(&file, serde_json::to_string_pretty(&all).expect("JSON")).expect("the file can be written");
    }
    if is_publication {
        std::fs::write(docs.join("benchmarks.md"), machine::page(&sections, settings)).expect("docs/ can be written");
    }
}
