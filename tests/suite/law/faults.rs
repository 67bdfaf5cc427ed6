//! The transport ends at any byte, the send buffer is full at any size: the connection is always in a state that it
//! should be in.

use websocket_proto::close::CloseCode;
use websocket_proto::{Connection, MessageKind, Misuse, RecvBuffer, Role, SendError, Transport};

use super::cutting::short_streams;
use super::reference::compare;
use crate::support::model::{self, Limits};
use crate::support::script::{Delivery, Script, Side};
use crate::support::wire::{self, BINARY, CLOSE, FIN, PING};
use crate::support::{Sink, client, server};

/// Every scenario, ended at every byte.
#[test]
fn the_transport_may_end_at_any_byte() {
    for side in Side::BOTH {
        for stream in short_streams(side.peer_key()) {
            for end in 0..=stream.len() {
                let stream = &stream[..end];
                let verdict = model::judge(stream, side.is_server(), Limits::NONE);
                for delivery in [Delivery::Messages, Delivery::Chunks] {
                    let config = crate::support::unlimited(side.config());
                    let place = super::Place::Fixed(1000);
                    let transcript = place.run(side, config, delivery, stream, &vec![1; end]);
                    if transcript.close_code() != Some(1009) {
                        compare(&verdict, &transcript, delivery, stream);
                    }
                }
                after_the_end(server(Side::Server.config()), stream);
                after_the_end(client(Side::Client.config()), stream);
            }
        }
    }
}

/// Behind the end nothing can be sent and nothing is owed.
fn after_the_end<R: Role>(connection: Connection<R>, stream: &[u8]) {
    let mut script = Script::new(connection, RecvBuffer::from([0; 300]), Delivery::Messages);
    script.feed(stream);
    let ending = script.connection.handle_eof();
    script.tx.take();
    assert_eq!(script.connection.transport(), Transport::Closed);
    assert_eq!(script.connection.poll_timeout(), None);
    assert!(!script.connection.can_send());
    let closed = Err(SendError::Misuse(Misuse::Closed));
    assert_eq!(script.connection.send_text("late", &mut script.tx), closed);
    assert_eq!(script.connection.send_ping(b"late", &mut script.tx), closed);
    assert_eq!(script.connection.close(CloseCode::NORMAL, "late", &mut script.tx), closed);
    assert_eq!(script.connection.poll_transmit(&mut script.tx), Ok(()));
    assert!(script.tx.bytes.is_empty());
    assert_eq!(script.connection.handle_eof(), ending);
}

/// Everything that writes, in an order that a connection can go through.
const STEPS: usize = 12;

fn step<R: Role>(
    at: usize,
    connection: &mut Connection<R>,
    rx: &mut RecvBuffer<[u8; 300]>,
    tx: &mut Sink,
) -> Result<(), SendError> {
    match at {
        0 => connection.send_text("é", tx),
        1 => connection.send_fragment(MessageKind::Text, b"a\xe2\x82", false, tx),
        2 => connection.send_ping(b"ping", tx),
        3 => connection.send_fragment(MessageKind::Text, b"\xac", true, tx),
        4 => connection.send_pong(b"", tx),
        5 => connection.send_binary(&[7; 130], tx),
        6 => receive(connection, rx, &wire::frame(FIN | PING, &[1; 125], key::<R>())),
        7 => connection.poll_transmit(tx),
        8 => receive(connection, rx, &wire::frame(FIN | PING, b"owed", key::<R>())),
        9 => receive(connection, rx, &wire::frame(FIN | CLOSE, b"\x03\xe8bye", key::<R>())),
        10 => connection.poll_transmit(tx),
        _ => connection.close(CloseCode::NORMAL, "", tx),
    }
}

fn key<R: Role>() -> Option<[u8; 4]> {
    R::IS_SERVER.then_some([1, 2, 3, 4])
}

fn receive<R: Role>(
    connection: &mut Connection<R>,
    rx: &mut RecvBuffer<[u8; 300]>,
    bytes: &[u8],
) -> Result<(), SendError> {
    assert_eq!(rx.extend_from_slice(bytes), bytes.len());
    while connection.receive(rx).unwrap().is_some() {}
    Ok(())
}

