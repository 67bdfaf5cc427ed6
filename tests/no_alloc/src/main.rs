//! The conversation of the example `no_alloc`, in a program that has neither `std` nor an allocator.
//!
//! If any crate below needed `alloc`, the compiler would ask for a global allocator and refuse to build this.
#![no_std]
#![no_main]

#[path = "../../../docs/examples/no_alloc/conversation.rs"]
mod conversation;

#[link(name = "c")]
unsafe extern "C" {
    fn write(file: i32, bytes: *const u8, count: usize) -> isize;
    fn abort() -> !;
}

fn print(line: &str) {
    for part in [line, "\n"] {
        // SAFETY: the pointer and the length are those of a live `str`.
        unsafe { write(1, part.as_ptr(), part.len()) };
    }
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    match conversation::hold(print) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: `abort` may be called at any time.
    unsafe { abort() }
}
