//! Heads for callers who write the payload themselves.

use websocket_proto::{Config, Connection, MessageKind};

use super::{KEY, masked, plain};

const LENGTHS: [usize; 11] = [0, 1, 3, 4, 7, 125, 126, 1_000, 0xFFFF, 0x1_0000, 70_000];

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_head_and_the_untouched_payload_are_a_servers_frame() {
    for len in LENGTHS {
        let mut server = Connection::server(Config::server());
        let head = server.binary_head(len as u64).unwrap();
        let mut bytes = payload(len);
        head.masker().apply(&mut bytes);
        assert_eq!(bytes, payload(len));
        assert_eq!([head.as_ref(), &bytes].concat(), plain(0x82, payload(len)));
    }
}

#[test]
fn a_head_and_the_masked_payload_are_a_clients_frame() {
    for len in LENGTHS {
        let mut client = Connection::client(Config::client(), || KEY);
        let head = client.text_head(len as u64).unwrap();
        let mut bytes = payload(len);
        head.masker().apply(&mut bytes);
        assert_eq!([head.as_bytes(), &bytes].concat(), masked(0x81, payload(len)));
    }
}

#[test]
fn a_payload_may_be_masked_in_any_pieces() {
    let whole = masked(0x82, payload(40));
    for piece_len in 1..=40 {
        let mut client = Connection::client(Config::client(), || KEY);
        let head = client.binary_head(40).unwrap();

        let mut in_place = payload(40);
        let mut masker = head.masker();
        in_place.chunks_mut(piece_len).for_each(|piece| masker.apply(piece));
        assert_eq!([head.as_bytes(), &in_place].concat(), whole);

        let mut copied = vec![0; 40];
        let mut masker = head.masker();
        for (to, piece) in copied.chunks_mut(piece_len).zip(payload(40).chunks(piece_len)) {
            assert_eq!(masker.copy(to, piece), piece.len());
        }
        assert_eq!([head.as_bytes(), &copied].concat(), whole);
    }
}

#[test]
fn a_copy_stops_where_the_shorter_side_ends() {
    let mut client = Connection::client(Config::client(), || KEY);
    let mut masker = client.binary_head(5).unwrap().masker();
    let mut room = [0xEE; 3];
    assert_eq!(masker.copy(&mut room, b"Hello"), 3);
    let mut rest = [0xEE; 10];
    assert_eq!(masker.copy(&mut rest, b"lo"), 2);
    assert_eq!([&room[..], &rest[..2]].concat(), [0x7f, 0x9f, 0x4d, 0x51, 0x58]); // RFC 6455 §5.7
    assert_eq!(rest[2..], [0xEE; 8]);
}

#[test]
fn heads_of_fragments() {
    let mut server = Connection::server(Config::server());
    let heads = [
        server.fragment_head(MessageKind::Text, 3, false).unwrap(),
        server.fragment_head(MessageKind::Text, 0, false).unwrap(),
        server.fragment_head(MessageKind::Text, 126, true).unwrap(),
        server.fragment_head(MessageKind::Binary, 1, true).unwrap(),
    ];
    let bytes: Vec<&[u8]> = heads.iter().map(AsRef::as_ref).collect();
    assert_eq!(bytes, [&[0x01, 3][..], &[0x00, 0], &[0x80, 126, 0, 126], &[0x82, 1]]);
}

#[test]
fn each_head_of_a_client_has_a_key_of_its_own() {
    let mut drawn = 0;
    let mut client = Connection::client(Config::client(), || {
        drawn += 1;
        [drawn; 4]
    });
    for key in 1..=3 {
        assert_eq!(client.binary_head(0).unwrap().as_bytes(), [0x82, 0x80, key, key, key, key]);
    }
}
