//! What one side of the crate sends, the other receives: whatever the fragments, whoever writes the payload, wherever
//! it is written.

use arrayvec::ArrayVec;
use websocket_proto::{Connection, MessageKind, RecvBuffer, Role, SendSlice};

use crate::support::rng::{Rng, for_many_seeds, for_seeds, scaled};
use crate::support::script::{Delivery, Script, Seen, Side};
use crate::support::wire::{self, FIN};
use crate::support::{Sink, client, cuts, server, streams};

#[test]
fn what_is_sent_is_received() {
    for_seeds(scaled(4000), one_conversation);
}

#[test]
#[ignore = "long: 200,000 conversations of up to ten messages"]
fn what_is_sent_is_received_long() {
    for_many_seeds(200_000, one_conversation);
}

fn one_conversation(rng: &mut Rng) {
    let mut tx = Sink::new();
    let mut memory = vec![0; 1 << 17];
    let rx = RecvBuffer::from(&mut memory[..]);
    if rng.one_in(2) {
        let said = say(rng, &mut server(Side::Server.config()), &mut tx);
        hear(rng, Script::new(client(Side::Client.config()), rx, Delivery::Messages), &tx.bytes, &said);
    } else {
        let said = say(rng, &mut client(Side::Client.config()), &mut tx);
        hear(rng, Script::new(server(Side::Server.config()), rx, Delivery::Chunks), &tx.bytes, &said);
    }
}

fn hear<R: Role>(rng: &mut Rng, peer: Script<R, &mut [u8]>, bytes: &[u8], said: &[Seen]) {
    let max = 1 + rng.below(bytes.len() + 1);
    let transcript = peer.run(bytes, &cuts::random(rng, bytes.len(), max, true));
    assert_eq!(transcript.error, None);
    assert_eq!(transcript.joined(), (said.to_vec(), Vec::new()));
}

/// Sends up to ten things in all the ways there are; gives what should arrive.
fn say<R: Role>(rng: &mut Rng, connection: &mut Connection<R>, tx: &mut Sink) -> Vec<Seen> {
    let mut said = Vec::new();
    for _ in 0..rng.below(10) {
        let len = if rng.one_in(20) { rng.below(70_000) } else { rng.below(300) };
        let text = streams::text(rng, len);
        let bytes = rng.bytes(len);
        match rng.below(7) {
            0 => {
                connection.send_text(&text, tx).unwrap();
                said.push(Seen::Text(text));
            }
            1 => {
                connection.send_binary(&bytes, tx).unwrap();
                said.push(Seen::Binary(bytes));
            }
            2 => {
                fragments(rng, connection, MessageKind::Text, text.as_bytes(), tx, &mut said);
                said.push(Seen::Text(text));
            }
            3 => {
                fragments(rng, connection, MessageKind::Binary, &bytes, tx, &mut said);
                said.push(Seen::Binary(bytes));
            }
            4 => {
                let head = connection.text_head(text.len() as u64).unwrap();
                write_behind(rng, &head, text.as_bytes(), tx);
                said.push(Seen::Text(text));
            }
            5 => {
                let head = connection.binary_head(bytes.len() as u64).unwrap();
                write_behind(rng, &head, &bytes, tx);
                said.push(Seen::Binary(bytes));
            }
            _ => said.push(ping(rng, connection, tx)),
        }
    }
    if rng.one_in(3) {
        connection.close(websocket_proto::close::CloseCode::NORMAL, "é", tx).unwrap();
        said.push(Seen::Close(1000, "é".to_owned()));
    }
    said
}

fn ping<R: Role>(rng: &mut Rng, connection: &mut Connection<R>, tx: &mut Sink) -> Seen {
    let len = rng.below(126);
    let payload = rng.bytes(len);
    if rng.one_in(2) {
        connection.send_ping(&payload, tx).unwrap();
        return Seen::Ping(payload);
    }
    connection.send_pong(&payload, tx).unwrap();
    Seen::Pong(payload)
}

