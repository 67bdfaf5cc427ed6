//! What is compressed, what is sent as it is, and what is remembered of it.

use std::collections::BTreeSet;

use websocket_proto::deflate::{Compression, Compressor, Config, Params, WindowBits};
use websocket_proto::{Connection, PreparedMessage};

use super::connection::{frames, heard};
use super::{RSV1, eager, forgetful};
use crate::support::rng::Rng;
use crate::support::script::Side;
use crate::support::wire::{self, BINARY, FIN, TEXT};
use crate::support::{client, server};

#[test]
fn d11_each_message_may_be_left_as_it_is() {
    let config = Config::new().min_bytes(100);
    let mut connection = server(Side::Server.config()).with_deflate(&forgetful(), &config);
    let first = |connection: &mut Connection<_>, len: usize| {
        let mut tx = Vec::new();
        connection.send_binary(&vec![b'a'; len], &mut tx).unwrap();
        tx[0]
    };
    assert_eq!(first(&mut connection, 99), FIN | BINARY);
    assert_eq!(first(&mut connection, 100), FIN | RSV1 | BINARY);
    connection.set_compression(Compression::Off);
    assert_eq!(first(&mut connection, 1000), FIN | BINARY);
    connection.set_compression(Compression::Always);
    assert_eq!(first(&mut connection, 30), FIN | RSV1 | BINARY);
    assert!(connection.has_deflate());
    let mut plain = server(Side::Server.config());
    plain.set_compression(Compression::Always);
    assert_eq!(first(&mut plain, 1000), FIN | BINARY);
    assert!(!plain.has_deflate());
}

/// Noise does not shrink: it is sent as it is, and what it left behind with takeover is forgotten.
#[test]
fn nothing_grows() {
    for params in [Params::default(), forgetful()] {
        let config = eager().may_grow(false);
        let mut sender = server(Side::Server.config()).with_deflate(&params, &config);
        let mut receiver = client(Side::Client.config()).with_deflate(&params, &config);
        let mut rng = Rng::new(7);
        for round in 0..40 {
            let message = if round % 2 == 0 { rng.bytes(200) } else { b"again and again ".repeat(10) };
            let mut tx = Vec::new();
            sender.send_binary(&message, &mut tx).unwrap();
            let (first, payload) = frames(&tx).remove(0);
            assert!(payload.len() <= message.len());
            assert_eq!(first & RSV1 != 0, round % 2 == 1, "{round}");
            assert_eq!(heard(&mut receiver, &tx), Ok(vec![message]));
        }
    }
}

/// What is not to be remembered is sent the second time as it was the first.
#[test]
fn memory_of_what_was_sent_is_a_choice() {
    for remembers in [true, false] {
        let config = eager().local_takeover(remembers);
        let mut connection = server(Side::Server.config()).with_deflate(&Params::default(), &config);
        let mut sent = || {
            let mut tx = Vec::new();
            connection.send_binary(b"the same, once again", &mut tx).unwrap();
            tx
        };
        assert_eq!(sent() != sent(), remembers);
    }
}

/// It is compressed once: two connections send the very same bytes, and a third with another window others.
#[test]
fn a_prepared_message_is_compressed_once() {
    let message = PreparedMessage::text(&"shared ".repeat(100));
    let config = Config::new();
    let connect = |params: &Params| server(Side::Server.config()).with_deflate(params, &config);
    let (mut one, mut two) = (connect(&forgetful()), connect(&forgetful()));
    let frame = one.prepared_frame(&message).unwrap();
    assert_eq!(frame[0], FIN | RSV1 | TEXT);
    assert!(std::ptr::eq(frame, two.prepared_frame(&message).unwrap()), "it was compressed twice");
    let mut tx = Vec::new();
    two.send_prepared(&message, &mut tx).unwrap();
    assert_eq!(tx, frame);
    let narrow = Params { server_max_window_bits: WindowBits::new(9), ..forgetful() };
    assert!(!std::ptr::eq(frame, connect(&narrow).prepared_frame(&message).unwrap()));
    let mut plain = server(Side::Server.config());
    assert_eq!(plain.prepared_frame(&message).unwrap()[0], FIN | TEXT);
    one.set_compression(Compression::Off);
    assert_eq!(one.prepared_frame(&message).unwrap()[0], FIN | TEXT);
    assert_eq!(message, message.clone());

    // Shared between threads, whoever comes first.
    let fresh = PreparedMessage::text(&"shared ".repeat(100));
    let frames: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| connect(&forgetful()).prepared_frame(&fresh).unwrap().to_vec())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(frames.iter().all(|other| other == frame));
}

