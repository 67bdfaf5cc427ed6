//! What a connection holds: its objects, and the heap while it is idle and after a large message.
//!
//! `cargo bench --bench footprint --features getrandom`
//!
//! Nothing is timed here, so it is no criterion bench: bytes are counted, and are the same in every run.

mod support;

use core::hint::black_box;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use support::{Text, client_stream, drain};
use websocket_proto::{Client, Config, Connection, MessageKind, OsMaskKeys, RecvBuffer, Server};

/// How many connections are held at a time.
const CONNECTIONS: usize = 100;

/// The system's allocator, with a count of the bytes that are held.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The heap bytes that each of [`CONNECTIONS`] holds, beside the objects themselves.
fn heap_of_each<T>(make: impl Fn() -> T) -> usize {
    let mut all = Vec::with_capacity(CONNECTIONS);
    let before = HELD.load(Relaxed);
    all.extend(core::iter::repeat_with(make).take(CONNECTIONS));
    let held = HELD.load(Relaxed) - before;
    drop(black_box(all));
    held.div_ceil(CONNECTIONS)
}

fn row(name: &str, bytes: usize) {
    println!("{bytes:>10}  {name}");
}

/// A server's connection that has received this stream.
fn after(stream: &[u8]) -> (Connection<Server>, RecvBuffer<Vec<u8>>) {
    let (mut connection, mut rx) = (Connection::server(Config::server()), RecvBuffer::new());
    drain(&mut connection, &mut rx, stream, 64 << 10);
    (connection, rx)
}

fn main() {
    println!("bytes of an object");
    row("Connection<Server>", size_of::<Connection<Server>>());
    row("Connection<Client<fn() -> [u8; 4]>>", size_of::<Connection<Client<fn() -> [u8; 4]>>>());
    row("Connection<Client<OsMaskKeys>>", size_of::<Connection<Client<OsMaskKeys>>>());
    row("OsMaskKeys", size_of::<OsMaskKeys>());
    row("RecvBuffer<Vec<u8>>", size_of::<RecvBuffer<Vec<u8>>>());
    row("RecvBuffer<&mut [u8]>", size_of::<RecvBuffer<&mut [u8]>>());
    row("RecvBuffer<[u8; 4096]>", size_of::<RecvBuffer<[u8; 4096]>>());

    println!("\nbytes on the heap, for each of {CONNECTIONS} connections");
    let (small, _) = client_stream(MessageKind::Text, &Text::Ascii.of_len(125));
    let (large, _) = client_stream(MessageKind::Text, &Text::Ascii.of_len(1 << 20));
    let pooled = heap_of_each(|| Connection::server(Config::server()));
    row("idle server, its receive buffer back in the pool", pooled);
    let pooled_client = heap_of_each(|| Connection::client(Config::client(), OsMaskKeys::new()));
    row("idle client, its receive buffer back in the pool", pooled_client);
    row("idle server, after that of small messages went back", heap_of_each(|| after(&small).0));
    row("server with a receive buffer of its own, nothing read yet", heap_of_each(|| after(&[])));
    row("the same after messages of 125 bytes", heap_of_each(|| after(&small)));
    row("the same after a message of 1 MiB, which lies there still", heap_of_each(|| after(&large)));
    row("the same after a small one behind it", heap_of_each(|| after(&[&large[..], &small].concat())));
    assert_eq!([pooled, pooled_client], [0, 0], "the state has no heap");
}
