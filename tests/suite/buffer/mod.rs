//! Where bytes live.

mod recv;
mod send;
