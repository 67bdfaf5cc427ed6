//! Frame headers: read and written by themselves.
//!
//! `cargo bench --bench header [-- --quick]`

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use websocket_proto::frame::{FrameHeader, Opcode};

fn header(c: &mut Criterion) {
    let mut group = c.benchmark_group("header");
    for payload_len in [5, 300, 70_000] {
        for mask in [None, Some([1, 2, 3, 4])] {
            let header = FrameHeader { fin: true, rsv: 0, opcode: Opcode::TEXT, mask, payload_len };
            let masked = if mask.is_some() { "masked" } else { "unmasked" };
            let bytes = header.emit();
            group.bench_function(BenchmarkId::new(format!("parse, {masked}"), payload_len), |b| {
                b.iter(|| black_box(FrameHeader::parse(black_box(&bytes))));
            });
            group.bench_function(BenchmarkId::new(format!("emit, {masked}"), payload_len), |b| {
                b.iter(|| black_box(black_box(&header).emit()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, header);
criterion_main!(benches);
