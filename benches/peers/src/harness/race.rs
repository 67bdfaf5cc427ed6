//! Rounds in which everybody runs once, in turn: A B C A B C …
//!
//! What slows the machine down for a while slows everybody in the same rounds, so the ratio *within a round* is steadier than any absolute time.
//! Each entrant gets as many iterations per round as fill its slice of CPU time; each round starts with another entrant, so that nobody
//! always runs behind the same neighbour.

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
    /// Does the work so many times.
    pub run: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Entrant<'a> {
    pub fn new(name: &str, note: impl Into<String>, run: impl FnMut(u64) + 'a) -> Self {
        Self { name: name.to_owned(), note: note.into(), is_floor: false, run: Box::new(run) }
    }

    pub fn floor(name: &str, run: impl FnMut(u64) + 'a) -> Self {
        Self { is_floor: true, ..Self::new(name, "", run) }
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
    pub fn run(mut entrants: Vec<Entrant<'_>>, units: usize, settings: Settings) -> Self {
        let counts: Vec<u64> = entrants.iter_mut().map(|entrant| warm_up(entrant, settings.slice_ns)).collect();
        let allocations: Vec<f64> = entrants
            .iter_mut()
            .zip(&counts)
            .map(|(entrant, &count)| {
                let before = Count::now();
                (entrant.run)(count);
                Count::now().since(before).calls as f64 / (count * units as u64) as f64
            })
            .collect();
        let mut times = vec![Vec::with_capacity(settings.rounds); entrants.len()];
        for round in 0..settings.rounds {
            for turn in 0..entrants.len() {
                let who = (round + turn) % entrants.len();
                let begin = thread_cpu_ns();
                (entrants[who].run)(counts[who]);
                times[who].push((thread_cpu_ns() - begin) as f64 / (counts[who] * units as u64) as f64);
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

    /// The peer that comes closest to us, or is furthest ahead.
    pub fn best_peer(&self) -> Option<&Row> {
        self.rows[1..].iter().filter(|row| !row.is_floor).min_by(|a, b| a.over_ours.total_cmp(&b.over_ours))
    }

    /// How many times as fast as the fastest peer we are.
    pub fn lead(&self) -> f64 {
        self.best_peer().map_or(f64::NAN, |row| row.over_ours)
    }
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
fn warm_up(entrant: &mut Entrant<'_>, slice_ns: u64) -> u64 {
    let one = time_of_one(&mut entrant.run, slice_ns);
    ((slice_ns as f64 / one) as u64).max(1)
}
