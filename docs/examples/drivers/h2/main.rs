//! HTTP/2: a WebSocket is one stream among others, and an extended CONNECT opens it (RFC 8441).
//!
//! ```text
//! cargo run --release -p ws-h2 [-- PORT [SECONDS]]         # how long a client may be silent before it is pinged
//! ```
//!
//! Then open <https://localhost:8888/> in a browser, and let it pass the certificate, which is made at each start. The
//! page comes over HTTP/2, and so does its WebSocket: browsers use the connection they have, if it allows CONNECT.
//!
//! `h2` takes frames and headers apart, [`Request`] says what they mean, and the bytes of the stream's DATA frames are a
//! transport like any other. Flow control is where HTTP/2 differs from a socket. The client may send as much as we have
//! released, so we release what has been received, and nothing before: a message that waits costs its window, and no
//! more. And we hand over to `h2` what the client's window takes, and nothing beyond, for it would be kept in memory.
//!
//! One window is shared by all streams of a connection. It is as large as all theirs together, so that a stream that is
//! not read from cannot hold up its neighbours.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream, ext::Protocol};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use websocket_proto::handshake::http::Request;
use websocket_proto::handshake::server::Origins;
use websocket_proto::{Config, Connection, Instant, RecvBuffer, Server, Transport, deflate};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What a client may send on one stream before we have received it.
const WINDOW_BYTES: u32 = 64 << 10;
const MAX_STREAMS: u32 = 100;
/// What is in the socket comes to a stream through other tasks: so long it may take them, when all were held up.
const GRACE: Duration = Duration::from_millis(20);
const PAGE: &[u8] = include_bytes!("../../echo_page.html");

/// What all connections have in common.
struct Settings {
    /// How long a client may be silent before it is pinged.
    silence: Duration,
    deflate: deflate::Config,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-h2 [PORT [SECONDS]]")));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(Ok(8888))?)).await?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    let settings = Arc::new(Settings { silence, deflate: deflate::Config::new().pool(deflate::Pool::new(4)) });

    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.into()], key)?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsAcceptor::from(Arc::new(tls));

    println!("listening on wss://localhost:{}/", listener.local_addr()?.port());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(welcome(stream, tls.clone(), Arc::clone(&settings)))),
            Err(_) => sleep(Duration::from_millis(50)).await, // out of files, most likely
        }
    }
}

/// One client: TLS, then HTTP/2, then a task for each of its streams.
async fn welcome(stream: TcpStream, tls: TlsAcceptor, settings: Arc<Settings>) -> Result<(), AnyError> {
    stream.set_nodelay(true)?;
    let mut http = h2::server::Builder::new();
    http.enable_connect_protocol(); // without this setting, no client may ask (RFC 8441 §3)
    http.initial_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOW_BYTES * MAX_STREAMS);
    http.max_concurrent_streams(MAX_STREAMS).max_send_buffer_size(WINDOW_BYTES as usize);
    let opened = async { Ok::<_, AnyError>(http.handshake(tls.accept(stream).await?).await?) };
    let mut streams = timeout(Duration::from_secs(10), opened).await??;
    while let Some(opened) = streams.accept().await {
        let ((request, respond), settings) = (opened?, Arc::clone(&settings));
        tokio::spawn(async move {
            match answer(request, respond, &settings).await {
                Ok(end) => println!("{end}"),
                Err(error) => println!("lost: {error}"),
            }
        });
    }
    Ok(())
}

/// One stream: a WebSocket, or the page.
async fn answer(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    settings: &Settings,
) -> Result<String, AnyError> {
    // The `http` crate has no place for this pseudo-header, so each stack keeps it in one of its own.
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let asked = Request::new(&request).protocol(protocol);
    if request.method() == http::Method::GET {
        let response = http::Response::builder().header("content-type", "text/html; charset=utf-8").body(())?;
        respond.send_response(response, false)?.send_data(Bytes::from_static(PAGE), true)?;
        return Ok(format!("a page: {} {}", request.method(), request.uri()));
    }
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(settings.silence)).pong_timeout(Some(settings.silence / 2));
    let (send, connection) = match asked.accept(Origins::SameHost) {
        Ok(accept) => {
            let accept = accept.deflate(&settings.deflate);
            let send = respond.send_response(accept.to_response()?, false)?;
            (send, accept.accepted().connection(config.close_timeout(Some(settings.silence / 4))))
        }
        Err(error) => {
            respond.send_response(asked.refuse(error), true)?;
            return Ok(format!("refused: {error}"));
        }
    };
    println!("{} {}, :protocol {protocol:?}, deflate: {}", request.method(), request.uri(), connection.has_deflate());
    converse(request.into_body(), send, connection, settings.silence * 3 / 2).await
}

/// The run loop, over the two halves of a stream. `patience` is how long a client may take nothing of what it is sent.
async fn converse(
    mut recv: RecvStream,
    mut send: SendStream<Bytes>,
    mut connection: Connection<Server>,
    patience: Duration,
) -> Result<String, AnyError> {
    let (mut rx, mut tx, mut data) = (RecvBuffer::new(), BytesMut::new(), Bytes::new());
    let (started, mut is_ended) = (tokio::time::Instant::now(), false);
    loop {
        // As much of the last DATA frame as there is room for; the client may send that much again.
        let taken = rx.extend_from_slice(&data);
        data.advance(taken);
        recv.flow_control().release_capacity(taken)?;
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
        while !tx.is_empty() {
            send.reserve_capacity(tx.len());
            if send.capacity() == 0 {
                let more = timeout(patience, poll_fn(|context| send.poll_capacity(context))).await;
                more.map_err(|_| "the client does not read")?.ok_or("the client has reset the stream")??;
            }
            let ready = tx.split_to(send.capacity().min(tx.len()));
            send.send_data(ready.freeze(), false)?; // no copy
        }
        match connection.transport() {
            Transport::Closed => {
                send.send_reset(Reason::CANCEL);
                break;
            }
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            Transport::FlushThenClose if !is_ended => {
                is_ended = true;
                send.send_data(Bytes::new(), true)?;
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
            () = std::future::ready(()), if !data.is_empty() => {}
            more = recv.data() => match more {
                Some(more) => data = more?,
                None => break, // END_STREAM
            },
            () = async { sleep_until(moment).await; sleep(GRACE).await }, if deadline.is_some() => {}
        }
    }
    Ok(format!("{:?}, fault {:?}", connection.handle_eof(), connection.fault()))
}
