//! The handshake in the types of the `http` crate: `src/handshake/http.rs`.

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use websocket_proto::handshake::http as ws;
use websocket_proto::handshake::server::{self, Origins};
use websocket_proto::handshake::{Fields, Header, HttpVersion, Url, client, extended_connect};
use websocket_proto::{Field, HandshakeError};

use super::support::{RFC_ACCEPT, RFC_KEY, RFC_NONCE, Random};

fn shown(headers: &HeaderMap) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

fn upgrade() -> Request<&'static str> {
    let builder = Request::get("/chat?room=1")
        .header("Host", "example.com")
        .header("Upgrade", "websocket")
        .header("Connection", "keep-alive, Upgrade")
        .header("Origin", "https://example.com")
        .header("Sec-WebSocket-Key", RFC_KEY)
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Protocol", "chat")
        .header("Sec-WebSocket-Protocol", "superchat");
    builder.body("whatever it is").unwrap()
}

fn connect() -> Request<()> {
    let builder = Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri("https://example.com/chat?room=1")
        .header("Origin", "https://example.com")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Protocol", "chat, superchat");
    builder.body(()).unwrap()
}

#[test]
fn an_upgrade_is_granted() {
    let request = upgrade();
    let asked = ws::Request::from(&request);
    assert!(asked.is_websocket());
    let extra = [Header::new("Set-Cookie", "a=b").unwrap(), Header::new("Set-Cookie", "c=d").unwrap()];
    let accept = asked.accept(Origins::SameHost).unwrap().subprotocol("superchat").unwrap();
    let response = accept.headers(&extra).unwrap().to_response().unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(
        shown(response.headers()),
        [
            "upgrade: websocket",
            "connection: Upgrade",
            &format!("sec-websocket-accept: {RFC_ACCEPT}"),
            "sec-websocket-protocol: superchat",
            "set-cookie: a=b",
            "set-cookie: c=d",
        ]
    );
    let (parts, _) = request.into_parts();
    assert!(ws::Request::from(&parts).accept(Origins::SameHost).is_ok());
}

#[test]
fn a_connect_is_granted() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let mut request = connect();
        *request.version_mut() = version;
        let asked = ws::Request::new(&request);
        assert!(!asked.is_websocket());
        assert_eq!(asked.accept(Origins::SameHost).unwrap_err(), HandshakeError::Protocol);
        let asked = asked.protocol(Some("websocket"));
        assert!(asked.is_websocket());
        let response = asked.accept(Origins::SameHost).unwrap().choose_subprotocol(&["superchat"]).to_response();
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(shown(response.headers()), ["sec-websocket-protocol: superchat"]);
    }
}

#[test]
fn each_version_has_its_refusals() {
    let refused = |request: Request<()>| {
        let asked = ws::Request::new(&request).protocol(Some("websocket"));
        let error = asked.accept(Origins::Listed(&["https://example.com"])).unwrap_err();
        let response = asked.refuse(error);
        (error, response.status().as_u16(), shown(response.headers()).join(", "))
    };
    let upgrade = |change: fn(&mut Request<()>)| {
        let mut request = upgrade().map(drop);
        change(&mut request);
        refused(request)
    };
    let connect = |change: fn(&mut Request<()>)| {
        let mut request = connect();
        change(&mut request);
        refused(request)
    };
    let version = HandshakeError::WebSocketVersion;
    assert_eq!(
        upgrade(|request| drop(request.headers_mut().insert("sec-websocket-version", 8.into()))),
        (version, 426, "connection: close, Upgrade, upgrade: websocket, sec-websocket-version: 13".into())
    );
    assert_eq!(
        connect(|request| drop(request.headers_mut().insert("sec-websocket-version", 8.into()))),
        (version, 400, "sec-websocket-version: 13".into())
    );
    assert_eq!(
        upgrade(|request| *request.method_mut() = Method::POST),
        (HandshakeError::Method, 405, "connection: close, allow: GET".into())
    );
    assert_eq!(
        connect(|request| *request.method_mut() = Method::GET),
        (HandshakeError::Method, 405, "allow: CONNECT".into())
    );
    assert_eq!(
        upgrade(|request| *request.version_mut() = Version::HTTP_10),
        (HandshakeError::HttpVersion, 505, "connection: close".into())
    );
    assert_eq!(
        upgrade(|request| _ = request.headers_mut().append("sec-websocket-key", RFC_KEY.parse().unwrap())),
        (HandshakeError::Duplicate(Field::Key), 400, "connection: close".into())
    );
    assert_eq!(
        upgrade(|request| drop(request.headers_mut().insert("origin", "https://evil.com".parse().unwrap()))),
        (HandshakeError::OriginRefused, 403, "connection: close".into())
    );
    assert_eq!(
        connect(|request| drop(request.headers_mut().insert("origin", "https://evil.com".parse().unwrap()))),
        (HandshakeError::OriginRefused, 403, String::new())
    );
    assert_eq!(
        connect(|request| drop(request.headers_mut().insert("connection", "close".parse().unwrap()))),
        (HandshakeError::ConnectionSpecific(Field::Connection), 400, String::new())
    );
    assert_eq!(
        connect(|request| *request.uri_mut() = Uri::from_static("/chat")),
        (HandshakeError::Scheme, 400, String::new())
    );
}

