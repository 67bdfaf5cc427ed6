//! WebSocket over HTTP/2 and HTTP/3: `src/handshake/extended_connect`.

use websocket_proto::handshake::client::Request;
use websocket_proto::handshake::extended_connect::{self, Handshake, PseudoFields, Refusal};
use websocket_proto::handshake::server::{self, Origins};
use websocket_proto::handshake::{Fields, Header, HttpVersion, Url};
use websocket_proto::{Config, Event, Field, HandshakeError, RecvBuffer, SendSlice};

use super::support::Random;

const PSEUDO: PseudoFields<'static> = PseudoFields {
    method: "CONNECT",
    protocol: Some("websocket"),
    scheme: Some("https"),
    authority: Some("localhost:9451"),
    path: Some("/ws"),
};

/// What Chromium 156 sends.
const CHROMIUM: [(&str, &str); 8] = [
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"),
    ("origin", "https://localhost:9451"),
    ("sec-websocket-version", "13"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
    ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
];

fn fields<'a>(headers: &[(&'a str, &'a str)]) -> Fields<'a> {
    headers.iter().copied().collect()
}

fn judge(pseudo: &PseudoFields<'_>, headers: &[(&str, &str)]) -> Option<HandshakeError> {
    extended_connect::accept(pseudo, &fields(headers), Origins::SameHost).err()
}

#[test]
fn what_chromium_sends_is_granted() {
    let fields = fields(&CHROMIUM);
    let accept = extended_connect::accept(&PSEUDO, &fields, Origins::SameHost).unwrap();
    assert_eq!(accept.status(), 200);
    assert_eq!(accept.response_fields().count(), 0, "no key, no upgrade, nothing that was not chosen");
    let extension = accept.extensions().next().unwrap().unwrap();
    assert_eq!(extension.name(), "permessage-deflate");
    assert_eq!(accept.accepted().subprotocol(), None);
    assert!(PSEUDO.is_websocket());
}

#[test]
fn each_rule_has_its_error_and_its_status() {
    let with = |change: fn(&mut PseudoFields<'static>)| {
        let mut pseudo = PSEUDO;
        change(&mut pseudo);
        pseudo
    };
    let host = Field::Host;
    for (pseudo, error, status) in [
        (with(|pseudo| pseudo.method = "GET"), HandshakeError::Method, 405),
        (with(|pseudo| pseudo.method = "connect"), HandshakeError::Method, 405),
        (with(|pseudo| pseudo.protocol = None), HandshakeError::Protocol, 501),
        (with(|pseudo| pseudo.protocol = Some("connect-udp")), HandshakeError::Protocol, 501),
        (with(|pseudo| pseudo.protocol = Some("WebSocket")), HandshakeError::Protocol, 501),
        (with(|pseudo| pseudo.scheme = None), HandshakeError::Scheme, 400),
        (with(|pseudo| pseudo.scheme = Some("wss")), HandshakeError::Scheme, 400),
        (with(|pseudo| pseudo.path = None), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.path = Some("")), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.path = Some("*")), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.path = Some("https://localhost:9451/ws")), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.path = Some("/a b")), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.path = Some("/a#b")), HandshakeError::Target, 400),
        (with(|pseudo| pseudo.authority = None), HandshakeError::Missing(host), 400),
        (with(|pseudo| pseudo.authority = Some("")), HandshakeError::Invalid(host), 400),
        (with(|pseudo| pseudo.authority = Some("a@localhost:9451")), HandshakeError::Invalid(host), 400),
        (with(|pseudo| pseudo.authority = Some("localhost")), HandshakeError::OriginRefused, 403),
    ] {
        let found = judge(&pseudo, &CHROMIUM);
        assert_eq!((found, Refusal::to_error(error).status()), (Some(error), status), "{pseudo:?}");
        assert_eq!(pseudo.is_websocket(), status != 405 && status != 501);
    }
    for (name, value, error, status) in [
        ("connection", "", HandshakeError::ConnectionSpecific(Field::Connection), 400),
        ("Connection", "keep-alive", HandshakeError::ConnectionSpecific(Field::Connection), 400),
        ("upgrade", "websocket", HandshakeError::ConnectionSpecific(Field::Upgrade), 400),
        ("transfer-encoding", "chunked", HandshakeError::ConnectionSpecific(Field::TransferEncoding), 400),
        ("sec-websocket-version", "13", HandshakeError::Duplicate(Field::Version), 400),
        ("origin", "https://localhost:9451", HandshakeError::Duplicate(Field::Origin), 400),
        ("content-length", "1", HandshakeError::Body, 400),
        ("host", "localhost", HandshakeError::TargetAuthority, 400),
        ("host", "a/b", HandshakeError::Invalid(host), 400),
        ("sec-websocket-protocol", "a b", HandshakeError::Invalid(Field::Protocol), 400),
        ("sec-websocket-extensions", "a;;b", HandshakeError::Invalid(Field::Extensions), 400),
    ] {
        let headers = [&CHROMIUM[..], &[(name, value)]].concat();
        assert_eq!((judge(&PSEUDO, &headers), error.status()), (Some(error), status), "{name}: {value}");
        assert_eq!(Refusal::to_error(error).response_fields(), []);
    }
    // What belongs to HTTP/1.1 only is not processed, and does no harm.
    let headers = [&CHROMIUM[..], &[("host", "LOCALHOST:9451"), ("sec-websocket-key", "no key"), ("x", "y")]].concat();
    assert_eq!(judge(&PSEUDO, &headers), None);
}

