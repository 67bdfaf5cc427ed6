//! A decoder of frames for those who keep the bytes themselves.

use arrayvec::ArrayVec;

use super::MessageKind;
use super::decoder::{Frames, Limits};
use crate::error::ProtocolError;
use crate::wire::header::{FrameHeader, MAX_HEADER_BYTES};
use crate::wire::mask;

/// A part of a frame, as [`Decoder::decode`] finds it.
#[derive(Debug, PartialEq, Eq)]
pub enum FramePart<'a> {
    /// A frame begins. When its `payload_len` is 0, this is all of it.
    Header(FrameHeader),
    /// Payload of the frame, unmasked where it lies.
    Payload {
        /// The bytes: never empty.
        bytes: &'a mut [u8],
        /// Whether the frame ends with them.
        ends_frame: bool,
    },
}

/// A frame decoder over bytes that the caller owns: it unmasks them in place, keeps at most one partial header (14
/// bytes), and enforces every rule that binds a frame (RFC 6455 §5.1, §5.2, §5.4, §5.5) and the [`Limits`].
///
/// What it leaves to you: whether text is UTF-8 ([`utf8::Validator`](crate::utf8::Validator)), what a Close frame says
/// ([`close::parse`](crate::close::parse)), and every answer. [`Connection`](crate::Connection) does all of that.
///
/// ```
/// use websocket_proto::frame::{Decoder, FramePart, Limits};
///
/// let mut decoder = Decoder::server(Limits::NONE);
/// let mut bytes = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// let mut input = &mut bytes[..];
/// while let Some(part) = decoder.decode(&mut input)? {
///     match part {
///         FramePart::Header(header) => assert_eq!(header.payload_len, 5),
///         FramePart::Payload { bytes, ends_frame } => assert_eq!((&*bytes, ends_frame), (&b"Hello"[..], true)),
///     }
/// }
/// assert!(input.is_empty());
/// # Ok::<(), websocket_proto::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    frames: Frames,
    is_server: bool,
    partial: ArrayVec<u8, MAX_HEADER_BYTES>,
    failed: Option<ProtocolError>,
}

impl Decoder {
    /// The decoder of a server: frames have to be masked.
    #[must_use]
    pub const fn server(limits: Limits) -> Self {
        Self { frames: Frames::new(limits), is_server: true, partial: ArrayVec::new_const(), failed: None }
    }

    /// The decoder of a client: frames must not be masked.
    #[must_use]
    pub const fn client(limits: Limits) -> Self {
        Self { frames: Frames::new(limits), is_server: false, partial: ArrayVec::new_const(), failed: None }
    }

    /// The same decoder where permessage-deflate was agreed on: the first frame of a message may have the first reserved
    /// bit (`rsv` 4 in its header), which says that the message is compressed. Everything else is refused as before, the
    /// bit elsewhere too.
    ///
    /// Payload is given as it came. So a proxy that has passed the negotiation on can pass these frames on, without a
    /// context of its own. [`max_message_bytes`](Limits::max_message_bytes) then holds, for such a message, for
    /// what it has on the wire, with an eighth and a kilobyte more; what it inflates to is for the one who inflates it.
    ///
    /// ```
    /// use websocket_proto::frame::{Decoder, FramePart, Limits};
    ///
    /// let mut decoder = Decoder::client(Limits::NONE).allow_compressed();
    /// let mut bytes = *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"; // RFC 7692 section 7.2.3.1
    /// let mut input = &mut bytes[..];
    /// let Some(FramePart::Header(header)) = decoder.decode(&mut input)? else { unreachable!("it is whole") };
    /// assert_eq!(header.rsv, 4);
    /// # Ok::<(), websocket_proto::ProtocolError>(())
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn allow_compressed(mut self) -> Self {
        self.frames.agree_on_compression();
        self
    }

    /// The message that has begun and not ended, if there is one.
    #[must_use]
    pub const fn message(&self) -> Option<MessageKind> {
        self.frames.message()
    }

    /// Takes the next part of a frame from the front of `input`, which it moves past what it has used.
    ///
    /// `None` means that `input` is used up: call again with more.
    ///
    /// # Errors
    ///
    /// A [`Violation`](crate::Violation) or [`Limit`](crate::Limit), at the earliest byte that proves it. It is final:
    /// every later call gives it again.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<FramePart<'a>>, ProtocolError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.frames.left() > 0 {
            return Ok(self.decode_payload(input));
        }
        self.decode_header(input).inspect_err(|error| self.failed = Some(*error))
    }

    fn decode_header<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<FramePart<'a>>, ProtocolError> {
        while let Some((byte, rest)) = core::mem::take(input).split_first_mut() {
            *input = rest;
            let fits = self.partial.try_push(*byte).is_ok();
            debug_assert!(fits, "a header is complete after its longest form");
            if let Some((header, _)) = self.frames.parse(&self.partial, self.is_server)? {
                self.partial.clear();
                self.frames.begin(&header);
                if header.payload_len == 0 {
                    self.frames.end();
                }
                return Ok(Some(FramePart::Header(header)));
            }
        }
        Ok(None)
    }

    fn decode_payload<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<FramePart<'a>> {
        let count = usize::try_from(self.frames.left()).unwrap_or(usize::MAX).min(input.len());
        let (bytes, rest) = core::mem::take(input).split_at_mut_checked(count)?;
        *input = rest;
        if bytes.is_empty() {
            return None;
        }
        if let Some(key) = self.frames.key(self.is_server) {
            mask::apply(bytes, key);
        }
        self.frames.advance(count);
        let ends_frame = self.frames.left() == 0;
        if ends_frame {
            self.frames.end();
        }
        Some(FramePart::Payload { bytes, ends_frame })
    }
}
