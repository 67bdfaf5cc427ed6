//! What a connection grants: each limit one below, at, and one above.

use websocket_proto::{Config, Connection, Instant, Limit, MessageKind, RecvBuffer};

use super::world::{Seen, frames, server};
use crate::message::{BINARY, BINARY_MORE, LAST, MORE, PING, PONG, TEXT, masked};

fn outcome(config: Config, bytes: &[u8]) -> Option<Limit> {
    let mut server = server(config);
    match server.get(bytes).pop() {
        Some(Seen::Error(websocket_proto::ProtocolError::Limit(limit))) => {
            let code = limit.close_code().as_u16();
            assert_eq!(frames(&server.owed()).pop(), Some(format!("close {code} \"\"")));
            Some(limit)
        }
        Some(Seen::Error(error)) => panic!("{error}"),
        _ => None,
    }
}

#[test]
fn message_bytes() {
    let config = || Config::server().max_message_bytes(1_000);
    for (len, expected) in [(999, None), (1_000, None), (1_001, Some(Limit::MessageTooBig))] {
        let payload = vec![b'x'; len];
        assert_eq!(outcome(config(), &masked(BINARY, &payload)), expected);
        let (one, other) = payload.split_at(600);
        let fragments =
            [masked(BINARY_MORE, one), masked(PING, [0; 125]), masked(MORE, ""), masked(LAST, other)].concat();
        assert_eq!(outcome(config(), &fragments), expected);
    }
}

/// The header alone is enough, and nothing of the payload is waited for.
#[test]
fn a_message_that_is_too_big_is_refused_by_its_header() {
    let header = &masked(BINARY, [0; 300])[..4];
    assert_eq!(outcome(Config::server().max_message_bytes(299), header), Some(Limit::MessageTooBig));
    assert_eq!(outcome(Config::server().max_message_bytes(300), header), None);
}

#[test]
fn frame_bytes() {
    let config = || Config::server().max_frame_bytes(200);
    for (len, expected) in [(199, None), (200, None), (201, Some(Limit::FrameTooBig))] {
        assert_eq!(outcome(config(), &masked(BINARY, vec![0; len])), expected);
        let fragments = [masked(BINARY_MORE, [0; 200]), masked(LAST, vec![0; len])].concat();
        assert_eq!(outcome(config(), &fragments), expected);
    }
}

#[test]
fn fragments() {
    let config = || Config::server().max_fragments(5);
    for (count, expected) in [(4, None), (5, None), (6, Some(Limit::TooManyFragments))] {
        let mut bytes = masked(BINARY_MORE, "");
        for _ in 0..count - 2 {
            bytes.extend(masked(MORE, ""));
            bytes.extend(masked(PING, ""));
        }
        bytes.extend(masked(LAST, ""));
        assert_eq!(outcome(config(), &bytes), expected);
        assert_eq!(outcome(config(), &[masked(TEXT, "first"), bytes].concat()), expected);
    }
}

#[test]
fn control_frames_in_a_row() {
    let config = || Config::server().max_control_frames(4);
    for (count, expected) in [(3, None), (4, None), (5, Some(Limit::TooManyControlFrames))] {
        let pings = masked(PING, "").repeat(count);
        assert_eq!(outcome(config(), &pings), expected);
        let after_data = [masked(PING, "").repeat(4), masked(TEXT, ""), pings].concat();
        assert_eq!(outcome(config(), &after_data), expected);
    }
    let mixed = [masked(PING, ""), masked(PONG, "")].concat().repeat(2);
    assert_eq!(outcome(config(), &mixed), None);
    assert_eq!(outcome(config(), &[mixed, masked(PONG, "")].concat()), Some(Limit::TooManyControlFrames));
}

#[test]
fn what_shows_good_will_starts_the_count_of_control_frames_anew() {
    type Act = fn(&mut super::world::End<websocket_proto::Server>);
    let acts: [(Act, bool); 6] = [
        (|server| server.text("").unwrap(), true),
        (|server| server.fragment(MessageKind::Binary, b"", false).unwrap(), true),
        (|server| server.ping(b"").unwrap(), true),
        (|server| server.connection.handle_timeout(Instant::EPOCH).unwrap(), true),
        (|server| server.connection.send_pong(b"", &mut server.tx).unwrap(), false),
        (|server| drop(server.owed()), false),
    ];
    for (act, calms) in acts {
        let mut server = server(Config::server().max_control_frames(2));
        server.get(&masked(PING, "").repeat(2));
        act(&mut server);
        let expected = if calms { Seen::Ping(vec![]) } else { Limit::TooManyControlFrames.into() };
        assert_eq!(server.get(&masked(PING, "")), [expected]);
    }
}

