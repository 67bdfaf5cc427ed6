//! All sixteen of them.

use websocket_proto::frame::Opcode;

/// RFC 6455 §5.2, "Opcode": number, name, control, reserved.
const RFC_5_2: [(u8, &str, bool, bool); 16] = [
    (0x0, "continuation", false, false),
    (0x1, "text", false, false),
    (0x2, "binary", false, false),
    (0x3, "reserved opcode 0x3", false, true),
    (0x4, "reserved opcode 0x4", false, true),
    (0x5, "reserved opcode 0x5", false, true),
    (0x6, "reserved opcode 0x6", false, true),
    (0x7, "reserved opcode 0x7", false, true),
    (0x8, "close", true, false),
    (0x9, "ping", true, false),
    (0xA, "pong", true, false),
    (0xB, "reserved opcode 0xb", true, true),
    (0xC, "reserved opcode 0xc", true, true),
    (0xD, "reserved opcode 0xd", true, true),
    (0xE, "reserved opcode 0xe", true, true),
    (0xF, "reserved opcode 0xf", true, true),
];

#[test]
fn all_sixteen_are_what_the_rfc_says() {
    for (number, name, is_control, is_reserved) in RFC_5_2 {
        let opcode = Opcode::from_low_bits(number);
        assert_eq!(opcode.as_u8(), number);
        assert_eq!(opcode.to_string(), name);
        assert_eq!(format!("{opcode:?}"), name);
        assert_eq!(opcode.is_control(), is_control, "{name}");
        assert_eq!(opcode.is_reserved(), is_reserved, "{name}");
    }
}

#[test]
fn the_constants_are_the_six_that_have_a_meaning() {
    let constants = [Opcode::CONTINUATION, Opcode::TEXT, Opcode::BINARY, Opcode::CLOSE, Opcode::PING, Opcode::PONG];
    let meant: Vec<_> = (0..16).map(Opcode::from_low_bits).filter(|opcode| !opcode.is_reserved()).collect();
    assert_eq!(meant, constants);
}

#[test]
fn the_high_bits_do_not_matter() {
    for byte in 0..=u8::MAX {
        assert_eq!(Opcode::from_low_bits(byte), Opcode::from_low_bits(byte & 0x0F));
    }
}
