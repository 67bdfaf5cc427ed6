//! Masking: every kernel against its definition.
//!
//! `websocket_proto::mask` chooses the kernel that is best for the CPU, so through it the others are never met. Their
//! source is therefore a module of this crate too, and each kernel that this CPU can run is called directly: portable,
//! SSE2, AVX2, AVX-512, in place and from elsewhere, masking, looking for what is not ASCII, and both.
//!
//! ```text
//! data   key (4)   where it starts (1)   length (1)   payload …
//! ```
//!
//! A length beyond what is there repeats the payload, so that a short input can have a long one.

mod kernels;

use std::cell::RefCell;

use websocket_proto::mask;

/// The longest payload: every path of the kernels is shorter.
const MAX_LEN: usize = 1024;
/// What is looked at on either side of the payload.
const GUARD: usize = 64;
const PAGE: usize = 4096;

/// Kernels take care not to store across the border of two pages, so one has to be there.
#[repr(align(4096))]
struct Pages([u8; 2 * PAGE]);

thread_local! {
    static MEMORY: RefCell<Pages> = const { RefCell::new(Pages([0; 2 * PAGE])) };
}

pub fn run(data: &[u8]) {
    let [a, b, c, d, at, length, given @ ..] = data else { return };
    let key = [*a, *b, *c, *d];
    let len = if given.is_empty() { 0 } else { given.len().max(usize::from(*length) * 4).min(MAX_LEN) };
    // In the upper half, the payload ends around the end of a page.
    let at = if *at < 128 { GUARD + usize::from(*at) } else { PAGE + usize::from(*at) - 128 - len };

    let mut storage = [0; MAX_LEN];
    let payload = &mut storage[..len];
    payload.chunks_mut(given.len().max(1)).for_each(|piece| piece.copy_from_slice(&given[..piece.len()]));
    let payload = &*payload;
    let mut expected = [0; MAX_LEN];
    let expected = &mut expected[..len];
    for (to, from) in expected.chunks_mut(4).zip(payload.chunks(4)) {
        to.iter_mut().zip(from).zip(key).for_each(|((to, byte), key)| *to = byte ^ key);
    }
    MEMORY.with_borrow_mut(|Pages(pages)| check(&mut pages[at - GUARD..at + len + GUARD], payload, key, expected));
}

/// `room` has the length of the payload, and [`GUARD`] bytes before and behind it.
fn check(room: &mut [u8], payload: &[u8], key: [u8; 4], expected: &[u8]) {
    room.fill(0xEE);
    let (before, rest) = room.split_at_mut(GUARD);
    let (memory, behind) = rest.split_at_mut(payload.len());
    kernels::in_place(memory, payload, key, |masked, is_ascii| {
        assert!(masked == expected);
        assert!(is_ascii.is_none_or(|is_ascii| is_ascii == expected.is_ascii()));
    });
    kernels::from_elsewhere(memory, payload, key, |masked| assert!(masked == expected));
    kernels::look(payload, |is_ascii| assert_eq!(is_ascii, payload.is_ascii()));
    through_the_crate(memory, payload, key, expected);
    assert!(before == [0xEE; GUARD] && behind == [0xEE; GUARD], "a byte beside the payload was written");
}

/// The public functions, whole and in two pieces.
fn through_the_crate(memory: &mut [u8], payload: &[u8], key: [u8; 4], expected: &[u8]) {
    memory.copy_from_slice(payload);
    mask::apply(memory, key);
    assert!(memory == expected);
    mask::apply(memory, key);
    assert!(memory == payload, "masking twice is not nothing");

    let cut = payload.len() / 3;
    let (first, second) = memory.split_at_mut(cut);
    mask::copy(first, &payload[..cut], key);
    mask::copy(second, &payload[cut..], mask::rotate(key, cut));
    assert!(memory == expected, "in two pieces, cut at {cut}");
}
