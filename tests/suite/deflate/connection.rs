//! Connections that have agreed on permessage-deflate, against each other.

use websocket_proto::deflate::{Compression, Params, Pool, WindowBits};
use websocket_proto::{
    ChunkEvent, Connection, Event, Limit, MessageKind, Misuse, PreparedMessage, ProtocolError, RecvBuffer, Role,
    SendError, Violation,
};

use super::{RSV1, eager, engine, forgetful};
use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::Side;
use crate::support::wire::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::support::{KEY, Sink, client, server, streams};

/// The payloads of the frames in `bytes`, with their first bytes; the reserved bits are left standing.
pub(super) fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (len, rest) = match second & 0x7f {
            126 => (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            len => (usize::from(len), rest),
        };
        let (key, rest) = if second & 0x80 == 0 { (None, rest) } else { (rest.first_chunk().copied(), &rest[4..]) };
        frames.push((*first, wire::xor(&rest[..len], key)));
        bytes = &rest[len..];
    }
    frames
}

/// All that `connection` reads in `bytes`.
pub(super) fn heard<R: Role>(connection: &mut Connection<R>, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, ProtocolError> {
    let mut rx = RecvBuffer::new();
    let mut heard = Vec::new();
    while !bytes.is_empty() {
        bytes = &bytes[rx.extend_from_slice(bytes)..];
        while let Some(event) = connection.receive(&mut rx)? {
            match event {
                Event::Text(text) => heard.push(text.as_bytes().to_vec()),
                Event::Binary(bytes) => heard.push(bytes.to_vec()),
                _ => {}
            }
        }
    }
    Ok(heard)
}

/// A message that was begun is dropped with the rest, and the buffer serves another connection.
#[test]
fn what_is_cleared_is_gone_also_when_it_is_inflated() {
    let connect = || server(Side::Server.config()).with_deflate(&Params::default(), &eager());
    let mut tx = Vec::new();
    let mut sender = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
    sender.send_text(&"gone ".repeat(100), &mut tx).unwrap();
    let begun = wire::frame(RSV1 | TEXT, &frames(&tx)[0].1[..8], Some(KEY));
    let mut rx = RecvBuffer::new();
    assert_eq!(rx.extend_from_slice(&begun), begun.len());
    assert_eq!(connect().receive(&mut rx), Ok(None));
    assert!(!rx.is_empty() && rx.unread().is_empty(), "it is in the place beside the storage");
    rx.clear();
    assert!(rx.is_empty());
    assert_eq!(rx.extend_from_slice(&tx), tx.len());
    assert_eq!(connect().receive(&mut rx), Ok(Some(Event::Text(&"gone ".repeat(100)))));
}

/// Sessions in both directions, in all the ways there are to send, with every kind of agreement.
fn session(rng: &mut Rng) {
    let bits = |rng: &mut Rng| WindowBits::new(8 + rng.below(9) as u8);
    let params = Params {
        server_no_context_takeover: rng.one_in(2),
        client_no_context_takeover: rng.one_in(2),
        server_max_window_bits: bits(rng),
        client_max_window_bits: bits(rng),
    };
    let mut config = eager().level(1 + rng.below(9) as u8).may_grow(rng.one_in(2)).min_bytes(rng.below(100));
    if rng.one_in(2) {
        config = config.pool(Pool::new(1 + rng.below(2)));
    }
    let mut server = server(Side::Server.config()).with_deflate(&params, &config);
    let mut client = client(Side::Client.config()).with_deflate(&params, &config);
    for _ in 0..12 {
        let (mut tx, mut said) = (Sink::new(), Vec::new());
        if rng.one_in(2) {
            say(rng, &mut server, &mut tx, &mut said);
            assert!(heard(&mut client, &tx.bytes).as_ref() == Ok(&said), "{params}");
        } else {
            say(rng, &mut client, &mut tx, &mut said);
            assert!(heard(&mut server, &tx.bytes).as_ref() == Ok(&said), "{params}");
        }
    }
}

fn say<R: Role>(rng: &mut Rng, connection: &mut Connection<R>, tx: &mut Sink, said: &mut Vec<Vec<u8>>) {
    connection.set_compression(*rng.pick(&[
        Compression::Auto,
        Compression::Auto,
        Compression::Off,
        Compression::Always,
    ]));
    let len = rng.below(500);
    let text = streams::text(rng, len);
    let bytes = engine::payload(rng, 20_000);
    match rng.below(5) {
        0 => {
            connection.send_text(&text, tx).unwrap();
            said.push(text.into_bytes());
        }
        1 => {
            connection.send_binary(&bytes, tx).unwrap();
            said.push(bytes);
        }
        2 => {
            let message = PreparedMessage::binary(&bytes);
            connection.send_prepared(&message, tx).unwrap();
            connection.send_prepared(&message, tx).unwrap();
            said.extend([bytes.clone(), bytes]);
        }
        3 => {
            // A call that does not fit changes nothing, also not what is remembered.
            let mut small = Sink::with_capacity(rng.below(20));
            match connection.send_binary(&bytes, &mut small) {
                Ok(()) => tx.bytes.extend(small.take()),
                Err(SendError::Full { needed }) => {
                    assert!(needed > small.room() && small.bytes.is_empty());
                    connection.send_binary(&bytes, tx).unwrap();
                }
                Err(other) => panic!("{other}"),
            }
            said.push(bytes);
        }
        _ => {
            let mut rest = text.as_bytes();
            for _ in 0..rng.below(4) {
                let (now, later) = rest.split_at(rng.below(rest.len() + 1));
                let mut small = Sink::with_capacity(rng.below(60));
                match connection.send_fragment(MessageKind::Text, now, false, &mut small) {
                    Ok(()) => tx.bytes.extend(small.take()),
                    Err(_) => connection.send_fragment(MessageKind::Text, now, false, tx).unwrap(),
                }
                if rng.one_in(2) {
                    connection.send_ping(b"between", tx).unwrap();
                }
                rest = later;
            }
            connection.send_fragment(MessageKind::Text, rest, true, tx).unwrap();
            said.push(text.into_bytes());
        }
    }
}

#[test]
fn what_is_sent_is_received() {
    for_seeds(scaled(800), session);
}

#[test]
#[ignore = "long: 100,000 sessions"]
fn what_is_sent_is_received_long() {
    for_many_seeds(100_000, session);
}

#[test]
fn takeover_makes_the_second_message_smaller() {
    let message = "a message that says something, and says it more than once".to_owned();
    let lens = |params: &Params| {
        let mut connection = server(Side::Server.config()).with_deflate(params, &eager());
        [(); 2].map(|()| {
            let mut tx = Vec::new();
            connection.send_text(&message, &mut tx).unwrap();
            tx.len()
        })
    };
    let [first, second] = lens(&Params::default());
    assert!(second * 3 < first, "{first} {second}");
    let [first, second] = lens(&forgetful());
    assert_eq!(first, second);
}

/// The bit stands on the first fragment only; the four bytes are left out of the last only.
#[test]
fn fragments_of_one_message() {
    let mut connection = server(Side::Server.config()).with_deflate(&forgetful(), &eager());
    let mut tx = Vec::new();
    for (piece, is_last) in [("Hel", false), ("", false), ("lo", false), ("", true)] {
        connection.send_fragment(MessageKind::Text, piece.as_bytes(), is_last, &mut tx).unwrap();
        if !is_last {
            assert_eq!(connection.fragment_head(MessageKind::Text, 1, true).err(), Some(Misuse::MessageCompressed));
        }
    }
    let sent = frames(&tx);
    let firsts: Vec<u8> = sent.iter().map(|(first, _)| *first).collect();
    assert_eq!(firsts, [RSV1 | TEXT, CONTINUATION, CONTINUATION, FIN | CONTINUATION]);
    assert!(sent[0].1.ends_with(&super::TAIL) && sent[2].1.ends_with(&super::TAIL));
    assert_eq!(sent[3].1, [0]);
    let mut receiver = client(Side::Client.config()).with_deflate(&forgetful(), &eager());
    assert_eq!(heard(&mut receiver, &tx), Ok(vec![b"Hello".to_vec()]));
}

/// What of a compressed message is delivered before an error, and the error.
fn delivered(stream: &[u8]) -> (Vec<u8>, Option<ProtocolError>) {
    let mut connection =
        client(Side::Client.config().max_message_bytes(100)).with_deflate(&Params::default(), &eager());
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(stream);
    let mut bytes = Vec::new();
    loop {
        match connection.receive_chunk(&mut rx) {
            Ok(Some(ChunkEvent::Chunk(chunk))) => bytes.extend_from_slice(chunk.payload.as_bytes()),
            Ok(Some(_)) => {}
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

#[test]
fn what_stands_before_an_error_is_delivered() {
    let compressed =
        |message: &[u8]| websocket_proto::deflate::Compressor::new(WindowBits::MAX, 6).compress(message, true).to_vec();
    let text = wire::frame(FIN | RSV1 | TEXT, &compressed(b"good \xe2\x82\xac bad \xff more"), None);
    assert_eq!(delivered(&text), ("good € bad ".into(), Some(Violation::TextNotUtf8.into())));
    let cut = wire::frame(FIN | RSV1 | TEXT, &compressed(b"cut \xe2\x82"), None);
    assert_eq!(delivered(&cut), (b"cut ".to_vec(), Some(Violation::TextNotUtf8.into())));
    let long = wire::frame(FIN | RSV1 | BINARY, &compressed(&[7; 101]), None);
    assert_eq!(delivered(&long), (vec![7; 100], Some(Limit::MessageTooBig.into())));
    // What stands behind it is dropped at once, and not by the call that gives the error.
    let mut connection = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(&[&text[..], &long].concat());
    assert!(matches!(connection.receive_chunk(&mut rx), Ok(Some(ChunkEvent::Chunk(_)))));
    assert_eq!(rx.unread(), []);
    // The wrong byte comes before the limit, so it counts.
    let both = [&[b'a'; 50][..], &[0xff], &[b'a'; 100]].concat();
    let both = wire::frame(FIN | RSV1 | TEXT, &compressed(&both), None);
    assert_eq!(delivered(&both), (vec![b'a'; 50], Some(Violation::TextNotUtf8.into())));
    let broken = [&compressed(b"sound")[..], &[0x06]].concat();
    let broken = wire::frame(FIN | RSV1 | BINARY, &broken, None);
    assert_eq!(delivered(&broken).1, Some(Violation::CompressedData.into()));
    assert_eq!(Violation::CompressedData.close_code().as_u16(), 1007);
    assert_eq!(
        Violation::CompressedData.to_string(),
        "a compressed message cannot be inflated (RFC 7692 section 7.2.2)"
    );
}

/// Who takes whole messages gets nothing of one that turns out to be wrong.
#[test]
fn a_message_that_goes_wrong_is_not_delivered_in_part() {
    let compressed =
        |message: &[u8]| websocket_proto::deflate::Compressor::new(WindowBits::MAX, 6).compress(message, true).to_vec();
    let cases = [
        (TEXT, compressed(b"good and bad \xff"), ProtocolError::from(Violation::TextNotUtf8)),
        (TEXT, compressed(b"cut \xe2\x82"), Violation::TextNotUtf8.into()),
        (BINARY, compressed(&[7; 101]), Limit::MessageTooBig.into()),
        (BINARY, [&compressed(&[7; 50])[..], &[0x06]].concat(), Violation::CompressedData.into()),
    ];
    for (kind, payload, error) in cases {
        let frame = wire::frame(FIN | RSV1 | kind, &payload, None);
        for read_len in [1, frame.len()] {
            let config = Side::Client.config().max_message_bytes(100);
            let mut connection = client(config).with_deflate(&Params::default(), &eager());
            let mut rx = RecvBuffer::new();
            let mut received = frame.chunks(read_len).map(|piece| {
                assert_eq!(rx.extend_from_slice(piece), piece.len());
                connection.receive(&mut rx).map(|event| assert_eq!(event, None))
            });
            assert_eq!(received.find(Result::is_err), Some(Err(error)), "{error}, reading {read_len}");
        }
    }
}

/// What a compressed message has on the wire does not stay, so that it need not fit into a buffer that cannot grow: not
/// in its first frame, and not in a later one.
#[test]
fn a_fixed_buffer_receives_compressed_messages_longer_than_itself() {
    let noise = Rng::new(7).bytes(1_000);
    let payload = websocket_proto::deflate::Compressor::new(WindowBits::MAX, 6).compress(&noise, true).to_vec();
    assert!(payload.len() > 900);
    let (one, other) = payload.split_at(300);
    let streams = [
        wire::frame(FIN | RSV1 | BINARY, &payload, Some(KEY)),
        [wire::frame(RSV1 | BINARY, one, Some(KEY)), wire::frame(FIN | CONTINUATION, other, Some(KEY))].concat(),
    ];
    for stream in streams {
        let mut connection = server(Side::Server.config()).with_deflate(&Params::default(), &eager());
        let (mut rx, mut rest, mut received) = (RecvBuffer::from([0; 200]), &stream[..], Vec::new());
        while !rest.is_empty() {
            rest = &rest[rx.extend_from_slice(rest)..];
            while let Some(event) = connection.receive(&mut rx).unwrap() {
                let Event::Binary(bytes) = event else { panic!("{event:?}") };
                received.push(bytes.to_vec());
            }
        }
        assert_eq!(received, [noise.as_slice()]);
    }
}

/// A message that refers to the one before is sound with takeover, and not without.
#[test]
fn the_agreement_decides_what_is_remembered() {
    let hello: [&[u8]; 2] = [&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &[0xf2, 0x00, 0x11, 0x00, 0x00]];
    let stream = hello.map(|payload| wire::frame(FIN | RSV1 | TEXT, payload, None)).concat();
    let both = vec![b"Hello".to_vec(); 2];
    for config in [eager(), eager().pool(Pool::new(1))] {
        let mut connection = client(Side::Client.config()).with_deflate(&Params::default(), &config);
        assert_eq!(heard(&mut connection, &stream), Ok(both.clone()));
        let mut connection = client(Side::Client.config()).with_deflate(&forgetful(), &config);
        assert_eq!(heard(&mut connection, &stream), Err(Violation::CompressedData.into()));
    }
}

/// A context that is lent remembers nothing of the connection that had it before, whatever became of that.
#[test]
fn a_pool_tells_nothing() {
    let pool = Pool::new(1);
    let config = eager().pool(pool);
    let connect = || client(Side::Client.config()).with_deflate(&Params::default(), &config);
    let hello = wire::frame(FIN | RSV1 | TEXT, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], None);
    let refers = wire::frame(FIN | RSV1 | TEXT, &[0xf2, 0x00, 0x11, 0x00, 0x00], None);
    let mut one = connect();
    assert_eq!(heard(&mut one, &hello), Ok(vec![b"Hello".to_vec()]));
    drop(one);
    assert_eq!(heard(&mut connect(), &refers), Err(Violation::CompressedData.into()));
    // In the middle of a message, and after an error.
    let mut two = connect();
    assert_eq!(heard(&mut two, &hello[..5]), Ok(vec![]));
    drop(two);
    assert_eq!(heard(&mut connect(), &hello), Ok(vec![b"Hello".to_vec()]));
}

#[test]
fn another_buffer_is_noticed() {
    let mut connection = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
    let hello = wire::frame(FIN | RSV1 | TEXT, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], None);
    let (mut rx, mut other) = (RecvBuffer::new(), RecvBuffer::new());
    let _ = rx.extend_from_slice(&hello[..6]);
    assert_eq!(connection.receive(&mut rx), Ok(None));
    assert!(!rx.is_empty(), "it holds a part of a message");
    let _ = other.extend_from_slice(&hello[6..]);
    assert_eq!(connection.receive(&mut other), Err(Misuse::BufferReplaced.into()));
    let _ = rx.extend_from_slice(&hello[6..]);
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("Hello"))));
    assert!(rx.is_empty());
    // Chunks may take over in the middle; messages may not.
    let _ = rx.extend_from_slice(&hello[..7]);
    assert_eq!(connection.receive(&mut rx), Ok(None));
    assert!(matches!(connection.receive_chunk(&mut rx), Ok(Some(ChunkEvent::Chunk(chunk))) if chunk.is_first));
    assert_eq!(connection.receive(&mut rx), Err(Misuse::MessageInChunks.into()));
}

/// Pings between the fragments of a compressed message are answered at once.
#[test]
fn control_frames_between() {
    let payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let stream = [
        wire::frame(RSV1 | TEXT, &payload[..3], None),
        wire::frame(FIN | PING, b"p", None),
        wire::frame(FIN | CONTINUATION, &payload[3..], None),
    ]
    .concat();
    let mut connection = client(Side::Client.config()).with_deflate(&Params::default(), &eager());
    let mut rx = RecvBuffer::new();
    let _ = rx.extend_from_slice(&stream);
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Ping(b"p"))));
    assert!(connection.wants_transmit());
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("Hello"))));
}
