//! Everybody, one file each, through their public interfaces.

pub mod deflate;
pub mod embedded_websocket;
pub mod fastwebsockets;
pub mod nexus_web;
pub mod ours;
pub mod shiguredo;
pub mod sockudo_ws;
pub mod soketto;
pub mod tokio_websockets;
pub mod tungstenite;
mod upgrade;
pub mod web_socket;
pub mod websocket_sans_io;
pub mod ws_framer;
pub mod wtx;
pub mod yawc;

/// Who is left out of what, and why.
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "unmask",
        "tungstenite, tokio-websockets, wtx, web-socket, ws-framer, embedded-websocket, shiguredo_websocket",
        "no public function masks bytes in place; they are compared in the other tables",
    ),
    ("handshake", "web-socket, websocket-sans-io", "they have no handshake"),
    (
        "permessage-deflate",
        "soketto",
        "its feature `deflate` reads no compressed message with a flate2 of today: it asks for the end of a stream, which a message does not have (\"incomplete deflate stream\")",
    ),
];

/// The peers and the crate under test, as their names stand in the lock file.
pub const PACKAGES: &[&str] = &[
    "embedded-websocket",
    "fastwebsockets",
    "nexus-web",
    "shiguredo_websocket",
    "sockudo-ws",
    "soketto",
    "tokio-websockets",
    "tungstenite",
    "web-socket",
    "websocket-proto",
    "websocket-sans-io",
    "ws-framer",
    "wtx",
    "yawc",
];
