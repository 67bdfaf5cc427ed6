//! What a connection owes has a bound, whatever comes and however long nobody asks for it.

use core::time::Duration;

use websocket_proto::{Connection, Instant, MIN_SEND_BYTES, RecvBuffer, Role};

use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::Side;
use crate::support::wire::{self, CLOSE, FIN, PING, PONG};
use crate::support::{Sink, client, cuts, server, streams};

/// A Pong, a Ping and a Close, each at most once and in this order.
const MOST_BYTES: usize = 3 * MIN_SEND_BYTES;

#[test]
fn what_is_owed_has_a_bound() {
    for_seeds(scaled(20_000), one_that_is_never_drained);
}

#[test]
#[ignore = "long: 1,000,000 hostile streams"]
fn what_is_owed_has_a_bound_long() {
    for_many_seeds(1_000_000, one_that_is_never_drained);
}

fn one_that_is_never_drained(rng: &mut Rng) {
    match *rng.pick(&Side::BOTH) {
        Side::Server => never_drained(rng, server(config(Side::Server))),
        Side::Client => never_drained(rng, client(config(Side::Client))),
    }
}

const fn config(side: Side) -> websocket_proto::Config {
    side.config().ping_interval(Some(Duration::from_millis(20))).pong_timeout(Some(Duration::from_millis(50)))
}

/// Everything is received, time passes, messages are refused for want of room; then it is asked for at last.
fn never_drained<R: Role>(rng: &mut Rng, mut connection: Connection<R>) {
    let mut memory = vec![0; 1 << 17];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let mut now = 0;
    let mut stream = Vec::new();
    for _ in 0..rng.below(6) {
        let len = rng.below(126);
        stream.extend(wire::frame(FIN | PING, &rng.bytes(len), R::IS_SERVER.then(|| rng.key())));
    }
    stream.extend(streams::hostile(rng, R::IS_SERVER));
    let mut rest = &stream[..];
    for cut in cuts::random(rng, stream.len(), 100, true) {
        let (piece, later) = rest.split_at(cut);
        rest = later;
        let taken = rx.extend_from_slice(piece);
        while let Ok(Some(_)) = connection.receive(&mut rx) {}
        assert!(taken == piece.len() || connection.receive(&mut rx).is_err(), "{taken} of {}", piece.len());
        if rng.one_in(4) {
            now += rng.below(60) as u64;
            let _ = connection.handle_timeout(Instant::from_millis(now));
        }
        if rng.one_in(4) {
            let mut none = Sink::with_capacity(0);
            let _ = connection.send_text("no room", &mut none);
            let _ = connection.poll_transmit(&mut none);
            assert!(none.bytes.is_empty());
        }
    }
    let wants = connection.wants_transmit();
    let mut tx = Sink::new();
    connection.poll_transmit(&mut tx).unwrap();
    assert_eq!(wants, !tx.bytes.is_empty());
    assert!(tx.bytes.len() <= MOST_BYTES, "{} bytes are owed", tx.bytes.len());
    let told: Vec<u8> = wire::read_frames(&tx.bytes).iter().map(wire::Frame::opcode).collect();
    let mut expected = vec![PONG, PING, CLOSE];
    expected.retain(|opcode| told.contains(opcode));
    assert_eq!(told, expected);
    connection.poll_transmit(&mut tx).unwrap();
    assert_eq!(wire::read_frames(&tx.bytes).len(), told.len(), "what was owed is owed once");
}
