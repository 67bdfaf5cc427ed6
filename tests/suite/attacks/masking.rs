//! Keys, and what masking may touch: rows K1 to K8.

use std::cell::Cell;

use websocket_proto::close::CloseCode;
use websocket_proto::{Config, Connection, Event, MessageKind, RecvBuffer, SendSlice};

use crate::source::{read_all, root};
use crate::support::wire::{self, BINARY, FIN};
use crate::support::{KEY, Sink, client, server};

/// One key for each frame, drawn once, used once, in order: for every way to send.
#[test]
fn cve_2025_10148_every_frame_has_a_key_of_its_own() {
    let drawn = Cell::new(0_u32);
    let mut connection = Connection::client(Config::client(), || {
        drawn.set(drawn.get() + 1);
        drawn.get().to_be_bytes()
    });
    let mut tx = Sink::new();
    let mut rx = RecvBuffer::from([0; 200]);
    for _ in 0..1000 {
        connection.send_text("text", &mut tx).unwrap();
        connection.send_binary(b"", &mut tx).unwrap();
        connection.send_fragment(MessageKind::Text, b"frag", false, &mut tx).unwrap();
        connection.send_ping(b"", &mut tx).unwrap();
        connection.send_fragment(MessageKind::Text, b"ment", true, &mut tx).unwrap();
        connection.send_pong(b"!", &mut tx).unwrap();
        tx.bytes.extend_from_slice(connection.text_head(0).unwrap().as_bytes());
        tx.bytes.extend_from_slice(connection.fragment_head(MessageKind::Binary, 0, true).unwrap().as_bytes());
        assert_eq!(rx.extend_from_slice(&wire::frame(FIN | wire::PING, b"?", None)), 3);
        assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(b"?"))));
        connection.poll_transmit(&mut tx).unwrap();
        // No room, no key.
        connection.send_text("text", &mut Sink::with_capacity(9)).unwrap_err();
    }
    connection.close(CloseCode::NORMAL, "", &mut tx).unwrap();
    let keys: Vec<_> =
        wire::read_frames(&tx.bytes).iter().map(|frame| u32::from_be_bytes(frame.key.unwrap())).collect();
    assert_eq!(keys.len(), 9001);
    assert_eq!(keys, (1..=9001).collect::<Vec<_>>());
    assert_eq!(drawn.get(), 9001);
}

/// The key belongs to the frame, not to the connection or the sender: with keys from the operating system none comes
/// twice (but by chance, of which there is one in a hundred here).
#[cfg(feature = "getrandom")]
#[test]
fn k02_keys_are_not_reused() {
    use websocket_proto::OsMaskKeys;
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let mut connection = Connection::client(Config::client(), OsMaskKeys::default());
        let mut tx = Sink::new();
        for _ in 0..900 {
            connection.send_binary(b"", &mut tx).unwrap();
        }
        keys.extend(wire::read_frames(&tx.bytes).into_iter().map(|frame| frame.key.unwrap()));
    }
    assert!(keys.len() >= 8998, "{}", keys.len());
}

/// The crate has no generator of its own that could be weak: keys come from the operating system, or from the caller.
#[test]
fn k05_no_weak_source_of_keys_is_offered() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[dev-dependencies]").unwrap();
    let random = dependencies.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim());
    let random: Vec<_> = random.filter(|name| name.contains("rand")).collect();
    assert_eq!(random, ["getrandom"]);
    let sources: Vec<String> = read_all("src").into_iter().map(|source| source.text).collect();
    let sources = sources.join("\n");
    let keys = sources.lines().map(str::trim).filter(|line| line.starts_with("impl") && line.contains("MaskKeys for"));
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys, ["impl<F: FnMut() -> [u8; 4]> MaskKeys for F {", "impl MaskKeys for OsMaskKeys {"]);
}

/// Nothing goes out but what was given: memory that held something before does not leak.
#[test]
fn k06_nothing_leaks_from_the_send_buffer() {
    for reason in ["", "r", &"r".repeat(123)] {
        let mut memory = [0xaa; 300];
        let mut tx = SendSlice::new(&mut memory);
        server(Config::server()).close(CloseCode::NORMAL, reason, &mut tx).unwrap();
        let expected = wire::frame(FIN | wire::CLOSE, &[&[0x03, 0xe8], reason.as_bytes()].concat(), None);
        assert_eq!(tx.as_slice(), expected);
        assert!(memory[expected.len()..].iter().all(|byte| *byte == 0xaa), "written behind its end");
    }
    for len in 0..=125 {
        let mut connection = server(Config::server());
        let mut rx = RecvBuffer::from([0xaa; 300]);
        let mut tx = Sink::new();
        for len in [125, len] {
            let ping = wire::frame(FIN | wire::PING, &vec![len as u8; len], Some(KEY));
            assert_eq!(rx.extend_from_slice(&ping), ping.len());
            assert!(connection.receive(&mut rx).unwrap().is_some());
        }
        connection.poll_transmit(&mut tx).unwrap();
        assert_eq!(
            tx.bytes,
            wire::frame(FIN | wire::PONG, &vec![len as u8; len], None),
            "the longer Ping before is gone"
        );
    }
}

/// The caller's payload is as it was.
#[test]
fn k07_sending_does_not_touch_the_payload() {
    let mut connection = client(Config::client());
    for len in 0..300 {
        let payload = vec![0x5a; len];
        let mut tx = Sink::new();
        connection.send_binary(&payload, &mut tx).unwrap();
        connection.send_fragment(MessageKind::Binary, &payload, true, &mut tx).unwrap();
        let mut copied = vec![0; len];
        let head = connection.binary_head(len as u64).unwrap();
        assert_eq!(head.masker().copy(&mut copied, &payload), len);
        assert_eq!(payload, vec![0x5a; len]);
        assert_eq!(copied, wire::xor(&payload, Some(KEY)));
    }
}

/// Payloads of every small length, cut at every byte, at every alignment of the memory.
#[test]
fn k08_the_key_goes_on_across_reads() {
    let payload: Vec<u8> = (0..68).collect();
    for len in 0..=67 {
        let payload = &payload[..len];
        for padding in 0..16 {
            let padding_frame = wire::frame(FIN | BINARY, &vec![0; padding], Some(KEY));
            let frame = wire::frame(FIN | BINARY, payload, Some([0x11, 0x22, 0x44, 0x88]));
            for cut in (0..=frame.len()).step_by(1 + padding % 3) {
                let mut connection = server(Config::server());
                let mut rx = RecvBuffer::from([0; 256]);
                assert_eq!(rx.extend_from_slice(&padding_frame), padding_frame.len());
                let (now, later) = frame.split_at(cut);
                assert_eq!(rx.extend_from_slice(now), now.len());
                assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(_)))));
                if !later.is_empty() {
                    assert_eq!(connection.receive(&mut rx), Ok(None));
                }
                let spare = &mut rx.spare_mut()[..later.len()];
                spare.copy_from_slice(later);
                rx.filled(later.len());
                assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Binary(payload))), "{len} {padding} {cut}");
            }
        }
    }
}
