//! Hostile input in sizes n, 2n, 4n … 64n, each handled in a call of [`measured`], whose instructions valgrind counts.
//!
//! `instructions NAME` runs one scenario and prints its sizes, one a line; without a name it prints the names. What the
//! counts have to come to stands in `run`.

#[cfg(feature = "deflate")]
mod compressed;
#[cfg_attr(feature = "deflate", allow(dead_code, reason = "the other scenarios are not counted then"))]
mod scenarios;

use std::hint::black_box;

#[cfg(feature = "deflate")]
use compressed::SCENARIOS;
#[cfg(not(feature = "deflate"))]
use scenarios::SCENARIOS;
use scenarios::Scenario;

const DOUBLINGS: u32 = 7;

/// The one function that is counted: nothing but the crate's work and the copying of the input is in it.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn measured(scenario: &Scenario, input: &[u8], cut: usize) -> usize {
    (scenario.run)(input, cut)
}

fn main() {
    let Some(name) = std::env::args().nth(1) else {
        for scenario in SCENARIOS {
            println!("{}", scenario.name);
        }
        return;
    };
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).expect("a scenario's name");
    for doubling in 0..DOUBLINGS {
        let input = (scenario.input)(scenario.base << doubling);
        let cut = if scenario.is_bytewise { 1 } else { input.len() };
        let done = black_box(measured(black_box(scenario), black_box(&input), cut));
        assert_eq!(done, (scenario.expect)(scenario.base << doubling), "{name}: what came of it");
        println!("{}", input.len());
    }
}
