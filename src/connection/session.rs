//! A server's end of a transport, from the first byte to the last.
//!
//! ```text
//! handshake ── granted ──► open ──► … the closing handshake …
//!     └─ refused, or too slow ──► refused ──► over
//! ```
//!
//! Nothing of the protocol is decided here: the handshake and the connection do that, each in its time. What a refusal
//! needs is the same as what a failed connection needs, so it has the same form: something owed, an answer to what is to
//! be done with the transport, and a deadline for the peer to end it.

use super::config::Config;
use super::event::{Ending, Transport};
use super::{Connection, Server};
use crate::buffer::recv::{RecvBuffer, Storage};
use crate::buffer::send::SendBuffer;
use crate::error::{Error, HandshakeError, HandshakeMisuse, ProtocolError, SendError, Timeout};
use crate::handshake::server::{Accepted, Handshake, Reply};
use crate::time::{Deadline, Instant, Span};
use crate::wire::close::CloseCode;

/// The server's end of a transport from its first byte on: a [`Handshake`], and then the [`Connection`].
///
/// A driver has one run loop with it, that of the connection, in which step 2 begins with [`open`](Self::open). A request
/// that is refused, or does not come in time, is to that loop what a failure of the connection is: `poll_transmit`
/// writes what is owed, [`transport`](Self::transport) says what to do, and [`fault`](Self::fault) keeps the error.
///
/// It is as large as the connection, and holds no bytes either.
///
/// ```
/// # #[cfg(feature = "alloc")] fn main() -> Result<(), websocket_proto::Error> {
/// use websocket_proto::handshake::server::{Handshake, Origins};
/// use websocket_proto::{Config, RecvBuffer, ServerSession, Transport};
///
/// let mut session = ServerSession::new(Handshake::new(), Config::server());
/// let (mut rx, mut tx) = (RecvBuffer::new(), Vec::new());
/// let request = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// let message = b"\x81\x82\0\0\0\0hi"; // masked with 0
/// for bytes in [&request[..], message] {
///     let _ = rx.extend_from_slice(bytes);
///     // A turn of the loop, whatever has come.
///     let opened = session.open(&mut rx, |handshake, rx| handshake.answer(rx, Origins::SameHost, &mut tx));
///     if let Ok(Some(connection)) = opened {
///         while let Ok(Some(event)) = connection.receive(&mut rx) {
///             if let Some(message) = event.message() {
///                 connection.send_message(message, &mut tx)?;
///             }
///         }
///     }
///     session.poll_transmit(&mut tx)?;
///     assert_eq!(session.transport(), Transport::Open);
/// }
/// assert!(tx.starts_with(b"HTTP/1.1 101 ") && tx.ends_with(b"\x81\x02hi"));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "alloc"))] fn main() {}
/// ```
#[derive(Debug)]
pub struct ServerSession {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Handshake(Handshake, Config),
    Refused(Refusal),
    Open(Connection<Server>),
}

/// A request that did not become a connection.
#[derive(Debug)]
struct Refusal {
    /// What has gone wrong; nothing where the caller has shown a page, or no byte has come.
    error: Option<Error>,
    /// Whether the reply is still to be written.
    is_owed: bool,
    /// By when the client must have ended the transport.
    deadline: Deadline,
    span: Span,
    is_ended: bool,
}

impl ServerSession {
    /// Begins with `handshake`; the connection will have `config`, and a refusal its
    /// [`close_timeout`](Config::close_timeout).
    #[must_use]
    pub const fn new(handshake: Handshake, config: Config) -> Self {
        Self { phase: Phase::Handshake(handshake, config) }
    }

