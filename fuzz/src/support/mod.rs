//! What the targets share: how streams are cut, what was allocated, and a reader of frames that is not the crate's.

pub mod cuts;
pub mod frames;
pub mod heap;
pub mod http;
pub mod send;
