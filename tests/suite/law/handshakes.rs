//! Every handshake that can be made by leaving headers out and by writing them twice: each line of a request, and of an
//! answer, not at all, once or twice, with all the others likewise. What comes of it is what RFC 6455 says.

use websocket_proto::handshake::client;
use websocket_proto::{Field, HandshakeError};

use crate::handshake::support::{Answered, Cuts, ask_with, rfc_client, serve, serve_with};

/// How often a header may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// §4.2.1 or §4.1 asks for it, and §11.3 for no second one.
    BeOnce,
    /// It has to be there; more lines than one are one list.
    BeThere,
    /// It is a list, or none of ours.
    BeAnywhere,
    /// It need not be there, but not twice: `Origin` (RFC 6454 §7.3), and an answer's lists (§11.3.2, §11.3.4).
    NotBeTwice,
    /// Nobody has asked for it (§4.1, answer, item 5).
    NotBe,
}

type Line = (&'static str, &'static str, Field, May);

const REQUEST: [Line; 8] = [
    ("Host", "server.example.com", Field::Host, May::BeOnce),
    ("Upgrade", "websocket", Field::Upgrade, May::BeThere),
    ("Connection", "Upgrade", Field::Connection, May::BeThere),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", Field::Key, May::BeOnce),
    ("Origin", "http://example.com", Field::Origin, May::NotBeTwice),
    ("Sec-WebSocket-Protocol", "chat, superchat", Field::Protocol, May::BeAnywhere),
    ("Sec-WebSocket-Extensions", "permessage-deflate", Field::Extensions, May::BeAnywhere),
    ("Sec-WebSocket-Version", "13", Field::Version, May::BeOnce),
];

const ANSWER: [Line; 4] = [
    ("Upgrade", "websocket", Field::Upgrade, May::BeThere),
    ("Connection", "Upgrade", Field::Connection, May::BeThere),
    ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Field::Accept, May::BeOnce),
    ("Sec-WebSocket-Protocol", "chat", Field::Protocol, May::NotBeTwice),
];

/// All ways to have each of `lines` not at all, once or twice, as numbers.
fn all_counts(lines: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..3_usize.pow(lines as u32)).map(move |number| (0..lines).map(|at| number / 3_usize.pow(at as u32) % 3).collect())
}

/// A head with these lines. The second of two stands behind all others, and in another case.
fn head(start: &str, lines: &[Line], counts: &[usize]) -> String {
    let mut head = format!("{start}\r\n");
    for (_, (name, value, ..)) in counts.iter().zip(lines).filter(|(count, _)| **count > 0) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    for (_, (name, value, ..)) in counts.iter().zip(lines).filter(|(count, _)| **count > 1) {
        head.push_str(&format!("{}: {value}\r\n", name.to_lowercase()));
    }
    head + "\r\n"
}

/// All that is wrong with it: which error is given first is not the RFC's matter.
fn faults(lines: &[Line], counts: &[usize]) -> Vec<HandshakeError> {
    let of = |(count, (_, _, field, may)): (&usize, &Line)| match (count, may) {
        (0, May::BeOnce | May::BeThere) => Some(HandshakeError::Missing(*field)),
        (2, May::NotBeTwice) if *field == Field::Protocol => Some(HandshakeError::SubprotocolNotOffered),
        (2, May::NotBeTwice) if *field == Field::Extensions => Some(HandshakeError::ExtensionNotOffered),
        (2, May::BeOnce | May::NotBeTwice) => Some(HandshakeError::Duplicate(*field)),
        (1 | 2, May::NotBe) => Some(HandshakeError::ExtensionNotOffered),
        _ => None,
    };
    counts.iter().zip(lines).filter_map(of).collect()
}

/// Whole, and for the heads that differ in one line from the right one in other cuts too.
fn cuts(counts: &[usize]) -> impl Iterator<Item = Cuts> {
    let changed = counts.iter().filter(|count| **count != 1).count();
    Cuts::usual().take(if changed <= 1 { usize::MAX } else { 1 })
}

