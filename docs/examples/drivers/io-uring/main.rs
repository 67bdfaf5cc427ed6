//! io_uring, on `compio`: the kernel chooses the buffers, and large messages go back from where they were read.
//!
//! ```text
//! cargo run --release -p ws-io-uring [-- PORT [SECONDS]]   # how long a client may be silent before it is pinged
//! ```
//!
//! Linux only, from 5.19 on, and not where io_uring is switched off (`/proc/sys/kernel/io_uring_disabled`, seccomp in
//! many containers): it says so and ends.
//!
//! With completions, what is read into or written from belongs to the kernel until it is done, even when the read or the
//! write was given up. By hand that is a hundred lines before the protocol begins: entries, completions, and for each
//! buffer the proof that it lives long enough. A runtime has them already, and its rule is simple: a call takes the buffer
//! and gives it back. The price: two to three times the memory of an idle client, for its task, the read under way, and
//! its timer; a quarter to a half more processor time for a small message; and what a provided buffer has brought is
//! copied once, as those belong to the runtime. `docs/benchmarks-loopback.md` has the figures.
//!
//! A read under way owns no memory: when bytes are there, the kernel takes one of the provided buffers for them. They are
//! copied into the one receive buffer that serves all clients. A client keeps it only when a message has come in part; what
//! comes then is read directly behind that part. All replies to a read go out as one `sendmsg`; a message that is larger
//! than a read goes from where it was read, behind its head.
//!
//! Each client is one task with one read, which stays the same until it is done: to cancel it might lose what it has
//! brought. A client that is being sent to is not read from. That is the backpressure; one that takes nothing for too long
//! is given up, which the kernel does (`TCP_USER_TIMEOUT`): it alone sees what arrives of a write that is not done.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::mem::{self, MaybeUninit};
use std::pin::pin;
use std::ptr::NonNull;
use std::time::Duration;

use compio::buf::{IoBuf, IoBufMut, IoVectoredBuf, SetLen, buf_try};
use compio::driver::ProactorBuilder;
use compio::io::{AsyncRead, AsyncReadManaged, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{Runtime, spawn};
use compio::time::sleep;
use futures_util::future::{Either, select};
use socket2::SockRef;
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, SendError, ServerSession, Transport};

type AnyError = Box<dyn std::error::Error>;
/// What a client has for its next step, or why there is none.
type Step = Result<Box<Buffers>, AnyError>;

/// How many buffers the kernel may choose from, and what one read may bring.
const BUFFERS: u16 = 256;
const BUFFER_BYTES: usize = 64 << 10;

thread_local! {
    static STARTED: std::time::Instant = std::time::Instant::now();
    /// The receive buffer of all clients whose messages come whole.
    static SPARE: Cell<Option<RecvBuffer<Vec<u8>>>> = const { Cell::new(None) };
}

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let listener = std::net::TcpListener::bind(("127.0.0.1", args.next().unwrap_or(8888)))?;
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let (config, patience) = (config.close_timeout(Some(silence / 4)), silence + silence / 2);
    rlimit::increase_nofile_limit(u64::MAX)?; // each connection is a file
    // Without the feature `polling` there is nothing to fall back to: where the kernel refuses, this is the error.
    let mut ring = ProactorBuilder::new();
    ring.capacity(4096).buffer_pool_size(BUFFERS.try_into().expect("some")).buffer_pool_buffer_len(BUFFER_BYTES);
    let runtime = Runtime::builder().with_proactor(ring).build();
    let runtime = runtime.and_then(|runtime| runtime.buffer_pool().map(|_| runtime));
    let runtime = runtime.inspect_err(|error| println!("io_uring is refused here: {error}"))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?; // `compio` would let only 128 wait
        loop {
            match listener.accept().await {
                Ok((stream, _)) => spawn(serve(stream, config.clone(), patience)).detach(),
                Err(_) => sleep(Duration::from_millis(50)).await, // out of files, most likely
            }
        }
    })
}

fn now() -> Instant {
    Instant::from_duration(STARTED.with(std::time::Instant::elapsed))
}

/// One client, from its first byte to its last.
fn serve(stream: TcpStream, config: Config, patience: Duration) -> impl Future<Output = ()> {
    // While a client is sent to, it is not read from, and its Pong is not seen: it is for the kernel to give it up.
    let _ = stream.set_nodelay(true).and(SockRef::from(&stream).set_tcp_user_timeout(Some(patience)));
    let mut session = ServerSession::new(Handshake::new(), config);
    async move {
        let end = run(&stream, &mut session).await;
        println!("{:?}, fault {:?}, {end:?}", session.handle_eof(), session.fault());
    }
}

/// The run loop: after bytes there is a turn, and after a deadline, too.
async fn run(stream: &TcpStream, session: &mut ServerSession) -> Result<(), AnyError> {
    let mut reading = pin!(read(stream, Box::default()));
    loop {
        // Where there is no deadline, to wake up now and then does no harm.
        let wait = session.poll_timeout().map_or(Duration::from_secs(60), |deadline| deadline.saturating_since(now()));
        // The read is asked first: what has come in time is received before the time is told. A turn is in a box, or an
        // idle client would have room for it.
        if let Either::Left((buffers, _)) = select(reading.as_mut(), pin!(sleep(wait))).await {
            reading.set(read(stream, Box::pin(turn(stream, session, buffers?)).await?));
        }
        // Also a client that never pauses is told, and each once: its Pong may come while a Ping is being written.
        if session.poll_timeout().is_some_and(|deadline| deadline <= now()) {
            let _ = session.handle_timeout(now()); // `fault` keeps it
            Box::pin(turn(stream, session, Box::default())).await?;
        }
    }
}

