//! A client for the console: lines go out as messages, answers come back as lines.
//!
//! ```text
//! cargo run --release --features getrandom --example echo_client -- URL [--binary] [--subprotocol NAME]… [--origin ORIGIN]
//!     --count MESSAGES --size BYTES   instead of lines: send generated messages one by one, and check their echoes
//!     --fragment BYTES                send each message in fragments of that size, with a Ping after each but the last
//!     --deflate on | lean | PARAMS    compress (with `--features deflate`)
//!     --autobahn AGENT                instead of lines: be tested by the Autobahn suite's server at URL
//! ```
//!
//! Two threads wait, one for lines and one for bytes, and hand what they get to the main thread, which alone owns the
//! connection. So the run loop, [`Client::run`], has one place to wait at, and that place has a deadline. What is done
//! with messages and lines is a [`Task`].

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use websocket_proto::close::CloseCode;
#[cfg(feature = "deflate")]
use websocket_proto::deflate;
use websocket_proto::handshake::Url;
use websocket_proto::handshake::client::{Handshake, Request, Response};
use websocket_proto::{
    Client as ClientRole, Config, Connection, Ending, Event, Instant, MessageKind, OsMaskKeys, Payload, RecvBuffer,
    SendError, Transport,
};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() {
    let options = Options::from_args();
    let outcome = match &options.autobahn {
        Some(agent) => autobahn(&options, agent),
        None => talk(&options),
    };
    if let Err(error) = outcome {
        eprintln!("echo_client: {error}");
        std::process::exit(1);
    }
}

/// One conversation: lines of standard input, or generated messages.
fn talk(options: &Options) -> Result<(), AnyError> {
    let mut client = Client::connect(&options.url, options)?;
    let (ending, missing) = match options.count {
        Some(count) => {
            let mut task = CheckEchoes { options, left: count };
            (client.run(&mut task)?, task.left)
        }
        None => {
            read_lines(client.waker.clone());
            let mut task = RelayLines { options, outstanding: 0, at_end: false };
            (client.run(&mut task)?, task.outstanding)
        }
    };
    eprintln!("closed: {} {}", ending.code, client.reason);
    match options.count {
        _ if !ending.is_clean => Err("the connection did not end cleanly".into()),
        Some(_) if missing > 0 => Err(format!("{missing} echoes are missing").into()),
        Some(count) => {
            println!("ok {count} x {}", options.size);
            Ok(())
        }
        None => Ok(()),
    }
}

/// What the Autobahn suite's server asks of a client under test.
fn autobahn(options: &Options, agent: &str) -> Result<(), AnyError> {
    let base = options.url.trim_end_matches('/');
    let mut answer = KeepText(String::new());
    Client::connect(&format!("{base}/getCaseCount"), options)?.run(&mut answer)?;
    let count: u32 = answer.0.trim().parse()?;
    for case in 1..=count {
        let mut client = Client::connect(&format!("{base}/runCase?case={case}&agent={agent}"), options)?;
        // Many cases end in a violation by the server: that is the test, and the suite keeps the score.
        let _ = client.run(&mut EchoBack);
    }
    Client::connect(&format!("{base}/updateReports?agent={agent}"), options)?.run(&mut EchoBack)?;
    println!("{count} cases run");
    Ok(())
}

/// What a conversation is about.
trait Task {
    /// The connection is open.
    fn start(&mut self, _: &mut Link) -> Result<(), AnyError> {
        Ok(())
    }

    /// A message has come.
    fn message(&mut self, link: &mut Link, message: Payload<'_>) -> Result<(), AnyError>;

    /// A line was read; `None` at the end of standard input.
    fn line(&mut self, _: &mut Link, _: Option<&str>) -> Result<(), AnyError> {
        Ok(())
    }
}

struct EchoBack;

impl Task for EchoBack {
    fn message(&mut self, link: &mut Link, message: Payload<'_>) -> Result<(), AnyError> {
        Ok(link.send(message.kind(), message.as_bytes(), None)?)
    }
}

struct KeepText(String);

impl Task for KeepText {
    fn message(&mut self, _: &mut Link, message: Payload<'_>) -> Result<(), AnyError> {
        self.0 = String::from_utf8_lossy(message.as_bytes()).into_owned();
        Ok(())
    }
}

struct RelayLines<'a> {
    options: &'a Options,
    /// Lines that were sent and have not come back.
    outstanding: usize,
    at_end: bool,
}

impl RelayLines<'_> {
    fn close_if_done(&self, link: &mut Link) -> Result<(), AnyError> {
        if self.at_end && self.outstanding == 0 {
            link.close()?;
        }
        Ok(())
    }
}

impl Task for RelayLines<'_> {
    fn message(&mut self, link: &mut Link, message: Payload<'_>) -> Result<(), AnyError> {
        io::stdout().write_all(&[message.as_bytes(), b"\n"].concat())?;
        self.outstanding = self.outstanding.saturating_sub(1);
        self.close_if_done(link)
    }

    fn line(&mut self, link: &mut Link, line: Option<&str>) -> Result<(), AnyError> {
        match line {
            Some(line) => {
                link.send(self.options.kind, line.as_bytes(), self.options.fragment)?;
                self.outstanding += 1;
            }
            None => self.at_end = true,
        }
        self.close_if_done(link)
    }
}

