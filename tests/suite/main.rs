//! The whole suite in one binary: what mirrors `src/`, and then the laws that hold for every input, attacks by name,
//! and what is allocated.
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
    reason = "a test that panics has failed, which is what it is for; and it runs with std"
)]

mod role;
mod time;

mod wire;

mod error;

mod buffer;

#[cfg(feature = "deflate")]
mod deflate;

mod handshake;

mod message;

mod connection;

#[cfg(feature = "alloc")]
mod allocation;
mod attacks;
mod compliance;
mod law;
mod logs;
#[cfg(feature = "alloc")]
mod memory;
mod peers;

mod docs;
mod drivers;
mod layering;

mod source;
mod support;
