//! io_uring: the kernel chooses the buffers, and large messages go back from where they were read.
//!
//! ```text
//! cargo run --release -p ws-io-uring [-- PORT [SECONDS]]   # how long a client may be silent before it is pinged
//! ```
//!
//! Linux only, from 5.19 on, and not where io_uring is switched off (`/proc/sys/kernel/io_uring_disabled`, seccomp in
//! many containers): it says so and ends.
//!
//! A receive that waits owns no memory: the kernel takes one of a few provided buffers when bytes are there. Those are
//! receive buffers of the protocol, so nothing is copied: the one that the kernel has filled becomes the client's for a
//! turn, and for longer only when a message has come in part. All replies to what was read go out as one `sendmsg`; a
//! message that is larger than a read goes from where it was read, behind its head. A client that is being sent to is
//! not received from: that guards the buffers, and is the backpressure, too. (To link the next receive to the send saves
//! a turn and costs more than that: 1.7 of a loop over epoll for small messages, where this takes 1.1.)
//!
//! One system call submits all that there is to do, and waits for all that is done.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Duration;
use std::{io, mem, ptr};

use io_uring::types::{Fd, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use slab::Slab;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, SendError, ServerSession, Transport};

type Buffer = RecvBuffer<Vec<u8>>;

/// How many buffers the kernel may choose from, and what one read may bring.
const BUFFERS: u16 = 256;
const BUFFER_BYTES: usize = 64 << 10;
/// The most send buffers to keep for later: more were in use only for a moment.
const MAX_POOLED: usize = 16;
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
    let started = std::time::Instant::now();
    let buffers = (0..BUFFERS).map(|_| Buffer::with_capacity(BUFFER_BYTES)).collect();
    let (clients, now) = (Slab::new(), Instant::EPOCH);
    let mut server = Server { ring, listener, buffers, clients, pool: Vec::new(), config, patience, now };
    (0..BUFFERS).try_for_each(|buffer| server.provide(buffer))?;
    server.accept()?;
    server.submit(opcode::Timeout::new(&SWEEP).build(), SWEPT, 0)?;
    loop {
        server.ring.submit_and_wait(1)?;
        server.now = Instant::from_duration(started.elapsed());
        let done: Vec<_> = server.ring.completion().collect();
        done.iter().try_for_each(|entry| server.complete(entry))?;
    }
}

struct Server {
    ring: IoUring,
    listener: TcpListener,
    /// Those that the kernel has: nobody touches one until it is named in a completion.
    buffers: Vec<Buffer>,
    clients: Slab<Box<Client>>,
    /// Send buffers that nobody needs now.
    pool: Vec<Vec<u8>>,
    config: Config,
    /// How long the kernel may take to send. As long as it has the buffers, no Ping can be sent.
    patience: Duration,
    now: Instant,
}

/// In a box: the kernel reads from it while it sends.
struct Client {
    stream: TcpStream,
    /// The handshake, and then the connection.
    session: ServerSession,
    /// A message that has come in part, or one that is being sent.
    rx: Buffer,
    tx: Vec<u8>,
    /// `tx`, and behind it the payload of a large message in `rx`.
    pieces: [libc::iovec; 2],
    message: libc::msghdr,
    is_receiving: bool,
    /// Since when the kernel has been sending. It has `tx` and `pieces`; nobody else may change them, nor `rx` with them.
    sending: Option<Instant>,
    is_gone: bool,
}

impl Server {
    fn submit(&mut self, entry: squeue::Entry, about: u64, id: usize) -> io::Result<()> {
        let entry = entry.user_data(about << 32 | id as u64);
        // SAFETY: whatever an entry points to outlives it: `SWEEP` and the provided buffers are never dropped, and a
        // client is kept, with its buffers as they are, until its completions have come.
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.ring.submit()?;
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        self.submit(opcode::AcceptMulti::new(Fd(self.listener.as_raw_fd())).build(), ACCEPTED, 0)
    }

    /// Lets the kernel have a buffer.
    fn provide(&mut self, number: u16) -> io::Result<()> {
        let room = self.buffers[usize::from(number)].spare_mut();
        let entry = opcode::ProvideBuffers::new(room.as_mut_ptr(), room.len() as i32, 1, 0, number);
        self.submit(entry.build(), PROVIDED, 0)
    }

    fn complete(&mut self, entry: &cqueue::Entry) -> io::Result<()> {
        let (about, id, result) = (entry.user_data() >> 32, entry.user_data() as u32 as usize, entry.result());
        match about {
            ACCEPTED => {
                if result >= 0 {
                    // SAFETY: the kernel has just opened it, for nobody else.
                    let stream = unsafe { TcpStream::from_raw_fd(result) };
                    let id = self.clients.insert(Box::new(Client::new(stream, self.config.clone())));
                    self.turn(id)?;
                }
                if cqueue::more(entry.flags()) { Ok(()) } else { self.accept() }
            }
            SWEPT => {
                self.pool.truncate(MAX_POOLED);
                let is_due = |one: &Client| one.session.poll_timeout().is_some_and(|deadline| deadline <= self.now);
                let due = self.clients.iter().filter(|(_, one)| one.sending.is_some() || is_due(one));
                let due: Vec<_> = due.map(|(id, _)| id).collect();
                due.into_iter().try_for_each(|id| self.turn(id))?;
                self.submit(opcode::Timeout::new(&SWEEP).build(), SWEPT, 0)
            }
            RECEIVED => self.received(id, result, cqueue::buffer_select(entry.flags())),
            SENT => {
                let client = &mut self.clients[id];
                client.sending = None;
                client.is_gone |= result != (client.tx.len() + client.pieces[1].iov_len) as i32;
                client.pieces[1].iov_len = 0;
                client.tx.clear();
                self.pool.push(mem::take(&mut client.tx));
                self.turn(id)
            }
            _ => Ok(()),
        }
    }

