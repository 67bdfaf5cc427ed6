//! `wtx`: a collection of protocols; its WebSocket gives frames in its own or in the caller's buffer.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use ::wtx::collection::Vector;
use ::wtx::rng::{ChaCha20, Xorshift64};
use ::wtx::web_socket::{Frame, OpCode, WebSocket, WebSocketAcceptor, WebSocketBuffer, WebSocketPayloadOrigin};

use crate::wire::{Log, Wire, now};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

type Socket<const IS_CLIENT: bool> = WebSocket<(), ChaCha20, Wire, WebSocketBuffer, IS_CLIENT>;

fn socket<const IS_CLIENT: bool>(wire: Wire, capacity: usize) -> Socket<IS_CLIENT> {
    let buffer = WebSocketBuffer::with_capacity(capacity, 0, 0).expect("memory");
    WebSocket::new((), false, ChaCha20::from_key(rand::random()), wire, buffer)
}

pub struct Receiving {
    socket: Socket<false>,
    message: Vector<u8>,
}

impl Receiver for Receiving {
    const NAME: &'static str = "wtx";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = Some(0);
    const OBJECT_BYTES: usize =
        size_of::<WebSocket<(), Xorshift64, Wire, WebSocketBuffer, false>>() - size_of::<Wire>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        Self { socket: socket(wire, capacity), message: Vector::new() }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        for _ in 0..count {
            let frame = now(self.socket.read_frame(&mut self.message, WebSocketPayloadOrigin::Adaptive))
                .expect("a legal stream");
            look(Seen::checked_there(frame.op_code() == OpCode::Text, frame.payload()));
        }
    }
}

/// It wants the payload mutable, to mask it in place: a client hands it a copy.
pub enum Sending {
    Server(Socket<false>),
    Client(Socket<true>, Vec<u8>),
}

impl Sender for Sending {
    const NAME: &'static str = "wtx";
    const NOTE: &'static str = "client: the harness copies the payload, the library masks the copy; keys: its ChaCha20";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        Some(match end {
            End::Server => Self::Server(socket(wire, 0)),
            End::Client => Self::Client(socket(wire, 0), Vec::with_capacity(max_message)),
        })
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        match self {
            Self::Server(socket) => {
                // It asks for a mutable payload, and a server only reads it.
                // SAFETY: without compression a server's frame is written as it is.
                let bytes =
                    unsafe { std::slice::from_raw_parts_mut(payload.bytes.as_ptr().cast_mut(), payload.bytes.len()) };
                now(socket.write_frame(&mut Frame::new_fin(OpCode::Binary, bytes)))
            }
            Self::Client(socket, copy) => {
                copy.clear();
                copy.extend_from_slice(&payload.bytes);
                now(socket.write_frame(&mut Frame::new_fin(OpCode::Binary, copy.as_mut_slice())))
            }
        }
        .expect("open");
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "wtx";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let socket = now(WebSocketAcceptor::default().accept(Wire::request(request, answer)));
        std::hint::black_box(socket.expect("a WebSocket"));
    }
}
