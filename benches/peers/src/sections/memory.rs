//! What a connection holds while nothing happens.

use std::sync::Arc;

use serde_json::json;

use crate::harness::alloc::Count;
use crate::peers::{
    embedded_websocket, fastwebsockets, nexus_web, ours, shiguredo, sockudo_ws, soketto, tokio_websockets, tungstenite,
    web_socket, websocket_sans_io, ws_framer, wtx, yawc,
};
use crate::report::{Section, Table};
use crate::wire::Wire;
use crate::work::{Receiver, Text, masked_stream};

const LARGE: usize = 1 << 20;

/// Heap bytes of a connection that has received `messages`, and waits.
fn heap_after<R: Receiver>(streams: &[Arc<[u8]>], messages: usize, max_message: usize) -> i64 {
    let stream: Arc<[u8]> = streams.concat().into();
    let mut wire = Wire::new(stream);
    wire.max_read = if messages == 1 { usize::MAX } else { 64 << 10 };
    wire.stops_at_end = true;
    let before = Count::now();
    let mut receiver = R::new(wire, R::DEFAULT_CAPACITY.unwrap_or(16 << 10), max_message);
    receiver.receive(messages, &mut |_| {});
    Count::now().since(before).live
}

fn measure<R: Receiver>(rows: &mut Vec<(String, usize, i64, i64)>) {
    let small = masked_stream(true, Text::Ascii.of_len(16).as_bytes(), 1);
    let large = masked_stream(true, Text::Ascii.of_len(LARGE).as_bytes(), 1);
    let idle = heap_after::<R>(std::slice::from_ref(&small), 1, (16 << 10) - 14);
    let after = heap_after::<R>(&[large, small], 2, LARGE + 64);
    rows.push((R::NAME.to_owned(), R::OBJECT_BYTES, idle, after));
}

pub fn run() -> Section {
    let mut section = Section::new(
        "Memory of an idle connection",
        "The library's objects, without the transport, and what they hold on the heap: after a message of 16 B, and after one of 1 MiB and another of 16 B. \
         Everybody with the buffer sizes of its defaults. Who has no default works in the caller's buffer: 16 KiB here, or the message's size where it has to fit.",
        include_str!("../../notes/memory.md"),
    );
    let mut rows = vec![(format!("{}, receive buffers in a pool", ours::NAME), ours::POOLED_BYTES, 0, 0)];
    measure::<ours::Receiving>(&mut rows);
    rows[1].0 = format!("{}, a receive buffer for each", ours::NAME);
    measure::<tungstenite::Peer>(&mut rows);
    measure::<fastwebsockets::Receiving>(&mut rows);
    measure::<nexus_web::Receiving>(&mut rows);
    measure::<tokio_websockets::Peer>(&mut rows);
    measure::<yawc::Peer>(&mut rows);
    measure::<wtx::Receiving>(&mut rows);
    measure::<sockudo_ws::Receiving>(&mut rows);
    measure::<websocket_sans_io::Receiving>(&mut rows);
    measure::<ws_framer::Receiving>(&mut rows);
    measure::<web_socket::Peer<_>>(&mut rows);
    measure::<soketto::Receiving>(&mut rows);
    measure::<embedded_websocket::Receiving>(&mut rows);
    measure::<shiguredo::Receiving>(&mut rows);
    rows[2..].sort_by_key(|(_, object, idle, _)| *object as i64 + idle);
    let ours = rows[0].1;
    section.judge(
        "an idle connection: at most 256 bytes in all",
        ours <= 256,
        format!("{ours} bytes, its receive buffer being empty and elsewhere"),
    );
    section.json = rows
        .iter()
        .map(|(name, object, idle, after)| json!({"name": name, "object_bytes": object, "idle_heap_bytes": idle, "heap_after_1_MiB": after}))
        .collect();
    section.tables.push(Table {
        caption: "Bytes.".to_owned(),
        header: ["", "objects", "heap, idle", "heap after 1 MiB"].map(str::to_owned).to_vec(),
        rows: rows
            .iter()
            .enumerate()
            .map(|(at, (name, object, idle, after))| {
                let bold = if at < 2 { "**" } else { "" };
                vec![format!("{bold}{name}{bold}"), object.to_string(), idle.to_string(), after.to_string()]
            })
            .collect(),
        footer: String::new(),
    });
    section
}
