//! The answer to a key: how a client knows that the server speaks WebSocket (RFC 6455 §1.3, §4.2.2 item 5.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::grammar::ByteSet;

const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept` that belongs to `key`, the value of `Sec-WebSocket-Key` as it stands in the request.
///
/// It is the base64 form of the SHA-1 of `key` and a fixed text: 28 bytes of ASCII. It proves nothing but that the server
/// knows RFC 6455, so there is no secret in it, and comparing it takes no care about time (§10.8).
///
/// ```
/// use websocket_proto::handshake::accept_key;
///
/// assert_eq!(&accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update(GUID);
    base64(&sha1.finalize())
}

/// The value of `Sec-WebSocket-Key` for a nonce (RFC 6455 §4.1 item 7).
pub(super) fn key(nonce: [u8; 16]) -> [u8; 24] {
    base64(&nonce)
}

/// Whether `key` is the base64 form of 16 bytes: 22 characters of the alphabet and `==` (RFC 6455 §4.2.1 item 5).
///
/// The last character carries four bits that belong to no byte. RFC 4648 §3.5 lets a decoder refuse a key in which they are set; we
/// accept it, since nothing depends on them: the key is hashed as it stands.
pub(super) fn is_key(key: &[u8]) -> bool {
    match key.split_last_chunk::<2>() {
        Some((characters, b"==")) => characters.len() == 22 && characters.iter().all(|byte| BASE64.has(*byte)),
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
