//! Pure functions on bytes.

mod close;
mod header;
mod mask;
mod opcode;
mod utf8;
