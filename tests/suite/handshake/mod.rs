//! The opening handshake: `src/handshake`.
//!
//! Tests that are named after a vulnerability, or after a row `H…` of the list of known attacks, stand in `attacks`.

mod attacks;
mod body;
mod chunking;
mod client;
mod extensions;
mod injection;
mod parsed;
mod reply;
mod server;
mod support;
mod url;
