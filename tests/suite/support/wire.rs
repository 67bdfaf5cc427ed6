//! Frames as RFC 6455 §5.2 draws them, written and read without the crate.

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
pub(crate) const FIN: u8 = 0x80;

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Shortest,
    Bits7,
    Bits16,
    Bits64,
}

/// A header with all its liberties.
pub(crate) fn header(first: u8, len: u64, form: Form, key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let form = match (form, len) {
        (Form::Shortest, 0..=125) => Form::Bits7,
        (Form::Shortest, 126..=0xffff) => Form::Bits16,
        (Form::Shortest, _) => Form::Bits64,
        (form, _) => form,
    };
    let mut bytes = vec![first];
    match form {
        Form::Bits16 => {
            bytes.push(mask | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        Form::Bits64 => {
            bytes.push(mask | 127);
            bytes.extend_from_slice(&len.to_be_bytes());
        }
        _ => bytes.push(mask | len as u8),
    }
    bytes.extend(key.into_iter().flatten());
    bytes
}

pub(crate) fn xor(payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let key = key.unwrap_or_default();
    payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect()
}

pub(crate) fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64, Form::Shortest, key);
    bytes.extend(xor(payload, key));
    bytes
}

/// A frame that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) key: Option<[u8; 4]>,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) const fn opcode(&self) -> u8 {
        self.first & 0xf
    }

    pub(crate) const fn is_data(&self) -> bool {
        self.opcode() < 8
    }

    pub(crate) fn told(&self) -> (u8, Vec<u8>) {
        (self.opcode(), self.payload.clone())
    }
}

/// Reads whole frames from bytes that the crate wrote; anything that is not perfect is a failure.
pub(crate) fn read_frames(bytes: &[u8]) -> Vec<Frame> {
    read_frames_with(bytes, 0)
}

/// The same where these reserved bits may be set on the first frame of a message.
pub(crate) fn read_frames_with(mut bytes: &[u8], rsv: u8) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (len_bytes, is_long) = match second & 0x7f {
            126 => (2, true),
            127 => (8, true),
            _ => (0, false),
        };
        let (len, rest) = rest.split_at(len_bytes);
        let long = len.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        assert!(len_bytes != 2 || long > 125, "a length is not in its shortest form");
        assert!(len_bytes != 8 || long > 0xffff, "a length is not in its shortest form");
        let len = if is_long { long as usize } else { usize::from(second & 0x7f) };
        let is_begin = [TEXT, BINARY].contains(&(first & 0xf));
        assert!(first & 0x70 & !if is_begin { rsv } else { 0 } == 0, "a reserved bit was sent");
        assert!(matches!(first & 0xf, 0..=2 | 8..=10), "a reserved opcode was sent");
        assert!(first & 8 == 0 || (first & FIN != 0 && len <= 125), "a control frame breaks §5.5");
        let (key, rest) = match second & 0x80 {
            0 => (None, rest),
            _ => (rest.first_chunk::<4>().copied(), &rest[4..]),
        };
        let (payload, rest) = rest.split_at(len);
        frames.push(Frame { first: *first, key, payload: xor(payload, key) });
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame was sent");
    frames
}
