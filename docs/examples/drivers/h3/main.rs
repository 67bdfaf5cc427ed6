//! HTTP/3: a WebSocket on a stream of QUIC, opened by an extended CONNECT (RFC 9220).
//!
//! ```text
//! cargo run --release -p ws-h3 [-- PORT [SECONDS]]         # how long a client may be silent before it is pinged
//! ```
//!
//! QUIC is `quinn`'s, and the compression of headers is that of the crate `qpack`. What lies between the two and the
//! handshake is so little that it stands here: a control stream with one frame of settings; frames with a type and a
//! length; a head that is judged. (The crate `h3` in its version 0.0.8 refuses each `:protocol` but two of its own, of
//! which `websocket` is none.)
//!
//! A stream of QUIC is read straight into the receive buffer, DATA frame by DATA frame, and written from the send buffer
//! without a copy. Flow control needs no words: what we do not read, the client may not send beyond its window; and what
//! the client does not take, `quinn` does not take either.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use qpack::HeaderField;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Incoming, RecvStream, SendStream, VarInt};
use rustls::pki_types::PrivateKeyDer;
use tokio::time::{sleep, sleep_until, timeout};
use websocket_proto::handshake::extended_connect::{self, PseudoFields, Refusal};
use websocket_proto::handshake::server::Origins;
use websocket_proto::handshake::{Fields, Header};
use websocket_proto::{Config, Connection, Instant, RecvBuffer, Server, Transport, deflate};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What a client may send on one stream before we have read it.
const WINDOW_BYTES: u32 = 64 << 10;
const MAX_STREAMS: u32 = 100;
/// What is in the socket comes to a stream through other tasks: so long it may take them, when all were held up.
const GRACE: Duration = Duration::from_millis(20);
const TEXT: &[u8] = b"There is a WebSocket here that echoes.\n";
const MAX_HEAD_BYTES: u64 = 16 << 10;
/// The beginning of our control stream (RFC 9114 §6.2.1): its type, and SETTINGS, 7 bytes: we allow the extended
/// CONNECT (8 = 1, RFC 9220 §3), and heads of 16 KiB (6). That there is no dynamic table for headers is the default.
const CONTROL: &[u8] = b"\x00\x04\x07\x08\x01\x06\x80\x00\x40\x00";

/// Types of frames (RFC 9114 §7.2).
const DATA: u64 = 0;
const HEADERS: u64 = 1;
/// Codes of errors (RFC 9114 §8.1).
const NO_ERROR: VarInt = VarInt::from_u32(0x100);
const REQUEST_CANCELLED: VarInt = VarInt::from_u32(0x10c);
const MESSAGE_ERROR: VarInt = VarInt::from_u32(0x10e);

/// What all connections have in common.
struct Settings {
    /// How long a client may be silent before it is pinged.
    silence: Duration,
    deflate: deflate::Config,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-h3 [PORT [SECONDS]]")));
    let port = args.next().unwrap_or(Ok(8888))?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    let settings = Arc::new(Settings { silence, deflate: deflate::Config::new().pool(deflate::Pool::new(4)) });

    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let tls = rustls::ServerConfig::builder().with_no_client_auth();
    let mut tls = tls.with_single_cert(vec![made.cert.into()], key)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let mut quic = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    // A connection takes what all its streams may hold, so that one that is not read from does not stop its neighbours.
    let mut limits = quinn::TransportConfig::default();
    limits.stream_receive_window(WINDOW_BYTES.into()).receive_window((WINDOW_BYTES * MAX_STREAMS).into());
    limits.max_concurrent_bidi_streams(MAX_STREAMS.into()).max_concurrent_uni_streams(8_u32.into());
    quic.transport_config(Arc::new(limits));
    let endpoint = quinn::Endpoint::server(quic, ([127, 0, 0, 1], port).into())?;

    println!("listening on wss://localhost:{}/", endpoint.local_addr()?.port());
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(welcome(incoming, Arc::clone(&settings)));
    }
    Ok(())
}

/// One client: QUIC, then a task for each of its streams.
async fn welcome(incoming: Incoming, settings: Arc<Settings>) -> Result<(), AnyError> {
    let connection = incoming.await?;
    let mut control = connection.open_uni().await?; // it stays open as long as the connection
    control.write_all(CONTROL).await?;
    loop {
        tokio::select! {
            stream = connection.accept_bi() => {
                let ((send, recv), settings) = (stream?, Arc::clone(&settings));
                let frames = Frames { recv, head: Vec::new(), left: 0, kind: DATA };
                tokio::spawn(async move {
                    match answer(frames, send, &settings).await {
                        Ok(end) => println!("{end}"),
                        Err(error) => println!("lost: {error}"),
                    }
                });
            }
            // The client's settings, and what it may say of its headers and its priorities: nothing that we need.
            stream = connection.accept_uni() => {
                let mut stream = stream?;
                tokio::spawn(async move { while let Ok(Some(_)) = stream.read(&mut [0; 256]).await {} });
            }
        }
    }
}

