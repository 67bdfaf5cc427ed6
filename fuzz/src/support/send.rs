//! A send buffer that holds the crate to the contract of [`SendBuffer`].

use websocket_proto::SendBuffer;

/// Takes up to `room` bytes more; nothing may be appended unasked.
#[derive(Debug)]
pub struct Sink {
    pub bytes: Vec<u8>,
    pub room: usize,
    granted: usize,
}

impl Sink {
    /// With room for everything; `memory` is used again.
    pub fn endless(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self { bytes: memory, room: usize::MAX, granted: 0 }
    }
}

impl SendBuffer for Sink {
    fn reserve(&mut self, additional: usize) -> bool {
        let fits = self.room >= additional;
        self.granted = if fits { additional } else { 0 };
        fits
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.granted, "appended more than was asked for");
        self.granted -= bytes.len();
        self.room -= bytes.len();
        self.bytes.extend_from_slice(bytes);
    }
}
