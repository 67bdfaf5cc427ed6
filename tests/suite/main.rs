//! The whole suite in one binary; its modules mirror `src/`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

mod role;
mod time;

mod wire;

mod error;

mod buffer;

mod handshake;

mod message;

mod connection;

mod docs;
mod layering;
mod source;
