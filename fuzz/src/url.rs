//! URLs: what is taken apart can be put together again, is on the wire as it stood, and another reader sees the same.
//!
//! The other reader is `http::Uri`. What it refuses and we take, or the other way round, is in `differences.md`.

use std::str;

use http::Uri;
use websocket_proto::UrlError;
use websocket_proto::handshake::Url;
use websocket_proto::handshake::client::{Handshake, Request};

use crate::support::heap;
use crate::support::http::Head;

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match heap::without(|| Url::parse(text)) {
        Ok(url) => {
            put_together(text, &url);
            on_the_wire(&url);
            another_reader(text, &url);
        }
        Err(error) => refused(text, error),
    }
}

/// Its parts, in order, are the text, but for the case of the scheme and the slash of an empty path.
fn put_together(text: &str, url: &Url<'_>) {
    let (scheme, rest) = text.split_once("://").expect("it has a scheme");
    assert!(scheme.eq_ignore_ascii_case(if url.is_secure() { "wss" } else { "ws" }));
    let target = url.target().to_string();
    assert!(target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
    let written = rest.strip_suffix(&target).or_else(|| rest.strip_suffix(&target[1..])).expect("its path is its end");
    assert!(!written.contains(['/', '?', '#', '@', '\\', ' ']));

    let (host, port) = match url.host().contains(':') {
        true => {
            let (host, port) = written.strip_prefix('[').and_then(|rest| rest.split_once(']')).expect("an address");
            assert!(host.parse::<std::net::Ipv6Addr>().is_ok());
            (host, port.strip_prefix(':').unwrap_or(""))
        }
        false => written.split_once(':').unwrap_or((written, "")),
    };
    assert_eq!(url.host(), host);
    assert!(!host.is_empty());
    let default = if url.is_secure() { 443 } else { 80 };
    assert_eq!(url.port(), if port.is_empty() { default } else { port.parse().expect("a port") });
    let is_default = url.port() == default;
    assert!(if is_default { written.starts_with(url.authority()) } else { url.authority() == written });
    // Again, from its parts.
    let again = format!("{scheme}://{}{target}", url.authority());
    let again = Url::parse(&again).expect("its own parts");
    assert_eq!((again.host(), again.port(), again.is_secure()), (url.host(), url.port(), url.is_secure()));
}

fn on_the_wire(url: &Url<'_>) {
    let mut written = Vec::new();
    Handshake::new(Request::to(url), [7; 16]).write_request(&mut written).expect("a Vec has room");
    let head = Head::of_request(&written);
    assert_eq!(head.start, ["GET", &url.target().to_string(), "HTTP/1.1"]);
    assert_eq!(head.one("Host"), Some(url.authority().as_bytes()));
    assert_eq!((head.headers.len(), head.body), (5, &b""[..]));
}

fn another_reader(text: &str, url: &Url<'_>) {
    match text.parse::<Uri>() {
        Ok(uri) => {
            assert!(uri.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case(if url.is_secure() {
                "wss"
            } else {
                "ws"
            })));
            assert_eq!(uri.host().map(|host| host.trim_matches(['[', ']'])), Some(url.host()));
            let default = if url.is_secure() { 443 } else { 80 };
            assert_eq!(uri.port_u16().unwrap_or(default), url.port());
            let target = uri.path_and_query().map_or("/", |target| target.as_str());
            // U4: an empty path before a query.
            let slash = if target.starts_with('/') { "" } else { "/" };
            assert_eq!(format!("{slash}{target}"), url.target().to_string());
        }
        Err(_) => {
            // U1: characters that RFC 3986 has nowhere, and that servers get all the same. U2: an empty port, which
            // RFC 3986 §3.2.3 allows. U3: a name with characters that only a registry of names could forbid.
            let is_odd = |byte: u8| matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
            let has_odd = url.target().to_string().bytes().any(is_odd);
            let is_odd_name = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-.".contains(&byte);
            let has_odd_name = url.host().bytes().any(is_odd_name);
            let has_empty_port = text.split(['/', '?']).nth(2).is_some_and(|written| written.ends_with(':'));
            assert!(has_odd || has_odd_name || has_empty_port, "another reader refuses {text:?}");
        }
    }
}

/// Why it was refused can be seen in the text.
fn refused(text: &str, error: UrlError) {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", ""));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let is_ours = scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss");
    match error {
        UrlError::Scheme => assert!(!is_ours),
        UrlError::Userinfo => assert!(authority.contains('@')),
        UrlError::Fragment => assert!(target.contains('#')),
        UrlError::Path => assert!(target.bytes().any(|byte| !byte.is_ascii_graphic())),
        UrlError::Port => assert!(authority.contains(':')),
        UrlError::Host => {
            let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
            assert!(authority.is_empty() || !authority.bytes().all(is_simple), "{authority} is a name");
        }
        other => panic!("{other:?} is new"),
    }
}
