//! The tables.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use crate::server::{FLOOR, Name};
use crate::{CONNECTIONS, IN_FLIGHT, Idle, Point, SIZES};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks-loopback.md");
const NOTES: &str = include_str!("../notes.md");

const HEAD: &str = "# Whole processes on the loopback interface

<!-- Written by benches/loopback (`cd benches/loopback && cargo build --release && cargo run --release`), but for what is said below in its notes.md. -->

An echo server on one core, the load on another; what a message costs the server, system calls included. Beside it stands what no library can do without: a loop over epoll
that unmasks and does nothing else. `batch` means that the server flushes once for all messages that it has read, which the others do for each; fastwebsockets cannot. The peers run with the
settings that they come with, and behind the same handshake.
";

pub(crate) fn write(
    names: &[&Name],
    points: &[Point],
    memory: &[Idle],
    idle: usize,
    rounds: usize,
    window: Duration,
) -> io::Result<()> {
    let mut text = String::from(HEAD);
    let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("unknown");
    let _ = writeln!(
        text,
        "\nMeasured on: {model}, {} cores; {rounds} rounds of {:.2} s at each point, the servers in turn; medians of the processor time as the scheduler counts it.\n",
        std::thread::available_parallelism()?.get().max(2),
        window.as_secs_f64()
    );
    text.push_str(NOTES);
    let floor = names.iter().position(|name| name.name == FLOOR).unwrap_or(0);
    for in_flight in IN_FLIGHT {
        let title = if in_flight == 1 { "Ping-pong".to_string() } else { format!("{in_flight} messages in flight") };
        let _ = writeln!(text, "\n## {title}: processor time for a message, relative to the bare loop\n");
        text.push_str("Geometric mean over 1, 50 and 500 connections.\n\n|  | 16 B | 125 B | 1 KiB | 16 KiB |\n|---|---|---|---|---|\n");
        for (at, name) in names.iter().enumerate() {
            let cells = SIZES.map(|size| format!("{:.2}", mean(points, in_flight, size, at, floor)));
            let _ = writeln!(text, "| {} | {} |", name.name, cells.join(" | "));
        }
    }
    let _ = writeln!(text, "\n## Bytes for each idle connection\n");
    let _ = writeln!(
        text,
        "Resident memory of the process with {idle} connections less that without, divided by their number. The kernel's own, some kilobytes for a socket, is the same for all.\n"
    );
    text.push_str("|  | after the handshake | after a message of 64 KiB on each |\n|---|---|---|\n");
    for (name, memory) in names.iter().zip(memory) {
        let _ = writeln!(text, "| {} | {:.0} | {:.0} |", name.name, memory.after_handshake, memory.after_large);
    }
    details(&mut text, names, points);
    std::fs::write(DOCUMENT, text)
}

/// The geometric mean over the numbers of connections.
fn mean(points: &[Point], in_flight: usize, size: usize, at: usize, floor: usize) -> f64 {
    let of = points.iter().filter(|point| point.load.in_flight == in_flight && point.load.size == size);
    (of.map(|point| (point.cost[at] / point.cost[floor]).ln()).sum::<f64>() / CONNECTIONS.len() as f64).exp()
}

fn details(text: &mut String, names: &[&Name], points: &[Point]) {
    text.push_str(
        "\n## Every point\n\nMicroseconds of processor time for a message (thousands of messages a second).\n",
    );
    for in_flight in IN_FLIGHT {
        for size in SIZES {
            let _ = writeln!(text, "\n{size} bytes, {in_flight} in flight:\n");
            text.push_str("|  | 1 connection | 50 | 500 |\n|---|---|---|---|\n");
            let of: Vec<_> =
                points.iter().filter(|point| point.load.in_flight == in_flight && point.load.size == size).collect();
            for (at, name) in names.iter().enumerate() {
                let cells: Vec<_> =
                    of.iter().map(|point| format!("{:.2} ({:.0})", point.cost[at] / 1e3, point.rate[at])).collect();
                let _ = writeln!(text, "| {} | {} |", name.name, cells.join(" | "));
            }
        }
    }
}