#[test]
fn a_target_may_be_an_absolute_one() {
    for (uri, error) in [
        ("http://example.com/chat", None),
        ("http://EXAMPLE.com:80/chat", None),
        ("https://example.com:443", None),
        ("wss://example.com/", None),
        ("http://example.com:8080/chat", Some(HandshakeError::TargetAuthority)),
        ("http://evil.com/chat", Some(HandshakeError::TargetAuthority)),
        ("http://a@example.com/", Some(HandshakeError::Target)),
        ("ftp://example.com/chat", Some(HandshakeError::Target)),
        ("*", Some(HandshakeError::Target)),
        ("example.com:80", Some(HandshakeError::Target)),
    ] {
        let mut request = upgrade();
        *request.uri_mut() = uri.parse().unwrap();
        let line = server::RequestLine { method: "GET", target: uri, version: HttpVersion::Http11 };
        let fields = Fields::from(request.headers());
        assert_eq!(ws::Request::new(&request).accept(Origins::Any).err(), error, "{uri}");
        assert_eq!(server::accept(&line, &fields, Origins::Any).err(), error, "as in bytes: {uri}");
    }
}

#[test]
fn a_client_sends_and_judges() {
    let url = Url::parse("wss://example.com:8443/chat?room=1").unwrap();
    let extra = [Header::new("Authorization", "Bearer 3c8b").unwrap()];
    let request = client::Request::to(&url).subprotocols(&["chat", "soap"]).unwrap().headers(&extra).unwrap();
    let over_http1 = client::Handshake::new(request, RFC_NONCE);
    let sent = over_http1.to_request().unwrap();
    assert_eq!((sent.method(), sent.version()), (&Method::GET, Version::HTTP_11));
    assert_eq!(sent.uri(), "/chat?room=1");
    assert_eq!(
        shown(sent.headers()),
        [
            "host: example.com:8443",
            "upgrade: websocket",
            "connection: Upgrade",
            &format!("sec-websocket-key: {RFC_KEY}"),
            "sec-websocket-version: 13",
            "sec-websocket-protocol: chat",
            "sec-websocket-protocol: soap",
            "authorization: Bearer 3c8b",
        ]
    );
    let answer = |status: u16| {
        let builder = Response::builder().status(status).header("upgrade", "websocket").header("connection", "upgrade");
        builder.header("sec-websocket-accept", RFC_ACCEPT).header("sec-websocket-protocol", "soap").body("").unwrap()
    };
    let agreed = over_http1.verify_response(&answer(101)).unwrap();
    assert_eq!(agreed.subprotocol(), Some("soap"));
    assert_eq!(over_http1.verify_response(&answer(403)).unwrap_err(), HandshakeError::Status(403));
    let mut old = answer(101);
    *old.version_mut() = Version::HTTP_10;
    assert_eq!(over_http1.verify_response(&old).unwrap_err(), HandshakeError::HttpVersion);

    let on_a_stream = extended_connect::Handshake::new(request, url.is_secure());
    let sent = on_a_stream.to_request().unwrap();
    assert_eq!((sent.method(), sent.version()), (&Method::CONNECT, Version::HTTP_2));
    assert_eq!(sent.uri(), "https://example.com:8443/chat?room=1");
    let answer = Response::builder().header("sec-websocket-protocol", "chat").body(()).unwrap();
    assert_eq!(on_a_stream.verify_response(&answer).unwrap().subprotocol(), Some("chat"));
    let refused = Response::builder().status(501).body(()).unwrap();
    assert_eq!(on_a_stream.verify_response(&refused).unwrap_err(), HandshakeError::Status(501));
}

