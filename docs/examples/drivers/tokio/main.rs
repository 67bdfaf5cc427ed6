//! Tokio, with a task for each direction: what cannot be written at once never keeps anybody from reading.
//!
//! ```text
//! cargo run --release -p ws-tokio [-- PORT [SECONDS]]      # how long a client may be silent before it is pinged
//! ```
//!
//! The two tasks share the connection and its send buffer under a lock, which is held for a moment of computing and
//! never across an `await`. So whoever holds the `Arc` can send: lock, `send_text`, write what the socket takes, which
//! is [`Peer::with`]; there is no channel to a task that owns the connection, and no copy into one. The timer is under
//! the lock too: who moves a deadline nearer (`close` does) sets it, and that wakes the reader in time.
//!
//! The reader waits for the client's bytes and the timer; the writer, which seldom wakes, for room in the socket. So a
//! message costs one wait for two things, and a client that never pauses takes nothing from the writer: the runtime sees
//! to it that each task has its turns.
//!
//! Nothing here can be cancelled in the middle. All that is awaited is readiness, time, and notifications; state
//! changes between two awaits.
//!
//! Control-C closes each connection with 1001, behind what waits for the client already, and gives all of them twice the
//! time of a silence to take that and to answer. Who has not by then is cut off; who is in the handshake, at once.

use std::net::Shutdown;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::{Notify, watch};
use tokio::time::{self, Sleep, sleep, timeout};
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, ServerSession, Transport, close, deflate};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Compression, for clients that offer it; between two messages no connection holds memory for it.
static DEFLATE: LazyLock<deflate::Config> = LazyLock::new(|| deflate::Config::new().pool(deflate::Pool::new(4)));
/// Receive buffers that nobody needs now: an idle connection has none.
static POOL: Mutex<Vec<RecvBuffer<Vec<u8>>>> = Mutex::new(Vec::new());
/// What one read may bring. All connections share a few of these, so they can be generous.
const BUFFER_BYTES: usize = 64 << 10;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(8888))).await?;
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    println!("listening on ws://{}/", listener.local_addr()?);
    let ((stop, stopped), mut clients) = (watch::channel(false), tokio::task::JoinSet::new());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(clients.spawn(serve(stream, silence, stopped.clone()))),
                Err(_) => sleep(Duration::from_millis(50)).await, // out of files, most likely
            },
            Some(_) = clients.join_next() => {}
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    stop.send(true)?;
    // One that reads, but slowly, is not waited for longer than one that does not.
    timeout(silence * 2, async { while clients.join_next().await.is_some() {} }).await.or(Ok(()))
}

/// One client, from its first byte to its last.
async fn serve(stream: TcpStream, silence: Duration, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let session = ServerSession::new(Handshake::new(), config.close_timeout(Some(silence / 4)));
    let core = Core { session, tx: Vec::new(), started: time::Instant::now(), timer: Box::pin(sleep(silence)) };
    let (input, output) = stream.into_split();
    let peer = Arc::new(Peer { core: Mutex::new(core), output, backlog: Notify::new(), drained: Notify::new() });
    let mut reader = tokio::spawn(read(Arc::clone(&peer), input));
    let reading = async { (&mut reader).await.expect("nobody panics") };
    let last_word = async { stopped.changed().await.map(|()| peer.with(Core::close))? };
    // Reader and writer end only with an error, and then there is no use in the other.
    let end = tokio::try_join!(reading, write(&peer, silence), last_word);
    reader.abort();
    let session = &mut peer.core.lock().expect("nobody panics").session;
    println!("{:?}, fault {:?}, {end:?}", session.handle_eof(), session.fault());
}

/// What the two tasks of a connection share.
struct Peer {
    core: Mutex<Core>,
    output: tcp::OwnedWriteHalf,
    /// There is something that the socket has not taken at once.
    backlog: Notify,
    /// It has been written.
    drained: Notify,
}

struct Core {
    /// The handshake, and then the connection.
    session: ServerSession,
    tx: Vec<u8>,
    started: time::Instant,
    /// Wakes the reader when it is time to tell the time.
    timer: std::pin::Pin<Box<Sleep>>,
}

/// The reader: the run loop.
async fn read(peer: Arc<Peer>, mut input: tcp::OwnedReadHalf) -> Result<(), AnyError> {
    let mut rx = RecvBuffer::new();
    loop {
        let is_blocked = peer.with(|core| core.turn(&mut rx))?;
        if rx.is_empty() {
            let (mut pool, used) = (POOL.lock().expect("nobody panics"), std::mem::take(&mut rx));
            if used.capacity() == BUFFER_BYTES && pool.len() < 16 {
                pool.push(used); // one that has grown with a large message is not kept
            }
        }
        // A client that does not read is not read from either: what we would answer has to wait somewhere. A
        // notification may be of an earlier rest.
        while is_blocked && peer.with(|_| Ok(()))? {
            peer.drained.notified().await;
        }
        // What has come in time is received before the time is told; and it is told to one that never pauses, too, as
        // the timer fires whether it is waited for or not.
        tokio::select! {
            biased;
            count = fill(&mut rx, &mut input) => rx.filled(count?),
            () = std::future::poll_fn(|cx| peer.core.lock().expect("nobody panics").timer.as_mut().poll(cx)) => {}
        }
    }
}

