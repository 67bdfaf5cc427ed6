//! The tutorial's echo server, for real: open <http://127.0.0.1:8888/>, type, send, and see it come back.
//!
//! ```text
//! cargo run --release --example echo_server [-- [--bind ADDRESS] [--port PORT] [--subprotocol NAME]… [--quiet]]
//!     --deflate on | lean | PARAMS   compress (with `--features deflate`)
//! ```
//!
//! One thread a connection, blocking reads, no dependency but the crate: the shortest driver that leaves nothing out.
//! `serve` is a life from the first byte to the last:
//!
//! 1. the handshake reads one request: a page for a browser, or the upgrade;
//! 2. the session is the crate's run loop: read, receive until nothing is left, answer, write everything at once, wait;
//! 3. the end shuts down our side first and reads until the client's end, so that a Close on its way is not lost to a
//!    reset.
//!
//! What comes back depends on the path, so that clients can be tested against it:
//!
//! | path | what it does |
//! |---|---|
//! | any other | echoes each message |
//! | `/close/CODE/REASON` | answers the first message by closing; a code that must not be sent is refused at once, with 400 |
//! | `/push/BYTES` | sends one binary message of that many bytes, then echoes |
//! | `/fragments/COUNT` | echoes each message in that many fragments, with a Ping between them |

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use websocket_proto::close::{CloseCode, MAX_REASON_BYTES};
#[cfg(feature = "deflate")]
use websocket_proto::deflate;
use websocket_proto::handshake::Header;
use websocket_proto::handshake::server::{Handshake, Origins, Reply, Request};
use websocket_proto::{Config, Connection, Error, Event, Instant, MessageKind, Payload, RecvBuffer, Server, Transport};

const PAGE: &[u8] = include_bytes!("echo_page.html");
const MAX_CONNECTIONS: usize = 1024;
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long, and how much, we listen to a client after our last word.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 64 << 20);

