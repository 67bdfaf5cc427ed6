//! `shiguredo_websocket`: sans-I/O, with handshake, deadlines and compression.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use shiguredo_websocket::{
    ClientConnectionOptions, ConnectionEvent, ConnectionOutput, RandomSource, ServerConnectionOptions,
    WebSocketClientConnection, WebSocketServerConnection,
};

use crate::sections::handshake::REQUEST;
use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

fn options(max_message: usize) -> ServerConnectionOptions {
    ServerConnectionOptions::new().max_frame_size(max_message + 14).max_message_size(max_message + 14)
}

/// An open server: there is no other way to one than the handshake.
fn server(max_message: usize) -> WebSocketServerConnection {
    let mut connection = WebSocketServerConnection::new(options(max_message));
    connection.feed_recv_buf(REQUEST).expect("a legal request");
    connection.accept_handshake_auto().expect("a WebSocket");
    while connection.poll_event().is_some() {}
    while connection.poll_output().is_some() {}
    connection
}

pub struct Receiving {
    connection: WebSocketServerConnection,
    rx: Vec<u8>,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = "shiguredo_websocket";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = None;
    const OBJECT_BYTES: usize = size_of::<WebSocketServerConnection>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        Self { connection: server(max_message), rx: vec![0; capacity.max(256)], wire }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            match self.connection.poll_event() {
                Some(ConnectionEvent::TextMessage(text)) => {
                    look(Seen::Text(&text));
                    seen += 1;
                }
                Some(ConnectionEvent::BinaryMessage(bytes)) => {
                    look(Seen::Binary(&bytes));
                    seen += 1;
                }
                Some(_) => {}
                None => {
                    let read = self.wire.take(&mut self.rx);
                    self.connection.feed_recv_buf(&self.rx[..read]).expect("a legal stream");
                }
            }
        }
    }
}

/// The keys are the caller's; the nonce is the one that the server's answer below belongs to.
pub struct Keys;

impl RandomSource for Keys {
    fn masking_key(&mut self) -> [u8; 4] {
        rand::random()
    }

    fn nonce(&mut self) -> [u8; 16] {
        *b"the sample nonce"
    }
}

pub enum Sending {
    Server(WebSocketServerConnection, Wire),
    Client(WebSocketClientConnection<Keys>, Wire),
}

fn client() -> WebSocketClientConnection<Keys> {
    let mut connection = WebSocketClientConnection::new(ClientConnectionOptions::new("localhost", "/"), Keys);
    connection.connect().expect("a request");
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    connection.feed_recv_buf(answer, shiguredo_websocket::Timestamp::from_millis(0)).expect("a WebSocket");
    while connection.poll_event().is_some() {}
    while connection.poll_output().is_some() {}
    connection
}

impl Sender for Sending {
    const NAME: &'static str = "shiguredo_websocket";
    const NOTE: &'static str = "keys are the caller's: `rand::random`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        Some(match end {
            End::Server => Self::Server(server(max_message), wire),
            End::Client => Self::Client(client(), wire),
        })
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        match self {
            Self::Server(connection, wire) => {
                connection.send_binary(&payload.bytes).expect("open");
                drain(|| connection.poll_output(), wire);
            }
            Self::Client(connection, wire) => {
                connection.send_binary(&payload.bytes).expect("open");
                drain(|| connection.poll_output(), wire);
            }
        }
    }
}

fn drain(mut poll: impl FnMut() -> Option<ConnectionOutput>, wire: &mut Wire) {
    while let Some(output) = poll() {
        if let ConnectionOutput::SendData(bytes) = output {
            wire.put(&bytes);
        }
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "shiguredo_websocket";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let mut connection = WebSocketServerConnection::new(ServerConnectionOptions::new());
        connection.feed_recv_buf(request).expect("a legal request");
        connection.accept_handshake_auto().expect("a WebSocket");
        let mut answer = answer.borrow_mut();
        while let Some(output) = connection.poll_output() {
            if let ConnectionOutput::SendData(bytes) = output {
                answer.bytes.extend_from_slice(&bytes);
            }
        }
    }
}
