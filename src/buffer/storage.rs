//! The memory under a receive buffer: what grows and what does not.

/// The memory under a [`RecvBuffer`](super::recv::RecvBuffer).
///
/// Sealed: nobody else may change the bytes between two calls. The receive buffer hands out text on the strength of
/// what it saw in them.
pub trait Storage: sealed::Sealed {}

pub(super) mod sealed {
    use core::ops::Range;

    pub trait Sealed {
        fn bytes(&self) -> &[u8];

        fn bytes_mut(&mut self) -> &mut [u8];

        /// The most bytes it can ever have.
        fn max_capacity(&self) -> usize;

        /// Moves the two ranges, one behind the other, to the front of new memory of `capacity` bytes, if it can.
        fn reallocate(&mut self, _capacity: usize, _live: [Range<usize>; 2]) -> bool {
            false
        }
    }
}

impl<const N: usize> Storage for [u8; N] {}

impl<const N: usize> sealed::Sealed for [u8; N] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        N
    }
}

impl Storage for &mut [u8] {}

impl sealed::Sealed for &mut [u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        self.len()
    }
}

#[cfg(feature = "alloc")]
impl Storage for alloc::vec::Vec<u8> {}

#[cfg(feature = "alloc")]
impl sealed::Sealed for alloc::vec::Vec<u8> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn max_capacity(&self) -> usize {
        isize::MAX.unsigned_abs()
    }

    fn reallocate(&mut self, capacity: usize, live: [core::ops::Range<usize>; 2]) -> bool {
        let [message, unread] = &live;
        if message.start == 0 && message.end == unread.start && capacity > self.len() {
            // Growing where it stands: the allocator may know how to do that without a copy, and need not hold both.
            self.reserve_exact(capacity.saturating_sub(self.len()));
            self.resize(capacity, 0);
            return true;
        }
        let mut new = alloc::vec![0; capacity];
        let mut to = new.as_mut_slice();
        for range in live {
            let from = self.get(range).unwrap_or_default();
            let Some((now, later)) = to.split_at_mut_checked(from.len()) else { return false };
            now.copy_from_slice(from);
            to = later;
        }
        *self = new;
        true
    }
}
