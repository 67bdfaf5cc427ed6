//! Contexts that wait for a connection.
//!
//! A context is large (47 KiB to receive, 150 to 275 KiB to send) and, without context takeover, needed only
//! while a message is being received or sent. So a few of them can serve any number of connections: one takes a context
//! when a message begins and puts it back when it has ended.
//!
//! A slot is one atomic pointer: it is emptied by swapping in nothing, and filled by comparing with nothing. Nobody
//! waits for anybody. What is in a slot belongs to nobody else, so the box that was put in can be taken out again.

#![expect(unsafe_code, reason = "a box in an atomic pointer: the only way to share a slot without a lock or `std`")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::compress::Compressor;
use super::inflate::Inflater;
use super::params::WindowBits;

/// Contexts for permessage-deflate, lent to the connections that share it.
///
/// It begins empty. A connection without context takeover takes a context from it for each message, or allocates one,
/// and puts it back at the end of the message; so does a connection with context takeover when it is dropped. What
/// would exceed the capacity is freed. A context that is handed on remembers nothing of its last user.
///
/// It may be shared between threads, and never blocks.
pub struct Pool {
    compressors: Slots<Compressor>,
    inflaters: Slots<Inflater>,
}

impl Pool {
    /// A pool that keeps up to `contexts` to send and as many to receive: about as many as messages are in progress at
    /// once, which for a server that answers whole messages is one for each of its threads.
    #[must_use]
    pub fn new(contexts: usize) -> Arc<Self> {
        Arc::new(Self { compressors: Slots::new(contexts), inflaters: Slots::new(contexts) })
    }

    pub(crate) fn compressor(&self, window: WindowBits, level: u8) -> Option<Box<Compressor>> {
        self.compressors.take(|compressor| compressor.suits(window, level))
    }

    pub(crate) fn inflater(&self) -> Option<Box<Inflater>> {
        self.inflaters.take(|_| true)
    }

    /// Takes a compressor that has forgotten everything.
    pub(crate) fn keep_compressor(&self, compressor: Box<Compressor>) {
        self.compressors.put(compressor);
    }

    /// Takes an inflater that has forgotten everything.
    pub(crate) fn keep_inflater(&self, inflater: Box<Inflater>) {
        self.inflaters.put(inflater);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("contexts", &self.inflaters.slots.len()).finish_non_exhaustive()
    }
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
}

impl<T> Slots<T> {
    fn new(count: usize) -> Self {
        Self { slots: core::iter::repeat_with(|| Slot(AtomicPtr::new(ptr::null_mut()))).take(count).collect() }
    }

    /// Takes one that suits. Others that are met on the way are put back.
    fn take(&self, suits: impl Fn(&T) -> bool) -> Option<Box<T>> {
        for slot in &self.slots {
            match slot.take() {
                Some(context) if suits(&context) => return Some(context),
                Some(other) => self.put(other),
                None => {}
            }
        }
        None
    }

    /// Puts it into a free slot; frees it when there is none.
    fn put(&self, context: Box<T>) {
        let mut waiting = Some(context);
        for slot in &self.slots {
            waiting = waiting.and_then(|context| slot.put(context));
            if waiting.is_none() {
                return;
            }
        }
    }
}

/// A box, or nothing.
struct Slot<T>(AtomicPtr<T>);

impl<T> Slot<T> {
    fn take(&self) -> Option<Box<T>> {
        let context = self.0.swap(ptr::null_mut(), Ordering::Acquire);
        if context.is_null() {
            return None;
        }
        // SAFETY: only `put` stores a pointer that is not null, of a box that it has given up; the swap has taken it out,
        // so nobody else has it.
        Some(unsafe { Box::from_raw(context) })
    }

    /// Gives it back when the slot is not free.
    fn put(&self, context: Box<T>) -> Option<Box<T>> {
        let context = Box::into_raw(context);
        match self.0.compare_exchange(ptr::null_mut(), context, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => None,
            // SAFETY: the pointer is that of the box above, and was not stored.
            Err(_) => Some(unsafe { Box::from_raw(context) }),
        }
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
