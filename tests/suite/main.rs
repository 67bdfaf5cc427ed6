//! The suite: laws that hold for every input, attacks by name, and what is allocated.
#![allow(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::too_many_lines,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test that panics has found something; it runs with std"
)]

#[cfg(feature = "alloc")]
mod allocation;
mod attacks;
mod law;
mod peers;
mod support;
