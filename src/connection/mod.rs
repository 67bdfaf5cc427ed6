//! The connection: one object that knows the protocol, and nothing else.
//!
//! What it is made of, in reading order: [`state`] is the closing handshake as a table; `config` what is granted;
//! `event` what is reported; `outgoing`, `pong` and `compression` are what is under way; `timers` bounds patience;
//! `shortcuts` remembers what all of these answer nearly always; `receive` and `send` are the two directions, which meet
//! only in the state. This file joins them. `session` is a server's connection together with the handshake before it.

pub mod state;

mod config;
mod event;

mod outgoing;
mod pong;
mod timers;

mod shortcuts;

mod receive;
mod send;

#[cfg(feature = "deflate")]
mod compression;

mod session;

pub use config::Config;
pub use event::{ChunkEvent, Ending, Event, Transport};
pub use session::ServerSession;

use crate::error::{Limit, Misuse, ProtocolError, Timeout, Violation};
use crate::handshake::{client, server};
use crate::message::{Assembler, Compression, NO_COMPRESSION};
use crate::role::{Client, MaskKeys, Role, Server};
use crate::time::Instant;
use crate::wire::close::CloseCode;
use outgoing::Outgoing;
use pong::OwedPong;
use shortcuts::Shortcuts;
use state::{Input, State, Step};
use timers::{Marks, Timers};

/// One end of a WebSocket connection after the opening handshake, as pure state: no bytes, no heap, no clock, no
/// transport.
///
/// # The run loop
///
/// 1. Read from the transport into the [`RecvBuffer`](crate::RecvBuffer).
/// 2. Call [`receive`](Self::receive) until it gives `None`; after each event, answer as you like with `send_*`, and
///    then call [`poll_transmit`](Self::poll_transmit), which writes what the protocol itself owes.
/// 3. With deadlines, call [`handle_timeout`](Self::handle_timeout), and `poll_transmit` again: only now, when all that
///    has come was received, is silence really silence.
/// 4. Write the send buffer to the transport. While the peer does not take it, do not go on receiving: what you answer
///    has to wait somewhere.
/// 5. Ask [`transport`](Self::transport) what to do with the transport; unless it says `Open`, do that.
/// 6. Wait for bytes, or until [`poll_timeout`](Self::poll_timeout), and begin again.
/// 7. When the transport ends, call [`handle_eof`](Self::handle_eof): it says how the connection ended.
///
/// An error from `receive` or `handle_timeout` (but for a [`Misuse`]) means that the connection has failed: go on with
/// `poll_transmit`, which tells the peer why, and with step 4; [`fault`](Self::fault) keeps the error. After our own
/// Close, messages can still come and cannot be answered: see [`can_send`](Self::can_send).
///
/// # Time
///
/// The default [`Config`] has one deadline, for closing, which begins with the first Close. Whoever leaves out step 3
/// has to end the transport some seconds after that by other means.
///
/// # In a function of its own
///
/// Handle an event in the loop that receives it, or `break` with it. A function that loops over `receive` and
/// `spare_mut` and returns the event from within that loop is sound, and is refused by the borrow checker of today.
pub struct Connection<R> {
    role: R,
    state: State,
    assembler: Assembler,
    outgoing: Outgoing,
    pong: OwedPong,
    auto_pong: bool,
    was_closed: bool,
    /// The code of the peer's Close; [`CloseCode::ABNORMAL`] as long as there is none.
    peer_code: CloseCode,
    /// Why it failed.
    fault: Option<Fault>,
    marks: Marks,
    timers: Timers,
    shortcuts: Shortcuts,
    compression: Compression,
}

/// Why a connection can have failed: a [`ProtocolError`] that is not the caller's own mistake, which also is what keeps it
/// small.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Violation(Violation),
    Limit(Limit),
    Timeout(Timeout),
}

impl Fault {
    const fn of(error: ProtocolError) -> Option<Self> {
        match error {
            ProtocolError::Violation(violation) => Some(Self::Violation(violation)),
            ProtocolError::Limit(limit) => Some(Self::Limit(limit)),
            ProtocolError::Timeout(timeout) => Some(Self::Timeout(timeout)),
            ProtocolError::Misuse(_) => None,
        }
    }

    const fn error(self) -> ProtocolError {
        match self {
            Self::Violation(violation) => ProtocolError::Violation(violation),
            Self::Limit(limit) => ProtocolError::Limit(limit),
            Self::Timeout(timeout) => ProtocolError::Timeout(timeout),
        }
    }
}

impl Connection<Server> {
    /// The server's end of a connection whose opening handshake is done: by
    /// [`handshake::server`](crate::handshake::server), or elsewhere.
    #[must_use]
    pub const fn server(config: Config) -> Self {
        Self::new(Server, config)
    }
}

impl<K: MaskKeys> Connection<Client<K>> {
    /// The client's end of a connection whose opening handshake is done: by
    /// [`handshake::client`](crate::handshake::client), or elsewhere.
    ///
    /// `keys` gives a fresh, unpredictable key for each frame: see [`MaskKeys`].
    #[must_use]
    pub const fn client(config: Config, keys: K) -> Self {
        Self::new(Client::new(keys), config)
    }
}

impl server::Accepted<'_> {
    /// The connection that begins behind the answer. Bytes that are unread in the receive buffer are its first frames.
    #[must_use]
    pub fn connection(&self, config: Config) -> Connection<Server> {
        let connection = Connection::server(config);
        #[cfg(feature = "deflate")]
        if let Some(agreed) = self.agreed_deflate() {
            return connection.with_deflate(&agreed.params, agreed.config);
        }
        connection
    }
}

