//! The Pong that is owed.
//!
//! Only the newest Ping has to be answered (RFC 6455 §5.5.3), so a flood of Pings that nobody drains costs these 126
//! bytes and no more.

use crate::wire::header::MAX_CONTROL_PAYLOAD_BYTES;

/// The payload of the Ping that waits for its answer, if there is one.
#[derive(Clone)]
pub(super) struct OwedPong {
    /// [`NOTHING`], or how many bytes.
    len: u8,
    payload: [u8; MAX_CONTROL_PAYLOAD_BYTES],
}

const NOTHING: u8 = u8::MAX;

impl OwedPong {
    pub(super) const fn new() -> Self {
        Self { len: NOTHING, payload: [0; MAX_CONTROL_PAYLOAD_BYTES] }
    }

    /// Owes the answer to this Ping, and to no earlier one.
    pub(super) fn owe(&mut self, ping: &[u8]) {
        for (to, byte) in self.payload.iter_mut().zip(ping) {
            *to = *byte;
        }
        self.len = u8::try_from(ping.len()).unwrap_or(NOTHING);
    }

    pub(super) const fn clear(&mut self) {
        self.len = NOTHING;
    }

    #[inline]
    pub(super) const fn is_owed(&self) -> bool {
        self.len != NOTHING
    }

    /// What the Pong has to hold.
    pub(super) fn payload(&self) -> Option<&[u8]> {
        self.payload.get(..usize::from(self.len))
    }
}
