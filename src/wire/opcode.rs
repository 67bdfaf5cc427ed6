//! What kind of frame it is: the low four bits of a frame's first byte (RFC 6455 §5.2, §11.8).

/// A frame's opcode, a number from 0 to 15.
///
/// An open newtype: reserved numbers are values like any other, and parsing never fails on one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(u8);

impl Opcode {
    /// The next fragment of the message in progress (§5.4).
    pub const CONTINUATION: Self = Self(0x0);
    /// A text message, or its first fragment (§5.6).
    pub const TEXT: Self = Self(0x1);
    /// A binary message, or its first fragment (§5.6).
    pub const BINARY: Self = Self(0x2);
    /// The Close control frame (§5.5.1).
    pub const CLOSE: Self = Self(0x8);
    /// The Ping control frame (§5.5.2).
    pub const PING: Self = Self(0x9);
    /// The Pong control frame (§5.5.3).
    pub const PONG: Self = Self(0xA);

    /// The opcode in the low four bits of `byte`; the high four are ignored.
    #[must_use]
    #[inline]
    pub const fn from_low_bits(byte: u8) -> Self {
        Self(byte & 0x0F)
    }

    /// The number, 0 to 15.
    #[must_use]
    #[inline]
    pub const fn as_u8(self) -> u8 {
        self.0
    }

    /// Whether it is a control frame: 8 to 15, reserved ones included (§5.5).
    #[must_use]
    #[inline]
    pub const fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Whether RFC 6455 gives it no meaning: 3 to 7 and 11 to 15.
    #[must_use]
    #[inline]
    pub const fn is_reserved(self) -> bool {
        !matches!(self.0, 0x0..=0x2 | 0x8..=0xA)
    }
}

impl core::fmt::Debug for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::fmt::Display for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::CONTINUATION => f.write_str("continuation"),
            Self::TEXT => f.write_str("text"),
            Self::BINARY => f.write_str("binary"),
            Self::CLOSE => f.write_str("close"),
            Self::PING => f.write_str("ping"),
            Self::PONG => f.write_str("pong"),
            Self(number) => write!(f, "reserved opcode {number:#x}"),
        }
    }
}
