//! What both ends share: TLS between the socket and the protocol, and the run loop.
//!
//! `rustls` is a state machine like this crate, so the two stand side by side, and [`Wire`] carries bytes between them:
//! from the socket through TLS into the receive buffer, and from the send buffer through TLS to the socket. Two things
//! are worth a look. The socket is waited for only when TLS has no bytes left. And the end of the stream is signed:
//! `close_notify` goes out before the socket is shut, so that nobody can cut a conversation short unseen.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use websocket_proto::{Config, Instant, RecvBuffer, Transport};

pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// How long a peer may be silent before it is pinged.
const SILENCE: Duration = Duration::from_secs(20);

/// A silent peer is given up when a Ping does not help.
pub(crate) fn keepalive(config: Config) -> Config {
    config.ping_interval(Some(SILENCE)).pong_timeout(Some(SILENCE / 2))
}

/// The run loop of either side. `turn` is the protocol's part of it: it receives all that has come, tells the time, and
/// gives what to do with the transport, and the next deadline.
pub(crate) fn run(
    wire: &mut Wire,
    mut turn: impl FnMut(&mut Wire) -> Result<(Transport, Option<Instant>), AnyError>,
) -> Result<(), AnyError> {
    loop {
        let (transport, deadline) = turn(wire)?;
        wire.flush()?;
        match transport {
            Transport::Closed => break,
            // We have said our last word, and read on, to no effect, until the peer has said its own.
            Transport::FlushThenClose => wire.end()?,
            Transport::Open | Transport::AwaitPeerClose => {}
        }
        if !wire.read(deadline)? {
            break;
        }
    }
    let _ = wire.end(); // the peer may have been faster
    Ok(())
}

/// The socket, TLS, the two buffers, and a clock.
pub(crate) struct Wire {
    socket: TcpStream,
    tls: rustls::Connection,
    /// What was received and not read yet.
    pub(crate) rx: RecvBuffer<Vec<u8>>,
    /// What is to be sent.
    pub(crate) tx: Vec<u8>,
    started: std::time::Instant,
}

impl Wire {
    /// Both buffers are empty.
    pub(crate) fn new(socket: TcpStream, mut tls: rustls::Connection) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(SILENCE * 3 / 4))?; // it is tried twice
        tls.set_buffer_limit(None); // what is written is flushed at once
        Ok(Self { socket, tls, rx: RecvBuffer::new(), tx: Vec::new(), started: std::time::Instant::now() })
    }

    /// What time it is for the protocol.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Reads what is there, or waits for it, but no longer than until `deadline`; false at the end of the stream.
    pub(crate) fn read(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            match self.tls.reader().read(self.rx.spare_mut()) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.rx.filled(count);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false), // it was not signed
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            // A socket does not take "no time at all".
            let patience = deadline.map(|deadline| deadline.saturating_since(self.now()).max(Duration::from_millis(1)));
            self.socket.set_read_timeout(patience)?;
            match self.tls.read_tls(&mut self.socket) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count?,
            };
            let processed = self.tls.process_new_packets().map_err(io::Error::other);
            self.flush()?; // TLS has things to say of its own: the handshake, alerts
            processed?;
        }
    }

    /// Writes all there is.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.tls.writer().write_all(&self.tx)?;
        self.tx.clear();
        while self.tls.wants_write() {
            // A socket wakes us when it has much room; whether there is any at all, only another write can tell.
            match self.tls.write_tls(&mut self.socket).or_else(|_| self.tls.write_tls(&mut self.socket)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                count => drop(count?),
            }
        }
        Ok(())
    }

    /// Says that there will be no more, once, and ends our side.
    fn end(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.flush()?;
        let _ = self.socket.shutdown(Shutdown::Write); // refused once both sides have ended, which is as good
        Ok(())
    }
}
