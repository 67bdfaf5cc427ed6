//! Whole echo servers under the same load: what a message costs them, and what an idle connection.
//!
//! ```text
//! cd benches/loopback && cargo build --release && cargo run --release [-- --rounds N] [--seconds S] [--idle N] [--only NAME,NAME…]
//! ```
//!
//! Each server runs on one core, the load on another. All of them run at the same time and take turns, round by round,
//! so that what else the machine does meets all alike; what is compared is the server's own processor time (of the
//! process and the system calls it makes), as the scheduler counts it. Writes `docs/benchmarks-loopback.md`.

mod load;
mod report;
mod server;

use std::time::Duration;

use load::Load;
use server::{SERVERS, Server};

/// Bytes of payload.
const SIZES: [usize; 4] = [16, 125, 1024, 16 << 10];
const CONNECTIONS: [usize; 3] = [1, 50, 500];
const IN_FLIGHT: [usize; 2] = [1, 32];
/// What each idle connection sends once, between the two looks at the memory.
const LARGE_BYTES: usize = 64 << 10;

/// Nanoseconds of processor time for a message, by server; the median over the rounds.
pub(crate) struct Point {
    load: Load,
    cost: Vec<f64>,
    /// Thousands of messages a second.
    rate: Vec<f64>,
}

/// Bytes for each idle connection.
pub(crate) struct Idle {
    after_handshake: f64,
    after_large: f64,
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).map(|at| args[at + 1].clone());
    let rounds: usize = value("--rounds").map_or(5, |rounds| rounds.parse().expect("a number"));
    let window = Duration::from_secs_f64(value("--seconds").map_or(0.3, |seconds| seconds.parse().expect("a number")));
    let idle: usize = value("--idle").map_or(20_000, |idle| idle.parse().expect("a number"));
    let only = value("--only");
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|part| name.contains(part)));
    // As many as are allowed, less what a process needs for itself.
    let idle = idle.min(rlimit::increase_nofile_limit(u64::MAX)? as usize - 100);
    server::pin_to_core(std::process::id(), server::LOAD_CORE);
    let names: Vec<_> = SERVERS.iter().filter(|name| wanted(name.name)).collect();
    let memory = names.iter().map(|name| measure_idle(name, idle)).collect::<std::io::Result<Vec<_>>>()?;
    let mut servers = names.iter().map(|name| Server::start(name)).collect::<std::io::Result<Vec<_>>>()?;
    let mut points = Vec::new();
    for in_flight in IN_FLIGHT {
        for size in SIZES {
            for connections in CONNECTIONS {
                let load = Load { connections, in_flight, size };
                points.push(measure(&mut servers, load, rounds, window)?);
            }
        }
    }
    report::write(&names, &points, &memory, idle, rounds, window)
}

/// One point of the comparison: every server in every round.
fn measure(servers: &mut [Server], load: Load, rounds: usize, window: Duration) -> std::io::Result<Point> {
    let mut samples = vec![Vec::new(); servers.len()];
    for _ in 0..rounds {
        for (server, samples) in servers.iter_mut().zip(&mut samples) {
            let mut run = load::Run::start(server.port, load)?;
            run.drive(window / 4)?; // caches, buffers, branch predictors
            let cpu = server.cpu()?;
            let (messages, took) = run.drive(window)?;
            let cost = (server.cpu()? - cpu) as f64 / messages as f64;
            samples.push((cost, messages as f64 / took.as_secs_f64() / 1e3));
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let cost: Vec<f64> = samples.iter().map(|of| median(of.iter().map(|(cost, _)| *cost).collect())).collect();
    let rate = samples.iter().map(|of| median(of.iter().map(|(_, rate)| *rate).collect())).collect();
    println!("{load:?}");
    for (server, cost) in servers.iter().zip(&cost) {
        println!("  {:28} {cost:8.0} ns  {:.2}", server.name, cost / cost_of_floor(servers, &samples));
    }
    Ok(Point { load, cost, rate })
}

fn cost_of_floor(servers: &[Server], samples: &[Vec<(f64, f64)>]) -> f64 {
    let floor = servers.iter().position(|server| server.name == server::FLOOR).unwrap_or(0);
    let mut costs: Vec<f64> = samples[floor].iter().map(|(cost, _)| *cost).collect();
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// Memory of a fresh process with `count` connections: before and after a large message on each.
fn measure_idle(name: &server::Name, count: usize) -> std::io::Result<Idle> {
    let server = Server::start(name)?;
    let before = server.resident()?;
    let mut run = load::Run::open(server.port, count, LARGE_BYTES)?;
    std::thread::sleep(Duration::from_millis(500));
    let after_handshake = server.resident()?;
    run.each_once()?;
    std::thread::sleep(Duration::from_millis(500));
    let after_large = server.resident()?;
    let each = |bytes: u64| bytes.saturating_sub(before) as f64 / count as f64;
    let idle = Idle { after_handshake: each(after_handshake), after_large: each(after_large) };
    println!("{:28} {:8.0} bytes idle, {:8.0} after {LARGE_BYTES}", name.name, idle.after_handshake, idle.after_large);
    Ok(idle)
}
