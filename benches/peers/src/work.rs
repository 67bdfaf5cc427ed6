//! The kinds of work, one small trait for each, and what they work on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::wire::{Log, Wire};

/// Unmasks in place. `phase` is the payload offset of the first byte, modulo four.
pub trait Unmask {
    const NAME: &'static str;
    const NOTE: &'static str = "";

    fn unmask(bytes: &mut [u8], key: [u8; 4], phase: usize);
}

/// A message as the application sees it.
#[derive(Clone, Copy)]
pub enum Seen<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'a> Seen<'a> {
    /// For a library that hands out text unchecked: the harness checks.
    #[inline]
    pub fn checked_here(is_text: bool, bytes: &'a [u8]) -> Self {
        if is_text { Self::Text(simdutf8::basic::from_utf8(bytes).expect("UTF-8")) } else { Self::Binary(bytes) }
    }

    /// For a library that has checked text and hands out bytes.
    #[inline]
    pub fn checked_there(is_text: bool, bytes: &'a [u8]) -> Self {
        // SAFETY: the library has checked the text; that it does is verified with wrong text before the measurement.
        if is_text { Self::Text(unsafe { str::from_utf8_unchecked(bytes) }) } else { Self::Binary(bytes) }
    }

    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// Takes whole messages out of a transport, in the role of a server.
pub trait Receiver: Sized {
    const NAME: &'static str;
    /// Whether the library checks that text is UTF-8. If not, the harness does it with `simdutf8`.
    const CHECKS_UTF8: bool;
    /// What else the reader has to know.
    const NOTE: &'static str = "";
    /// Whether its receive buffer has a size that can be set; the best one is chosen for each cell.
    const HAS_CAPACITY: bool = true;
    /// The size it has unless told otherwise; `None`: the buffer is the caller's.
    const DEFAULT_CAPACITY: Option<usize>;
    /// What the objects of a connection take beside the heap and the transport.
    const OBJECT_BYTES: usize;

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self;

    /// Takes the next `count` messages.
    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>));
}

/// The two ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Server,
    Client,
}

/// A payload in the forms in which libraries take it: the best one for each.
pub struct Payload {
    pub bytes: Vec<u8>,
    pub shared: Bytes,
}

impl Payload {
    pub fn new(len: usize) -> Self {
        let bytes = Text::Ascii.of_len(len).into_bytes();
        Self { shared: Bytes::copy_from_slice(&bytes), bytes }
    }
}

/// Sends binary messages, each flushed to the transport; the application keeps its payload.
pub trait Sender: Sized {
    const NAME: &'static str;
    const NOTE: &'static str = "";

    /// `None`: it cannot play this end.
    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self>;

    fn send(&mut self, payload: &Payload);
}

/// Answers a request to upgrade.
pub trait Handshaker {
    const NAME: &'static str;
    const NOTE: &'static str = "";

    fn new() -> Self;

    /// Reads the request, and writes the answer to `answer.bytes`. What belongs to the connection that it leads to is made, and dropped.
    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>);
}

/// What a text is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Text {
    Ascii,
    /// One character in 120 bytes is not ASCII.
    Mixed,
    Cjk,
}

impl Text {
    /// A text of `len` bytes, filled up with ASCII where a character does not fit.
    pub fn of_len(self, len: usize) -> String {
        let unit = match self {
            Self::Ascii => "The quick brown fox jumps over the lazy dog. ".to_owned(),
            Self::Mixed => format!("{}\u{e9}", "x".repeat(118)),
            Self::Cjk => "\u{6f22}\u{5b57}\u{304b}\u{306a}".to_owned(),
        };
        let mut text = String::with_capacity(len);
        for character in unit.chars().cycle() {
            if text.len() + character.len_utf8() > len {
                break;
            }
            text.push(character);
        }
        text.extend(std::iter::repeat_n('.', len - text.len()));
        text
    }
}

/// `count` masked frames with this payload, each with another key.
pub fn masked_stream(is_text: bool, payload: &[u8], count: usize) -> Arc<[u8]> {
    let mut stream = Vec::new();
    let mut state: u32 = 1;
    for _ in 0..count {
        state = state.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
        let key = state.to_le_bytes();
        stream.push(if is_text { 0x81 } else { 0x82 });
        match payload.len() {
            len @ 0..126 => stream.push(0x80 | len as u8),
            len @ 126..65536 => {
                stream.push(0x80 | 126);
                stream.extend((len as u16).to_be_bytes());
            }
            len => {
                stream.push(0x80 | 127);
                stream.extend((len as u64).to_be_bytes());
            }
        }
        stream.extend(key);
        stream.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    }
    stream.into()
}

/// Messages of JSON that differ, `len` bytes each: what a feed of trades might send. There are as many as fill four
/// windows of DEFLATE, so that none is compressed by what it was the last time.
pub fn json_messages(len: usize) -> Vec<String> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let count = if len > 1 << 16 { 4 } else { ((128 << 10) / len).max(32) };
    (0..count)
        .map(|_| {
            let mut text = String::from("[");
            while text.len() < len {
                let user = ["alice", "bob", "carol", "dave", "erin", "frank"][random(6) as usize];
                let kind = ["trade", "quote", "order.update", "heartbeat"][random(4) as usize];
                let (id, price, cents) = (random(1_000_000), random(1000), random(100));
                let (size, hour, minute, second) = (random(500), random(24), random(60), random(60));
                text += &format!(
                    "{{\"id\":{id},\"type\":\"{kind}\",\"user\":\"{user}\",\"price\":{price}.{cents:02},\"size\":{size},\
                     \"ts\":\"2026-11-22T{hour:02}:{minute:02}:{second:02}Z\",\"ok\":{}}},",
                    random(2) == 0
                );
            }
            text.truncate(len);
            text
        })
        .collect()
}
