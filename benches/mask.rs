//! Masking throughput by size, beside the definition (`naive`) and the fastest loop over memory there is (`roofline`).
//!
//! Payloads stand behind a header in real life, so `offset` 8 is what a server sees; 0 is the best case. Compare rows
//! of one run with each other, not with those of another.
#![allow(missing_docs, reason = "what `criterion_group!` makes")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use websocket_proto::mask;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const KIB: usize = 1024;
const SIZES: [usize; 16] =
    [1, 2, 3, 5, 8, 16, 33, 64, 125, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, KIB * KIB, 16 * KIB * KIB];

/// Two payloads in turn, so that none is loaded while the stores of the last call are still on their way.
struct Payloads {
    memory: Vec<u8>,
    start: usize,
    stride: usize,
    is_second: bool,
}

impl Payloads {
    fn new(len: usize, offset: usize) -> Self {
        let stride = (len + offset).next_multiple_of(64);
        let memory = vec![0; 2 * stride + 4096];
        let start = memory.as_ptr().align_offset(4096) + offset;
        Self { memory, start, stride, is_second: false }
    }

    fn next(&mut self, len: usize) -> &mut [u8] {
        self.is_second = !self.is_second;
        let at = self.start + if self.is_second { self.stride } else { 0 };
        &mut self.memory[at..at + len]
    }
}

fn naive(bytes: &mut [u8], key: [u8; 4]) {
    for (byte, key) in bytes.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[derive(Clone)]
#[repr(align(64))]
struct CacheLine([u8; 64]);

/// Reads, changes and writes as many whole cache lines as the payload would fill, in the widest registers, and does
/// nothing else: one key byte, no phase, no length that is not a multiple of 64.
fn roofline(lines: &mut [CacheLine]) {
    #[inline(always)]
    fn xor(mut lines: &mut [CacheLine]) {
        // Four a round, and no index: one instruction to load and change a line, and one to store it.
        while lines.len() >= 4 {
            let (four, rest) = lines.split_at_mut(4);
            for line in four {
                line.0 = line.0.map(|byte| byte ^ 0x37);
            }
            lines = rest;
        }
        for line in lines {
            line.0 = line.0.map(|byte| byte ^ 0x37);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn xor_avx512(lines: &mut [CacheLine]) {
        xor(lines);
    }

    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx512bw") {
        // SAFETY: the CPU was asked.
        return unsafe { xor_avx512(lines) };
    }
    xor(lines);
}

fn in_place(c: &mut Criterion) {
    for offset in [0, 8] {
        let mut group = c.benchmark_group(format!("mask/in_place/offset_{offset}"));
        for len in SIZES {
            group.throughput(Throughput::Bytes(len as u64));
            let mut payloads = Payloads::new(len, offset);
            group.bench_function(BenchmarkId::new("apply", len), |b| {
                b.iter(|| mask::apply(black_box(payloads.next(len)), black_box(KEY)));
            });
            group.bench_function(BenchmarkId::new("naive", len), |b| {
                b.iter(|| naive(black_box(payloads.next(len)), black_box(KEY)));
            });
            let mut lines = vec![CacheLine([0; 64]); 2 * len.div_ceil(64)];
            let (mut now, mut next) = lines.split_at_mut(len.div_ceil(64));
            group.bench_function(BenchmarkId::new("roofline", len), |b| {
                b.iter(|| {
                    std::mem::swap(&mut now, &mut next);
                    roofline(black_box(now));
                });
            });
        }
    }
}

fn copy(c: &mut Criterion) {
    let mut group = c.benchmark_group("mask/copy");
    for len in SIZES {
        group.throughput(Throughput::Bytes(len as u64));
        let from = vec![0x5A; len];
        let mut payloads = Payloads::new(len, 8);
        group.bench_function(BenchmarkId::new("copy", len), |b| {
            b.iter(|| mask::copy(black_box(payloads.next(len)), black_box(&from), black_box(KEY)));
        });
        group.bench_function(BenchmarkId::new("memcpy", len), |b| {
            b.iter(|| black_box(payloads.next(len)).copy_from_slice(black_box(&from)));
        });
    }
}

/// Lengths and places that no branch predictor can learn.
fn random(c: &mut Criterion) {
    let mut state: u64 = 88_172_645_463_325_252;
    let pieces: Vec<(usize, usize)> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (1 + (state >> 20) as usize % 300, (state >> 50) as usize)
    })
    .take(20_000)
    .collect();
    let mut memory = vec![0; 20_000];
    let mut group = c.benchmark_group("mask/random_1_to_300");
    group.throughput(Throughput::Elements(pieces.len() as u64));
    for (name, kernel) in [("apply", mask::apply as fn(&mut [u8], [u8; 4])), ("naive", naive)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                for (len, at) in &pieces {
                    kernel(black_box(&mut memory[*at..at + len]), black_box(KEY));
                }
            });
        });
    }
}

criterion_group!(benches, in_place, copy, random);
criterion_main!(benches);
