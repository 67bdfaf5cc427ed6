//! The kernels of the crate, from its source, each by itself.
#![allow(dead_code, reason = "the tests of these files have other uses for what is in them")]

#[path = "../../../src/wire/mask/block.rs"]
mod block;
#[path = "../../../src/wire/mask/generic.rs"]
mod generic;
#[path = "../../../src/wire/mask/portable.rs"]
mod portable;
#[path = "../../../src/wire/mask/task.rs"]
mod task;
#[cfg(target_arch = "x86_64")]
#[path = "../../../src/wire/mask/x86_64.rs"]
mod x86_64;

use websocket_proto::mask::rotate;

use generic::Kernel;
use task::{Look, Mask, MaskAndLook, Task};

/// Every kernel for a task and a length that this CPU can run.
fn each<T: Task>(len: usize, mut call: impl FnMut(Kernel)) {
    if len <= generic::MAX_SHORT_BYTES {
        call(generic::short::<T, portable::Sixteen>);
        #[cfg(target_arch = "x86_64")]
        call(generic::short::<T, x86_64::Sixteen>);
        return;
    }
    call(portable::long::<T>);
    #[cfg(target_arch = "x86_64")]
    {
        call(generic::long::<T, block::Pair<block::Pair<x86_64::Sixteen>>, x86_64::Sixteen>);
        if let Some(cpu) = x86_64::Avx2::new() {
            call(cpu.kernel::<T>());
        }
        if let Some(cpu) = x86_64::Avx512::new() {
            call(cpu.kernel::<T>());
        }
    }
}

/// Masks in place with every kernel; `check` sees what came out, and whether it was said to be ASCII.
pub(super) fn in_place(memory: &mut [u8], payload: &[u8], key: [u8; 4], mut check: impl FnMut(&[u8], Option<bool>)) {
    each::<Mask>(payload.len(), |kernel| {
        memory.copy_from_slice(payload);
        // SAFETY: both pointers are the address of a slice of that length.
        unsafe { kernel(memory.as_mut_ptr(), memory.as_ptr(), payload.len(), key) };
        check(memory, None);
    });
    each::<MaskAndLook>(payload.len(), |kernel| {
        memory.copy_from_slice(payload);
        // SAFETY: as above.
        let is_ascii = unsafe { kernel(memory.as_mut_ptr(), memory.as_ptr(), payload.len(), key) };
        check(memory, Some(is_ascii));
    });
}

/// Masks into `memory` with every kernel.
pub(super) fn from_elsewhere(memory: &mut [u8], payload: &[u8], key: [u8; 4], mut check: impl FnMut(&[u8])) {
    each::<Mask>(payload.len(), |kernel| {
        memory.fill(0xEE);
        // SAFETY: two slices of that length, of which one can be written, so they do not overlap.
        unsafe { kernel(memory.as_mut_ptr(), payload.as_ptr(), payload.len(), key) };
        check(memory);
    });
}

/// Looks with every kernel.
pub(super) fn look(payload: &[u8], mut check: impl FnMut(bool)) {
    each::<Look>(payload.len(), |kernel| {
        // SAFETY: the slice can be read for its length, and this task writes nothing.
        check(unsafe { kernel(payload.as_ptr().cast_mut(), payload.as_ptr(), payload.len(), [0; 4]) });
    });
}
