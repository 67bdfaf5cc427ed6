//! Masking while copying: one pass over memory for a client that may not touch the caller's payload.

use core::mem::MaybeUninit;

use super::portable::widen;

/// Copies `payload` into `to`, masked; `payload[0]` meets `key[0]`. Stops where the shorter of the two ends.
///
/// ```
/// use websocket_proto::mask;
///
/// let mut to = [0; 5];
/// mask::copy(&mut to, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(to, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn copy(to: &mut [u8], payload: &[u8], key: [u8; 4]) {
    let (words_to, tail_to) = to.as_chunks_mut::<8>();
    let (words, _) = payload.as_chunks::<8>();
    if words.len() < words_to.len() {
        return copy_short(to, payload, key);
    }
    let wide = widen(key);
    for (to, word) in words_to.iter_mut().zip(words) {
        *to = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
    }
    let done = words_to.len().saturating_mul(8);
    copy_short(tail_to, payload.get(done..).unwrap_or_default(), key);
}

#[inline]
fn copy_short(to: &mut [u8], payload: &[u8], key: [u8; 4]) {
    for ((to, byte), key) in to.iter_mut().zip(payload).zip(key.iter().cycle()) {
        *to = byte ^ key;
    }
}

/// [`copy`] into memory that nobody has written yet; gives back the part that now is.
#[inline]
pub(crate) fn copy_uninit<'to>(to: &'to mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) -> &'to mut [u8] {
    let mut len: usize = 0;
    let wide = widen(key);
    let (words_to, _) = to.as_chunks_mut::<8>();
    for (to, word) in words_to.iter_mut().zip(payload.as_chunks::<8>().0) {
        *to = (u64::from_le_bytes(*word) ^ wide).to_le_bytes().map(MaybeUninit::new);
        len = len.saturating_add(8);
    }
    let tail = payload.get(len..).unwrap_or_default();
    for ((to, byte), key) in to.iter_mut().skip(len).zip(tail).zip(key.iter().cycle()) {
        to.write(byte ^ key);
        len = len.saturating_add(1);
    }
    let written = to.get_mut(..len).unwrap_or_default();
    // SAFETY: the loops above have written the first `len` elements.
    #[expect(unsafe_code, reason = "the one step from written to initialised")]
    unsafe {
        written.assume_init_mut()
    }
}
