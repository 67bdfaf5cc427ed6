//! A chat: what one says, all hear, whichever process they are connected to.
//!
//! ```text
//! redis-server --port 6379 &                                # or any other; Debian: apt-get install redis-server
//! cargo run --release -p ws-chat -- 8888 redis://127.0.0.1:6379/
//! cargo run --release -p ws-chat -- 8889 redis://127.0.0.1:6379/     # as many more as you like, anywhere
//! ```
//!
//! A message goes to the broker, and from there to every process, its own included. So there is one order for all, and
//! the cluster is the broker's business: Redis here, with NATS or Kafka only [`publish`] and [`subscribe`] would differ.
//!
//! In a process, each message is encoded once. Ten thousand receivers share one [`PreparedMessage`]: a server's frames
//! are the same for all, so each socket is written from the same bytes; only what a slow one does not take at once is
//! copied. The next message waits for it in a channel that also exists once for all. A receiver that falls too far
//! behind is closed with 1013, so that it cannot cost memory; what it has missed is for the application to keep.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep_until, timeout};
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Event, Instant, PreparedMessage, RecvBuffer, ServerSession, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;
type News = Arc<PreparedMessage>;

/// The channel at the broker.
const ROOM: &str = "ws-chat";
/// How many messages a receiver may be behind.
const BACKLOG: usize = 256;
/// How long a client may be silent before it is pinged. It is given up when that does not help.
const SILENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().collect();
    let port = args.get(1).map_or(Ok(8888), |port| port.parse().or(Err("usage: ws-chat [PORT [BROKER]]")))?;
    let broker = redis::Client::open(args.get(2).map_or("redis://127.0.0.1:6379/", |url| url))?;
    let (news, _) = broadcast::channel(BACKLOG);
    let (said, to_say) = mpsc::channel(BACKLOG);
    let subscribed = broker.get_async_pubsub().await?;
    tokio::spawn(ended("subscribing", subscribe(subscribed, news.clone())));
    let patience = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(10)));
    let publisher = broker.get_multiplexed_async_connection_with_config(&patience).await?;
    tokio::spawn(ended("publishing", publish(publisher, to_say)));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, said.clone(), news.subscribe()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // out of files, most likely
        }
    }
}

/// Without the broker there is no chat: whoever started this process starts it again.
async fn ended(what: &str, task: impl Future<Output = Result<(), AnyError>>) {
    println!("{what} has ended: {:?}", task.await);
    std::process::exit(1);
}

/// From the clients of this process to the broker. Who talks faster than the broker listens has to wait.
async fn publish(
    mut broker: redis::aio::MultiplexedConnection,
    mut to_say: mpsc::Receiver<String>,
) -> Result<(), AnyError> {
    while let Some(text) = to_say.recv().await {
        redis::cmd("PUBLISH").arg(ROOM).arg(text).exec_async(&mut broker).await?;
    }
    Ok(())
}

/// From the broker to the clients of this process: encoded here, once for all of them.
async fn subscribe(mut broker: redis::aio::PubSub, news: broadcast::Sender<News>) -> Result<(), AnyError> {
    broker.subscribe(ROOM).await?;
    let mut messages = broker.into_on_message();
    while let Some(message) = messages.next().await {
        let text: String = message.get_payload()?;
        let _ = news.send(Arc::new(PreparedMessage::text(&text))); // an error says that nobody is here
    }
    Err("the broker has gone".into())
}

/// One client, from its first byte to its last.
async fn serve(stream: TcpStream, said: mpsc::Sender<String>, news: broadcast::Receiver<News>) {
    let _ = stream.set_nodelay(true);
    let config = Config::server().max_message_bytes(64 << 10).ping_interval(Some(SILENCE));
    let mut session = ServerSession::new(Handshake::new(), config.pong_timeout(Some(SILENCE / 2)));
    let started = tokio::time::Instant::now();
    let mut wire = Wire { stream, rx: RecvBuffer::with_capacity(2048), tx: Vec::new(), started };
    let end = talk(&mut wire, &mut session, said, news).await;
    if let (ending, Err(error)) = (session.handle_eof(), end) {
        println!("lost: {error}, {ending:?}, fault {:?}", session.fault());
    }
}

