//! Validation of text that comes in pieces and is not kept.
//!
//! `cargo bench --bench utf8 [-- --quick]`

mod support;

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::{SIZES, Text};
use websocket_proto::utf8::Validator;

fn validator(c: &mut Criterion) {
    let mut group = c.benchmark_group("utf8");
    for (name, text) in [("ASCII", Text::Ascii), ("one in 120 not ASCII", Text::Mixed), ("CJK", Text::Cjk)] {
        for size in SIZES {
            let text = text.of_len(size);
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_with_input(BenchmarkId::new(name, size), text.as_bytes(), |b, text| {
                b.iter(|| Validator::new().push(black_box(text)).expect("UTF-8"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, validator);
criterion_main!(benches);
