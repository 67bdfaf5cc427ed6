//! `fastwebsockets`: the server's library of Deno.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload as Bytes, Role, WebSocket};

use super::upgrade;
use crate::wire::{Log, Wire, now};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "fastwebsockets";

    #[inline]
    fn unmask(bytes: &mut [u8], mut key: [u8; 4], phase: usize) {
        key.rotate_left(phase);
        fastwebsockets::unmask(bytes, key);
    }
}

pub struct Receiving(FragmentCollector<Wire>);

impl Receiver for Receiving {
    const NAME: &'static str = "fastwebsockets";
    const CHECKS_UTF8: bool = true;
    const HAS_CAPACITY: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = Some(8192);
    const OBJECT_BYTES: usize = size_of::<FragmentCollector<Wire>>() - size_of::<Wire>();

    fn new(wire: Wire, _: usize, _: usize) -> Self {
        Self(FragmentCollector::new(WebSocket::after_handshake(wire, Role::Server)))
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            let frame = now(self.0.read_frame()).expect("a legal stream");
            look(Seen::checked_there(frame.opcode == OpCode::Text, &frame.payload));
        }
    }
}

/// A server's payload is borrowed; a client's is copied first and masked in the copy, which spares the allocation of a borrowed one.
pub struct Sending {
    socket: WebSocket<Wire>,
    copy: Vec<u8>,
    end: End,
}

impl Sender for Sending {
    const NAME: &'static str = "fastwebsockets";
    const NOTE: &'static str = "client: the harness copies the payload, the library masks the copy";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let role = if end == End::Server { Role::Server } else { Role::Client };
        let mut socket = WebSocket::after_handshake(wire, role);
        // Vectored for every size: faster here than its copy of the small ones.
        socket.set_writev_threshold(0);
        Some(Self { socket, copy: Vec::with_capacity(max_message), end })
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let payload = match self.end {
            End::Server => Bytes::Borrowed(&payload.bytes),
            End::Client => {
                self.copy.clear();
                self.copy.extend_from_slice(&payload.bytes);
                Bytes::BorrowedMut(&mut self.copy)
            }
        };
        now(async {
            self.socket.write_frame(Frame::binary(payload)).await?;
            self.socket.flush().await
        })
        .expect("open");
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "fastwebsockets";
    const NOTE: &'static str = "`upgrade` in a `hyper` server";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        upgrade::through_hyper(request, answer, |mut request| {
            fastwebsockets::upgrade::upgrade(&mut request).expect("a WebSocket")
        });
    }
}
