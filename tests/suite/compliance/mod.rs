//! Sentences of RFC 6455 that bind an endpoint and that no test of a single module shows; one file for each chapter.
//!
//! Which test shows which sentence stands in `docs/compliance.md`.

mod closing;
mod framing;
mod handshake_client;
mod handshake_server;

use websocket_proto::frame::{FrameHeader, Opcode, Parsed};
use websocket_proto::{Connection, RecvBuffer, Role, SendBuffer, mask};

/// The key of every frame that a test writes for a client.
pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A send buffer that never is full.
#[derive(Debug, Default)]
pub(crate) struct Wire(pub(crate) Vec<u8>);

impl SendBuffer for Wire {
    fn reserve(&mut self, _: usize) -> bool {
        true
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Wire {
    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

/// A frame of up to 125 bytes, as a client sends it (with a key) or a server (without).
pub(crate) fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= 125);
    let mut bytes = vec![first, payload.len() as u8 | if key.is_some() { 0x80 } else { 0 }];
    bytes.extend(key.into_iter().flatten());
    bytes.extend(payload.iter().zip(key.unwrap_or_default().iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// The key with which the peer of `R` masks, if it does.
pub(crate) const fn key_of_peer<R: Role>(_: &Connection<R>) -> Option<[u8; 4]> {
    if R::IS_SERVER { Some(KEY) } else { None }
}

/// A frame from the peer of `connection`.
pub(crate) fn from_peer<R: Role>(connection: &Connection<R>, first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, key_of_peer(connection), payload)
}

/// Hands `bytes` to `connection`; gives how many events came of them, or the error.
pub(crate) fn feed<R: Role>(
    connection: &mut Connection<R>,
    bytes: &[u8],
) -> Result<usize, websocket_proto::ProtocolError> {
    let mut rx = RecvBuffer::from([0; 1024]);
    assert_eq!(rx.extend_from_slice(bytes), bytes.len());
    let mut events = 0;
    while connection.receive(&mut rx)?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// The frames that were written, each with its payload unmasked.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(FrameHeader, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Parsed::Complete { header, encoded_len } = FrameHeader::parse(bytes) {
        assert_eq!(encoded_len, header.encoded_len(), "§5.2: the minimal number of bytes");
        let (payload, rest) = bytes[encoded_len..].split_at(header.payload_len as usize);
        let mut payload = payload.to_vec();
        mask::apply(&mut payload, header.mask.unwrap_or_default());
        frames.push((header, payload));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "frames are written whole");
    frames
}

/// Opcodes and payloads alone.
pub(crate) fn told(bytes: &[u8]) -> Vec<(Opcode, Vec<u8>)> {
    frames(bytes).into_iter().map(|(header, payload)| (header.opcode, payload)).collect()
}
