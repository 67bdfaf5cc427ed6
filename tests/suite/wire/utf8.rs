//! Text in pieces, against the standard library's opinion of the whole.

use websocket_proto::utf8::{InvalidUtf8, Validator};

use crate::support::rng::Rng;

/// What the standard library makes of `text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Complete,
    /// It ends within a character.
    Incomplete,
    /// The byte at this place is the first that nothing behind it can save.
    InvalidAt(usize),
}

fn oracle(text: &[u8]) -> Verdict {
    for end in 1..=text.len() {
        if core::str::from_utf8(&text[..end]).is_err_and(|error| error.error_len().is_some()) {
            return Verdict::InvalidAt(end - 1);
        }
    }
    if core::str::from_utf8(text).is_ok() { Verdict::Complete } else { Verdict::Incomplete }
}

/// One byte at a time, which also says where it goes wrong.
fn bytewise(text: &[u8]) -> Verdict {
    let mut validator = Validator::new();
    for (at, byte) in text.iter().enumerate() {
        if validator.push(&[*byte]).is_err() {
            return Verdict::InvalidAt(at);
        }
    }
    if validator.is_complete() { Verdict::Complete } else { Verdict::Incomplete }
}

fn pieces<const N: usize>(pieces: [&[u8]; N]) -> Result<bool, InvalidUtf8> {
    let mut validator = Validator::new();
    for piece in pieces {
        validator.push(piece)?;
    }
    Ok(validator.is_complete())
}

/// Whole, byte by byte and in any two pieces, it is what the standard library says it is.
fn check(text: &[u8]) {
    let verdict = oracle(text);
    assert_eq!(bytewise(text), verdict, "{text:02x?}");
    let expected = match verdict {
        Verdict::Complete => Ok(true),
        Verdict::Incomplete => Ok(false),
        Verdict::InvalidAt(_) => Err(InvalidUtf8),
    };
    for cut in 0..=text.len() {
        let (one, other) = text.split_at(cut);
        assert_eq!(pieces([one, other]), expected, "{one:02x?} {other:02x?}");
    }
}

/// The bytes at which some rule of RFC 3629 changes, and their neighbours.
const EDGES: [u8; 25] = [
    0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
    0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
];

#[test]
fn all_sequences_of_one_and_two_bytes() {
    for first in 0..=u8::MAX {
        check(&[first]);
        for second in 0..=u8::MAX {
            check(&[first, second]);
        }
    }
}

#[test]
fn sequences_of_three_bytes_at_the_edges() {
    for first in EDGES {
        for second in EDGES {
            for third in EDGES {
                check(&[first, second, third]);
            }
        }
    }
}

#[test]
#[ignore = "long: 16,777,216 sequences"]
fn all_sequences_of_three_bytes() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for third in 0..=u8::MAX {
                let text = [first, second, third];
                assert_eq!(bytewise(&text), oracle(&text), "{text:02x?}");
            }
        }
    }
    println!("{} sequences", 1 << 24);
}

/// Four bytes behind every lead byte that could begin four, a sixteenth of all there are.
#[test]
#[ignore = "long: 33,554,432 sequences of four bytes"]
fn sampled_sequences_of_four_bytes() {
    let mut rng = Rng::new(4);
    let mut count = 0_u32;
    for start in (0xE0_00_00_u32..=0xFF_FF_FF).cycle().take(1 << 25) {
        let [_, first, second, third] = start.to_be_bytes();
        // Half of the time what has to follow, so that there is something to get to the end of.
        let random = rng.next().to_le_bytes();
        let text = match random[0] & 1 {
            0 => [first, second, third, random[1]],
            _ => [first, 0x80 | second & 0x3F, 0x80 | third & 0x3F, 0x80 | random[1] & 0x3F],
        };
        assert_eq!(bytewise(&text), oracle(&text), "{text:02x?}");
        let (pair, other) = text.split_at(1 + usize::from(random[2] % 3));
        assert_eq!(pieces([pair, other]).ok(), pieces([&text]).ok(), "{text:02x?}");
        count += 1;
    }
    println!("{count} sequences");
}

/// Everything that can stand behind a lead byte of four, at the edges.
#[test]
fn sequences_of_four_bytes_at_the_edges() {
    for first in [0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFC, 0xFE] {
        for second in EDGES {
            for third in EDGES {
                for fourth in EDGES {
                    let text = [first, second, third, fourth];
                    assert_eq!(bytewise(&text), oracle(&text), "{text:02x?}");
                }
            }
        }
    }
}