    /// Bytes have come: into the client's own buffer, or into one that the kernel has chosen, which becomes the client's.
    fn received(&mut self, id: usize, result: i32, number: Option<u16>) -> io::Result<()> {
        let client = &mut self.clients[id];
        client.is_receiving = false;
        client.is_gone |= result <= 0 && result != -libc::ENOBUFS; // then another try will do
        if let Some(number) = number {
            mem::swap(&mut client.rx, &mut self.buffers[usize::from(number)]);
        }
        client.rx.filled(result.max(0) as usize);
        self.turn(id)?;
        let Some(number) = number else { return Ok(()) };
        if let Some(client) = self.clients.get_mut(id).filter(|client| client.rx.is_empty()) {
            mem::swap(&mut client.rx, &mut self.buffers[usize::from(number)]);
        }
        self.provide(number)
    }

    /// Lets a client do what it can do now.
    fn turn(&mut self, id: usize) -> io::Result<()> {
        let (now, client) = (self.now, &mut self.clients[id]);
        if client.sending.is_none() && !client.is_gone {
            client.tx = self.pool.pop().unwrap_or_default();
            client.answer(now).map_err(io::Error::other)?;
        }
        let fd = Fd(client.stream.as_raw_fd());
        if client.is_gone || client.sending.is_some_and(|since| since + self.patience <= now) {
            client.is_gone = true;
            let _ = client.stream.shutdown(Shutdown::Both); // what is under way comes to its end
            if !client.is_receiving && client.sending.is_none() {
                let mut session = self.clients.remove(id).session;
                println!("{:?}, fault {:?}", session.handle_eof(), session.fault());
            }
            return Ok(());
        }
        if client.sending.is_some() {
            return Ok(());
        }
        if client.tx.is_empty() {
            self.pool.push(mem::take(&mut client.tx));
            if mem::replace(&mut client.is_receiving, true) {
                return Ok(());
            }
            let receive = client.receive(fd);
            return self.submit(receive, RECEIVED, id);
        }
        client.sending = Some(now);
        let send = opcode::SendMsg::new(fd, client.message());
        self.submit(send.flags((libc::MSG_WAITALL | libc::MSG_NOSIGNAL) as u32).build(), SENT, id)
    }
}

impl Client {
    fn new(stream: TcpStream, config: Config) -> Self {
        let _ = stream.set_nodelay(true);
        // SAFETY: pointers that are null and lengths that are zero.
        let (pieces, message) = unsafe { (mem::zeroed(), mem::zeroed()) };
        let (session, rx) = (ServerSession::new(Handshake::new(), config), Buffer::with_capacity(BUFFER_BYTES));
        Self { stream, session, rx, tx: vec![], pieces, message, is_receiving: false, sending: None, is_gone: false }
    }

    /// Receives all that has come, from the first byte on, and answers into `tx`, up to a large message, whose payload
    /// stays in `rx`.
    fn answer(&mut self, now: Instant) -> Result<(), SendError> {
        let (session, rx, tx) = (&mut self.session, &mut self.rx, &mut self.tx);
        // A refusal is kept by `fault`, as a violation is, and `transport` says what follows from it.
        if let Ok(Some(connection)) = session.open(rx, |handshake, rx| handshake.answer(rx, Origins::Any, tx)) {
            // A violation ends the loop, too: `poll_transmit` tells the client.
            while let Ok(Some(event)) = connection.receive(rx) {
                if let Some(message) = event.message().filter(|_| connection.can_send()) {
                    let bytes = message.as_bytes();
                    if bytes.len() > BUFFER_BYTES {
                        tx.extend_from_slice(connection.message_head(message.kind(), bytes.len() as u64)?.as_bytes());
                        self.pieces[1] =
                            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
                        return Ok(());
                    }
                    connection.send_message(message, tx)?;
                }
                connection.poll_transmit(tx)?;
            }
        }
        let _ = session.handle_timeout(now); // `fault` keeps it
        session.poll_transmit(tx)?;
        match session.transport() {
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

    /// The next receive: into a buffer that the kernel chooses, or behind what has come of a message.
    fn receive(&mut self, fd: Fd) -> squeue::Entry {
        if self.rx.is_empty() {
            self.rx.release();
            let entry = opcode::Recv::new(fd, ptr::null_mut(), BUFFER_BYTES as u32).buf_group(0).build();
            return entry.flags(squeue::Flags::BUFFER_SELECT);
        }
        let room = self.rx.spare_mut();
        opcode::Recv::new(fd, room.as_mut_ptr(), room.len() as u32).build()
    }
}
