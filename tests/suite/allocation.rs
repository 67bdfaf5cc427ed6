//! What is allocated: nothing in steady state, and never more than twice what was received.
//!
//! The counts are kept per thread, so that tests beside these do not disturb.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use websocket_proto::{
    Config, Connection, DEFAULT_CAPACITY_BYTES, Event, MaskKeys, MessageKind, RecvBuffer, Role, SendSlice, Server,
};

use crate::support::wire::{self, BINARY, CONTINUATION, FIN, Form, PING, PONG};
use crate::support::{KEY, client, server, unlimited};

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    if change > 0 {
        CALLS.set(CALLS.get() + 1);
    }
    NOW.set(NOW.get() + change);
    PEAK.set(PEAK.get().max(NOW.get()));
}

#[expect(unsafe_code, reason = "a global allocator cannot be had without; each call is passed on as it is")]
// SAFETY: all calls go to `System` unchanged; counting allocates nothing, since the cells are constants without a
// destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// How many times memory was asked for.
    pub(crate) calls: usize,
    /// The most bytes that were held at once, beyond what was held before.
    pub(crate) peak: usize,
    /// The bytes that are held still.
    pub(crate) held: isize,
}

pub(crate) fn usage<T>(of: impl FnOnce() -> T) -> (T, Usage) {
    let (calls, before) = (CALLS.get(), NOW.get());
    PEAK.set(before);
    let value = of();
    let peak = (PEAK.get() - before) as usize;
    (value, Usage { calls: CALLS.get() - calls, peak, held: NOW.get() - before })
}

/// Fewer in a build that is not optimised.
const fn scaled(count: usize) -> usize {
    if cfg!(debug_assertions) { count / 20 } else { count }
}