    /// The connection, as soon as there is one: to be called first in each turn, with what has come in `rx`.
    ///
    /// As long as there is none, `answer` is asked for it: it receives the request and answers it, by
    /// [`Handshake::answer`], or step by step. When it gives `None` without having been given a request, more bytes are
    /// needed. When it has been given one, it is taken to have written another reply: that is a refusal, too, of which
    /// nothing is owed. What the client sends behind a refused request is dropped.
    ///
    /// `answer` decides within the call, and where it gives an error it leaves the reply to the session, or the client
    /// gets two. A server that has to wait for somebody else's decision does the handshake without a session.
    ///
    /// # Errors
    ///
    /// That of `answer`. The session is refused, and `poll_transmit` writes the [`Reply::to_error`] that is due, unless
    /// [`Handshake::answer`] has already done so. Only with an error that leaves the handshake as it was
    /// ([`SendError::Full`], before a request was given), nothing has changed. Once there can be no connection, each
    /// call gives the [`fault`](Self::fault), if there is one.
    pub fn open<'a, S: Storage>(
        &mut self,
        rx: &mut RecvBuffer<S>,
        answer: impl FnOnce(&mut Handshake, &mut RecvBuffer<S>) -> Result<Option<Accepted<'a>>, Error>,
    ) -> Result<Option<&mut Connection<Server>>, Error> {
        if let Phase::Handshake(handshake, config) = &mut self.phase {
            self.phase = match answer(handshake, rx) {
                Ok(Some(accepted)) => Phase::Open(accepted.connection(config.clone())),
                answered if handshake.is_under_way() => return answered.map(|_| None),
                answered => Phase::Refused(Refusal {
                    error: answered.err(),
                    is_owed: answered.is_err() && !handshake.is_answered(),
                    ..Refusal::new(config)
                }),
            };
        }
        match &mut self.phase {
            Phase::Open(connection) => Ok(Some(connection)),
            Phase::Handshake(..) => Ok(None),
            Phase::Refused(refusal) => {
                rx.clear();
                refusal.error.map_or(Ok(None), Err)
            }
        }
    }

    /// The connection, if it is open or was: to send, to close, to ask.
    #[must_use]
    pub const fn connection(&mut self) -> Option<&mut Connection<Server>> {
        match &mut self.phase {
            Phase::Open(connection) => Some(connection),
            Phase::Handshake(..) | Phase::Refused(_) => None,
        }
    }

    /// Writes what is owed: a refusal, or what [`Connection::poll_transmit`] writes.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when something still is owed: drain `tx` and call again. A refusal has up to 256 bytes.
    #[inline]
    pub fn poll_transmit(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        match &mut self.phase {
            Phase::Open(connection) => connection.poll_transmit(tx),
            Phase::Handshake(..) => Ok(()),
            Phase::Refused(refusal) => refusal.poll_transmit(tx),
        }
    }

    /// What to do with the transport. Ask after [`poll_transmit`](Self::poll_transmit).
    #[must_use]
    pub const fn transport(&self) -> Transport {
        match &self.phase {
            Phase::Open(connection) => connection.transport(),
            Phase::Handshake(..) | Phase::Refused(Refusal { is_owed: true, is_ended: false, .. }) => Transport::Open,
            Phase::Refused(Refusal { is_ended: false, .. }) => Transport::FlushThenClose,
            Phase::Refused(_) => Transport::Closed,
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, as in [`Connection::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Open(connection) => connection.poll_timeout(),
            Phase::Handshake(handshake, _) => handshake.poll_timeout(),
            Phase::Refused(refusal) => refusal.deadline.poll(),
        }
    }

    /// Tells what time it is, as in [`Connection::handle_timeout`].
    ///
    /// # Errors
    ///
    /// Those of the connection, or of [`Handshake::handle_timeout`]: the refusal is owed then. [`Timeout::Close`] also
    /// when the client does not end the transport in time behind a refusal.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Open(connection) => Ok(connection.handle_timeout(now)?),
            Phase::Handshake(handshake, config) => {
                let Err(error) = handshake.handle_timeout(now) else { return Ok(()) };
                let refusal = Refusal { error: Some(error.into()), is_owed: true, ..Refusal::new(config) };
                self.phase = Phase::Refused(refusal);
                Err(error.into())
            }
            Phase::Refused(refusal) => refusal.handle_timeout(now),
        }
    }

    /// Tells that the transport has ended, and asks how the connection ended, as in [`Connection::handle_eof`]. Without
    /// one, no Close has come, and nothing was clean.
    pub fn handle_eof(&mut self) -> Ending {
        match &mut self.phase {
            Phase::Open(connection) => return connection.handle_eof(),
            Phase::Handshake(handshake, config) => {
                let error = handshake.handle_eof().err().filter(|_| handshake.is_begun()).map(Error::Handshake);
                let mut refusal = Refusal { error, ..Refusal::new(config) };
                refusal.end();
                self.phase = Phase::Refused(refusal);
            }
            Phase::Refused(refusal) => refusal.end(),
        }
        Ending { code: CloseCode::ABNORMAL, is_clean: false }
    }

    /// Why there is no connection, or why it has failed; `None` as long as nothing has gone wrong. A client that has shown
    /// itself and ended the transport without a byte, as browsers and load balancers do, has done nothing wrong.
    #[must_use]
    pub fn fault(&self) -> Option<Error> {
        match &self.phase {
            Phase::Open(connection) => connection.fault().map(Error::Protocol),
            Phase::Handshake(..) => None,
            Phase::Refused(refusal) => refusal.error,
        }
    }
}

impl Refusal {
    /// For no reason, and with nothing owed.
    const fn new(config: &Config) -> Self {
        Self { error: None, is_owed: false, deadline: Deadline::Starting, span: config.spans.close, is_ended: false }
    }

    fn poll_transmit(&mut self, tx: &mut (impl SendBuffer + ?Sized)) -> Result<(), SendError> {
        if self.is_owed {
            let error = match self.error {
                Some(Error::Handshake(error)) => error,
                // The server's own fault, for which 500 is due.
                _ => HandshakeError::Misuse(HandshakeMisuse::Finished),
            };
            Reply::to_error(error).write(tx)?;
            self.is_owed = false;
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.deadline.handle(now, self.span) {
            let error = ProtocolError::Timeout(Timeout::Close).into();
            self.error.get_or_insert(error);
            self.end();
            return Err(error);
        }
        Ok(())
    }

    const fn end(&mut self) {
        self.deadline = Deadline::Off;
        self.is_owed = false;
        self.is_ended = true;
    }
}
