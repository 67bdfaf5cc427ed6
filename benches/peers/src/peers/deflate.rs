//! Two ends that compress, back to back.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_sink::Sink as _;
use shiguredo_websocket::{PerMessageDeflate, PerMessageDeflateConfig};
use sockudo_ws::deflate::{DeflateConfig, DeflateContext};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websocket_proto::deflate::{Config, Params, Pool};
use websocket_proto::{Client, Connection, Event, RecvBuffer, Server};
use yawc::frame::Frame;
use yawc::{Options, Role, WebSocket};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use crate::wire::poll_now;

/// The bytes of a frame from a server with so many bytes of payload: for those that are asked for payloads alone.
const fn framed(len: usize) -> usize {
    len + match len {
        0..126 => 2,
        126..65536 => 4,
        _ => 10,
    }
}

/// A message goes from one end to the other.
pub trait RoundTrip {
    const NOTE: &'static str = "";
    const IS_FLOOR: bool = false;

    /// Sends it, and looks at what arrives; gives the bytes on the wire.
    fn round_trip(&mut self, message: &str) -> usize;
}

pub struct Ours {
    server: Connection<Server>,
    client: Connection<Client<fn() -> [u8; 4]>>,
    tx: Vec<u8>,
    rx: RecvBuffer<Vec<u8>>,
}

impl Ours {
    pub const DEFAULT_LEVEL: u8 = 4;

    pub fn new(takeover: bool, level: u8) -> Self {
        let params = Params {
            server_no_context_takeover: !takeover,
            client_no_context_takeover: !takeover,
            ..Params::default()
        };
        let config = Config::new().min_bytes(0).level(level).local_takeover(takeover).peer_takeover(takeover);
        let config = config.pool(Pool::new(1));
        Self {
            server: Connection::server(websocket_proto::Config::server()).with_deflate(&params, &config),
            client: Connection::client(websocket_proto::Config::client(), (|| [1, 2, 3, 4]) as fn() -> [u8; 4])
                .with_deflate(&params, &config),
            tx: Vec::with_capacity(2 << 20),
            rx: RecvBuffer::new(),
        }
    }
}

impl RoundTrip for Ours {
    fn round_trip(&mut self, message: &str) -> usize {
        self.tx.clear();
        self.server.send_text(message, &mut self.tx).expect("a Vec has room");
        let (mut bytes, mut is_here) = (&self.tx[..], false);
        while !bytes.is_empty() {
            bytes = &bytes[self.rx.extend_from_slice(bytes)..];
            while let Some(event) = self.client.receive(&mut self.rx).expect("a legal stream") {
                assert!(matches!(event, Event::Text(text) if text.len() == message.len()));
                is_here = true;
            }
        }
        assert!(is_here);
        self.tx.len()
    }
}

/// The streams of zlib-rs, with memory that is there.
pub struct Floor {
    deflate: Deflate,
    inflate: Inflate,
    takeover: bool,
    wire: Vec<u8>,
    message: Vec<u8>,
}

impl Floor {
    pub fn new(takeover: bool, level: u8) -> Self {
        let config = zlib_rs::DeflateConfig {
            level: level.into(),
            window_bits: -15,
            mem_level: 5,
            ..zlib_rs::DeflateConfig::default()
        };
        Self {
            deflate: Deflate::new_with_config(config),
            inflate: Inflate::new(false, 15),
            takeover,
            wire: vec![0; 2 << 20],
            message: vec![0; (1 << 20) + 64],
        }
    }
}

impl RoundTrip for Floor {
    const IS_FLOOR: bool = true;

    fn round_trip(&mut self, message: &str) -> usize {
        let before = (self.deflate.total_out(), self.inflate.total_out());
        self.deflate.compress(message.as_bytes(), &mut self.wire, DeflateFlush::SyncFlush).expect("room");
        let len = (self.deflate.total_out() - before.0) as usize;
        let wire = &self.wire[..len];
        self.inflate.decompress(wire, &mut self.message, InflateFlush::SyncFlush).expect("sound");
        assert_eq!(self.inflate.total_out() - before.1, message.len() as u64);
        assert!(simdutf8::basic::from_utf8(&self.message[..message.len()]).is_ok());
        if !self.takeover {
            self.deflate.reset();
            self.inflate.reset(false);
        }
        framed(len - 4)
    }
}

