//! Sending binary messages, each flushed.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use serde_json::json;
use websocket_proto::{Client, OsMaskKeys, Server};

use super::{SIZES, size_name};
use crate::chart;
use crate::harness::{Entrant, Race, Settings};
use crate::peers::{
    embedded_websocket, fastwebsockets, nexus_web, ours, shiguredo, sockudo_ws, soketto, tokio_websockets, tungstenite,
    web_socket, websocket_sans_io, ws_framer, wtx, yawc,
};
use crate::report::{Section, Table, beside, ns_and_allocations};
use crate::wire::{Log, Wire};
use crate::work::{End, Payload, Sender};

/// How a frame reaches the transport.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The payload is written from where the application has it.
    Untouched,
    /// The payload is copied into a buffer behind its head.
    Copied,
}

/// Enters the race if it plays this end in this way; how it does is seen from what it writes.
fn enter<S: Sender + 'static>(entrants: &mut Vec<Entrant<'static>>, end: End, way: Way, size: usize) {
    let Some(found) = verify::<S>(end, size) else { return };
    if found == way || end == End::Client {
        entrants.push(Entrant::new(S::NAME, S::NOTE, move || {
            let mut sender = S::new(Wire::sink(), end, size).expect("it could before");
            let payload = Payload::new(size);
            move |count| {
                for _ in 0..count {
                    sender.send(std::hint::black_box(&payload));
                }
            }
        }));
    }
}

fn entrants(end: End, way: Way, size: usize) -> Vec<Entrant<'static>> {
    let mut all = Vec::new();
    if way == Way::Untouched && end == End::Server {
        enter::<ours::Vectored>(&mut all, end, way, size);
        enter::<nexus_web::Heading>(&mut all, end, way, size);
    }
    enter::<ours::Copying<Server>>(&mut all, end, way, size);
    enter::<ours::Copying<Client<OsMaskKeys>>>(&mut all, end, way, size);
    enter::<ours::WithRand>(&mut all, end, way, size);
    enter::<tungstenite::Peer>(&mut all, end, way, size);
    enter::<fastwebsockets::Sending>(&mut all, end, way, size);
    enter::<nexus_web::Sending>(&mut all, end, way, size);
    enter::<tokio_websockets::Peer>(&mut all, end, way, size);
    enter::<yawc::Peer>(&mut all, end, way, size);
    enter::<wtx::Sending>(&mut all, end, way, size);
    enter::<sockudo_ws::Sending>(&mut all, end, way, size);
    enter::<websocket_sans_io::Sending>(&mut all, end, way, size);
    enter::<ws_framer::Sending>(&mut all, end, way, size);
    enter::<web_socket::Peer<Wire>>(&mut all, end, way, size);
    enter::<soketto::Sending>(&mut all, end, way, size);
    enter::<embedded_websocket::SendingServer>(&mut all, end, way, size);
    enter::<embedded_websocket::SendingClient>(&mut all, end, way, size);
    enter::<shiguredo::Sending>(&mut all, end, way, size);
    all
}

/// Two messages are what they should be, with different keys; says whether the payload was copied. `None`: it cannot play this end.
fn verify<S: Sender>(end: End, size: usize) -> Option<Way> {
    let log = Rc::new(RefCell::new(Log::default()));
    let mut sender = S::new(Wire::sink().logged(&log), end, size)?;
    let payload = Payload::new(size);
    let mut copied = true;
    let mut keys = Vec::new();
    for place in [&payload.bytes[..], &payload.shared[..]] {
        log.borrow_mut().watched = place.as_ptr().addr()..place.as_ptr().addr() + size;
        sender.send(&payload);
        let mut log = log.borrow_mut();
        let (key, sent) = decode(&log.bytes);
        assert!(sent == payload.bytes, "{}: payload", S::NAME);
        assert_eq!(key.is_some(), end == End::Client, "{}: masks", S::NAME);
        keys.push(key);
        copied &= !log.saw_watched;
        *log = Log::default();
    }
    assert!(end == End::Server || keys[0] != keys[1], "{}: a fresh key for each frame", S::NAME);
    Some(if copied { Way::Copied } else { Way::Untouched })
}

/// The key and the payload of one binary frame.
fn decode(bytes: &[u8]) -> (Option<[u8; 4]>, Vec<u8>) {
    assert_eq!(bytes[0], 0x82);
    let (len, mut at) = match bytes[1] & 0x7f {
        126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
        len => (usize::from(len), 2),
    };
    let key = (bytes[1] & 0x80 != 0).then(|| {
        at += 4;
        [bytes[at - 4], bytes[at - 3], bytes[at - 2], bytes[at - 1]]
    });
    assert_eq!(bytes.len(), at + len, "one frame");
    let payload = bytes[at..].iter().enumerate().map(|(at, byte)| byte ^ key.map_or(0, |key| key[at % 4])).collect();
    (key, payload)
}

pub fn run(settings: Settings, docs: Option<&Path>) -> Section {
    let mut section = Section::new(
        "Send",
        "Binary messages, each flushed to a transport that takes everything and looks at nothing. The application keeps its payload: a library that masks \
         in place is handed a copy, which the harness makes in a buffer that it reuses. Who takes reference-counted `Bytes` is handed a clone. Keys are drawn fresh for each \
         frame from a generator that cannot be predicted. ns per message; in brackets allocations per message.",
        include_str!("../../notes/send.md"),
    );
    let ways = [
        ("server, payload untouched", End::Server, Way::Untouched),
        ("server, payload copied behind its head", End::Server, Way::Copied),
        ("client", End::Client, Way::Copied),
    ];
    let mut allocations: f64 = 0.0;
    for (name, end, way) in ways {
        let mut races = Vec::new();
        for size in SIZES {
            let race = Race::run(entrants(end, way, size), 1, settings);
            section.record(json!({"way": name, "size": size}), &race);
            allocations = allocations.max(race.ours().allocations);
            if way == Way::Copied && size <= 16 << 10 {
                super::receive::judge_lead(&mut section, &format!("{name}, {}", size_name(size)), 1.3, &race);
            }
            races.push(race);
        }
        if way == Way::Untouched {
            let most = races.iter().map(|race| race.ours().ns).fold(0.0, f64::max);
            section.judge(
                "server-role vectored head at most 8 ns",
                most <= 8.0,
                format!("{} ns, with both writes", beside(8.0, most, 1)),
            );
        }
        let columns: Vec<(String, &Race)> = SIZES.into_iter().map(size_name).zip(&races).collect();
        section.tables.push(Table::of_races(
            &format!("{name}, ns per message (allocations)."),
            &columns,
            ns_and_allocations,
        ));
        if let (Some(docs), Way::Copied) = (docs, way) {
            let file = if end == End::Server { "send-server" } else { "send-client" };
            let races: Vec<(usize, &Race)> = SIZES.into_iter().zip(&races).collect();
            chart::throughput(docs, file, &format!("Send, {name}"), &races);
            section.charts.push(file.to_owned());
        }
    }
    section.judge("0 allocations per message in steady state", allocations == 0.0, format!("at most {allocations:.3}"));
    section
}
