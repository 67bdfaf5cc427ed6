//! Pure functions on bytes.

mod close;
mod header;
mod opcode;
mod utf8;
