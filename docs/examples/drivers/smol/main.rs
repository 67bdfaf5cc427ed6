//! smol: one task a connection, which waits for readiness or for time, whichever is first.
//!
//! ```text
//! cargo run --release -p ws-smol [-- PORT [SECONDS]]       # how long a client may be silent before it is pinged
//! ```
//!
//! What is awaited is readiness alone; the reading and writing itself is done on the socket, and never waits. So there is
//! nothing that could be cancelled in the middle, and no buffer while nothing is to be read.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use smol::{Async, Timer, future};
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, Instant, RecvBuffer, ServerSession, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-smol [PORT [SECONDS]]")));
    let address = ([127, 0, 0, 1], args.next().unwrap_or(Ok(8888))?);
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    smol::block_on(async {
        let listener = Async::<TcpListener>::bind(address)?;
        println!("listening on ws://{}/", listener.get_ref().local_addr()?);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => smol::spawn(welcome(stream, silence)).detach(),
                Err(_) => drop(Timer::after(Duration::from_millis(50)).await), // out of files, most likely
            }
        }
    })
}

/// One client, from its first byte to its last.
async fn welcome(stream: Async<TcpStream>, silence: Duration) {
    let _ = stream.get_ref().set_nodelay(true);
    // A silent client is pinged, and given up when that does not help.
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let mut session = ServerSession::new(Handshake::new(), config.close_timeout(Some(silence / 4)));
    let started = std::time::Instant::now();
    let end = serve(Wire { stream, tx: Vec::new(), started, patience: silence * 3 / 2 }, &mut session).await;
    println!("{:?}, fault {:?}, {end:?}", session.handle_eof(), session.fault());
}

/// The run loop.
async fn serve(mut wire: Wire, session: &mut ServerSession) -> Result<(), AnyError> {
    let mut rx = RecvBuffer::new();
    loop {
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        let open = session.open(&mut rx, |handshake, rx| handshake.answer(rx, Origins::Any, &mut wire.tx));
        // A refusal or a violation is kept by `fault`, and `poll_transmit` tells the client.
        if let Ok(Some(connection)) = open {
            while let Ok(Some(event)) = connection.receive(&mut rx) {
                match event.message() {
                    Some(message) if connection.can_send() => connection.send_message(message, &mut wire.tx)?,
                    _ => {}
                }
                connection.poll_transmit(&mut wire.tx)?;
            }
        }
        let _ = session.handle_timeout(wire.now()); // `fault` keeps it
        session.poll_transmit(&mut wire.tx)?;
        wire.write().await?;
        match session.transport() {
            Transport::Closed => return Err("out of patience".into()),
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose => drop(wire.stream.get_ref().shutdown(Shutdown::Write)),
            Transport::Open | Transport::AwaitPeerClose => {}
        }
        if rx.is_empty() {
            rx.release();
        }
        if !wire.read(&mut rx, session.poll_timeout()).await? {
            return Ok(());
        }
    }
}

/// The socket, what it has not taken yet, and a clock.
struct Wire {
    stream: Async<TcpStream>,
    tx: Vec<u8>,
    started: std::time::Instant,
    /// How long a client may take nothing of what it is sent.
    patience: Duration,
}

impl Wire {
    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Waits until there is something to read, or until `deadline`, and reads what there is. False at the end of the stream.
    async fn read(&self, rx: &mut RecvBuffer<Vec<u8>>, deadline: Option<Instant>) -> io::Result<bool> {
        let time = async {
            match deadline {
                Some(deadline) => Timer::after(deadline.saturating_since(self.now())).await,
                None => Timer::never().await,
            };
            Ok(())
        };
        future::or(self.stream.readable(), time).await?;
        // What has come in time is received before the time is told.
        match self.stream.get_ref().read(rx.spare_mut()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            count => {
                let count = count?;
                rx.filled(count);
                Ok(count > 0)
            }
        }
    }

    /// Writes everything. A client that does not read is not read from either: what we would answer has to wait somewhere.
    /// So its silence is our doing, and its Pong may wait in the socket; what counts is that it reads.
    async fn write(&mut self) -> io::Result<()> {
        self.flush()?;
        while !self.tx.is_empty() {
            let time = async {
                Timer::after(self.patience).await;
                Ok(true)
            };
            let ready = async { self.stream.writable().await.map(|()| false) };
            let (is_late, before) = (future::or(ready, time).await?, self.tx.len());
            // A socket says that it has room when much is free; whether there is any at all, only a write can tell.
            self.flush()?;
            if is_late && self.tx.len() == before {
                return Err(io::Error::other("the client does not read"));
            }
        }
        Ok(())
    }

    /// Writes as much as the socket takes at once.
    fn flush(&mut self) -> io::Result<()> {
        if !self.tx.is_empty() {
            match self.stream.get_ref().write(&self.tx) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                count => drop(self.tx.drain(..count?)),
            }
        }
        Ok(())
    }
}
