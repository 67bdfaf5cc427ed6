//! io_uring: the kernel chooses the buffers, and large messages go back from where they were read.
//!
//! ```text
//! cargo run --release -p ws-io-uring [-- PORT [SECONDS]]   # how long a client may be silent before it is pinged
//! ```
//!
//! Linux only, from 5.19 on, and not where io_uring is switched off (`/proc/sys/kernel/io_uring_disabled`, seccomp in
//! many containers): it says so and ends.
//!
//! A receive that waits owns no memory: the kernel takes one of a few provided buffers when bytes are there. Small
//! messages are echoed through the send buffer. A large one is not copied at all: its head and its payload go out as two
//! pieces of one `sendmsg`, and until that is done nobody touches the receive buffer. What guards it is a plain rule: a
//! client that is being sent to is not received from, which is the backpressure, too.
//!
//! One system call submits all that there is to do, and waits for all that is done.

use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Duration;

use io_uring::types::{Fd, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use slab::Slab;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Connection, Error, Event, Instant, RecvBuffer, Server as Role, Transport};

/// The buffers that the kernel may choose from, in one piece of memory.
const BUFFERS: u16 = 256;
const BUFFER_BYTES: usize = 64 << 10;
/// From this size on a message is sent from where it was read.
const LARGE_BYTES: usize = 8 << 10;
static SWEEP: Timespec = Timespec::new().nsec(100_000_000);

/// What a completion is about: the upper half of its user data. The lower half is the client.
const ACCEPTED: u64 = 0;
const SWEPT: u64 = 1;
const PROVIDED: u64 = 2;
const RECEIVED: u64 = 3;
const SENT: u64 = 4;

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(8888)))?;
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let (config, patience) = (config.close_timeout(Some(silence / 4)), silence + silence / 2);
    rlimit::increase_nofile_limit(u64::MAX)?;
    let ring = IoUring::new(4096).inspect_err(|error| println!("io_uring is refused here: {error}"))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let memory = vec![0; usize::from(BUFFERS) * BUFFER_BYTES];
    let started = std::time::Instant::now();
    let mut server =
        Server { ring, memory, clients: Slab::new(), pool: Vec::new(), config, patience, now: Instant::EPOCH };
    server.provide(0, BUFFERS)?;
    server.submit(opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).build(), ACCEPTED, 0)?;
    server.submit(opcode::Timeout::new(&SWEEP).build(), SWEPT, 0)?;
    loop {
        server.ring.submit_and_wait(1)?;
        server.now = Instant::from_duration(started.elapsed());
        let done: Vec<_> = server.ring.completion().collect();
        for entry in done {
            server.complete(&entry, listener.as_raw_fd())?;
        }
    }
}

struct Server {
    ring: IoUring,
    /// All provided buffers.
    memory: Vec<u8>,
    clients: Slab<Box<Client>>,
    pool: Vec<RecvBuffer<Vec<u8>>>,
    config: Config,
    /// How long the kernel may take to send.
    patience: Duration,
    now: Instant,
}

/// In a box: the kernel reads from it while it sends.
struct Client {
    stream: TcpStream,
    phase: Phase,
    rx: RecvBuffer<Vec<u8>>,
    /// A provided buffer that has not gone into `rx` yet, and which part of it.
    waiting: Option<(u16, Range<usize>)>,
    tx: Vec<u8>,
    /// `tx`, and behind it the payload of a large message in `rx`.
    pieces: [libc::iovec; 2],
    message: libc::msghdr,
    is_receiving: bool,
    /// Since when the kernel has been sending. It has `tx` and `rx`; nobody else may change them.
    sending: Option<Instant>,
    is_gone: bool,
}

#[allow(clippy::large_enum_variant, reason = "nearly all of them are open, and a client has a box already")]
enum Phase {
    Handshake(Handshake),
    Open(Connection<Role>),
}

