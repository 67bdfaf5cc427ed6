//! Keys: one for each frame, drawn when it is written and not before, and used as it came.

use std::cell::Cell;

use websocket_proto::close::CloseCode;
use websocket_proto::{Connection, MessageKind};

use crate::support::Sink;
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::Side;
use crate::support::wire;

/// Whatever is sent in whatever order, and whether it fits or not: as many keys as frames.
#[test]
fn one_key_for_each_frame() {
    for_seeds(scaled(8000), one_sender);
}

#[test]
#[ignore = "long: 1,000,000 senders of up to thirty frames"]
fn one_key_for_each_frame_long() {
    for_many_seeds(1_000_000, one_sender);
}

fn one_sender(rng: &mut Rng) {
    let drawn = Cell::new(0_u32);
    let mut connection = Connection::client(Side::Client.config(), || {
        // No key is special, not even that of nothing.
        drawn.replace(drawn.get() + 1).to_be_bytes()
    });
    let mut tx = Sink::new();
    let mut bytes = Vec::new();
    for _ in 0..rng.below(30) {
        let len = rng.below(40);
        let payload = rng.bytes(len);
        let mut room = Sink::with_capacity(if rng.one_in(3) { rng.below(50) } else { usize::MAX });
        let _ = match rng.below(6) {
            0 => connection.send_binary(&payload, &mut room),
            1 => connection.send_text("text", &mut room),
            2 => connection.send_ping(&payload, &mut room),
            3 => connection.send_pong(&payload, &mut room),
            4 if rng.one_in(9) => connection.close(CloseCode::NORMAL, "", &mut room),
            _ => {
                let is_last = rng.one_in(2);
                connection.send_fragment(MessageKind::Binary, &payload, is_last, &mut room)
            }
        };
        bytes.extend(room.take());
    }
    connection.poll_transmit(&mut tx).unwrap();
    bytes.extend(tx.take());
    let frames = wire::read_frames(&bytes);
    let keys = frames.iter().map(|frame| u32::from_be_bytes(frame.key.unwrap()));
    assert!(keys.eq(0..frames.len() as u32), "{frames:?}");
    assert_eq!(drawn.get() as usize, frames.len());
}

#[cfg(feature = "getrandom")]
#[test]
fn keys_come_twice_as_often_as_chance_wants() {
    as_chance_wants(scaled(1 << 20) as usize);
}

#[cfg(feature = "getrandom")]
#[test]
#[ignore = "long: 1,048,576 keys"]
fn keys_come_twice_as_often_as_chance_wants_long() {
    as_chance_wants(1 << 20);
    println!("{} keys", 1 << 20);
}

/// Keys of the operating system: as many come twice as chance wants.
#[cfg(feature = "getrandom")]
fn as_chance_wants(count: usize) {
    use websocket_proto::{MaskKeys, OsMaskKeys};
    let mut source = OsMaskKeys::default();
    let mut keys: Vec<_> = (0..count).map(|_| source.next_key()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).filter(|pair| pair[0] == pair[1]).count() as f64;
    // n²/2 pairs, one in 2^32 of them alike; six standard deviations and a bit.
    let expected = (count as f64).powi(2) / 2.0 / f64::from(u32::MAX);
    assert!((twice - expected).abs() < 6.0 * expected.sqrt() + 6.0, "{twice} twice, {expected} expected");
    // Each bit is one half of the time.
    for bit in 0..32 {
        let ones = keys.iter().filter(|key| u32::from_be_bytes(**key) >> bit & 1 == 1).count() as f64;
        let half = count as f64 / 2.0;
        assert!((ones - half).abs() < 6.0 * half.sqrt(), "bit {bit}: {ones} of {count}");
    }
}
