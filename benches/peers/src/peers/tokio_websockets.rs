//! `tokio-websockets`: built on `tokio-util`'s codecs, with masking kernels for every instruction set.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_core::Stream as _;
use futures_sink::Sink as _;
use tokio_websockets::{ClientBuilder, Config, Limits, Message, ServerBuilder, WebSocketStream};

use crate::wire::{Log, Wire, now, poll_now};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

pub struct Peer(WebSocketStream<Wire>);

impl Receiver for Peer {
    const NAME: &'static str = "tokio-websockets";
    const CHECKS_UTF8: bool = true;
    const HAS_CAPACITY: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = Some(8192);
    const OBJECT_BYTES: usize = size_of::<WebSocketStream<Wire>>() - size_of::<Wire>();

    fn new(wire: Wire, _: usize, _: usize) -> Self {
        Self(ServerBuilder::new().limits(Limits::default()).serve(wire))
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            let message = poll_now(|cx| Pin::new(&mut self.0).poll_next(cx)).expect("more").expect("a legal stream");
            match message.as_text() {
                Some(text) => look(Seen::Text(text)),
                None => look(Seen::Binary(message.as_payload())),
            }
        }
    }
}

impl Sender for Peer {
    const NAME: &'static str = "tokio-websockets";
    const NOTE: &'static str = "payload as shared `Bytes`; keys: `rand`";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        // One frame for a message, as everybody else sends it.
        let config = Config::default().frame_size(usize::MAX);
        Some(Self(match end {
            End::Server => ServerBuilder::new().config(config).serve(wire),
            End::Client => ClientBuilder::new().config(config).take_over(wire),
        }))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        poll_now(|cx| Pin::new(&mut self.0).poll_ready(cx)).expect("open");
        Pin::new(&mut self.0).start_send(Message::binary(payload.shared.clone())).expect("open");
        poll_now(|cx| Pin::new(&mut self.0).poll_flush(cx)).expect("open");
    }
}

impl Handshaker for Peer {
    const NAME: &'static str = "tokio-websockets";

    fn new() -> Self {
        Self(ServerBuilder::new().serve(Wire::sink()))
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        std::hint::black_box(now(ServerBuilder::new().accept(Wire::request(request, answer))).expect("a WebSocket"));
    }
}