/// Reads: into a buffer that the kernel chooses, or behind what has come of a message. Where clients that do not take what
/// they are sent have all of the provided buffers, the others read into their own.
async fn read(mut stream: &TcpStream, mut buffers: Box<Buffers>) -> Step {
    if buffers.rx.is_empty() {
        drop(buffers); // who waits for a message holds nothing
        let bytes = stream.read_managed(BUFFER_BYTES).await;
        buffers = Box::default();
        if !matches!(&bytes, Err(error) if error.kind() == ErrorKind::ResourceBusy) {
            buffers.rx = SPARE.take().unwrap_or_else(|| RecvBuffer::with_capacity(BUFFER_BYTES));
            let count = bytes?.map_or(0, |bytes| buffers.rx.extend_from_slice(&bytes)); // it has room for a read
            return if count == 0 { Err("the client has ended its side".into()) } else { Ok(buffers) };
        }
    }
    let (count, buffers) = buf_try!(@try stream.read(buffers).await);
    if count == 0 { Err("the client has ended its side".into()) } else { Ok(buffers) }
}

/// A turn: answers, writes, and does with the transport what follows.
async fn turn(mut stream: &TcpStream, session: &mut ServerSession, mut buffers: Box<Buffers>) -> Step {
    while buffers.answer(session)? {
        let (_, sent) = buf_try!(@try stream.write_vectored_all(buffers).await);
        buffers = Box::new(Buffers { rx: sent.rx, ..Buffers::default() });
    }
    match session.transport() {
        Transport::Closed => return Err("out of patience".into()),
        // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
        // To end it again is refused once both have ended; the next read tells that, after the last bytes.
        Transport::FlushThenClose => drop(SockRef::from(&stream).shutdown(std::net::Shutdown::Write)),
        _ => {}
    }
    Ok(buffers)
}

/// What a client has when it is not idle. The kernel has it instead while it writes, or reads more of a message.
#[derive(Default)]
struct Buffers {
    rx: RecvBuffer<Vec<u8>>,
    tx: Vec<u8>,
    /// That of a large message, in `rx`.
    payload: Option<NonNull<[u8]>>,
}

impl Buffers {
    /// Receives all that has come, from the first byte on, and answers into `tx`, up to a large message, whose payload
    /// stays in `rx`. True when there is something to be written, behind which there may be more to receive.
    fn answer(&mut self, session: &mut ServerSession) -> Result<bool, SendError> {
        let Self { rx, tx, payload } = self;
        // At a deadline nothing has come, and the beginning of a message may be where the kernel reads into.
        // A refusal is kept by `fault`, as a violation is, and `transport` says what follows from it.
        if !rx.is_empty()
            && let Ok(Some(connection)) = session.open(rx, |handshake, rx| handshake.answer(rx, Origins::Any, tx))
        {
            // A violation ends the loop, too: `poll_transmit` tells the client.
            while let Ok(Some(event)) = connection.receive(rx) {
                if let Some(message) = event.message().filter(|_| connection.can_send()) {
                    let bytes = message.as_bytes();
                    if bytes.len() > BUFFER_BYTES {
                        tx.extend_from_slice(connection.message_head(message.kind(), bytes.len() as u64)?.as_bytes());
                        *payload = Some(NonNull::from(bytes));
                        return Ok(true);
                    }
                    connection.send_message(message, tx)?;
                }
                connection.poll_transmit(tx)?;
            }
        }
        // One that has grown with a large message is not kept.
        if rx.is_empty() && rx.capacity() == BUFFER_BYTES {
            SPARE.set(Some(mem::take(rx)));
        }
        session.poll_transmit(tx)?;
        Ok(!self.tx.is_empty())
    }
}

/// What is written: `tx`, and behind it the payload of a large message.
impl IoVectoredBuf for Box<Buffers> {
    fn iter_slice(&self) -> impl Iterator<Item = &[u8]> {
        // SAFETY: it lies in the memory of `rx`, which stays where it is when the box moves, and which nobody touches as
        // long as there is a payload: `answer` ends with it, and when it is written, `rx` goes on without it.
        let payload = self.payload.as_ref().map(|payload| unsafe { payload.as_ref() });
        std::iter::once(&self.tx[..]).chain(payload)
    }
}

/// What is read into: the room behind what has come. It begins empty each time, as what is read becomes a part of `rx`.
impl IoBuf for Buffers {
    fn as_init(&self) -> &[u8] {
        &[]
    }
}

impl IoBufMut for Buffers {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        self.rx.spare_mut().as_uninit()
    }
}

impl SetLen for Buffers {
    unsafe fn set_len(&mut self, count: usize) {
        self.rx.filled(count);
    }
}
