//! The opening handshake: `src/handshake`.
//!
//! Tests that are named after a vulnerability, or after a row `H…` of the list of known attacks, stand in
//! `crate::attacks`.

mod answer;
mod body;
mod chunking;
mod client;
mod errors;
mod extended_connect;
pub(crate) mod extensions;
mod heads;
#[cfg(feature = "http")]
mod http;
mod injection;
mod parsed;
mod reply;
mod server;
pub(crate) mod support;
mod url;
