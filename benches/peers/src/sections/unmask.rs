//! Unmasking in place: every size, address offset and phase of the key.

use std::cell::RefCell;
use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;

use serde_json::json;

use super::size_name;
use crate::chart;
use crate::harness::{Entrant, Race, Settings};
use crate::peers::{fastwebsockets, nexus_web, ours, sockudo_ws, soketto, websocket_sans_io, yawc};
use crate::report::{Section, Table, beside, ns};
use crate::work::Unmask;

const SIZES: [usize; 16] =
    [1, 2, 3, 5, 8, 16, 33, 64, 125, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20];
const OFFSETS: [usize; 3] = [0, 1, 3];
const PHASES: [usize; 3] = [0, 1, 3];

/// Pieces of memory to work on in turn, so that no call waits for the stores of the one before.
struct Arena {
    memory: Vec<u8>,
    first: usize,
    stride: usize,
    lens: Vec<usize>,
}

impl Arena {
    /// Pieces of `len` bytes, each `offset` bytes behind a multiple of 64; as many as stay within 16 KiB, at most 64.
    fn of_len(len: usize, offset: usize) -> Self {
        let stride = (len + offset).next_multiple_of(64);
        Self::new(vec![len; (16 * 1024 / stride).clamp(1, 64)], stride, offset)
    }

    /// 512 pieces of random lengths from 1 to 300 at random offsets.
    fn random() -> Self {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let lens = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            1 + (state >> 33) as usize % 300
        });
        Self::new(lens.take(512).collect(), 0, 0)
    }

    fn new(lens: Vec<usize>, stride: usize, offset: usize) -> Self {
        let room = if stride == 0 { lens.iter().sum() } else { stride * lens.len() };
        let memory = vec![0x5a; room + 128];
        let first = memory.as_ptr().align_offset(64) + offset;
        Self { memory, first, stride, lens }
    }

    #[inline]
    fn each(&mut self, mut work: impl FnMut(&mut [u8])) {
        let mut at = self.first;
        for &len in &self.lens {
            work(&mut self.memory[at..at + len]);
            at += if self.stride == 0 { len } else { self.stride };
        }
    }
}

/// The same memory for everybody: how its pages happen to lie makes a difference that is nobody's merit.
type Shared = Rc<RefCell<Arena>>;

fn enter<U: Unmask + 'static>(arena: &Shared, phase: usize) -> Entrant<'static> {
    let arena = Rc::clone(arena);
    Entrant::new(U::NAME, U::NOTE, move || {
        let arena = Rc::clone(&arena);
        move |count| {
            let mut arena = arena.borrow_mut();
            for _ in 0..count {
                arena.each(|bytes| U::unmask(black_box(bytes), black_box([0x37, 0xfa, 0x21, 0x3d]), black_box(phase)));
            }
        }
    })
}

fn race(arena: Arena, phase: usize, settings: Settings) -> Race {
    let (units, shortest) = (arena.lens.len(), arena.lens.iter().min().copied().unwrap_or_default());
    let arena = Rc::new(RefCell::new(arena));
    let mut entrants = vec![
        enter::<ours::Masking>(&arena, phase),
        enter::<fastwebsockets::Masking>(&arena, phase),
        enter::<nexus_web::Masking>(&arena, phase),
        enter::<sockudo_ws::Masking>(&arena, phase),
        enter::<soketto::Masking>(&arena, phase),
        enter::<websocket_sans_io::Masking>(&arena, phase),
        enter::<yawc::Masking>(&arena, phase),
    ];
    if shortest >= 1024 {
        entrants.extend(roofline::entrants(&arena));
    }
    Race::run(entrants, units, settings)
}

fn verify<U: Unmask>() {
    for len in 0..400 {
        for phase in 0..4 {
            let key = [1, 2, 4, 8];
            let mut bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            U::unmask(&mut bytes[len.min(3)..], key, phase);
            for (at, byte) in bytes.iter().enumerate().skip(len.min(3)) {
                assert_eq!(*byte, at as u8 ^ key[(at - 3 + phase) % 4], "{} unmasks", U::NAME);
            }
        }
    }
}

