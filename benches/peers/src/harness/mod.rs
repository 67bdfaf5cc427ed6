//! What measures: the clock, the allocator that counts, and the race.

pub mod alloc;
pub mod clock;
pub mod race;

pub use race::{Entrant, Race, Row};

/// How long to measure.
#[derive(Clone, Copy)]
pub struct Settings {
    pub rounds: usize,
    /// How often everybody is made anew, at other addresses.
    pub heats: usize,
    /// The CPU time that one entrant gets in one round.
    pub slice_ns: u64,
    pub quick: bool,
}

impl Settings {
    pub const FULL: Self = Self { rounds: 35, heats: 7, slice_ns: 400_000, quick: false };
    pub const QUICK: Self = Self { rounds: 9, heats: 3, slice_ns: 120_000, quick: true };
}

/// The middle value; the mean of the two in the middle of an even number.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    if values.len() % 2 == 1 { values[upper] } else { f64::midpoint(values[upper - 1], values[upper]) }
}