impl client::Established<'_, '_> {
    /// The connection that begins behind the answer. Bytes that are unread in the receive buffer are its first frames.
    ///
    /// `keys` gives a fresh, unpredictable key for each frame: see [`MaskKeys`].
    #[must_use]
    pub fn connection<K: MaskKeys>(&self, config: Config, keys: K) -> Connection<Client<K>> {
        let connection = Connection::client(config, keys);
        #[cfg(feature = "deflate")]
        if let Some(agreed) = self.agreed_deflate() {
            return connection.with_deflate(&agreed.params, agreed.config);
        }
        connection
    }
}

impl<R: Role> Connection<R> {
    const fn new(role: R, config: Config) -> Self {
        let mut connection = Self {
            role,
            state: State::Open,
            assembler: Assembler::new(config.limits),
            outgoing: Outgoing::new(),
            pong: OwedPong::new(),
            auto_pong: config.auto_pong,
            was_closed: false,
            peer_code: CloseCode::ABNORMAL,
            fault: None,
            marks: Marks::NONE,
            timers: Timers::new(config.spans),
            shortcuts: Shortcuts::NONE,
            compression: NO_COMPRESSION,
        };
        connection.settle();
        connection
    }

    /// How far the connection is. For logs and tests: what follows from it for the caller is said by
    /// [`transport`](Self::transport) and [`can_send`](Self::can_send).
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether a message can be begun: no Close was sent or received, and nothing has failed.
    #[must_use]
    pub const fn can_send(&self) -> bool {
        matches!(self.state.on(Input::LocalFrame), Step::To(_))
    }

    /// Why the connection has failed: the error that `receive` or [`handle_timeout`](Self::handle_timeout) gave; `None`
    /// as long as none of them has. So a driver may let the error itself go by, act on [`transport`](Self::transport),
    /// and report once, at the end.
    #[must_use]
    pub const fn fault(&self) -> Option<ProtocolError> {
        match self.fault {
            Some(fault) => Some(fault.error()),
            None => None,
        }
    }

    /// What to do with the transport. Ask after [`poll_transmit`](Self::poll_transmit).
    #[must_use]
    pub const fn transport(&self) -> Transport {
        match self.state {
            State::Open | State::LocalClosing | State::PeerClosing | State::Failing => Transport::Open,
            State::Closed if !R::IS_SERVER => Transport::AwaitPeerClose,
            State::Closed | State::Failed => Transport::FlushThenClose,
            State::Ended => Transport::Closed,
        }
    }

    /// Tells that the transport has ended, and asks how the connection ended. Receive what was read before you call it.
    ///
    /// It may be called again, and gives the same answer. What it tells is the peer's Close; the code of ours, after a
    /// fault, is in the [`fault`](Self::fault).
    pub fn handle_eof(&mut self) -> Ending {
        self.step(Input::Eof);
        Ending { code: self.peer_code, is_clean: self.was_closed }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next; `None` when there is nothing to wait for.
    ///
    /// [`Instant::EPOCH`] means at once: a timer wants to be started and needs to know the time. Ask again after every
    /// other call. (To wait for no time at all is an error for the sockets of `std`: wait for a millisecond instead.)
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Ended => None,
            _ => self.timers.poll(),
        }
    }

    /// Tells what time it is. Call it when the moment of [`poll_timeout`](Self::poll_timeout) has come, after receiving
    /// what has come until then; any other call is harmless, and makes the finding of a silence more exact. A Ping that
    /// is due is owed then: `poll_transmit` writes it.
    ///
    /// # Errors
    ///
    /// [`Timeout::Pong`] and [`Timeout::Idle`] fail the connection as a violation by the peer would. [`Timeout::Close`]
    /// ends it: [`transport`](Self::transport) is [`Transport::Closed`] then.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), ProtocolError> {
        if self.state == State::Ended {
            return Ok(());
        }
        self.assembler.calm();
        let overdue = self.timers.handle(now, core::mem::replace(&mut self.marks, Marks::NONE));
        self.settle();
        match overdue {
            None => Ok(()),
            Some(Timeout::Close) => {
                self.step(Input::CloseTimeout);
                self.fault.get_or_insert(Fault::Timeout(Timeout::Close));
                Err(Timeout::Close.into())
            }
            Some(timeout) => Err(self.fail(timeout.into())),
        }
    }

    /// Takes `error` as the end of the connection, unless it is the caller's own mistake.
    fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        if let Some(fault) = Fault::of(error) {
            self.fault = Some(fault);
            self.step(Input::Fault);
        }
        error
    }

    /// Takes a step that cannot be refused.
    fn step(&mut self, input: Input) {
        if let Step::To(state) = self.state.on(input) {
            self.enter(state);
        }
    }

    /// Whether the caller may do this now.
    #[inline]
    const fn check(&self, input: Input) -> Result<(), Misuse> {
        match self.state.on(input) {
            Step::To(_) => Ok(()),
            Step::Ignore | Step::Refuse => Err(Misuse::Closed),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        match state {
            State::Open => {}
            // The peer's Pings still want their answer (§5.5.2); we have nothing more to ask.
            State::LocalClosing | State::PeerClosing | State::Failing => {
                self.timers.start_close();
            }
            State::Closed | State::Failed | State::Ended => {
                self.was_closed |= state == State::Closed;
                self.pong.clear();
                self.timers.start_close();
            }
        }
        self.settle();
    }
}

impl<R> core::fmt::Debug for Connection<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .field("fault", &self.fault)
            .field("peer_code", &self.peer_code)
            .finish_non_exhaustive()
    }
}
