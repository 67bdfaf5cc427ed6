//! zlib-rs behind two safe types: everything that this crate asks of it, and the only unsafe code of compression.
//!
//! The interface is that of zlib (`libz-rs-sys` is zlib-rs with the names of C, and no C in it), because zlib-rs's own
//! stable types need `std` for their memory. Here the memory comes from the global allocator, so that compression works
//! wherever `alloc` does, and a counting allocator sees all of it. As with `Vec`, the end of memory is for
//! [`handle_alloc_error`] to deal with; so a stream that was asked for exists.

#![expect(unsafe_code, reason = "the interface of zlib is one of pointers")]

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::{c_int, c_uint, c_void};
use core::mem::{MaybeUninit, size_of};
use core::ptr;

use libz_rs_sys as z;

/// What one step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// How many bytes of the input were used.
    pub(super) read: usize,
    /// How many bytes were written.
    pub(super) written: usize,
    pub(super) end: End,
}

/// Why a step has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There was no more input, or no more room, or neither.
    Stopped,
    /// A block said that it was the last.
    LastBlock,
    /// The input is not in the format.
    Wrong,
}

/// Raw DEFLATE (RFC 1951) into bytes, with a window of 32 KiB, which zlib-rs always has.
pub(super) struct Inflate {
    stream: z::z_stream,
}

/// Bytes into raw DEFLATE.
pub(super) struct Deflate {
    stream: z::z_stream,
}

// SAFETY: the streams own what they point to: memory of the global allocator, which may be freed by any thread. What
// they were given to read and write is not touched after the call.
unsafe impl Send for Inflate {}
// SAFETY: as above; a shared reference gives no access at all.
unsafe impl Sync for Inflate {}
// SAFETY: as for `Inflate`.
unsafe impl Send for Deflate {}
// SAFETY: as for `Inflate`.
unsafe impl Sync for Deflate {}

/// Windows are counted in bits, and raw streams have them negative.
const LARGEST_WINDOW: c_int = -15;

impl Inflate {
    pub(super) fn new() -> Self {
        let mut stream = new_stream();
        // SAFETY: the stream is initialised as zlib asks, with an allocator that keeps to its contract.
        let code = unsafe { z::inflateInit2_(&raw mut stream, LARGEST_WINDOW, z::zlibVersion(), STREAM_BYTES) };
        debug_assert_eq!(code, z::Z_OK, "the settings are legal, and memory does not fail");
        Self { stream }
    }

    /// Forgets all that came before.
    pub(super) fn reset(&mut self) {
        // SAFETY: the stream was initialised by `new`.
        unsafe { z::inflateReset(&raw mut self.stream) };
    }

    /// Begins at a new block, with the window as it is.
    pub(super) fn restart(&mut self) {
        // SAFETY: the stream was initialised by `new`.
        unsafe { z::inflateResetKeep(&raw mut self.stream) };
    }

    /// Whether the input that the last step has read, if it has read any, ends exactly where a block does.
    pub(super) const fn is_at_block(&self) -> bool {
        // The bits that were read and not used, then flags: 128 stands for a block that ends here, 64 for the last.
        self.stream.data_type == 128
    }

    /// Appends to `to` what `input` gives, `max` bytes at most and within its capacity, until either is used up or a
    /// block ends.
    pub(super) fn step(&mut self, input: &[u8], to: &mut Vec<u8>, max: usize) -> Step {
        let spare = to.spare_capacity_mut();
        let len = spare.len().min(max);
        let step = self.run(input, spare.get_mut(..len).unwrap_or_default());
        let len = to.len().saturating_add(step.written);
        // SAFETY: `inflate` has initialised `written` bytes behind the old length, within the capacity.
        unsafe { to.set_len(len) };
        step
    }

    /// [`step`](Self::step) with room for a single byte, which is given, if there is one.
    pub(super) fn probe(&mut self, input: &[u8]) -> (Step, Option<u8>) {
        let mut room = [MaybeUninit::new(0)];
        let step = self.run(input, &mut room);
        let [byte] = room;
        // SAFETY: it was initialised before the step, and a step writes nothing but bytes.
        let byte = unsafe { byte.assume_init() };
        (step, (step.written > 0).then_some(byte))
    }

    fn run(&mut self, input: &[u8], room: &mut [MaybeUninit<u8>]) -> Step {
        let given = lend(&mut self.stream, input, room);
        // SAFETY: the stream was initialised by `new`, and points to `input` and `room` with their lengths; nothing is
        // written to `input`.
        let code = unsafe { z::inflate(&raw mut self.stream, z::Z_BLOCK) };
        take_back(&mut self.stream, given, code)
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is not used again.
        unsafe { z::inflateEnd(&raw mut self.stream) };
    }
}

