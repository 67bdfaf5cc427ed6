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
use websocket_proto::{Config, Connection, Event, Instant, RecvBuffer, Server, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let address = ([127, 0, 0, 1], args.next().unwrap_or(8888));
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let config = config.close_timeout(Some(silence / 4));
    smol::block_on(async {
        let listener = Async::<TcpListener>::bind(address)?;
        println!("listening on ws://{}/", listener.get_ref().local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            let config = config.clone();
            smol::spawn(async move {
                let started = std::time::Instant::now();
                let mut wire = Wire { stream, tx: Vec::new(), started, patience: silence * 3 / 2 };
                match serve(&mut wire, config).await {
                    Ok(end) => println!("{end}"),
                    Err(error) => println!("lost: {error}"),
                }
            })
            .detach();
        }
    })
}

/// One client, from its first byte to its last; says how it ended.
async fn serve(wire: &mut Wire, config: Config) -> Result<String, AnyError> {
    let mut rx = RecvBuffer::new();
    let Some(mut connection) = shake_hands(wire, &mut rx, config).await? else { return Ok("left".into()) };
    loop {
        // A violation ends the loop, too: `fault` keeps it, and `poll_transmit` tells the client.
        while let Ok(Some(event)) = connection.receive(&mut rx) {
            match event {
                Event::Text(text) if connection.can_send() => connection.send_text(text, &mut wire.tx)?,
                Event::Binary(bytes) if connection.can_send() => connection.send_binary(bytes, &mut wire.tx)?,
                _ => {}
            }
            connection.poll_transmit(&mut wire.tx)?;
        }
        let _ = connection.handle_timeout(wire.now()); // `fault` keeps it
        connection.poll_transmit(&mut wire.tx)?;
        wire.flush()?;
        match connection.transport() {
            Transport::Closed => break,
            // We have said our last word: we end our side, and read on, to no effect, until the client ends its own.
            // To end it again is refused once both have ended; the next read tells that, after the last bytes.
            Transport::FlushThenClose if wire.tx.is_empty() => drop(wire.stream.get_ref().shutdown(Shutdown::Write)),
            _ => {}
        }
        if rx.is_empty() {
            rx.release();
        }
        if !wire.wait(&mut rx, connection.poll_timeout()).await? {
            break;
        }
    }
    Ok(format!("{:?}, fault {:?}", connection.handle_eof(), connection.fault()))
}

/// The handshake; `None` when the client goes before it is done.
async fn shake_hands(
    wire: &mut Wire,
    rx: &mut RecvBuffer<Vec<u8>>,
    config: Config,
) -> Result<Option<Connection<Server>>, AnyError> {
    let mut handshake = Handshake::new();
    loop {
        let _ = handshake.handle_timeout(wire.now()); // an error of this, `answer` gives again
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        let answered = handshake.answer(rx, Origins::Any, &mut wire.tx);
        wire.flush()?;
        if let Some(accepted) = answered? {
            return Ok(Some(accepted.connection(config)));
        }
        if !wire.wait(rx, handshake.poll_timeout()).await? {
            return Ok(None);
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

    /// Waits until the socket has taken everything, and then until `rx` has more bytes, or until `deadline`. False at the
    /// end of the stream.
    async fn wait(&mut self, rx: &mut RecvBuffer<Vec<u8>>, deadline: Option<Instant>) -> io::Result<bool> {
        self.drain().await?;
        let timer = match deadline {
            Some(deadline) => Timer::after(deadline.saturating_since(self.now())),
            None => Timer::never(),
        };
        let time = async {
            timer.await;
            Ok(false)
        };
        let ready = async { self.stream.readable().await.map(|()| true) };
        if !future::or(ready, time).await? {
            return Ok(true);
        }
        match self.stream.get_ref().read(rx.spare_mut()) {
            Ok(0) => Ok(false),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            count => {
                rx.filled(count?);
                Ok(true)
            }
        }
    }

    /// A client that does not read is not read from either: what we would answer has to wait somewhere. So its silence is
    /// our doing, and its Pong may wait in the socket; what counts is that it reads. A socket says that it has room when
    /// much is free; whether there is any at all, only a write can tell.
    async fn drain(&mut self) -> io::Result<()> {
        while !self.tx.is_empty() {
            let (patience, before) = (self.patience, self.tx.len());
            let time = async {
                Timer::after(patience).await;
                Ok(true)
            };
            let ready = async { self.stream.writable().await.map(|()| false) };
            let is_late = future::or(ready, time).await?;
            self.flush()?;
            if is_late && self.tx.len() == before {
                return Err(io::Error::other("the client does not read"));
            }
        }
        Ok(())
    }

    /// Writes as much as the socket takes.
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
