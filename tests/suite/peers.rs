//! What other implementations have got wrong, named by what one saw of it.

use websocket_proto::{ChunkEvent, Config, Event, Payload, RecvBuffer, Violation};

use crate::support::script::{Delivery, Seen, Side, Transcript};
use crate::support::wire::{self, BINARY, CLOSE, CONTINUATION, FIN, Form, PING, PONG, TEXT};
use crate::support::{KEY, Sink, client, server};

fn feed(side: Side, stream: &[u8], cuts: &[usize]) -> Transcript {
    let mut memory = vec![0; 1 << 17];
    side.run(side.config(), RecvBuffer::from(&mut memory[..]), Delivery::Messages, stream, cuts)
}

/// Refused however it is cut, as soon as the last of these bytes is there.
fn is_refused_at_once(side: Side, stream: &[u8], code: u16) {
    for cuts in [vec![stream.len()], vec![1; stream.len()], vec![stream.len() / 2, stream.len().div_ceil(2)]] {
        let transcript = feed(side, stream, &cuts);
        assert_eq!(transcript.close_code(), Some(code), "{stream:02x?}");
        assert_eq!(transcript.replies_told(), [(CLOSE, code.to_be_bytes().to_vec())]);
    }
}

#[test]
fn invalid_text_does_not_come_out_as_a_str_when_its_frame_is_split() {
    let mut rx = RecvBuffer::from([0; 32]);
    let mut connection = client(Config::client());
    assert_eq!(rx.extend_from_slice(&[0x81, 0x02, 0xff]), 3);
    assert_eq!(connection.receive(&mut rx), Err(Violation::TextNotUtf8.into()));
    assert_eq!(rx.extend_from_slice(&[0xff]), 1);
    assert_eq!(connection.receive(&mut rx), Err(Violation::TextNotUtf8.into()));

    let mut connection = client(Config::client());
    assert_eq!(rx.extend_from_slice(&[0x81, 0x04, b'o', b'k', 0xff]), 5);
    let Ok(Some(ChunkEvent::Chunk(chunk))) = connection.receive_chunk(&mut rx) else {
        panic!("what is right comes out")
    };
    assert_eq!(chunk.payload, Payload::Text("ok"));
    assert_eq!(connection.receive_chunk(&mut rx), Err(Violation::TextNotUtf8.into()));
}

