//! Pure functions on bytes: what stands on the wire and what it means, with no state and no opinion about who may send it.
//!
//! Read in this order: [`opcode`] and [`close`] are the wire's numbers, [`header`] the two to fourteen bytes before each
//! payload, [`mask`] the exclusive-or that a client lays over the payload, [`utf8`] the encoding that text must keep.

pub(crate) mod opcode;

pub mod close;

pub(crate) mod header;

pub mod mask;

pub mod utf8;
