//! Masking while copying: one pass over memory for a client that may not touch the caller's payload.

#![expect(unsafe_code, reason = "hands two slices to the kernels")]

use core::mem::MaybeUninit;
use core::slice;

use super::dispatch;
use super::generic::MAX_SHORT_BYTES;
use super::task::Mask;

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
    let len = to.len().min(payload.len());
    // SAFETY: both slices have `len` bytes, and one that may be written overlaps no other.
    unsafe { dispatch::run::<Mask>(to.as_mut_ptr(), payload.as_ptr(), len, key) };
}

/// [`copy`] into memory that nobody has written yet, or as it is if there is no key; gives back the part that now is
/// written.
///
/// Without a key, up to 64 bytes go the same way: nothing is left of a key of zeros, and a few instructions in the
/// caller are faster than a call. Beyond, nothing copies faster than the platform.
#[inline(always)]
pub(crate) fn copy_uninit<'to>(to: &'to mut [MaybeUninit<u8>], payload: &[u8], key: Option<[u8; 4]>) -> &'to mut [u8] {
    let len = to.len().min(payload.len());
    let (to, from) = (to.as_mut_ptr().cast(), payload.as_ptr());
    // SAFETY: both slices have `len` bytes, and one that may be written overlaps no other. Nothing is read from `to`
    // until `len` bytes of it have been written, and what is given back is borrowed for as long as the caller's slice.
    unsafe {
        match key {
            Some(key) => _ = dispatch::run::<Mask>(to, from, len, key),
            None if len <= MAX_SHORT_BYTES => _ = dispatch::run::<Mask>(to, from, len, [0; 4]),
            None => to.copy_from_nonoverlapping(from, len),
        }
        slice::from_raw_parts_mut(to, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_written_is_not_given_back() {
        let payload: [u8; 300] = core::array::from_fn(|i| i.to_le_bytes()[0]);
        for (room, len) in (0..=300).flat_map(|room| [0, 1, 63, 64, 65, 299, 300].map(|len| (room, len))) {
            let mut memory = [MaybeUninit::uninit(); 300];
            let (to, _) = memory.split_at_mut(room);
            let payload = payload.get(..len).unwrap_or_default();
            for key in [None, Some([1, 2, 3, 4])] {
                let copied = copy_uninit(to, payload, key);
                assert_eq!(copied.len(), room.min(len));
                let masks = key.unwrap_or_default();
                assert!(
                    copied.iter().zip(payload).zip(masks.iter().cycle()).all(|((to, from), key)| *to == from ^ key)
                );
            }
        }
    }
}
