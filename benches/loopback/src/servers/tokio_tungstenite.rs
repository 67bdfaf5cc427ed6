//! tokio-tungstenite, with the settings that it comes with.

mod common;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    common::run(|stream, is_batching| async move {
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        loop {
            let ready = if is_batching { socket.next().now_or_never() } else { None };
            let next = match ready {
                Some(next) => next,
                None if socket.flush().await.is_err() => break,
                None => socket.next().await,
            };
            let Some(Ok(message)) = next else { break };
            if (message.is_text() || message.is_binary()) && socket.feed(message).await.is_err() {
                break;
            }
        }
    })
    .await
}
