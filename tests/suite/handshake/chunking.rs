//! The outcome is a function of the bytes, however they are cut.

use websocket_proto::handshake::server::{Handshake, Origins};

use super::support::{Cuts, RFC_REQUEST, RFC_RESPONSE, Random, ask_with, rfc_client, serve_with};

/// One to three bytes of `valid` are replaced, removed or inserted.
pub(super) fn mutate(valid: &str, random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n\t :;,/\"\\\0\x7f\x80\xffaA1=";
    let mut bytes = valid.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let byte = BYTES[random.below(BYTES.len())];
        match random.below(4) {
            0 => bytes[at] = byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            _ => {
                let to = at + random.below(bytes.len() - at);
                let copy = bytes[at..to].to_vec();
                let _ = bytes.splice(at..at, copy);
            }
        }
    }
    bytes.extend_from_slice(b"\x81\x80\r\n\r\n");
    bytes
}

#[test]
fn mutated_requests_have_one_outcome() {
    let mut random = Random(42);
    let limited = || Handshake::new().max_head_bytes(300).max_headers(8);
    let (mut granted, mut refused) = (0, 0);
    for round in 0..5_000 {
        let bytes = mutate(RFC_REQUEST, &mut random);
        let serve = |cuts| serve_with(limited(), &bytes, cuts, Origins::Any);
        let whole = serve(Cuts::Whole);
        for cuts in [Cuts::Bytes, Cuts::Random(round), Cuts::At(random.below(bytes.len()))] {
            assert_eq!(serve(cuts), whole, "{:?}", bytes.escape_ascii().to_string());
        }
        let is_granted = matches!(&whole.0, Ok(Some(served)) if served.answer.is_ok());
        if is_granted { granted += 1 } else { refused += 1 }
    }
    assert!(granted > 500 && refused > 500, "{granted} {refused}");
}

#[test]
fn mutated_answers_have_one_outcome() {
    let mut random = Random(43);
    let valid = format!("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n{RFC_RESPONSE}");
    for round in 0..5_000 {
        let bytes = mutate(&valid, &mut random);
        let ask = |cuts| ask_with(rfc_client().max_head_bytes(300), &bytes, cuts);
        let whole = ask(Cuts::Whole);
        for cuts in [Cuts::Bytes, Cuts::Random(round), Cuts::At(random.below(bytes.len()))] {
            assert_eq!(ask(cuts), whole, "{:?}", bytes.escape_ascii().to_string());
        }
    }
}

#[test]
fn every_cut_into_two_of_both_heads() {
    let request = [RFC_REQUEST.as_bytes(), b"\x81\x80abcd"].concat();
    let whole = serve_with(Handshake::new(), &request, Cuts::Whole, Origins::Any);
    for at in 0..request.len() {
        assert_eq!(serve_with(Handshake::new(), &request, Cuts::At(at), Origins::Any), whole);
    }
}