fn main() -> io::Result<()> {
    let options = Arc::new(Options::from_args());
    let listener = TcpListener::bind((options.bind.as_str(), options.port))?;
    say(format_args!("listening on ws://{}/", listener.local_addr()?));
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) => {
                say(format_args!("cannot accept: {error}"));
                thread::sleep(Duration::from_millis(50)); // out of file descriptors, most likely
                continue;
            }
        };
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (options, open) = (Arc::clone(&options), Arc::clone(&open));
        thread::spawn(move || {
            if let Err(error) = serve(stream, &options) {
                say(format_args!("connection lost: {error}"));
            }
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// One client, from its first byte to its last.
fn serve(stream: TcpStream, options: &Options) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let mut wire = Wire::new(stream);
    if let Some((mut connection, behaviour)) = shake_hands(&mut wire, options)? {
        let outcome = Session { behaviour, is_quiet: options.is_quiet }.run(&mut connection, &mut wire);
        if let Err(SessionError::Io(error)) = outcome {
            return Err(error);
        }
        let ending = connection.handle_eof();
        let how = if ending.is_clean { "" } else { ", not cleanly" };
        options.say(format_args!("closed: {}{how}", ending.code));
    }
    wire.finish()
}

/// Reads one request and answers it. `None`: it has got a page, or a refusal.
fn shake_hands(wire: &mut Wire, options: &Options) -> io::Result<Option<(Connection<Server>, Behaviour)>> {
    let mut handshake = Handshake::new();
    let answered = loop {
        match handshake.receive(&mut wire.rx) {
            Ok(Some(request)) => break answer(&request, &mut wire.tx, options).map_err(io::Error::other)?,
            Ok(None) => {}
            Err(error) => {
                options.say(format_args!("refused: {error}"));
                Reply::to_error(error).write(&mut wire.tx).map_err(io::Error::other)?;
                break None;
            }
        }
        match wire.read(handshake.poll_timeout())? {
            Woken::Bytes | Woken::Time => {}
            Woken::Eof => return Ok(None),
        }
        // An error that this gives, `receive` gives again.
        let _ = handshake.handle_timeout(wire.now());
    };
    wire.flush()?;
    Ok(answered)
}

fn answer(
    request: &Request<'_>,
    tx: &mut Vec<u8>,
    options: &Options,
) -> Result<Option<(Connection<Server>, Behaviour)>, Error> {
    if !request.is_websocket() {
        let html = [Header::new("Content-Type", "text/html; charset=utf-8")?];
        match request.path().split('?').next() {
            Some("/") => request.reply(200)?.headers(&html)?.body(PAGE).write(tx)?,
            _ => request.reply(404)?.write(tx)?,
        }
        return Ok(None);
    }
    let Some(behaviour) = Behaviour::at(request.path()) else {
        options.say(format_args!("refused: no Close can say that: {}", request.path().escape_debug()));
        request.reply(400)?.write(tx)?;
        return Ok(None);
    };
    // An echo has no secrets and knows no users, so a page from anywhere may talk to it, even one from a file.
    let accept = match request.accept(Origins::Any) {
        Ok(accept) => accept,
        Err(error) => {
            options.say(format_args!("refused: {error}"));
            Reply::to_error(error).write(tx)?;
            return Ok(None);
        }
    };
    // The client's preference; by the server's own it would be `choose_subprotocol`.
    let common = accept.subprotocols().find(|offer| options.subprotocols.iter().any(|known| known == offer));
    let accept = match common {
        Some(name) => accept.subprotocol(name)?,
        None => accept,
    };
    #[cfg(feature = "deflate")]
    let accept = match &options.deflate {
        Some(config) => accept.deflate(config),
        None => accept,
    };
    let accepted = accept.write(tx)?;
    let config = Config::server()
        .ping_interval(Some(Duration::from_secs(20)))
        .pong_timeout(Some(Duration::from_secs(20)))
        .close_timeout(Some(Duration::from_secs(5)));
    Ok(Some((accepted.connection(config), behaviour)))
}

/// What a session does with a message.
enum Behaviour {
    Echo,
    Close { code: CloseCode, reason: String },
    Push { bytes: usize },
    Fragments { count: usize },
}

impl Behaviour {
    /// `None`: a Close that must not be sent.
    fn at(path: &str) -> Option<Self> {
        let mut parts = path.split('/').skip(1);
        Some(match (parts.next(), parts.next().and_then(|number| number.parse::<usize>().ok()), parts.next()) {
            (Some("close"), Some(code), reason) => {
                let code = CloseCode::new(u16::try_from(code).ok()?);
                let reason = reason.unwrap_or_default().to_owned();
                let says_nothing = code == CloseCode::NO_STATUS && reason.is_empty();
                let is_sendable = code.is_sendable() && reason.len() <= MAX_REASON_BYTES;
                (is_sendable || says_nothing).then_some(Self::Close { code, reason })?
            }
            (Some("push"), Some(bytes), None) => Self::Push { bytes: bytes.min(16 << 20) },
            (Some("fragments"), Some(count), None) => Self::Fragments { count: count.clamp(1, 1000) },
            _ => Self::Echo,
        })
    }
}

/// A connection at work.
struct Session {
    behaviour: Behaviour,
    is_quiet: bool,
}

enum SessionError {
    Io(io::Error),
    /// The connection has failed, and has been told so.
    Protocol,
}

impl From<io::Error> for SessionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Session {
    /// The run loop. It returns when the transport is to be closed, or has ended.
    fn run(&self, connection: &mut Connection<Server>, wire: &mut Wire) -> Result<(), SessionError> {
        if let Behaviour::Push { bytes } = self.behaviour {
            connection.send_binary(&vec![0x5a; bytes], &mut wire.tx).map_err(io::Error::other)?;
        }
        loop {
            let received = self.receive_all(connection, wire);
            if let Err(error) = connection.handle_timeout(wire.now()) {
                say(format_args!("gave up: {error}"));
            }
            connection.poll_transmit(&mut wire.tx).map_err(io::Error::other)?;
            wire.flush()?;
            match connection.transport() {
                Transport::Open => received?,
                Transport::FlushThenClose | Transport::AwaitPeerClose | Transport::Closed => return received,
            }
            if let Woken::Eof = wire.read(connection.poll_timeout())? {
                return Ok(());
            }
        }
    }

    /// Receives until nothing is left, and answers into the send buffer.
    fn receive_all(&self, connection: &mut Connection<Server>, wire: &mut Wire) -> Result<(), SessionError> {
        loop {
            let event = match connection.receive(&mut wire.rx) {
                Ok(Some(event)) => event,
                nothing_more => {
                    connection.poll_transmit(&mut wire.tx).map_err(io::Error::other)?;
                    return nothing_more.map(drop).map_err(|error| {
                        say(format_args!("failed: {error}"));
                        SessionError::Protocol
                    });
                }
            };
            match event {
                Event::Text(text) => self.answer(connection, Payload::Text(text), &mut wire.tx),
                Event::Binary(bytes) => self.answer(connection, Payload::Binary(bytes), &mut wire.tx),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) => Ok(()),
            }
            .and_then(|()| Ok(connection.poll_transmit(&mut wire.tx)?))
            .map_err(io::Error::other)?;
        }
    }

    fn answer(&self, connection: &mut Connection<Server>, message: Payload<'_>, tx: &mut Vec<u8>) -> Result<(), Error> {
        self.print(message);
        if !connection.can_send() {
            return Ok(()); // we have closed; what still comes is heard and not answered
        }
        match (&self.behaviour, message) {
            (Behaviour::Close { code, reason }, _) => connection.close(*code, reason, tx)?,
            (Behaviour::Fragments { count }, _) => echo_in_fragments(connection, message, *count, tx)?,
            (Behaviour::Echo | Behaviour::Push { .. }, Payload::Text(text)) => connection.send_text(text, tx)?,
            (Behaviour::Echo | Behaviour::Push { .. }, Payload::Binary(bytes)) => connection.send_binary(bytes, tx)?,
        }
        Ok(())
    }

    fn print(&self, message: Payload<'_>) {
        match message {
            _ if self.is_quiet => {}
            Payload::Text(text) => {
                let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
                let cut = if text.chars().nth(80).is_some() { "…" } else { "" };
                say(format_args!("message: {shown}{cut}"));
            }
            Payload::Binary(bytes) => say(format_args!("message: {} bytes", bytes.len())),
        }
    }
}

