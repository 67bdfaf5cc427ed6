//! Tokio, with a task for each direction: what cannot be written at once never keeps anybody from reading.
//!
//! ```text
//! cargo run --release -p ws-tokio [-- PORT [SECONDS]]      # how long a client may be silent before it is pinged
//! ```
//!
//! The two tasks share the connection and its send buffer under a lock, which is held for a moment of computing and
//! never across an `await`. So whoever holds the `Arc` can send: lock, `send_text`, write what the socket takes, which
//! is [`Peer::with`]; there is no channel to a task that owns the connection, and no copy into one.
//!
//! Nothing here can be cancelled in the middle. All that is awaited is readiness, time, and notifications; state changes
//! between two awaits. Control-C closes each connection with 1001 and waits for the clients' answers, but not for ever.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, SendError, ServerSession, Transport, deflate};

type AnyError = Box<dyn std::error::Error + Send + Sync>;
type Buffer = RecvBuffer<Vec<u8>>;

/// Compression, for clients that offer it; between two messages no connection holds memory for it.
static DEFLATE: LazyLock<deflate::Config> = LazyLock::new(|| deflate::Config::new().pool(deflate::Pool::new(4)));
/// Receive buffers that nobody needs now: an idle connection has none.
static POOL: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());
const MAX_POOLED: usize = 16;
/// What one read may bring. All connections share a few of these, so they can be generous.
const BUFFER_BYTES: usize = 64 << 10;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(8888))).await?;
    // A silent client is pinged, and given up when that does not help. So is one that does not read: the Ping waits in
    // the send buffer, and the Pong never comes.
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let config = config.close_timeout(Some(silence / 4));
    println!("listening on ws://{}/", listener.local_addr()?);
    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(clients.spawn(serve(stream, config.clone(), stopped.clone()))),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // out of files, most likely
            },
            Some(_) = clients.join_next() => {}
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    stop.send(true)?;
    while clients.join_next().await.is_some() {}
    Ok(())
}

/// One client, from its first byte to its last.
async fn serve(stream: TcpStream, config: Config, stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let core = Mutex::new(Core { session: ServerSession::new(Handshake::new(), config), tx: Vec::new() });
    let peer = Arc::new(Peer { core, socket: stream, backlog: Notify::new(), drained: Notify::new() });
    let writer = tokio::spawn(write(Arc::clone(&peer)));
    let end = read(&peer, stopped).await;
    writer.abort();
    let session = &mut peer.core.lock().expect("nobody panics").session;
    println!("{:?}, fault {:?}, {end:?}", session.handle_eof(), session.fault());
}

/// What the two tasks of a connection share.
struct Peer {
    core: Mutex<Core>,
    socket: TcpStream,
    /// There is something that the socket has not taken at once.
    backlog: Notify,
    /// It has been written.
    drained: Notify,
}

struct Core {
    /// The handshake, and then the connection.
    session: ServerSession,
    tx: Vec<u8>,
}

impl Peer {
    /// Lets `work` use the connection, writes at once what the socket takes, and leaves the rest to the writer; true
    /// when there is such a rest.
    fn with<T>(&self, work: impl FnOnce(&mut Core) -> Result<T, SendError>) -> Result<(T, bool), AnyError> {
        let core = &mut *self.core.lock().expect("nobody panics");
        let result = work(core);
        if !core.tx.is_empty() {
            match self.socket.try_write(&core.tx) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                count => drop(core.tx.drain(..count?)),
            }
        }
        match core.tx.is_empty() {
            true => core.tx.shrink_to(2 << 10), // the memory of a large answer goes back
            false => self.backlog.notify_one(),
        }
        Ok((result?, !core.tx.is_empty()))
    }
}

/// The writer: what the socket would not take at once.
async fn write(peer: Arc<Peer>) {
    loop {
        peer.backlog.notified().await;
        let _ = peer.socket.writable().await;
        if !matches!(peer.with(|_| Ok(())), Ok(((), true))) {
            peer.drained.notify_one(); // with an error, the reader comes upon it, too
        }
    }
}

/// The reader: the run loop.
async fn read(peer: &Peer, mut stopped: watch::Receiver<bool>) -> Result<(), AnyError> {
    let started = tokio::time::Instant::now();
    let now = || Instant::from_duration(started.elapsed());
    let (mut rx, mut is_stopped, mut alarm) = (Buffer::new(), false, Instant::EPOCH);
    // These two are waited for all the time, so they are made once.
    let mut sleep = pin!(sleep_until(started));
    let mut stopped = pin!(async { stopped.wait_for(|is_stopped| *is_stopped).await.is_ok() });
    loop {
        let ((transport, deadline), is_blocked) = peer.with(|core| core.turn(&mut rx, is_stopped))?;
        match transport {
            Transport::Closed => return Err("out of patience".into()),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose if !is_blocked => drop(SockRef::from(&peer.socket).shutdown(Shutdown::Write)),
            _ => {}
        }
        // Traffic moves most deadlines away. A timer that fires too early is cheaper than one that is set for each message.
        if let Some(moment) = deadline.filter(|moment| *moment < alarm || sleep.is_elapsed()) {
            sleep.as_mut().reset(started + moment.saturating_since(Instant::EPOCH));
            alarm = moment;
        }
        if rx.is_empty() {
            let (mut pool, used) = (POOL.lock().expect("nobody panics"), std::mem::take(&mut rx));
            if used.capacity() == BUFFER_BYTES && pool.len() < MAX_POOLED {
                pool.push(used); // one that has grown with a large message is not kept
            }
        }
        tokio::select! {
            // A client that does not read is not read from either: what we would answer has to wait somewhere.
            ready = poll_fn(|context| peer.socket.poll_read_ready(context)), if !is_blocked => {
                if rx.capacity() == 0 {
                    rx = POOL.lock().expect("nobody panics").pop().unwrap_or_else(|| Buffer::with_capacity(BUFFER_BYTES));
                }
                match ready.and_then(|()| peer.socket.try_read(rx.spare_mut())) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    count => rx.filled(count?),
                }
            }
            () = async { peer.drained.notified().await }, if is_blocked => {}
            // What has come in time was received above. What goes wrong, `fault` keeps.
            () = &mut sleep, if deadline.is_some() => drop(peer.with(|core| Ok(core.session.handle_timeout(now())))),
            _ = &mut stopped, if !is_stopped => is_stopped = true,
        }
    }
}

/// The protocol. Nothing here waits.
impl Core {
    /// Receives all that has come, from the first byte on, and echoes; gives what to do with the transport, and when the
    /// next deadline is.
    fn turn(&mut self, rx: &mut Buffer, is_stopped: bool) -> Result<(Transport, Option<Instant>), SendError> {
        let (session, tx) = (&mut self.session, &mut self.tx);
        // A refusal is kept by `fault`, as a violation is, and `transport` says what follows from it.
        let open = session.open(rx, |handshake, rx| handshake.answer_with_deflate(rx, Origins::Any, &DEFLATE, tx));
        if let Ok(Some(connection)) = open {
            // A violation ends the loop, too: `poll_transmit` tells the client.
            while let Ok(Some(event)) = connection.receive(rx) {
                match event.message() {
                    Some(message) if connection.can_send() => connection.send_message(message, tx)?,
                    _ => {}
                }
                connection.poll_transmit(tx)?;
            }
            if is_stopped && connection.can_send() {
                connection.close(CloseCode::GOING_AWAY, "", tx)?;
            }
        }
        session.poll_transmit(tx)?;
        Ok((session.transport(), session.poll_timeout()))
    }
}
