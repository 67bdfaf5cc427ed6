//! The whole suite in one binary; its modules mirror `src/`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong has to stop, and a panic is how it does"
)]

mod handshake;
