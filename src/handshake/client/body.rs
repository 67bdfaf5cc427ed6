//! The body of an answer that refuses (RFC 9112 §6).
//!
//! Three ways to know where it ends: a length, chunks, or the end of the transport. A chunked body is taken apart here,
//! so that the caller sees the same in all three: pieces of the body, as they come. Nothing is collected, so a body can
//! be of any length.
//!
//! ```text
//!            digits              LF             all data            CR LF
//!  Size ────────────► Size ────────────► Data ────────────► End ────────────► Size
//!                      │ size 0: LF
//!                      └────────► Trailer ──── an empty line ────► complete
//! ```

use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::view::View;
use crate::error::{HandshakeError, HeadPart};
use crate::handshake::fields::Fields;
use crate::handshake::grammar;

/// Reads the body of an answer out of the receive buffer, piece by piece. It holds no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Complete,
    /// This many bytes are still to come.
    Length(u64),
    UntilEof,
    Chunked(Chunk),
    /// The chunks were not what they should be.
    Malformed,
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    /// Hexadecimal digits of the size, of which there have been some or not.
    Size { bytes: u64, has_digits: bool },
    /// The rest of the line with the size: extensions, which mean nothing to us.
    Extension { bytes: u64 },
    /// LF behind the CR of that line.
    SizeEnd { bytes: u64 },
    /// Data: this many bytes are still to come, at least one.
    Data { bytes: u64 },
    /// CR behind the data.
    DataCr,
    /// LF behind the data.
    DataLf,
    /// A line behind the last chunk: a trailer field, or the empty line that is the end.
    Trailer { is_empty: bool },
    /// LF behind the CR of that line.
    TrailerEnd { is_empty: bool },
}

impl Body {
    /// RFC 9112 §6.3, for an answer to GET. Where lengths contradict each other, the body goes on to the end of the
    /// transport.
    pub(super) fn new(status: u16, fields: &Fields<'_>) -> Self {
        let last_coding = fields.transfer_encoding.and_then(|value| grammar::elements(value).last());
        let framing = match (last_coding, fields.content_length) {
            _ if matches!(status, 204 | 304) => Framing::Complete,
            (Some(coding), _) if coding.eq_ignore_ascii_case(b"chunked") => Framing::Chunked(Chunk::START),
            (None, Some(0)) if fields.check_counts().is_ok() => Framing::Complete,
            (None, Some(bytes)) if fields.check_counts().is_ok() => Framing::Length(bytes),
            _ => Framing::UntilEof,
        };
        Self { framing }
    }

