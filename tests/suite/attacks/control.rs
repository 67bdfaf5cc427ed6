//! Control frames, the close, and what is owed: rows C1 to C11.

use websocket_proto::close::CloseCode;
use websocket_proto::{Config, Event, Limit, Misuse, RecvBuffer, SendError};

use super::{accepted, both, closed, refused, thrice};
use crate::support::script::{Delivery, Script, Side};
use crate::support::wire::{self, CLOSE, FIN, Form, PING, PONG, TEXT};
use crate::support::{KEY, Sink, client, server};

/// A flood of Pings that is not drained owes one Pong: the newest.
#[test]
fn cve_2026_11586_undrained_pongs_do_not_pile_up() {
    let mut connection = server(Config::server());
    let mut rx = RecvBuffer::from([0; 256]);
    for number in 0..100_000_u32 {
        assert_eq!(rx.extend_from_slice(&wire::frame(FIN | PING, &number.to_be_bytes(), Some(KEY))), 10);
        assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(&number.to_be_bytes()))));
    }
    let mut tx = Sink::new();
    connection.poll_transmit(&mut tx).unwrap();
    assert_eq!(tx.take(), wire::frame(FIN | PONG, &99_999_u32.to_be_bytes(), None));
    connection.poll_transmit(&mut tx).unwrap();
    assert!(tx.bytes.is_empty());
}

/// A full send buffer is an answer, not a loop; what is owed stays owed.
#[test]
fn cve_2025_5399_a_full_send_buffer_ends_the_call() {
    let mut connection = client(Config::client());
    let mut rx = RecvBuffer::from([0; 256]);
    let mut full = Sink::with_capacity(5);
    for _ in 0..1000 {
        assert_eq!(rx.extend_from_slice(&wire::frame(FIN | PING, b"", None)), 2);
        assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(b""))));
        assert_eq!(connection.poll_transmit(&mut full), Err(SendError::Full { needed: 6 }));
    }
    let mut tx = Sink::with_capacity(6);
    assert_eq!(connection.poll_transmit(&mut tx), Ok(()));
    assert_eq!(tx.bytes, wire::frame(FIN | PONG, b"", Some(KEY)));
}

/// Nothing is queued here: what was written is in the caller's buffer, and that has the bound which the caller gave it.
#[test]
fn cve_2020_35896_nothing_is_written_beyond_the_send_buffer() {
    let mut connection = server(Config::server());
    let mut tx = Sink::with_capacity(1000);
    let mut sent = 0;
    while connection.send_binary(&[0; 98], &mut tx).is_ok() {
        sent += 1;
    }
    assert_eq!((sent, tx.bytes.len()), (10, 1000));
    assert_eq!(connection.close(CloseCode::NORMAL, "", &mut tx), Err(SendError::Full { needed: 4 }));
    assert!(connection.can_send());
}

/// Events are pulled one at a time; what is not asked for stays where it is, unread.
#[test]
fn c04_nothing_is_taken_that_was_not_asked_for() {
    let mut connection = server(Config::server());
    let mut rx = RecvBuffer::from([0; 256]);
    let frame = wire::frame(FIN | TEXT, b"x", Some(KEY));
    assert_eq!(rx.extend_from_slice(&frame.repeat(10)), 70);
    for taken in 1..=10 {
        assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("x"))));
        assert_eq!(rx.unread(), frame.repeat(10 - taken));
    }
    assert_eq!(rx.extend_from_slice(&frame.repeat(100)), 256, "and then the transport has to wait");
}

/// Empty, or cut anywhere.
#[test]
fn c05_a_close_in_pieces() {
    for len in [0, 2, 3, 60, 124, 125] {
        let payload: Vec<u8> = [0x03, 0xe8].into_iter().chain((0..).map(|_| b'r')).take(len).collect();
        for side in Side::BOTH {
            let stream = wire::frame(FIN | CLOSE, &payload, side.peer_key());
            let expected = match len {
                0 => closed(1005, ""),
                _ => closed(1000, &"r".repeat(len - 2)),
            };
            for cut in 0..=stream.len() {
                let cuts = [cut, stream.len() - cut];
                let transcript = super::feed(side, &side.config(), Delivery::Messages, &stream, &cuts);
                assert_eq!((transcript.error, &transcript.events[..]), (None, &[expected.clone()][..]));
                assert_eq!(transcript.replies_told(), [(CLOSE, payload.iter().copied().take(2).collect())]);
                assert!(transcript.ending.1);
            }
        }
    }
}

#[test]
fn c06_half_a_close_code() {
    for byte in [0, 3, b'x', 0xff] {
        both(|key| wire::frame(FIN | CLOSE, &[byte], key), &refused(1002));
    }
}

