//! `ws:` and `wss:` URLs.

use websocket_proto::handshake::Url;
use websocket_proto::{Error, UrlError};

#[test]
fn the_parts_of_a_url() {
    for (text, is_secure, host, port, authority, target) in [
        ("ws://example.com", false, "example.com", 80, "example.com", "/"),
        ("wss://example.com/", true, "example.com", 443, "example.com", "/"),
        ("WsS://Example.com:443/a/b?c=d&e", true, "Example.com", 443, "Example.com", "/a/b?c=d&e"),
        ("ws://example.com:443/", false, "example.com", 443, "example.com:443", "/"),
        ("wss://example.com:80?q", true, "example.com", 80, "example.com:80", "/?q"),
        ("ws://example.com:?", false, "example.com", 80, "example.com", "/?"),
        ("ws://example.com:080//x", false, "example.com", 80, "example.com", "//x"),
        ("ws://127.0.0.1:8888/%20", false, "127.0.0.1", 8888, "127.0.0.1:8888", "/%20"),
        ("ws://[::1]", false, "::1", 80, "[::1]", "/"),
        ("ws://[2001:DB8::1.2.3.4]:9/", false, "2001:DB8::1.2.3.4", 9, "[2001:DB8::1.2.3.4]:9", "/"),
        (
            "ws://xn--bcher-kva.example/?a=http://b@c/",
            false,
            "xn--bcher-kva.example",
            80,
            "xn--bcher-kva.example",
            "/?a=http://b@c/",
        ),
    ] {
        let url = Url::parse(text).unwrap();
        assert_eq!((url.is_secure(), url.host(), url.port()), (is_secure, host, port), "{text}");
        assert_eq!((url.authority(), url.target().to_string().as_str()), (authority, target), "{text}");
    }
}

#[test]
fn what_is_no_url_of_a_websocket() {
    for (text, error) in [
        ("", UrlError::Scheme),
        ("example.com", UrlError::Scheme),
        ("http://example.com", UrlError::Scheme),
        (" ws://example.com", UrlError::Scheme),
        ("ws:/example.com", UrlError::Scheme),
        ("ws://", UrlError::Host),
        ("ws:///path", UrlError::Host),
        ("ws://:80/", UrlError::Host),
        ("ws://user@example.com/", UrlError::Userinfo),
        ("ws://user:secret@example.com/", UrlError::Userinfo),
        ("ws://@example.com/", UrlError::Userinfo),
        ("ws://exa mple.com/", UrlError::Host),
        ("ws://b\u{fc}cher.example/", UrlError::Host),
        ("ws://example.com\\@evil.com/", UrlError::Userinfo),
        ("ws://example.com\\evil.com/", UrlError::Host),
        ("ws://[::1", UrlError::Host),
        ("ws://::1/", UrlError::Host),
        ("ws://[::1]x/", UrlError::Host),
        ("ws://[::g]/", UrlError::Host),
        ("ws://[fe80::1%25eth0]/", UrlError::Host),
        ("ws://example.com:65536/", UrlError::Port),
        ("ws://example.com:+80/", UrlError::Port),
        ("ws://example.com:80:80/", UrlError::Port),
        ("ws://example.com:8\u{661}/", UrlError::Port),
        ("ws://example.com/a#b", UrlError::Fragment),
        ("ws://example.com#", UrlError::Fragment),
        ("ws://example.com/a b", UrlError::Path),
        ("ws://example.com/\r\nHost: evil", UrlError::Path),
        ("ws://example.com/?\0", UrlError::Path),
        ("ws://example.com/\u{e9}", UrlError::Path),
    ] {
        assert_eq!(Url::parse(text).err(), Some(error), "{text}");
        assert!(!Error::from(error).to_string().is_empty());
    }
}

#[test]
fn a_hostile_url_costs_no_more_than_its_length() {
    for piece in ["[", ":", "%", "/", "@", "?", "://", "\u{e9}"] {
        let _ = Url::parse(&format!("ws://{}", piece.repeat(200_000)));
        let _ = Url::parse(&piece.repeat(200_000));
    }
}
