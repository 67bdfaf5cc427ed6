//! What an end wants of compression, and what it answers to an offer.

use alloc::sync::Arc;

use super::compress;
use super::inflate;
use super::params::{Offer, Params, WindowBits};
use super::pool::Pool;

/// The settings for permessage-deflate: what is offered or answered in the handshake, and how messages are compressed.
///
/// Compression is off unless a handshake is given one of these, or a connection is
/// (`with_deflate`). Mind what it may reveal before you switch it on: a message that holds both a secret and text that
/// an attacker chose tells him by its length how much the two have in common (CRIME, BREACH); with context takeover the
/// two need not even be in one message.
///
/// ```
/// use websocket_proto::deflate::{Config, Pool, WindowBits};
///
/// // Lean: no memory for an idle connection, and two contexts for all of them together.
/// let lean = Config::new().pool(Pool::new(2));
/// // Small: each end remembers what it has sent, which costs some 200 KiB for each connection.
/// let small = Config::new().local_takeover(true).peer_takeover(true).level(6);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    level: u8,
    min_bytes: usize,
    may_grow: bool,
    local_takeover: bool,
    peer_takeover: bool,
    local_window: WindowBits,
    peer_window: WindowBits,
    max_idle_bytes: Option<usize>,
    max_ratio: Option<u32>,
    pool: Option<Arc<Pool>>,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal settings, and the same pool.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        let pools = match (&self.pool, &other.pool) {
            (None, None) => true,
            (Some(one), Some(another)) => Arc::ptr_eq(one, another),
            _ => false,
        };
        let all = |config: &Self| {
            let sending = (config.level, config.min_bytes, config.may_grow);
            let keeping = (config.local_takeover, config.peer_takeover, config.local_window, config.peer_window);
            (sending, keeping, config.max_idle_bytes, config.max_ratio)
        };
        pools && all(self) == all(other)
    }
}

impl Eq for Config {}

