//! `tungstenite`: the stream-based library that most others are built on or measured against.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tungstenite::protocol::{Message, Role, WebSocketConfig};
use tungstenite::{WebSocket, accept_with_config};

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

pub struct Peer(WebSocket<Wire>);

impl Receiver for Peer {
    const NAME: &'static str = "tungstenite";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = Some(128 * 1024);
    const OBJECT_BYTES: usize = size_of::<WebSocket<Wire>>() - size_of::<Wire>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        let config = WebSocketConfig::default().read_buffer_size(capacity);
        Self(WebSocket::from_raw_socket(wire, Role::Server, Some(config)))
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            match self.0.read().expect("a legal stream") {
                Message::Text(text) => look(Seen::Text(&text)),
                Message::Binary(bytes) => look(Seen::Binary(&bytes)),
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Sender for Peer {
    const NAME: &'static str = "tungstenite";
    const NOTE: &'static str = "payload as shared `Bytes`";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        let role = if end == End::Server { Role::Server } else { Role::Client };
        Some(Self(WebSocket::from_raw_socket(wire, role, None)))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.0.send(Message::Binary(payload.shared.clone())).expect("open");
    }
}

impl Handshaker for Peer {
    const NAME: &'static str = "tungstenite";
    const NOTE: &'static str = "with a read buffer of 4 KiB in place of 128";

    fn new() -> Self {
        Self(WebSocket::from_raw_socket(Wire::sink(), Role::Server, None))
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        std::hint::black_box(accept_with_config(Wire::request(request, answer), Some(config)).expect("a WebSocket"));
    }
}
