//! A proxy: what a client says goes on to a server, and back, message by message and in constant memory.
//!
//! ```text
//! cargo run --release -p ws-proxy -- PORT UPSTREAM          # such as 8889 ws://127.0.0.1:8888/
//! ```
//!
//! Messages are received in chunks and sent in fragments, so it does not matter how long they are: 10 GiB pass through
//! two buffers of 64 KiB. Nothing is put together and nothing is copied aside. Towards the client a chunk is written from
//! where it was read, behind a head that lies on the stack. Towards the server it is masked on its way into the send
//! buffer: that one pass is what RFC 6455 §5.3 asks for, under a key that the client does not know.
//!
//! One task owns both connections of a pair. Each direction reads only while the other end has taken what came before:
//! so a slow reader slows its writer down, and no queue grows. Pings are answered on each side by itself, for they ask
//! whether the next hop lives; a Close is passed on.

use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep_until, timeout};
use websocket_proto::State;
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::{Url, client, server};
use websocket_proto::{
    ChunkEvent, Client, Config, Connection, Instant, OsMaskKeys, Payload, RecvBuffer, Role, Server, Transport,
};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

const BUFFER_BYTES: usize = 64 << 10;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().collect();
    let [_, port, upstream] = &args[..] else { return Err("usage: ws-proxy PORT UPSTREAM".into()) };
    let upstream: &'static str = upstream.clone().leak();
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    println!("listening on ws://{}/ for {upstream}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let pair = timeout(Duration::from_secs(10), shake_hands(stream, upstream)).await;
            let end = match pair {
                Ok(Ok((mut front, mut back))) => pass(&mut front, &mut back).await,
                Ok(Err(error)) => Err(error),
                Err(late) => Err(late.into()),
            };
            println!("ended: {end:?}");
        });
    }
}

/// No limits: a message is passed on as it comes.
fn limits(config: Config) -> Config {
    let config = config.max_message_bytes(u64::MAX).max_fragments(u32::MAX);
    config.ping_interval(Some(Duration::from_secs(20))).pong_timeout(Some(Duration::from_secs(10)))
}

/// The client gets its answer once the server has given its own. (There are ten seconds for both together, so that the
/// clocks of the two handshakes need not run.)
async fn shake_hands(stream: TcpStream, upstream: &str) -> Result<(End<Server>, End<Client<OsMaskKeys>>), AnyError> {
    let (mut rx, mut tx) = (RecvBuffer::with_capacity(BUFFER_BYTES), Vec::new());
    let mut asked = server::Handshake::new();
    let (connection, back) = loop {
        match asked.receive(&mut rx)? {
            None => {}
            Some(request) => {
                let accept = request.accept(server::Origins::Any)?;
                let offers: Vec<&str> = accept.subprotocols().collect();
                match connect(upstream, &offers).await {
                    Ok((back, Some(name))) => {
                        break (
                            accept.subprotocol(offers[name])?.write(&mut tx)?.connection(limits(Config::server())),
                            back,
                        );
                    }
                    Ok((back, None)) => break (accept.write(&mut tx)?.connection(limits(Config::server())), back),
                    Err(error) => {
                        request.reply(502)?.write(&mut tx)?;
                        write_all(&stream, &tx).await?;
                        return Err(error);
                    }
                }
            }
        }
        read(&stream, &mut rx).await?;
    };
    write_all(&stream, &tx).await?;
    Ok((End::new(connection, stream, rx), back))
}

/// The connection to the server, and which of the client's subprotocols it has chosen.
async fn connect(upstream: &str, offers: &[&str]) -> Result<(End<Client<OsMaskKeys>>, Option<usize>), AnyError> {
    let url = Url::parse(upstream)?;
    let stream = TcpStream::connect((url.host(), url.port())).await?;
    let (mut rx, mut tx) = (RecvBuffer::with_capacity(BUFFER_BYTES), Vec::new());
    let mut asking = client::Handshake::with_random_nonce(client::Request::to(&url).subprotocols(offers)?)?;
    asking.write_request(&mut tx)?;
    write_all(&stream, &tx).await?;
    loop {
        match asking.receive(&mut rx)? {
            Some(client::Response::Established(agreed)) => {
                let connection = agreed.connection(limits(Config::client()), OsMaskKeys::new());
                let chosen = offers.iter().position(|offer| Some(*offer) == agreed.subprotocol());
                return Ok((End::new(connection, stream, rx), chosen));
            }
            Some(client::Response::Refused(refused)) => {
                return Err(format!("upstream says {}", refused.status()).into());
            }
            None => read(&stream, &mut rx).await?,
        }
    }
}