impl Deflate {
    /// `level`: 0 to 9. `window_bits`: 9 to 15. `memory_level`: 1 to 9.
    pub(super) fn new(level: u8, window_bits: u8, memory_level: u8) -> Self {
        let mut stream = new_stream();
        let (level, window_bits) = (c_int::from(level.min(9)), c_int::from(window_bits.clamp(9, 15)));
        let memory_level = c_int::from(memory_level.clamp(1, 9));
        // SAFETY: the stream is initialised as zlib asks, with an allocator that keeps to its contract.
        let code = unsafe {
            z::deflateInit2_(
                &raw mut stream,
                level,
                z::Z_DEFLATED,
                window_bits.saturating_neg(),
                memory_level,
                z::Z_DEFAULT_STRATEGY,
                z::zlibVersion(),
                STREAM_BYTES,
            )
        };
        debug_assert_eq!(code, z::Z_OK, "the settings are legal, and memory does not fail");
        Self { stream }
    }

    /// Forgets all that came before.
    pub(super) fn reset(&mut self) {
        // SAFETY: the stream was initialised by `new`.
        unsafe { z::deflateReset(&raw mut self.stream) };
    }

    /// Appends to `to` what `input` becomes, up to the end of a block on a byte border, which is `00 00 ff ff`; nothing
    /// when there is no input and it stands at such a border already.
    pub(super) fn flush(&mut self, mut input: &[u8], to: &mut Vec<u8>) {
        loop {
            // Half of it is more than most messages need; others come round again.
            to.reserve((input.len().min(LARGEST_STEP) / 2).saturating_add(64));
            let room = to.spare_capacity_mut();
            let room_len = room.len().min(LARGEST_STEP);
            let given = lend(&mut self.stream, input, room);
            // SAFETY: the stream was initialised by `new`, and points to `input` and `room` with their lengths; nothing
            // is written to `input`.
            let code = unsafe { z::deflate(&raw mut self.stream, z::Z_SYNC_FLUSH) };
            let step = take_back(&mut self.stream, given, code);
            let len = to.len().saturating_add(step.written);
            // SAFETY: `deflate` has initialised `written` bytes behind the old length, within the capacity.
            unsafe { to.set_len(len) };
            input = input.get(step.read..).unwrap_or_default();
            if input.is_empty() && step.written < room_len {
                return;
            }
        }
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is not used again.
        unsafe { z::deflateEnd(&raw mut self.stream) };
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a struct of about a hundred bytes")]
const STREAM_BYTES: c_int = size_of::<z::z_stream>() as c_int;

/// zlib counts in `c_uint`. A step is not larger than this; it is gone on with in the next.
const LARGEST_STEP: usize = 1 << 30;

fn new_stream() -> z::z_stream {
    z::z_stream { zalloc: Some(allocate), zfree: Some(free), opaque: ptr::null_mut(), ..z::z_stream::default() }
}

/// How much was lent for a step.
struct Lent {
    input: c_uint,
    room: c_uint,
}

fn lend(stream: &mut z::z_stream, input: &[u8], room: &mut [MaybeUninit<u8>]) -> Lent {
    let lent = Lent { input: count(input.len()), room: count(room.len()) };
    stream.next_in = input.as_ptr();
    stream.avail_in = lent.input;
    stream.next_out = room.as_mut_ptr().cast();
    stream.avail_out = lent.room;
    lent
}

fn count(len: usize) -> c_uint {
    c_uint::try_from(len.min(LARGEST_STEP)).unwrap_or_default()
}

/// Reads the outcome off the stream, which keeps nothing of what it was lent.
fn take_back(stream: &mut z::z_stream, lent: Lent, code: c_int) -> Step {
    let read = lent.input.saturating_sub(stream.avail_in) as usize;
    let written = lent.room.saturating_sub(stream.avail_out) as usize;
    stream.next_in = ptr::null();
    stream.avail_in = 0;
    stream.next_out = ptr::null_mut();
    stream.avail_out = 0;
    let end = match code {
        z::Z_OK | z::Z_BUF_ERROR => End::Stopped,
        z::Z_STREAM_END => End::LastBlock,
        _ => End::Wrong,
    };
    Step { read, written, end }
}

/// What stands before each block of memory: its size, since zlib does not tell it when it frees.
const HEAD_BYTES: usize = 16;

/// Memory of `items` times `size` bytes, as zlib asks for it.
unsafe extern "C" fn allocate(_opaque: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    let bytes = (items as usize).saturating_mul(size as usize).saturating_add(HEAD_BYTES);
    let Ok(layout) = Layout::from_size_align(bytes, HEAD_BYTES) else { return ptr::null_mut() };
    // SAFETY: the layout has at least the size of the head.
    let start = unsafe { alloc(layout) };
    if start.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: the head has room for a size, and is aligned for one; what is behind it is still within the block.
    unsafe {
        start.cast::<usize>().write(bytes);
        start.add(HEAD_BYTES).cast()
    }
}

/// Frees what [`allocate`] gave.
unsafe extern "C" fn free(_opaque: *mut c_void, memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    // SAFETY: zlib frees only what `allocate` gave it, once; so the head with the size stands before it.
    unsafe {
        let start = memory.cast::<u8>().sub(HEAD_BYTES);
        let bytes = start.cast::<usize>().read();
        if let Ok(layout) = Layout::from_size_align(bytes, HEAD_BYTES) {
            dealloc(start, layout);
        }
    }
}
