//! Answers that do not lead to a WebSocket.

use websocket_proto::handshake::Header;
use websocket_proto::handshake::server::{Handshake, Reply};
use websocket_proto::{Field, HandshakeError, HandshakeMisuse, RecvBuffer};

use super::support::written;

#[test]
fn a_page_is_served() {
    let headers = [Header::new("Content-Type", "text/html; charset=utf-8").unwrap()];
    let reply = Reply::new(200).unwrap().headers(&headers).unwrap().body(b"<p>Hello</p>");
    assert_eq!(
        written(|tx| reply.write(tx)),
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 12\r\n\r\n<p>Hello</p>"
    );
}

#[test]
fn each_error_has_a_reply_that_closes() {
    for (error, text) in [
        (
            HandshakeError::WebSocketVersion,
            "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            HandshakeError::Method,
            "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n",
        ),
        (HandshakeError::OriginRefused, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        (
            HandshakeError::Missing(Field::Key),
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            HandshakeError::HeadTooLong,
            "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ),
    ] {
        assert_eq!(written(|tx| Reply::to_error(error).write(tx)), text);
        let fields = Reply::to_error(error).response_fields();
        let lines =
            fields.map(|field| format!("{}: {}\r\n", field.name(), field.to_str().unwrap())).collect::<String>();
        assert!(text.contains(&format!("\r\n{lines}Content-Length")), "{lines}");
    }
}

#[test]
fn a_reply_to_head_has_no_body_but_its_length() {
    let mut rx = RecvBuffer::from([0; 64]);
    let _ = rx.extend_from_slice(b"HEAD / HTTP/1.1\r\n\r\n");
    let mut handshake = Handshake::new();
    let request = handshake.receive(&mut rx).unwrap().unwrap();
    let reply = request.reply(200).unwrap().body(b"12345");
    assert_eq!(written(|tx| reply.write(tx)), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n");
}

/// As RFC 9110 §15 calls them (RFC 6585 for 429 and 431), those that a server of WebSockets has a use for; the others go
/// without.
#[test]
fn a_status_has_its_usual_words() {
    const USUAL: &str = "200 OK|204 No Content|301 Moved Permanently|302 Found|303 See Other|304 Not Modified|\
        307 Temporary Redirect|308 Permanent Redirect|400 Bad Request|401 Unauthorized|403 Forbidden|404 Not Found|\
        405 Method Not Allowed|408 Request Timeout|410 Gone|413 Content Too Large|421 Misdirected Request|\
        426 Upgrade Required|429 Too Many Requests|431 Request Header Fields Too Large|500 Internal Server Error|\
        501 Not Implemented|502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout|505 HTTP Version Not Supported";
    for status in 200..600 {
        let number = format!("{status} ");
        let line = USUAL.split('|').find(|line| line.starts_with(&number)).unwrap_or(&number);
        let reply = written(|tx| Reply::new(status).unwrap().write(tx));
        assert_eq!(reply.split("\r\n").next(), Some(&*format!("HTTP/1.1 {line}")));
    }
}

#[test]
fn statuses_without_a_body_have_none() {
    for (status, reason) in [(204, "No Content"), (304, "Not Modified")] {
        let reply = Reply::new(status).unwrap().body(b"12345");
        assert_eq!(written(|tx| reply.write(tx)), format!("HTTP/1.1 {status} {reason}\r\nConnection: close\r\n\r\n"));
    }
}

#[test]
fn every_status_that_is_none_of_an_interim_answer() {
    for status in 0..=1000 {
        match Reply::new(status) {
            Ok(reply) => {
                let text = written(|tx| reply.write(tx));
                assert!((200..600).contains(&status) && text.starts_with(&format!("HTTP/1.1 {status} ")));
            }
            Err(error) => {
                assert!(error == HandshakeMisuse::Status && !(200..600).contains(&status));
            }
        }
    }
}