#[test]
fn every_request_with_headers_missing_or_doubled() {
    let mut accepted = 0;
    for counts in all_counts(REQUEST.len()) {
        let bytes = head("GET /chat HTTP/1.1", &REQUEST, &counts);
        let faults = faults(&REQUEST, &counts);
        for cuts in cuts(&counts) {
            let origins = websocket_proto::handshake::server::Origins::Any;
            let handshake = websocket_proto::handshake::server::Handshake::new();
            let (result, rest) = serve_with(handshake, bytes.as_bytes(), cuts, origins);
            let answer = result.unwrap().unwrap().answer;
            assert!(rest.is_empty());
            match answer {
                Ok(_) => assert_eq!(faults, [], "{bytes}"),
                Err(error) => {
                    assert!(faults.contains(&error), "{error:?}: {bytes}");
                    // RFC 9110 §15.5.22, RFC 6455 §4.4: what is missing is the upgrade, or its version.
                    let status = if matches!(error, HandshakeError::Missing(Field::Upgrade | Field::Version)) {
                        426
                    } else {
                        400
                    };
                    assert_eq!(error.status(), status, "{error:?}");
                }
            }
        }
        accepted += usize::from(faults.is_empty());
        assert_eq!(serve(&bytes).0.unwrap().unwrap().headers.len(), counts.iter().sum());
    }
    // Three have to be there once, two at least once, two may be anywhere, and one may be missing.
    assert_eq!(accepted, 2 * 2 * 3 * 3 * 2);
    println!("{} requests", 3_usize.pow(REQUEST.len() as u32));
}

/// Gives how many were taken.
fn answers(lines: &[Line], handshake: &dyn Fn() -> client::Handshake<'static>) -> usize {
    let mut established = 0;
    for counts in all_counts(lines.len()) {
        let bytes = head("HTTP/1.1 101 Switching Protocols", lines, &counts);
        let faults = faults(lines, &counts);
        for cuts in cuts(&counts) {
            match ask_with(handshake(), bytes.as_bytes(), cuts).0 {
                Ok(answered) => {
                    let Some(Answered::Established { headers, .. }) = answered else { panic!("{answered:?}") };
                    assert_eq!(headers, counts.iter().sum());
                    assert_eq!(faults, [], "{bytes}");
                }
                Err(error) => assert!(faults.contains(&error), "{error:?}: {bytes}"),
            }
        }
        established += usize::from(faults.is_empty());
    }
    println!("{} answers", 3_usize.pow(lines.len() as u32));
    established
}

#[test]
fn every_answer_with_headers_missing_or_doubled() {
    let extension = |may| ("Sec-WebSocket-Extensions", "permessage-deflate", Field::Extensions, may);
    let lines: Vec<Line> = ANSWER.into_iter().chain([extension(May::NotBe)]).collect();
    assert_eq!(answers(&lines, &rfc_client), 2 * 2 * 2);
}

/// Where the extension was offered, one line may grant it (RFC 7692 §7.1, RFC 6455 §11.3.2).
#[cfg(feature = "deflate")]
#[test]
fn every_answer_to_an_offer_with_headers_missing_or_doubled() {
    use websocket_proto::deflate::Config;
    let config: &'static Config = Box::leak(Box::new(Config::new().peer_takeover(true).local_takeover(true)));
    let offering = || {
        let request = client::Request::new("server.example.com", "/chat").unwrap().deflate(config);
        client::Handshake::new(
            request.subprotocols(&["chat", "superchat"]).unwrap(),
            crate::handshake::support::RFC_NONCE,
        )
    };
    let extension = ("Sec-WebSocket-Extensions", "permessage-deflate", Field::Extensions, May::NotBeTwice);
    let lines: Vec<Line> = ANSWER.into_iter().chain([extension]).collect();
    assert_eq!(answers(&lines, &offering), 2 * 2 * 2 * 2);
}
