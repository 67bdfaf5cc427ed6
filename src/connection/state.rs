//! The closing handshake as a table (RFC 6455 §7).
//!
//! A connection is a race between two ends that may both begin to close, and a transport that may end at any moment.
//! What holds the crate together is that *every* question "what if X happens now?" has its answer in the one `match`
//! below, and nowhere else. It knows ten things that can happen and seven states to be in; it does not know which role
//! we play, what a frame is, or what time it is.
//!
//! ```text
//!                     ┌────────────── Open ──────────────┐
//!       we close      │         peer │                   │ a fault
//!                     ▼       closes ▼                   ▼
//!               LocalClosing    PeerClosing           Failing
//!         peer closes │              │ our answer        │ our Close
//!                     └──► Closed ◄──┘                   ▼
//!                             │                        Failed
//!                             └───────► Ended ◄──────────┘        (from anywhere when the transport ends)
//! ```
//!
//! The full table, drawn from this `match` by a test, is in `docs/state-machine.md`.

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Messages may go both ways.
    Open,
    /// We have sent a Close, the peer has not; it may still send messages.
    LocalClosing,
    /// The peer has sent a Close; our answer is owed.
    PeerClosing,
    /// A fault was found; our Close is owed.
    Failing,
    /// Each side has sent its Close.
    Closed,
    /// A fault was found, and our Close has been sent.
    Failed,
    /// The transport has ended, or should.
    Ended,
}

/// What can happen to a connection. A word of the table, not of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// The peer sends a frame that is not a Close.
    PeerFrame,
    /// The peer sends a Close.
    PeerClose,
    /// A violation, a limit or a timeout ends it.
    Fault,
    /// The caller begins a message, or sends a Ping.
    LocalFrame,
    /// The caller goes on with a message that it has begun.
    LocalFragment,
    /// The caller sends a Pong.
    LocalPong,
    /// The caller closes.
    LocalClose,
    /// The Close that is owed is written.
    OwedClose,
    /// The transport has ended.
    Eof,
    /// Closing has taken too long.
    CloseTimeout,
}

/// What becomes of it. A word of the table, not of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It is done, and leads to this state.
    To(State),
    /// It is not looked at: it came too late.
    Ignore,
    /// The caller must not do it now.
    Refuse,
}

impl State {
    /// All states, in the order of the diagram.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::LocalClosing, Self::PeerClosing, Self::Failing, Self::Closed, Self::Failed, Self::Ended];

    /// What `input` leads to: the one table. It is public for the test that walks it, and not a part of the API.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub const fn on(self, input: Input) -> Step {
        use Input::{
            CloseTimeout, Eof, Fault, LocalClose, LocalFragment, LocalFrame, LocalPong, OwedClose, PeerClose, PeerFrame,
        };
        use State::{Closed, Ended, Failed, Failing, LocalClosing, Open, PeerClosing};
        use Step::{Ignore, Refuse, To};

        match (self, input) {
            (Open, PeerFrame | LocalFrame | LocalFragment | LocalPong) => To(Open),
            (Open, LocalClose) => To(LocalClosing),
            (Open, PeerClose) => To(PeerClosing),
            (Open, Fault) => To(Failing),
            (Open, OwedClose | CloseTimeout) => Ignore,

            // §5.5.1: no data after our Close, but the peer may finish what it says, and its Pings are answered
            // (§5.5.2).
            (LocalClosing, PeerFrame | LocalPong) => To(LocalClosing),
            (LocalClosing, PeerClose) => To(Closed),
            (LocalClosing, Fault) => To(Failed),
            (LocalClosing, LocalFrame | LocalFragment | LocalClose) => Refuse,
            (LocalClosing, OwedClose) => Ignore,

            // §5.5.1: the answer may wait until the current message is sent; §6.1: no other may begin. The caller may
            // also choose its own answer.
            (PeerClosing, PeerFrame | PeerClose | Fault) => Ignore,
            (PeerClosing, LocalFragment | LocalPong) => To(PeerClosing),
            (PeerClosing, LocalFrame) => Refuse,
            (PeerClosing, LocalClose | OwedClose) => To(Closed),

            // §7.1.7: after a fault nothing is said but what is owed, and nothing is heard.
            (Failing, PeerFrame | PeerClose | Fault) => Ignore,
            (Failing, LocalFrame | LocalFragment | LocalPong | LocalClose) => Refuse,
            (Failing, OwedClose) => To(Failed),

            (Closed | Failed | Ended, PeerFrame | PeerClose | Fault | OwedClose) => Ignore,
            (Closed | Failed | Ended, LocalFrame | LocalFragment | LocalPong | LocalClose) => Refuse,

            (Open | LocalClosing | PeerClosing | Failing | Closed | Failed, Eof) => To(Ended),
            (LocalClosing | PeerClosing | Failing | Closed | Failed, CloseTimeout) => To(Ended),
            (Ended, Eof | CloseTimeout) => Ignore,
        }
    }

    /// Whether the peer's frames are still looked at.
    #[inline]
    pub(super) const fn is_receiving(self) -> bool {
        matches!(self.on(Input::PeerFrame), Step::To(_))
    }

    /// Whether a Close is owed to the peer.
    #[inline]
    pub(super) const fn owes_close(self) -> bool {
        matches!(self.on(Input::OwedClose), Step::To(_))
    }
}

impl Input {
    /// All inputs.
    pub const ALL: [Self; 10] = [
        Self::PeerFrame,
        Self::PeerClose,
        Self::Fault,
        Self::LocalFrame,
        Self::LocalFragment,
        Self::LocalPong,
        Self::LocalClose,
        Self::OwedClose,
        Self::Eof,
        Self::CloseTimeout,
    ];
}
