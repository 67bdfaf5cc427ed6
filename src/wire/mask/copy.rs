//! Masking while copying: one pass over memory for a client that may not touch the caller's payload.

#![expect(unsafe_code, reason = "hands two slices to the kernels")]

#[cfg(any(test, feature = "alloc"))]
use core::mem::MaybeUninit;
#[cfg(any(test, feature = "alloc"))]
use core::slice;

use super::dispatch;
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

/// [`copy`] into memory that nobody has written yet; gives back the part that now is.
#[cfg(any(test, feature = "alloc"))]
#[inline]
pub(crate) fn copy_uninit<'to>(to: &'to mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) -> &'to mut [u8] {
    let len = to.len().min(payload.len());
    let to = to.as_mut_ptr().cast();
    // SAFETY: both slices have `len` bytes, and one that may be written overlaps no other. Nothing is read from `to`
    // until `len` bytes of it have been written, and what is given back is borrowed for as long as the caller's slice.
    unsafe {
        dispatch::run::<Mask>(to, payload.as_ptr(), len, key);
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
            let masked = copy_uninit(to, payload, [1, 2, 3, 4]);
            assert_eq!(masked.len(), room.min(len));
            assert!(
                masked.iter().zip(payload).zip([1, 2, 3, 4].iter().cycle()).all(|((to, from), key)| *to == from ^ key)
            );
        }
    }
}
