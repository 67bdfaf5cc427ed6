//! The bargain between a connection and its receive buffer, from both sides.

use core::time::Duration;

use websocket_proto::{ChunkEvent, Event, Instant, Misuse, Payload, ProtocolError, RecvBuffer, Timeout};

use crate::support::script::{Delivery, Script, Side};
use crate::support::wire::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::support::{KEY, Sink, client, server};

fn filled<const N: usize>(bytes: &[u8]) -> RecvBuffer<[u8; N]> {
    let mut rx = RecvBuffer::from([0xaa; N]);
    assert_eq!(rx.extend_from_slice(bytes), bytes.len());
    rx
}

/// A character in as many reads as it has bytes, behind a chunk that was taken: each byte is waited for with the ones
/// before it.
#[test]
fn a_character_in_chunks_may_come_in_as_many_reads_as_it_has_bytes() {
    let mut connection = client(Side::Client.config());
    let mut rx = RecvBuffer::from([0; 32]);
    let mut text = String::new();
    for byte in wire::frame(FIN | TEXT, "a😀€b".as_bytes(), None) {
        assert_eq!(rx.extend_from_slice(&[byte]), 1);
        while let Some(event) = connection.receive_chunk(&mut rx).unwrap() {
            let ChunkEvent::Chunk(chunk) = event else { panic!("{event:?}") };
            let Payload::Text(piece) = chunk.payload else { panic!("{chunk:?}") };
            text.push_str(piece);
        }
    }
    assert_eq!(text, "a😀€b");
}

/// The same with a Ping between the bytes of the character.
#[test]
fn a_character_in_chunks_may_have_pings_between_its_bytes() {
    let mut stream = wire::frame(TEXT, b"a\xf0", Some(KEY));
    for byte in [b"\x9f", b"\x98"] {
        stream.extend(wire::frame(FIN | PING, b"p", Some(KEY)));
        stream.extend(wire::frame(CONTINUATION, byte, Some(KEY)));
    }
    stream.extend(wire::frame(FIN | CONTINUATION, b"\x80", Some(KEY)));
    for cuts in [vec![stream.len()], vec![1; stream.len()]] {
        let rx = RecvBuffer::from([0; 100]);
        let script = Script::new(server(Side::Server.config()), rx, Delivery::Chunks);
        let transcript = script.run(&stream, &cuts);
        assert_eq!(transcript.error, None);
        assert_eq!(transcript.joined().0.last(), Some(&crate::support::script::Seen::Text("a😀".to_owned())));
    }
}

/// Handing in another buffer in the middle of a message is told, and costs nothing.
#[test]
fn another_buffer_in_the_middle_of_a_message_is_refused() {
    let mut other = filled::<64>(&wire::frame(FIN | CONTINUATION, b"!", None));
    let mut connection = client(Side::Client.config());
    let mut rx = filled::<200>(&wire::frame(TEXT, b"one", None));
    assert_eq!(connection.receive(&mut rx), Ok(None));
    for _ in 0..3 {
        assert_eq!(connection.receive(&mut other), Err(ProtocolError::Misuse(Misuse::BufferReplaced)));
        assert_eq!(connection.receive_chunk(&mut other), Err(ProtocolError::Misuse(Misuse::BufferReplaced)));
    }
    assert_eq!(other.unread(), wire::frame(FIN | CONTINUATION, b"!", None), "the other buffer is as it was");
    assert!(connection.can_send() && !connection.wants_transmit());
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"two", None)), 5);
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("onetwo"))));
}

/// A buffer that holds another connection's message is refused by one that is between messages.
#[test]
fn a_buffer_with_a_strange_message_is_refused() {
    let mut first = client(Side::Client.config());
    let mut rx = filled::<200>(&wire::frame(BINARY, b"mine", None));
    assert_eq!(first.receive(&mut rx), Ok(None));
    let mut second = client(Side::Client.config());
    assert_eq!(second.receive(&mut rx), Err(ProtocolError::Misuse(Misuse::BufferReplaced)));
    assert!(second.can_send());
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"!", None)), 3);
    assert_eq!(first.receive(&mut rx), Ok(Some(Event::Binary(b"mine!"))));
}

