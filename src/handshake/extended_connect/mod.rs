//! WebSocket over HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220): a stream that an extended CONNECT has opened.
//!
//! Both versions of HTTP ask for a WebSocket in the same way: a CONNECT request with the pseudo-header `:protocol`. What
//! it says beside that is what it says over HTTP/1.1, and is judged by the same code: origin, version, subprotocols,
//! extensions. There is no key, no `Upgrade` and no `Connection`, and the answer yes is a 200.
//!
//! Nothing of HTTP/2 or HTTP/3 is in here. The stack that you have takes the headers apart and puts them together; this
//! module says what they mean. Behind the handshake, the bytes of the DATA frames are a transport like any other:
//!
//! | the stack | the connection |
//! |---|---|
//! | the server sends `SETTINGS_ENABLE_CONNECT_PROTOCOL` = 1 | before it, a client must not ask |
//! | bytes of DATA frames | the [receive buffer](crate::RecvBuffer) |
//! | the send buffer | bytes of DATA frames, as flow control allows |
//! | the peer's `END_STREAM` (FIN) | [`handle_eof`](crate::Connection::handle_eof) |
//! | [`Transport::FlushThenClose`](crate::Transport::FlushThenClose) | send `END_STREAM` behind the last byte |
//! | to give up a stream | `RST_STREAM` with `CANCEL`, or `H3_REQUEST_CANCELLED` |
//!
//! ```
//! use websocket_proto::handshake::extended_connect::{self, PseudoFields, Refusal};
//! use websocket_proto::handshake::{Fields, server::Origins};
//! use websocket_proto::{Config, Connection, Server};
//!
//! // What Chromium sends.
//! let pseudo = PseudoFields {
//!     method: "CONNECT",
//!     protocol: Some("websocket"),
//!     scheme: Some("https"),
//!     authority: Some("example.com"),
//!     path: Some("/chat"),
//! };
//! let fields: Fields<'_> = [
//!     ("origin", "https://example.com"),
//!     ("sec-websocket-version", "13"),
//!     ("sec-websocket-protocol", "chat"),
//!     ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
//! ]
//! .into_iter()
//! .collect();
//!
//! match extended_connect::accept(&pseudo, &fields, Origins::SameHost) {
//!     Ok(accept) => {
//!         let accept = accept.choose_subprotocol(&["chat"]);
//!         assert_eq!(accept.status(), 200);
//!         for header in accept.response_fields() {
//!             assert_eq!((header.name(), header.to_str()), ("sec-websocket-protocol", Some("chat")));
//!         }
//!         let connection: Connection<Server> = accept.accepted().connection(Config::server());
//!     }
//!     Err(error) => {
//!         let refusal = Refusal::to_error(error);
//!         println!("{} {:?}", refusal.status(), refusal.response_fields());
//!     }
//! }
//! ```

mod client;
mod server;

pub use client::Handshake;
pub use server::{Accept, PseudoFields, Refusal, accept};

/// The method of the request.
pub const METHOD: &str = "CONNECT";

/// The value of `:protocol`.
pub const PROTOCOL: &str = "websocket";
