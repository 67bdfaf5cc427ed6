//! What two ends agree on, as data (RFC 7692 §7.1).
//!
//! ```text
//! client   Config ──► Offer ──────────── Sec-WebSocket-Extensions ───────────► Offer ──► Config::answer    server
//! client   Offer::check ◄── Params ◄──── Sec-WebSocket-Extensions ◄──────────────────────────── Params     server
//! ```
//!
//! An [`Offer`] and [`Params`] have the same four parameters and read them by different rules:
//!
//! | parameter | in an offer | in an answer |
//! |---|---|---|
//! | `server_no_context_takeover` | the server must not keep its context: an answer has to say it too | it does not |
//! | `client_no_context_takeover` | a hint: the client will not keep its | the client must not keep its |
//! | `server_max_window_bits=N` | the server's window has N bits at most: an answer has to say at most that | it has N |
//! | `client_max_window_bits` | the client can limit its window (to N, if there is one, as a hint) | it must: N is needed |
//!
//! `N` is a decimal number of 8 to 15 without a leading zero. A parameter that stands twice, is unknown, has a value it
//! must not have or lacks one it must have makes the offer or the answer invalid: a server passes such an offer over
//! and looks at the next; a client fails the connection (§7.1.1.1 to §7.1.2.2, §5.1).

use core::fmt;

/// The name of the extension (RFC 7692 §7).
pub const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The size of a window, as a power of two: 8 to 15, for 256 bytes to 32 KiB (RFC 7692 §7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 256 bytes.
    pub const MIN: Self = Self(8);
    /// 32 KiB: what holds when nothing else was agreed.
    pub const MAX: Self = Self(15);

    /// A window of 2^`bits` bytes; `None` unless `bits` is 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::MIN.0 && bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// The power of two.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        1 << self.0
    }

    /// Whether zlib can keep to a window of this size.
    pub(crate) const fn can_be_kept(self) -> bool {
        self.0 > Self::MIN.0
    }
}

/// The value of a parameter, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// There is none.
    Nothing,
    /// A decimal number without leading zeros.
    Number(u32),
    /// Anything else.
    Other,
}

impl Given {
    fn bits(self) -> Option<WindowBits> {
        match self {
            Self::Number(bits) => WindowBits::new(u8::try_from(bits).ok()?),
            Self::Nothing | Self::Other => None,
        }
    }
}

/// What a client offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The server must not keep its context from one message to the next.
    pub server_no_context_takeover: bool,
    /// The client is not going to keep its context.
    pub client_no_context_takeover: bool,
    /// The largest window that the server may use.
    pub server_max_window_bits: Option<WindowBits>,
    /// Whether the server may limit the client's window; the inner value is the largest that the client is going to
    /// use.
    pub client_max_window_bits: Option<Option<WindowBits>>,
}

/// What was agreed on: the answer of the server.
///
/// The default has neither of the four parameters: both ends keep their context, with windows of 32 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params {
    /// The server does not keep its context from one message to the next (RFC 7692 §7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client does not keep its context from one message to the next (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The window of the server (§7.1.2.1); `None` stands for 15 bits.
    pub server_max_window_bits: Option<WindowBits>,
    /// The window of the client (§7.1.2.2); `None` stands for 15 bits.
    pub client_max_window_bits: Option<WindowBits>,
}

