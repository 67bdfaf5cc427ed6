//! The extension in the opening handshake, end to end: as HTTP/1.1, and as parsed fields.

use websocket_proto::deflate::{Config, Params, WindowBits};
use websocket_proto::handshake::extended_connect::{self, PseudoFields};
use websocket_proto::handshake::{Fields, Header, HttpVersion, client, server};
use websocket_proto::{Config as Settings, Error, Event, HandshakeError, RecvBuffer, SendBuffer, SendError, SendSlice};

use super::{RSV1, eager};

/// What the server answers to a client's offer, as a line; and what the client makes of it.
fn negotiated(offering: Option<&Config>, answering: Option<&Config>) -> (String, Option<Params>) {
    let request = client::Request::new("localhost", "/").unwrap();
    let request = offering.map_or(request, |config| request.deflate(config));
    let mut asking = client::Handshake::new(request, *b"16 random bytes!");
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    asking.write_request(&mut to_server).unwrap();
    let (mut server_rx, mut client_rx) = (RecvBuffer::new(), RecvBuffer::new());
    let _ = server_rx.extend_from_slice(&to_server);
    let mut listening = server::Handshake::new();
    let asked = listening.receive(&mut server_rx).unwrap().unwrap();
    let accept = asked.accept(server::Origins::Any).unwrap();
    let accept = answering.map_or(accept.clone(), |config| accept.deflate(config));
    let accepted = accept.write(&mut to_client).unwrap();
    assert_eq!(accepted.deflate(), accept.chosen_deflate());
    let text = String::from_utf8(to_client.clone()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ")).unwrap_or("-");
    let _ = client_rx.extend_from_slice(&to_client);
    let client::Response::Established(agreed) = asking.receive(&mut client_rx).unwrap().unwrap() else {
        panic!("it was granted")
    };
    assert_eq!(agreed.deflate(), accepted.deflate());

    // And they talk.
    let mut server = accepted.connection(Settings::server());
    let mut client = agreed.connection(Settings::client(), || [1, 2, 3, 4]);
    assert_eq!(server.has_deflate(), agreed.deflate().is_some());
    let message = "a message that is long enough to be compressed ".repeat(5);
    let mut tx = Vec::new();
    server.send_text(&message, &mut tx).unwrap();
    assert_eq!(tx[0] & RSV1 != 0, agreed.deflate().is_some());
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(&tx);
    assert_eq!(client.receive(&mut rx), Ok(Some(Event::Text(&message))));
    tx.clear();
    client.send_text(&message, &mut tx).unwrap();
    let _ = rx.extend_from_slice(&tx);
    assert_eq!(server.receive(&mut rx), Ok(Some(Event::Text(&message))));
    (line.to_owned(), agreed.deflate())
}

#[test]
fn both_ends_agree() {
    let bits = |bits| WindowBits::new(bits).unwrap();
    assert_eq!(negotiated(None, None), ("-".into(), None));
    assert_eq!(negotiated(Some(&Config::new()), None), ("-".into(), None));
    assert_eq!(negotiated(None, Some(&Config::new())), ("-".into(), None));
    let cases = [
        (eager(), eager(), "permessage-deflate"),
        (Config::new(), eager(), "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        (eager(), Config::new(), "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        (
            eager().local_window(bits(10)).peer_window(bits(9)),
            eager(),
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
        ),
        (
            eager(),
            eager().local_window(bits(8)).peer_window(bits(8)),
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
        ),
    ];
    for (offering, answering, expected) in cases {
        let (line, params) = negotiated(Some(&offering), Some(&answering));
        assert_eq!(line, expected);
        assert_eq!(params.unwrap().to_string(), expected);
    }
}

/// Everything in the longest answer and offer there are.
#[test]
fn there_is_room_for_all_parameters() {
    let narrow = Config::new().local_window(WindowBits::new(10).unwrap()).peer_window(WindowBits::new(11).unwrap());
    let (line, _) = negotiated(Some(&narrow), Some(&narrow));
    assert_eq!(
        line,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; \
         client_max_window_bits=10"
    );
}

/// The answer 101 with this line of extensions, as a client that offers compression, or nothing, reads it.
fn answered(offering: Option<&Config>, line: &str) -> Result<Option<Params>, HandshakeError> {
    let request = client::Request::new("localhost", "/").unwrap();
    let request = offering.map_or(request, |config| request.deflate(config));
    let handshake = client::Handshake::new(request, *b"the sample nonce");
    let fields: Fields<'_> = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", crate::handshake::support::RFC_ACCEPT),
        ("Sec-WebSocket-Extensions", line),
    ]
    .into_iter()
    .collect();
    handshake.verify(101, HttpVersion::Http11, &fields).map(|agreed| agreed.deflate())
}

#[test]
fn a_client_fails_a_bad_answer() {
    assert_eq!(answered(None, "permessage-deflate"), Err(HandshakeError::ExtensionNotOffered));
    assert_eq!(answered(Some(&eager()), "permessage-deflate"), Ok(Some(Params::default())));
    assert_eq!(answered(Some(&eager()), "mux"), Err(HandshakeError::ExtensionNotOffered));
    for wrong in ["permessage-deflate; server_max_window_bits=7", "permessage-deflate; x"] {
        assert!(answered(Some(&eager()), wrong).is_err(), "{wrong}");
    }
    assert!(answered(Some(&Config::new()), "permessage-deflate").is_err(), "it asked for no takeover");
}

/// The same over HTTP/2 and HTTP/3, where the names of headers are in lower case.
#[test]
fn extended_connect_agrees_too() {
    let config = eager();
    let request = client::Request::new("localhost:9451", "/ws").unwrap().deflate(&config);
    let asking = extended_connect::Handshake::new(request, true);
    let lines = |header: Header<'_>| (header.name().to_owned(), header.to_str().unwrap().to_owned());
    let asked: Vec<_> = asking.request_fields().map(lines).collect();
    let offer = ("sec-websocket-extensions".to_owned(), "permessage-deflate; client_max_window_bits".to_owned());
    assert!(asked.contains(&offer), "{asked:?}");
    let fields: Fields<'_> = asked.iter().map(|(name, value)| (name, value)).collect();
    let pseudo = PseudoFields {
        method: "CONNECT",
        protocol: Some("websocket"),
        scheme: Some("https"),
        authority: Some("localhost:9451"),
        path: Some("/ws"),
    };
    let accept = extended_connect::accept(&pseudo, &fields, server::Origins::Any).unwrap().deflate(&config);
    let answered: Vec<_> = accept.response_fields().map(lines).collect();
    assert_eq!(answered, [("sec-websocket-extensions".to_owned(), "permessage-deflate".to_owned())]);
    let fields: Fields<'_> = answered.iter().map(|(name, value)| (name, value)).collect();
    let agreed = asking.verify(200, &fields).unwrap();
    assert_eq!(agreed.deflate(), Some(Params::default()));
    assert_eq!(accept.accepted().deflate(), Some(Params::default()));
    assert!(accept.accepted().connection(Settings::server()).has_deflate());
}

const OFFERING: &str = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
    client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=10\r\n\r\n";

/// The request and its answer in one call: what the steps would have written, and never without room for all of it.
#[test]
fn one_call_agrees_too() {
    let config = Config::new();
    let mut in_steps = Vec::new();
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(OFFERING.as_bytes());
    let mut handshake = server::Handshake::new();
    let asked = handshake.receive(&mut rx).unwrap().unwrap();
    let agreed = asked.accept(server::Origins::Any).unwrap().deflate(&config).write(&mut in_steps).unwrap();
    assert_eq!(agreed.deflate().unwrap().to_string().matches(';').count(), 4, "all parameters");

    let mut out = [0; 500];
    let mut tx = SendSlice::new(&mut out);
    let _ = rx.extend_from_slice(OFFERING.as_bytes());
    let mut handshake = server::Handshake::new();
    tx.extend_from_slice(&[0; 85]);
    let full = Err(Error::Send(SendError::Full { needed: 416 }));
    assert_eq!(handshake.answer_with_deflate(&mut rx, server::Origins::Any, &config, &mut tx), full);
    assert_eq!(rx.unread(), OFFERING.as_bytes());
    tx.clear();
    let accepted = handshake.answer_with_deflate(&mut rx, server::Origins::Any, &config, &mut tx).unwrap().unwrap();
    assert_eq!((tx.as_slice(), accepted), (&in_steps[..], agreed));
    assert!(in_steps.len() <= 416, "{}", in_steps.len());
    assert!(accepted.connection(Settings::server()).has_deflate());

    // Refusals are those of `answer`.
    let bad = OFFERING.replace("Version: 13", "Version: 12");
    let _ = rx.extend_from_slice(bad.as_bytes());
    tx.clear();
    let refused = server::Handshake::new().answer_with_deflate(&mut rx, server::Origins::Any, &config, &mut tx);
    assert_eq!(refused, Err(HandshakeError::WebSocketVersion.into()));
    assert!(tx.as_slice().starts_with(b"HTTP/1.1 426 "));
}
