//! The floor: a loop over epoll that unmasks, and nothing else. No handshake worth the name, no control frames, no text,
//! no limits, no deadlines, no connection that is not honest. A frame that came in part is kept for its connection.

use std::io::{ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

struct Client {
    stream: TcpStream,
    is_open: bool,
    /// A frame that came in part.
    rest: Vec<u8>,
    /// What the socket has not taken.
    unsent: Vec<u8>,
}

fn main() -> std::io::Result<()> {
    let port: u16 = std::env::args().nth(1).expect("a port").parse().expect("a port");
    let mut listener = TcpListener::bind(([127, 0, 0, 1], port).into())?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on ws://127.0.0.1:{port}/");
    let mut clients = Slab::<Client>::new();
    let (mut input, mut output) = (vec![0; 512 << 10], Vec::with_capacity(512 << 10));
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(id) = event.token();
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let entry = clients.vacant_entry();
                    stream.set_nodelay(true)?;
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(entry.key()), interest)?;
                    entry.insert(Client { stream, is_open: false, rest: Vec::new(), unsent: Vec::new() });
                }
            } else if clients.contains(id) && !clients[id].turn(&mut input, &mut output) {
                clients.remove(id);
            }
        }
    }
}

impl Client {
    /// True as long as there is a client.
    fn turn(&mut self, input: &mut [u8], output: &mut Vec<u8>) -> bool {
        loop {
            if !self.unsent.is_empty() {
                match self.stream.write(&self.unsent) {
                    Ok(count) => drop(self.unsent.drain(..count)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return false,
                }
                if !self.unsent.is_empty() {
                    return true;
                }
                self.unsent = Vec::new();
            }
            let kept = self.rest.len();
            input[..kept].copy_from_slice(&self.rest);
            let count = match self.stream.read(&mut input[kept..]) {
                Ok(0) => return false,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            };
            let is_full = kept + count == input.len();
            output.clear();
            let used =
                if self.is_open { echo(&input[..kept + count], output) } else { self.open(&input[..count], output) };
            self.rest = input[used..kept + count].to_vec();
            let sent = match self.stream.write(output) {
                _ if output.is_empty() => 0,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => return false,
            };
            if sent < output.len() {
                self.unsent = output[sent..].to_vec();
            } else if !is_full {
                return true;
            }
        }
    }

    fn open(&mut self, head: &[u8], output: &mut Vec<u8>) -> usize {
        let text = std::str::from_utf8(head).expect("an honest request");
        let key = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = websocket_proto::handshake::accept_key(key.as_bytes());
        output.extend(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        output.extend([b"Sec-WebSocket-Accept: ", &accept[..], b"\r\n\r\n"].concat());
        self.is_open = true;
        head.len()
    }
}

/// Unmasks all whole frames into `output`, each behind a header of its own; says how many bytes they were.
fn echo(input: &[u8], output: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some([first, second, rest @ ..]) = input.get(at..) {
        let (head_len, len) = match (second & 0x7f, rest) {
            (126, [a, b, ..]) => (8, usize::from(u16::from_be_bytes([*a, *b]))),
            (127, [a, b, c, d, e, f, g, h, ..]) => (14, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize),
            (126 | 127, _) => break,
            (short, _) => (6, usize::from(short)),
        };
        if input.len() < at + head_len + len {
            break;
        }
        let (head, payload) = input[at..at + head_len + len].split_at(head_len);
        let (plain, key) = head.split_at(head_len - 4);
        output.extend([*first, second & 0x7f]);
        output.extend(&plain[2..]);
        let from = output.len();
        output.resize(from + len, 0);
        websocket_proto::mask::copy(&mut output[from..], payload, key.try_into().expect("four bytes"));
        at += head_len + len;
    }
    at
}