#[test]
fn no_limit_is_no_limit() {
    let none = Config::server()
        .max_message_bytes(u64::MAX)
        .max_frame_bytes(u64::MAX)
        .max_fragments(u32::MAX)
        .max_control_frames(u32::MAX);
    let header = [&[BINARY_MORE, 0xFF][..], &(i64::MAX as u64).to_be_bytes(), &[0; 4]].concat();
    let mut connection = Connection::server(none);
    let mut rx = RecvBuffer::from([0; 64]);
    let _ = rx.extend_from_slice(&header);
    assert_eq!(connection.receive_chunk(&mut rx), Ok(None));
}

/// A buffer that cannot grow is a limit of its own: all of it for one frame, all but 139 bytes for fragments.
#[test]
fn the_buffer() {
    fn small(bytes: &[u8]) -> Option<websocket_proto::ProtocolError> {
        let mut connection = Connection::server(Config::server());
        let mut rx = RecvBuffer::from([0; 400]);
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let taken = rx.extend_from_slice(bytes);
            assert!(taken > 0);
            bytes = &bytes[taken..];
            while match connection.receive(&mut rx) {
                Ok(event) => event.is_some(),
                Err(error) => return Some(error),
            } {}
        }
        None
    }
    let too_small = Some(Limit::BufferTooSmall.into());
    for (len, expected) in [(399, None), (400, None), (401, too_small)] {
        assert_eq!(small(&masked(BINARY, vec![0; len])), expected);
        assert_eq!(small(&masked(BINARY, vec![0; len])[..8]), expected, "the header is enough");
    }
    for (len, expected) in [(260, None), (261, None), (262, too_small)] {
        let first = masked(BINARY_MORE, vec![0; len]);
        assert_eq!(small(&[first, masked(PING, [0; 125])].concat()), expected);
    }
    for (len, expected) in [(139, None), (140, too_small)] {
        let fragments = [masked(BINARY_MORE, [0; 261]), masked(PING, [0; 125]), masked(LAST, vec![0; len])];
        assert_eq!(small(&fragments.concat()), expected);
    }
}

#[test]
fn a_buffer_too_small_for_a_header_says_so() {
    let mut connection = Connection::server(Config::server());
    let mut rx = RecvBuffer::from([0; 5]);
    let bytes = masked(TEXT, "");
    assert_eq!(rx.extend_from_slice(&bytes), 5);
    assert_eq!(connection.receive(&mut rx), Err(Limit::BufferTooSmall.into()));
}

/// Fragments between control frames are data, whether they are handed out as they come or wait for their message.
#[test]
fn control_frames_are_counted_alike_in_both_deliveries() {
    let stream =
        [masked(BINARY_MORE, "a"), masked(PING, ""), masked(MORE, "b"), masked(PING, ""), masked(LAST, "c")].concat();
    for in_chunks in [false, true] {
        let mut connection = Connection::server(Config::server().max_control_frames(1));
        let mut rx = RecvBuffer::from([0; 256]);
        assert_eq!(rx.extend_from_slice(&stream), stream.len());
        let mut next = || match in_chunks {
            false => connection.receive(&mut rx).map(|event| event.is_some()),
            true => connection.receive_chunk(&mut rx).map(|event| event.is_some()),
        };
        while next().unwrap() {}
    }
}

/// So a transport that is read into the buffer next does not look as if it had ended.
#[test]
fn the_call_that_fails_leaves_room() {
    let mut connection = Connection::server(Config::server().max_message_bytes(10));
    let mut rx = RecvBuffer::from([0; 200]);
    let stream = masked(BINARY, [0; 194]);
    assert_eq!(rx.extend_from_slice(&stream), 200);
    assert!(rx.spare_mut().is_empty());
    connection.receive(&mut rx).unwrap_err();
    assert_eq!(rx.spare_mut().len(), 200);
}