/// Sends one message at a time, each a little different, and waits for its echo.
struct CheckEchoes<'a> {
    options: &'a Options,
    left: usize,
}

impl CheckEchoes<'_> {
    fn payload(&self) -> Vec<u8> {
        (0..self.options.size).map(|index| b'a' + ((index / 7 + self.left) % 26) as u8).collect()
    }

    fn send_next(&self, link: &mut Link) -> Result<(), AnyError> {
        match self.left {
            0 => link.close(),
            _ => Ok(link.send(self.options.kind, &self.payload(), self.options.fragment)?),
        }
    }
}

impl Task for CheckEchoes<'_> {
    fn start(&mut self, link: &mut Link) -> Result<(), AnyError> {
        self.send_next(link)
    }

    fn message(&mut self, link: &mut Link, message: Payload<'_>) -> Result<(), AnyError> {
        if message.kind() != self.options.kind || message.as_bytes() != self.payload() {
            return Err("the echo differs from what was sent".into());
        }
        self.left -= 1;
        self.send_next(link)
    }
}

/// The sending half: what a task needs.
struct Link {
    connection: Connection<ClientRole<OsMaskKeys>>,
    tx: Vec<u8>,
}

impl Link {
    /// Sends one message, in fragments if a size for them is given. After a Close nothing is sent.
    fn send(&mut self, kind: MessageKind, bytes: &[u8], fragment: Option<usize>) -> Result<(), SendError> {
        if !self.connection.can_send() {
            return Ok(());
        }
        let mut pieces = bytes.chunks(fragment.unwrap_or(usize::MAX)).peekable();
        if pieces.peek().is_none() {
            return self.connection.send_fragment(kind, &[], true, &mut self.tx);
        }
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            self.connection.send_fragment(kind, piece, is_last, &mut self.tx)?;
            if !is_last {
                self.connection.send_ping(b"between fragments", &mut self.tx)?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), AnyError> {
        Ok(self.connection.close(CloseCode::NORMAL, "", &mut self.tx)?)
    }
}

/// What the main thread waits for.
enum Woken {
    Bytes(Vec<u8>),
    EndOfBytes,
    Line(String),
    EndOfLines,
}

/// A connection with its transport.
struct Client {
    link: Link,
    rx: RecvBuffer<Vec<u8>>,
    stream: TcpStream,
    inbox: Receiver<Woken>,
    waker: Sender<Woken>,
    started: std::time::Instant,
    /// The reason that the server gave for closing.
    reason: String,
}

impl Client {
    /// Opens the transport and shakes hands.
    fn connect(url: &str, options: &Options) -> Result<Self, AnyError> {
        let url = Url::parse(url)?;
        if url.is_secure() {
            return Err("this example speaks no TLS: ws:// only".into());
        }
        let subprotocols: Vec<&str> = options.subprotocols.iter().map(String::as_str).collect();
        let mut request = Request::to(&url).subprotocols(&subprotocols)?;
        if let Some(origin) = &options.origin {
            request = request.origin(origin)?;
        }
        #[cfg(feature = "deflate")]
        if let Some(config) = &options.deflate {
            request = request.deflate(config);
        }
        let mut stream = TcpStream::connect((url.host(), url.port()))?;
        stream.set_nodelay(true)?;
        let mut rx = RecvBuffer::new();
        let connection = shake_hands(&mut stream, &mut rx, request)?;
        let (waker, inbox) = channel();
        read_bytes(stream.try_clone()?, waker.clone());
        let started = std::time::Instant::now();
        let link = Link { connection, tx: Vec::new() };
        Ok(Self { link, rx, stream, inbox, waker, started, reason: String::new() })
    }

    /// The run loop, up to the end of the transport.
    fn run(&mut self, task: &mut impl Task) -> Result<Ending, AnyError> {
        task.start(&mut self.link)?;
        let mut bytes = Vec::new();
        loop {
            let received = self.receive_all(&bytes, task);
            let in_time = self.link.connection.handle_timeout(Instant::from_duration(self.started.elapsed()));
            self.flush()?;
            received?;
            in_time?;
            match self.link.connection.transport() {
                Transport::Open | Transport::AwaitPeerClose => {}
                Transport::FlushThenClose | Transport::Closed => break,
            }
            bytes.clear();
            match self.wait()? {
                Some(Woken::Bytes(read)) => bytes = read,
                Some(Woken::EndOfBytes) => break,
                Some(Woken::Line(line)) => task.line(&mut self.link, Some(&line))?,
                Some(Woken::EndOfLines) => task.line(&mut self.link, None)?,
                None => {}
            }
        }
        let _ = self.stream.shutdown(Shutdown::Both); // the server may have been faster
        Ok(self.link.connection.handle_eof())
    }

