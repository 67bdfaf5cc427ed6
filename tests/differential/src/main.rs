//! The same hostile streams to this crate and to another implementation: `differential tungstenite|wsproto|ws [STREAMS
//! [FIRST_SEED]]`. For `wsproto`, the environment has `PYTHON` and `WSPROTO_PEER`; for `ws`, `NODE`, `WS_PEER` and
//! `WS_PACKAGES`: see `run`.
//!
//! Both get all bytes and then wait for more. What each has handed out, whether it has refused the stream, and with
//! which close code, must be the same, or differ in a way that `disagreements.md` names with the clause of RFC 6455 that
//! decides it. How often each of them was met is printed; a difference without a name ends the program with its bytes.

mod process_peer;
#[allow(dead_code, reason = "shared with the suite, which uses all of it")]
#[path = "../../suite/support/rng.rs"]
mod rng;
#[allow(dead_code, reason = "shared with the suite, which uses all of it")]
#[path = "../../suite/support/streams.rs"]
mod streams;
mod tungstenite_peer;
#[allow(dead_code, reason = "shared with the suite, which uses all of it")]
#[path = "../../suite/support/wire.rs"]
mod wire;

use std::collections::BTreeMap;

use rng::Rng;
use websocket_proto::{Config, Connection, Event, ProtocolError, RecvBuffer, Role, Violation};

/// More than any stream has; both sides refuse what announces more.
pub const MAX_BYTES: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// What came of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<E> {
    pub events: Vec<Seen>,
    pub refused: Option<E>,
}

/// Why another implementation refused a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub why: String,
}

fn ours<R: Role>(mut connection: Connection<R>, stream: &[u8]) -> Verdict<ProtocolError> {
    let mut rx = RecvBuffer::new();
    let mut verdict = Verdict { events: Vec::new(), refused: None };
    let mut rest = stream;
    while !rest.is_empty() {
        rest = &rest[rx.extend_from_slice(rest)..];
        loop {
            let event = match connection.receive(&mut rx) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    verdict.refused = Some(error);
                    return verdict;
                }
            };
            verdict.events.push(match event {
                Event::Text(text) => Seen::Text(text.into()),
                Event::Binary(bytes) => Seen::Binary(bytes.into()),
                Event::Ping(bytes) => Seen::Ping(bytes.into()),
                Event::Pong(bytes) => Seen::Pong(bytes.into()),
                Event::Close(close) => {
                    let code = close.code.as_u16();
                    verdict.events.push(Seen::Close((code != 1005).then_some(code), close.reason.into()));
                    return verdict;
                }
            });
        }
    }
    verdict
}

/// The name of a difference that is ours to make, as in `disagreements.md`.
fn name_of(ours: &Verdict<ProtocolError>, theirs: &Verdict<Refusal>) -> Option<&'static str> {
    if let (None, Some((Seen::Close(Some(1014), _), before))) = (ours.refused, ours.events.split_last()) {
        let is_refused = match theirs.events.get(before.len()) {
            None => theirs.refused.is_some(),
            Some(next) => matches!(next, Seen::Close(Some(1002), _)),
        };
        return (is_refused && theirs.events.starts_with(before)).then_some("close-code-registered-later");
    }
    // Up to where we stop both have seen the same, or it has no name at all.
    let behind = theirs.events.strip_prefix(&ours.events[..])?;
    let (refused, code) = (ours.refused?, theirs.refused.as_ref().map(|refusal| refusal.code));
    let are_control = behind.iter().all(|seen| !matches!(seen, Seen::Text(_) | Seen::Binary(_)));
    if refused == Violation::TextNotUtf8.into() && are_control && !(behind.is_empty() && code.is_none()) {
        return Some("text-when-whole");
    }
    if let (true, Some(code)) = (behind.is_empty(), code) {
        return name_of_codes(refused, code);
    }
    let has_closed = matches!(behind.last(), Some(Seen::Close(..)));
    match refused {
        ProtocolError::Violation(Violation::LengthNotMinimal) => Some("length-not-minimal"),
        ProtocolError::Violation(Violation::ControlTooLong) => Some("control-length-not-minimal"),
        ProtocolError::Violation(Violation::CloseCode(_)) if has_closed => Some("close-code"),
        _ if behind.is_empty() => Some("earlier"),
        _ => None,
    }
}