#[test]
fn whole_messages_are_refused_in_the_middle_of_one_in_chunks() {
    let mut connection = client(Side::Client.config());
    let mut rx = filled::<200>(&wire::frame(TEXT, b"one\xe2", None));
    let first = connection.receive_chunk(&mut rx).unwrap();
    assert!(matches!(first, Some(ChunkEvent::Chunk(chunk)) if chunk.payload == Payload::Text("one") && chunk.is_first));
    for _ in 0..3 {
        assert_eq!(connection.receive(&mut rx), Err(ProtocolError::Misuse(Misuse::MessageInChunks)));
    }
    assert!(connection.can_send());
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"\x82\xac", None)), 4);
    let last = connection.receive_chunk(&mut rx).unwrap();
    assert!(matches!(last, Some(ChunkEvent::Chunk(chunk)) if chunk.payload == Payload::Text("€") && chunk.is_last));
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | TEXT, b"whole", None)), 7);
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("whole"))));
}

#[test]
fn chunks_take_over_in_the_middle_of_a_message() {
    let mut connection = client(Side::Client.config());
    let mut rx = filled::<200>(&wire::frame(TEXT, b"one\xe2", None));
    assert_eq!(connection.receive(&mut rx), Ok(None));
    let first = connection.receive_chunk(&mut rx).unwrap();
    assert!(matches!(first, Some(ChunkEvent::Chunk(chunk)) if chunk.payload == Payload::Text("one") && chunk.is_first));
    assert_eq!(rx.extend_from_slice(&wire::frame(FIN | CONTINUATION, b"\x82\xac", None)), 4);
    let last = connection.receive_chunk(&mut rx).unwrap();
    assert!(
        matches!(last, Some(ChunkEvent::Chunk(chunk)) if chunk.payload == Payload::Text("€") && !chunk.is_first && chunk.is_last)
    );
    assert!(rx.is_empty());
}

/// A fixed buffer takes a message in fragments of exactly as many bytes as are documented, with the biggest Ping
/// between.
#[test]
fn a_fixed_buffer_keeps_room_for_a_control_frame_between_fragments() {
    const N: usize = 300;
    const ROOM: usize = N - 139;
    for (len, is_taken) in [(ROOM - 1, true), (ROOM, true), (ROOM + 1, false)] {
        let stream = [
            wire::frame(BINARY, &vec![1; len], Some(KEY)),
            wire::frame(FIN | PING, &[2; 125], Some(KEY)),
            wire::frame(FIN | CONTINUATION, &vec![3; N - len], Some(KEY)),
        ]
        .concat();
        for cuts in [vec![stream.len()], vec![1; stream.len()]] {
            let script = Script::new(server(Side::Server.config()), RecvBuffer::from([0; N]), Delivery::Messages);
            let transcript = script.run(&stream, &cuts);
            assert_eq!(transcript.error.is_none(), is_taken, "{len}");
            assert_eq!(transcript.events.len(), if is_taken { 2 } else { 0 }, "{len}");
            assert_eq!(transcript.close_code(), if is_taken { None } else { Some(1009) });
        }
    }
}

/// A loop that polls a silent socket and calls `receive` each time finds the silence nevertheless.
#[test]
fn calling_receive_is_no_sign_of_life() {
    let config = Side::Server.config().pong_timeout(Some(Duration::from_secs(5)));
    let mut connection = server(config.ping_interval(Some(Duration::from_secs(30))));
    let mut rx = filled::<64>(&wire::frame(FIN | TEXT, b"hi", Some(KEY)));
    let mut tx = Sink::new();
    for second in 0..60 {
        while let Ok(Some(_)) = connection.receive(&mut rx) {}
        assert!(!rx.spare_mut().is_empty(), "the transport had nothing");
        rx.filled(0);
        let told = connection.handle_timeout(Instant::from_millis(second * 1000));
        connection.poll_transmit(&mut tx).unwrap();
        match second {
            0..30 => assert!(told.is_ok() && tx.bytes.is_empty(), "{second} {tx:?}"),
            30..35 => assert!(told.is_ok() && tx.bytes == [0x89, 0], "{second} {tx:?}"),
            35 => assert_eq!(told, Err(Timeout::Pong.into())),
            _ => {}
        }
        if second == 35 {
            return;
        }
    }
}

#[cfg(feature = "alloc")]
mod growing {
    use super::*;

