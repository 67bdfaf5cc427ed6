//! Connections: alone against bytes, and in pairs in a fake world.

mod chunks;
mod closing;
mod limits;
mod pong;
mod receive;
mod send;
mod session;
mod state;
mod timers;
mod transcripts;
pub(crate) mod world;
