//! A hundred thousand connections and a handful of receive buffers.
//!
//! ```text
//! cargo run --release --example pooled_buffers [-- CONNECTIONS]
//! ```
//!
//! Between two messages a receive buffer is empty, and an empty buffer belongs to nobody. So a server that waits for
//! readiness (epoll, kqueue, io_uring) takes a buffer from a pool when a socket becomes readable, and gives it back as
//! soon as it is empty again; only a connection whose message has arrived in part keeps its buffer until the rest is
//! there. An idle connection then costs the connection object and nothing else.
//!
//! The program plays the network in memory, in rounds. In each round some connections become readable and echo what
//! they got; some of them got only half of a frame. It counts every byte of heap that is in use and prints the cost of
//! an idle connection.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use websocket_proto::{Config, Connection, DEFAULT_CAPACITY_BYTES, Error, Event, RecvBuffer, Server, Transport};

type Buffer = RecvBuffer<Vec<u8>>;

/// Receive buffers that nobody needs now.
#[derive(Default)]
struct Pool {
    free: Vec<Buffer>,
}

impl Pool {
    fn take(&mut self) -> Buffer {
        self.free.pop().unwrap_or_default()
    }

    /// The most buffers to keep: more were in use only for a moment.
    const MOST: usize = 1024;

    fn put_back(&mut self, mut buffer: Buffer) {
        assert!(buffer.is_empty(), "a buffer that holds part of a message belongs to its connection");
        if buffer.capacity() > DEFAULT_CAPACITY_BYTES {
            buffer.release(); // it has grown with a large message
        }
        if self.free.len() < Self::MOST {
            self.free.push(buffer);
        }
    }
}

/// The server: its connections, and the few buffers that are in use.
struct Host {
    connections: Vec<Connection<Server>>,
    /// The buffers of those connections that hold part of a message.
    waiting: HashMap<usize, Buffer>,
    pool: Pool,
}

impl Host {
    fn new(connections: usize) -> Self {
        Self {
            connections: (0..connections).map(|_| Connection::server(Config::server())).collect(),
            waiting: HashMap::new(),
            pool: Pool::default(),
        }
    }

    /// Socket `id` is readable: `bytes` is what a read gives. What has to be written goes to `tx`; what to do with the
    /// socket comes back.
    fn readable(&mut self, id: usize, mut bytes: &[u8], tx: &mut Vec<u8>) -> Result<Transport, Error> {
        let connection = &mut self.connections[id];
        let mut rx = self.waiting.remove(&id).unwrap_or_else(|| self.pool.take());
        while !bytes.is_empty() {
            let taken = rx.extend_from_slice(bytes);
            bytes = &bytes[taken..];
            loop {
                match connection.receive(&mut rx) {
                    Ok(Some(Event::Text(text))) => connection.send_text(text, tx)?,
                    Ok(Some(Event::Binary(bytes))) => connection.send_binary(bytes, tx)?,
                    Ok(Some(Event::Ping(_) | Event::Pong(_) | Event::Close(_))) => {}
                    Ok(None) => break,
                    Err(fault) => {
                        eprintln!("connection {id}: {fault}");
                        connection.poll_transmit(tx)?; // tells the peer, and nobody else is concerned
                        break;
                    }
                }
                connection.poll_transmit(tx)?;
            }
        }
        let transport = connection.transport();
        if rx.is_empty() {
            self.pool.put_back(rx);
        } else {
            self.waiting.insert(id, rx);
        }
        Ok(transport)
    }
}

/// A masked text frame, as a client sends it.
fn client_frame(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut client = Connection::client(Config::client(), || [0x37, 0xfa, 0x21, 0x3d]);
    client.send_text(text, &mut bytes).expect("a Vec has room");
    bytes
}

fn main() -> Result<(), Error> {
    let count = std::env::args().nth(1).map_or(100_000, |count| count.parse().expect("the number of connections"));
    let before = in_use();
    let mut host = Host::new(count);
    println!("{count} connections, none has said anything: {} bytes each", (in_use() - before) / count);

    let frame = client_frame("one message among many");
    let (first_half, second_half) = frame.split_at(frame.len() / 2);
    let mut tx = Vec::new();
    let mut echoed = 0;
    for round in 0..10 {
        let readable = (round..count).step_by(7);
        let halves = 32;
        for id in readable.clone().take(halves) {
            assert_eq!(host.readable(id, first_half, &mut tx)?, Transport::Open);
        }
        for id in readable.clone().skip(halves) {
            assert_eq!(host.readable(id, &frame, &mut tx)?, Transport::Open);
        }
        for id in readable.clone().take(halves) {
            assert_eq!(host.readable(id, second_half, &mut tx)?, Transport::Open);
        }
        echoed += readable.count();
        tx.clear();
    }
    drop(tx);
    println!("{echoed} messages echoed; {} buffers were enough", host.pool.free.len());
    println!("all idle again: {} bytes each, pool included", (in_use() - before) / count);
    host.pool.free.clear();
    println!("pool emptied:   {} bytes each", (in_use() - before) / count);
    Ok(())
}

/// The system's allocator, counting what is in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

fn in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
