//! RFC 6455 by the book: the model that judges the crate in its own tests, from the same file.
#![allow(dead_code, unreachable_pub, reason = "the crate's tests have other uses for what is in these files")]

#[path = "../../../tests/suite/support/model.rs"]
pub(super) mod model;
#[path = "../../../tests/suite/support/wire.rs"]
mod wire;

pub(super) mod script {
    /// What is seen of a stream.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) enum Seen {
        Text(String),
        Binary(Vec<u8>),
        Ping(Vec<u8>),
        Pong(Vec<u8>),
        Close(u16, String),
    }
}
