//! Both roles in fixed arrays: what a microcontroller runs, with the wire between two arrays.

use websocket_proto::close::CloseCode;
use websocket_proto::handshake::{client, server};
use websocket_proto::{
    Client, Config, Connection, Error, Event, MessageKind, RecvBuffer, SendBuffer, SendSlice, Server,
};

/// Enough for a head of the handshake, or for the longest message here.
const BUFFER_BYTES: usize = 512;

type Keys = fn() -> [u8; 4];

/// One end: its connection, and all the memory it will ever use.
struct End<R> {
    connection: Connection<R>,
    rx: RecvBuffer<[u8; BUFFER_BYTES]>,
}

/// The two ends of a wire.
struct Wire {
    client: End<Client<Keys>>,
    server: End<Server>,
}

/// From the first byte to the last; `print` gets a line for each thing that happens.
pub(crate) fn hold(mut print: impl FnMut(&str)) -> Result<(), Error> {
    let mut wire = shake_hands()?;
    print("both ends are open");
    let mut memory = [0; BUFFER_BYTES];

    let mut tx = SendSlice::new(&mut memory);
    wire.client.connection.send_text("a message in one frame", &mut tx)?;
    wire.client.connection.send_fragment(MessageKind::Text, b"a message ", false, &mut tx)?;
    wire.client.connection.send_ping(b"between fragments", &mut tx)?;
    wire.client.connection.send_fragment(MessageKind::Text, b"in two", true, &mut tx)?;
    wire.client.connection.close(CloseCode::NORMAL, "that was all", &mut tx)?;

    let mut answers = [0; BUFFER_BYTES];
    let mut back = SendSlice::new(&mut answers);
    carry(tx.as_slice(), &mut wire.server, &mut back, &mut print)?;
    carry(back.as_slice(), &mut wire.client, &mut SendSlice::new(&mut memory), &mut print)?;

    let ending = wire.server.connection.handle_eof();
    print(if ending.is_clean { "closed cleanly" } else { "not closed cleanly" });
    Ok(())
}

/// Brings bytes to an end, a few at a time as a serial line would, and lets a server echo.
fn carry<R: websocket_proto::Role>(
    bytes: &[u8],
    end: &mut End<R>,
    tx: &mut impl SendBuffer,
    print: &mut impl FnMut(&str),
) -> Result<(), Error> {
    for few in bytes.chunks(7) {
        let mut rest = few;
        while !rest.is_empty() {
            let taken = end.rx.extend_from_slice(rest);
            rest = rest.get(taken..).unwrap_or_default();
            while let Some(event) = end.connection.receive(&mut end.rx)? {
                match event {
                    Event::Text(text) => {
                        print(text);
                        if R::IS_SERVER {
                            end.connection.send_text(text, tx)?;
                        }
                    }
                    Event::Binary(_) => print("bytes"),
                    Event::Ping(_) => print("a ping"),
                    Event::Pong(_) => print("a pong"),
                    Event::Close(close) => print(close.reason),
                }
                end.connection.poll_transmit(tx)?;
            }
        }
    }
    Ok(())
}

fn shake_hands() -> Result<Wire, Error> {
    let (mut request_bytes, mut answer_bytes) = ([0; BUFFER_BYTES], [0; BUFFER_BYTES]);
    let mut to_server = SendSlice::new(&mut request_bytes);
    let mut to_client = SendSlice::new(&mut answer_bytes);
    let mut server_rx = RecvBuffer::from([0; BUFFER_BYTES]);
    let mut client_rx = RecvBuffer::from([0; BUFFER_BYTES]);

    // On a real device both come from its random number generator.
    let nonce = *b"16 random bytes!";
    let keys: Keys = || [0x37, 0xfa, 0x21, 0x3d];

    let mut asking = client::Handshake::new(client::Request::new("sensor.local", "/readings")?, nonce);
    asking.write_request(&mut to_server)?;

    let _ = server_rx.extend_from_slice(to_server.as_slice());
    let Some(asked) = server::Handshake::new().receive(&mut server_rx)? else { return Err(INCOMPLETE) };
    let server = asked.accept(server::Origins::SameHost)?.write(&mut to_client)?.connection(Config::server());

    let _ = client_rx.extend_from_slice(to_client.as_slice());
    let Some(client::Response::Established(agreed)) = asking.receive(&mut client_rx)? else { return Err(INCOMPLETE) };
    let client = agreed.connection(Config::client(), keys);

    Ok(Wire { client: End { connection: client, rx: client_rx }, server: End { connection: server, rx: server_rx } })
}

/// A head did not come whole; it cannot happen here, where the wire is two arrays.
const INCOMPLETE: Error = Error::Handshake(websocket_proto::HandshakeError::Eof);
