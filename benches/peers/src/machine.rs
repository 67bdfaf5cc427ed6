//! The page around the tables: what ran where, and how.

use std::fmt::Write as _;
use std::process::Command;

use crate::harness::Settings;
use crate::peers::{LEFT_OUT, PACKAGES};
use crate::report::Section;

const LOCK: &str = include_str!("../Cargo.lock");

/// Processor, compiler and flags.
pub fn describe() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = |name: &str| {
        info.lines().find(|line| line.starts_with(name)).and_then(|line| line.split(": ").nth(1)).unwrap_or("?")
    };
    let has: Vec<&str> = ["avx2", "avx512bw", "sha_ni"]
        .into_iter()
        .filter(|flag| line("flags").split(' ').any(|f| f == *flag))
        .collect();
    let rustc =
        Command::new("rustc").arg("-V").output().map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    format!(
        "{} (family {}, model {}; {}), {}, Linux, {}, release, `lto = \"fat\"`, baseline x86-64",
        line("model name"),
        line("cpu family"),
        line("model\t"),
        has.join(", "),
        std::thread::available_parallelism()
            .map_or_else(|_| String::new(), |n| format!("{n} cores of a virtual machine")),
        rustc.unwrap_or_default(),
    )
}

/// The day, and the last commit that changed what is measured; with a plus, there are changes that are in no commit.
pub fn measured() -> String {
    let ask = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).output();
        out.ok().filter(|out| out.status.success()).map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let day = ask("date", &["-u", "+%F"]).unwrap_or_else(|| "?".to_owned());
    let commit =
        ask("git", &["log", "-1", "--format=%h", "--", "src", "Cargo.toml"]).filter(|commit| !commit.is_empty());
    let changes =
        ask("git", &["status", "--porcelain", "--", "src", "Cargo.toml"]).is_some_and(|files| !files.is_empty());
    format!("{day}, `src/` as of {}{}", commit.as_deref().unwrap_or("?"), if changes { "+" } else { "" })
}

/// Name and version of everybody, from the lock file.
pub fn packages() -> Vec<String> {
    let version = |name: &str| {
        let (_, rest) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next()
    };
    PACKAGES.iter().map(|name| format!("{name} {}", version(name).unwrap_or("?"))).collect()
}

/// `docs/benchmarks.md`.
pub fn page(sections: &[Section], settings: Settings) -> String {
    let mut text = format!(
        "# Benchmarks\n\n\
         Written by `cargo run --release --manifest-path benches/peers/Cargo.toml -- all`; do not edit. It takes two minutes; with `--quick` less than one, and nothing is written here. One section alone: its name in place of `all`; every figure: `--json FILE`. The crate's own benches: `cargo bench --all-features`. Whole processes over sockets: [benchmarks-loopback.md](benchmarks-loopback.md). All features of the crate are on here, `std` too.\n\n\
         **Measured:** {}. Code that is newer was not measured.\n\n**Machine:** {}.\n\n**Libraries:** {}.\n\n\
         **Method.** The same work for everybody, through public interfaces, each in its best honest use, over one in-memory transport that is always ready \
         (async libraries: futures polled by hand, no runtime). Before it is timed, everybody has to deliver the right bytes, and to refuse wrong text. \
         {} rounds in {} heats (for each, everybody is made anew at other addresses), interleaved (each library once in every round, in an order that changes), {} µs of thread CPU time for each library in a round. \
         Times are medians over the rounds; ratios are medians of the ratios *within* rounds, so they are steadier than the times, and need not equal the \
         quotient of two times in a table. Allocations are counted by the global allocator. One run, nothing chosen by hand: the machine is shared, and differences of a few per cent are noise.\n\n",
        measured(),
        describe(),
        packages().join(", "),
        settings.rounds,
        settings.heats,
        settings.slice_ns / 1000,
    );
    text.push_str("**Left out:**\n\n| work | who | why |\n|---|---|---|\n");
    for (work, who, why) in LEFT_OUT {
        let _ = writeln!(text, "| {work} | {who} | {why} |");
    }
    text.push_str("\n## Where we are not first, or a target is missed\n\nWhy, by measurement, and what was tried, stands in the section of the target, below its verdicts.\n\n");
    let missed =
        sections.iter().flat_map(|section| section.verdicts.iter().filter(|v| !v.is_met).map(move |v| (section, v)));
    for (section, verdict) in missed {
        let _ = writeln!(text, "- {}: {} – {}", section.title, verdict.target, verdict.found);
    }
    for cell in sections.iter().flat_map(Section::behind) {
        let _ = writeln!(text, "- {cell}");
    }
    text.push('\n');
    for section in sections {
        text.push_str(&section.markdown());
    }
    text
}
