//! `web-socket`: a minimal async library without a buffer of its own; its documentation puts a `BufReader` around the transport.

use tokio::io::BufReader;
use web_socket::{DataType, Event, MessageType, WebSocket};

use crate::wire::{Wire, now};
use crate::work::{End, Payload, Receiver, Seen, Sender};

pub struct Peer<T>(WebSocket<T>);

impl Receiver for Peer<BufReader<Wire>> {
    const NAME: &'static str = "web-socket";
    const CHECKS_UTF8: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = Some(8192);
    const OBJECT_BYTES: usize = size_of::<WebSocket<BufReader<Wire>>>() - size_of::<Wire>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        Self(WebSocket::server(BufReader::with_capacity(capacity, wire)))
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            match now(self.0.recv()).expect("memory") {
                Event::Data { ty: DataType::Complete(kind), data } => {
                    look(Seen::checked_here(kind == MessageType::Text, &data));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Sender for Peer<Wire> {
    const NAME: &'static str = "web-socket";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        let socket = if end == End::Server { WebSocket::server(wire) } else { WebSocket::client(wire) };
        Some(Self(socket))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let socket = &mut self.0;
        now(async {
            socket.send(&payload.bytes[..]).await?;
            socket.flash().await
        })
        .expect("memory");
    }
}