#[test]
fn the_counter_counts() {
    let (kept, usage) = usage(|| {
        drop(vec![0_u8; 1000]);
        vec![0_u8; 100]
    });
    assert_eq!((usage.calls, usage.peak, usage.held), (2, 1000, 100));
    drop(kept);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_connection_is_256_bytes() {
    // With all features.
    assert!(size_of::<Connection<Server>>() <= 256, "{}", size_of::<Connection<Server>>());
    println!("Connection<Server>: {} bytes", size_of::<Connection<Server>>());
    #[cfg(feature = "getrandom")]
    assert!(size_of::<Connection<websocket_proto::Client<websocket_proto::OsMaskKeys>>>() <= 520);
    println!("RecvBuffer<Vec<u8>>: {} bytes", size_of::<RecvBuffer<Vec<u8>>>());
}

/// Two connections back to back, talking through buffers that are there already.
struct Pair<K> {
    server: Connection<Server>,
    client: Connection<websocket_proto::Client<K>>,
    to_server: RecvBuffer<Vec<u8>>,
    to_client: RecvBuffer<Vec<u8>>,
    wire: Vec<u8>,
}

impl<K: MaskKeys> Pair<K> {
    /// The client has something in `wire`: the server echoes it, and the client gets it back.
    fn echo(&mut self) -> usize {
        let mut echoed = Vec::new();
        std::mem::swap(&mut echoed, &mut self.wire);
        let mut answer = ANSWER.take();
        answer.clear();
        hear(&mut self.server, &mut self.to_server, &echoed, Some(&mut answer));
        let heard = hear(&mut self.client, &mut self.to_client, &answer, None);
        ANSWER.set(answer);
        echoed.clear();
        self.wire = echoed;
        heard
    }
}

thread_local! {
    static ANSWER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Feeds all of `bytes`, in reads of what there is room for; answers each message with itself, if at all. Gives the
/// payload bytes that came.
fn hear<R: Role>(
    connection: &mut Connection<R>,
    rx: &mut RecvBuffer<Vec<u8>>,
    mut bytes: &[u8],
    mut answer: Option<&mut Vec<u8>>,
) -> usize {
    let mut heard = 0;
    while !bytes.is_empty() {
        bytes = &bytes[rx.extend_from_slice(bytes)..];
        while let Some(event) = connection.receive(rx).unwrap() {
            heard += match event {
                Event::Text(text) => text.len(),
                Event::Binary(bytes) => bytes.len(),
                _ => 0,
            };
            if let Some(tx) = &mut answer {
                match event {
                    Event::Text(text) => connection.send_text(text, *tx).unwrap(),
                    Event::Binary(bytes) => connection.send_binary(bytes, *tx).unwrap(),
                    _ => {}
                }
                connection.poll_transmit(*tx).unwrap();
            }
        }
    }
    heard
}

#[test]
fn a_steady_conversation_allocates_nothing() {
    let mut pair = Pair {
        server: server(Config::server()),
        client: client(Config::client()),
        to_server: RecvBuffer::new(),
        to_client: RecvBuffer::new(),
        wire: Vec::with_capacity(64 * 1024),
    };
    ANSWER.set(Vec::with_capacity(64 * 1024));
    let payload = [b'x'; 12_000];
    let converse = |pair: &mut Pair<_>, rounds: usize| {
        let mut heard = 0;
        for round in 0..rounds {
            let len = [0, 1, 17, 125, 126, 500, 4000, 12_000][round % 8];
            let piece = &payload[..len];
            let wire = &mut pair.wire;
            match round % 5 {
                0 => pair.client.send_text(std::str::from_utf8(piece).unwrap(), wire).unwrap(),
                1 => pair.client.send_binary(piece, wire).unwrap(),
                2 => pair.client.send_ping(&piece[..len.min(125)], wire).unwrap(),
                _ => {
                    let (first, second) = piece.split_at(len / 3);
                    pair.client.send_fragment(MessageKind::Text, first, false, wire).unwrap();
                    pair.client.send_ping(b"between", wire).unwrap();
                    pair.client.send_fragment(MessageKind::Text, second, true, wire).unwrap();
                }
            }
            heard += pair.echo();
        }
        heard
    };
    // The first bytes of all allocate the buffers.
    converse(&mut pair, 40);
    let (heard, usage) = usage(|| converse(&mut pair, scaled(100_000)));
    assert!(heard > scaled(100_000) * 500, "{heard}");
    assert_eq!(usage, Usage { calls: 0, peak: 0, held: 0 });
    assert_eq!(pair.to_server.capacity(), DEFAULT_CAPACITY_BYTES);
}

/// The whole protocol without a heap: arrays and slices only.
#[test]
fn fixed_buffers_never_allocate() {
    let mut memory = [0; 1024];
    let stream = [wire::frame(FIN | BINARY, &[1; 500], Some(KEY)), wire::frame(FIN | PING, b"p", Some(KEY))].concat();
    let ((), usage) = usage(|| {
        let mut connection = server(Config::server());
        let mut rx = RecvBuffer::from([0; 1024]);
        for _ in 0..100 {
            let mut tx = SendSlice::new(&mut memory);
            for piece in stream.chunks(100) {
                assert_eq!(rx.extend_from_slice(piece), piece.len());
                while let Some(event) = connection.receive(&mut rx).unwrap() {
                    if let Event::Binary(bytes) = event {
                        connection.send_binary(bytes, &mut tx).unwrap();
                    }
                    connection.poll_transmit(&mut tx).unwrap();
                }
            }
        }
        assert_eq!(rx.extend_from_slice(&[0xff; 10]), 10);
        connection.receive(&mut rx).unwrap_err();
        connection.poll_transmit(&mut SendSlice::new(&mut memory)).unwrap();
    });
    assert_eq!(usage, Usage { calls: 0, peak: 0, held: 0 });
}

/// A header alone makes no memory but the base, whatever it claims: for every power of two, with limits and without.
#[test]
fn cve_2022_35922_a_claim_allocates_nothing() {
    for config in [Config::server(), unlimited(Config::server())] {
        for shift in 0..64 {
            for fin in [0, FIN] {
                let header = wire::header(fin | BINARY, 1 << shift, Form::Shortest, Some(KEY));
                let ((), usage) = usage(|| {
                    let mut connection = server(config.clone());
                    let mut rx = RecvBuffer::with_capacity(2048);
                    assert_eq!(rx.extend_from_slice(&header), header.len());
                    let _ = connection.receive(&mut rx);
                    assert!(!rx.spare_mut().is_empty());
                    assert_eq!(rx.extend_from_slice(b"x"), 1);
                    let _ = connection.receive(&mut rx);
                    assert!(!rx.spare_mut().is_empty());
                });
                assert_eq!(usage, Usage { calls: 1, peak: 2048, held: 0 }, "2^{shift}");
            }
        }
    }
}

/// Fourteen bytes that announce sixteen mebibytes reserve nothing: what grows is what came, by no more than came.
#[test]
fn l16_a_header_reserves_nothing() {
    for len in [1 << 20, 16 << 20] {
        let header = wire::header(FIN | BINARY, len, Form::Bits64, Some(KEY));
        assert_eq!(header.len(), 14);
        let mut connection = server(Config::server());
        let mut rx = RecvBuffer::with_capacity(512);
        let ((), usage) = usage(|| {
            assert_eq!(rx.extend_from_slice(&header), 14);
            assert_eq!(connection.receive(&mut rx), Ok(None));
            assert!(!rx.spare_mut().is_empty());
        });
        assert_eq!(usage, Usage { calls: 1, peak: 512, held: 512 });
    }
}

/// Empty messages leave nothing behind, not even when nobody asks for them for a while.
#[test]
fn rustsec_2026_0258_empty_messages_are_not_queued() {
    let empty = wire::frame(FIN | BINARY, b"", Some(KEY)).repeat(1000);
    let mut connection = server(Config::server());
    let mut rx = RecvBuffer::with_capacity(6000);
    rx.spare_mut();
    let ((), usage) = usage(|| {
        for _ in 0..scaled(1_000) {
            assert_eq!(rx.extend_from_slice(&empty), 6000);
            for left in (0..1000).rev() {
                assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Binary(b""))));
                assert_eq!(rx.unread().len(), 6 * left);
            }
        }
    });
    assert_eq!(usage, Usage { calls: 0, peak: 0, held: 0 });
}

