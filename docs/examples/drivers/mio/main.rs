//! Tens of thousands of connections in one thread, over `mio`: epoll, kqueue, or what else there is.
//!
//! ```text
//! cargo run --release -p ws-mio [-- PORT [SECONDS]]        # how long a client may be silent before it is pinged
//! ```
//!
//! A connection that says nothing costs its entry in [`Server::clients`], some 300 bytes, and that is all. Receive
//! buffers come from a pool and go back as soon as they are empty; what is sent goes through one buffer that all
//! connections share. Only a client whose message has come in part holds a receive buffer, and only one that does not
//! read what it is sent holds a send buffer: the shared one becomes its own.
//!
//! To answer costs one `read`, and one `write` for all replies to what was read.

use std::io::{ErrorKind, Read, Write};
use std::sync::LazyLock;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, SendError, ServerSession, Transport, deflate};

const LISTENER: Token = Token(usize::MAX);
/// What one read may bring. All connections share a few of these, so they can be generous.
const BUFFER_BYTES: usize = 64 << 10;
/// The most receive buffers to keep for later: more were in use only for a moment.
const MAX_POOLED: usize = 16;
/// How often a client may read before all others have had their turn.
const MAX_TURNS: usize = 8;
/// Compression, for clients that offer it; between two messages no connection holds memory for it.
static DEFLATE: LazyLock<deflate::Config> = LazyLock::new(|| deflate::Config::new().pool(deflate::Pool::new(4)));
/// How often to look for deadlines that have passed. With many connections that is cheaper than to keep them in order;
/// and nobody's deadline is meant to the millisecond.
const SWEEP: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-mio [PORT [SECONDS]]")));
    let mut listener = TcpListener::bind(([127, 0, 0, 1], args.next().unwrap_or(Ok(8888))?).into())?;
    // A silent client is pinged, and given up when that does not help.
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let (config, patience) = (config.close_timeout(Some(silence / 4)), silence * 3 / 2);
    let (clients, now) = (Slab::new(), Instant::EPOCH);
    let mut server = Server { clients, unfinished: vec![], pool: vec![], tx: vec![], config, patience, now };
    let most = rlimit::increase_nofile_limit(u64::MAX)?; // each connection is a file
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on ws://{}/ for up to {most} connections", listener.local_addr()?);
    let (started, mut next_sweep) = (std::time::Instant::now(), Instant::EPOCH);
    loop {
        let mut turns = std::mem::take(&mut server.unfinished);
        match poll.poll(&mut events, Some(if turns.is_empty() { SWEEP } else { Duration::ZERO })) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {} // a signal is no event, and no reason to end
        }
        server.now = Instant::from_duration(started.elapsed());
        for event in &events {
            match event.token() {
                LISTENER => server.accept(&listener, poll.registry()),
                Token(id) => server.drive(id),
            }
        }
        // Behind the last bytes of one that has ended its side, there is the end to be read.
        turns.extend(events.iter().filter(|event| event.is_read_closed()).map(|event| event.token().0));
        if server.now >= next_sweep {
            next_sweep = server.now + SWEEP;
            server.accept(&listener, poll.registry()); // those for whom there were no files
            turns.extend(server.clients.iter().filter(|(_, client)| client.is_due(server.now)).map(|(id, _)| id));
        }
        turns.into_iter().for_each(|id| server.drive(id));
    }
}

struct Server {
    clients: Slab<Client>,
    /// Clients that have more to read, once everybody else has had a turn.
    unfinished: Vec<usize>,
    pool: Vec<Buffer>,
    tx: Vec<u8>,
    config: Config,
    /// How long a client may take nothing of what it is sent.
    patience: Duration,
    /// What time it is in this turn of the loop.
    now: Instant,
}

type Buffer = Box<RecvBuffer<Vec<u8>>>;

/// All that an idle connection costs.
struct Client {
    stream: TcpStream,
    /// The handshake, and then the connection.
    session: ServerSession,
    /// A message that has come in part.
    rx: Option<Buffer>,
    /// What the socket has not taken yet.
    backlog: Vec<u8>,
    /// When it last took any.
    moved: Instant,
}

