//! Bodies of answers that refuse, in the three ways that HTTP/1 has to end them.

use websocket_proto::handshake::client::{Body, Response};
use websocket_proto::{HandshakeError, HeadPart, RecvBuffer};

use super::support::{Cuts, rfc_client, written};

/// Reads an answer to its end: the body, whether it is complete, and what is left.
fn read(bytes: &[u8], cuts: Cuts) -> Result<(Vec<u8>, bool, Vec<u8>), HandshakeError> {
    let mut rx = RecvBuffer::from([0; 256]);
    let mut handshake = rfc_client();
    written(|tx| handshake.write_request(tx));
    let (mut body, mut text): (Option<Body>, Vec<u8>) = (None, Vec::new());
    for piece in cuts.pieces(bytes) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        if body.is_none() {
            body = match handshake.receive(&mut rx)? {
                Some(Response::Refused(refused)) => Some(refused.body()),
                Some(Response::Established(_)) => panic!("refused"),
                None => None,
            };
        }
        if let Some(body) = &mut body {
            while let Some(piece) = body.receive(&mut rx).inspect_err(|_| assert!(!body.is_complete()))? {
                assert!(!piece.is_empty());
                text.extend_from_slice(piece);
            }
        }
    }
    let mut body = body.expect("the head is whole");
    let is_complete = body.is_complete();
    assert_eq!(body.remaining() == Some(0), is_complete);
    assert!(!is_complete || body.handle_eof().is_ok());
    Ok((text, is_complete, rx.unread().to_vec()))
}

fn read_all_ways(bytes: impl AsRef<[u8]>) -> Result<(Vec<u8>, bool, Vec<u8>), HandshakeError> {
    let whole = read(bytes.as_ref(), Cuts::Whole);
    for cuts in Cuts::usual() {
        assert_eq!(read(bytes.as_ref(), cuts), whole, "{cuts:?}");
    }
    whole
}

fn done(body: &str, rest: &str) -> Result<(Vec<u8>, bool, Vec<u8>), HandshakeError> {
    Ok((body.into(), true, rest.into()))
}

#[test]
fn a_body_with_a_length() {
    assert_eq!(read_all_ways("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwho?rest"), done("who?", "rest"));
    assert_eq!(read_all_ways("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\nrest"), done("", "rest"));
    assert_eq!(read_all_ways("HTTP/1.1 401 No\r\nContent-Length: 4, 4\r\n\r\nwho?"), done("who?", ""));
    assert_eq!(
        read_all_ways("HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nwho?"),
        Ok((b"who?".into(), false, b"".into()))
    );
}

#[test]
fn a_body_that_cannot_be() {
    for status in [204, 304] {
        assert_eq!(read_all_ways(format!("HTTP/1.1 {status} No\r\nContent-Length: 4\r\n\r\nrest")), done("", "rest"));
    }
}

#[test]
fn a_body_to_the_end_of_the_transport() {
    for headers in
        ["", "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: x\r\n", "Transfer-Encoding: gzip\r\n"]
    {
        let read = read_all_ways(format!("HTTP/1.1 404 No\r\n{headers}\r\nwho? rest"));
        assert_eq!(read, Ok((b"who? rest".into(), false, b"".into())), "{headers}");
    }
}

#[test]
fn a_body_in_chunks() {
    let head =
        "HTTP/1.1 500 No\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\nTransfer-Encoding: foo, Chunked\r\n\r\n";
    for (chunks, body) in [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("03;a=\"b\"\r\nabc\r\nA \r\n\r\n34567\r\n9\r\n0;x\r\nTrailer: 1\r\nB: 2\r\n\r\n", "abc\r\n34567\r\n9"),
    ] {
        assert_eq!(read_all_ways(format!("{head}{chunks}rest")), done(body, "rest"), "{chunks}");
    }
    for chunks in [
        "x\r\n",
        "\r\n",
        "3\n",
        "3\r\nabcd",
        "3\r\nabc\n",
        "0\r\n\n",
        "0\r\nA: b\n",
        "3;a\n",
        "fffffffffffffffff\r\n",
        "-1\r\n",
        "1 1\rx",
    ] {
        let malformed = HandshakeError::Malformed(HeadPart::Chunk);
        assert_eq!(read_all_ways(format!("{head}{chunks}")), Err(malformed), "{chunks}");
    }
}

/// A body that is no body stays one: whoever asks again is told again, and what follows is not read as data.
#[test]
fn a_malformed_body_stays_malformed() {
    let malformed = HandshakeError::Malformed(HeadPart::Chunk);
    let mut rx = RecvBuffer::from([0; 256]);
    let mut handshake = rfc_client();
    written(|tx| handshake.write_request(tx));
    let _ = rx.extend_from_slice(b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX3\r\ndef\r\n0\r\n\r\n");
    let Ok(Some(Response::Refused(refused))) = handshake.receive(&mut rx) else { panic!("refused") };
    let mut body = refused.body();
    assert_eq!(body.receive(&mut rx), Ok(Some(&b"ab"[..])));
    for _ in 0..3 {
        assert_eq!(body.receive(&mut rx), Err(malformed));
        assert_eq!((body.is_complete(), body.remaining()), (false, None));
        assert_eq!(body.handle_eof(), Err(malformed), "nor does the end of the transport make it one");
    }
}

#[test]
fn the_end_of_the_transport_is_the_end_of_some_bodies() {
    for (head, end) in [
        ("HTTP/1.1 404 No\r\n\r\nabc", Ok(())),
        ("HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\n", Err(HandshakeError::Eof)),
        ("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n", Err(HandshakeError::Eof)),
    ] {
        let mut rx = RecvBuffer::from([0; 256]);
        let mut handshake = rfc_client();
        written(|tx| handshake.write_request(tx));
        let _ = rx.extend_from_slice(head.as_bytes());
        let Ok(Some(Response::Refused(refused))) = handshake.receive(&mut rx) else { panic!("refused") };
        let mut body = refused.body();
        assert_eq!(body.handle_eof(), end);
        assert_eq!(body.is_complete(), end.is_ok());
    }
}