/// At every moment at most twice what was received, and one base.
#[test]
fn a_big_message_takes_at_most_twice_its_bytes() {
    const LEN: usize = 4 << 20;
    let header = wire::header(FIN | BINARY, LEN as u64, Form::Shortest, Some(KEY));
    let piece = vec![0; 10_007];
    let mut connection = server(Config::server());
    let mut rx = RecvBuffer::new();
    let mut received = 0;
    let mut is_whole = false;
    let (_, whole) = usage(|| assert_eq!(rx.extend_from_slice(&header), header.len()));
    assert_eq!(whole.peak, DEFAULT_CAPACITY_BYTES);
    assert_eq!(connection.receive(&mut rx), Ok(None));
    let (before, mut calls) = (rx.capacity(), 0);
    while received < LEN {
        let take = piece.len().min(LEN - received);
        let (count, one) = usage(|| {
            let count = rx.extend_from_slice(&piece[..take]);
            is_whole |= matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes.len() == LEN);
            count
        });
        received += count;
        calls += one.calls;
        assert!(rx.capacity() <= 2 * received + DEFAULT_CAPACITY_BYTES, "{} for {received}", rx.capacity());
        assert!(one.peak <= 2 * received + DEFAULT_CAPACITY_BYTES, "{one:?} for {received}");
    }
    assert!(is_whole);
    assert!(calls <= 24, "the memory has grown {calls} times from {before}");
    assert_eq!(rx.capacity(), LEN, "a frame's length is known, so that the memory ends with it");
    let (room, after) = usage(|| rx.spare_mut().len());
    assert_eq!((room, rx.capacity()), (DEFAULT_CAPACITY_BYTES, DEFAULT_CAPACITY_BYTES));
    assert_eq!(after.held, DEFAULT_CAPACITY_BYTES as isize - LEN as isize, "and is given back");
}

