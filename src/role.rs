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
    use super::MaskKeys;

    const KEYS_PER_DRAW: usize = 64;

    /// Masking keys from the operating system's random number generator, 64 keys to a system call.
    ///
    /// It holds 256 bytes of drawn keys; each is handed out once and wiped. It cannot be cloned, and a process that
    /// forks should not go on with it on both sides: each connection needs keys of its own.
    pub struct OsMaskKeys {
        keys: [[u8; 4]; KEYS_PER_DRAW],
        left: usize,
    }

    impl OsMaskKeys {
        /// An empty store; the first key draws the first batch.
        #[must_use]
        pub const fn new() -> Self {
            Self { keys: [[0; 4]; KEYS_PER_DRAW], left: 0 }
        }

        /// # Panics
        ///
        /// When the operating system refuses to give random bytes: sending with a guessable key would be worse.
        #[cold]
        #[expect(clippy::expect_used, reason = "documented: there is no safe key to go on with")]
        fn draw(&mut self) {
            getrandom::fill(self.keys.as_flattened_mut()).expect("the operating system gives no random bytes");
            self.left = KEYS_PER_DRAW;
        }
    }

    impl Default for OsMaskKeys {
        fn default() -> Self {
            Self::new()
        }
    }

    impl core::fmt::Debug for OsMaskKeys {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.debug_struct("OsMaskKeys").field("left", &self.left).finish_non_exhaustive()
        }
    }

    impl MaskKeys for OsMaskKeys {
        /// # Panics
        ///
        /// When the operating system refuses to give random bytes: sending with a guessable key would be worse.
        #[inline]
        fn next_key(&mut self) -> [u8; 4] {
            if self.left == 0 {
                self.draw();
            }
            self.left = self.left.saturating_sub(1);
            self.keys.get_mut(self.left).map(core::mem::take).unwrap_or_default()
        }
    }
}