/// Both have refused the stream behind the same events, with different codes.
fn name_of_codes(ours: ProtocolError, their_code: u16) -> Option<&'static str> {
    use ProtocolError::Violation as Broken;
    match (ours, their_code) {
        (Broken(Violation::LengthNotMinimal), _) => Some("length-not-minimal"),
        (Broken(Violation::ControlTooLong), _) => Some("control-length-not-minimal"),
        (Broken(Violation::CloseCode(_)), 1007) => Some("close-reason-before-code"),
        (Broken(Violation::CloseReasonNotUtf8), 1002) => Some("close-code-registered-later"),
        (ProtocolError::Limit(_), 1002 | 1007) => Some("no-limit"),
        (Broken(Violation::LengthTopBit), 1009) => Some("length-top-bit"),
        (Broken(violation), 1009) if violation.close_code().as_u16() == 1002 => Some("length-before-rules"),
        _ => None,
    }
}

/// What another implementation makes of a stream.
type Peer = Box<dyn FnMut(&[u8], bool) -> Verdict<Refusal>>;

fn peer(name: &str) -> Peer {
    let setting = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    match name {
        "tungstenite" => Box::new(tungstenite_peer::run),
        "wsproto" | "ws" => {
            let (interpreter, script) = if name == "ws" { ("NODE", "WS_PEER") } else { ("PYTHON", "WSPROTO_PEER") };
            let mut peer = process_peer::Peer::start(&setting(interpreter), &setting(script));
            Box::new(move |stream, is_server| peer.run(stream, is_server))
        }
        other => panic!("no such peer: {other}"),
    }
}

fn main() {
    let mut peer = peer(&std::env::args().nth(1).expect("a peer"));
    let mut numbers = std::env::args().skip(2).map(|number| number.parse::<u64>().expect("a number"));
    let (streams, first) = (numbers.next().unwrap_or(2000), numbers.next().unwrap_or(0));
    let mut met = BTreeMap::<&str, u64>::new();
    let mut failures = 0;
    for seed in first..first + streams {
        let mut rng = Rng::new(seed.wrapping_mul(0xd134_2543_de82_ef95));
        let is_server = rng.one_in(2);
        let stream = streams::hostile(&mut rng, is_server);
        let limits = |config: Config| config.max_message_bytes(MAX_BYTES as u64).max_fragments(u32::MAX);
        let ours = match is_server {
            true => ours(Connection::server(limits(Config::server())), &stream),
            false => ours(Connection::client(limits(Config::client()), || [0; 4]), &stream),
        };
        let theirs = peer(&stream, is_server);
        let codes = (
            ours.refused.and_then(|error| error.close_code()).map(|code| code.as_u16()),
            theirs.refused.as_ref().map(|refusal| refusal.code),
        );
        let is_same = ours.events == theirs.events && codes.0 == codes.1;
        let name = if is_same {
            Some(if ours.refused.is_some() { "both refuse" } else { "both accept" })
        } else {
            name_of(&ours, &theirs)
        };
        match name {
            Some(name) => *met.entry(name).or_default() += 1,
            None => {
                failures += 1;
                println!(
                    "seed {seed}, {}: {stream:02x?}\n  ours:   {ours:?}\n  theirs: {theirs:?}",
                    if is_server { "server" } else { "client" }
                );
            }
        }
        if failures == 20 {
            break;
        }
    }
    for (name, count) in met {
        println!("{count:8} {name}");
    }
    if failures > 0 {
        println!("{failures} differences without a name");
        std::process::exit(1);
    }
    println!("{streams} streams, 0 differences without a name");
}
