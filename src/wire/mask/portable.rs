//! Masking with whole registers and no instruction set in particular.

/// Two keys side by side: the key for eight bytes.
#[inline]
pub(super) const fn widen(key: [u8; 4]) -> u64 {
    let [a, b, c, d] = key;
    u64::from_le_bytes([a, b, c, d, a, b, c, d])
}

/// Masks `bytes` in place: eight at a time, then the rest byte by byte.
#[inline]
pub(super) fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let wide = widen(key);
    let (words, tail) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}