    /// The next piece of the body in `rx`: never empty, and taken out of it. `None` when there is none: because more
    /// bytes are needed, or because the body [is complete](Self::is_complete).
    ///
    /// # Errors
    ///
    /// [`Malformed`](HandshakeError::Malformed) when the chunks are not what RFC 9112 §7.1 says. Each later call gives
    /// it again.
    pub fn receive<'rx, S: Storage>(
        &mut self,
        rx: &'rx mut RecvBuffer<S>,
    ) -> Result<Option<&'rx [u8]>, HandshakeError> {
        let mut view = rx.view();
        self.skip_framing(&mut view)?;
        let count = self.available(view.unread_len());
        if count == 0 {
            view.want(1);
            return Ok(None);
        }
        self.count_off(count);
        Ok(Some(view.take(count)))
    }

    /// Whether all of the body has been received.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.framing, Framing::Complete)
    }

    /// How many bytes are still to come; `None` when the server has not said.
    #[must_use]
    pub const fn remaining(&self) -> Option<u64> {
        match self.framing {
            Framing::Complete => Some(0),
            Framing::Length(bytes) => Some(bytes),
            Framing::UntilEof | Framing::Chunked(_) | Framing::Malformed => None,
        }
    }

    /// Says that the transport has ended, which is the end of a body of unknown length.
    ///
    /// # Errors
    ///
    /// [`Eof`](HandshakeError::Eof) when a part of the body is missing.
    pub const fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        match self.framing {
            Framing::Complete => Ok(()),
            Framing::UntilEof => {
                self.framing = Framing::Complete;
                Ok(())
            }
            Framing::Length(_) | Framing::Chunked(_) => Err(HandshakeError::Eof),
            Framing::Malformed => Err(MALFORMED),
        }
    }

    /// Takes out what stands between the data of two chunks.
    fn skip_framing(&mut self, view: &mut View<'_>) -> Result<(), HandshakeError> {
        if self.framing == Framing::Malformed {
            return Err(MALFORMED);
        }
        let mut count = 0_usize;
        for byte in view.unread() {
            let Framing::Chunked(chunk) = self.framing else { break };
            if matches!(chunk, Chunk::Data { .. }) {
                break;
            }
            let Some(next) = chunk.after(*byte) else {
                self.framing = Framing::Malformed;
                return Err(MALFORMED);
            };
            self.framing = next;
            count = count.saturating_add(1);
        }
        view.skip(count);
        Ok(())
    }

    /// How many of the next `unread` bytes are data.
    fn available(&self, unread: usize) -> usize {
        match self.framing {
            Framing::UntilEof => unread,
            Framing::Length(bytes) | Framing::Chunked(Chunk::Data { bytes }) => {
                usize::try_from(bytes).map_or(unread, |bytes| bytes.min(unread))
            }
            Framing::Complete | Framing::Chunked(_) | Framing::Malformed => 0,
        }
    }

    fn count_off(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.framing = match self.framing {
            Framing::Length(bytes) if bytes <= count => Framing::Complete,
            Framing::Length(bytes) => Framing::Length(bytes.saturating_sub(count)),
            Framing::Chunked(Chunk::Data { bytes }) if bytes <= count => Framing::Chunked(Chunk::DataCr),
            Framing::Chunked(Chunk::Data { bytes }) => {
                Framing::Chunked(Chunk::Data { bytes: bytes.saturating_sub(count) })
            }
            other => other,
        };
    }
}

const MALFORMED: HandshakeError = HandshakeError::Malformed(HeadPart::Chunk);

impl Chunk {
    const START: Self = Self::Size { bytes: 0, has_digits: false };

    /// What comes after `byte`, which is not data; `None` when it must not stand here.
    fn after(self, byte: u8) -> Option<Framing> {
        let chunk = match (self, byte) {
            (Self::Size { bytes, has_digits: true }, b'\r') => Self::SizeEnd { bytes },
            (Self::Size { bytes, has_digits: true }, b';' | b' ' | b'\t') => Self::Extension { bytes },
            (Self::Size { bytes, .. }, byte) => {
                let digit = u64::from(char::from(byte).to_digit(16)?);
                Self::Size { bytes: bytes.checked_mul(16)?.checked_add(digit)?, has_digits: true }
            }
            (Self::Extension { bytes }, b'\r') => Self::SizeEnd { bytes },
            (Self::SizeEnd { bytes: 0 }, b'\n') => Self::Trailer { is_empty: true },
            (Self::SizeEnd { bytes }, b'\n') => Self::Data { bytes },
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::START,
            (Self::Trailer { is_empty }, b'\r') => Self::TrailerEnd { is_empty },
            (Self::TrailerEnd { is_empty: true }, b'\n') => return Some(Framing::Complete),
            (Self::TrailerEnd { is_empty: false }, b'\n') => Self::Trailer { is_empty: true },
            (Self::Extension { .. } | Self::Trailer { .. }, b'\n') => return None,
            (Self::Extension { bytes }, _) => Self::Extension { bytes },
            (Self::Trailer { .. }, _) => Self::Trailer { is_empty: false },
            (Self::SizeEnd { .. } | Self::DataCr | Self::DataLf | Self::TrailerEnd { .. } | Self::Data { .. }, _) => {
                return None;
            }
        };
        Some(Framing::Chunked(chunk))
    }
}
