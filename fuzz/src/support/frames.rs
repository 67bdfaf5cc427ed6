//! Frames as RFC 6455 §5.2 draws them, read without the crate: what the crate writes has to be perfect.

pub const CLOSE: u8 = 0x8;
pub const PONG: u8 = 0xa;

/// A frame on the wire, its payload masked as it is there.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub first: u8,
    pub key: Option<[u8; 4]>,
    pub masked: &'a [u8],
}

impl Frame<'_> {
    pub const fn opcode(&self) -> u8 {
        self.first & 0xf
    }

    /// The payload, unmasked.
    pub fn payload(&self) -> impl Iterator<Item = u8> {
        let key = self.key.unwrap_or_default();
        self.masked.iter().zip(key.into_iter().cycle()).map(|(byte, key)| byte ^ key)
    }
}

/// Takes the next frame off the front of `bytes`; `None` when it is not whole.
pub fn read<'a>(bytes: &mut &'a [u8]) -> Option<Frame<'a>> {
    let [first, second, rest @ ..] = *bytes else { return None };
    let len_bytes = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let (len, rest) = rest.split_at_checked(len_bytes)?;
    let long = len.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let len = if len_bytes == 0 { u64::from(second & 0x7f) } else { long };
    assert!(len_bytes != 2 || len > 125, "a length is not in its shortest form");
    assert!(len_bytes != 8 || len > 0xffff, "a length is not in its shortest form");
    let (key, rest) = match second & 0x80 {
        0 => (None, rest),
        _ => rest.split_first_chunk::<4>().map(|(key, rest)| (Some(*key), rest))?,
    };
    let (masked, rest) = rest.split_at_checked(len.try_into().ok()?)?;
    *bytes = rest;
    Some(Frame { first: *first, key, masked })
}

/// Holds all that one side has sent to what a side may send; gives the number of frames.
pub fn check(mut bytes: &[u8], is_masked: bool) -> usize {
    let mut count = 0;
    let mut is_closed = false;
    let mut is_fragmented = false;
    while let Some(frame) = read(&mut bytes) {
        count += 1;
        let (is_fin, opcode, len) = (frame.first & 0x80 != 0, frame.opcode(), frame.masked.len());
        // §5.5.1 forbids data; the peer's Pings are still answered until its own Close has come.
        assert!(!is_closed || opcode == PONG, "a frame behind our Close");
        assert_eq!(frame.first & 0x70, 0, "a reserved bit was sent");
        assert_eq!(frame.key.is_some(), is_masked, "masked by the wrong side");
        match opcode {
            0 => assert!(is_fragmented, "a continuation of nothing"),
            1 | 2 => assert!(!is_fragmented, "a message within another"),
            8..=10 => assert!(is_fin && len <= 125, "a control frame breaks §5.5"),
            _ => panic!("the reserved opcode {opcode} was sent"),
        }
        if opcode < 8 {
            is_fragmented = !is_fin;
        }
        if opcode == CLOSE {
            is_closed = true;
            check_close(&frame);
        }
    }
    assert!(bytes.is_empty(), "half a frame was sent");
    count
}

/// §5.5.1, §7.4
fn check_close(frame: &Frame<'_>) {
    let mut payload = frame.payload();
    match (payload.next(), payload.next()) {
        (None, _) => {}
        (Some(high), Some(low)) => {
            let code = u16::from_be_bytes([high, low]);
            assert!(matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999), "the close code {code} was sent");
        }
        (Some(_), None) => panic!("half a close code was sent"),
    }
}
