//! Why a connection ends: the status code and reason in a Close frame (RFC 6455 §5.5.1, §7.4).

use core::fmt;

use arrayvec::ArrayVec;

use super::header::MAX_CONTROL_PAYLOAD_BYTES;

/// A Close frame's status code (RFC 6455 §7.4, and IANA's registry for 1012 to 1014).
///
/// An open newtype: any number can be held; [`is_sendable`](Self::is_sendable) says whether it may stand on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection has been fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server goes down, a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this end cannot accept.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: *no code was in the Close frame*. A result only, never on the wire.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: *the connection ended without a Close frame*. A result only, never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: the payload does not fit the message's kind, as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a message breaks a policy of this end.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to be processed.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the server did not agree to an extension that the client needs.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: an unexpected condition kept this end from going on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid answer from upstream.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: *the TLS handshake failed*. A result only, never on the wire.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// The code with this number, whatever it is.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether an endpoint may put it into a Close frame, and must refuse one that holds another (§7.4):
    /// 1000 to 1003, 1007 to 1014, and 3000 to 4999 for libraries and applications.
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The most bytes that the reason may have: a control payload less the code (§5.5, §5.5.1).
pub const MAX_REASON_BYTES: usize = 123;

/// What a Close frame says: a code with a reason, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReason<'a> {
    /// The status code; [`CloseCode::NO_STATUS`] when the frame was empty (§7.1.5).
    pub code: CloseCode,
    /// The reason, up to [`MAX_REASON_BYTES`]; often empty. For logs, not for people (§5.5.1).
    pub reason: &'a str,
}

/// What is wrong with a Close frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseError {
    /// One byte: half a code.
    Truncated,
    /// A code that must not stand on the wire.
    Code(CloseCode),
    /// The reason is not UTF-8.
    ReasonNotUtf8,
}

/// Reads the payload of a Close frame.
///
/// # Errors
///
/// [`CloseError`] for what RFC 6455 §5.5.1, §7.4 and §8.1 forbid.
pub fn parse(payload: &[u8]) -> Result<CloseReason<'_>, CloseError> {
    let (code, reason) = match payload {
        [] => return Ok(CloseReason { code: CloseCode::NO_STATUS, reason: "" }),
        [_] => return Err(CloseError::Truncated),
        [high, low, reason @ ..] => (CloseCode(u16::from_be_bytes([*high, *low])), reason),
    };
    if !code.is_sendable() {
        return Err(CloseError::Code(code));
    }
    match core::str::from_utf8(reason) {
        Ok(reason) => Ok(CloseReason { code, reason }),
        Err(_) => Err(CloseError::ReasonNotUtf8),
    }
}

/// Why a Close frame cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsendable {
    Code(CloseCode),
    ReasonTooLong,
}

/// Writes the payload of a Close frame: [`parse`] of it gives the same code and reason.
pub(crate) fn emit(code: CloseCode, reason: &str) -> Result<ArrayVec<u8, MAX_CONTROL_PAYLOAD_BYTES>, Unsendable> {
    let mut payload = ArrayVec::new();
    if code == CloseCode::NO_STATUS && reason.is_empty() {
        return Ok(payload);
    }
    if !code.is_sendable() {
        return Err(Unsendable::Code(code));
    }
    if reason.len() > MAX_REASON_BYTES {
        return Err(Unsendable::ReasonTooLong);
    }
    payload.extend(code.as_u16().to_be_bytes());
    payload.extend(reason.bytes());
    Ok(payload)
}
