//! `sockudo-ws`: its `Protocol`, which works on `BytesMut` and needs no transport, is faster than its streams.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::protocol::{Message, Protocol, Role};

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "sockudo-ws";

    #[inline]
    fn unmask(bytes: &mut [u8], mut key: [u8; 4], phase: usize) {
        key.rotate_left(phase);
        sockudo_ws::simd::apply_mask(bytes, key);
    }
}

pub struct Receiving {
    protocol: Protocol,
    rx: BytesMut,
    messages: Vec<Message>,
    /// How many of `messages` were looked at.
    at: usize,
    capacity: usize,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = "sockudo-ws";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = Some(sockudo_ws::RECV_BUFFER_SIZE);
    const OBJECT_BYTES: usize = size_of::<Protocol>() + size_of::<BytesMut>() + size_of::<Vec<Message>>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        let protocol = Protocol::new(Role::Server, max_message, max_message);
        Self { protocol, rx: BytesMut::with_capacity(capacity), messages: Vec::new(), at: 0, capacity, wire }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            while let Some(message) = self.messages.get(self.at) {
                self.at += 1;
                look(Seen::checked_there(message.is_text(), message.as_bytes()));
                seen += 1;
                if seen == count {
                    return;
                }
            }
            self.messages.clear();
            self.at = 0;
            self.rx.reserve(self.capacity.saturating_sub(self.rx.len()).max(1024));
            let read = self.wire.read_uninit(self.rx.spare_capacity_mut());
            // SAFETY: as many bytes were written behind the first ones.
            unsafe { self.rx.set_len(self.rx.len() + read) };
            self.protocol.process_into(&mut self.rx, &mut self.messages).expect("a legal stream");
        }
    }
}

pub struct Sending(Protocol, BytesMut, Wire);

impl Sender for Sending {
    const NAME: &'static str = "sockudo-ws";
    const NOTE: &'static str = "payload as shared `Bytes`; keys: `rand`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let role = if end == End::Server { Role::Server } else { Role::Client };
        Some(Self(Protocol::new(role, max_message, max_message), BytesMut::with_capacity(max_message + 14), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.0.encode_message(&Message::Binary(payload.shared.clone()), &mut self.1).expect("open");
        self.2.put(&self.1);
        self.1.clear();
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "sockudo-ws";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let (request, _) = parse_request(request).expect("legal").expect("whole");
        let response = build_response(&generate_accept_key(request.key), None, None);
        answer.borrow_mut().bytes.extend_from_slice(&response);
        std::hint::black_box(Protocol::new(Role::Server, 1 << 20, 1 << 20));
    }
}