#[test]
fn a_refusal_has_no_header_that_a_stream_cannot_have() {
    let shown = |error| {
        let refusal = Refusal::to_error(error);
        (refusal.status(), refusal.response_fields().iter().map(|header| format!("{header:?}")).collect::<Vec<_>>())
    };
    let version = (400, vec!["sec-websocket-version: 13".into()]);
    for value in [None, Some("8"), Some("")] {
        let mut headers = CHROMIUM.to_vec();
        headers.retain(|(name, _)| *name != "sec-websocket-version");
        headers.extend(value.map(|value| ("sec-websocket-version", value)));
        assert_eq!(judge(&PSEUDO, &headers).map(shown), Some(version.clone()));
    }
    assert_eq!(shown(HandshakeError::Method), (405, vec!["allow: CONNECT".into()]));
    assert_eq!(shown(HandshakeError::OriginRefused), (403, vec![]));
}

/// The same request over HTTP/1.1 and on a stream is granted or refused for the same reason, where both know it.
#[test]
fn the_rules_are_those_of_an_upgrade() {
    let mut random = Random(8441);
    let names = ["sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions", "origin", "x"];
    let values = ["13", "8", "chat", "a, b", "a b", "", "x;y=z", "x;;", "https://example.com", "http://localhost:9451"];
    let line = server::RequestLine { method: "GET", target: "/ws", version: HttpVersion::Http11 };
    let upgrade = [
        ("host", "localhost:9451"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let mut headers = CHROMIUM.to_vec();
        for _ in 0..random.below(4) {
            let at = random.below(headers.len());
            match random.below(3) {
                0 => drop(headers.remove(at)),
                1 => headers[at].1 = random.pick(&values),
                _ => headers.insert(at, (random.pick(&names), random.pick(&values))),
            }
        }
        let on_stream = judge(&PSEUDO, &headers);
        let http1 = [&headers[..], &upgrade].concat();
        let over_http1 = server::accept(&line, &fields(&http1), Origins::SameHost).err();
        assert_eq!(on_stream, over_http1, "{headers:?}");
        if on_stream.is_none() { granted += 1 } else { refused += 1 }
    }
    assert!(granted > 1_000 && refused > 1_000, "{granted} {refused}");
}

#[test]
fn a_client_asks_and_judges_the_answer() {
    let url = Url::parse("ws://example.com:80?room=1").unwrap();
    let extra = [Header::new("authorization", "Bearer 3c8b").unwrap()];
    let request = Request::to(&url).subprotocols(&["chat", "soap"]).unwrap();
    let request = request.origin("https://example.com").unwrap().headers(&extra).unwrap();
    let handshake = Handshake::new(request, url.is_secure());
    assert_eq!((handshake.scheme(), handshake.authority()), ("http", "example.com"));
    assert_eq!(handshake.target().to_string(), "/?room=1");
    let sent: Vec<String> = handshake.request_fields().map(|header| format!("{header:?}")).collect();
    assert_eq!(
        sent,
        [
            "sec-websocket-version: 13",
            "sec-websocket-protocol: chat",
            "sec-websocket-protocol: soap",
            "origin: https://example.com",
            "authorization: Bearer 3c8b",
        ]
    );
    assert_eq!(Handshake::to(&Url::parse("wss://a/").unwrap()).scheme(), "https");

    let verify = |status, headers: &[(&str, &str)]| {
        handshake.verify(status, &fields(headers)).map(|established| established.subprotocol())
    };
    assert_eq!(verify(200, &[]), Ok(None));
    assert_eq!(verify(299, &[("sec-websocket-protocol", "soap"), ("set-cookie", "a=b")]), Ok(Some("soap")));
    for status in [0, 101, 199, 300, 401, 501] {
        assert_eq!(verify(status, &[]), Err(HandshakeError::Status(status)));
    }
    for (name, value, error) in [
        ("upgrade", "websocket", HandshakeError::ConnectionSpecific(Field::Upgrade)),
        ("connection", "close", HandshakeError::ConnectionSpecific(Field::Connection)),
        ("sec-websocket-protocol", "Chat", HandshakeError::SubprotocolNotOffered),
        ("sec-websocket-protocol", "chat, soap", HandshakeError::SubprotocolNotOffered),
        ("sec-websocket-extensions", "permessage-deflate", HandshakeError::ExtensionNotOffered),
    ] {
        assert_eq!(verify(200, &[(name, value)]), Err(error), "{name}: {value}");
    }
}

/// Whatever a client can ask, a server understands; whatever that can answer, the client takes; and then they talk.
#[test]
fn two_ends_come_together() {
    let names = ["chat", "soap", "mqtt"];
    for (offered, chosen) in (0..=3).flat_map(|offered| (0..=3).map(move |chosen| (offered, chosen))) {
        let request = Request::new("[::1]:8443", "/a?b").unwrap().subprotocols(&names[..offered]).unwrap();
        let ours = Handshake::new(request.origin("https://[::1]:8443").unwrap(), true);
        let target = ours.target().to_string();
        let pseudo = PseudoFields {
            method: extended_connect::METHOD,
            protocol: Some(extended_connect::PROTOCOL),
            scheme: Some(ours.scheme()),
            authority: Some(ours.authority()),
            path: Some(&target),
        };
        let headers: Vec<Header<'_>> = ours.request_fields().collect();
        let asked: Fields<'_> = headers.iter().map(|header| (header.name(), header.value())).collect();
        let accept = extended_connect::accept(&pseudo, &asked, Origins::SameHost).unwrap();
        let extra = [Header::new("set-cookie", "a=b").unwrap()];
        let accept = accept.choose_subprotocol(&names[3 - chosen..]).headers(&extra).unwrap();

        let answer: Vec<Header<'_>> = accept.response_fields().collect();
        let is_lower = |header: &&Header<'_>| !header.name().bytes().any(|byte| byte.is_ascii_uppercase());
        assert_eq!(answer.iter().filter(is_lower).count(), answer.len());
        let answered: Fields<'_> = answer.iter().map(|header| (header.name(), header.value())).collect();
        let established = ours.verify(accept.status(), &answered).unwrap();
        assert_eq!(established.subprotocol(), accept.chosen_subprotocol());
        assert_eq!(established.subprotocol().is_some(), offered + chosen > 3);

        let mut client = established.connection(Config::client(), || [1, 2, 3, 4]);
        let mut server = accept.accepted().connection(Config::server());
        let mut memory = [0; 64];
        let mut tx = SendSlice::new(&mut memory);
        client.send_text("Hello", &mut tx).unwrap();
        let mut rx = RecvBuffer::from([0; 256]);
        assert_eq!(rx.extend_from_slice(tx.as_slice()), 11);
        assert_eq!(server.receive(&mut rx), Ok(Some(Event::Text("Hello"))));
    }
}

/// `:authority` beside a `Host`: the same host, or no handshake (RFC 9113 §8.3.1).
#[test]
fn a_host_beside_the_authority_names_the_same() {
    for (host, expected) in [
        ("localhost:9451", None),
        ("LOCALHOST:9451", None),
        ("localhost", Some(HandshakeError::TargetAuthority)),
        ("localhost:443", Some(HandshakeError::TargetAuthority)),
        ("example.com:9451", Some(HandshakeError::TargetAuthority)),
        ("a b", Some(HandshakeError::Invalid(Field::Host))),
        ("", Some(HandshakeError::Invalid(Field::Host))),
    ] {
        let headers: Vec<_> = CHROMIUM.into_iter().chain([("host", host)]).collect();
        assert_eq!(judge(&PSEUDO, &headers), expected, "{host}");
    }
    let by_default = PseudoFields { authority: Some("localhost"), ..PSEUDO };
    let headers = [("host", "localhost:443"), ("sec-websocket-version", "13")];
    assert_eq!(judge(&by_default, &headers), None, "443 is what https has by default");
    let in_plain_text = PseudoFields { scheme: Some("http"), ..by_default };
    assert_eq!(judge(&in_plain_text, &headers), Some(HandshakeError::TargetAuthority));
}

#[test]
fn a_url_says_all_that_is_asked_for() {
    for (url, scheme, authority, target) in [
        ("wss://example.com/chat?room=1", "https", "example.com", "/chat?room=1"),
        ("ws://[::1]:8080", "http", "[::1]:8080", "/"),
    ] {
        let asking = Handshake::to(&Url::parse(url).unwrap());
        assert_eq!((asking.scheme(), asking.authority()), (scheme, authority));
        assert_eq!(asking.target().to_string(), target);
        assert_eq!(asking.request().authority(), authority);
    }
}