/// A message that grows at the front of its memory is left to the allocator, which need not hold it twice.
#[test]
fn memory_that_grows_is_not_held_twice() {
    let frame = wire::frame(FIN | BINARY, &[1; 50_000], Some(KEY));
    let (mut connection, mut rx) = (server(Config::server()), RecvBuffer::with_capacity(1000));
    let (mut rest, mut growths) = (&frame[..], 0);
    while rest.len() > 1 {
        let before = rx.capacity();
        let ((), growth) = usage(|| _ = rx.spare_mut());
        assert_eq!(growth.peak, rx.capacity() - before);
        growths += usize::from(growth.calls > 0);
        let count = rx.extend_from_slice(&rest[..997.min(rest.len() - 1)]);
        rest = &rest[count..];
        assert_eq!(connection.receive(&mut rx), Ok(None));
    }
    assert!(growths > 4, "{growths}");
}

/// What is dropped in the middle of a big message does not keep its memory.
#[test]
fn a_cleared_buffer_gives_its_memory_back() {
    let frame = wire::frame(FIN | BINARY, &[1; 50_000], Some(KEY));
    let (mut connection, mut rx) = (server(Config::server()), RecvBuffer::with_capacity(1000));
    let mut rest = &frame[..49_000];
    let ((), usage) = usage(|| {
        while !rest.is_empty() {
            rest = &rest[rx.extend_from_slice(rest)..];
            assert_eq!(connection.receive(&mut rx), Ok(None));
        }
        rx.clear();
        rx.spare_mut();
    });
    assert_eq!(usage.held, 1000);
}

/// One buffer for all fragments: no list of parts.
#[test]
fn cve_2026_48779_fragments_of_one_byte_take_their_bytes() {
    let count = scaled(1_000_000);
    let fragment = wire::frame(CONTINUATION, b"x", Some(KEY));
    let mut connection = server(unlimited(Config::server()));
    let mut rx = RecvBuffer::new();
    let ((), usage) = usage(|| {
        assert_eq!(rx.extend_from_slice(&wire::frame(BINARY, b"x", Some(KEY))), 7);
        for _ in 1..count {
            assert_eq!(rx.extend_from_slice(&fragment), 7);
            assert_eq!(connection.receive(&mut rx), Ok(None));
        }
    });
    assert!(usage.peak <= 2 * count + DEFAULT_CAPACITY_BYTES, "{usage:?}");
    assert!(usage.calls <= 24, "{usage:?}");
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"", Some(KEY))), 6);
    assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes.len() == count));
}

#[test]
fn l18_empty_fragments_take_nothing() {
    let fragment = wire::frame(CONTINUATION, b"", Some(KEY));
    let mut connection = server(unlimited(Config::server()));
    let mut rx = RecvBuffer::with_capacity(300);
    assert_eq!(rx.extend_from_slice(&wire::frame(BINARY, b"x", Some(KEY))), 7);
    let ((), usage) = usage(|| {
        for _ in 0..scaled(1_000_000) {
            assert_eq!(rx.extend_from_slice(&fragment), 6);
            assert_eq!(connection.receive(&mut rx), Ok(None));
        }
    });
    assert_eq!(usage, Usage { calls: 0, peak: 0, held: 0 });
}

#[test]
fn cve_2026_11586_pings_take_nothing() {
    let ping = wire::frame(FIN | PING, &[7; 125], Some(KEY));
    let mut connection = server(unlimited(Config::server()));
    let mut rx = RecvBuffer::new();
    rx.spare_mut();
    let ((), during) = usage(|| {
        for _ in 0..scaled(1_000_000) {
            assert_eq!(rx.extend_from_slice(&ping), ping.len());
            assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Ping(_)))));
        }
    });
    assert_eq!(during, Usage { calls: 0, peak: 0, held: 0 });
    let mut tx = Vec::new();
    connection.poll_transmit(&mut tx).unwrap();
    assert_eq!(tx, wire::frame(FIN | PONG, &[7; 125], None), "one Pong for all of them");
}

