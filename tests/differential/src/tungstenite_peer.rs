//! The crate `tungstenite`, over a transport in memory that would block when its bytes are used up.

use std::io::{self, Read, Write};

use tungstenite::Error;
use tungstenite::protocol::{Message, Role, WebSocket, WebSocketConfig};

use crate::{MAX_BYTES, Refusal, Seen, Verdict};

struct Memory<'a>(&'a [u8]);

impl Read for Memory<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.read(to)
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn run(stream: &[u8], is_server: bool) -> Verdict<Refusal> {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_BYTES)).max_frame_size(Some(MAX_BYTES));
    let role = if is_server { Role::Server } else { Role::Client };
    let mut socket = WebSocket::from_raw_socket(Memory(stream), role, Some(config));
    let mut verdict = Verdict { events: Vec::new(), refused: None };
    loop {
        let seen = match socket.read() {
            Ok(Message::Text(text)) => Seen::Text(text.as_str().into()),
            Ok(Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Seen::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Seen::Pong(bytes.to_vec()),
            Ok(Message::Close(None)) => Seen::Close(None, String::new()),
            Ok(Message::Close(Some(close))) => Seen::Close(Some(close.code.into()), close.reason.as_str().into()),
            Ok(Message::Frame(_)) => unreachable!("frames are not read"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return verdict,
            Err(error) => {
                verdict.refused = Some(Refusal { code: code(&error), why: error.to_string() });
                return verdict;
            }
        };
        let is_over = matches!(seen, Seen::Close(..));
        verdict.events.push(seen);
        if is_over {
            return verdict;
        }
    }
}

/// It leaves the Close to its caller; these are the codes that its errors stand for.
const fn code(error: &Error) -> u16 {
    match error {
        Error::Utf8(_) => 1007,
        Error::Capacity(_) => 1009,
        _ => 1002,
    }
}
