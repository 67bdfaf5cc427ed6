//! `websocket-sans-io`: frames over the caller's bytes. Messages, rules and UTF-8 are the caller's: the harness does the least that gives messages.

use websocket_sans_io::{FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent};

use crate::wire::Wire;
use crate::work::{End, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "websocket-sans-io";

    #[inline]
    fn unmask(bytes: &mut [u8], key: [u8; 4], phase: usize) {
        websocket_sans_io::apply_mask(key, bytes, phase as u8);
    }
}

/// The payload of one frame is read straight behind itself, and moved to the front only when the buffer is at its end.
pub struct Receiving {
    decoder: WebsocketFrameDecoder,
    buffer: Vec<u8>,
    /// The message so far is `start..at`, unread bytes are `at..end`.
    start: usize,
    at: usize,
    end: usize,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = "websocket-sans-io";
    const CHECKS_UTF8: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = None;
    const OBJECT_BYTES: usize = size_of::<WebsocketFrameDecoder>() + size_of::<WebsocketFrameEncoder>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        let buffer = vec![0; capacity.max(max_message + 14)];
        Self { decoder: WebsocketFrameDecoder::new(), buffer, start: 0, at: 0, end: 0, wire }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            let got = self.decoder.add_data(&mut self.buffer[self.at..self.end]).expect("a legal stream");
            self.at += got.consumed_bytes;
            match got.event {
                Some(WebsocketFrameEvent::Start { .. }) => self.start = self.at,
                Some(WebsocketFrameEvent::PayloadChunk { .. }) => {}
                Some(WebsocketFrameEvent::End { original_opcode, .. }) => {
                    look(Seen::checked_here(original_opcode == Opcode::Text, &self.buffer[self.start..self.at]));
                    self.start = self.at;
                    seen += 1;
                }
                None if got.consumed_bytes == 0 => self.read(),
                None => {}
            }
        }
    }
}

impl Receiving {
    fn read(&mut self) {
        if self.start == self.at {
            (self.start, self.at, self.end) = (0, 0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.at, self.end) = (0, self.at - self.start, self.end - self.start);
        }
        self.end += self.wire.take(&mut self.buffer[self.end..]);
    }
}

fn info(payload: &Payload, mask: Option<[u8; 4]>) -> FrameInfo {
    FrameInfo { opcode: Opcode::Binary, payload_length: payload.bytes.len() as u64, mask, fin: true, reserved: 0 }
}

/// A server writes head and payload apart; a client builds the frame in a buffer and masks it there.
pub struct Sending(WebsocketFrameEncoder, Vec<u8>, End, Wire);

impl Sender for Sending {
    const NAME: &'static str = "websocket-sans-io";
    const NOTE: &'static str =
        "client: the harness copies the payload, the library masks the copy; keys are the caller's: `rand::random`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        Some(Self(WebsocketFrameEncoder::new(), Vec::with_capacity(max_message + 14), end, wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let Self(encoder, tx, end, wire) = self;
        if *end == End::Server {
            wire.put(&encoder.start_frame(&info(payload, None)));
            wire.put(&payload.bytes);
        } else {
            tx.clear();
            tx.extend_from_slice(&encoder.start_frame(&info(payload, Some(rand::random()))));
            let head = tx.len();
            tx.extend_from_slice(&payload.bytes);
            encoder.transform_frame_payload(&mut tx[head..]);
            wire.put(tx);
        }
    }
}
