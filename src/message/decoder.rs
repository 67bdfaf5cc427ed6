//! Which frame headers a peer may send.
//!
//! # The rules
//!
//! A header is judged in the order of its bytes, each rule as soon as its byte is there, and before any payload is
//! waited for:
//!
//! | seen | decided |
//! |---|---|
//! | byte 0 | reserved bits, reserved opcodes, FIN on control frames, continuation only of a message in progress and nothing else during one, number of fragments and of control frames |
//! | byte 1 | the mask bit by role, control payload of at most 125 bytes |
//! | the length | shortest form, top bit, frame limit, message limit |
//!
//! Nothing else in the crate refuses a header. [`WholeMessage`](crate::wire::header::WholeMessage) knows the frame that
//! most are by sight, and may say yes only where these rules do. Since the verdict depends on the bytes in their order alone, it cannot
//! depend on how they were cut: a header of which only a part is there is looked at again when more has come, which is
//! at most thirteen times.

use super::MessageKind;
#[cfg(feature = "deflate")]
use super::rsv1::Compressed;
use crate::error::{Limit, ProtocolError, Violation};
use crate::wire::header::{self, FIN, FrameHeader, MASK, MAX_CONTROL_PAYLOAD_BYTES, RSV};
use crate::wire::mask;
use crate::wire::opcode::Opcode;

/// How much a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes a message may have, all its fragments together. `u64::MAX` for no limit.
    pub max_message_bytes: u64,
    /// The most bytes one frame of a message may have. `u64::MAX` for no limit of its own.
    pub max_frame_bytes: u64,
    /// The most frames a message may have, empty ones included. `u32::MAX` for no limit.
    pub max_fragments: u32,
    /// The most Pings and Pongs that may come with no frame of a message between them. `u32::MAX` for no limit.
    pub max_control_frames: u32,
}

impl Limits {
    /// No limits: every length below 2^63 is legal.
    pub const NONE: Self = Self {
        max_message_bytes: u64::MAX,
        max_frame_bytes: u64::MAX,
        max_fragments: u32::MAX,
        max_control_frames: u32::MAX,
    };
}

/// Where in the stream of frames we are.
///
/// Which end we are is not kept here: whoever asks knows it, most of them at compile time. A server's peer has to mask,
/// a client's must not.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    limits: Limits,
    /// The bytes of the message in progress that headers have announced so far.
    message_len: u64,
    /// The payload bytes of the current frame that have not come yet.
    left: u64,
    fragments: u32,
    /// The Pings and Pongs since the last frame of a message, or since [`calm`](Self::calm).
    control_frames: u32,
    /// The key for the next payload byte of the current frame.
    key: [u8; 4],
    /// The data message that has begun and not ended.
    message: Option<MessageKind>,
    /// The frame whose header has come and whose end has not.
    current: Option<Current>,
    #[cfg(feature = "deflate")]
    compressed: Compressed,
}

/// What stays of a header while its payload arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) opcode: Opcode,
    pub(crate) fin: bool,
}

