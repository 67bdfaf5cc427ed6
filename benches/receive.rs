//! Receiving: a server takes masked messages out of a buffer that a transport in memory fills.
//!
//! `cargo bench --bench receive [-- --quick]`

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::{SIZES, Text, client_stream, drain};
use websocket_proto::{Config, Connection, MessageKind, RecvBuffer};

/// Whole messages, as many as fill 64 KiB, for each size and kind.
fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("receive");
    let kinds = [("binary", MessageKind::Binary, Text::Ascii), ("text", MessageKind::Text, Text::Ascii)];
    let kinds = kinds.into_iter().chain([
        ("text, one in 120 not ASCII", MessageKind::Text, Text::Mixed),
        ("text, CJK", MessageKind::Text, Text::Cjk),
    ]);
    for (name, kind, text) in kinds {
        for size in SIZES {
            let (stream, count) = client_stream(kind, &text.of_len(size));
            let mut connection = Connection::server(Config::server());
            let mut rx = RecvBuffer::with_capacity(if size > 8 << 10 { size + (16 << 10) } else { 16 << 10 });
            group.throughput(Throughput::Bytes((size * count) as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &stream, |b, stream| {
                b.iter(|| drain(&mut connection, &mut rx, stream, stream.len()));
            });
        }
    }
    group.finish();
}

/// The same bytes in ever smaller reads: the price of chunking.
fn chunked(c: &mut Criterion) {
    let mut group = c.benchmark_group("receive 1 KiB text by reads of");
    let (stream, count) = client_stream(MessageKind::Text, &Text::Ascii.of_len(1024));
    group.throughput(Throughput::Bytes((1024 * count) as u64));
    for read in [1, 16, 256, 4096, 16 << 10] {
        let mut connection = Connection::server(Config::server());
        let mut rx = RecvBuffer::new();
        group.bench_with_input(BenchmarkId::from_parameter(read), &stream, |b, stream| {
            b.iter(|| drain(&mut connection, &mut rx, stream, read));
        });
    }
    group.finish();
}

criterion_group!(benches, whole, chunked);
criterion_main!(benches);