impl Offer {
    /// Reads the parameters of an offer; `None` when it is to be declined.
    pub(crate) fn read<'a>(params: impl Iterator<Item = (&'a str, Given)>) -> Option<Self> {
        let mut offer = Self::default();
        for (name, given) in params {
            match (name, given) {
                (SERVER_NO_CONTEXT_TAKEOVER, Given::Nothing) => set(&mut offer.server_no_context_takeover)?,
                (CLIENT_NO_CONTEXT_TAKEOVER, Given::Nothing) => set(&mut offer.client_no_context_takeover)?,
                (SERVER_MAX_WINDOW_BITS, given) => put(&mut offer.server_max_window_bits, given.bits()?)?,
                (CLIENT_MAX_WINDOW_BITS, Given::Nothing) => put(&mut offer.client_max_window_bits, None)?,
                (CLIENT_MAX_WINDOW_BITS, given) => put(&mut offer.client_max_window_bits, Some(given.bits()?))?,
                _ => return None,
            }
        }
        Some(offer)
    }

    /// Whether `answer` is one that a server may give to this offer.
    #[must_use]
    pub fn allows(&self, answer: &Params) -> bool {
        let server_window = match (self.server_max_window_bits, answer.server_max_window_bits) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(most), Some(bits)) => bits <= most,
        };
        let client_window = match (self.client_max_window_bits, answer.client_max_window_bits) {
            (_, None) | (Some(None), Some(_)) => true,
            (None, Some(_)) => false,
            (Some(Some(most)), Some(bits)) => bits <= most,
        };
        server_window && client_window && (answer.server_no_context_takeover || !self.server_no_context_takeover)
    }
}

impl Params {
    /// Reads the parameters of an answer; `None` when it is invalid.
    pub(crate) fn read<'a>(params: impl Iterator<Item = (&'a str, Given)>) -> Option<Self> {
        let mut answer = Self::default();
        for (name, given) in params {
            match (name, given) {
                (SERVER_NO_CONTEXT_TAKEOVER, Given::Nothing) => set(&mut answer.server_no_context_takeover)?,
                (CLIENT_NO_CONTEXT_TAKEOVER, Given::Nothing) => set(&mut answer.client_no_context_takeover)?,
                (SERVER_MAX_WINDOW_BITS, given) => put(&mut answer.server_max_window_bits, given.bits()?)?,
                (CLIENT_MAX_WINDOW_BITS, given) => put(&mut answer.client_max_window_bits, given.bits()?)?,
                _ => return None,
            }
        }
        Some(answer)
    }

    /// The window that the server, or the client, compresses with.
    #[must_use]
    pub fn window_bits(&self, of_server: bool) -> WindowBits {
        let bits = if of_server { self.server_max_window_bits } else { self.client_max_window_bits };
        bits.unwrap_or(WindowBits::MAX)
    }

    /// Whether the server, or the client, may keep its context from one message to the next.
    #[must_use]
    pub const fn has_takeover(&self, of_server: bool) -> bool {
        !if of_server { self.server_no_context_takeover } else { self.client_no_context_takeover }
    }
}

/// A flag that may be set once.
fn set(flag: &mut bool) -> Option<()> {
    let was_set = core::mem::replace(flag, true);
    (!was_set).then_some(())
}

/// A value that may be put once.
fn put<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    match slot.replace(value) {
        None => Some(()),
        Some(_) => None,
    }
}

/// As it stands in `Sec-WebSocket-Extensions`.
impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_flags(f, self.server_no_context_takeover, self.client_no_context_takeover)?;
        write_bits(f, SERVER_MAX_WINDOW_BITS, self.server_max_window_bits)?;
        match self.client_max_window_bits {
            None => Ok(()),
            Some(None) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}"),
            Some(bits) => write_bits(f, CLIENT_MAX_WINDOW_BITS, bits),
        }
    }
}

/// As it stands in `Sec-WebSocket-Extensions`.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_flags(f, self.server_no_context_takeover, self.client_no_context_takeover)?;
        write_bits(f, SERVER_MAX_WINDOW_BITS, self.server_max_window_bits)?;
        write_bits(f, CLIENT_MAX_WINDOW_BITS, self.client_max_window_bits)
    }
}

fn write_flags(f: &mut fmt::Formatter<'_>, server: bool, client: bool) -> fmt::Result {
    f.write_str(NAME)?;
    for (name, is_set) in [(SERVER_NO_CONTEXT_TAKEOVER, server), (CLIENT_NO_CONTEXT_TAKEOVER, client)] {
        if is_set {
            write!(f, "; {name}")?;
        }
    }
    Ok(())
}

fn write_bits(f: &mut fmt::Formatter<'_>, name: &str, bits: Option<WindowBits>) -> fmt::Result {
    match bits {
        Some(WindowBits(bits)) => write!(f, "; {name}={bits}"),
        None => Ok(()),
    }
}
