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
use websocket_proto::{Config, Connection, Event, Instant, RecvBuffer, SendError, Server, Transport};

/// How long one write may take: the only deadline that is the socket's and not the protocol's.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let listener = TcpListener::bind(("127.0.0.1", args.next().unwrap_or(8888)))?;
    // A silent client is pinged, and given up when that does not help.
    let silence = Duration::from_secs(args.next().unwrap_or(20).into());
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let config = config.close_timeout(Some(silence / 4));
    println!("listening on ws://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let (wire, config) = (Wire::new(stream?)?, config.clone());
        thread::spawn(move || match serve(wire, config) {
            Ok(how) => println!("{how}"),
            Err(error) => println!("lost: {error}"),
        });
    }
    Ok(())
}

/// One client, from its first byte to its last; says how it ended.
fn serve(mut wire: Wire, config: Config) -> io::Result<String> {
    let Some(mut connection) = shake_hands(&mut wire, config)? else {
        wire.finish();
        return Ok("refused".into());
    };
    loop {
        // 1. All that has come is answered before anything is written.
        answer(&mut connection, &mut wire.rx, &mut wire.tx).map_err(io::Error::other)?;
        // 2. Only now is silence really silence. (What goes wrong here or above, `fault` keeps.)
        let _ = connection.handle_timeout(wire.now());
        connection.poll_transmit(&mut wire.tx).map_err(io::Error::other)?;
        // 3. One write for all answers. It blocks while the client does not read: that is the backpressure.
        wire.flush()?;
        // 4. The server is the first to close the transport (RFC 6455 §7.1.1).
        if connection.transport() != Transport::Open {
            wire.finish();
            break;
        }
        // 5. Wait.
        if wire.read(connection.poll_timeout())? == Woken::Eof {
            break;
        }
    }
    let ending = connection.handle_eof();
    Ok(match connection.fault() {
        Some(fault) => format!("failed: {fault}"),
        None => format!("closed: {}{}", ending.code, if ending.is_clean { "" } else { ", not cleanly" }),
    })
}

/// Reads one request and answers it; `None` when the answer was a refusal.
fn shake_hands(wire: &mut Wire, config: Config) -> io::Result<Option<Connection<Server>>> {
    let mut handshake = Handshake::new();
    loop {
        let _ = handshake.handle_timeout(wire.now()); // an error of this, `answer` gives again
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        match handshake.answer(&mut wire.rx, Origins::Any, &mut wire.tx) {
            Ok(Some(accepted)) => return Ok(Some(accepted.connection(config))), // `rx` may hold its first frames
            Ok(None) => {}
            Err(error) => {
                println!("refused: {error}");
                wire.flush()?;
                return Ok(None);
            }
        }
        if wire.read(handshake.poll_timeout())? == Woken::Eof {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Receives until nothing is left, and echoes into `tx`. With a violation there is nothing left either.
fn answer(
    connection: &mut Connection<Server>,
    rx: &mut RecvBuffer<Vec<u8>>,
    tx: &mut Vec<u8>,
) -> Result<(), SendError> {
    while let Ok(Some(event)) = connection.receive(rx) {
        match event {
            Event::Text(text) if connection.can_send() => connection.send_text(text, tx)?,
            Event::Binary(bytes) if connection.can_send() => connection.send_binary(bytes, tx)?,
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

/// Why a read has returned.
#[derive(PartialEq)]
enum Woken {
    Bytes,
    Time,
    Eof,
}

impl Wire {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(Self { stream, rx: RecvBuffer::new(), tx: Vec::new(), started: std::time::Instant::now() })
    }

    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Reads what is there, or waits for it, but no longer than until `deadline`.
    fn read(&mut self, deadline: Option<Instant>) -> io::Result<Woken> {
        // A socket does not take "no time at all".
        let patience = deadline.map(|deadline| deadline.saturating_since(self.now()).max(Duration::from_millis(1)));
        self.stream.set_read_timeout(patience)?;
        match self.stream.read(self.rx.spare_mut()) {
            Ok(0) => Ok(Woken::Eof),
            Ok(count) => {
                self.rx.filled(count);
                Ok(Woken::Bytes)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Woken::Time),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Woken::Time),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.tx)?;
        self.tx.clear();
        self.tx.shrink_to(64 << 10); // the memory of a large answer goes back
        Ok(())
    }

    /// Ends our side and waits two seconds for the client's: closing a socket with unread bytes would be a reset, which
    /// can overtake our last words.
    fn finish(&mut self) {
        let until = self.now() + Duration::from_secs(2);
        self.rx.clear();
        let mut is_open = self.stream.shutdown(Shutdown::Write).is_ok();
        while is_open && self.now() < until {
            is_open = matches!(self.read(Some(until)), Ok(Woken::Bytes));
            self.rx.clear();
        }
    }
}
