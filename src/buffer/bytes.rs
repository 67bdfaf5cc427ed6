//! [`BytesMut`] as a send buffer: for transports that take their bytes as [`Bytes`](::bytes::Bytes), such as HTTP/2 and
//! QUIC.

use ::bytes::BytesMut;

use super::send::{SendBuffer, write_frame};
use crate::wire::head::FrameHead;
use crate::wire::mask;

/// Grows as needed; it is the caller who bounds how much is sent before the transport has drained it. Unlike a `Vec`, it
/// cannot say that there is no memory left: then the program ends.
impl SendBuffer for BytesMut {
    #[inline]
    fn reserve(&mut self, additional: usize) -> bool {
        if self.spare_capacity_mut().len() >= additional {
            return true;
        }
        let fits = self.len().checked_add(additional).is_some_and(|len| isize::try_from(len).is_ok());
        if fits {
            Self::reserve(self, additional);
        }
        fits
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Self::extend_from_slice(self, bytes);
    }

    #[inline]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_masked(&mut self, bytes: &[u8], key: [u8; 4]) {
        Self::reserve(self, bytes.len());
        let written = mask::copy_uninit(self.spare_capacity_mut(), bytes, Some(key)).len();
        let len = self.len().saturating_add(written);
        // SAFETY: `copy_uninit` has initialised `written` bytes behind the old length, within the capacity.
        unsafe { self.set_len(len) }
    }

    /// Appends the frame if it fits: this is the one call that does not grow by itself.
    #[inline]
    #[expect(unsafe_code, reason = "one pass over memory: spare capacity is written without being zeroed first")]
    fn extend_frame(&mut self, head: &FrameHead, payload: &[u8]) {
        let written = write_frame(self.spare_capacity_mut(), head, payload);
        let len = self.len().saturating_add(written);
        // SAFETY: `write_frame` has initialised `written` bytes behind the old length, within the capacity.
        unsafe { self.set_len(len) }
    }
}
