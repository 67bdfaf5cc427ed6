//! Random choices that can be repeated.

/// Runs with this seed alone, in the one test that is asked for:
/// `WEBSOCKET_PROTO_SEED=0x1234 cargo test name_of_the_test`.
const SEED_VARIABLE: &str = "WEBSOCKET_PROTO_SEED";

/// The generator `SplitMix64`: small, and good enough to choose test cases.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One time in `n`.
    pub(crate) const fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) const fn key(&mut self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        [a, b, c, d]
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    pub(crate) const fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Fewer in a build that is not optimised.
pub(crate) const fn scaled(count: u64) -> u64 {
    if cfg!(debug_assertions) { count / 8 } else { count }
}

/// How many times as long the long forms are: `WEBSOCKET_PROTO_TIMES=66 cargo test --release -- --ignored`.
const TIMES_VARIABLE: &str = "WEBSOCKET_PROTO_TIMES";

/// The long form of [`for_seeds`], which says how many seeds it has gone through.
pub(crate) fn for_many_seeds(count: u64, case: impl FnMut(&mut Rng)) {
    let times = std::env::var(TIMES_VARIABLE).map_or(1, |text| text.parse().expect("a number of times"));
    println!("{} seeds", for_seeds(count * times, case));
}

/// Runs `case` for `count` seeds, or for the one that is asked for, and says which one failed. Gives how many there were.
pub(crate) fn for_seeds(count: u64, mut case: impl FnMut(&mut Rng)) -> u64 {
    let chosen = std::env::var(SEED_VARIABLE).ok().map(|text| {
        let digits = text.trim_start_matches("0x");
        u64::from_str_radix(digits, if digits == text { 10 } else { 16 }).expect("a seed is a number")
    });
    let seeds = match chosen {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    };
    for seed in seeds.clone() {
        let _named = Named(seed);
        case(&mut Rng::new(seed.wrapping_mul(0xd134_2543_de82_ef95)));
    }
    seeds.end - seeds.start
}

struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with {SEED_VARIABLE}={}", self.0);
        }
    }
}
