//! `ws-framer`: a framer in a buffer that it borrows.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use ws_framer::{Header, WsFrame, WsRxFramer, WsTxFramer, process_sec_websocket_key};

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender};

/// The framer borrows its buffer for good: the benchmark gives it one for good.
fn buffer(len: usize) -> &'static mut [u8] {
    Vec::leak(vec![0; len])
}

pub struct Receiving(WsRxFramer<'static>, Wire);

impl Receiver for Receiving {
    const NAME: &'static str = "ws-framer";
    const CHECKS_UTF8: bool = true;
    const DEFAULT_CAPACITY: Option<usize> = None;
    const OBJECT_BYTES: usize = size_of::<WsRxFramer<'static>>() + size_of::<WsTxFramer<'static>>();

    fn new(wire: Wire, capacity: usize, max_message: usize) -> Self {
        Self(WsRxFramer::new(buffer(capacity.max(max_message + 14))), wire)
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            match self.0.next_frame() {
                Some(Ok(WsFrame::Text(text))) => {
                    look(Seen::Text(text));
                    seen += 1;
                }
                Some(Ok(WsFrame::Binary(bytes))) => {
                    look(Seen::Binary(bytes));
                    seen += 1;
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error:?}"),
                None => {
                    let read = self.1.take(self.0.read_buf());
                    self.0.advance(read);
                }
            }
        }
    }
}

pub struct Sending(WsTxFramer<'static>, Wire);

impl Sender for Sending {
    const NAME: &'static str = "ws-framer";
    const NOTE: &'static str = "keys: a system call each";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        Some(Self(WsTxFramer::new(end == End::Client, buffer(max_message + 14)), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        self.1.put(self.0.binary(&payload.bytes).expect("room"));
    }
}

/// It reads no request: `httparse`, as in its example, and no header is checked.
pub struct Accepting(&'static mut [u8]);

impl Handshaker for Accepting {
    const NAME: &'static str = "ws-framer";
    const NOTE: &'static str = "the harness parses with `httparse`; no header is checked";

    fn new() -> Self {
        Self(buffer(1024))
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut headers);
        let _ = parsed.parse(request).expect("a legal request");
        let key =
            parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("Sec-WebSocket-Key")).expect("a key");
        let accept = process_sec_websocket_key(str::from_utf8(key.value).expect("ASCII")).expect("a key");
        let headers = [
            Header { name: "Upgrade", value: b"websocket" },
            Header { name: "Connection", value: b"Upgrade" },
            Header { name: "Sec-WebSocket-Accept", value: &accept },
        ];
        let mut framer = WsTxFramer::new(false, self.0);
        let bytes = framer.http_response(101, "Switching Protocols", &headers).expect("room");
        answer.borrow_mut().bytes.extend_from_slice(bytes);
    }
}