/// One request: for a WebSocket, or for something else.
async fn answer(mut frames: Frames, mut send: SendStream, settings: &Settings) -> Result<String, AnyError> {
    // A head that does not come, or cannot be read, is as good as none.
    let head = timeout(Duration::from_secs(10), frames.read_head()).await;
    let fields = head.ok().and_then(Result::ok).unwrap_or_default();
    let Some((pseudo, fields)) = take_apart(&fields) else {
        give_up(&mut frames, &mut send, MESSAGE_ERROR);
        return Err("malformed".into());
    };
    if pseudo.method == "GET" {
        send.write_all(&[head_of(200, std::iter::empty())?, frame_head(DATA, TEXT.len()), TEXT.to_vec()].concat())
            .await?;
        frames.recv.stop(NO_ERROR)?; // there is nothing more to hear
        return Ok(format!("a page: {pseudo:?}"));
    }
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(settings.silence)).pong_timeout(Some(settings.silence / 2));
    let connection = match extended_connect::accept(&pseudo, &fields, Origins::SameHost) {
        Ok(accept) => {
            let accept = accept.deflate(&settings.deflate);
            send.write_all(&head_of(accept.status(), accept.response_fields())?).await?;
            accept.accepted().connection(config.close_timeout(Some(settings.silence / 4)))
        }
        Err(error) => {
            let refusal = Refusal::to_error(error);
            send.write_all(&head_of(refusal.status(), refusal.response_fields().iter().copied())?).await?;
            frames.recv.stop(NO_ERROR)?;
            return Ok(format!("refused: {error}"));
        }
    };
    println!("{pseudo:?}, deflate: {}", connection.has_deflate());
    converse(frames, send, connection, settings.silence * 3 / 2).await
}

/// The run loop, over the two halves of a stream. `patience` is how long a client may take nothing of what it is sent.
async fn converse(
    mut frames: Frames,
    mut send: SendStream,
    mut connection: Connection<Server>,
    patience: Duration,
) -> Result<String, AnyError> {
    let (mut rx, mut tx) = (RecvBuffer::new(), BytesMut::new());
    let (started, mut is_ended) = (tokio::time::Instant::now(), false);
    loop {
        // A violation ends the loop, too: `fault` keeps it, and `poll_transmit` tells the client.
        while let Ok(Some(event)) = connection.receive(&mut rx) {
            match event.message() {
                Some(message) if connection.can_send() => connection.send_message(message, &mut tx)?,
                _ => {}
            }
            connection.poll_transmit(&mut tx)?;
        }
        let _ = connection.handle_timeout(Instant::from_duration(started.elapsed())); // `fault` keeps it
        connection.poll_transmit(&mut tx)?;
        // A client that does not read is not read from either: what we would answer has to wait somewhere. So its silence
        // is our doing, and its Pong may wait in the window; what counts is that it reads.
        if !tx.is_empty() {
            let payload = tx.split().freeze(); // no copy
            let mut frame = [frame_head(DATA, payload.len()).into(), payload];
            while !frame[1].is_empty() {
                let Ok(written) = timeout(patience, send.write_chunks(&mut frame)).await else {
                    give_up(&mut frames, &mut send, REQUEST_CANCELLED);
                    return Err("the client does not read".into());
                };
                written?;
            }
        }
        match connection.transport() {
            Transport::Closed => break give_up(&mut frames, &mut send, REQUEST_CANCELLED),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            Transport::FlushThenClose if !is_ended => {
                is_ended = true;
                send.finish()?;
            }
            _ => {}
        }
        if rx.is_empty() {
            rx.release();
        }
        let deadline = connection.poll_timeout();
        let moment = started + deadline.unwrap_or_default().saturating_since(Instant::EPOCH);
        tokio::select! {
            biased; // what has come in time is received before the time is told
            count = frames.read(&mut rx) => if count? == 0 { break },
            () = async { sleep_until(moment).await; sleep(GRACE).await }, if deadline.is_some() => {}
        }
    }
    Ok(format!("{:?}, fault {:?}", connection.handle_eof(), connection.fault()))
}

/// Gives up a stream, in both directions.
fn give_up(frames: &mut Frames, send: &mut SendStream, code: VarInt) {
    let _ = (frames.recv.stop(code), send.reset(code)); // it may be over already
}

// ---- HTTP/3, as much of it as there is to do. ----

/// A request's stream, taken apart into frames.
struct Frames {
    recv: RecvStream,
    /// Two integers, as far as they have come: type and length of the next frame.
    head: Vec<u8>,
    /// How much of the payload is still to come.
    left: u64,
    kind: u64,
}

