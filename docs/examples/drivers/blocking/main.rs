//! Blocking sockets of `std::net`, one thread a connection: the driver to read first.
//!
//! ```text
//! cargo run --release -p ws-blocking [-- PORT [SECONDS]]   # how long a client may be silent before it is pinged
//! ```
//!
//! The loop in [`serve`] is that of every driver: receive what has come and answer it, tell the time, write everything
//! at once, wait for more or for the next deadline. What the protocol does not know is that a thread sleeps in `read`;
//! what the thread does not know is what a frame is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, SendError, ServerSession, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-blocking [PORT [SECONDS]]")));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(Ok(8888))?))?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let started = listener.accept().and_then(|(stream, _)| {
            thread::Builder::new().spawn(move || match serve(stream, silence) {
                Ok(how) => println!("{how}"),
                Err(error) => println!("lost: {error}"),
            })
        });
        if started.is_err() {
            thread::sleep(Duration::from_millis(50)); // out of files, most likely, or of threads
        }
    }
}

/// One client, from its first byte to its last; says how it ended.
fn serve(stream: TcpStream, silence: Duration) -> Result<String, AnyError> {
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let mut session = ServerSession::new(Handshake::new(), config.close_timeout(Some(silence / 4)));
    let mut wire = Wire::new(stream, silence * 3 / 2)?;
    loop {
        // 1. All that has come is answered before anything is written.
        answer(&mut session, &mut wire.rx, &mut wire.tx)?;
        // 2. Only now is silence really silence. (What goes wrong here or above, `fault` keeps.)
        let _ = session.handle_timeout(wire.now());
        session.poll_transmit(&mut wire.tx)?;
        // 3. One write for all answers. It blocks while the client does not read: that is the backpressure.
        wire.flush()?;
        // 4. What the protocol wants of the transport.
        match session.transport() {
            Transport::Closed => break,
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own. To
            // close a socket with unread bytes would be a reset, which can overtake our last words.
            Transport::FlushThenClose => drop(wire.stream.shutdown(Shutdown::Write)),
            Transport::Open | Transport::AwaitPeerClose => {}
        }
        // 5. Wait.
        if !wire.read(session.poll_timeout())? {
            break;
        }
    }
    let ending = session.handle_eof();
    Ok(match session.fault() {
        Some(fault) => format!("failed: {fault}"),
        None => format!("closed: {}{}", ending.code, if ending.is_clean { "" } else { ", not cleanly" }),
    })
}

/// Receives until nothing is left, from the first byte on, and echoes into `tx`. With a refusal or a violation there is
/// nothing left either: `fault` keeps it, and `poll_transmit` tells the client.
fn answer(session: &mut ServerSession, rx: &mut RecvBuffer<Vec<u8>>, tx: &mut Vec<u8>) -> Result<(), SendError> {
    // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
    let open = session.open(rx, |handshake, rx| handshake.answer(rx, Origins::Any, tx));
    let Ok(Some(connection)) = open else { return Ok(()) };
    while let Ok(Some(event)) = connection.receive(rx) {
        match event.message() {
            Some(message) if connection.can_send() => connection.send_message(message, tx)?,
            _ => {}
        }
        connection.poll_transmit(tx)?; // the Pong or Close that is owed
    }
    Ok(())
}

/// The socket with its two buffers, and its clock.
struct Wire {
    stream: TcpStream,
    rx: RecvBuffer<Vec<u8>>,
    tx: Vec<u8>,
    started: std::time::Instant,
}

impl Wire {
    /// `patience` is how long a client may take nothing of what it is sent.
    fn new(stream: TcpStream, patience: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience / 2))?; // it is tried twice
        Ok(Self { stream, rx: RecvBuffer::new(), tx: Vec::new(), started: std::time::Instant::now() })
    }

    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Reads what is there, or waits for it, but no longer than until `deadline`. False at the end of the stream.
    fn read(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
        // A socket does not take "no time at all".
        let patience = deadline.map(|deadline| deadline.saturating_since(self.now()).max(Duration::from_millis(1)));
        self.stream.set_read_timeout(patience)?;
        match self.stream.read(self.rx.spare_mut()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read(deadline),
            count => {
                let count = count?;
                self.rx.filled(count);
                Ok(count > 0)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.tx.is_empty() {
            // A socket wakes us when it has much room; whether there is any at all, only another write can tell.
            match self.stream.write(&self.tx).or_else(|_| self.stream.write(&self.tx)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                taken => drop(self.tx.drain(..taken?)),
            }
        }
        self.tx.shrink_to(64 << 10); // the memory of a large answer goes back
        Ok(())
    }
}
