//! This crate.

use std::cell::RefCell;
use std::io::Read as _;
use std::rc::Rc;
use std::sync::Arc;

use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Client, Config, Connection, Event, OsMaskKeys, RecvBuffer, Server, mask};

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub const NAME: &str = "websocket-proto";

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = NAME;

    #[inline]
    fn unmask(bytes: &mut [u8], key: [u8; 4], phase: usize) {
        mask::apply(bytes, mask::rotate(key, phase));
    }
}

/// The most bytes of one read: the caller's choice, and what is unmasked then is still in the nearest cache. Others have
/// a buffer of such a size of their own, beside the message.
const READ_BYTES: usize = 32 << 10;

/// The loop of the crate's documentation: read into the buffer, take events until there are none, write what is owed.
pub struct Receiving {
    connection: Connection<Server>,
    rx: RecvBuffer<Vec<u8>>,
    tx: Vec<u8>,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = NAME;
    const CHECKS_UTF8: bool = true;
    const NOTE: &'static str = "reads of at most 32 KiB";
    const DEFAULT_CAPACITY: Option<usize> = Some(websocket_proto::DEFAULT_CAPACITY_BYTES);
    const OBJECT_BYTES: usize = size_of::<Connection<Server>>() + size_of::<RecvBuffer<Vec<u8>>>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        let connection = Connection::server(Config::server());
        Self { connection, rx: RecvBuffer::with_capacity(capacity), tx: Vec::new(), wire }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            match self.connection.receive(&mut self.rx).expect("a legal stream") {
                Some(Event::Text(text)) => {
                    look(Seen::Text(text));
                    seen += 1;
                }
                Some(Event::Binary(bytes)) => {
                    look(Seen::Binary(bytes));
                    seen += 1;
                }
                Some(_) => {}
                None => {
                    let spare = self.rx.spare_mut();
                    let room = spare.len().min(READ_BYTES);
                    let read = self.wire.read(&mut spare[..room]).expect("memory");
                    self.rx.filled(read);
                }
            }
            if self.connection.wants_transmit() {
                self.connection.poll_transmit(&mut self.tx).expect("room");
            }
        }
    }
}

/// An idle connection whose receive buffer went back to the pool: nothing else is needed between messages.
pub const POOLED_BYTES: usize = size_of::<Connection<Server>>();

/// Whole frames appended to a send buffer that is drained at once.
pub struct Copying<R>(Connection<R>, Vec<u8>, Wire);

impl Sender for Copying<Server> {
    const NAME: &'static str = NAME;
    const NOTE: &'static str = "`send_binary`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let connection = Connection::server(Config::server());
        (end == End::Server).then(|| Self(connection, Vec::with_capacity(max_message + 14), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.0.send_binary(&payload.bytes, &mut self.1).expect("open");
        self.2.put(&self.1);
        self.1.clear();
    }
}

impl Sender for Copying<Client<OsMaskKeys>> {
    const NAME: &'static str = NAME;
    const NOTE: &'static str = "`send_binary`; keys: `OsMaskKeys`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let connection = Connection::client(Config::client(), OsMaskKeys::new());
        (end == End::Client).then(|| Self(connection, Vec::with_capacity(max_message + 14), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.0.send_binary(&payload.bytes, &mut self.1).expect("open");
        self.2.put(&self.1);
        self.1.clear();
    }
}

type Draw = fn() -> [u8; 4];

/// As [`Copying`], with keys from the generator that most peers use.
pub struct WithRand(Connection<Client<Draw>>, Vec<u8>, Wire);

impl Sender for WithRand {
    const NAME: &'static str = "websocket-proto, keys from `rand`";
    const NOTE: &'static str = "`send_binary`; keys: a closure over `rand::random`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let connection = Connection::client(Config::client(), rand::random as Draw);
        (end == End::Client).then(|| Self(connection, Vec::with_capacity(max_message + 14), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.0.send_binary(&payload.bytes, &mut self.1).expect("open");
        self.2.put(&self.1);
        self.1.clear();
    }
}

/// The head on the stack, the payload where it is: for `writev` and io_uring.
pub struct Vectored(Connection<Server>, Wire);

impl Sender for Vectored {
    const NAME: &'static str = NAME;
    const NOTE: &'static str = "`binary_head`";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        (end == End::Server).then(|| Self(Connection::server(Config::server()), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let head = self.0.binary_head(payload.bytes.len() as u64).expect("open");
        self.1.put(head.as_bytes());
        self.1.put(&payload.bytes);
    }
}

pub struct Accepting(RecvBuffer<Vec<u8>>);

impl Handshaker for Accepting {
    const NAME: &'static str = NAME;
    const NOTE: &'static str = "checks the origin too";

    fn new() -> Self {
        Self(RecvBuffer::new())
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let spare = self.0.spare_mut();
        spare[..request.len()].copy_from_slice(request);
        self.0.filled(request.len());
        let tx = &mut answer.borrow_mut().bytes;
        let accepted =
            Handshake::new().answer(&mut self.0, Origins::SameHost, tx).expect("a WebSocket").expect("whole");
        std::hint::black_box(accepted.connection(Config::server()));
    }
}
