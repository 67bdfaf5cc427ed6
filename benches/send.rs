//! Sending: the frame of a message, copied into a buffer or with its payload untouched.
//!
//! `cargo bench --bench send [-- --quick]`

mod support;

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::{SIZES, Text};
use websocket_proto::{Config, Connection, OsMaskKeys, PreparedMessage};

fn copying(c: &mut Criterion) {
    let mut group = c.benchmark_group("send");
    for size in SIZES {
        let payload = Text::Ascii.of_len(size).into_bytes();
        let mut tx = Vec::with_capacity(size + 14);
        group.throughput(Throughput::Bytes(size as u64));
        let mut server = Connection::server(Config::server());
        group.bench_with_input(BenchmarkId::new("server, copied", size), &payload, |b, payload| {
            b.iter(|| {
                tx.clear();
                server.send_binary(black_box(payload), &mut tx).expect("room");
                black_box(&tx);
            });
        });
        let mut client = Connection::client(Config::client(), OsMaskKeys::new());
        group.bench_with_input(BenchmarkId::new("client, masked while copied", size), &payload, |b, payload| {
            b.iter(|| {
                tx.clear();
                client.send_binary(black_box(payload), &mut tx).expect("room");
                black_box(&tx);
            });
        });
    }
    group.finish();
}

fn without_a_copy(c: &mut Criterion) {
    let mut group = c.benchmark_group("send without a copy");
    let mut server = Connection::server(Config::server());
    for size in SIZES {
        group.bench_function(BenchmarkId::new("server, head", size), |b| {
            b.iter(|| black_box(server.binary_head(black_box(size as u64)).expect("open")));
        });
    }
    let message = PreparedMessage::text(&Text::Ascii.of_len(125));
    group.bench_function("server, prepared", |b| {
        b.iter(|| {
            black_box(server.prepared_frame(&message).expect("open"));
        });
    });
    group.finish();
}

criterion_group!(benches, copying, without_a_copy);
criterion_main!(benches);
