//! fastwebsockets, as its own echo example has it. It has no way to write several messages at once.

mod common;

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    common::run(|stream, _| async {
        let mut socket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
        while let Ok(frame) = socket.read_frame().await {
            match frame.opcode {
                OpCode::Close => break,
                OpCode::Text | OpCode::Binary => {
                    if socket.write_frame(frame).await.is_err() {
                        break;
                    }
                }
                _ => {}
            }
        }
    })
    .await
}