#[test]
fn first_and_last_character_of_each_length() {
    for number in [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x1_FFFF, 0x10_FFFF] {
        let character = char::from_u32(number).unwrap();
        let text = character.to_string();
        check(text.as_bytes());
        assert_eq!(bytewise(text.as_bytes()), Verdict::Complete);
    }
}

/// The classes of Autobahn's section 6, and the byte at which each has to be refused.
#[test]
fn what_is_not_utf8_is_refused_at_the_first_impossible_byte() {
    let samples: [(&[u8], usize); 20] = [
        (b"\x80", 0),                                                                // a continuation byte alone
        (b"\xbf", 0),                                                                //
        (b"\xc0\xaf", 0),                                                            // overlong: "/" in two bytes
        (b"\xc1\xbf", 0),                                                            //
        (b"\xe0\x80\xaf", 1),                                                        // in three
        (b"\xe0\x9f\xbf", 1),                                                        //
        (b"\xf0\x80\x80\xaf", 1),                                                    // in four
        (b"\xf0\x8f\xbf\xbf", 1),                                                    //
        (b"\xed\xa0\x80", 1),                                                        // the first surrogate
        (b"\xed\xbf\xbf", 1),                                                        // and the last
        (b"\xed\xa0\x80\xed\xb0\x80", 1), // a pair of them, as CESU-8 writes it
        (b"\xf4\x90\x80\x80", 1),         // behind U+10FFFF
        (b"\xf5\x80\x80\x80", 0),         //
        (b"\xf8\x88\x80\x80\x80", 0),     // five bytes
        (b"\xfc\x84\x80\x80\x80\x80", 0), // six
        (b"\xfe", 0),                     // bytes that stand nowhere
        (b"\xff", 0),                     //
        (b"\xc3\x28", 1),                 // ASCII where a continuation belongs
        (b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", 12), // Autobahn 6.3.1
        (b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited", 12), // Autobahn 6.4.1
    ];
    for (text, at) in samples {
        assert_eq!(oracle(text), Verdict::InvalidAt(at), "{text:02x?}");
        check(text);
    }
}

#[test]
fn every_way_to_cut_a_text_into_three() {
    let text = "κόσμε — 𐍈 ✓ ascii \u{10FFFF}".as_bytes();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            assert_eq!(pieces([&text[..first], &text[first..second], &text[second..]]), Ok(true));
        }
    }
}

/// So a caller whose send failed can go on as if the piece had never been.
#[test]
fn after_an_error_it_stands_where_it_stood_before_the_piece() {
    for kept in ["", "\u{e9}", "\u{20ac}", "𐍈"].map(str::as_bytes) {
        for cut in 0..=kept.len() {
            let mut validator = Validator::new();
            validator.push(&kept[..cut]).unwrap();
            let was_complete = validator.is_complete();
            validator.push(b"\xff").unwrap_err();
            validator.push(&[&kept[cut..], b"more\xc0"].concat()).unwrap_err();
            assert_eq!(validator.is_complete(), was_complete);
            validator.push(&kept[cut..]).unwrap();
            assert!(validator.is_complete());
        }
    }
}

#[test]
fn nothing_is_complete_text() {
    assert_eq!(pieces([]), Ok(true));
    assert_eq!(pieces([b"", b""]), Ok(true));
    assert_eq!(pieces([b"\xe2\x82", b"", b"\xac"]), Ok(true));
    assert_eq!(InvalidUtf8.to_string(), "text is not UTF-8");
}

/// Long pieces take another path (whole vectors at a time) than short ones: the verdict is the same wherever the end
/// falls.
#[test]
fn long_pieces_are_judged_as_short_ones() {
    for lead in ["x", "\u{e9}", "\u{20ac}", "𐍈"] {
        for count in 0..140 {
            let text = lead.repeat(count);
            for (end, expected) in [
                (&b""[..], Ok(true)),
                (b"\xf0\x90\x8d", Ok(false)),
                (b"\xed\xa0", Err(InvalidUtf8)),
                (b"\x80", Err(InvalidUtf8)),
            ] {
                let whole = [text.as_bytes(), end].concat();
                assert_eq!(pieces([&whole]), expected, "{count} times {lead:?}, then {end:02x?}");
                let followed = [whole.as_slice(), text.as_bytes()].concat();
                let expected = if end.is_empty() {
                    Ok(true)
                } else if count == 0 {
                    expected
                } else {
                    Err(InvalidUtf8)
                };
                assert_eq!(pieces([&followed]), expected, "{count} times {lead:?}, then {end:02x?}, then more");
            }
        }
    }
}
