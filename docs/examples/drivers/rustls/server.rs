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

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use websocket_proto::handshake::server;
use websocket_proto::{Config, Event};

use wire::{AnyError, Wire, keepalive};

mod wire;

/// The server: a certificate for `localhost` that is made now, and a thread for each client.
fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().map_or(Ok(8443), |port| port.parse())?;
    let file = args.next().unwrap_or("ws-rustls.pem".into());
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
            break accepted.connection(keepalive(Config::server()));
        }
        if !wire.read(handshake.poll_timeout())? {
            return Ok("gone before it was open".into());
        }
    };
    wire::run(&mut wire, &mut connection, |connection, event, tx| {
        match event {
            Event::Text(text) if connection.can_send() => connection.send_text(text, tx)?,
            Event::Binary(bytes) if connection.can_send() => connection.send_binary(bytes, tx)?,
            _ => {}
        }
        Ok(())
    })
}