/// Reads what has come, and has no buffer before. `read`, unlike `try_read`, lets tokio see that the buffer was not
/// filled; so it does not ask the socket once more before it waits.
async fn fill(rx: &mut RecvBuffer<Vec<u8>>, input: &mut tcp::OwnedReadHalf) -> Result<usize, AnyError> {
    std::future::poll_fn(|context| input.as_ref().poll_read_ready(context)).await?;
    if rx.capacity() == 0 {
        *rx = POOL.lock().expect("nobody panics").pop().unwrap_or_else(|| RecvBuffer::with_capacity(BUFFER_BYTES));
    }
    tokio::select! {
        biased;
        count = input.read(rx.spare_mut()) => match count? { 0 => Err("the client ended".into()), count => Ok(count) },
        () = std::future::ready(()) => Ok(0), // a false alarm, and no reason to keep a buffer
    }
}

/// The writer: what the socket would not take at once.
async fn write(peer: &Peer, silence: Duration) -> Result<(), AnyError> {
    loop {
        peer.backlog.notified().await;
        while peer.with(|_| Ok(()))? {
            // As long as nothing is read from the client, its silence is our doing, and its Pong may wait in the
            // socket: what counts is that it reads. A socket says that it has room when much is free; whether there is
            // any at all, only a write can tell.
            if timeout(silence * 3 / 2, peer.output.writable()).await.is_err() {
                let core = &mut *peer.core.lock().expect("nobody panics");
                let taken = socket2::SockRef::from(peer.output.as_ref()).send(&core.tx);
                core.tx.drain(..taken.map_err(|_| "the client does not read")?);
            }
        }
        peer.drained.notify_one();
    }
}

impl Peer {
    /// Lets `work` use the connection, and writes at once what the socket takes; true when there is a rest, which the
    /// writer writes.
    fn with(&self, work: impl FnOnce(&mut Core) -> Result<(), AnyError>) -> Result<bool, AnyError> {
        let core = &mut *self.core.lock().expect("nobody panics");
        work(core)?;
        // Traffic moves most deadlines away, and a timer that fires too early is cheaper than one that is set each
        // time; what moves one nearer has to be heard of by the reader, whoever does it.
        let deadline = core.session.poll_timeout().map(|moment| core.started + moment.saturating_since(Instant::EPOCH));
        if let Some(deadline) = deadline.filter(|deadline| *deadline < core.timer.deadline()) {
            core.timer.as_mut().reset(deadline);
        }
        let written = if core.tx.is_empty() { Ok(0) } else { self.output.try_write(&core.tx) };
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            count => drop(core.tx.drain(..count?)),
        }
        match core.session.transport() {
            Transport::Closed => return Err("out of patience".into()),
            _ if !core.tx.is_empty() => self.backlog.notify_one(),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose => drop(socket2::SockRef::from(self.output.as_ref()).shutdown(Shutdown::Write)),
            _ => core.tx.shrink_to(2 << 10), // the memory of a large answer goes back
        }
        Ok(!core.tx.is_empty())
    }
}

/// The protocol. Nothing here waits.
impl Core {
    /// Receives all that has come, from the first byte on, and echoes; tells the time, if it is time to.
    fn turn(&mut self, rx: &mut RecvBuffer<Vec<u8>>) -> Result<(), AnyError> {
        let (session, tx) = (&mut self.session, &mut self.tx);
        // A refusal is kept by `fault`, as a violation is, and `transport` says what follows from it.
        let open = session.open(rx, |handshake, rx| handshake.answer_with_deflate(rx, Origins::Any, &DEFLATE, tx));
        if let Ok(Some(connection)) = open {
            // A violation ends the loop, too: `poll_transmit` tells the client.
            while let Ok(Some(event)) = connection.receive(rx) {
                if let Some(message) = event.message().filter(|_| connection.can_send()) {
                    connection.send_message(message, tx)?;
                }
                connection.poll_transmit(tx)?;
            }
        }
        if self.timer.is_elapsed() {
            let now = self.started.elapsed();
            let _ = session.handle_timeout(Instant::from_duration(now)); // what goes wrong, `fault` keeps
            self.timer.as_mut().reset(self.started + now + Duration::from_secs(60)); // or sooner: `with` asks
        }
        Ok(session.poll_transmit(tx)?)
    }

    /// The last word, when the program ends.
    fn close(&mut self) -> Result<(), AnyError> {
        let connection = self.session.connection().ok_or("not open yet")?;
        connection.close(close::CloseCode::GOING_AWAY, "", &mut self.tx).or(Ok(())) // or it closes already
    }
}