#[test]
fn a_payload_of_65535_bytes_has_a_16_bit_length() {
    let mut tx = Sink::new();
    server(Config::server()).send_binary(&[0; 65_535], &mut tx).unwrap();
    assert_eq!(&tx.bytes[..4], [0x82, 126, 0xff, 0xff]);
    tx = Sink::new();
    server(Config::server()).send_binary(&[0; 65_536], &mut tx).unwrap();
    assert_eq!(&tx.bytes[..10], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    is_refused_at_once(Side::Client, &wire::header(FIN | BINARY, 65_535, Form::Bits64, None), 1002);
}

#[test]
fn a_length_of_one_in_16_bits_is_refused() {
    is_refused_at_once(Side::Client, &[0x82, 0x7e, 0x00, 0x01, 0x41], 1002);
    is_refused_at_once(Side::Client, &[0x82, 0x7e, 0x00, 0x01], 1002);
}

#[test]
fn a_reserved_bit_is_refused_before_the_payload() {
    is_refused_at_once(Side::Client, &[0xa2, 0x05], 1002);
    for bits in 1..8 {
        is_refused_at_once(Side::Client, &[FIN | bits << 4 | BINARY], 1002);
    }
}

#[test]
fn a_ping_of_16_kib_is_refused_before_the_payload() {
    is_refused_at_once(Side::Client, &[0x89, 0x7e, 0x40, 0x00], 1002);
    is_refused_at_once(Side::Client, &[0x89, 0x7e], 1002);
}

#[test]
fn a_pong_or_close_that_is_too_long_is_refused_like_a_ping() {
    for opcode in [PING, PONG, CLOSE] {
        is_refused_at_once(Side::Server, &[FIN | opcode, 0xfe], 1002);
        is_refused_at_once(Side::Server, &[FIN | opcode, 0xff], 1002);
    }
}

#[test]
fn text_that_starts_wrong_is_refused_before_its_frame_ends() {
    is_refused_at_once(Side::Client, &[0x81, 0x05, 0xff], 1007);
}

#[test]
fn a_close_with_1005_is_refused() {
    is_refused_at_once(Side::Client, &[0x88, 0x02, 0x03, 0xed], 1002);
}

#[test]
fn a_server_refuses_what_is_not_masked() {
    is_refused_at_once(Side::Server, &wire::frame(FIN | TEXT, b"hi", None), 1002);
    is_refused_at_once(Side::Server, &[FIN | TEXT, 2], 1002);
}

#[test]
fn a_client_refuses_what_is_masked() {
    is_refused_at_once(Side::Client, &wire::frame(FIN | TEXT, b"hi", Some(KEY)), 1002);
    is_refused_at_once(Side::Client, &[FIN | TEXT, 0x82], 1002);
}

#[test]
fn a_new_message_within_another_does_not_replace_it() {
    for second in [TEXT, FIN | TEXT, BINARY, FIN | BINARY] {
        let stream = [wire::frame(TEXT, b"first", Some(KEY)), vec![second]].concat();
        is_refused_at_once(Side::Server, &stream, 1002);
    }
}

#[test]
fn half_a_character_at_the_end_is_not_dropped() {
    is_refused_at_once(Side::Server, &wire::frame(FIN | TEXT, b"ab\xe2\x82", Some(KEY)), 1007);
    let fragments = [wire::frame(TEXT, b"ab\xe2", Some(KEY)), wire::frame(FIN | CONTINUATION, b"", Some(KEY))].concat();
    is_refused_at_once(Side::Server, &fragments, 1007);
}

#[test]
fn a_reserved_bit_on_a_control_frame_is_refused() {
    for opcode in [PING, PONG, CLOSE] {
        is_refused_at_once(Side::Server, &[FIN | 0x40 | opcode], 1002);
    }
}

/// A violation is final: what follows is not read, however right it is.
#[test]
fn nothing_is_received_after_a_violation() {
    let stream = [vec![0xf1], wire::frame(FIN | TEXT, b"right", Some(KEY))].concat();
    is_refused_at_once(Side::Server, &stream, 1002);
    assert!(feed(Side::Server, &stream, &[stream.len()]).events.is_empty());
}

/// A message that is shorter than the reads around it comes out of the middle of one.
#[test]
fn frames_behind_each_other_in_one_read_all_come_out() {
    let stream = [
        wire::frame(FIN | TEXT, b"one", Some(KEY)),
        wire::frame(TEXT, b"tw", Some(KEY)),
        wire::frame(FIN | PING, b"", Some(KEY)),
        wire::frame(FIN | CONTINUATION, b"o", Some(KEY)),
        wire::frame(FIN | BINARY, b"", Some(KEY)),
    ]
    .concat();
    let expected = [Seen::Text("one".into()), Seen::Ping(vec![]), Seen::Text("two".into()), Seen::Binary(vec![])];
    for cut in 0..=stream.len() {
        let transcript = feed(Side::Server, &stream, &[cut, stream.len() - cut]);
        assert_eq!(transcript.events, expected);
    }
}

/// A buffer that is exactly as big as the message and its header is big enough.
#[test]
fn a_message_that_just_fits_is_received() {
    let frame = wire::frame(FIN | TEXT, b"just fits", Some(KEY));
    for size in 14..frame.len() + 2 {
        let mut memory = vec![0; size];
        let mut rx = RecvBuffer::from(&mut memory[..]);
        let mut connection = server(Config::server());
        for byte in &frame {
            assert_eq!(rx.extend_from_slice(&[*byte]), 1);
            if let Some(event) = connection.receive(&mut rx).unwrap() {
                assert_eq!(event, Event::Text("just fits"));
            }
        }
        assert!(rx.is_empty());
    }
}
