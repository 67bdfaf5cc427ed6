//! Masking: the payload xor a four-byte key, over and over (RFC 6455 §5.3).
//!
//! ```text
//! payload   H  e  l  l  o  …          masking and unmasking are the same operation;
//! key       k0 k1 k2 k3 k0 …          byte i of the payload meets byte i mod 4 of the key
//! ```
//!
//! A payload that comes in pieces is masked in pieces: the *phase* is the payload offset of a piece's first byte modulo
//! four, and [`rotate`] turns a key so that it starts at that phase. All functions here start at `key[0]`.

mod block;
mod copy;
mod dispatch;
mod generic;

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86_64;

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable as target;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use x86_64 as target;

pub use copy::copy;
#[cfg(feature = "alloc")]
pub(crate) use copy::copy_uninit;

/// Masks or unmasks `bytes` in place; `bytes[0]` meets `key[0]`.
///
/// ```
/// use websocket_proto::mask;
///
/// let mut bytes = [0, 1, 0, 1, 0, 1, 0, 1];
/// mask::apply(&mut bytes, [1, 0, 1, 0]);
/// assert_eq!(bytes, [1; 8]);
/// ```
#[inline]
#[expect(unsafe_code, reason = "hands a slice to the kernels")]
pub fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let to = bytes.as_mut_ptr();
    // SAFETY: the slice can be read and written for its length, and both pointers are its address.
    unsafe { dispatch::mask(to, to.cast_const(), bytes.len(), key) }
}

/// The key as it stands `offset` payload bytes further on: the key for the next piece.
///
/// ```
/// use websocket_proto::mask;
///
/// assert_eq!(mask::rotate([1, 2, 3, 4], 5), [2, 3, 4, 1]);
/// ```
#[must_use]
#[inline]
pub const fn rotate(key: [u8; 4], offset: usize) -> [u8; 4] {
    let [low, ..] = offset.to_le_bytes();
    let bits = ((low % 4) as u32) << 3;
    u32::from_le_bytes(key).rotate_right(bits).to_le_bytes()
}
