//! Pure functions on bytes: what stands on the wire and what it means, with no state and no opinion about who may send
//! it.
//!
//! Read in this order: [`opcode`] and [`header`] are the two to fourteen bytes before each payload, [`close`] is what a
//! Close says, [`mask`] the exclusive-or that a client lays over the payload, [`head`] a header with what masks behind
//! it, [`utf8`] the encoding that text must keep.

pub(crate) mod opcode;

pub(crate) mod header;

pub mod close;

pub mod mask;

pub(crate) mod head;

pub mod utf8;
