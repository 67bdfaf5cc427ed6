//! `yawc`: an async library with compression.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_sink::Sink as _;
use yawc::frame::{Frame, OpCode};
use yawc::{HttpStream, Options, Role, WebSocket};

use super::upgrade;
use crate::wire::{Log, Wire, poll_now};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "yawc";
    const NOTE: &'static str = "public, hidden in its documentation";

    #[inline]
    fn unmask(bytes: &mut [u8], mut key: [u8; 4], phase: usize) {
        key.rotate_left(phase);
        yawc::mask::apply_mask(bytes, key);
    }
}

pub struct Peer(WebSocket<Wire>);

impl Receiver for Peer {
    const NAME: &'static str = "yawc";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = Some(8192);
    const OBJECT_BYTES: usize = size_of::<WebSocket<Wire>>() - size_of::<Wire>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        let options =
            Options::default().with_utf8().with_max_payload_read(max_message + 1).with_read_buffer_capacity(capacity);
        Self(WebSocket::from_stream(wire, Role::Server, options).expect("legal options"))
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            let frame = poll_now(|cx| self.0.poll_next_frame(cx)).expect("a legal stream");
            look(Seen::checked_there(frame.opcode() == OpCode::Text, frame.payload()));
        }
    }
}

impl Sender for Peer {
    const NAME: &'static str = "yawc";
    const NOTE: &'static str = "payload as shared `Bytes`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let role = if end == End::Server { Role::Server } else { Role::Client };
        // It returns to this size after each flush: large enough to stay.
        let options = Options::default().with_write_buffer_capacity(max_message + 14);
        Some(Self(WebSocket::from_stream(wire, role, options).expect("legal options")))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        poll_now(|cx| Pin::new(&mut self.0).poll_ready(cx)).expect("open");
        Pin::new(&mut self.0).start_send(Frame::binary(payload.shared.clone())).expect("open");
        poll_now(|cx| Pin::new(&mut self.0).poll_flush(cx)).expect("open");
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "yawc";
    const NOTE: &'static str = "`upgrade` in a `hyper` server";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        upgrade::through_hyper(request, answer, |request| {
            WebSocket::<HttpStream>::upgrade(request).expect("a WebSocket")
        });
    }
}
