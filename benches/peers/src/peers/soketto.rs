//! `soketto`: a small async library, with `futures` in place of `tokio`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use soketto::base::{Codec, Header, OpCode};
use soketto::connection::{Builder, Mode};
use soketto::handshake::server::{Response, Server};
use soketto::{Data, Receiver as Half, Sender as OtherHalf};

use crate::wire::{Log, Wire, now};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "soketto";

    #[inline]
    fn unmask(bytes: &mut [u8], mut key: [u8; 4], phase: usize) {
        key.rotate_left(phase);
        let mut header = Header::new(OpCode::Binary);
        header.set_masked(true).set_mask(u32::from_be_bytes(key));
        Codec::apply_mask(&header, bytes);
    }
}

pub struct Receiving {
    half: Half<Wire>,
    _other: OtherHalf<Wire>,
    message: Vec<u8>,
}

impl Receiver for Receiving {
    const NAME: &'static str = "soketto";
    const CHECKS_UTF8: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = Some(0);
    const OBJECT_BYTES: usize = size_of::<Half<Wire>>() + size_of::<OtherHalf<Wire>>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        let mut builder = Builder::new(wire, Mode::Server);
        builder.set_buffer(BytesMut::with_capacity(capacity));
        let (other, half) = builder.finish();
        Self { half, _other: other, message: Vec::new() }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            self.message.clear();
            let data = now(self.half.receive_data(&mut self.message)).expect("a legal stream");
            look(Seen::checked_here(matches!(data, Data::Text(_)), &self.message));
        }
    }
}

pub struct Sending(OtherHalf<Wire>);

impl Sender for Sending {
    const NAME: &'static str = "soketto";
    const NOTE: &'static str = "client: copies into a buffer of its own";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        let mode = if end == End::Server { Mode::Server } else { Mode::Client };
        Some(Self(Builder::new(wire, mode).finish().0))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        now(async {
            self.0.send_binary(&payload.bytes).await?;
            self.0.flush().await
        })
        .expect("open");
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "soketto";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let mut server = Server::new(Wire::request(request, answer));
        now(async {
            let key = server.receive_request().await?.key();
            server.send_response(&Response::Accept { key, protocol: None }).await
        })
        .expect("a WebSocket");
        std::hint::black_box(server.into_builder().finish());
    }
}
