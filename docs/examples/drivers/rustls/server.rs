//! wss, the server: `rustls` between the socket and the protocol.
//!
//! ```text
//! cargo run --release -p ws-rustls --bin ws-rustls-server [-- PORT [FILE]]      # the certificate goes to FILE
//! ```
//!
//! What it shares with the client is in `wire.rs`, and is the part to read first.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{Config, ServerSession};

use wire::{AnyError, Wire, keepalive};

mod wire;

/// The server: a certificate for `localhost` that is made now, and a thread for each client.
fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1);
    let port: u16 =
        args.next().map_or(Ok(8443), |port| port.parse().or(Err("usage: ws-rustls-server [PORT [FILE]]")))?;
    let file = args.next().unwrap_or("ws-rustls.pem".into());
    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    std::fs::write(file, made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.into()], key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()]; // a WebSocket over HTTP/2 begins otherwise
    let tls = Arc::new(tls);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on wss://localhost:{}/", listener.local_addr()?.port());
    loop {
        let tls = Arc::clone(&tls);
        let started = listener
            .accept()
            .and_then(|(stream, _)| thread::Builder::new().spawn(move || println!("{:?}", welcome(stream, tls))));
        if started.is_err() {
            thread::sleep(Duration::from_millis(50)); // out of files, most likely, or of threads
        }
    }
}

/// One client of the server.
fn welcome(stream: TcpStream, tls: Arc<ServerConfig>) -> Result<String, AnyError> {
    let mut wire = Wire::new(stream, ServerConnection::new(tls)?.into())?;
    let mut session = ServerSession::new(Handshake::new(), keepalive(Config::server()));
    wire::run(&mut wire, |wire| {
        // Pages of any site may talk to an echo. Where there are cookies, say `Origins::SameHost`.
        let open = session.open(&mut wire.rx, |handshake, rx| handshake.answer(rx, Origins::Any, &mut wire.tx));
        // A refusal or a violation is kept by `fault`, and `poll_transmit` tells the client.
        if let Ok(Some(connection)) = open {
            while let Ok(Some(event)) = connection.receive(&mut wire.rx) {
                match event.message() {
                    Some(message) if connection.can_send() => connection.send_message(message, &mut wire.tx)?,
                    _ => {}
                }
                connection.poll_transmit(&mut wire.tx)?;
            }
        }
        let _ = session.handle_timeout(wire.now()); // `fault` keeps it
        session.poll_transmit(&mut wire.tx)?;
        Ok((session.transport(), session.poll_timeout()))
    })?;
    Ok(format!("{:?}, fault {:?}", session.handle_eof(), session.fault()))
}
