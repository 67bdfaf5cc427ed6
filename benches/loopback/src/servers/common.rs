//! What the peers' servers share: a listener, and a handshake that is the same for all of them.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `PORT [batch]`: with `batch`, a server flushes once for all messages that were there.
pub(crate) async fn run<F>(serve: impl Fn(TcpStream, bool) -> F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let args: Vec<String> = std::env::args().collect();
    let is_batching = args.get(2).is_some_and(|mode| mode == "batch");
    let listener = TcpListener::bind(("127.0.0.1", args[1].parse().expect("a port"))).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        if shake_hands(&mut stream).await.is_ok() {
            tokio::spawn(serve(stream, is_batching));
        }
    }
}

/// The load generator is honest and its request comes in one piece, so this is not part of what is measured.
async fn shake_hands(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = vec![0; 1024];
    let count = stream.read(&mut head).await?;
    let text = String::from_utf8_lossy(&head[..count]).into_owned();
    let key =
        text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).ok_or(io::ErrorKind::InvalidData)?;
    let accept = websocket_proto::handshake::accept_key(key.as_bytes());
    let accept = std::str::from_utf8(&accept).expect("ASCII");
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await
}
