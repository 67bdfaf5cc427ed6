//! The load: connections that keep a number of messages in flight, and count what comes back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) in_flight: usize,
    /// Bytes of payload.
    pub(crate) size: usize,
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// For how many connections one address of ours has ports enough.
const PER_ADDRESS: usize = 10_000;

/// Connections at work. All messages are the same, so sending is writing the same bytes again and again.
pub(crate) struct Run {
    poll: Poll,
    flows: Vec<Flow>,
    /// As many frames as are ever written at once.
    frames: Vec<u8>,
    frame_len: usize,
    /// Bytes of an echo, and its first two.
    echo_len: usize,
    echo_start: [u8; 2],
    buffer: Vec<u8>,
}

struct Flow {
    stream: TcpStream,
    /// Bytes of an echo that has come in part.
    part: usize,
    /// Bytes that are to be written.
    unsent: usize,
    is_started: bool,
}

impl Run {
    /// Opens the connections, and sends the first messages.
    pub(crate) fn start(port: u16, load: Load) -> io::Result<Self> {
        let mut run = Self::open(port, load.connections, load.size)?;
        run.frames = run.frames.repeat(load.in_flight + 1);
        for id in 0..run.flows.len() {
            run.flows[id].unsent = load.in_flight * run.frame_len;
            run.send(id)?;
        }
        Ok(run)
    }

    /// Opens connections that say nothing.
    pub(crate) fn open(port: u16, connections: usize, size: usize) -> io::Result<Self> {
        let frame = frame(size);
        let mut run = Self {
            poll: Poll::new()?,
            flows: Vec::with_capacity(connections),
            frame_len: frame.len(),
            echo_len: frame.len() - 4,
            echo_start: [frame[0], frame[1] & 0x7f],
            frames: frame,
            buffer: vec![0; 512 << 10],
        };
        for id in 0..connections {
            let mut stream = connect(port, id)?;
            run.poll.registry().register(&mut stream, Token(id), Interest::READABLE | Interest::WRITABLE)?;
            run.flows.push(Flow { stream, part: 0, unsent: 0, is_started: false });
        }
        Ok(run)
    }

    /// Goes on for `window`; how many messages came back, and in which time.
    pub(crate) fn drive(&mut self, window: Duration) -> io::Result<(u64, Duration)> {
        let (mut events, started, mut messages) = (Events::with_capacity(1024), Instant::now(), 0);
        while started.elapsed() < window {
            self.poll.poll(&mut events, Some(Duration::from_millis(20)))?;
            for event in &events {
                messages += self.turn(event.token().0, true)?;
            }
        }
        Ok((messages, started.elapsed()))
    }

    /// One message on each connection, some at a time, until all have come back.
    pub(crate) fn each_once(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        for first in (0..self.flows.len()).step_by(50) {
            let last = (first + 50).min(self.flows.len());
            for id in first..last {
                self.flows[id].unsent = self.frame_len;
                self.send(id)?;
            }
            let mut missing = last - first;
            while missing > 0 {
                self.poll.poll(&mut events, None)?;
                for event in &events {
                    missing -= self.turn(event.token().0, false)? as usize;
                }
            }
        }
        Ok(())
    }

    /// Reads what has come, and sends as many messages as came back.
    fn turn(&mut self, id: usize, is_answering: bool) -> io::Result<u64> {
        let mut messages = 0;
        loop {
            let flow = &mut self.flows[id];
            let count = match flow.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::Error::other("the server has closed")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                count => count?,
            };
            if !flow.is_started {
                assert_eq!(self.buffer[..2], self.echo_start, "the first echo");
                flow.is_started = true;
            }
            flow.part += count;
            messages += flow.part / self.echo_len;
            flow.part %= self.echo_len;
            if count < self.buffer.len() {
                break;
            }
        }
        if is_answering {
            self.flows[id].unsent += messages * self.frame_len;
        }
        self.send(id)?;
        Ok(messages as u64)
    }

    fn send(&mut self, id: usize) -> io::Result<()> {
        let flow = &mut self.flows[id];
        while flow.unsent > 0 {
            // Within a frame, if one was written in part.
            let from = (self.frame_len - flow.unsent % self.frame_len) % self.frame_len;
            let to = (from + flow.unsent).min(self.frames.len());
            match flow.stream.write(&self.frames[from..to]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                count => flow.unsent -= count?,
            }
        }
        Ok(())
    }
}

/// Binary and masked.
fn frame(size: usize) -> Vec<u8> {
    let mut frame = vec![0x82];
    match size {
        0..126 => frame.push(0x80 | size as u8),
        126..65536 => {
            frame.push(0x80 | 126);
            frame.extend((size as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend((0..size).map(|at| at as u8 ^ KEY[at % 4]));
    frame
}

/// A connection after the handshake. It is reset at its end, so that no port stays in TIME_WAIT.
fn connect(port: u16, id: usize) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let address = Ipv4Addr::new(127, 0, 0, 2 + (id / PER_ADDRESS) as u8);
    socket.bind(&SocketAddr::from((address, 0)).into())?;
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    socket.set_tcp_nodelay(true)?;
    socket.set_linger(Some(Duration::ZERO))?;
    let mut stream = std::net::TcpStream::from(socket);
    stream.write_all(REQUEST)?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}
