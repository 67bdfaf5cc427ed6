//! A server's end from its first byte to its last: the handshake and the connection in one.

use std::time::Duration;

use websocket_proto::close::CloseCode;
use websocket_proto::handshake::server::{Accepted, Handshake, Origins, Reply};
use websocket_proto::{
    Config, Connection, Ending, Error, HandshakeError, HandshakeMisuse, HeadPart, Instant, ProtocolError, RecvBuffer,
    SendError, Server, ServerSession, Timeout, Transport, Violation,
};

use crate::handshake::support::{Cuts, RFC_REQUEST, RFC_RESPONSE, written};
use crate::message::{BINARY, CLOSE, PING, PONG, TEXT, closing, masked, plain};
use crate::support::Sink;
use crate::support::rng::{Rng, for_seeds, scaled};

type Answered<'a> = Result<Option<Accepted<'a>>, Error>;
type Rx<'m> = RecvBuffer<&'m mut [u8]>;

/// How a request is answered in a test.
type Answer = fn(&mut Handshake, &mut Rx<'_>, &mut Sink) -> Answered<'static>;

/// In one call.
fn at_once(handshake: &mut Handshake, rx: &mut Rx<'_>, tx: &mut Sink) -> Answered<'static> {
    handshake.answer(rx, Origins::Any, tx)
}

/// Step by step, and by the rules of one site; what goes wrong is left to the session.
fn by_steps(handshake: &mut Handshake, rx: &mut Rx<'_>, tx: &mut Sink) -> Answered<'static> {
    let Some(request) = handshake.receive(rx)? else { return Ok(None) };
    if request.path() != "/chat" {
        request.reply(404)?.write(tx)?;
        return Ok(None);
    }
    Ok(Some(request.accept(Origins::SameHost)?.write(tx)?))
}

fn session() -> ServerSession {
    ServerSession::new(Handshake::new(), Config::server().close_timeout(Some(Duration::from_secs(3))))
}

/// A turn of the run loop: what was opened, if anything was.
fn turn(session: &mut ServerSession, rx: &mut Rx<'_>, answer: Answer, tx: &mut Sink) -> Result<bool, Error> {
    let mut is_open = false;
    let opened = session.open(rx, |handshake, rx| answer(handshake, rx, tx)).map(|connection| {
        if let Some(connection) = connection {
            is_open = true;
            while let Ok(Some(event)) = connection.receive(rx) {
                if let Some(message) = event.message() {
                    connection.send_message(message, tx).unwrap();
                }
                connection.poll_transmit(tx).unwrap();
            }
        }
    });
    session.poll_transmit(tx).unwrap();
    opened.map(|()| is_open)
}

/// All of `bytes`, however they are cut: what the last turn gave, what was written, and the session.
fn feed(bytes: &[u8], cuts: Cuts, answer: Answer) -> (Result<bool, Error>, String, ServerSession) {
    let mut memory = [0; 2048];
    let (mut session, mut rx, mut tx) = (session(), RecvBuffer::from(&mut memory[..]), Sink::new());
    let mut last = Ok(false);
    for mut piece in cuts.pieces(bytes) {
        while !piece.is_empty() {
            let taken = rx.extend_from_slice(piece);
            assert!(taken > 0, "what is of no use is dropped");
            last = turn(&mut session, &mut rx, answer, &mut tx);
            piece = &piece[taken..];
        }
    }
    (last, tx.take().iter().copied().map(char::from).collect(), session)
}

fn text(bytes: Vec<u8>) -> String {
    bytes.into_iter().map(char::from).collect()
}

#[test]
fn from_the_first_byte_to_the_last() {
    let ours = RFC_REQUEST.replace("http://example.com", "http://server.example.com");
    let granted = RFC_RESPONSE.replace("Sec-WebSocket-Protocol: chat\r\n", "");
    let frames = [masked(TEXT, "one"), masked(PING, "p"), masked(BINARY, b"two"), masked(CLOSE, closing(1001, "bye"))];
    let echoes = [plain(TEXT, "one"), plain(PONG, "p"), plain(BINARY, b"two"), plain(CLOSE, closing(1001, ""))];
    let bytes = [ours.as_bytes(), &frames.concat()].concat();
    let expected = granted + &text(echoes.concat());
    let at_each_byte = (0..=bytes.len()).map(Cuts::At);
    for cuts in Cuts::usual().chain(at_each_byte) {
        for answer in [at_once as Answer, by_steps] {
            let (last, sent, mut session) = feed(&bytes, cuts, answer);
            assert_eq!((last, &sent), (Ok(true), &expected), "{cuts:?}");
            assert_eq!((session.transport(), session.fault()), (Transport::FlushThenClose, None));
            assert_eq!(session.handle_eof(), Ending { code: CloseCode::GOING_AWAY, is_clean: true });
            assert_eq!(session.transport(), Transport::Closed);
        }
    }
}

/// Whoever finds the fault, and whoever is left to write the reply: it is written once, and what comes behind is
/// dropped.
#[test]
fn a_refusal_is_a_state_like_a_failure() {
    let cases: [(Answer, String, HandshakeError); 5] = [
        (at_once, "\x16\x03".into(), HandshakeError::Malformed(HeadPart::StartLine)),
        (by_steps, "\x16\x03".into(), HandshakeError::Malformed(HeadPart::StartLine)),
        (at_once, RFC_REQUEST.replace("Version: 13", "Version: 8"), HandshakeError::WebSocketVersion),
        (by_steps, RFC_REQUEST.replace("Version: 13", "Version: 8"), HandshakeError::WebSocketVersion),
        (by_steps, RFC_REQUEST.into(), HandshakeError::OriginRefused),
    ];
    for (answer, request, error) in cases {
        let reply = written(|tx| Reply::to_error(error).write(tx));
        for cuts in Cuts::usual() {
            let bytes = [request.as_bytes(), &[b'x'; 5_000]].concat();
            let (last, sent, mut session) = feed(&bytes, cuts, answer);
            assert_eq!((last, &sent), (Err(error.into()), &reply), "{request}, {cuts:?}");
            assert_eq!((session.transport(), session.fault()), (Transport::FlushThenClose, Some(error.into())));
            assert!(session.connection().is_none());
            assert_eq!(session.handle_eof(), Ending { code: CloseCode::ABNORMAL, is_clean: false });
            assert_eq!((session.transport(), session.poll_timeout()), (Transport::Closed, None));
            assert_eq!(session.fault(), Some(error.into()));
        }
    }
}

#[test]
fn a_page_is_no_fault() {
    let page = written(|tx| Reply::new(404).unwrap().write(tx));
    for cuts in Cuts::usual() {
        let request = RFC_REQUEST.replace("/chat", "/other") + "and what nobody reads";
        let (last, sent, session) = feed(request.as_bytes(), cuts, by_steps);
        assert_eq!((last, &sent), (Ok(false), &page));
        assert_eq!((session.transport(), session.fault()), (Transport::FlushThenClose, None));
    }
}

/// That its client does not go in time is one, and is kept as what `handle_timeout` finds always is.
#[test]
fn a_client_that_stays_behind_a_page() {
    let (_, _, mut session) = feed(RFC_REQUEST.replace("/chat", "/other").as_bytes(), Cuts::Whole, by_steps);
    assert_eq!(session.handle_timeout(Instant::EPOCH), Ok(()));
    let late = ProtocolError::Timeout(Timeout::Close).into();
    assert_eq!(session.handle_timeout(Instant::from_millis(3_000)), Err(late));
    assert_eq!((session.transport(), session.fault()), (Transport::Closed, Some(late)));
}

/// The handshake has its ten seconds, the client has what the connection would give it to end the transport.
#[test]
fn deadlines_before_there_is_a_connection() {
    let mut memory = [0; 64];
    let (mut session, mut rx, mut tx) = (session(), RecvBuffer::from(&mut memory[..]), Sink::new());
    let at = Instant::from_millis;
    assert_eq!(session.poll_timeout(), Some(Instant::EPOCH));
    assert_eq!(session.handle_timeout(at(500)), Ok(()));
    assert_eq!((session.poll_timeout(), session.transport()), (Some(at(10_500)), Transport::Open));
    assert_eq!(rx.extend_from_slice(b"GET / HT"), 8);
    assert_eq!(turn(&mut session, &mut rx, at_once, &mut tx), Ok(false));
    let late = Error::Handshake(HandshakeError::Timeout(Timeout::Handshake));
    assert_eq!(session.handle_timeout(at(10_500)), Err(late));
    assert_eq!((session.transport(), session.fault()), (Transport::Open, Some(late)));
    // It is owed until there is room for it.
    let mut small = Sink::with_capacity(10);
    assert!(matches!(session.poll_transmit(&mut small), Err(SendError::Full { .. })));
    assert!(small.take().is_empty() && session.transport() == Transport::Open);
    assert_eq!(turn(&mut session, &mut rx, at_once, &mut tx), Err(late));
    assert_eq!(session.poll_transmit(&mut tx), Ok(()));
    let reply = written(|tx| Reply::to_error(HandshakeError::Timeout(Timeout::Handshake)).write(tx));
    assert_eq!((text(tx.take()), session.transport()), (reply, Transport::FlushThenClose));
    assert_eq!(session.poll_timeout(), Some(Instant::EPOCH));
    assert_eq!(session.handle_timeout(at(11_000)), Ok(()));
    assert_eq!(session.poll_timeout(), Some(at(14_000)));
    assert_eq!(session.handle_timeout(at(13_999)), Ok(()));
    assert_eq!(session.handle_timeout(at(14_000)), Err(ProtocolError::Timeout(Timeout::Close).into()));
    assert_eq!((session.transport(), session.poll_timeout()), (Transport::Closed, None));
    assert_eq!((session.handle_timeout(at(99_000)), session.fault()), (Ok(()), Some(late)));
}

/// Without a deadline for closing there is none behind a refusal either.
#[test]
fn a_client_may_be_waited_for_for_ever() {
    let mut memory = [0; 64];
    let (mut rx, mut tx) = (RecvBuffer::from(&mut memory[..]), Sink::new());
    let mut session = ServerSession::new(Handshake::new(), Config::server().close_timeout(None));
    assert_eq!(rx.extend_from_slice(b"?"), 1);
    turn(&mut session, &mut rx, at_once, &mut tx).unwrap_err();
    assert_eq!(session.handle_timeout(Instant::from_millis(1)), Ok(()));
    assert_eq!((session.poll_timeout(), session.transport()), (None, Transport::FlushThenClose));
}

#[test]
fn deadlines_of_the_connection() {
    let mut memory = [0; 2048];
    let config =
        Config::server().ping_interval(Some(Duration::from_secs(2))).pong_timeout(Some(Duration::from_secs(1)));
    let (mut session, mut rx) = (ServerSession::new(Handshake::new(), config), RecvBuffer::from(&mut memory[..]));
    let (mut tx, at) = (Sink::new(), Instant::from_millis);
    assert_eq!(rx.extend_from_slice(RFC_REQUEST.as_bytes()), RFC_REQUEST.len());
    assert_eq!(turn(&mut session, &mut rx, at_once, &mut tx), Ok(true));
    tx.take();
    assert_eq!((session.poll_timeout(), session.handle_timeout(at(1_000))), (Some(Instant::EPOCH), Ok(())));
    assert_eq!((session.poll_timeout(), session.handle_timeout(at(3_000))), (Some(at(3_000)), Ok(())));
    session.poll_transmit(&mut tx).unwrap();
    assert_eq!(tx.take(), plain(PING, ""));
    let silent = ProtocolError::Timeout(Timeout::Pong).into();
    assert_eq!((session.handle_timeout(at(4_000)), session.fault()), (Err(silent), Some(silent)));
    session.poll_transmit(&mut tx).unwrap();
    assert_eq!((tx.take(), session.transport()), (plain(CLOSE, closing(1011, "")), Transport::FlushThenClose));
}

#[test]
fn what_the_connection_finds_is_kept_too() {
    let bytes = [RFC_REQUEST.as_bytes(), &plain(TEXT, "not masked")].concat();
    let (last, sent, session) = feed(&bytes, Cuts::Whole, at_once);
    assert!(last == Ok(true) && sent.ends_with(&text(plain(CLOSE, closing(1002, "")))));
    assert_eq!(session.fault(), Some(ProtocolError::Violation(Violation::UnmaskedFrame).into()));
}

#[test]
fn the_end_of_the_transport_before_there_is_a_connection() {
    for (bytes, fault) in [("", None), ("G", Some(HandshakeError::Eof)), ("GET / HT", Some(HandshakeError::Eof))] {
        let (last, sent, mut session) = feed(bytes.as_bytes(), Cuts::Bytes, at_once);
        assert_eq!((last, sent.as_str(), session.transport()), (Ok(false), "", Transport::Open));
        let end = Ending { code: CloseCode::ABNORMAL, is_clean: false };
        assert_eq!((session.handle_eof(), session.handle_eof()), (end, end));
        assert_eq!(session.fault(), fault.map(Error::Handshake));
        assert_eq!((session.transport(), session.poll_timeout()), (Transport::Closed, None));
        let mut tx = Sink::new();
        session.poll_transmit(&mut tx).unwrap();
        assert!(tx.take().is_empty(), "nobody is there to hear it");
    }
}

/// The transport can end before a refusal is written, and the deadline can pass before it has ended.
#[test]
fn a_refusal_that_nobody_waits_for() {
    let mut memory = [0; 64];
    let (mut session, mut rx) = (session(), RecvBuffer::from(&mut memory[..]));
    session.handle_timeout(Instant::EPOCH).unwrap();
    session.handle_timeout(Instant::from_millis(10_000)).unwrap_err();
    assert_eq!(session.transport(), Transport::Open);
    session.handle_eof();
    assert_eq!(session.transport(), Transport::Closed);
    let mut tx = Sink::new();
    turn(&mut session, &mut rx, at_once, &mut tx).unwrap_err();
    assert!(tx.take().is_empty());
}

#[test]
fn without_room_nothing_has_happened_or_it_is_the_server_s_fault() {
    let mut memory = [0; 2048];
    let (mut session, mut rx, mut small) = (session(), RecvBuffer::from(&mut memory[..]), Sink::with_capacity(100));
    assert_eq!(rx.extend_from_slice(RFC_REQUEST.as_bytes()), RFC_REQUEST.len());
    let full = Error::Send(SendError::Full { needed: 256 });
    for _ in 0..2 {
        let opened = session.open(&mut rx, |handshake, rx| handshake.answer(rx, Origins::Any, &mut small));
        assert_eq!(opened.map(drop), Err(full), "and it can be repeated");
        assert_eq!((session.transport(), session.fault()), (Transport::Open, None));
    }
    // The steps take the request before they write. An answer that does not fit is lost, and the client is told.
    let opened = session.open(&mut rx, |handshake, rx| {
        let request = handshake.receive(rx)?.expect("all of it has been read");
        Ok(Some(request.accept(Origins::Any)?.write(&mut small)?))
    });
    let full = opened.map(drop).unwrap_err();
    assert!(matches!(full, Error::Send(SendError::Full { .. })));
    assert_eq!(session.fault(), Some(full));
    let mut tx = Sink::new();
    session.poll_transmit(&mut tx).unwrap();
    assert!(tx.take().starts_with(b"HTTP/1.1 500 "));
}

/// As is any mistake of the caller's.
#[test]
fn a_request_that_was_taken_and_not_answered() {
    let mut memory = [0; 2048];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    assert_eq!(rx.extend_from_slice(RFC_REQUEST.as_bytes()), RFC_REQUEST.len());
    let mut handshake = Handshake::new();
    assert!(handshake.receive(&mut rx).unwrap().is_some());
    let (mut session, mut tx) = (ServerSession::new(handshake, Config::server()), Sink::new());
    let finished = HandshakeMisuse::Finished.into();
    assert_eq!(turn(&mut session, &mut rx, at_once, &mut tx), Err(finished));
    assert!(tx.take().starts_with(b"HTTP/1.1 500 "));
    assert_eq!(session.transport(), Transport::FlushThenClose);
}

/// Whatever is called, and when, with room for an answer or without: there is one answer at most, no fault is forgotten,
/// nothing is written behind the end; and as time goes on, whatever is no connection ends.
#[test]
fn any_calls_in_any_order() {
    let (mut opened, mut refused) = (0, 0);
    for_seeds(scaled(8_000), |rng| match any_calls(rng) {
        true => opened += 1,
        false => refused += 1,
    });
    assert!(opened > 100 && refused > 100, "{opened} opened, {refused} refused");
}

/// Whether it was opened.
fn any_calls(rng: &mut Rng) -> bool {
    let head = match rng.below(5) {
        0 => RFC_REQUEST.replace("Version: 13", "Version: 8"),
        1 => RFC_REQUEST.replace("/chat", "/other"),
        2 => "\x16\x03".into(),
        _ => RFC_REQUEST.replace("http://example.com", "http://server.example.com"),
    };
    let frames = [masked(TEXT, "one"), masked(PING, "p"), masked(CLOSE, closing(1001, "")), masked(TEXT, "late")];
    let stream = [head.as_bytes(), &frames.concat()].concat();
    let (mut rest, mut memory, mut now, mut sent) = (&stream[..], [0; 2048], Instant::EPOCH, Vec::new());
    let (mut session, mut rx) = (session(), RecvBuffer::from(&mut memory[..]));
    let answer = *rng.pick(&[at_once as Answer, by_steps]);
    for _ in 0..rng.below(40) {
        let (fault, was_over) = (session.fault(), session.transport() == Transport::Closed);
        let mut tx = Sink::with_capacity(*rng.pick(&[0, 100, 1_000]));
        match rng.below(9) {
            0..=2 => {
                let piece = &rest[..rng.below(200).min(rest.len())];
                rest = &rest[rx.extend_from_slice(piece)..];
            }
            3 | 4 => {
                let opened = session.open(&mut rx, |handshake, rx| answer(handshake, rx, &mut tx));
                if let Ok(Some(connection)) = opened {
                    while let Ok(Some(_)) = connection.receive(&mut rx) {}
                }
            }
            5 | 6 => _ = session.poll_transmit(&mut tx),
            7 => {
                now = now + Duration::from_millis(rng.below(5_000) as u64);
                let late = session.handle_timeout(now).err();
                assert!(late.is_none() || session.fault().is_some());
            }
            _ => {
                if rng.one_in(4) {
                    session.handle_eof();
                    assert_eq!((session.transport(), session.poll_timeout()), (Transport::Closed, None));
                }
            }
        }
        assert!(fault.is_none() || session.fault() == fault);
        assert!(!was_over || (session.transport() == Transport::Closed && tx.bytes.is_empty()));
        sent.extend(tx.take());
    }
    let is_open = session.connection().is_some();
    for _ in 0..6 {
        let mut tx = Sink::new();
        session.poll_transmit(&mut tx).unwrap();
        sent.extend(tx.take());
        now = now + Duration::from_secs(11);
        let _ = session.handle_timeout(now);
    }
    assert!(is_open || session.transport() == Transport::Closed);
    assert!(text(sent).matches("HTTP/1.1 ").count() <= 1);
    is_open
}

/// It costs a server nothing to have it in place of the connection.
#[test]
fn it_is_as_large_as_the_connection() {
    assert_eq!(size_of::<ServerSession>(), size_of::<Connection<Server>>());
}
