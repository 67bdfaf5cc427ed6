//! Which messages are compressed: what the first reserved bit says (RFC 7692 §6).

use crate::wire::header::{RSV, RSV1};
use crate::wire::opcode::Opcode;

/// Whether messages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compressed {
    /// None may be.
    Never,
    /// A message may begin with the bit.
    Agreed,
    /// The message in progress has begun with the bit.
    Now,
}

impl Compressed {
    /// Whether a frame may begin with the reserved bits of `first`: the first frame of a message may have the first of
    /// them. (That a message is in progress already is for others to notice.)
    pub(super) fn allows(self, first: u8, opcode: Opcode) -> bool {
        self != Self::Never && first & RSV == RSV1 && matches!(opcode, Opcode::TEXT | Opcode::BINARY)
    }

    /// A message begins with the bit, or it does not.
    pub(super) const fn begin(&mut self, rsv: u8) {
        if rsv != 0 {
            *self = Self::Now;
        }
    }

    /// A message has ended.
    pub(super) const fn end(&mut self) {
        if matches!(self, Self::Now) {
            *self = Self::Agreed;
        }
    }

    /// The most bytes that a compressed message may have on the wire, with one more fragment: as many as it may have
    /// when it is inflated, an eighth and a kilobyte more for what cannot be compressed, and 16 for the end of each
    /// fragment. There is no honest reason to need more.
    pub(super) const fn max_wire_bytes(max_message_bytes: u64, fragments: u32) -> u64 {
        let most = max_message_bytes;
        let ends = (fragments as u64).saturating_add(1).saturating_mul(16);
        most.saturating_add(most / 8).saturating_add(1024).saturating_add(ends)
    }
}