/// What one end writes, the other reads.
#[derive(Clone, Default)]
struct Pipe {
    bytes: Rc<RefCell<VecDeque<u8>>>,
    written: Rc<RefCell<usize>>,
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.is_empty() {
            return Poll::Pending;
        }
        let count = bytes.len().min(to.remaining());
        let (front, _) = bytes.as_slices();
        let count = count.min(front.len());
        to.put_slice(&front[..count]);
        bytes.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        *self.written.borrow_mut() += bytes.len();
        self.bytes.borrow_mut().extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub struct Yawc {
    server: WebSocket<Pipe>,
    client: WebSocket<Pipe>,
    pipe: Pipe,
}

impl Yawc {
    pub fn new(takeover: bool) -> Self {
        let pipe = Pipe::default();
        let options = || {
            let options = Options::default().with_balanced_compression().with_utf8().with_compression_threshold(0);
            let options = options.with_max_payload_read(4 << 20).with_max_read_buffer(8 << 20);
            if takeover { options } else { options.server_no_context_takeover().client_no_context_takeover() }
        };
        let extensions = match takeover {
            true => "permessage-deflate",
            false => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        };
        let end = |role| {
            WebSocket::from_stream_with_extensions(pipe.clone(), role, Some(extensions), options()).expect("legal")
        };
        Self { server: end(Role::Server), client: end(Role::Client), pipe }
    }
}

impl RoundTrip for Yawc {
    const NOTE: &'static str = "its balanced preset";

    fn round_trip(&mut self, message: &str) -> usize {
        *self.pipe.written.borrow_mut() = 0;
        poll_now(|cx| Pin::new(&mut self.server).poll_ready(cx)).expect("open");
        Pin::new(&mut self.server).start_send(Frame::text(message.to_owned())).expect("open");
        poll_now(|cx| Pin::new(&mut self.server).poll_flush(cx)).expect("open");
        let frame = poll_now(|cx| self.client.poll_next_frame(cx)).expect("a legal stream");
        assert_eq!(frame.payload().len(), message.len());
        *self.pipe.written.borrow()
    }
}

pub struct Sockudo {
    server: DeflateContext,
    client: DeflateContext,
}

impl Sockudo {
    pub fn new(takeover: bool) -> Self {
        let config = DeflateConfig {
            server_no_context_takeover: !takeover,
            client_no_context_takeover: !takeover,
            compression_threshold: 0,
            ..DeflateConfig::default()
        };
        Self { server: DeflateContext::server(config.clone()), client: DeflateContext::client(config) }
    }
}

impl RoundTrip for Sockudo {
    const NOTE: &'static str = "its contexts alone, without frames";

    fn round_trip(&mut self, message: &str) -> usize {
        let Some(payload) = self.server.compress(message.as_bytes()).expect("sound") else { return message.len() };
        let inflated = self.client.decompress(&payload, 4 << 20).expect("sound");
        assert!(simdutf8::basic::from_utf8(&inflated).is_ok_and(|text| text.len() == message.len()));
        framed(payload.len())
    }
}

pub struct Shiguredo {
    server: PerMessageDeflate,
    client: PerMessageDeflate,
}

impl Shiguredo {
    pub fn new(takeover: bool) -> Self {
        let config = PerMessageDeflateConfig {
            server_no_context_takeover: !takeover,
            client_no_context_takeover: !takeover,
            ..PerMessageDeflateConfig::default()
        };
        Self { server: PerMessageDeflate::new_server(config.clone()), client: PerMessageDeflate::new_client(config) }
    }
}

impl RoundTrip for Shiguredo {
    const NOTE: &'static str = "noflate; its codec alone, without frames";

    fn round_trip(&mut self, message: &str) -> usize {
        let payload = self.server.compress(message.as_bytes()).expect("sound");
        let inflated = self.client.decompress(&payload, 4 << 20).expect("sound");
        assert!(simdutf8::basic::from_utf8(&inflated).is_ok_and(|text| text.len() == message.len()));
        framed(payload.len())
    }
}
