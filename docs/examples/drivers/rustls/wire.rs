//! What both ends share: TLS between the socket and the protocol, and the run loop.
//!
//! `rustls` is a state machine like this crate, so the two stand side by side, and [`Wire`] carries bytes between them:
//! from the socket through TLS into the receive buffer, and from the send buffer through TLS to the socket. Two things
//! are worth a look. The socket is waited for only when TLS has no bytes left. And the end of the stream is signed:
//! `close_notify` goes out before the socket is shut, so that nobody can cut a conversation short unseen.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use websocket_proto::{Config, Connection, Event, Instant, RecvBuffer, Role, Transport};

pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// How long a peer may be silent.
pub(crate) fn keepalive(config: Config) -> Config {
    config.ping_interval(Some(Duration::from_secs(20))).pong_timeout(Some(Duration::from_secs(10)))
}

/// The run loop of either side.
pub(crate) fn run<R: Role>(
    wire: &mut Wire,
    connection: &mut Connection<R>,
    mut answer: impl FnMut(&mut Connection<R>, Event<'_>, &mut Vec<u8>) -> Result<(), AnyError>,
) -> Result<String, AnyError> {
    loop {
        // A violation ends the loop, too: `fault` keeps it, and `poll_transmit` tells the peer.
        while let Ok(Some(event)) = connection.receive(&mut wire.rx) {
            answer(connection, event, &mut wire.tx)?;
            connection.poll_transmit(&mut wire.tx)?;
        }
        let _ = connection.handle_timeout(wire.now()); // `fault` keeps it
        connection.poll_transmit(&mut wire.tx)?;
        wire.flush()?;
        match connection.transport() {
            Transport::Closed => break,
            Transport::FlushThenClose => wire.end()?,
            Transport::Open | Transport::AwaitPeerClose => {}
        }
        if !wire.read(connection.poll_timeout())? {
            break;
        }
    }
    let _ = wire.end(); // the peer may have been faster
    Ok(format!("{:?}, fault {:?}", connection.handle_eof(), connection.fault()))
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
        socket.set_write_timeout(Some(Duration::from_secs(10)))?;
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
            self.tls.write_tls(&mut self.socket)?;
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
