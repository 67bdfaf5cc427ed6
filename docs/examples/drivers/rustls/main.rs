//! wss: the same run loop on both sides, with `rustls` between it and the socket.
//!
//! ```text
//! cargo run --release -p ws-rustls -- server 8443                  # writes its certificate to ws-rustls.pem
//! cargo run --release -p ws-rustls -- client wss://localhost:8443/ ws-rustls.pem    # lines out, echoes back
//! ```
//!
//! `rustls` is a state machine like this crate, so the two stand side by side, and [`Wire`] carries bytes between them:
//! from the socket through TLS into the receive buffer, and from the send buffer through TLS to the socket. Two things
//! are worth a look. The socket is waited for only when TLS has no bytes left. And the end of the stream is signed:
//! `close_notify` goes out before the socket is shut, so that nobody can cut a conversation short unseen.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::{Url, client, server};
use websocket_proto::{Config, Connection, Event, Instant, OsMaskKeys, RecvBuffer, Role, Transport};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", port] => serve(port.parse()?, "ws-rustls.pem"),
        ["server", port, file] => serve(port.parse()?, file),
        ["client", url, file] => talk(url, file),
        _ => Err("usage: ws-rustls server PORT [FILE] | client URL FILE".into()),
    }
}

/// The server: a certificate for `localhost` that is made now, and a thread for each client.
fn serve(port: u16, file: &str) -> Result<(), AnyError> {
    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    std::fs::write(file, made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.into()], key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()]; // a WebSocket over HTTP/2 begins otherwise
    let tls = Arc::new(tls);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on wss://localhost:{}/", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let (stream, tls) = (stream?, Arc::clone(&tls));
        thread::spawn(move || println!("{:?}", welcome(stream, tls)));
    }
    Ok(())
}

/// One client of the server.
fn welcome(stream: TcpStream, tls: Arc<ServerConfig>) -> Result<String, AnyError> {
    let mut wire = Wire::new(stream, ServerConnection::new(tls)?.into())?;
    let mut handshake = server::Handshake::new();
    let mut connection = loop {
        let _ = handshake.handle_timeout(wire.now()); // an error of this, `answer` gives again
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        let answered = handshake.answer(&mut wire.rx, server::Origins::Any, &mut wire.tx);
        wire.flush()?;
        if let Some(accepted) = answered? {
            break accepted.connection(config(Config::server()));
        }
        if !wire.read(handshake.poll_timeout())? {
            return Ok("gone before it was open".into());
        }
    };
    run(&mut wire, &mut connection, |connection, event, tx| {
        match event {
            Event::Text(text) if connection.can_send() => connection.send_text(text, tx)?,
            Event::Binary(bytes) if connection.can_send() => connection.send_binary(bytes, tx)?,
            _ => {}
        }
        Ok(())
    })
}

/// The client: sends the lines of standard input one by one, and prints what comes back.
fn talk(url: &str, file: &str) -> Result<(), AnyError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file)?)?;
    let tls = Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth());
    let url = Url::parse(url)?;
    let name = ServerName::try_from(url.host().to_owned())?;
    let mut wire = Wire::new(TcpStream::connect((url.host(), url.port()))?, ClientConnection::new(tls, name)?.into())?;
    let mut handshake = client::Handshake::with_random_nonce(client::Request::to(&url))?;
    handshake.write_request(&mut wire.tx)?;
    let mut connection = loop {
        wire.flush()?;
        handshake.handle_timeout(wire.now())?;
        match handshake.receive(&mut wire.rx)? {
            Some(client::Response::Established(agreed)) => {
                break agreed.connection(config(Config::client()), OsMaskKeys::new());
            }
            Some(client::Response::Refused(refused)) => {
                return Err(format!("the server says {}", refused.status()).into());
            }
            None => {}
        }
        if !wire.read(handshake.poll_timeout())? {
            return Ok(handshake.handle_eof()?);
        }
    };
    let mut lines = io::stdin().lock().lines();
    let mut send_next = |connection: &mut Connection<_>, tx: &mut Vec<u8>| match lines.next() {
        Some(line) => Ok::<_, AnyError>(connection.send_text(&line?, tx)?),
        None => Ok(connection.close(CloseCode::NORMAL, "", tx)?),
    };
    send_next(&mut connection, &mut wire.tx)?;
    let end = run(&mut wire, &mut connection, |connection, event, tx| match event {
        Event::Text(text) => {
            println!("{text}");
            send_next(connection, tx)
        }
        _ => Ok(()),
    })?;
    eprintln!("{end}");
    Ok(())
}

fn config(config: Config) -> Config {
    config.ping_interval(Some(Duration::from_secs(20))).pong_timeout(Some(Duration::from_secs(10)))
}

/// The run loop of either side.
fn run<R: Role>(
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
struct Wire {
    socket: TcpStream,
    tls: rustls::Connection,
    rx: RecvBuffer<Vec<u8>>,
    tx: Vec<u8>,
    started: std::time::Instant,
}

impl Wire {
    fn new(socket: TcpStream, mut tls: rustls::Connection) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(Duration::from_secs(10)))?;
        tls.set_buffer_limit(None); // what is written is flushed at once
        Ok(Self { socket, tls, rx: RecvBuffer::new(), tx: Vec::new(), started: std::time::Instant::now() })
    }

    fn now(&self) -> Instant {
        Instant::from_duration(self.started.elapsed())
    }

    /// Reads what is there, or waits for it, but no longer than until `deadline`; false at the end of the stream.
    fn read(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
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

    fn flush(&mut self) -> io::Result<()> {
        self.tls.writer().write_all(&self.tx)?;
        self.tx.clear();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Says that there will be no more, once.
    fn end(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.flush()?;
        self.socket.shutdown(Shutdown::Write)
    }
}