pub fn run(settings: Settings, docs: Option<&Path>) -> Section {
    verify::<ours::Masking>();
    verify::<fastwebsockets::Masking>();
    verify::<nexus_web::Masking>();
    verify::<sockudo_ws::Masking>();
    verify::<soketto::Masking>();
    verify::<websocket_sans_io::Masking>();
    verify::<yawc::Masking>();
    let mut section = Section::new(
        "Unmask in place",
        "The function that masks, alone. Offset: the payload's address behind a multiple of 64. Phase: where in the key the payload begins. Small \
         payloads lie side by side in 16 KiB and are worked on in turn. Roofline: the same memory read, changed and written by AVX2 or AVX-512 loops \
         with nothing else to do.",
        include_str!("../../notes/unmask.md"),
    );
    let mut shown = Vec::new();
    let mut worst: Vec<(f64, String)> = Vec::new();
    let mut far: Vec<(f64, String)> = Vec::new();
    for len in SIZES {
        for offset in OFFSETS {
            for phase in PHASES {
                let race = race(Arena::of_len(len, offset), phase, settings);
                section.record(json!({"size": len, "offset": offset, "phase": phase}), &race);
                let cell = format!("{}, offset {offset}, phase {phase}", size_name(len));
                worst.push((race.lead(), format!("{cell}: {}", race.best_peer().expect("peers").name)));
                if let Some(over) =
                    race.rows.iter().filter(|row| row.is_floor).map(|row| row.over_ours).reduce(f64::min)
                {
                    far.push((1.0 / over, cell));
                }
                if (offset, phase) == (1, 0) {
                    shown.push((len, race));
                }
            }
        }
    }
    let random = race(Arena::random(), 0, settings);
    section.record(json!({"size": "1 to 300 at random"}), &random);
    worst.sort_by(|a, b| a.0.total_cmp(&b.0));
    far.sort_by(|a, b| b.0.total_cmp(&a.0));
    let behind = worst.iter().filter(|(lead, _)| *lead < 0.97).count();
    section.judge(
        "at least as fast as the fastest peer in every cell (ratio ≥ 0.97)",
        behind == 0,
        format!("{behind} of {} cells below; lowest {}", worst.len(), lowest(&worst, 0.97)),
    );
    let lead = random.lead();
    section.judge(
        "random sizes 1–300: at most 0.65 × the fastest peer's time",
        1.0 / lead <= 0.65,
        format!("{} ×", beside(0.65, 1.0 / lead, 2)),
    );
    let beyond = far.iter().filter(|(over, _)| *over > 1.05).count();
    section.judge(
        "from 1 KiB: within 5 % of the roofline",
        beyond == 0,
        format!("{beyond} of {} cells beyond; furthest {}", far.len(), lowest(&far, 1.05)),
    );
    let mut columns: Vec<(String, &Race)> = shown.iter().map(|(len, race)| (size_name(*len), race)).collect();
    columns.push(("1–300 B, ns".to_owned(), &random));
    let mut table =
        Table::of_races("GB/s at offset 1, phase 0; last column: ns per call at random sizes.", &columns, |row| {
            ns(row.ns)
        });
    for row in &mut table.rows {
        let name = row[0].trim_matches('*').to_owned();
        for ((size, race), field) in shown.iter().zip(&mut row[1..]) {
            if let Some(found) = race.row(&name) {
                *field = format!("{:.1}", *size as f64 / found.ns);
            }
        }
    }
    section.tables.push(table);
    let mut cells = Table {
        caption: "The lowest ratios of all cells (fastest peer's time over ours).".to_owned(),
        ..Table::default()
    };
    cells.header = vec!["ratio".to_owned(), "cell and peer".to_owned()];
    cells.rows = worst.iter().take(12).map(|(lead, cell)| vec![format!("{lead:.2}"), cell.clone()]).collect();
    section.tables.push(cells);
    if let Some(docs) = docs {
        let races: Vec<(usize, &Race)> = shown.iter().map(|(len, race)| (*len, race)).collect();
        chart::throughput(docs, "unmask", "Unmask in place, offset 1", &races);
        section.charts.push("unmask".to_owned());
    }
    section
}

fn lowest(sorted: &[(f64, String)], target: f64) -> String {
    sorted
        .iter()
        .take(3)
        .map(|(ratio, cell)| format!("{} ({cell})", beside(target, *ratio, 2)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// How fast memory can be read, changed and written at all.
mod roofline {
    use std::arch::x86_64::{
        _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_si256, _mm256_xor_si256, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_storeu_si512, _mm512_xor_si512,
    };
    use std::hint::black_box;

    use super::{Entrant, Rc, Shared};

    pub fn entrants(arena: &Shared) -> Vec<Entrant<'static>> {
        let mut all = Vec::new();
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the instructions were detected.
            all.push(entrant("roofline, AVX2", arena, |bytes, key| unsafe { avx2(bytes, key) }));
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the instructions were detected.
            all.push(entrant("roofline, AVX-512", arena, |bytes, key| unsafe { avx512(bytes, key) }));
        }
        all
    }

    fn entrant(name: &str, arena: &Shared, sweep: impl Fn(&mut [u8], i32) + Copy + 'static) -> Entrant<'static> {
        let arena = Rc::clone(arena);
        Entrant::floor(name, move || {
            let arena = Rc::clone(&arena);
            move |count| {
                let mut arena = arena.borrow_mut();
                for _ in 0..count {
                    arena.each(|bytes| sweep(black_box(bytes), black_box(0x3d21_fa37)));
                }
            }
        })
    }

    /// The aligned vectors within `bytes`, and one across each end: every byte is read and written, in no more steps than it takes.
    macro_rules! sweep {
        ($name:ident, $feature:literal, $len:literal, $set:ident, $load:ident, $store:ident, $xor:ident) => {
            #[target_feature(enable = $feature)]
            fn $name(bytes: &mut [u8], key: i32) {
                let key = $set(key);
                let (first, last) = (bytes.as_mut_ptr(), bytes.len() - $len);
                let aligned = first.align_offset($len);
                // SAFETY: every access is within `bytes`, which is longer than two vectors.
                unsafe {
                    let (front, back) = ($load(first.cast()), $load(first.add(last).cast()));
                    let mut at = aligned;
                    while at + 4 * $len <= bytes.len() {
                        let to = first.add(at);
                        $store(to.cast(), $xor($load(to.cast()), key));
                        $store(to.add($len).cast(), $xor($load(to.add($len).cast()), key));
                        $store(to.add(2 * $len).cast(), $xor($load(to.add(2 * $len).cast()), key));
                        $store(to.add(3 * $len).cast(), $xor($load(to.add(3 * $len).cast()), key));
                        at += 4 * $len;
                    }
                    while at <= last {
                        let to = first.add(at);
                        $store(to.cast(), $xor($load(to.cast()), key));
                        at += $len;
                    }
                    $store(first.cast(), $xor(front, key));
                    $store(first.add(last).cast(), $xor(back, key));
                }
            }
        };
    }

    sweep!(avx2, "avx2", 32, _mm256_set1_epi32, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_xor_si256);
    sweep!(avx512, "avx512f", 64, _mm512_set1_epi32, _mm512_loadu_si512, _mm512_storeu_si512, _mm512_xor_si512);
}