/// Between messages a buffer belongs to nobody: two of them serve a hundred connections.
#[test]
fn a_pool_of_two_buffers_serves_a_hundred_connections() {
    let mut pool = vec![RecvBuffer::new(), RecvBuffer::new()];
    for rx in &mut pool {
        rx.spare_mut();
    }
    let mut connections: Vec<_> = (0..100).map(|_| server(Config::server())).collect();
    let frame = wire::frame(FIN | BINARY, b"hello", Some(KEY));
    let mut out = Vec::with_capacity(100);
    let (served, usage) = usage(|| {
        let mut served = 0;
        for round in 0..50 {
            for connection in &mut connections {
                let mut rx = pool.pop().unwrap();
                assert_eq!(rx.extend_from_slice(&frame), frame.len());
                while let Some(event) = connection.receive(&mut rx).unwrap() {
                    let Event::Binary(bytes) = event else { panic!("{event:?}") };
                    out.clear();
                    connection.send_binary(bytes, &mut out).unwrap();
                    served += 1;
                }
                assert!(rx.is_empty(), "round {round}");
                pool.insert(0, rx);
            }
        }
        served
    });
    assert_eq!((served, usage.calls), (5000, 0));
}

/// An idle connection needs no buffer at all, and one that was dropped is not missed.
#[test]
fn an_empty_buffer_may_be_released_or_dropped() {
    let mut connection = server(Config::server());
    let frame = wire::frame(FIN | BINARY, b"hello", Some(KEY));
    let mut rx = RecvBuffer::new();
    let ((), usage) = usage(|| {
        for _ in 0..10 {
            assert_eq!(rx.extend_from_slice(&frame), frame.len());
            assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Binary(b"hello"))));
            rx.release();
            assert_eq!(rx.capacity(), 0);
        }
    });
    assert_eq!((usage.calls, usage.held), (10, 0));
    assert_eq!(rx.extend_from_slice(&frame[..8]), 8);
    assert_eq!(connection.receive(&mut rx), Ok(None));
    rx.release();
    assert!(!rx.is_empty(), "a message in progress is not given away");
    assert_eq!(rx.extend_from_slice(&frame[8..]), 3);
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Binary(b"hello"))));
}

/// Messages far beyond the base come and go: each time the memory returns.
#[test]
fn memory_returns_after_every_oversized_message() {
    let mut connection = server(Config::server());
    let mut rx = RecvBuffer::with_capacity(1000);
    let big = wire::frame(FIN | BINARY, &[1; 50_000], Some(KEY));
    let small = wire::frame(FIN | BINARY, &[1; 10], Some(KEY));
    for stream in [[&big[..], &small].concat(), [&small[..], &big, &big].concat(), big.clone()] {
        for read in [100, 997, 65_536] {
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let (mut now, later) = rest.split_at(read.min(rest.len()));
                while !now.is_empty() {
                    now = &now[rx.extend_from_slice(now)..];
                    while connection.receive(&mut rx).unwrap().is_some() {}
                }
                rest = later;
            }
            assert!(rx.is_empty());
            rx.spare_mut();
            assert_eq!(rx.capacity(), 1000);
        }
    }
}

/// A server writes a prepared message with no copy and no allocation.
#[test]
fn a_prepared_message_is_not_encoded_again() {
    let message = websocket_proto::PreparedMessage::text(&"news ".repeat(1000));
    let mut connections: Vec<_> = (0..100).map(|_| server(Config::server())).collect();
    let (bytes, usage) =
        usage(|| connections.iter_mut().map(|one| one.prepared_frame(&message).unwrap().len()).sum::<usize>());
    assert_eq!((bytes, usage.calls), (100 * 5004, 0));
}
