//! The server's opening handshake.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::harness::{Entrant, Race, Settings};
use crate::peers::{
    embedded_websocket, fastwebsockets, nexus_web, ours, shiguredo, sockudo_ws, soketto, tokio_websockets, tungstenite,
    ws_framer, wtx, yawc,
};
use crate::report::{Section, Table, beside, ns_and_allocations};
use crate::wire::Log;
use crate::work::Handshaker;

/// What Chromium sends: 13 headers.
pub const REQUEST: &[u8] = b"GET /chat?room=lobby HTTP/1.1\r\n\
Host: localhost:8888\r\n\
Connection: Upgrade\r\n\
Pragma: no-cache\r\n\
Cache-Control: no-cache\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36\r\n\
Upgrade: websocket\r\n\
Origin: http://localhost:8888\r\n\
Sec-WebSocket-Version: 13\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7\r\n\
Cookie: session=4f1c2b7e9a6d4c3e8b5f0a1d2c3b4a59; theme=dark; consent=all; last_seen=1763801254; cart=7f3a; region=eu-central; tz=+0100-1\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

fn enter<H: Handshaker + 'static>() -> Entrant<'static> {
    let request: Arc<[u8]> = REQUEST.into();
    let log = Rc::new(RefCell::new(Log::default()));
    let mut handshaker = H::new();
    handshaker.accept(&request, &log);
    let answer = String::from_utf8_lossy(&log.borrow().bytes).into_owned();
    assert!(answer.starts_with("HTTP/1.1 101"), "{}: {answer}", H::NAME);
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{}: {answer}", H::NAME);
    assert!(answer.ends_with("\r\n\r\n"), "{}: {answer}", H::NAME);
    Entrant::new(H::NAME, H::NOTE, move || {
        let (request, log, mut handshaker) = (Arc::clone(&request), Rc::clone(&log), H::new());
        move |count| {
            for _ in 0..count {
                log.borrow_mut().bytes.clear();
                handshaker.accept(std::hint::black_box(&request), &log);
            }
        }
    })
}

/// What nobody can do without: parse, hash, encode, answer.
fn floor() -> Entrant<'static> {
    Entrant::floor("floor: httparse, sha1, base64", || {
        let mut answer = Vec::with_capacity(1024);
        move |count| {
            for _ in 0..count {
                answer.clear();
                let mut headers = [httparse::EMPTY_HEADER; 64];
                let mut request = httparse::Request::new(&mut headers);
                let _ = request.parse(std::hint::black_box(REQUEST)).expect("a legal request");
                let key = request.headers.iter().find(|header| header.name.len() == 17).expect("a key");
                let mut sha1 = Sha1::new();
                sha1.update(key.value);
                sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
                let mut accept = [0; 28];
                BASE64_STANDARD.encode_slice(sha1.finalize(), &mut accept).expect("28 bytes");
                answer.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
                answer.extend_from_slice(&accept);
                answer.extend_from_slice(b"\r\n\r\n");
                std::hint::black_box(&answer);
            }
        }
    })
}

pub fn run(settings: Settings) -> Section {
    let mut section = Section::new(
        "Server handshake",
        "A browser's request of 13 headers that arrives in one read, to the answer; the connection that comes of it is made and dropped. \
         Floor: `httparse`, `sha1` and `base64` on the same bytes, with nothing checked.",
        include_str!("../../notes/handshake.md"),
    );
    let entrants = vec![
        enter::<ours::Accepting>(),
        floor(),
        enter::<tungstenite::Peer>(),
        enter::<fastwebsockets::Accepting>(),
        enter::<nexus_web::Accepting>(),
        enter::<tokio_websockets::Peer>(),
        enter::<yawc::Accepting>(),
        enter::<wtx::Accepting>(),
        enter::<sockudo_ws::Accepting>(),
        enter::<ws_framer::Accepting>(),
        enter::<soketto::Accepting>(),
        enter::<embedded_websocket::Accepting>(),
        enter::<shiguredo::Accepting>(),
    ];
    let race = Race::run(entrants, 1, settings);
    section.record(json!({"request_bytes": REQUEST.len()}), &race);
    let over = 1.0 / race.rows[1].over_ours;
    section.judge("at most 1.10 × the floor", over <= 1.10, format!("{} ×", beside(1.10, over, 2)));
    let allocations = race.ours().allocations;
    section.judge("0 allocations", allocations == 0.0, format!("{allocations:.2}"));
    let columns = [(format!("{} bytes", REQUEST.len()), &race)];
    let mut table = Table::of_races("ns (allocations).", &columns, ns_and_allocations);
    table.header.push(String::new());
    for row in &mut table.rows {
        let name = row[0].trim_matches('*').to_owned();
        row.push(race.row(&name).map(|row| row.note.clone()).unwrap_or_default());
    }
    section.tables.push(table);
    section
}
