//! Who we are, and where the masking keys come from.
//!
//! The two ends of a connection obey the same rules but for three: a client masks what it sends and a server does not
//! (RFC 6455 §5.1), each refuses a frame that is masked the wrong way round, and the server is the first to close the
//! transport (§7.1.1). A [`Role`] answers just these questions; everything else in the crate is the same code for both.

/// One end of a connection: [`Server`] or [`Client`].
///
/// The trait is sealed: RFC 6455 knows no third role.
pub trait Role: sealed::Sealed {
    /// Whether this end is the server.
    const IS_SERVER: bool;

    /// The key for the next frame we send, or `None` for a role that does not mask.
    ///
    /// It is asked for exactly once for each frame that is really written.
    #[doc(hidden)]
    fn next_key(&mut self) -> Option<[u8; 4]>;
}

mod sealed {
    pub trait Sealed {}
}

/// The end that accepted the connection: receives masked frames, sends unmasked ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server;

/// The end that opened the connection: sends masked frames, receives unmasked ones.
///
/// `K` supplies one fresh masking key for each frame.
#[derive(Clone, Debug)]
pub struct Client<K> {
    keys: K,
}

impl<K: MaskKeys> Client<K> {
    /// A client that masks with the keys that `keys` gives. [`Connection::client`](crate::Connection::client) makes it
    /// by itself.
    pub const fn new(keys: K) -> Self {
        Self { keys }
    }
}

impl sealed::Sealed for Server {}
impl<K: MaskKeys> sealed::Sealed for Client<K> {}

impl Role for Server {
    const IS_SERVER: bool = true;

    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<K: MaskKeys> Role for Client<K> {
    const IS_SERVER: bool = false;

    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        Some(self.keys.next_key())
    }
}

/// A source of masking keys (RFC 6455 §5.3).
///
/// Each key has to be unpredictable to whoever chooses the payload: masking protects proxies on the way from a page
/// that crafts bytes to look like another protocol (§10.3), and a guessable key protects nobody. So draw keys from a
/// cryptographically secure generator: with the feature `getrandom`, `OsMaskKeys` does; without an operating system,
/// pass a closure over the generator that your platform has. A constant or a counter is right in tests only.
///
/// ```
/// use websocket_proto::MaskKeys;
///
/// let mut rfc_example = || [0x37, 0xfa, 0x21, 0x3d];
/// assert_eq!(rfc_example.next_key(), [0x37, 0xfa, 0x21, 0x3d]);
/// ```
pub trait MaskKeys {
    /// The key for the next frame. Called once for each frame that is sent.
    fn next_key(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4]> MaskKeys for F {
    #[inline]
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}

#[cfg(feature = "getrandom")]
pub use os::OsMaskKeys;

#[cfg(feature = "getrandom")]
mod os {
    use core::mem;

    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::{Rng as _, SeedableRng as _};

    use super::MaskKeys;

    /// With the seed of the next batch, these are the 256 bytes that the generator computes at a time.
    const KEYS_PER_BATCH: usize = 56;
    /// After so many batches, or 14,280 keys, the operating system gives a new seed.
    const BATCHES_PER_SEED: u8 = 255;

    /// Masking keys from ChaCha12, seeded by the operating system's random number generator.
    ///
    /// A key costs about 3 ns, and an object 258 bytes. It draws 256 bytes at a time: 56 keys, and the seed that draws
    /// the next 256. So nothing of what has been handed out can be computed from what is kept. Each key is wiped when
    /// it is handed out, and every 14,280 keys the seed is a new one from the operating system; the first key asks for
    /// the first.
    ///
    /// It cannot be cloned. Two copies that come about in another way, when a process forks or a virtual machine is
    /// restored twice, give the same keys until the next seed: after a fork, go on with a connection on one side only,
    /// as its transport demands too.
    pub struct OsMaskKeys {
        /// What the next batch is drawn from.
        seed: [u8; 32],
        keys: [[u8; 4]; KEYS_PER_BATCH],
        /// Which key is next; behind the last, a batch is drawn.
        next: u8,
        /// How many batches may be drawn before the operating system is asked for a seed.
        batches_left: u8,
    }

    impl OsMaskKeys {
        /// An empty store; the first key asks the operating system for a seed.
        #[must_use]
        pub const fn new() -> Self {
            Self { seed: [0; 32], keys: [[0; 4]; KEYS_PER_BATCH], next: u8::MAX, batches_left: 0 }
        }

        /// Draws a batch, and hands out its first key.
        ///
        /// # Panics
        ///
        /// When the operating system refuses to give random bytes: sending with a guessable key would be worse.
        #[cold]
        #[expect(clippy::expect_used, reason = "documented: there is no safe key to go on with")]
        fn draw(&mut self) -> [u8; 4] {
            if self.batches_left == 0 {
                getrandom::fill(&mut self.seed).expect("the operating system gives no random bytes");
                self.batches_left = BATCHES_PER_SEED;
            }
            self.batches_left = self.batches_left.saturating_sub(1);
            let mut generator = ChaCha12Rng::from_seed(self.seed);
            generator.fill_bytes(&mut self.seed);
            generator.fill_bytes(self.keys.as_flattened_mut());
            self.next = 1;
            let [first, ..] = &mut self.keys;
            mem::take(first)
        }
    }

    impl Default for OsMaskKeys {
        fn default() -> Self {
            Self::new()
        }
    }

    impl core::fmt::Debug for OsMaskKeys {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.debug_struct("OsMaskKeys").finish_non_exhaustive()
        }
    }

    impl MaskKeys for OsMaskKeys {
        /// # Panics
        ///
        /// When the operating system refuses to give random bytes: sending with a guessable key would be worse.
        #[inline]
        fn next_key(&mut self) -> [u8; 4] {
            match self.keys.get_mut(usize::from(self.next)) {
                Some(key) => {
                    self.next = self.next.saturating_add(1);
                    mem::take(key)
                }
                None => self.draw(),
            }
        }
    }
}