    /// After an oversized message, the header of another at the very end of the memory: the message was in fragments,
    /// so that the memory goes beyond its end.
    #[test]
    fn a_frame_that_begins_at_the_end_of_a_grown_buffer_has_room() {
        for len in 0..300 {
            let mut connection = client(Side::Client.config());
            let mut rx = RecvBuffer::with_capacity(0);
            let stream = [
                wire::frame(BINARY, &[1; 200], None),
                wire::frame(FIN | CONTINUATION, &vec![1; len], None),
                wire::header(FIN | BINARY, 5000, wire::Form::Shortest, None),
            ]
            .concat();
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let count = rx.extend_from_slice(rest);
                assert!(count > 0, "{len}");
                rest = &rest[count..];
                while connection.receive(&mut rx).unwrap().is_some() {}
            }
            assert!(rx.spare_mut().len() >= 64, "{len}: {} bytes of room", rx.spare_mut().len());
            assert_eq!(rx.capacity(), 139, "{len}");
        }
    }

    /// Whoever does not receive gets no more room: the transport has to wait.
    #[test]
    fn a_full_buffer_does_not_grow_before_it_is_received_from() {
        let mut connection = server(Side::Server.config());
        let mut rx = RecvBuffer::with_capacity(200);
        let flood = wire::frame(FIN | PING, b"", Some(KEY)).repeat(100);
        let mut taken = 0;
        for _ in 0..10 {
            taken += rx.extend_from_slice(&flood);
        }
        assert_eq!((taken, rx.capacity()), (200, 200));
        assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(b""))));
        assert!(rx.spare_mut().len() <= 6);
        assert_eq!(rx.capacity(), 200);
    }

    /// However the memory grows under one long message, it grows a logarithmic number of times.
    #[test]
    fn a_message_in_many_reads_makes_the_buffer_grow_a_few_times() {
        let reads: [&[usize]; 4] = [&[1000], &[7], &[16 * 1024], &[1, 5000]];
        for reads in reads {
            for fragment in [1_000_000, 1000, if cfg!(debug_assertions) { 131 } else { 13 }] {
                let mut connection = client(Side::Client.config().max_message_bytes(1_000_000));
                let mut rx = RecvBuffer::with_capacity(0);
                let payload = vec![7; 1_000_000];
                let mut stream = Vec::new();
                for (at, piece) in payload.chunks(fragment).enumerate() {
                    let opcode = if at == 0 { BINARY } else { CONTINUATION };
                    stream.extend(wire::frame(opcode, piece, None));
                }
                stream.extend(wire::frame(FIN | CONTINUATION, b"", None));
                let mut capacities = vec![rx.capacity()];
                let mut rest = &stream[..];
                let mut is_whole = false;
                for read in reads.iter().cycle() {
                    let (mut now, later) = rest.split_at((*read).min(rest.len()));
                    while !now.is_empty() {
                        now = &now[rx.extend_from_slice(now)..];
                        if capacities.last() != Some(&rx.capacity()) {
                            capacities.push(rx.capacity());
                        }
                        is_whole |= connection.receive(&mut rx).unwrap() == Some(Event::Binary(&payload));
                    }
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
                assert!(is_whole);
                assert!(capacities.len() <= 32, "{fragment} {capacities:?}");
                assert!(capacities.last() <= Some(&1_000_300), "{capacities:?}");
            }
        }
    }

    /// A header that trickles in behind a message near its limit does not make the buffer grow byte by byte.
    #[test]
    fn a_trickle_near_the_limit_moves_nothing() {
        let limit = 100_000;
        let mut connection = server(Side::Server.config().max_message_bytes(limit as u64));
        let mut rx = RecvBuffer::with_capacity(0);
        let mut feed = |bytes: &[u8]| {
            let mut rest = bytes;
            while !rest.is_empty() {
                rest = &rest[rx.extend_from_slice(rest)..];
                while connection.receive(&mut rx).unwrap().is_some() {}
            }
            rx.capacity()
        };
        feed(&wire::frame(BINARY, &vec![1; limit - 200], Some(KEY)));
        let mut capacities = Vec::new();
        for _ in 0..100 {
            for byte in [
                wire::frame(CONTINUATION, b"x", Some(KEY)),
                wire::frame(FIN | PING, &[0; 125], Some(KEY)),
                wire::frame(CONTINUATION, b"", Some(KEY)),
            ]
            .concat()
            {
                capacities.push(feed(&[byte]));
            }
        }
        capacities.dedup();
        assert!(capacities.len() <= 3, "{capacities:?}");
    }
}