    /// Receives all of `bytes` and what is still in the buffer; answers into the send buffer.
    fn receive_all(&mut self, mut bytes: &[u8], task: &mut impl Task) -> Result<(), AnyError> {
        loop {
            let taken = self.rx.extend_from_slice(bytes);
            bytes = &bytes[taken..];
            let received = self.receive_buffered(task);
            self.link.connection.poll_transmit(&mut self.link.tx)?;
            received?;
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    fn receive_buffered(&mut self, task: &mut impl Task) -> Result<(), AnyError> {
        while let Some(event) = self.link.connection.receive(&mut self.rx)? {
            match event {
                Event::Text(text) => task.message(&mut self.link, Payload::Text(text))?,
                Event::Binary(bytes) => task.message(&mut self.link, Payload::Binary(bytes))?,
                Event::Ping(_) | Event::Pong(_) => {}
                Event::Close(close) => self.reason = close.reason.to_owned(),
            }
            self.link.connection.poll_transmit(&mut self.link.tx)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.link.tx)?;
        self.link.tx.clear();
        Ok(())
    }

    /// Waits until something happens; `None` when a deadline has passed.
    fn wait(&mut self) -> Result<Option<Woken>, AnyError> {
        let now = Instant::from_duration(self.started.elapsed());
        let woken = match self.link.connection.poll_timeout() {
            None => Some(self.inbox.recv()?),
            Some(deadline) => match self.inbox.recv_timeout(deadline.saturating_since(now)) {
                Ok(woken) => Some(woken),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Err("nobody is left to wait for".into()),
            },
        };
        Ok(woken)
    }
}

/// The opening handshake, with blocking reads.
fn shake_hands(
    stream: &mut TcpStream,
    rx: &mut RecvBuffer<Vec<u8>>,
    request: Request<'_>,
) -> Result<Connection<ClientRole<OsMaskKeys>>, AnyError> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut handshake = Handshake::with_random_nonce(request)?;
    let mut tx = Vec::new();
    handshake.write_request(&mut tx)?;
    stream.write_all(&tx)?;
    loop {
        match handshake.receive(rx)? {
            Some(Response::Established(established)) => {
                if let Some(name) = established.subprotocol() {
                    eprintln!("subprotocol: {name}");
                }
                #[cfg(feature = "deflate")]
                if let Some(params) = established.deflate() {
                    eprintln!("extension: {params}");
                }
                stream.set_read_timeout(None)?;
                return Ok(established.connection(Config::client(), OsMaskKeys::new()));
            }
            Some(Response::Refused(refused)) => {
                return Err(format!("the server answers {} {}", refused.status(), refused.reason()).into());
            }
            None => match stream.read(rx.spare_mut())? {
                0 => handshake.handle_eof()?,
                count => rx.filled(count),
            },
        }
    }
}

fn read_bytes(mut stream: TcpStream, waker: Sender<Woken>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if waker.send(Woken::Bytes(buffer[..count].to_vec())).is_err() {
                return;
            }
        }
        let _ = waker.send(Woken::EndOfBytes);
    });
}

fn read_lines(waker: Sender<Woken>) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if waker.send(Woken::Line(line)).is_err() {
                return;
            }
        }
        let _ = waker.send(Woken::EndOfLines);
    });
}

struct Options {
    url: String,
    kind: MessageKind,
    subprotocols: Vec<String>,
    origin: Option<String>,
    fragment: Option<usize>,
    size: usize,
    count: Option<usize>,
    autobahn: Option<String>,
    #[cfg(feature = "deflate")]
    deflate: Option<deflate::Config>,
}

impl Options {
    fn from_args() -> Self {
        let mut options = Self {
            url: String::new(),
            kind: MessageKind::Text,
            subprotocols: Vec::new(),
            origin: None,
            fragment: None,
            size: 16,
            count: None,
            autobahn: None,
            #[cfg(feature = "deflate")]
            deflate: None,
        };
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let mut value = || args.next().unwrap_or_else(|| usage(&format!("{name} needs a value")));
            match name.as_str() {
                "--binary" => options.kind = MessageKind::Binary,
                "--subprotocol" => options.subprotocols.push(value()),
                "--origin" => options.origin = Some(value()),
                "--fragment" => options.fragment = Some(number(&value()).max(1)),
                "--size" => options.size = number(&value()),
                "--count" => options.count = Some(number(&value())),
                "--autobahn" => options.autobahn = Some(value()),
                #[cfg(feature = "deflate")]
                "--deflate" => options.deflate = deflate(&value()),
                _ if options.url.is_empty() && !name.starts_with('-') => options.url = name,
                _ => usage(&format!("what is {name}?")),
            }
        }
        if options.url.is_empty() {
            usage("a URL is needed");
        }
        options
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

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| usage(&format!("{text} is not a number")))
}

fn usage(trouble: &str) -> ! {
    eprintln!(
        "{trouble}\nusage: echo_client URL [--binary] [--subprotocol NAME]… [--origin ORIGIN] [--fragment BYTES] \
         [--deflate off|on|lean|PARAMS (needs --features deflate)] [--count MESSAGES --size BYTES | --autobahn AGENT]"
    );
    std::process::exit(2)
}
