//! `nexus-web`: a sans-I/O reader and writer, and a blocking socket around them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use nexus_web::ws::{ClientBuilder, FrameReader, FrameWriter, Message, Role};

use crate::wire::{Log, Wire};
use crate::work::{End, Handshaker, Payload, Receiver, Seen, Sender, Unmask};

pub struct Masking;

impl Unmask for Masking {
    const NAME: &'static str = "nexus-web";

    #[inline]
    fn unmask(bytes: &mut [u8], mut key: [u8; 4], phase: usize) {
        key.rotate_left(phase);
        nexus_web::ws::apply_mask(bytes, key);
    }
}

/// A text that lies across two reads is handed out as a `str` that nobody has looked at: there the harness looks, at the first text behind
/// each read.
pub struct Receiving {
    reader: FrameReader,
    may_be_cut: bool,
    wire: Wire,
}

impl Receiver for Receiving {
    const NAME: &'static str = "nexus-web";
    const CHECKS_UTF8: bool = true;
    const NOTE: &'static str = "text across reads checked by the harness";
    const DEFAULT_CAPACITY: Option<usize> = Some(1024 * 1024);
    const OBJECT_BYTES: usize = size_of::<FrameReader>() + size_of::<FrameWriter>();

    fn new(wire: Wire, capacity: usize, _: usize) -> Self {
        Self {
            reader: FrameReader::builder().role(Role::Server).buffer_capacity(capacity).build(),
            may_be_cut: false,
            wire,
        }
    }

    fn receive(&mut self, count: usize, look: &mut impl FnMut(Seen<'_>)) {
        let mut seen = 0;
        while seen < count {
            match self.reader.next().expect("a legal stream") {
                Some(Message::Text(text)) => {
                    if std::mem::take(&mut self.may_be_cut) {
                        look(Seen::checked_here(true, text.as_bytes()));
                    } else {
                        look(Seen::Text(text));
                    }
                    seen += 1;
                }
                Some(Message::Binary(bytes)) => {
                    look(Seen::Binary(bytes));
                    seen += 1;
                }
                Some(_) => {}
                None => {
                    if self.reader.spare().is_empty() {
                        self.reader.compact();
                    }
                    let read = self.wire.take(self.reader.spare());
                    self.reader.filled(read);
                    self.may_be_cut = true;
                }
            }
        }
    }
}

pub struct Sending {
    writer: FrameWriter,
    tx: Vec<u8>,
    wire: Wire,
}

impl Sender for Sending {
    const NAME: &'static str = "nexus-web";
    const NOTE: &'static str = "keys: ChaCha8, seeded by the system";

    fn new(wire: Wire, end: End, max_message: usize) -> Option<Self> {
        let role = if end == End::Server { Role::Server } else { Role::Client };
        Some(Self { writer: FrameWriter::new(role), tx: vec![0; max_message + 14], wire })
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let len = self.writer.encode_binary(&payload.bytes, &mut self.tx);
        self.wire.put(&self.tx[..len]);
    }
}

/// The head alone, for a server that writes vectored.
pub struct Heading(FrameWriter, Wire);

impl Sender for Heading {
    const NAME: &'static str = "nexus-web";
    const NOTE: &'static str = "`build_header`";

    fn new(wire: Wire, end: End, _: usize) -> Option<Self> {
        (end == End::Server).then(|| Self(FrameWriter::new(Role::Server), wire))
    }

    #[inline]
    fn send(&mut self, payload: &Payload) {
        let (head, _) = self.0.build_header(0x82, payload.bytes.len());
        self.1.put(head.as_bytes());
        self.1.put(&payload.bytes);
    }
}

pub struct Accepting;

impl Handshaker for Accepting {
    const NAME: &'static str = "nexus-web";
    const NOTE: &'static str = "with buffers of 4 KiB in place of 1 MiB and 64 KiB";

    fn new() -> Self {
        Self
    }

    fn accept(&mut self, request: &Arc<[u8]>, answer: &Rc<RefCell<Log>>) {
        let builder = ClientBuilder::new().buffer_capacity(4096).write_buffer_capacity(4096);
        std::hint::black_box(builder.accept(Wire::request(request, answer)).expect("a WebSocket"));
    }
}
