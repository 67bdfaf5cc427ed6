//! Fuzz targets, each with oracles.
//!
//! What has gone wrong in WebSocket libraries was hardly ever a crash in a parser. It was memory per item, queues,
//! masks, limits, states: bytes that are taken for something else, and nobody notices. So a target here does more than
//! wait for a panic. It knows what has to come out, or at least what holds whatever comes out:
//!
//! | oracle | where |
//! |---|---|
//! | no panic, no overflow, no undefined behaviour (with AddressSanitizer) | everywhere |
//! | the same whatever the cuts: events, errors, replies | `decode_chunking`, `session`, `handshake_request`, `handshake_response`, `utf8` |
//! | progress: each call takes a byte, gives an event, or asks for more | the same, and `ops` |
//! | an error is the same for ever | the same |
//! | memory: at most twice the payload that is held, and 4 KiB; receiving itself allocates nothing | the same |
//! | what is written is read back as meant by a reader that is not ours | wherever something is written |
//! | one Close each way at most, no data behind it; nothing changes in a call that is refused | `ops` |
//! | a definition, an independent implementation | `mask`, `utf8`, `header`, `field_grammar`, `url`, `differential`, `inflate` |
//!
//! One file for each target, each with a function `run(data)` that panics when something is wrong. `fuzz_targets/`
//! hands them to libFuzzer; the test at the end of this file feeds them the seeds.
//!
//! # Fast, since what is rare has to be met
//!
//! Inputs are short, buffers are kept between runs, and the oracles are cheap. What says how the input is to be used
//! (the role, the cuts, the limits) stands in its first bytes, one choice to a bit or a byte, so that one mutation
//! changes one thing.

pub mod decode_chunking;
pub mod deflate_roundtrip;
pub mod differential;
pub mod field_grammar;
pub mod handshake_request;
pub mod handshake_response;
pub mod header;
pub mod inflate;
pub mod mask;
pub mod ops;
pub mod session;
pub mod url;
pub mod utf8;

mod support;

#[cfg(test)]
mod tests;