/// Passes messages both ways until both ends have ended.
async fn pass(front: &mut End<Server>, back: &mut End<Client<OsMaskKeys>>) -> Result<(), AnyError> {
    let started = tokio::time::Instant::now();
    while !(front.is_ended && back.is_ended) {
        forward(front, back)?;
        forward(back, front)?;
        let now = Instant::from_duration(started.elapsed());
        let deadline = [front.settle(now)?, back.settle(now)?].into_iter().flatten().min();
        let moment = started + deadline.unwrap_or_default().saturating_since(Instant::EPOCH);
        tokio::select! {
            ready = front.stream.readable(), if !front.is_ended && back.tx.is_empty() => ready.and_then(|()| front.read())?,
            ready = back.stream.readable(), if !back.is_ended && front.tx.is_empty() => ready.and_then(|()| back.read())?,
            ready = front.stream.writable(), if !front.tx.is_empty() => ready?,
            ready = back.stream.writable(), if !back.tx.is_empty() => ready?,
            () = sleep_until(moment), if deadline.is_some() => {}
        }
    }
    Ok(())
}

/// What `from` has received goes to `to`, as long as `to` takes it.
fn forward<A: Role, B: Role>(from: &mut End<A>, to: &mut End<B>) -> Result<(), AnyError> {
    to.flush()?;
    while to.tx.is_empty() {
        match from.connection.receive_chunk(&mut from.rx) {
            Ok(Some(ChunkEvent::Chunk(chunk))) if !to.is_closing() => to.send(chunk.payload, chunk.is_last)?,
            Ok(Some(ChunkEvent::Close(close))) if to.connection.can_send() => {
                to.connection.close(close.code, close.reason, &mut to.tx)?;
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break, // `settle` sees to an error
        }
        from.connection.poll_transmit(&mut from.tx)?;
        to.flush()?;
    }
    // An end that has failed, or has gone without a Close, takes the other one with it.
    if (from.is_ended || from.connection.fault().is_some()) && to.connection.can_send() {
        to.connection.close(CloseCode::GOING_AWAY, "", &mut to.tx)?;
    }
    Ok(())
}

/// One of the two connections.
struct End<R> {
    connection: Connection<R>,
    stream: TcpStream,
    rx: RecvBuffer<Vec<u8>>,
    /// What the socket has not taken yet: never more than one fragment, and a control frame or two.
    tx: Vec<u8>,
    is_ended: bool,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>, stream: TcpStream, rx: RecvBuffer<Vec<u8>>) -> Self {
        let _ = stream.set_nodelay(true);
        Self { connection, stream, rx, tx: Vec::new(), is_ended: false }
    }

    /// Whether a message that has begun cannot go on.
    fn is_closing(&self) -> bool {
        self.is_ended || self.connection.state() != State::Open
    }

    /// Sends a chunk as a fragment.
    fn send(&mut self, chunk: Payload<'_>, is_last: bool) -> Result<(), AnyError> {
        let (kind, bytes) = (chunk.kind(), chunk.as_bytes());
        if !R::IS_SERVER {
            return Ok(self.connection.send_fragment(kind, bytes, is_last, &mut self.tx)?);
        }
        let head = self.connection.fragment_head(kind, bytes.len() as u64, is_last)?;
        let taken = match self.stream.try_write_vectored(&[IoSlice::new(head.as_bytes()), IoSlice::new(bytes)]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            count => count?,
        };
        let in_head = taken.min(head.as_bytes().len());
        self.tx.extend_from_slice(&head.as_bytes()[in_head..]);
        self.tx.extend_from_slice(&bytes[taken - in_head..]);
        Ok(())
    }

    /// Tells the time, writes what is owed, and does with the transport what is to be done; it gives the next deadline.
    fn settle(&mut self, now: Instant) -> Result<Option<Instant>, AnyError> {
        if self.connection.poll_timeout().is_some_and(|deadline| deadline <= now) {
            let _ = self.connection.handle_timeout(now); // `fault` keeps it
        }
        self.connection.poll_transmit(&mut self.tx)?;
        self.flush()?;
        match self.connection.transport() {
            // In each turn, as long as it is so: refused once both sides have ended, which the next read tells.
            Transport::FlushThenClose if self.tx.is_empty() && !self.is_ended => {
                let _ = socket2::SockRef::from(&self.stream).shutdown(Shutdown::Write);
            }
            Transport::Closed => self.is_ended = true,
            _ => {}
        }
        Ok(self.connection.poll_timeout())
    }

    fn read(&mut self) -> std::io::Result<()> {
        match self.stream.try_read(self.rx.spare_mut()) {
            Ok(0) => {
                self.is_ended = true;
                self.connection.handle_eof();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            count => self.rx.filled(count?),
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if !self.tx.is_empty() && !self.is_ended {
            match self.stream.try_write(&self.tx) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                count => drop(self.tx.drain(..count?)),
            }
        }
        Ok(())
    }
}

async fn read(stream: &TcpStream, rx: &mut RecvBuffer<Vec<u8>>) -> std::io::Result<()> {
    stream.readable().await?;
    match stream.try_read(rx.spare_mut()) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        count => count.map(|count| rx.filled(count)),
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            count => bytes = &bytes[count?..],
        }
    }
    Ok(())
}
