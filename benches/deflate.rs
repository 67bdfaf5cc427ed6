//! permessage-deflate: messages of JSON, compressed and sent by a server, received and inflated by a client.
//!
//! `cargo bench --bench deflate --features deflate,std`

mod support;

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::json_messages;
use websocket_proto::deflate::{Compressor, Config, Params, Pool, WindowBits};
use websocket_proto::{Config as Settings, Connection, Event, RecvBuffer};

const SIZES: [usize; 4] = [128, 1 << 10, 16 << 10, 1 << 20];

fn params(takeover: bool) -> Params {
    Params { server_no_context_takeover: !takeover, client_no_context_takeover: !takeover, ..Params::default() }
}

/// Both ends of a connection, message by message.
fn round_trip(c: &mut Criterion) {
    for takeover in [false, true] {
        let name = if takeover { "deflate, round trip, takeover" } else { "deflate, round trip" };
        let mut group = c.benchmark_group(name);
        for size in SIZES {
            for level in [1, 4, 6] {
                let messages = json_messages(size);
                let config = Config::new().min_bytes(0).level(level).pool(Pool::new(1));
                let config = config.local_takeover(takeover).peer_takeover(takeover);
                let mut server = Connection::server(Settings::server()).with_deflate(&params(takeover), &config);
                let mut client =
                    Connection::client(Settings::client(), || [1, 2, 3, 4]).with_deflate(&params(takeover), &config);
                let (mut tx, mut rx) = (Vec::new(), RecvBuffer::new());
                group.throughput(Throughput::Bytes(size as u64));
                group.bench_function(BenchmarkId::new(format!("level {level}"), size), |b| {
                    let mut messages = messages.iter().cycle();
                    b.iter(|| {
                        let message = messages.next().expect("it never ends");
                        tx.clear();
                        server.send_text(message, &mut tx).expect("a Vec has room");
                        let mut bytes = &tx[..];
                        while !bytes.is_empty() {
                            bytes = &bytes[rx.extend_from_slice(bytes)..];
                            while let Some(event) = client.receive(&mut rx).expect("a legal stream") {
                                assert!(matches!(event, Event::Text(text) if text.len() == message.len()));
                            }
                        }
                    });
                });
            }
        }
        group.finish();
    }
}

/// The engine alone; prints what is left of the bytes.
fn compress(c: &mut Criterion) {
    let mut group = c.benchmark_group("deflate, compress");
    for size in SIZES {
        let messages = json_messages(size);
        for level in [1, 2, 3, 4, 6] {
            let mut compressor = Compressor::new(WindowBits::MAX, level);
            let left: usize = messages
                .iter()
                .map(|message| {
                    compressor.forget();
                    compressor.compress(message.as_bytes(), true).len()
                })
                .sum();
            println!(
                "level {level}, {size} bytes: {:.3} of the bytes are left",
                left as f64 / (messages.len() * size) as f64
            );
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new(format!("level {level}"), size), |b| {
                let mut messages = messages.iter().cycle();
                b.iter(|| {
                    compressor.forget();
                    black_box(compressor.compress(messages.next().expect("it never ends").as_bytes(), true).len())
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, round_trip, compress);
criterion_main!(benches);
