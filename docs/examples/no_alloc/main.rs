//! Both roles talking through fixed arrays, with no allocator in sight.
//!
//! ```text
//! cargo run --example no_alloc --no-default-features
//! ```
//!
//! All of it is in `conversation.rs`, which knows nothing but `core` and the crate. This file only prints;
//! `tests/no_alloc` links the same conversation into a program that has no standard library and no allocator at all.

mod conversation;

fn main() -> Result<(), websocket_proto::Error> {
    conversation::hold(|line| println!("{line}"))
}