/// In fragments of any size, cut within characters too, with control frames between; some written behind their head.
fn fragments<R: Role>(
    rng: &mut Rng,
    connection: &mut Connection<R>,
    kind: MessageKind,
    payload: &[u8],
    tx: &mut Sink,
    said: &mut Vec<Seen>,
) {
    let mut rest = payload;
    loop {
        let (now, later) = rest.split_at(rng.below(rest.len() + 1));
        let is_last = later.is_empty() && rng.one_in(2);
        if rng.one_in(3) {
            let head = connection.fragment_head(kind, now.len() as u64, is_last).unwrap();
            write_behind(rng, &head, now, tx);
        } else {
            connection.send_fragment(kind, now, is_last, tx).unwrap();
        }
        rest = later;
        if is_last {
            return;
        }
        if rng.one_in(4) {
            said.push(ping(rng, connection, tx));
        }
    }
}

fn write_behind(rng: &mut Rng, head: &websocket_proto::FrameHead, payload: &[u8], tx: &mut Sink) {
    tx.bytes.extend_from_slice(head.as_bytes());
    let mut masker = head.masker();
    let mut rest = payload;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(1 + rng.below(rest.len()));
        let mut piece = now.to_vec();
        if rng.one_in(2) {
            masker.apply(&mut piece);
        } else {
            assert_eq!(masker.copy(&mut piece, now), now.len());
        }
        tx.bytes.extend(piece);
        rest = later;
    }
}

/// The same calls write the same bytes wherever they go.
#[test]
fn every_send_buffer_gets_the_same() {
    let mut memory = [0; 1400];
    for len in (0..300).chain([1023, 1024, 1025, 1300]) {
        let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let expected = wire::frame(FIN | wire::BINARY, &payload, Some(crate::support::KEY));
        let mut connection = client(Side::Client.config());

        let mut slice = SendSlice::new(&mut memory);
        connection.send_binary(&payload, &mut slice).unwrap();
        assert_eq!(slice.as_slice(), expected);

        let mut array = ArrayVec::<u8, 1400>::new();
        connection.send_binary(&payload, &mut array).unwrap();
        assert_eq!(array.as_slice(), expected);

        let mut sink = Sink::new();
        connection.send_binary(&payload, &mut &mut sink).unwrap();
        assert_eq!(sink.bytes, expected);

        #[cfg(feature = "alloc")]
        {
            let mut vec = b"before".to_vec();
            connection.send_binary(&payload, &mut vec).unwrap();
            assert_eq!(vec, [b"before", &expected[..]].concat());
        }
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_prepared_message_is_like_any_other() {
    use websocket_proto::{Misuse, PreparedMessage, SendError};
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let text = "x".repeat(len);
        for (prepared, opcode) in
            [(PreparedMessage::text(&text), wire::TEXT), (PreparedMessage::binary(text.as_bytes()), wire::BINARY)]
        {
            let mut server = server(Side::Server.config());
            let mut client = client(Side::Client.config());
            let (mut from_server, mut from_client) = (Sink::new(), Sink::new());
            server.send_prepared(&prepared, &mut from_server).unwrap();
            client.send_prepared(&prepared, &mut from_client).unwrap();
            let plain = wire::frame(FIN | opcode, text.as_bytes(), None);
            assert_eq!(server.prepared_frame(&prepared), Ok(&plain[..]));
            assert_eq!(client.prepared_frame(&prepared), Err(Misuse::PreparedForServers));
            assert_eq!(from_server.bytes, plain);
            let masked = wire::frame(FIN | opcode, text.as_bytes(), Some(crate::support::KEY));
            assert_eq!(from_client.bytes, masked);

            let mut small = Sink::with_capacity(plain.len() - 1);
            assert_eq!(server.send_prepared(&prepared, &mut small), Err(SendError::Full { needed: plain.len() }));
            assert!(small.bytes.is_empty());
        }
    }
}
