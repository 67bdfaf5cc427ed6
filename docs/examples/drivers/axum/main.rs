//! axum: an extractor for handlers, so that a WebSocket is one more argument.
//!
//! ```text
//! cargo run --release -p ws-axum [-- PORT [SECONDS]]       # how long a client may be silent before it is pinged
//! ```
//!
//! [`Upgrade`] is all the glue there is: it looks at the head of a request by the rules of [`server::accept`], refuses
//! by itself what breaks them, and gives the handler the answer to return and the connection to talk over.
//!
//! `axum::serve` has no deadline for the head of a request: a client may send half of one, and keep its socket. A server
//! that strangers reach puts something before it that has one, or serves the router by hyper itself: its `http1::Builder`
//! takes a timer, as the driver `hyper` shows.

use std::future::Future;
use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep_until, timeout};
use websocket_proto::handshake::server::{self, Accepted, Origins, Reply, RequestLine};
use websocket_proto::handshake::{Fields, Header, HttpVersion};
use websocket_proto::{Config, Connection, Instant, RecvBuffer, Server, Transport, deflate};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Compression, for clients that offer it; between two messages no connection holds memory for it.
static DEFLATE: LazyLock<deflate::Config> = LazyLock::new(|| deflate::Config::new().pool(deflate::Pool::new(4)));

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-axum [PORT [SECONDS]]")));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(Ok(8888))?)).await?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    println!("listening on ws://{}/", listener.local_addr()?);
    let app = Router::new().route("/", any(echo)).with_state(silence);
    Ok(axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), app).await?)
}

/// The handler.
async fn echo(State(silence): State<Duration>, upgrade: Upgrade) -> Response {
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    upgrade.into_response(config.close_timeout(Some(silence / 4)), move |stream, connection| async move {
        println!("{:?}", converse(stream, connection, silence * 3 / 2).await);
    })
}

/// A request that may become a WebSocket.
struct Upgrade {
    answer: (StatusCode, HeaderMap),
    accepted: Accepted<'static>,
    stream: OnUpgrade,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = (StatusCode, HeaderMap);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let stream = parts.extensions.remove().ok_or_else(|| answer(426, [].into_iter()))?;
        let fields: Fields<'_> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let version = if parts.version == Version::HTTP_11 { HttpVersion::Http11 } else { HttpVersion::Http10 };
        let target = parts.uri.to_string();
        let line = RequestLine { method: parts.method.as_str(), target: &target, version };
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        match server::accept(&line, &fields, Origins::Any) {
            Ok(accept) => {
                let accept = accept.deflate(&DEFLATE);
                Ok(Self { answer: answer(101, accept.response_fields()), accepted: accept.accepted(), stream })
            }
            Err(error) => Err(answer(error.status(), Reply::to_error(error).response_fields())),
        }
    }
}

impl Upgrade {
    /// The response for the handler to return; `talk` begins once the client has it.
    fn into_response<F: Future<Output = ()> + Send>(
        self,
        config: Config,
        talk: impl FnOnce(TokioIo<hyper::upgrade::Upgraded>, Connection<Server>) -> F + Send + 'static,
    ) -> Response {
        tokio::spawn(async move {
            match self.stream.await {
                Ok(stream) => talk(TokioIo::new(stream), self.accepted.connection(config)).await,
                Err(error) => println!("not upgraded: {error}"),
            }
        });
        self.answer.into_response()
    }
}

fn answer<'a>(status: u16, fields: impl Iterator<Item = Header<'a>>) -> (StatusCode, HeaderMap) {
    let name = |field: Header<'_>| HeaderName::from_bytes(field.name().as_bytes()).expect("a name");
    let value = |field: Header<'_>| HeaderValue::from_bytes(field.value()).expect("a value");
    let fields = fields.map(|field| (name(field), value(field))).collect();
    (StatusCode::from_u16(status).expect("a status"), fields)
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
