//! Rounds in which everybody runs once: A B C, B A C, C A B …
//!
//! What slows the machine down for a while slows everybody in the same rounds, so the ratio *within a round* is steadier than any absolute time.
//! Each entrant gets as many iterations per round as fill its slice of CPU time; each round has an order of its own, so that nobody
//! always runs behind the same neighbour, in what it leaves in the caches.
//!
//! The rounds fall into heats. For each heat everybody is made anew, at other addresses: where a buffer happens to lie can make a difference of a
//! quarter, and must not last for a whole race.

use super::alloc::Count;
use super::clock::thread_cpu_ns;
use super::{Settings, median};

/// Somebody who does the work.
pub struct Entrant<'a> {
    pub name: String,
    /// What the reader has to know about how it was used.
    pub note: String,
    /// A bound, and not a library: it is shown, and never counted as a peer.
    pub is_floor: bool,
    make: Box<dyn Fn() -> Run + 'a>,
}

/// Does the work so many times.
pub type Run = Box<dyn FnMut(u64)>;

impl<'a> Entrant<'a> {
    /// `make` makes one that is ready to run.
    pub fn new<R: FnMut(u64) + 'static>(name: &str, note: impl Into<String>, make: impl Fn() -> R + 'a) -> Self {
        Self { name: name.to_owned(), note: note.into(), is_floor: false, make: Box::new(move || Box::new(make())) }
    }

    pub fn floor<R: FnMut(u64) + 'static>(name: &str, make: impl Fn() -> R + 'a) -> Self {
        Self { is_floor: true, ..Self::new(name, "", make) }
    }
}

/// What one entrant has scored.
#[derive(Clone)]
pub struct Row {
    pub name: String,
    pub note: String,
    pub is_floor: bool,
    /// The median time of one unit of work.
    pub ns: f64,
    /// Its time over ours, the median of the rounds: above 1, we are faster.
    pub over_ours: f64,
    /// Allocations for one unit of work, in steady state.
    pub allocations: f64,
}

/// The results for one piece of work. The first row is ours.
#[derive(Clone)]
pub struct Race {
    pub rows: Vec<Row>,
}

impl Race {
    /// Runs the race; `units` is how many units of work one iteration does. The first entrant is ours.
    pub fn run(entrants: Vec<Entrant<'_>>, units: usize, settings: Settings) -> Self {
        let mut times = vec![Vec::with_capacity(settings.rounds); entrants.len()];
        let mut allocations = vec![0.0_f64; entrants.len()];
        for heat in 0..settings.heats {
            let mut padding = Vec::new();
            let mut runs: Vec<Run> = Vec::new();
            for entrant in &entrants {
                padding.push(vec![0_u8; 16 + 64 * ((heat * 37 + runs.len() * 11) % 64)]);
                runs.push((entrant.make)());
            }
            let counts: Vec<u64> = runs.iter_mut().map(|run| warm_up(run, settings.slice_ns)).collect();
            for (who, run) in runs.iter_mut().enumerate() {
                let before = Count::now();
                run(counts[who]);
                let calls = Count::now().since(before).calls as f64;
                allocations[who] = allocations[who].max(calls / (counts[who] * units as u64) as f64);
            }
            for round in 0..settings.rounds / settings.heats {
                for who in order(runs.len(), heat * settings.rounds + round) {
                    let begin = thread_cpu_ns();
                    runs[who](counts[who]);
                    times[who].push((thread_cpu_ns() - begin) as f64 / (counts[who] * units as u64) as f64);
                }
            }
        }
        let rows = entrants
            .iter()
            .enumerate()
            .map(|(who, entrant)| Row {
                name: entrant.name.clone(),
                note: entrant.note.clone(),
                is_floor: entrant.is_floor,
                ns: median(times[who].iter().copied()),
                over_ours: median(times[who].iter().zip(&times[0]).map(|(theirs, ours)| theirs / ours)),
                allocations: allocations[who],
            })
            .collect();
        Self { rows }
    }

    pub fn ours(&self) -> &Row {
        &self.rows[0]
    }

    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The peer that comes closest to us, or is furthest ahead. A second row of ours is none.
    pub fn best_peer(&self) -> Option<&Row> {
        self.rows[1..]
            .iter()
            .filter(|row| !row.is_floor && !row.name.starts_with(&self.ours().name))
            .min_by(|a, b| a.over_ours.total_cmp(&b.over_ours))
    }

    /// How many times as fast as the fastest peer we are.
    pub fn lead(&self) -> f64 {
        self.best_peer().map_or(f64::NAN, |row| row.over_ours)
    }
}

/// The order of a round: each comes once.
fn order(len: usize, round: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..len).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(round as u64 + 1);
    for last in (1..len).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.swap(last, (state >> 33) as usize % (last + 1));
    }
    all
}

/// The time of one iteration, after a short warm-up.
pub fn time_of_one(run: &mut dyn FnMut(u64), slice_ns: u64) -> f64 {
    let mut count: u64 = 1;
    loop {
        let begin = thread_cpu_ns();
        run(count);
        let took = thread_cpu_ns() - begin;
        if took >= slice_ns / 2 || count >= 1 << 32 {
            return took as f64 / count as f64;
        }
        count *= if took < slice_ns / 16 { 8 } else { 2 };
    }
}

/// Lets caches, predictors and buffers settle, and finds how many iterations fill a slice.
fn warm_up(run: &mut Run, slice_ns: u64) -> u64 {
    let one = time_of_one(run, slice_ns);
    ((slice_ns as f64 / one) as u64).max(1)
}