/// Whatever a client can ask in these types, a server grants; whatever that answers, the client takes.
#[test]
fn what_is_put_together_can_be_taken_apart() {
    let mut random = Random(1);
    let tokens = ["chat", "soap", "a.b", "~", "x-1"];
    let (hosts, targets) =
        (["a", "a:81", "[::1]:8080", "xn--bcher-kva.example"], ["/", "/?", "/a/b?c=d&e", "//x", "/%20"]);
    let names = ["x", "X-Trace", "authorization", "cookie", "user-agent"];
    let values = ["", "a", "a b\tc", "\u{e9}\u{20ac}", "\"quoted\"; x=y", "a, b"];
    for _ in 0..2_000 {
        let mut subprotocols = tokens.to_vec();
        subprotocols.retain(|_| random.below(2) == 0);
        let headers: Vec<Header<'_>> =
            (0..random.below(4)).map(|_| Header::new(random.pick(&names), random.pick(&values)).unwrap()).collect();
        let (host, target) = (random.pick(&hosts), random.pick(&targets));
        let request = client::Request::new(host, target).unwrap().subprotocols(&subprotocols).unwrap();
        let request = request.headers(&headers).unwrap();
        let chosen = [random.pick(&tokens)];
        let is_theirs = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let count = |map: &HeaderMap| {
            map.keys()
                .map(|name| map.get_all(name).iter().count() * usize::from(is_theirs(name.as_str())))
                .sum::<usize>()
        };

        let over_http1 = client::Handshake::new(request, RFC_NONCE);
        let sent = over_http1.to_request().unwrap();
        let asked = ws::Request::new(&sent);
        assert_eq!((sent.uri().to_string(), count(sent.headers())), (target.to_string(), headers.len()));
        let accept = asked.accept(Origins::SameHost).unwrap().choose_subprotocol(&chosen).headers(&headers).unwrap();
        let answer = accept.to_response().unwrap();
        assert_eq!(count(answer.headers()), headers.len());
        let agreed = over_http1.verify_response(&answer).unwrap();
        assert_eq!(agreed.subprotocol(), subprotocols.iter().copied().find(|name| *name == chosen[0]));
        assert_eq!(agreed.subprotocol(), accept.accepted().subprotocol());

        let on_a_stream = extended_connect::Handshake::new(request, random.below(2) == 0);
        let sent = on_a_stream.to_request().unwrap();
        let asked = ws::Request::new(&sent).protocol(Some(extended_connect::PROTOCOL));
        let accept = asked.accept(Origins::SameHost).unwrap().choose_subprotocol(&chosen).headers(&headers).unwrap();
        let answer = accept.to_response().unwrap();
        let agreed = on_a_stream.verify_response(&answer).unwrap();
        assert_eq!(agreed.subprotocol(), accept.accepted().subprotocol());
    }
}

#[test]
fn what_the_types_cannot_hold_is_an_error() {
    let long = "x".repeat(70_000);
    let headers = [Header::new(&long, "y").unwrap()];
    let request = client::Request::new("a", "/").unwrap().headers(&headers).unwrap();
    assert!(client::Handshake::new(request, RFC_NONCE).to_request().is_err());
    assert!(extended_connect::Handshake::new(request, true).to_request().is_err());
    let request = upgrade();
    let asked = ws::Request::new(&request);
    assert!(asked.accept(Origins::Any).unwrap().headers(&headers).unwrap().to_response().is_err());
    let many = vec![Header::new("x", "y").unwrap(); 40_000];
    let is_held = asked.accept(Origins::Any).unwrap().headers(&many).unwrap().to_response().is_ok();
    assert!(is_held, "values of one name are no entries of the map");
}
