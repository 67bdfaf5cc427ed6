//! hyper 1: HTTP is hyper's, from the first byte of the request to the last of the answer; then the stream is ours.
//!
//! ```text
//! cargo run --release -p ws-hyper [-- PORT [SECONDS]]      # how long a client may be silent before it is pinged
//! ```
//!
//! hyper has parsed the request, so the handshake begins with its fields: [`server::accept`] judges them by the same
//! rules as it would judge bytes, and says which fields the answer has. Everything else is an ordinary service, with
//! pages beside the WebSocket.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, sleep_until, timeout};
use websocket_proto::handshake::server::{self, Origins, Reply, RequestLine};
use websocket_proto::handshake::{Fields, Header, HttpVersion};
use websocket_proto::{Config, Connection, Instant, RecvBuffer, Server, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-hyper [PORT [SECONDS]]")));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(Ok(8888))?)).await?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    println!("listening on ws://{}/", listener.local_addr()?);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)); // without a timer there is no deadline
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(50)).await; // out of files, most likely
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let response = respond(request, silence);
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    }
}

/// The whole handshake. With the 101, a task waits for the stream that hyper will hand over.
fn respond(mut request: Request<Incoming>, silence: Duration) -> Response<Full<Bytes>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let fields: Fields<'_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    if !fields.is_websocket() {
        return Response::new(Full::from("There is a WebSocket here that echoes.\n"));
    }
    let version = if request.version() == Version::HTTP_11 { HttpVersion::Http11 } else { HttpVersion::Http10 };
    let target = request.uri().to_string();
    let line = RequestLine { method: request.method().as_str(), target: &target, version };
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let config = config.close_timeout(Some(silence / 4));
    // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
    let (response, connection) = match server::accept(&line, &fields, Origins::Any) {
        Ok(accept) => (with_fields(101, accept.response_fields()), accept.accepted().connection(config)),
        Err(error) => return with_fields(error.status(), Reply::to_error(error).response_fields()),
    };
    tokio::spawn(async move {
        match upgrade.await {
            Ok(stream) => println!("{:?}", converse(TokioIo::new(stream), connection, silence * 3 / 2).await),
            Err(error) => println!("not upgraded: {error}"),
        }
    });
    response
}

fn with_fields<'a>(status: u16, fields: impl Iterator<Item = Header<'a>>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for field in fields {
        let name = HeaderName::from_bytes(field.name().as_bytes()).expect("a name");
        response.headers_mut().append(name, HeaderValue::from_bytes(field.value()).expect("a value"));
    }
    response
}

/// The run loop, over any stream. Reading can be cancelled with nothing lost. `patience` is how long a client may take
/// nothing of what it is sent.
async fn converse<S: AsyncRead + AsyncWrite>(
    stream: S,
    mut connection: Connection<Server>,
    patience: Duration,
) -> Result<String, AnyError> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (mut rx, mut tx) = (RecvBuffer::new(), Vec::new());
    let started = tokio::time::Instant::now();
    let mut is_shut_down = false;
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
        // is our doing, and its Pong may wait in the socket; what counts is that it reads. A socket says that it has room
        // when about a third of its buffer is free, so it is that much that a client has to take in time; a socket of our
        // own could be asked for less, as in the driver `tokio`.
        while !tx.is_empty() {
            match timeout(patience, writer.write(&tx)).await.map_err(|_| "the client does not read")?? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                count => drop(tx.drain(..count)),
            }
        }
        match connection.transport() {
            Transport::Closed => break,
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            Transport::FlushThenClose if !is_shut_down => {
                is_shut_down = true;
                timeout(patience, writer.shutdown()).await??;
            }
            _ => {}
        }
        let deadline = connection.poll_timeout();
        let moment = started + deadline.unwrap_or_default().saturating_since(Instant::EPOCH);
        tokio::select! {
            biased; // what has come in time is received before the time is told
            count = reader.read(rx.spare_mut()) => match count? {
                0 => break,
                count => rx.filled(count),
            },
            () = sleep_until(moment), if deadline.is_some() => {}
        }
    }
    Ok(format!("{:?}, fault {:?}", connection.handle_eof(), connection.fault()))
}