/// A reason has 123 bytes at most, and is never cut.
#[test]
fn c07_the_reason_for_closing_is_123_bytes() {
    for (reason, fits) in [
        ("r".repeat(122), true),
        ("r".repeat(123), true),
        ("r".repeat(124), false),
        ("é".repeat(61) + "r", true),
        ("é".repeat(62), false),
        ("€".repeat(41), true),
        ("😀".repeat(31), false),
    ] {
        for close in [server_closes, client_closes] as [fn(&str, &mut Sink) -> Result<(), SendError>; 2] {
            let mut tx = Sink::new();
            let result = close(&reason, &mut tx);
            match fits {
                true => {
                    assert_eq!(result, Ok(()));
                    let payload = [&[0x03, 0xe8], reason.as_bytes()].concat();
                    assert_eq!(wire::read_frames(&tx.bytes)[0].told(), (CLOSE, payload));
                }
                false => assert_eq!(result, Err(Misuse::ReasonTooLong.into())),
            }
            assert_eq!(tx.bytes.is_empty(), !fits);
        }
        if fits {
            let payload = [&[0x03, 0xe8], reason.as_bytes()].concat();
            both(|key| wire::frame(FIN | CLOSE, &payload, key), &accepted([closed(1000, &reason)]));
        }
    }
    for cut in [1, 2] {
        let payload = [&[0x03, 0xe8], &"€".as_bytes()[..cut]].concat();
        both(|key| wire::frame(FIN | CLOSE, &payload, key), &refused(1007));
    }
}

fn server_closes(reason: &str, tx: &mut Sink) -> Result<(), SendError> {
    server(Config::server()).close(CloseCode::NORMAL, reason, tx)
}

fn client_closes(reason: &str, tx: &mut Sink) -> Result<(), SendError> {
    client(Config::client()).close(CloseCode::NORMAL, reason, tx)
}

/// Codes that are results and not messages, and codes that nobody has given a meaning. (All 65,536: see
/// `law::headers`.)
#[test]
fn c08_close_codes() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        both(|key| wire::frame(FIN | CLOSE, &code.to_be_bytes(), key), &refused(1002));
        let told = server(Config::server()).close(CloseCode::new(code), "why", &mut Sink::new());
        assert_eq!(told, Err(Misuse::CloseCode(CloseCode::new(code)).into()));
    }
    for code in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999_u16] {
        both(|key| wire::frame(FIN | CLOSE, &code.to_be_bytes(), key), &accepted([closed(code, "")]));
    }
}

/// Two ends that both close at once, or one after the other: one Close each. (In every order: see `law::closing`.)
#[test]
fn c09_one_close_each() {
    for is_server_first in [true, false] {
        let mut one = Script::new(server(Config::server()), RecvBuffer::from([0; 200]), Delivery::Messages);
        let mut two = Script::new(client(Config::client()), RecvBuffer::from([0; 200]), Delivery::Messages);
        one.connection.close(CloseCode::NORMAL, "", &mut one.tx).unwrap();
        if is_server_first {
            two.feed(&one.tx.bytes);
        } else {
            two.connection.close(CloseCode::GOING_AWAY, "", &mut two.tx).unwrap();
            two.feed(&one.tx.bytes);
        }
        one.feed(&two.tx.bytes);
        for _ in 0..3 {
            two.feed(&one.tx.bytes);
            one.feed(&two.tx.bytes);
        }
        let (one, two) = (one.finish(), two.finish());
        assert_eq!((one.replies.len(), two.replies.len()), (1, 1));
        assert_eq!((one.events.len(), two.events.len()), (1, 1));
        assert!(one.ending.1 && two.ending.1);
    }
}

/// Too long or in fragments, refused at the header, whatever it claims to bring.
#[test]
fn c10_control_frames_that_are_none() {
    for opcode in [CLOSE, PING, PONG] {
        both(|key| wire::header(opcode, 0, Form::Shortest, key), &refused(1002));
        both(|key| wire::header(opcode, 5, Form::Shortest, key), &refused(1002));
        for (len, form) in [(5, Form::Bits16), (126, Form::Bits16), (16_384, Form::Bits16), (65_536, Form::Bits64)] {
            both(|key| wire::header(FIN | opcode, len, form, key), &refused(1002));
            // The second byte is enough.
            both(|key| wire::header(FIN | opcode, len, form, key)[..2].to_vec(), &refused(1002));
        }
        both(|_| vec![opcode], &refused(1002));
    }
}

/// An answer is no longer than its question; a flood with nothing else in it ends.
#[test]
fn c11_pings_are_not_amplified_and_end() {
    let config = Config::server().max_control_frames(100);
    for (frames, is_refused) in [(100, false), (101, true)] {
        let stream = wire::frame(FIN | PING, b"?", Some(KEY)).repeat(frames);
        let mut memory = [0; 300];
        let rx = RecvBuffer::from(&mut memory[..]);
        let transcript = Side::Server.run(config.clone(), rx, Delivery::Messages, &stream, &[stream.len()]);
        assert_eq!(transcript.error, is_refused.then_some(Limit::TooManyControlFrames.into()));
        assert_eq!(transcript.events.len(), 100);
        assert_eq!(transcript.replies.len(), 100 + usize::from(is_refused));
    }
    let calm = [wire::frame(FIN | PING, b"?", Some(KEY)).repeat(100), wire::frame(FIN | TEXT, b"", Some(KEY))].concat();
    let transcript = super::feed(Side::Server, &config, Delivery::Messages, &calm.repeat(3), &[calm.len() * 3]);
    assert_eq!(transcript.error, None);
    thrice(Side::Server, &config, &wire::frame(FIN | PONG, b"", Some(KEY)), &accepted([super::pong(b"")]));
}