impl Frames {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            message_len: 0,
            left: 0,
            fragments: 0,
            control_frames: 0,
            key: [0; 4],
            message: None,
            current: None,
            #[cfg(feature = "deflate")]
            compressed: Compressed::Never,
        }
    }

    #[inline]
    pub(crate) const fn current(&self) -> Option<Current> {
        self.current
    }

    #[inline]
    pub(crate) const fn message(&self) -> Option<MessageKind> {
        self.message
    }

    #[inline]
    pub(crate) const fn left(&self) -> u64 {
        self.left
    }

    /// The key for the next payload byte, if the peer masks.
    #[inline]
    pub(crate) const fn key(&self, is_server: bool) -> Option<[u8; 4]> {
        if is_server { Some(self.key) } else { None }
    }

    /// How long the next frame may be if it is all of a message; `None` when there can be no such frame now.
    #[inline]
    pub(crate) const fn max_whole_bytes(&self) -> Option<u64> {
        let Limits { max_message_bytes, max_frame_bytes, max_fragments, .. } = self.limits;
        if self.message.is_some() || self.current.is_some() || max_fragments == 0 {
            return None;
        }
        Some(if max_frame_bytes < max_message_bytes { max_frame_bytes } else { max_message_bytes })
    }

    /// Whether these are some of the payload bytes of a message's frame, and not its last, and stay as they are.
    #[inline]
    pub(crate) const fn is_amid_payload(&self, unread_len: usize) -> bool {
        #[cfg(feature = "deflate")]
        if self.is_compressed() {
            return false;
        }
        match self.current {
            Some(frame) => !frame.opcode.is_control() && 0 < unread_len && (unread_len as u64) < self.left,
            None => false,
        }
    }

    /// How many bytes of the message in progress have come.
    #[inline]
    pub(crate) const fn received(&self) -> u64 {
        match self.current {
            Some(frame) if !frame.opcode.is_control() => self.message_len.saturating_sub(self.left),
            _ => self.message_len,
        }
    }

    /// How many bytes the limit still lets the message in progress announce.
    #[inline]
    pub(crate) const fn allowance(&self) -> u64 {
        self.limits.max_message_bytes.saturating_sub(self.message_len)
    }

    /// Reads and judges the header at the start of `bytes`; gives it with its length in bytes, or `None` when it is not
    /// whole.
    #[inline]
    pub(crate) fn parse(&self, bytes: &[u8], is_server: bool) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        let Some((&first, after)) = bytes.split_first() else { return Ok(None) };
        let opcode = Opcode::from_low_bits(first);
        self.judge_first(first, opcode)?;

        let Some((&second, after)) = after.split_first() else { return Ok(None) };
        judge_second(second, opcode, is_server)?;

        let Some((payload_len, key_at, after)) = header::parse_length(second, after) else { return Ok(None) };
        self.judge_length(first, second, payload_len)?;

        let Some((mask, header_len)) = header::parse_key(second, key_at, after) else { return Ok(None) };
        let header = FrameHeader { fin: first & FIN != 0, rsv: (first & RSV) >> 4, opcode, mask, payload_len };
        Ok(Some((header, header_len)))
    }

    #[inline]
    fn judge_first(&self, first: u8, opcode: Opcode) -> Result<(), ProtocolError> {
        if first & RSV != 0 {
            self.judge_reserved_bits(first, opcode)?;
        }
        if opcode.is_control() || opcode.is_reserved() {
            return self.judge_first_of_control(first, opcode);
        }
        match (opcode == Opcode::CONTINUATION, self.message.is_some()) {
            (true, false) => Err(Violation::UnexpectedContinuation.into()),
            (false, true) => Err(Violation::ExpectedContinuation.into()),
            _ if self.fragments >= self.limits.max_fragments => Err(Limit::TooManyFragments.into()),
            _ => Ok(()),
        }
    }

    /// RFC 7692 §6: the first reserved bit, on the first frame of a message, says that the message is compressed.
    #[cold]
    fn judge_reserved_bits(&self, first: u8, opcode: Opcode) -> Result<(), ProtocolError> {
        #[cfg(feature = "deflate")]
        if self.compressed.allows(first, opcode) {
            return Ok(());
        }
        let _ = (first, opcode);
        Err(Violation::ReservedBits.into())
    }

    #[cold]
    fn judge_first_of_control(&self, first: u8, opcode: Opcode) -> Result<(), ProtocolError> {
        match opcode {
            Opcode::CLOSE | Opcode::PING | Opcode::PONG if first & FIN == 0 => Err(Violation::FragmentedControl.into()),
            Opcode::PING | Opcode::PONG if self.control_frames >= self.limits.max_control_frames => {
                Err(Limit::TooManyControlFrames.into())
            }
            Opcode::CLOSE | Opcode::PING | Opcode::PONG => Ok(()),
            reserved => Err(Violation::ReservedOpcode(reserved).into()),
        }
    }

    #[inline]
    fn judge_length(&self, first: u8, second: u8, payload_len: u64) -> Result<(), ProtocolError> {
        if !header::is_minimal(second, payload_len) {
            return Err(Violation::LengthNotMinimal.into());
        }
        if payload_len.leading_zeros() == 0 {
            return Err(Violation::LengthTopBit.into());
        }
        if Opcode::from_low_bits(first).is_control() {
            return Ok(());
        }
        if payload_len > self.limits.max_frame_bytes {
            return Err(Limit::FrameTooBig.into());
        }
        if payload_len > self.allowance() {
            return self.judge_excess(first, payload_len);
        }
        Ok(())
    }

    /// A frame has more bytes than its message may have. If that is compressed, it is the inflated bytes that count.
    #[cold]
    fn judge_excess(&self, first: u8, payload_len: u64) -> Result<(), ProtocolError> {
        #[cfg(feature = "deflate")]
        if first & RSV != 0 || self.is_compressed() {
            let most = Compressed::max_wire_bytes(self.limits.max_message_bytes, self.fragments);
            if payload_len <= most.saturating_sub(self.message_len) {
                return Ok(());
            }
        }
        let _ = (first, payload_len);
        Err(Limit::MessageTooBig.into())
    }

    /// Goes into the frame whose header [`parse`](Self::parse) has passed.
    #[inline]
    pub(crate) const fn begin(&mut self, header: &FrameHeader) -> Current {
        let current = Current { opcode: header.opcode, fin: header.fin };
        self.current = Some(current);
        self.left = header.payload_len;
        if let Some(key) = header.mask {
            self.key = key;
        }
        match header.opcode {
            Opcode::TEXT => self.message = Some(MessageKind::Text),
            Opcode::BINARY => self.message = Some(MessageKind::Binary),
            _ => {}
        }
        #[cfg(feature = "deflate")]
        self.compressed.begin(header.rsv);
        if header.opcode.is_control() {
            self.control_frames = self.control_frames.saturating_add(1);
        } else {
            self.message_len = self.message_len.saturating_add(header.payload_len);
            self.fragments = self.fragments.saturating_add(1);
            self.calm();
        }
        current
    }

    /// Begins anew to count control frames: something else has happened between them.
    #[inline]
    pub(crate) const fn calm(&mut self) {
        self.control_frames = 0;
    }

    /// Goes past `count` payload bytes of the current frame.
    #[inline]
    pub(crate) const fn advance(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        self.key = mask::rotate(self.key, count);
    }

    /// Leaves the current frame, all of which has come, and with it the message if it was the last.
    #[inline]
    pub(crate) fn end(&mut self) {
        if self.current.take().is_some_and(|frame| frame.fin && !frame.opcode.is_control()) {
            self.message = None;
            self.message_len = 0;
            self.fragments = 0;
            #[cfg(feature = "deflate")]
            self.compressed.end();
        }
    }
}

