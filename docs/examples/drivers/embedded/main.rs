//! No operating system: `embedded-io`, two arrays, and a clock that ticks.
//!
//! ```text
//! cargo run --release -p ws-embedded [-- PORT [SECONDS]]   # how long a client may be silent before it is pinged
//! ```
//!
//! [`serve`] is all there is for a microcontroller: it needs neither `std` nor an allocator, and knows of its link only
//! that it reads and writes. `smoltcp`, `embassy-net`, a modem or a serial line give such a link; here a socket plays it,
//! with `std` below the line in the middle of the file. Memory: two kilobytes each way, and the connection's 256 bytes.
//!
//! Messages are received in chunks and echoed in fragments, so they can be of any length. The one rule of fixed buffers:
//! receive only while the send buffer has room for the answer; a chunk that does not fit waits where it is.

use core::time::Duration;

use embedded_io::{Error as _, ErrorKind, Read, Write};
use websocket_proto::handshake::server::{Handshake, Origins};
use websocket_proto::{ChunkEvent, Config, Instant, MIN_SEND_BYTES, RecvBuffer, SendSlice, ServerSession, Transport};

/// What comes in one go. A head of a handshake has to fit as well.
const RECEIVE_BYTES: usize = 2048;
/// The answer to all of that, and a Pong or a Close.
const SEND_BYTES: usize = RECEIVE_BYTES + 2 * MIN_SEND_BYTES;

/// One client, from its first byte to its last. `now` is any clock; the link does not block for longer than a moment.
fn serve<L: Read + Write>(link: &mut L, now: impl Fn() -> Instant, config: Config) -> Result<(), L::Error> {
    let (mut memory, mut out) = ([0; RECEIVE_BYTES], [0; SEND_BYTES]);
    let (mut rx, mut tx) = (RecvBuffer::from(&mut memory[..]), SendSlice::new(&mut out));
    let mut session = ServerSession::new(Handshake::new(), config);
    loop {
        answer(&mut session, &mut rx, &mut tx);
        let _ = session.handle_timeout(now()); // `fault` keeps it
        let _ = session.poll_transmit(&mut tx);
        flush(link, &mut tx)?;
        // The link's owner ends it; a refusal or a Close of ours is on its way.
        if session.transport() != Transport::Open || !read(link, &mut rx)? {
            session.handle_eof();
            return Ok(());
        }
    }
}

/// Receives and echoes while there is room. With a refusal or a violation it is over: `fault` keeps it, `poll_transmit`
/// tells.
fn answer(session: &mut ServerSession, rx: &mut RecvBuffer<&mut [u8]>, tx: &mut SendSlice<'_>) {
    let open = session.open(rx, |handshake, rx| handshake.answer(rx, Origins::Any, tx));
    let Ok(Some(connection)) = open else { return };
    while let Ok(Some(event)) = connection.receive_chunk(rx) {
        if let ChunkEvent::Chunk(chunk) = event
            && (connection.can_send() || !chunk.is_first)
        {
            // All that `rx` can hold fits, so this cannot be refused for want of room; after our Close it is.
            let _ = connection.send_fragment(chunk.payload.kind(), chunk.payload.as_bytes(), chunk.is_last, tx);
        }
        let _ = connection.poll_transmit(tx); // what does not fit is owed until the next time
    }
}

/// False at the end of the link.
fn read<L: Read>(link: &mut L, rx: &mut RecvBuffer<&mut [u8]>) -> Result<bool, L::Error> {
    match link.read(rx.spare_mut()) {
        Ok(count) => {
            rx.filled(count);
            Ok(count > 0)
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok(true), // nothing came in a moment: look at the clock
        Err(error) => Err(error),
    }
}

fn flush<L: Write>(link: &mut L, tx: &mut SendSlice<'_>) -> Result<(), L::Error> {
    link.write_all(tx.as_slice())?;
    tx.clear();
    link.flush()
}

// ---- What follows stands for the hardware, and has an operating system. ----

/// A socket as a link.
struct Link(std::net::TcpStream);

/// What a signal has interrupted is done again. Microcontrollers have none.
fn again<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl embedded_io::ErrorType for Link {
    type Error = std::io::Error;
}

impl Read for Link {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        again(|| std::io::Read::read(&mut self.0, bytes)).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => std::io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        again(|| std::io::Write::write(&mut self.0, bytes))
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|number| number.parse().or(Err("usage: ws-embedded [PORT [SECONDS]]")));
    let listener = std::net::TcpListener::bind(("127.0.0.1", args.next().unwrap_or(Ok(8888))?))?;
    let silence = Duration::from_secs(args.next().unwrap_or(Ok(20))?.into());
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let started = listener.accept().and_then(|(stream, _)| {
            let client = move || println!("ended: {:?}", welcome(stream, silence));
            std::thread::Builder::new().spawn(client)
        });
        if started.is_err() {
            std::thread::sleep(Duration::from_millis(50)); // out of files, most likely, or of threads
        }
    }
}

/// One client.
fn welcome(stream: std::net::TcpStream, silence: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    stream.set_write_timeout(Some(silence * 3 / 2))?;
    let config = Config::server().ping_interval(Some(silence)).pong_timeout(Some(silence / 2));
    let (mut link, started) = (Link(stream), std::time::Instant::now());
    let end = serve(&mut link, || Instant::from_duration(started.elapsed()), config);
    // A socket that is closed with unread bytes would be reset, which can overtake our last words.
    let _ = link.0.shutdown(std::net::Shutdown::Write);
    let (ended, patience) = (std::time::Instant::now(), Duration::from_secs(1));
    let _ = link.0.set_read_timeout(Some(patience));
    while ended.elapsed() < patience && matches!(Read::read(&mut link, &mut [0; 512]), Ok(1..)) {}
    end
}