impl Server {
    /// Accepts all who wait. What goes wrong (no more files, most likely) is tried again with the next sweep.
    fn accept(&mut self, listener: &TcpListener, registry: &Registry) {
        while let Ok((mut stream, _)) = listener.accept() {
            let token = Token(self.clients.vacant_key());
            // Both directions from the beginning: only changes are told, so waiting to write costs nothing.
            let registered = registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE);
            if registered.and(stream.set_nodelay(true)).is_ok() {
                let session = ServerSession::new(Handshake::new(), self.config.clone());
                self.clients.insert(Client { stream, session, rx: None, backlog: Vec::new(), moved: self.now });
                self.drive(token.0);
            }
        }
    }

    /// Lets a client do what it can do now. One that has much to say may say several buffers of it while the caches are
    /// warm with them: where there are many such clients, that is a third of the time at 16 KiB.
    fn drive(&mut self, id: usize) {
        match (0..MAX_TURNS).map(|_| self.turn(id)).find(|turn| !matches!(turn, Ok(true))) {
            None => self.unfinished.push(id),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let mut session = self.clients.remove(id).session;
                println!("{:?}, fault {:?}, {error}", session.handle_eof(), session.fault());
            }
        }
    }

    /// One turn of a client: read once, and answer; tell the time; write once. True when there is more to read; the
    /// error is the end, good or bad.
    fn turn(&mut self, id: usize) -> Result<bool, Box<dyn std::error::Error>> {
        let Some(client) = self.clients.get_mut(id) else { return Ok(false) };
        // A client that does not read is not read from either: what we would answer has to wait somewhere.
        let was_blocked = !client.backlog.is_empty();
        let mut tx = std::mem::take(if was_blocked { &mut client.backlog } else { &mut self.tx });
        let mut has_more = was_blocked;
        if !was_blocked {
            let new = || Box::new(RecvBuffer::with_capacity(BUFFER_BYTES));
            let mut rx = client.rx.take().or_else(|| self.pool.pop()).unwrap_or_else(new);
            let most = rx.spare_mut().len();
            match client.stream.read(rx.spare_mut()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) => return Err("the client has ended its side".into()),
                Ok(count) => {
                    rx.filled(count);
                    has_more = count == most; // otherwise there is no more: that saves the read that would say so
                }
                Err(error) => return Err(error.into()),
            }
            client.receive(&mut rx, &mut tx)?;
            if !rx.is_empty() {
                client.rx = Some(rx);
            } else if rx.capacity() == BUFFER_BYTES && self.pool.len() < MAX_POOLED {
                self.pool.push(rx); // one that has grown with a large message is not kept
            }
            // The time is told only when the client is read from. As long as it is not, its silence is our doing, and its
            // Pong may wait in the socket: what counts then is that it reads. What goes wrong, `fault` keeps.
            let _ = client.is_due(self.now).then(|| client.session.handle_timeout(self.now));
        }
        client.session.poll_transmit(&mut tx)?;
        if !tx.is_empty() {
            match client.stream.write(&tx) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.now < client.moved + self.patience => {}
                count => {
                    drop(tx.drain(..count?));
                    client.moved = self.now;
                }
            }
        }
        let is_blocked = !tx.is_empty();
        *(if is_blocked { &mut client.backlog } else { &mut self.tx }) = tx;
        match client.session.transport() {
            Transport::Closed => return Err("out of patience".into()),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose if !is_blocked => drop(client.stream.shutdown(std::net::Shutdown::Write)),
            _ => {}
        }
        Ok(has_more && !is_blocked) // who is blocked goes on when the socket takes more
    }
}

/// The protocol. Nothing here knows of sockets.
impl Client {
    /// Receives all that has come, from the first byte on, and answers.
    fn receive(&mut self, rx: &mut Buffer, tx: &mut Vec<u8>) -> Result<(), SendError> {
        // A refusal is kept by `fault`, as a violation is, and `transport` says what follows from it.
        let open = self.session.open(rx, |handshake, rx| handshake.answer_with_deflate(rx, Origins::Any, &DEFLATE, tx));
        let Ok(Some(connection)) = open else { return Ok(()) };
        // A violation ends the loop, too: `poll_transmit` tells the client.
        while let Ok(Some(event)) = connection.receive(rx) {
            if let Some(message) = event.message().filter(|_| connection.can_send()) {
                connection.send_message(message, tx)?;
            }
            connection.poll_transmit(tx)?;
        }
        Ok(())
    }

    /// Whether it is time to tell the time.
    fn is_due(&self, now: Instant) -> bool {
        self.session.poll_timeout().is_some_and(|moment| moment <= now)
    }
}
