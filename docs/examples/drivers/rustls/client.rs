//! wss, the client: `rustls` between the socket and the protocol.
//!
//! ```text
//! cargo run --release -p ws-rustls --bin ws-rustls-client -- wss://localhost:8443/ ws-rustls.pem    # lines out, echoes back
//! ```
//!
//! It trusts the certificate in the file, and no other. What it shares with the server is in `wire.rs`, and is the part to
//! read first.

use std::io::{self, BufRead};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::{Url, client};
use websocket_proto::{Config, Connection, Event, OsMaskKeys};

use wire::{AnyError, Wire, keepalive};

mod wire;

/// The client: sends the lines of standard input one by one, and prints what comes back.
fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().collect();
    let [_, url, file] = &args[..] else { return Err("usage: ws-rustls-client URL FILE".into()) };
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
                break agreed.connection(keepalive(Config::client()), OsMaskKeys::new());
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
    wire::run(&mut wire, |wire| {
        // A violation ends the loop, too: `fault` keeps it, and `poll_transmit` tells the server.
        while let Ok(Some(event)) = connection.receive(&mut wire.rx) {
            if let Event::Text(text) = event {
                println!("{text}");
                send_next(&mut connection, &mut wire.tx)?;
            }
            connection.poll_transmit(&mut wire.tx)?;
        }
        let _ = connection.handle_timeout(wire.now()); // `fault` keeps it
        connection.poll_transmit(&mut wire.tx)?;
        Ok((connection.transport(), connection.poll_timeout()))
    })?;
    eprintln!("{:?}, fault {:?}", connection.handle_eof(), connection.fault());
    Ok(())
}
