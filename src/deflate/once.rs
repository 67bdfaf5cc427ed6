//! A value that is made when it is first asked for, by whoever asks first.

#![expect(unsafe_code, reason = "a box in an atomic pointer: `core` has no cell of this kind for several threads")]

use alloc::boxed::Box;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Nothing, and then for ever one value.
pub(crate) struct Once<T>(AtomicPtr<T>);

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value; `make` is called when there is none. When several threads find none, each makes one, and all get the
    /// first that was ready.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        let mut there = self.0.load(Ordering::Acquire);
        if there.is_null() {
            let made = Box::into_raw(Box::new(make()));
            match self.0.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => there = made,
                Err(other) => {
                    there = other;
                    // SAFETY: it is the box above, which was not stored.
                    drop(unsafe { Box::from_raw(made) });
                }
            }
        }
        // SAFETY: it is not null, so it is the pointer of a box that was stored above; it is replaced by nothing, and
        // freed when `self` is dropped.
        unsafe { &*there }
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        let there = *self.0.get_mut();
        if !there.is_null() {
            // SAFETY: it is the pointer of a box that was stored, and nobody can ask for it any more.
            drop(unsafe { Box::from_raw(there) });
        }
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    /// Who makes a value, and finds that somebody else was faster, gives that one; and what was made in vain is freed.
    #[test]
    fn the_first_value_is_the_value() {
        let (dropped, once) = (Cell::new(0), Once::new());
        let value = once.get_or_make(|| {
            assert_eq!(once.get_or_make(|| Counted(1, &dropped)).0, 1);
            Counted(2, &dropped)
        });
        assert_eq!((value.0, dropped.get()), (1, 1));
        assert_eq!(alloc::format!("{once:?}"), "Once");
        assert_eq!(once.get_or_make(|| Counted(3, &dropped)).0, 1);
        assert_eq!(dropped.get(), 1, "nothing is made in vain later");
        drop(once);
        assert_eq!(dropped.get(), 2);
    }

    struct Counted<'a>(u8, &'a Cell<u32>);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.1.update(|count| count.saturating_add(1));
        }
    }
}
