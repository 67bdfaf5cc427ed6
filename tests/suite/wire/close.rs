//! Codes and reasons.

use websocket_proto::close::{CloseCode, CloseError, CloseReason, MAX_REASON_BYTES, parse};

/// What RFC 6455 §7.4 and IANA's registry say of every number: the last number of each range, and whether an endpoint
/// may send it.
///
/// §7.4.2: 0–999 "are not used", 1000–2999 are for the protocol and its extensions (so only what is defined), 3000–3999
/// for libraries, 4000–4999 for private use. §7.4.1: 1004 is reserved; 1005, 1006 and 1015 "MUST NOT be set as a status
/// code in a Close control frame". IANA: 1012 to 1014 have been registered since.
const RANGES: [(u16, bool); 9] = [
    (999, false),
    (1003, true),
    (1006, false),
    (1011, true),
    (1014, true),
    (1015, false),
    (2999, false),
    (4999, true),
    (u16::MAX, false),
];

fn may_be_sent(number: u16) -> bool {
    RANGES.into_iter().find(|(last, _)| number <= *last).is_some_and(|(_, sendable)| sendable)
}

#[test]
fn every_number_is_sendable_as_the_rfc_says() {
    for number in 0..=u16::MAX {
        let code = CloseCode::new(number);
        assert_eq!(code.is_sendable(), may_be_sent(number), "{number}");
        assert_eq!((code.as_u16(), u16::from(code), CloseCode::from(number)), (number, number, code));
    }
}

#[test]
fn every_number_in_a_frame_is_taken_or_refused_by_the_same_rule() {
    for number in 0..=u16::MAX {
        let code = CloseCode::new(number);
        let [high, low] = number.to_be_bytes();
        let expected =
            if may_be_sent(number) { Ok(CloseReason { code, reason: "bye" }) } else { Err(CloseError::Code(code)) };
        assert_eq!(parse(&[high, low, b'b', b'y', b'e']), expected);
    }
}

#[test]
fn named_codes_have_their_numbers() {
    let named = [
        (CloseCode::NORMAL, 1000),
        (CloseCode::GOING_AWAY, 1001),
        (CloseCode::PROTOCOL_ERROR, 1002),
        (CloseCode::UNSUPPORTED_DATA, 1003),
        (CloseCode::NO_STATUS, 1005),
        (CloseCode::ABNORMAL, 1006),
        (CloseCode::INVALID_PAYLOAD, 1007),
        (CloseCode::POLICY_VIOLATION, 1008),
        (CloseCode::MESSAGE_TOO_BIG, 1009),
        (CloseCode::MANDATORY_EXTENSION, 1010),
        (CloseCode::INTERNAL_ERROR, 1011),
        (CloseCode::SERVICE_RESTART, 1012),
        (CloseCode::TRY_AGAIN_LATER, 1013),
        (CloseCode::BAD_GATEWAY, 1014),
        (CloseCode::TLS_HANDSHAKE, 1015),
    ];
    for (code, number) in named {
        assert_eq!(code, CloseCode::new(number));
        assert_eq!((code.to_string(), format!("{code:?}")), (number.to_string(), number.to_string()));
    }
}

#[test]
fn nothing_is_no_status() {
    assert_eq!(parse(&[]), Ok(CloseReason { code: CloseCode::NO_STATUS, reason: "" }));
}

#[test]
fn one_byte_is_half_a_code() {
    for byte in 0..=u8::MAX {
        assert_eq!(parse(&[byte]), Err(CloseError::Truncated));
    }
}

#[test]
fn a_code_alone_has_an_empty_reason() {
    assert_eq!(parse(&1000_u16.to_be_bytes()), Ok(CloseReason { code: CloseCode::NORMAL, reason: "" }));
}

#[test]
fn reasons_of_every_legal_length_come_through() {
    for len in 0..=MAX_REASON_BYTES {
        let reason = "x".repeat(len);
        let payload = [&1001_u16.to_be_bytes(), reason.as_bytes()].concat();
        assert_eq!(parse(&payload), Ok(CloseReason { code: CloseCode::GOING_AWAY, reason: &reason }));
    }
}

#[test]
fn a_reason_is_whole_utf8() {
    let euro = "\u{20ac}".as_bytes();
    for cut in 0..=euro.len() {
        let payload = [&1000_u16.to_be_bytes(), &euro[..cut]].concat();
        let expected = match cut {
            0 => Ok(CloseReason { code: CloseCode::NORMAL, reason: "" }),
            3 => Ok(CloseReason { code: CloseCode::NORMAL, reason: "\u{20ac}" }),
            _ => Err(CloseError::ReasonNotUtf8),
        };
        assert_eq!(parse(&payload), expected, "{cut} bytes");
    }
}

#[test]
fn the_code_is_judged_before_the_reason() {
    assert_eq!(parse(&[0x03, 0xED, 0xFF]), Err(CloseError::Code(CloseCode::NO_STATUS)));
}

/// A Close that cannot be read says why, to those who read Closes themselves.
#[test]
fn what_is_wrong_with_a_close_is_said() {
    for (payload, text) in [
        (&b"\x03"[..], "a Close frame has half a code"),
        (b"\x03\xed", "a Close frame has the code 1005"),
        (b"\x03\xe8\xff", "the reason in a Close frame is not UTF-8"),
    ] {
        assert_eq!(parse(payload).unwrap_err().to_string(), text);
    }
}
