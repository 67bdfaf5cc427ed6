//! The server's opening handshake of a browser's request, beside the floor: the same bytes through `httparse`, `sha1`
//! and `base64` and nothing else.
//!
//! `cargo bench --bench handshake [-- --quick]`

use core::hint::black_box;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha1::{Digest as _, Sha1};
use websocket_proto::RecvBuffer;
use websocket_proto::handshake::server::{Handshake, Origins};

/// What Chromium sends: 13 headers.
const REQUEST: &[u8] = b"GET /chat?room=lobby HTTP/1.1\r\n\
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
Cookie: session=4f1c2b7e9a6d4c3e8b5f0a1d2c3b4a59; theme=dark; consent=all; last_seen=1763801254; cart=7f3a\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

fn server(c: &mut Criterion) {
    let mut group = c.benchmark_group("server handshake");
    group.throughput(Throughput::Bytes(REQUEST.len() as u64));
    let (mut rx, mut tx) = (RecvBuffer::new(), Vec::with_capacity(1024));
    group.bench_function("accept", |b| {
        b.iter(|| {
            tx.clear();
            let _ = rx.extend_from_slice(black_box(REQUEST));
            let request = Handshake::new().receive(&mut rx).expect("a legal request").expect("a whole one");
            let accepted = request.accept(Origins::SameHost).expect("a WebSocket").write(&mut tx).expect("room");
            black_box(accepted.subprotocol());
            black_box(&tx);
        });
    });
    group.bench_function("floor: httparse, sha1, base64", |b| {
        b.iter(|| {
            tx.clear();
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut request = httparse::Request::new(&mut headers);
            let _ = request.parse(black_box(REQUEST)).expect("a legal request");
            let key = request.headers.iter().find(|header| header.name.len() == 17).expect("a key");
            let mut sha1 = Sha1::new();
            sha1.update(key.value);
            sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
            let mut accept = [0; 28];
            BASE64_STANDARD.encode_slice(sha1.finalize(), &mut accept).expect("28 bytes");
            tx.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
            tx.extend_from_slice(&accept);
            tx.extend_from_slice(b"\r\n\r\n");
            black_box(&tx);
        });
    });
    group.finish();
}

criterion_group!(benches, server);
criterion_main!(benches);
