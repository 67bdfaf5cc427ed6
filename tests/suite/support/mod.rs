//! What the laws and the attacks share.
//!
//! [`rng`] makes the same random choices on every machine; [`wire`] writes and reads frames without the crate;
//! [`streams`] makes what a peer might send; [`cuts`] cuts it; [`script`] feeds it to a connection and writes down what
//! comes of it; [`model`] says what should.

pub(crate) mod cuts;
pub(crate) mod model;
pub(crate) mod rng;
pub(crate) mod script;
pub(crate) mod streams;
pub(crate) mod wire;

use websocket_proto::{Client, Config, Connection, SendBuffer, Server};

/// The masking key of the clients in tests: no two bytes alike, none zero.
pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A source of keys that has a name, so that a type can hold it.
pub(crate) type TestKeys = fn() -> [u8; 4];

pub(crate) fn server(config: Config) -> Connection<Server> {
    Connection::server(config)
}

pub(crate) fn client(config: Config) -> Connection<Client<TestKeys>> {
    Connection::client(config, || KEY)
}

/// A configuration without limits.
pub(crate) const fn unlimited(config: Config) -> Config {
    config.max_message_bytes(u64::MAX).max_frame_bytes(u64::MAX).max_fragments(u32::MAX).max_control_frames(u32::MAX)
}

/// A send buffer that needs no feature of the crate, grows up to `capacity`, and checks that nothing is appended
/// unasked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sink {
    pub(crate) bytes: Vec<u8>,
    capacity: usize,
    granted: usize,
}

impl Sink {
    pub(crate) fn new() -> Self {
        Self::with_capacity(usize::MAX)
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::new(), capacity, granted: 0 }
    }

    pub(crate) fn room(&self) -> usize {
        self.capacity - self.bytes.len()
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl SendBuffer for Sink {
    fn reserve(&mut self, additional: usize) -> bool {
        let fits = self.room() >= additional;
        self.granted = if fits { self.bytes.len() + additional } else { self.granted };
        fits
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        assert!(self.bytes.len() + bytes.len() <= self.granted, "appended more than was asked for");
        self.bytes.extend_from_slice(bytes);
    }
}