#[cfg(feature = "deflate")]
impl Frames {
    /// From here on the peer may compress.
    pub(crate) const fn agree_on_compression(&mut self) {
        self.compressed = Compressed::Agreed;
    }

    /// Whether the message in progress is compressed.
    #[inline]
    pub(crate) const fn is_compressed(&self) -> bool {
        matches!(self.compressed, Compressed::Now)
    }

    /// The bytes on the wire that headers of the message in progress have announced so far.
    pub(crate) const fn announced(&self) -> u64 {
        self.message_len
    }

    pub(crate) const fn max_message_bytes(&self) -> u64 {
        self.limits.max_message_bytes
    }
}

/// Half a close code is refused here already; that [`close::parse`](crate::close::parse) refuses it too is for those who
/// parse a body by themselves.
#[inline]
fn judge_second(second: u8, opcode: Opcode, is_server: bool) -> Result<(), ProtocolError> {
    match (second & MASK != 0, is_server) {
        (false, true) => return Err(Violation::UnmaskedFrame.into()),
        (true, false) => return Err(Violation::MaskedFrame.into()),
        (true, true) | (false, false) => {}
    }
    match header::short_length(second) {
        len if opcode.is_control() && usize::from(len) > MAX_CONTROL_PAYLOAD_BYTES => {
            Err(Violation::ControlTooLong.into())
        }
        1 if opcode == Opcode::CLOSE => Err(Violation::CloseTruncated.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::{MAX_HEADER_BYTES, WHOLE_HEADER_BYTES, WholeMessage};

    /// All first two bytes, with lengths at every edge behind them: the filter finds a message exactly where the rules
    /// find a text or binary message that is one frame and whose length has at most two more bytes.
    #[test]
    fn the_filter_finds_what_the_rules_find() {
        let mut found = 0;
        for start in 0..=u16::MAX {
            let has_more = start.to_le_bytes()[1] & 0x7F >= 126;
            let lens: &[u16] = if has_more { &[0, 1, 125, 126, 127, 0x7FFF, 0x8000, 0xFFFF] } else { &[0] };
            for len in lens {
                for is_server in [false, true] {
                    let mut bytes = [0x5A; MAX_HEADER_BYTES];
                    bytes[..2].copy_from_slice(&start.to_le_bytes());
                    bytes[2..4].copy_from_slice(&len.to_be_bytes());
                    let frames = Frames::new(Limits::NONE);
                    let ruled = frames.parse(&bytes, is_server).ok().flatten().filter(|(header, _)| {
                        let is_message = matches!(header.opcode, Opcode::TEXT | Opcode::BINARY) && header.fin;
                        is_message && header::short_length(bytes[1]) < 127
                    });
                    let first = bytes.first_chunk::<WHOLE_HEADER_BYTES>().copied();
                    let filtered = first.and_then(|first| WholeMessage::parse(first, is_server));
                    let seen = filtered.map(|whole| {
                        let opcode = if whole.is_text { Opcode::TEXT } else { Opcode::BINARY };
                        let payload_len = whole.payload_len.into();
                        (FrameHeader { fin: true, rsv: 0, opcode, mask: whole.key(), payload_len }, whole.header_len)
                    });
                    assert_eq!(seen, ruled, "{bytes:02x?}, server: {is_server}");
                    found += usize::from(seen.is_some());
                }
            }
        }
        // Two kinds, two roles: 126 lengths in the second byte, and the five here that have to stand behind it.
        assert_eq!(found, 2 * 2 * (126 + 5));
    }
}