impl Server {
    fn submit(&mut self, entry: squeue::Entry, about: u64, id: usize) -> io::Result<()> {
        let entry = entry.user_data(about << 32 | id as u64);
        // SAFETY: whatever an entry points to outlives it: `memory` and `SWEEP` are never dropped, and a client is kept,
        // with its buffers as they are, until its completions have come.
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.ring.submit()?;
        }
        Ok(())
    }

    /// Gives buffers to the kernel.
    fn provide(&mut self, first: u16, count: u16) -> io::Result<()> {
        let start = self.memory[usize::from(first) * BUFFER_BYTES..].as_mut_ptr();
        self.submit(opcode::ProvideBuffers::new(start, BUFFER_BYTES as i32, count, 0, first).build(), PROVIDED, 0)
    }

    fn complete(&mut self, entry: &cqueue::Entry, listener: i32) -> io::Result<()> {
        let (about, id, result) = (entry.user_data() >> 32, entry.user_data() as u32 as usize, entry.result());
        match about {
            ACCEPTED => {
                if !cqueue::more(entry.flags()) {
                    self.submit(opcode::AcceptMulti::new(Fd(listener)).build(), ACCEPTED, 0)?;
                }
                if result >= 0 {
                    // SAFETY: the kernel has just opened it, for nobody else.
                    let stream = unsafe { TcpStream::from_raw_fd(result) };
                    let id = self.clients.insert(Box::new(Client::new(stream)));
                    self.turn(id)?;
                }
            }
            SWEPT => {
                self.submit(opcode::Timeout::new(&SWEEP).build(), SWEPT, 0)?;
                let due: Vec<_> = self
                    .clients
                    .iter()
                    .filter(|(_, one)| one.is_due(self.now, self.patience))
                    .map(|(id, _)| id)
                    .collect();
                due.into_iter().try_for_each(|id| self.turn(id))?;
            }
            RECEIVED => {
                let client = &mut self.clients[id];
                client.is_receiving = false;
                client.waiting = cqueue::buffer_select(entry.flags()).map(|buffer| (buffer, 0..result.max(0) as usize));
                client.is_gone |= result <= 0 && result != -libc::ENOBUFS; // then another try will do
                self.turn(id)?;
            }
            SENT => {
                let client = &mut self.clients[id];
                client.sending = None;
                client.is_gone |= result != (client.tx.len() + client.pieces[1].iov_len) as i32;
                client.tx = Vec::new();
                client.pieces[1].iov_len = 0;
                self.turn(id)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Lets a client do what it can do now, up to the next thing that the kernel has to do for it.
    fn turn(&mut self, id: usize) -> io::Result<()> {
        let client = &mut self.clients[id];
        client.is_gone |= client.sending.is_some_and(|since| since + self.patience <= self.now);
        while client.sending.is_none() && !client.is_gone {
            if let Some((buffer, range)) = &mut client.waiting {
                if client.rx.capacity() == 0 {
                    client.rx = self.pool.pop().unwrap_or_else(|| RecvBuffer::with_capacity(BUFFER_BYTES));
                }
                let bytes = &self.memory[usize::from(*buffer) * BUFFER_BYTES..][range.clone()];
                range.start += client.rx.extend_from_slice(bytes);
            }
            if let Err(refusal) = client.answer(self.now, &self.config) {
                println!("refused: {refusal}");
                let _ = client.stream.write(&client.tx); // the first bytes on a connection: there is room for them
                client.is_gone = true;
            }
            if client.waiting.as_ref().is_none_or(|(_, range)| range.start == range.end) || !client.tx.is_empty() {
                break;
            }
        }
        let (fd, now) = (Fd(client.stream.as_raw_fd()), self.now);
        let used = client.waiting.take_if(|(_, range)| range.start == range.end || client.is_gone);
        if client.is_gone {
            let _ = client.stream.shutdown(Shutdown::Both); // what is under way comes to its end
        } else if client.sending.is_none() && !client.tx.is_empty() {
            client.sending = Some(now);
            let message = client.message();
            let flags = (libc::MSG_WAITALL | libc::MSG_NOSIGNAL) as u32;
            self.submit(opcode::SendMsg::new(fd, message).flags(flags).build(), SENT, id)?;
        } else if client.sending.is_none() && !client.is_receiving {
            client.is_receiving = true;
            if client.rx.is_empty() && client.rx.capacity() == BUFFER_BYTES && self.pool.len() < usize::from(BUFFERS) {
                self.pool.push(std::mem::take(&mut client.rx));
            }
            client.rx.release();
            let entry = opcode::Recv::new(fd, std::ptr::null_mut(), BUFFER_BYTES as u32).buf_group(0).build();
            self.submit(entry.flags(squeue::Flags::BUFFER_SELECT), RECEIVED, id)?;
        }
        if let Some((buffer, _)) = used {
            self.provide(buffer, 1)?;
        }
        let client = &self.clients[id];
        if client.is_gone
            && !client.is_receiving
            && client.sending.is_none()
            && let Phase::Open(mut open) = self.clients.remove(id).phase
        {
            println!("{:?}, fault {:?}", open.handle_eof(), open.fault());
        }
        Ok(())
    }
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        // SAFETY: pointers that are null and lengths that are zero.
        let (pieces, message) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let (phase, rx) = (Phase::Handshake(Handshake::new()), RecvBuffer::with_capacity(BUFFER_BYTES));
        let (waiting, tx, is_receiving, sending, is_gone) = (None, Vec::new(), false, None, false);
        Self { stream, phase, rx, waiting, tx, pieces, message, is_receiving, sending, is_gone }
    }

    /// Whether a deadline has passed. That of a send is ours: as long as the kernel has the buffers, no Ping can be sent.
    fn is_due(&self, now: Instant, patience: Duration) -> bool {
        let deadline = match (&self.phase, self.sending) {
            (_, Some(since)) => Some(since + patience),
            (Phase::Handshake(handshake), None) => handshake.poll_timeout(),
            (Phase::Open(connection), None) => connection.poll_timeout(),
        };
        deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Receives and answers into `tx`, up to a large message, whose payload stays in `rx`.
    fn answer(&mut self, now: Instant, config: &Config) -> Result<(), Error> {
        let (rx, tx) = (&mut self.rx, &mut self.tx);
        if let Phase::Handshake(handshake) = &mut self.phase {
            let _ = handshake.handle_timeout(now); // an error of this, `answer` gives again
            match handshake.answer(rx, Origins::Any, tx)? {
                Some(accepted) => self.phase = Phase::Open(accepted.connection(config.clone())),
                None => return Ok(()),
            }
        }
        let Phase::Open(connection) = &mut self.phase else { return Ok(()) };
        // A violation ends the loop, too: `fault` keeps it, and `poll_transmit` tells the client.
        while let Ok(Some(event)) = connection.receive(rx) {
            let (head, payload) = match event {
                Event::Text(text) if connection.can_send() => {
                    (connection.text_head(text.len() as u64)?, text.as_bytes())
                }
                Event::Binary(bytes) if connection.can_send() => (connection.binary_head(bytes.len() as u64)?, bytes),
                _ => {
                    connection.poll_transmit(tx)?;
                    continue;
                }
            };
            tx.extend_from_slice(head.as_bytes());
            if payload.len() >= LARGE_BYTES {
                self.pieces[1] = libc::iovec { iov_base: payload.as_ptr().cast_mut().cast(), iov_len: payload.len() };
                return Ok(());
            }
            tx.extend_from_slice(payload);
        }
        if connection.poll_timeout().is_some_and(|deadline| deadline <= now) {
            let _ = connection.handle_timeout(now); // `fault` keeps it
        }
        connection.poll_transmit(tx)?;
        match connection.transport() {
            Transport::Closed => self.is_gone = true,
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose if tx.is_empty() => drop(self.stream.shutdown(Shutdown::Write)),
            _ => {}
        }
        Ok(())
    }

    /// The two pieces, for the kernel. They stay where they are, and as they are, until it is done.
    fn message(&mut self) -> *const libc::msghdr {
        self.pieces[0] = libc::iovec { iov_base: self.tx.as_mut_ptr().cast(), iov_len: self.tx.len() };
        self.message.msg_iov = self.pieces.as_mut_ptr();
        self.message.msg_iovlen = 2;
        &raw const self.message
    }
}