/// Takes the steps with send buffers of `capacity` bytes, drained whenever they are full.
fn tell<R: Role>(mut connection: Connection<R>, capacity: usize) -> Vec<u8> {
    let mut rx = RecvBuffer::from([0; 300]);
    let mut told = Vec::new();
    let mut tx = Sink::with_capacity(capacity);
    for at in 0..STEPS {
        for attempt in 0.. {
            let before = (format!("{connection:?}"), tx.clone(), connection.can_send(), connection.wants_transmit());
            match step(at, &mut connection, &mut rx, &mut tx) {
                Err(SendError::Full { needed }) => {
                    assert!(attempt < 8, "it never fits");
                    assert!(needed > tx.room(), "{needed} bytes would have fitted");
                    wire::read_frames(&tx.bytes);
                    if at != 10 {
                        // One frame, or nothing.
                        let after = (format!("{connection:?}"), tx.bytes.clone(), connection.can_send());
                        assert_eq!(after, (before.0, before.1.bytes, before.2), "step {at} has changed something");
                    }
                    assert!(connection.wants_transmit() || before.3 == connection.wants_transmit());
                    told.extend(tx.take());
                    tx = Sink::with_capacity(capacity.max(needed));
                }
                Err(SendError::Misuse(Misuse::Closed)) if at == 11 => break,
                result => {
                    assert_eq!(result, Ok(()), "step {at}");
                    break;
                }
            }
        }
        told.extend(tx.take());
        tx = Sink::with_capacity(capacity);
    }
    told
}

#[test]
fn the_send_buffer_may_be_full_at_any_size() {
    let counted = || {
        let mut count = 0_u32;
        Connection::client(Side::Client.config(), move || {
            count += 1;
            count.to_be_bytes()
        })
    };
    let (by_server, by_client) = (tell(server(Side::Server.config()), 10_000), tell(counted(), 10_000));
    for capacity in 0..300 {
        assert_eq!(tell(server(Side::Server.config()), capacity), by_server, "{capacity}");
        assert_eq!(tell(counted(), capacity), by_client, "{capacity}");
    }
    let keys: Vec<_> =
        wire::read_frames(&by_client).iter().map(|frame| u32::from_be_bytes(frame.key.unwrap())).collect();
    assert_eq!(keys, (1..=keys.len() as u32).collect::<Vec<_>>(), "one key is drawn for each frame that is written");
}

/// All three things that can be owed at once, through a buffer of every size.
#[test]
fn what_is_owed_goes_out_whole_and_in_order() {
    use core::time::Duration;
    use websocket_proto::Instant;
    for capacity in 0..60 {
        let config = Side::Server.config().ping_interval(Some(Duration::from_secs(1)));
        let mut connection = server(config);
        let mut rx = RecvBuffer::from([0; 300]);
        receive(&mut connection, &mut rx, &wire::frame(FIN | PING, b"pong me", Some([9; 4]))).unwrap();
        connection.handle_timeout(Instant::from_millis(0)).unwrap();
        connection.handle_timeout(Instant::from_millis(1000)).unwrap();
        let mut told = Vec::new();
        let mut tx = Sink::with_capacity(capacity);
        while let Err(SendError::Full { needed }) = connection.poll_transmit(&mut tx) {
            assert!(connection.wants_transmit());
            told.extend(tx.take());
            tx = Sink::with_capacity(capacity.max(needed));
        }
        told.extend(tx.take());
        assert_eq!(
            told,
            [wire::frame(FIN | wire::PONG, b"pong me", None), wire::frame(FIN | PING, b"", None)].concat()
        );

        // A violation: nothing but what was owed, and one Close.
        assert_eq!(rx.extend_from_slice(&[0xff]), 1);
        let error = connection.receive(&mut rx).unwrap_err();
        let mut tx = Sink::with_capacity(capacity);
        while let Err(SendError::Full { needed }) = connection.poll_transmit(&mut tx) {
            assert!(tx.bytes.is_empty());
            tx = Sink::with_capacity(capacity.max(needed));
        }
        assert_eq!(tx.bytes, b"\x88\x02\x03\xea");
        assert_eq!(connection.receive(&mut rx).unwrap_err(), error);
        assert_eq!(connection.poll_transmit(&mut tx), Ok(()));
        assert_eq!(tx.bytes.len(), 4);
    }
}

/// A message that was never finished holds nothing back when the end comes.
#[test]
fn the_end_in_the_middle_of_a_message_is_unclean() {
    for is_closing in [false, true] {
        let mut connection = server(Side::Server.config());
        let mut rx = RecvBuffer::from([0; 300]);
        let mut tx = Sink::new();
        receive(&mut connection, &mut rx, &wire::frame(BINARY, b"half", Some([9; 4]))).unwrap();
        if is_closing {
            connection.close(CloseCode::NORMAL, "", &mut tx).unwrap();
        }
        let ending = connection.handle_eof();
        assert_eq!((ending.code, ending.is_clean), (CloseCode::ABNORMAL, false));
        assert_eq!(connection.receive(&mut rx), Ok(None));
        assert!(rx.is_empty());
    }
}
