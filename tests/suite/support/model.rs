//! What RFC 6455 says about a stream of bytes, by the book.
//!
//! No streaming, no state between calls, no cleverness: it has all the bytes before it and walks them once. It was
//! written from the RFC, shares nothing with the crate, and judges it. Where several things are wrong with one byte,
//! the order is that of the sections: it is never visible but in the code.

use super::script::Seen;
use super::wire;

/// What a stream comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) events: Vec<Seen>,
    /// The close code that the peer is told, if the stream is refused.
    pub(crate) refused: Option<u16>,
    /// What is known to be right of the message that was not finished.
    pub(crate) unfinished: Vec<u8>,
    /// Opcode and payload of all that has to be answered.
    pub(crate) replies: Vec<(u8, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) message: u64,
    pub(crate) frame: u64,
    pub(crate) fragments: u32,
}

impl Limits {
    pub(crate) const NONE: Self = Self { message: u64::MAX, frame: u64::MAX, fragments: u32::MAX };
}

/// Inflates the payload of a message as far as it has come (RFC 7692 §7.2.2); the flag says that this is all of it.
/// Gives what it inflates to, and whether it still can be, or is, sound.
pub(crate) type Inflate = fn(&[u8], bool) -> (Vec<u8>, bool);

/// A message whose end has not come.
#[derive(Default)]
struct Open {
    is_text: bool,
    /// What inflates it, and its payload, if it is compressed.
    compressed: Option<(Inflate, Vec<u8>)>,
    bytes: Vec<u8>,
    fragments: u32,
}

impl Open {
    fn take(&mut self, payload: &[u8], is_all: bool) -> Result<(), u16> {
        match &mut self.compressed {
            Some((inflate, so_far)) => {
                so_far.extend(payload);
                let (bytes, is_sound) = inflate(so_far, is_all);
                self.bytes = bytes;
                must(is_sound, 1007)?;
            }
            None => self.bytes.extend(payload),
        }
        let text = if self.is_text { &self.bytes[..] } else { b"" };
        must(!is_hopeless(text) && (!is_all || valid_len(text) == text.len()), 1007)
    }
}

pub(crate) fn judge(stream: &[u8], is_server: bool, limits: Limits) -> Verdict {
    judge_where(stream, is_server, limits, None)
}

/// The same where compression may have been agreed on (RFC 7692 §6), in both directions without context takeover.
pub(crate) fn judge_where(stream: &[u8], is_server: bool, limits: Limits, agreed: Option<Inflate>) -> Verdict {
    let mut verdict = Verdict::default();
    let mut open = None;
    if let Err(code) = walk(stream, is_server, limits, agreed, &mut verdict, &mut open) {
        verdict.refused = Some(code);
        verdict.replies.push((wire::CLOSE, code.to_be_bytes().to_vec()));
    }
    if let Some(Open { is_text, mut bytes, .. }) = open {
        bytes.truncate(if is_text { valid_len(&bytes) } else { bytes.len() });
        verdict.unfinished = bytes;
    }
    verdict
}

/// Ends with `Ok` when the bytes do, or behind a Close.
fn walk(
    stream: &[u8],
    is_server: bool,
    limits: Limits,
    agreed: Option<Inflate>,
    to: &mut Verdict,
    open: &mut Option<Open>,
) -> Result<(), u16> {
    let mut rest = stream;
    loop {
        // §5.2, first byte.
        let Some((first, after)) = rest.split_first() else {
            return Ok(());
        };
        let (is_fin, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_control = opcode >= 8;
        // RFC 7692 §6: the first frame of a message may have the first reserved bit.
        let is_compressed = agreed.is_some() && first & 0x70 == 0x40 && [1, 2].contains(&opcode);
        must((first & 0x70 == 0 || is_compressed) && [0, 1, 2, 8, 9, 10].contains(&opcode), 1002)?;
        must(!is_control || is_fin, 1002)?;
        must(opcode != 0 || open.is_some(), 1002)?;
        must(is_control || opcode == 0 || open.is_none(), 1002)?;
        must(is_control || open.as_ref().map_or(0, |open| open.fragments) < limits.fragments, 1008)?;

        // Second byte.
        let Some((second, after)) = after.split_first() else {
            return Ok(());
        };
        must((second & 0x80 != 0) == is_server, 1002)?;
        must(!is_control || second & 0x7f <= 125, 1002)?;
        must(opcode != wire::CLOSE || second & 0x7f != 1, 1002)?;

        // Length and key.
        let (len_bytes, least) = match second & 0x7f {
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        let Some((len, after)) = after.split_at_checked(len_bytes) else {
            return Ok(());
        };
        let len = match len_bytes {
            0 => u64::from(second & 0x7f),
            _ => len.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)),
        };
        must(len >= least && len < 1 << 63, 1002)?;
        let before = open.as_ref().map_or(0, |open| open.bytes.len() as u64);
        must(is_control || (len <= limits.frame && len <= limits.message - before), 1009)?;
        let Some((key, after)) = after.split_at_checked(if is_server { 4 } else { 0 }) else {
            return Ok(());
        };

        // Payload.
        let here = after.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let (payload, after) = after.split_at(here);
        let payload = wire::xor(payload, key.first_chunk().copied());
        let is_whole = here as u64 == len;
        if is_control {
            if !is_whole || control(opcode, payload, to)? {
                return Ok(());
            }
        } else {
            let compressed = agreed.filter(|_| is_compressed).map(|inflate| (inflate, Vec::new()));
            let begun = || Open { is_text: opcode == 1, compressed, ..Open::default() };
            let message = open.get_or_insert_with(begun);
            message.fragments += 1;
            message.take(&payload, is_whole && is_fin)?;
            if !is_whole {
                return Ok(());
            }
            if is_fin {
                let Open { is_text, bytes, .. } = open.take().unwrap();
                to.events.push(match is_text {
                    true => Seen::Text(String::from_utf8(bytes).unwrap()),
                    false => Seen::Binary(bytes),
                });
            }
        }
        rest = after;
    }
}

/// A whole control frame; says whether it is the last thing to look at.
fn control(opcode: u8, payload: Vec<u8>, to: &mut Verdict) -> Result<bool, u16> {
    match opcode {
        9 => {
            to.replies.push((wire::PONG, payload.clone()));
            to.events.push(Seen::Ping(payload));
        }
        10 => to.events.push(Seen::Pong(payload)),
        _ if payload.is_empty() => {
            to.replies.push((wire::CLOSE, Vec::new()));
            to.events.push(Seen::Close(1005, String::new()));
        }
        _ => {
            must(payload.len() >= 2, 1002)?;
            let (code, reason) = payload.split_at(2);
            let number = u16::from(code[0]) << 8 | u16::from(code[1]);
            must(may_stand_on_the_wire(number), 1002)?;
            let reason = std::str::from_utf8(reason).map_err(|_| 1007_u16)?;
            to.replies.push((wire::CLOSE, code.to_vec()));
            to.events.push(Seen::Close(number, reason.to_owned()));
        }
    }
    Ok(opcode == 8)
}

/// §7.4.1, §7.4.2 and the registry of IANA.
pub(crate) fn may_stand_on_the_wire(code: u16) -> bool {
    let is_registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].contains(&code);
    is_registered || (3000..5000).contains(&code)
}

fn valid_len(text: &[u8]) -> usize {
    std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Whether no byte that may follow makes it text.
fn is_hopeless(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_err_and(|error| error.error_len().is_some())
}

fn must(holds: bool, code: u16) -> Result<(), u16> {
    if holds { Ok(()) } else { Err(code) }
}