/// The run loop.
async fn talk(
    wire: &mut Wire,
    session: &mut ServerSession,
    said: mpsc::Sender<String>,
    mut news: broadcast::Receiver<News>,
) -> Result<(), AnyError> {
    loop {
        // A refusal or a violation is kept by `fault`, and `poll_transmit` tells the client.
        let open = session.open(&mut wire.rx, |handshake, rx| handshake.answer(rx, Origins::Any, &mut wire.tx));
        if let Ok(Some(connection)) = open {
            // What is said here is passed on before more is received: `text` lives in the buffer until then.
            while let Ok(Some(event)) = connection.receive(&mut wire.rx) {
                if let Event::Text(text) = event {
                    said.send(text.to_owned()).await?;
                }
            }
        }
        let _ = session.handle_timeout(wire.now()); // `fault` keeps it
        session.poll_transmit(&mut wire.tx)?;
        // A socket that has not taken the last message does not get the next, and is not read from.
        wire.flush().await?;
        match session.transport() {
            Transport::Closed => return Err("out of patience".into()),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose => drop(socket2::SockRef::from(&wire.stream).shutdown(Shutdown::Write)),
            Transport::Open | Transport::AwaitPeerClose => {}
        }
        if wire.rx.is_empty() {
            wire.rx.release();
        }
        let deadline = session.poll_timeout();
        let connection = session.connection().filter(|connection| connection.can_send());
        tokio::select! {
            message = news.recv(), if connection.is_some() => match (message, connection) {
                (Ok(message), Some(connection)) => wire.write(connection.prepared_frame(&message)?)?,
                (_, Some(connection)) => connection.close(CloseCode::TRY_AGAIN_LATER, "too slow", &mut wire.tx)?,
                _ => {}
            },
            ready = wire.stream.readable() => ready?,
            () = sleep_until(wire.moment(deadline)), if deadline.is_some() => {}
        }
        // Whatever has woken us: what has come in time is received before the time is told.
        if wire.stream.readable().now_or_never().is_some() && !wire.read()? {
            return Ok(());
        }
    }
}

/// The socket with its buffers, and a clock.
struct Wire {
    stream: TcpStream,
    rx: RecvBuffer<Vec<u8>>,
    /// What the socket has not taken yet.
    tx: Vec<u8>,
    started: tokio::time::Instant,
}

impl Wire {
    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    fn moment(&self, deadline: Option<Instant>) -> tokio::time::Instant {
        self.started + deadline.unwrap_or_default().saturating_since(Instant::EPOCH)
    }

    /// Reads what is there; false at the end of the stream.
    fn read(&mut self) -> io::Result<bool> {
        match self.stream.try_read(self.rx.spare_mut()) {
            Ok(0) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            count => self.rx.filled(count?),
        }
        Ok(true)
    }

    /// Writes what the socket takes of `bytes`, and keeps a copy of the rest.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.stream.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.tx.extend_from_slice(bytes),
            count => self.tx.extend_from_slice(&bytes[count?..]),
        }
        Ok(())
    }

    /// Writes what waits, all of it. As long as nothing is read from the client, its silence is our doing, and its Pong may
    /// wait in the socket: what counts is that it reads.
    async fn flush(&mut self) -> io::Result<()> {
        while !self.tx.is_empty() {
            let is_late = timeout(SILENCE * 3 / 2, self.stream.writable()).await.is_err();
            // A socket says that it has room when much is free; whether there is any at all, only a write can tell.
            let taken = match is_late {
                false => self.stream.try_write(&self.tx),
                true => socket2::SockRef::from(&self.stream).send(&self.tx),
            };
            match taken {
                Err(_) if is_late => return Err(io::Error::other("the client does not read")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                count => drop(self.tx.drain(..count?)),
            }
        }
        self.tx.shrink_to(256);
        Ok(())
    }
}
