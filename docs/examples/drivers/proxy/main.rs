//! A proxy: what a client says goes on to a server, and back, message by message and in constant memory.
//!
//! ```text
//! cargo run --release -p ws-proxy -- PORT UPSTREAM          # such as 8889 ws://127.0.0.1:8888/
//! ```
//!
//! Messages are received in chunks and sent in fragments, so it does not matter how long they are: 10 GiB pass through
//! two buffers of 64 KiB. Nothing is put together. Towards the client a large chunk is written from where it was read,
//! behind a head that lies on the stack; small ones are gathered for one write. Towards the server a chunk is masked on
//! its way into the send buffer: that one pass is what RFC 6455 §5.3 asks for, under a key that the client does not know.
//!
//! One task owns both connections of a pair. Each direction reads only while the other end has taken what came before:
//! so a slow reader slows its writer down, and no queue grows. Pings are answered on each side by itself, for they ask
//! whether the next hop lives; a Close is passed on.

use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::time::{sleep, timeout};
use websocket_proto::close::CloseCode;
use websocket_proto::handshake::{Url, client, server};
use websocket_proto::{Chunk, ChunkEvent, Config, Connection, Instant, OsMaskKeys, RecvBuffer, Role, Transport};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const BUFFER_BYTES: usize = 64 << 10;
/// From this size on a chunk goes to the client from where it was read.
const LARGE_BYTES: usize = 8 << 10;
/// How long an end may take nothing of what it is sent, while nothing else moves.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, port, upstream] = &args[..] else { return Err("usage: ws-proxy PORT UPSTREAM".into()) };
    let upstream = Url::parse(upstream.clone().leak())?;
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    println!("listening on ws://{}/ for {}", listener.local_addr()?, upstream.authority());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(async move { println!("ended: {:?}", pass(stream, upstream).await) })),
            Err(_) => sleep(Duration::from_millis(50)).await, // out of files, most likely
        }
    }
}

/// No limits: a message is passed on as it comes.
fn limits(config: Config) -> Config {
    let config = config.max_message_bytes(u64::MAX).max_fragments(u32::MAX);
    config.ping_interval(Some(Duration::from_secs(20))).pong_timeout(Some(Duration::from_secs(10)))
}

/// The client gets its answer once the server has given its own. (There are ten seconds for both together, so that the
/// clocks of the two handshakes need not run.)
async fn shake_hands(mut stream: TcpStream, upstream: Url<'static>) -> Result<(End<impl Role>, End<impl Role>)> {
    let (mut rx, mut tx) = (RecvBuffer::with_capacity(BUFFER_BYTES), Vec::new());
    let mut handshake = server::Handshake::new();
    let granting = async {
        let request = loop {
            match handshake.receive(&mut rx)? {
                Some(request) => break request,
                None => read(&mut stream, &mut rx).await?,
            }
        };
        let accept = request.accept(server::Origins::Any)?; // whose pages may come is for the server to say
        let offers: Vec<&str> = accept.subprotocols().collect();
        let (back, chosen) = connect(upstream, &offers).await.map_err(|error| format!("upstream: {error}"))?;
        Ok((accept.choose_subprotocol(chosen.as_slice()).write(&mut tx)?.connection(limits(Config::server())), back))
    };
    let granted: Result<_> = granting.await;
    if let Err(error) = &granted {
        let status = error.downcast_ref().map_or(502, |error: &websocket_proto::HandshakeError| error.status());
        server::Reply::new(status)?.write(&mut tx)?;
    }
    stream.write_all(&tx).await?;
    granted.map(|(connection, back)| (End::new(connection, stream, rx), back))
}

/// The connection to the server, and which of the client's subprotocols it has chosen.
async fn connect<'a>(upstream: Url<'a>, offers: &'a [&'a str]) -> Result<(End<impl Role + use<>>, Option<&'a str>)> {
    let mut stream = TcpStream::connect((upstream.host(), upstream.port())).await?;
    let (mut rx, mut tx) = (RecvBuffer::with_capacity(BUFFER_BYTES), Vec::new());
    let mut handshake = client::Handshake::with_random_nonce(client::Request::to(&upstream).subprotocols(offers)?)?;
    handshake.write_request(&mut tx)?;
    stream.write_all(&tx).await?;
    let agreed = loop {
        match handshake.receive(&mut rx)? {
            Some(response) => break response.established()?,
            None => read(&mut stream, &mut rx).await?,
        }
    };
    let (connection, chosen) = (agreed.connection(limits(Config::client()), OsMaskKeys::new()), agreed.subprotocol());
    Ok((End::new(connection, stream, rx), chosen))
}