fn echo_in_fragments(
    connection: &mut Connection<Server>,
    message: Payload<'_>,
    count: usize,
    tx: &mut Vec<u8>,
) -> Result<(), Error> {
    let kind: MessageKind = message.kind();
    let mut rest = message.as_bytes();
    for left in (0..count).rev() {
        let (piece, later) = rest.split_at(if left == 0 { rest.len() } else { rest.len() / (left + 1) });
        connection.send_fragment(kind, piece, left == 0, tx)?;
        if left > 0 {
            connection.send_ping(b"between fragments", tx)?;
        }
        rest = later;
    }
    Ok(())
}

/// The transport with its two buffers.
struct Wire {
    stream: TcpStream,
    rx: RecvBuffer<Vec<u8>>,
    tx: Vec<u8>,
    started: std::time::Instant,
}

/// Why a read has returned.
enum Woken {
    Bytes,
    Time,
    Eof,
}

impl Wire {
    fn new(stream: TcpStream) -> Self {
        Self { stream, rx: RecvBuffer::new(), tx: Vec::new(), started: std::time::Instant::now() }
    }

    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Reads what is there, or waits for it, but no longer than until `deadline`.
    fn read(&mut self, deadline: Option<Instant>) -> io::Result<Woken> {
        // What has come is read even when the deadline has passed; and a socket does not take "no time at all".
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

    /// Writes all that waits, in one call, and gives the memory of a large answer back.
    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.tx)?;
        self.tx.clear();
        self.tx.shrink_to(64 << 10);
        Ok(())
    }

    /// Ends our side, and waits for the client's.
    fn finish(mut self) -> io::Result<()> {
        let (patience, mut most) = LINGER;
        let until = self.now() + patience;
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return Ok(()); // the client was faster
        }
        self.rx.clear();
        while most > 0 && self.now() < until {
            let Ok(Woken::Bytes) = self.read(Some(until)) else { break };
            most = most.saturating_sub(self.rx.unread().len());
            self.rx.clear();
        }
        Ok(())
    }
}

struct Options {
    bind: String,
    port: u16,
    subprotocols: Vec<String>,
    is_quiet: bool,
    #[cfg(feature = "deflate")]
    deflate: Option<deflate::Config>,
}

impl Options {
    fn from_args() -> Self {
        let mut options = Self {
            bind: "127.0.0.1".into(),
            port: 8888,
            subprotocols: Vec::new(),
            is_quiet: false,
            #[cfg(feature = "deflate")]
            deflate: None,
        };
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let mut value = || args.next().unwrap_or_else(|| usage(&format!("{name} needs a value")));
            match name.as_str() {
                "--bind" => options.bind = value(),
                "--port" => options.port = value().parse().unwrap_or_else(|_| usage("--port needs a number")),
                "--subprotocol" => options.subprotocols.push(value()),
                "--quiet" => options.is_quiet = true,
                #[cfg(feature = "deflate")]
                "--deflate" => options.deflate = deflate(&value()),
                #[cfg(not(feature = "deflate"))]
                "--deflate" => usage("--deflate needs the feature of that name: --features deflate, before --example"),
                _ => usage(&format!("what is {name}?")),
            }
        }
        options
    }

    fn say(&self, line: std::fmt::Arguments<'_>) {
        if !self.is_quiet {
            say(line);
        }
    }
}

/// `on` keeps contexts from one message to the next; `lean` does not; anything else names parameters, as in
/// `takeover,window=10,level=6,min=0`.
#[cfg(feature = "deflate")]
fn deflate(text: &str) -> Option<deflate::Config> {
    let takeover = |config: deflate::Config| config.local_takeover(true).peer_takeover(true);
    let lean = deflate::Config::new().pool(deflate::Pool::new(2));
    match text {
        "off" => None,
        "lean" => Some(lean),
        "on" => Some(takeover(lean)),
        _ => Some(text.split(',').fold(lean, |config, param| {
            let (name, value) = param.split_once('=').unwrap_or((param, "0"));
            let value: usize = value.parse().unwrap_or_else(|_| usage("--deflate: not a number"));
            let small = u8::try_from(value).unwrap_or(u8::MAX);
            match (name, deflate::WindowBits::new(small)) {
                ("takeover", _) => takeover(config),
                ("window", Some(bits)) => config.local_window(bits).peer_window(bits),
                ("level", _) => config.level(small),
                ("min", _) => config.min_bytes(value),
                _ => usage(&format!("--deflate: what is {param}?")),
            }
        })),
    }
}

fn usage(trouble: &str) -> ! {
    eprintln!(
        "{trouble}\nusage: echo_server [--bind ADDRESS] [--port PORT] [--subprotocol NAME]… [--quiet] [--deflate off|on|lean|PARAMS (needs --features deflate)]"
    );
    std::process::exit(2)
}

/// Prints a line; that nobody reads it is no reason to stop serving.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
