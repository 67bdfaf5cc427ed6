//! yawc, with the settings that it comes with.

mod common;

use futures_util::{FutureExt, SinkExt, StreamExt};
use yawc::frame::OpCode;
use yawc::{Options, Role, WebSocket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    common::run(|stream, is_batching| async move {
        let mut socket = WebSocket::from_stream(stream, Role::Server, Options::default()).expect("legal options");
        loop {
            let ready = if is_batching { socket.next().now_or_never() } else { None };
            let next = match ready {
                Some(next) => next,
                None if socket.flush().await.is_err() => break,
                None => socket.next().await,
            };
            let Some(message) = next else { break };
            if matches!(message.opcode(), OpCode::Text | OpCode::Binary) && socket.feed(message).await.is_err() {
                break;
            }
        }
    })
    .await
}
