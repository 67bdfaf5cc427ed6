//! `embedded-websocket`: for microcontrollers; copies from one of the caller's buffers to another.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use embedded_websocket::{
    Error, WebSocketClient, WebSocketKey, WebSocketOptions, WebSocketReceiveMessageType, WebSocketSendMessageType,
    WebSocketServer, read_http_header,
};
use rand_core_06::RngCore;

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

/// An open server: there is no other way to one than the handshake.
fn server() -> WebSocketServer {
    let mut socket = WebSocketServer::new_server();
    socket.server_accept(&WebSocketKey::from("dGhlIHNhbXBsZSBub25jZQ=="), None, &mut [0; 512]).expect("a WebSocket");
    socket
}

pub struct Receiving {
    socket: WebSocketServer,
    rx: Vec<u8>,
    at: usize,
    end: usize,
    message: Vec<u8>,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = "embedded-websocket";
    const CHECKS_UTF8: bool = false;
    const DEFAULT_CAPACITY: Option<usize> = None;
    const OBJECT_BYTES: usize = size_of::<WebSocketServer>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        let rx = vec![0; capacity.max(256)];
        Self { socket: server(), rx, at: 0, end: 0, message: vec![0; max_message], wire }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let (mut seen, mut held) = (0, 0);
        while seen < count {
            match self.socket.read(&self.rx[self.at..self.end], &mut self.message[held..]) {
                Ok(got) => {
                    self.at += got.len_from;
                    held += got.len_to;
                    if got.end_of_message {
                        look(Seen::checked_here(
                            got.message_type == WebSocketReceiveMessageType::Text,
                            &self.message[..held],
                        ));
                        (seen, held) = (seen + 1, 0);
                    } else if self.at == self.end {
                        self.read();
                    }
                }
                Err(Error::ReadFrameIncomplete) => self.read(),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

impl Receiving {
    fn read(&mut self) {
        self.rx.copy_within(self.at..self.end, 0);
        (self.at, self.end) = (0, self.end - self.at);
        self.end += self.wire.take(&mut self.rx[self.end..]);
    }
}

/// `rand`'s generator under the older interface.
pub struct Keys;

impl RngCore for Keys {
    fn next_u32(&mut self) -> u32 {
        rand::random()
    }

    fn next_u64(&mut self) -> u64 {
        rand::random()
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        rand::fill(to);
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), rand_core_06::Error> {
        rand::fill(to);
        Ok(())
    }
}

/// An open client: its key is answered as a server would.
fn client() -> WebSocketClient<Keys> {
    let mut socket = WebSocketClient::new_client(Keys);
    let options = WebSocketOptions {
        path: "/",
        host: "localhost",
        origin: "localhost",
        sub_protocols: None,
        additional_headers: None,
    };
    let (_, key) = socket.client_connect(&options, &mut [0; 512]).expect("a request");
    let accept = websocket_proto::handshake::accept_key(key.as_bytes());
    let head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    let answer = [head.as_bytes(), &accept, b"\r\n\r\n"].concat();
    socket.client_accept(&key, &answer).expect("a WebSocket");
    socket
}

pub struct SendingServer(WebSocketServer, Vec<u8>, Wire);

impl Sender for SendingServer {
    const NAME: &'static str = "embedded-websocket";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        (end == End::Server).then(|| Self(server(), vec![0; max_message + 14], wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let kind = WebSocketSendMessageType::Binary;
        let len = self.0.write(kind, true, &payload.bytes, &mut self.1).expect("room");
        self.2.put(&self.1[..len]);
    }
}

pub struct SendingClient(WebSocketClient<Keys>, Vec<u8>, Wire);

impl Sender for SendingClient {
    const NAME: &'static str = "embedded-websocket";
    const NOTE: &'static str = "keys are the caller's: `rand::fill`";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        (end == End::Client).then(|| Self(client(), vec![0; max_message + 14], wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let kind = WebSocketSendMessageType::Binary;
        let len = self.0.write(kind, true, &payload.bytes, &mut self.1).expect("room");
        self.2.put(&self.1[..len]);
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "embedded-websocket";
    const NOTE: &'static str = "the harness parses with `httparse`, as its example does";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut headers);
        let _ = parsed.parse(request).expect("a legal request");
        let context = read_http_header(parsed.headers.iter().map(|header| (header.name, header.value)));
        let context = context.expect("legal").expect("a WebSocket");
        let mut to = [0; 512];
        let len = WebSocketServer::new_server().server_accept(&context.sec_websocket_key, None, &mut to).expect("room");
        answer.borrow_mut().bytes.extend_from_slice(&to[..len]);
    }
}