impl Config {
    /// The defaults, each with its reason at its setter.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            level: 4,
            min_bytes: 128,
            may_grow: false,
            local_takeover: false,
            peer_takeover: false,
            local_window: WindowBits::MAX,
            peer_window: WindowBits::MAX,
            max_idle_bytes: None,
            max_ratio: None,
            pool: None,
        }
    }

    /// How hard to compress: 1 (fastest) to 9 (smallest); what is beyond is taken as the nearest.
    ///
    /// 4 by default: the lowest level whose output was at most 5 % larger than that of level 6, which most others use, for
    /// messages of JSON from 128 bytes to 1 MiB. The longer a message, the more that saves: little at 1 KiB, where what a
    /// context costs in any case weighs more than the level, a third of the time at 1 MiB. Level 1 is two to three times
    /// as fast, and a third to three fifths larger.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = if level < 1 {
            1
        } else if level > 9 {
            9
        } else {
            level
        };
        self
    }

    /// Messages of fewer bytes are sent as they are. 128 by default: below that JSON without takeover hardly shrinks,
    /// and costs more than the bytes. With takeover, less can pay.
    #[must_use]
    pub const fn min_bytes(mut self, bytes: usize) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// Whether a message is sent compressed though that makes it longer. Off by default: it is sent as it is then (and
    /// with takeover, what was remembered is forgotten). Of a message in fragments it is too late to say.
    #[must_use]
    pub const fn may_grow(mut self, yes: bool) -> Self {
        self.may_grow = yes;
        self
    }

    /// Whether what we sent is remembered from one message to the next, when the peer can do with that
    /// (RFC 7692 §7.1.1). It makes small messages of a kind much smaller, keeps 150 to 275 KiB for as long as the
    /// connection lives, and lets messages tell on each other. Off by default.
    #[must_use]
    pub const fn local_takeover(mut self, yes: bool) -> Self {
        self.local_takeover = yes;
        self
    }

    /// Whether the peer may remember what it sent, for which we keep 47 KiB for as long as the connection lives. Off by
    /// default.
    #[must_use]
    pub const fn peer_takeover(mut self, yes: bool) -> Self {
        self.peer_takeover = yes;
        self
    }

    /// The largest window to compress with (§7.1.2): each bit less halves some of the memory, which is 64 bytes for
    /// each 16 of the window, beside 150 KiB for all else. 15 bits by default.
    #[must_use]
    pub const fn local_window(mut self, bits: WindowBits) -> Self {
        self.local_window = bits;
        self
    }

    /// The largest window that the peer is asked to compress with. A server cannot ask that of a client that does not
    /// offer it. It saves memory at the other end only. 15 bits by default.
    #[must_use]
    pub const fn peer_window(mut self, bits: WindowBits) -> Self {
        self.peer_window = bits;
        self
    }

    /// The most memory that the contexts of an idle connection may keep: takeover is given up, first for what we send,
    /// then for what we receive, as far as that takes. No limit by default.
    #[must_use]
    pub const fn max_idle_bytes(mut self, bytes: Option<usize>) -> Self {
        self.max_idle_bytes = bytes;
        self
    }

    /// The most bytes that a message may have for each byte that it has on the wire, beyond its first 64 KiB; more fails
    /// the connection with 1009. DEFLATE itself ends at 1032. No limit by default: that of the message holds anyway,
    /// and honest messages can be very repetitive.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: Option<u32>) -> Self {
        self.max_ratio = ratio;
        self
    }

    /// Where contexts come from and go to. Without one, each is allocated when it is needed, and freed.
    #[must_use]
    pub fn pool(mut self, pool: Arc<Pool>) -> Self {
        self.pool = Some(pool);
        self
    }

    /// What a client with these settings offers.
    #[must_use]
    pub fn offer(&self) -> Offer {
        let (local_takeover, peer_takeover) = self.takeover(self.local_window);
        let limit = |bits: WindowBits| (bits < WindowBits::MAX).then_some(bits);
        Offer {
            server_no_context_takeover: !peer_takeover,
            client_no_context_takeover: !local_takeover,
            server_max_window_bits: limit(self.peer_window),
            client_max_window_bits: Some(limit(self.local_window)),
        }
    }

    /// What a server with these settings answers to `offer`: one that [the offer allows](Offer::allows).
    #[must_use]
    pub fn answer(&self, offer: &Offer) -> Params {
        let most = offer.server_max_window_bits.unwrap_or(WindowBits::MAX);
        let server_window = self.local_window.min(most);
        let client_window =
            offer.client_max_window_bits.map(|most| self.peer_window.min(most.unwrap_or(WindowBits::MAX)));
        let (local_takeover, peer_takeover) = self.takeover(server_window);
        Params {
            server_no_context_takeover: offer.server_no_context_takeover || !local_takeover,
            client_no_context_takeover: offer.client_no_context_takeover || !peer_takeover,
            server_max_window_bits: offer
                .server_max_window_bits
                .map(|_| server_window)
                .or_else(|| (server_window < WindowBits::MAX).then_some(server_window)),
            client_max_window_bits: client_window
                .filter(|bits| *bits < WindowBits::MAX || offer.client_max_window_bits == Some(Some(WindowBits::MAX))),
        }
    }

    /// Whether we, and whether the peer, may remember, as far as memory allows.
    fn takeover(&self, local_window: WindowBits) -> (bool, bool) {
        let Some(mut left) = self.max_idle_bytes else { return (self.local_takeover, self.peer_takeover) };
        let mut afford = |is_wanted: bool, bytes: usize| {
            let is_kept = is_wanted && bytes <= left;
            left = left.saturating_sub(if is_kept { bytes } else { 0 });
            is_kept
        };
        // What is cheaper and helps the peer as much comes first.
        let peer = afford(self.peer_takeover, inflate::CONTEXT_BYTES);
        let local = afford(self.local_takeover, compress::context_bytes(local_window));
        (local, peer)
    }

    pub(crate) const fn level_of_effort(&self) -> u8 {
        self.level
    }

    pub(crate) const fn shortest(&self) -> usize {
        self.min_bytes
    }

    pub(crate) const fn lets_grow(&self) -> bool {
        self.may_grow
    }

    pub(crate) const fn wants_local_takeover(&self) -> bool {
        self.local_takeover
    }

    pub(crate) const fn largest_window(&self) -> WindowBits {
        self.local_window
    }

    pub(crate) const fn ratio(&self) -> Option<u32> {
        self.max_ratio
    }

    pub(crate) const fn shared(&self) -> Option<&Arc<Pool>> {
        self.pool.as_ref()
    }
}