impl Frames {
    /// Reads the payload of DATA frames into `rx`, as it comes; 0 is the end of the stream. It can be cancelled at any
    /// time: whatever has been read is kept.
    async fn read(&mut self, rx: &mut RecvBuffer<Vec<u8>>) -> Result<usize, AnyError> {
        while self.kind != DATA || self.left == 0 {
            if !self.next().await? {
                return Ok(0);
            }
        }
        let room = rx.spare_mut();
        let most = room.len().min(self.left.try_into().unwrap_or(usize::MAX));
        let count = self.recv.read(&mut room[..most]).await?.ok_or("cut short")?;
        rx.filled(count);
        self.left -= count as u64;
        Ok(count)
    }

    /// Reads the head of the request. No DATA comes before it.
    async fn read_head(&mut self) -> Result<Vec<HeaderField>, AnyError> {
        while self.next().await? && self.kind != DATA {
            if self.kind == HEADERS && self.left <= MAX_HEAD_BYTES {
                let mut block = vec![0; std::mem::take(&mut self.left) as usize];
                self.recv.read_exact(&mut block).await?;
                let decoded = qpack::decode_stateless(&mut &block[..], MAX_HEAD_BYTES);
                return Ok(decoded.map_err(|error| format!("{error:?}"))?.fields);
            }
        }
        Err("no head, or too large a one".into())
    }

    /// Goes to the next frame, and reads its type and its length; false at the end of the stream. What is left of the
    /// frame before it is passed over: trailers, or what nobody knows (RFC 9114 §9).
    async fn next(&mut self) -> Result<bool, AnyError> {
        while self.left > 0 {
            let most = self.left.min(1 << 10) as usize;
            self.left -= self.recv.read_chunk(most, true).await?.ok_or("cut short")?.bytes.len() as u64;
        }
        loop {
            let mut ahead = &self.head[..];
            if let (Some(kind), Some(left)) = (integer(&mut ahead), integer(&mut ahead)) {
                (self.kind, self.left) = (kind, left);
                self.head.clear();
                return Ok(true);
            }
            let mut byte = [0];
            match self.recv.read(&mut byte).await? {
                Some(_) => self.head.push(byte[0]),
                None if self.head.is_empty() => return Ok(false),
                None => return Err("cut short".into()),
            }
        }
    }
}

/// An integer of QUIC: the first two bits say how many bytes it has (RFC 9000 §16).
fn integer(bytes: &mut &[u8]) -> Option<u64> {
    let len = 1 << (bytes.first()? >> 6);
    (bytes.len() >= len).then(|| bytes.get_uint(len) & (u64::MAX >> (66 - 8 * len)))
}

/// Type and length of a frame, the length in its form of eight bytes.
fn frame_head(kind: u64, len: usize) -> Vec<u8> {
    [&[kind as u8], &(3 << 62 | len as u64).to_be_bytes()[..]].concat()
}

/// A frame with the head of a response.
fn head_of<'a>(status: u16, fields: impl Iterator<Item = Header<'a>>) -> Result<Vec<u8>, AnyError> {
    let status = HeaderField::new(":status", status.to_string());
    let fields = fields.map(|field| HeaderField::new(field.name(), field.value()));
    let mut block = Vec::new();
    qpack::encode_stateless(&mut block, std::iter::once(status).chain(fields)).map_err(|error| format!("{error:?}"))?;
    Ok([frame_head(HEADERS, block.len()), block].concat())
}

/// A request's head: pseudo-headers first, each once, and names in lower case; otherwise it is malformed (RFC 9114
/// §4.2, §4.3).
fn take_apart(fields: &[HeaderField]) -> Option<(PseudoFields<'_>, Fields<'_>)> {
    let count = fields.iter().take_while(|field| field.name.starts_with(b":")).count();
    let (first, others) = fields.split_at(count);
    let (mut pseudo, mut method) = (PseudoFields::default(), None);
    for field in first {
        let place = match &*field.name {
            b":method" => &mut method,
            b":protocol" => &mut pseudo.protocol,
            b":scheme" => &mut pseudo.scheme,
            b":authority" => &mut pseudo.authority,
            b":path" => &mut pseudo.path,
            _ => return None,
        };
        if place.replace(std::str::from_utf8(&field.value).ok()?).is_some() {
            return None;
        }
    }
    pseudo.method = method?;
    let is_name = |name: &[u8]| !name.iter().any(|byte| byte.is_ascii_uppercase() || *byte == b':');
    let others = others.iter().map(|field| {
        let name = std::str::from_utf8(&field.name).ok().filter(|name| is_name(name.as_bytes()))?;
        Some((name, &*field.value))
    });
    Some((pseudo, others.collect::<Option<Vec<_>>>()?.into_iter().collect()))
}