/// What does not get shorter is sent as it is, prepared or not; also what stays as long as it was.
#[test]
fn nothing_is_compressed_in_vain() {
    let mut changes = BTreeSet::new();
    for (len, repeated) in (8..20).flat_map(|len| (0..len).map(move |repeated| (len, repeated))) {
        let message: Vec<u8> = (0..len).chain(0..repeated).collect();
        let compressed_len = Compressor::new(WindowBits::MAX, 6).compress(&message, true).len();
        let config = eager().may_grow(false).level(6);
        let mut connection = server(Side::Server.config()).with_deflate(&forgetful(), &config);
        let (mut sent, mut prepared) = (Vec::new(), Vec::new());
        connection.send_binary(&message, &mut sent).unwrap();
        connection.send_prepared(&PreparedMessage::binary(&message), &mut prepared).unwrap();
        assert_eq!(sent, prepared);
        assert_eq!(sent[0] & RSV1 != 0, compressed_len < message.len(), "{len} {repeated}");
        let mut growing = server(Side::Server.config()).with_deflate(&forgetful(), &config.clone().may_grow(true));
        let mut grown = Vec::new();
        growing.send_prepared(&PreparedMessage::binary(&message), &mut grown).unwrap();
        assert_eq!(grown[..2], [FIN | RSV1 | wire::BINARY, compressed_len as u8], "{len} {repeated}");
        changes.insert(compressed_len as isize - message.len() as isize);
    }
    assert!(changes.contains(&-1) && changes.contains(&0) && changes.last() > Some(&0), "{changes:?}");
}

/// The harder the work, the smaller the message.
#[test]
fn a_connection_compresses_as_hard_as_it_was_told() {
    let mut rng = Rng::new(11);
    let words: Vec<Vec<u8>> = (0..60).map(|_| rng.bytes(6)).collect();
    let message: Vec<u8> = (0..2_000).flat_map(|_| rng.pick(&words).clone()).collect();
    let sent = |level: u8| {
        let mut tx = Vec::new();
        let mut connection = server(Side::Server.config()).with_deflate(&forgetful(), &eager().level(level));
        connection.send_binary(&message, &mut tx).unwrap();
        tx.len()
    };
    assert!(sent(9) < sent(1), "{} {}", sent(9), sent(1));
}

/// The smallest window of zlib has 512 bytes: for a peer that keeps 256, as many are compressed at a time, each by
/// themselves, and so is the next message.
#[test]
fn the_smallest_window_is_kept_to() {
    let noise = Rng::new(8).bytes(200);
    let compressed_len = |bits, message: &[u8]| {
        let mut compressor = Compressor::new(WindowBits::new(bits).unwrap(), 9);
        compressor.compress(message, true).len()
    };
    let twice = noise.repeat(2);
    assert!(compressed_len(8, &twice) > 200 + 144 && compressed_len(9, &twice) < 300);
    let params = Params { server_max_window_bits: WindowBits::new(8), ..Params::default() };
    let mut connection = server(Side::Server.config()).with_deflate(&params, &eager());
    let [first, second] = [(); 2].map(|()| {
        let mut tx = Vec::new();
        connection.send_binary(&noise, &mut tx).unwrap();
        tx.len()
    });
    assert_eq!(first, second, "the second is not told by the first");
}
