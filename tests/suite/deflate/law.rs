//! The law of cutting, with compressed messages: however a stream is cut into reads, the same comes of it.

use websocket_proto::deflate::{Compressor, Config, Params, WindowBits};
use websocket_proto::{Connection, RecvBuffer, Role, Storage};

use super::{RSV1, eager, engine, forgetful};
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::{Delivery, Script, Seen, Side, Transcript};
use crate::support::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use crate::support::{client, cuts, server, streams};

/// A stream of messages, compressed or not, whole or in fragments; with what should arrive.
fn stream(rng: &mut Rng, side: Side, params: &Params) -> (Vec<u8>, Vec<Seen>) {
    let window = params.window_bits(!side.is_server());
    let mut compressor = Compressor::new(window, 1 + rng.below(9) as u8);
    let (mut bytes, mut seen) = (Vec::new(), Vec::new());
    for _ in 0..1 + rng.below(5) {
        if rng.one_in(5) {
            control(rng, side, &mut bytes, &mut seen);
            continue;
        }
        let (opcode, message) = if rng.one_in(2) {
            let len = rng.below(800);
            (TEXT, streams::text(rng, len).into_bytes())
        } else {
            (BINARY, engine::payload(rng, 3000))
        };
        let payload = if rng.one_in(4) {
            None
        } else {
            if !params.has_takeover(!side.is_server()) {
                compressor.forget();
            }
            Some(compressor.compress(&message, true).to_vec())
        };
        let (rsv, payload) = payload.map_or((0, message.clone()), |payload| (RSV1, payload));
        let mut between = Vec::new();
        fragments(rng, side, opcode | rsv, &payload, &mut bytes, &mut between);
        seen.extend(between);
        seen.push(match opcode {
            TEXT => Seen::Text(String::from_utf8(message).unwrap()),
            _ => Seen::Binary(message),
        });
    }
    if rng.one_in(3) {
        bytes.extend(wire::frame(FIN | CLOSE, &1000_u16.to_be_bytes(), key(rng, side)));
        seen.push(Seen::Close(1000, String::new()));
    }
    (bytes, seen)
}

fn key(rng: &mut Rng, side: Side) -> Option<[u8; 4]> {
    side.is_server().then(|| rng.key())
}

fn control(rng: &mut Rng, side: Side, bytes: &mut Vec<u8>, seen: &mut Vec<Seen>) {
    let len = rng.below(20);
    let (payload, is_ping) = (rng.bytes(len), rng.one_in(2));
    bytes.extend(wire::frame(FIN | if is_ping { PING } else { PONG }, &payload, key(rng, side)));
    seen.push(if is_ping { Seen::Ping(payload) } else { Seen::Pong(payload) });
}

fn fragments(rng: &mut Rng, side: Side, first: u8, payload: &[u8], bytes: &mut Vec<u8>, seen: &mut Vec<Seen>) {
    let (mut first, mut rest) = (first, payload);
    for _ in 0..rng.below(4) {
        let (now, later) = rest.split_at(rng.below(rest.len() + 1));
        bytes.extend(wire::frame(first, now, key(rng, side)));
        (rest, first) = (later, CONTINUATION);
        if rng.one_in(3) {
            control(rng, side, bytes, seen);
        }
    }
    bytes.extend(wire::frame(FIN | first, rest, key(rng, side)));
}

/// What stands around a stream of compressed messages.
struct Setting {
    side: Side,
    params: Params,
    config: Config,
    limits: websocket_proto::Config,
}

impl Setting {
    fn run(&self, delivery: Delivery, stream: &[u8], cuts: &[usize], size: Option<usize>) -> Transcript {
        match size {
            None => self.run_in(RecvBuffer::with_capacity(0), delivery, stream, cuts),
            Some(size) => {
                let mut memory = vec![0xaa; size];
                self.run_in(RecvBuffer::from(&mut memory[..]), delivery, stream, cuts)
            }
        }
    }

    fn run_in<S: Storage>(&self, rx: RecvBuffer<S>, delivery: Delivery, stream: &[u8], cuts: &[usize]) -> Transcript {
        match self.side {
            Side::Server => self.script(server(self.limits.clone()), rx, delivery).run(stream, cuts),
            Side::Client => self.script(client(self.limits.clone()), rx, delivery).run(stream, cuts),
        }
    }

    fn script<R: Role, S: Storage>(
        &self,
        connection: Connection<R>,
        rx: RecvBuffer<S>,
        delivery: Delivery,
    ) -> Script<R, S> {
        Script::new(connection.with_deflate(&self.params, &self.config), rx, delivery)
    }
}

fn one_stream(rng: &mut Rng) {
    let side = *rng.pick(&Side::BOTH);
    let bits = WindowBits::new(8 + rng.below(8) as u8);
    let params = Params {
        server_max_window_bits: bits,
        client_max_window_bits: bits,
        ..if rng.one_in(2) { forgetful() } else { Params::default() }
    };
    let (mut bytes, seen) = stream(rng, side, &params);
    let is_whole = rng.one_in(3);
    let is_limited = rng.one_in(3);
    if !is_whole {
        for _ in 0..=rng.below(2) {
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
        }
    }
    let limits = if is_limited { side.config().max_message_bytes(rng.below(600) as u64) } else { side.config() };
    let setting = Setting { side, params, config: eager(), limits };
    let all_cuts = cuts::six(rng, bytes.len());
    let small = *rng.pick(&[139, 150, 300, 5000]);
    for delivery in [Delivery::Messages, Delivery::Chunks] {
        for size in [None, Some(small)] {
            let whole = setting.run(delivery, &bytes, &cuts::whole(bytes.len()), size);
            if is_whole && !is_limited && size.is_none() {
                assert_eq!(whole.error, None);
                assert_eq!(whole.joined(), (seen.clone(), Vec::new()));
            }
            for cuts in &all_cuts {
                let cut = setting.run(delivery, &bytes, cuts, size);
                assert_eq!(cut, whole, "{side:?} {params} {size:?} {delivery:?} {cuts:?} {bytes:02x?}");
            }
        }
    }
}

#[test]
fn cutting_changes_nothing() {
    for_seeds(scaled(600), one_stream);
}

#[test]
#[ignore = "long: 40,000 streams in six cuttings each"]
fn cutting_changes_nothing_long() {
    for_many_seeds(40_000, one_stream);
}
