//! The CPU time of this thread: what other processes do to the machine's time does not count.

/// Nanoseconds of CPU time that this thread has used.
pub fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of our own.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(answer, 0, "the system has a clock for threads");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
