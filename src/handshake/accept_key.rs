//! The answer to a key: how a client knows that the server speaks WebSocket (RFC 6455 §1.3, §4.2.2 item 5.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1, block_api};

use super::grammar::ByteSet;

const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept` that belongs to `key`, the value of `Sec-WebSocket-Key` as it stands in the
/// request.
///
/// It is the base64 form of the SHA-1 of `key` and a fixed text: 28 bytes of ASCII. It proves nothing but that the
/// server knows RFC 6455, so there is no secret in it, and comparing it takes no care about time (§10.8).
///
/// ```
/// use websocket_proto::handshake::accept_key;
///
/// assert_eq!(&accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    match key.try_into() {
        // Every legal key has this length, and for one the two blocks are known but for the key itself.
        Ok(key) => base64(&sha1_of_legal(key)),
        Err(_) => base64(&Sha1::new().chain_update(key).chain_update(GUID).finalize()),
    }
}

/// SHA-1 of `key` and [`GUID`] without a buffer in between: 60 bytes and their padding are two blocks (FIPS 180-4
/// §5.1.1).
fn sha1_of_legal(key: &[u8; 24]) -> [u8; 20] {
    let mut blocks = BLOCKS;
    if let Some(place) = blocks.first_mut().and_then(|block| block.first_chunk_mut()) {
        *place = *key;
    }
    // The initial value of FIPS 180-4 §5.3.1.
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    block_api::compress(&mut state, &blocks);
    let mut digest = [0; 20];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// Room for the key, the fixed text, one bit, zeros, and the length of both in bits.
const BLOCKS: [[u8; 64]; 2] = [*b"........................258EAFA5-E914-47DA-95CA-C5AB0DC85B11\x80\0\0\0", {
    let mut block = [0; 64];
    if let Some(bits) = block.last_chunk_mut() {
        *bits = (60_u64 * 8).to_be_bytes();
    }
    block
}];

/// The value of `Sec-WebSocket-Key` for a nonce (RFC 6455 §4.1 item 7).
pub(super) fn key(nonce: [u8; 16]) -> [u8; 24] {
    base64(&nonce)
}

/// Whether `key` is the base64 form of 16 bytes: 22 characters of the alphabet and `==` (RFC 6455 §4.2.1 item 5).
///
/// The last character carries four bits that belong to no byte. RFC 4648 §3.5 lets a decoder refuse a key in which they
/// are set; we accept it, since nothing depends on them: the key is hashed as it stands.
pub(super) fn is_key(key: &[u8]) -> bool {
    match key.split_last_chunk::<2>() {
        Some((characters, b"==")) => characters.len() == 22 && BASE64.prefix_len(characters) == 22,
        _ => false,
    }
}

static BASE64: ByteSet = ByteSet::alphanumeric_and(b"+/");

/// `N` must be the length of the base64 form of `bytes`.
fn base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [0; N];
    let written = STANDARD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written, Ok(N), "the array has the length of the text");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_blocks_are_those_of_the_hash() {
        for byte in 0..=u8::MAX {
            let key = [byte; 24];
            assert_eq!(sha1_of_legal(&key), *Sha1::new().chain_update(key).chain_update(GUID).finalize());
        }
    }
}