async fn read(stream: &mut TcpStream, rx: &mut RecvBuffer<Vec<u8>>) -> io::Result<()> {
    let count = stream.read(rx.spare_mut()).await?;
    rx.filled(count);
    if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Passes messages both ways until both ends have ended.
async fn pass(stream: TcpStream, upstream: Url<'static>) -> Result<()> {
    let (mut front, mut back) = timeout(Duration::from_secs(10), shake_hands(stream, upstream)).await??;
    let started = std::time::Instant::now();
    while !(front.is_ended() && back.is_ended()) {
        forward(&mut front, &mut back)?;
        forward(&mut back, &mut front)?;
        let now = Instant::from_duration(started.elapsed());
        let deadlines = [front.settle(now, back.tx.is_empty()).await?, back.settle(now, front.tx.is_empty()).await?];
        let deadline = deadlines.into_iter().flatten().min();
        tokio::select! {
            // An end is read only while the other has taken what came before.
            count = front.reader.read(front.rx.spare_mut()), if back.tx.is_empty() && !front.is_ended() => front.received(count?),
            count = back.reader.read(back.rx.spare_mut()), if front.tx.is_empty() && !back.is_ended() => back.received(count?),
            count = timeout(PATIENCE, front.writer.write(&front.tx)), if !front.tx.is_empty() => drop(front.tx.drain(..count??)),
            count = timeout(PATIENCE, back.writer.write(&back.tx)), if !back.tx.is_empty() => drop(back.tx.drain(..count??)),
            () = sleep(deadline.unwrap_or(now).saturating_since(now)), if deadline.is_some() => {}
        }
    }
    Ok(())
}

/// All that `from` has received goes to `to`.
fn forward<A: Role, B: Role>(from: &mut End<A>, to: &mut End<B>) -> Result<()> {
    // An error ends the loop, too; `settle` sees to it.
    while let Ok(Some(event)) = from.connection.receive_chunk(&mut from.rx) {
        match event {
            ChunkEvent::Chunk(chunk) if to.connection.can_send() => to.send(chunk)?,
            ChunkEvent::Close(close) => drop(to.connection.close(close.code, close.reason, &mut to.tx)),
            _ => {}
        }
    }
    // An end that has failed, or has gone without a Close, takes the other one with it.
    if from.is_ended() || from.connection.fault().is_some() {
        let _ = to.connection.close(CloseCode::GOING_AWAY, "", &mut to.tx); // refused where it is closed already
    }
    Ok(())
}

/// One of the two connections.
struct End<R> {
    connection: Connection<R>,
    reader: tcp::OwnedReadHalf,
    rx: RecvBuffer<Vec<u8>>,
    writer: tcp::OwnedWriteHalf,
    /// What the socket has not taken yet: no more than came in one read, and some control frames.
    tx: Vec<u8>,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>, stream: TcpStream, rx: RecvBuffer<Vec<u8>>) -> Self {
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        Self { connection, reader, rx, writer, tx: Vec::new() }
    }

    fn is_ended(&self) -> bool {
        self.connection.transport() == Transport::Closed
    }

    /// Sends a chunk as a fragment.
    fn send(&mut self, Chunk { payload, is_last, .. }: Chunk<'_>) -> Result<()> {
        let (kind, bytes) = (payload.kind(), payload.as_bytes());
        if !R::IS_SERVER || !self.tx.is_empty() || bytes.len() < LARGE_BYTES {
            return Ok(self.connection.send_fragment(kind, bytes, is_last, &mut self.tx)?);
        }
        let head = self.connection.fragment_head(kind, bytes.len() as u64, is_last)?;
        let mut pieces = &mut [IoSlice::new(head.as_bytes()), IoSlice::new(bytes)][..];
        let taken = self.writer.try_write_vectored(pieces).unwrap_or(0); // an error comes again with the rest
        IoSlice::advance_slices(&mut pieces, taken);
        pieces.iter().for_each(|piece| self.tx.extend_from_slice(piece));
        Ok(())
    }

    /// Takes what was read; nothing is the end.
    fn received(&mut self, count: usize) {
        self.rx.filled(count);
        let _ = (count == 0).then(|| self.connection.handle_eof());
    }

    /// Tells the time, and does with the transport what is to be done; it gives the next deadline. As long as this end is
    /// not read from, its silence is our doing, and its Pong may wait in the socket.
    async fn settle(&mut self, now: Instant, is_read: bool) -> Result<Option<Instant>> {
        let _ = is_read.then(|| self.connection.handle_timeout(now)); // `fault` keeps it
        // Who sends Pings and does not read is owed the Pong to the last of them, and no more.
        if self.tx.len() < 4 * BUFFER_BYTES {
            self.connection.poll_transmit(&mut self.tx)?;
        }
        match self.connection.transport() {
            // In each turn, as long as it is so: refused once both sides have ended, which the next read tells.
            Transport::FlushThenClose if self.tx.is_empty() => drop(self.writer.shutdown().await),
            Transport::Closed => self.tx.clear(),
            _ => {}
        }
        Ok(self.connection.poll_timeout().filter(|_| is_read))
    }
}
