//! A request and its answer in one call.

use websocket_proto::handshake::server::{Handshake, Origins, Reply};
use websocket_proto::{
    Error, HandshakeError, HandshakeMisuse, HeadPart, Instant, RecvBuffer, SendError, SendSlice, Timeout,
};

use super::support::{Cuts, RFC_REQUEST, RFC_RESPONSE, written};

/// What comes of `bytes`, however they are cut; what is written; what is left.
fn answer(bytes: &[u8], cuts: Cuts, origins: Origins<'_>) -> (Result<Option<()>, Error>, String, Vec<u8>) {
    let (mut memory, mut out) = ([0; 2048], [0; 512]);
    let (mut rx, mut tx) = (RecvBuffer::from(&mut memory[..]), SendSlice::new(&mut out));
    let (mut handshake, mut result, mut used) = (Handshake::new(), Ok(None), 0);
    for piece in cuts.pieces(bytes) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        used += piece.len();
        result = handshake.answer(&mut rx, origins, &mut tx);
        if result != Ok(None) {
            break;
        }
    }
    let text = String::from_utf8(tx.as_slice().to_vec()).unwrap();
    if result != Ok(None) {
        let again = handshake.answer(&mut rx, origins, &mut tx);
        assert_eq!(again, Err(HandshakeMisuse::Finished.into()), "it is answered once");
        assert_eq!(tx.as_slice(), text.as_bytes(), "it is answered once");
        assert_eq!(handshake.poll_timeout(), None);
    }
    (result.map(|accepted| accepted.map(drop)), text, [rx.unread(), &bytes[used..]].concat())
}

#[test]
fn a_request_by_the_rules_is_granted() {
    let frames = b"\x81\x85\x37\xfa";
    let plain = RFC_RESPONSE.replace("Sec-WebSocket-Protocol: chat\r\n", "");
    for cuts in Cuts::usual() {
        let bytes = [RFC_REQUEST.as_bytes(), frames].concat();
        assert_eq!(answer(&bytes, cuts, Origins::Any), (Ok(Some(())), plain.clone(), frames.to_vec()));
        assert_eq!(answer(&bytes[..80], cuts, Origins::Any), (Ok(None), String::new(), bytes[..80].to_vec()));
    }
}

/// Whichever step finds the fault, and with the reply that the step would have had.
#[test]
fn a_refusal_is_written_and_given() {
    let faults = [
        ("GET / HTTP/1.1\r\nHost: x\0\r\n\r\n".into(), HandshakeError::Malformed(HeadPart::HeaderValue)),
        (RFC_REQUEST.replace("GET", "POST"), HandshakeError::Method),
        (RFC_REQUEST.replace("Version: 13", "Version: 8"), HandshakeError::WebSocketVersion),
        (RFC_REQUEST.to_string(), HandshakeError::OriginRefused),
    ];
    for (request, error) in faults {
        let reply = written(|tx| Reply::to_error(error).write(tx));
        let (result, text, _) = answer(request.as_bytes(), Cuts::Whole, Origins::SameHost);
        assert_eq!((result, text), (Err(error.into()), reply), "{request}");
    }
}

#[test]
fn who_is_too_slow_is_told() {
    let (mut memory, mut out) = ([0; 2048], [0; 512]);
    let (mut rx, mut tx) = (RecvBuffer::from(&mut memory[..]), SendSlice::new(&mut out));
    let mut handshake = Handshake::new();
    handshake.handle_timeout(Instant::from_millis(0)).unwrap();
    assert_eq!(rx.extend_from_slice(b"GET / HT"), 8);
    assert_eq!(handshake.answer(&mut rx, Origins::Any, &mut tx), Ok(None));
    handshake.handle_timeout(Instant::from_millis(10_000)).unwrap_err();
    let late = HandshakeError::Timeout(Timeout::Handshake);
    assert_eq!(handshake.answer(&mut rx, Origins::Any, &mut tx), Err(late.into()));
    assert!(tx.as_slice().starts_with(b"HTTP/1.1 408 "));
    tx.clear();
    assert_eq!(handshake.answer(&mut rx, Origins::Any, &mut tx), Err(HandshakeMisuse::Finished.into()));
    assert!(tx.is_empty());
}

/// Nothing is taken from the one buffer that could not be answered into the other.
#[test]
fn without_room_for_an_answer_nothing_happens() {
    let (mut memory, mut out) = ([0; 2048], [0; 300]);
    let (mut rx, mut tx) = (RecvBuffer::from(&mut memory[..]), SendSlice::new(&mut out));
    let mut handshake = Handshake::new();
    assert_eq!(rx.extend_from_slice(RFC_REQUEST.as_bytes()), RFC_REQUEST.len());
    Reply::new(204).unwrap().write(&mut tx).unwrap();
    let waiting = tx.as_slice().len();
    let full = Err(Error::Send(SendError::Full { needed: 256 }));
    assert_eq!(handshake.answer(&mut rx, Origins::Any, &mut tx), full);
    assert_eq!((tx.as_slice().len(), rx.unread()), (waiting, RFC_REQUEST.as_bytes()));
    tx.clear();
    assert!(handshake.answer(&mut rx, Origins::Any, &mut tx).unwrap().is_some());
}

#[test]
fn the_room_it_asks_for_is_enough_for_every_answer() {
    for status in 200..600 {
        let reply = written(|tx| Reply::new(status).unwrap().write(tx));
        assert!(reply.len() <= 256, "{reply}");
    }
}
