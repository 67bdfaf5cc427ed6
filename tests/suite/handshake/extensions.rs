//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455 §9.1).

use websocket_proto::handshake::Fields;
use websocket_proto::{Field, HandshakeError};

const INVALID: HandshakeError = HandshakeError::Invalid(Field::Extensions);

/// Each extension as `name(param=value,param)`; `!` where the grammar is broken.
pub(crate) fn show(lines: &[&[u8]]) -> Vec<String> {
    let fields: Fields<'_> = lines.iter().map(|line| ("Sec-WebSocket-Extensions", *line)).collect();
    let mut shown = Vec::new();
    for extension in fields.extensions() {
        match extension {
            Ok(extension) => {
                let params: Vec<String> = extension
                    .params()
                    .map(|param| match param.value() {
                        Some(value) => format!("{}={value}", param.name()),
                        None => param.name().into(),
                    })
                    .collect();
                shown.push(format!("{}({})", extension.name(), params.join(",")));
            }
            Err(error) => {
                assert_eq!(error, INVALID);
                shown.push("!".into());
            }
        }
    }
    shown
}

#[test]
fn lists_that_keep_to_the_grammar() {
    let shown = |line: &str| show(&[line.as_bytes()]).join(" ");
    assert_eq!(shown("deflate-stream"), "deflate-stream()");
    assert_eq!(
        shown("mux; max-channels=4; flow-control, deflate-stream"),
        "mux(max-channels=4,flow-control) deflate-stream()"
    );
    assert_eq!(
        shown("permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate"),
        "permessage-deflate(client_max_window_bits,server_max_window_bits=10) permessage-deflate()"
    );
    assert_eq!(shown(",, a ;\tb\t=\tc ,,b,"), "a(b=c) b()");
    assert_eq!(shown("a;b=\"c\";d=\"\\e\\f\""), "a(b=c,d=ef)");
}

#[test]
fn several_lines_are_one_list() {
    assert_eq!(show(&[b"foo", b"bar; baz=2"]), ["foo()", "bar(baz=2)"]);
    assert_eq!(show(&[b"foo", b" , "]), ["foo()", "!"]);
    assert_eq!(show(&[b"fo o", b"bar"]), ["!"], "nothing comes after an error");
    assert_eq!(show(&[]), [""; 0]);
}

#[test]
fn lists_that_do_not() {
    for line in [
        "",
        ",",
        ";",
        "=",
        "a;",
        "a;;b",
        "a; =b",
        "a;b=",
        "a;b=;c",
        "a b",
        "a;b c",
        "a;b=c d",
        "a=b",
        "a;b=\"",
        "a;b=\"c",
        "a;b=\"\"",
        "a;b=\"c d\"",
        "a;b=\"c,d\"",
        "a;b=\"\\\"\"",
        "a;b=\"\\\\\"",
        "a;b=\"c\\",
        "a;b=\"c\\\"",
        "a;b=\"\\\\c\"",
        "a;b=\"c\"d",
        "a;\"b\"",
        "a@b",
        "a;b='c d'",
        "a\u{e9}",
    ] {
        assert_eq!(show(&[line.as_bytes()]).last().map(String::as_str), Some("!"), "{line}");
    }
}

#[test]
fn values_are_compared_and_read_as_numbers() {
    let line = b"a;b=15;c=\"1\\5\";d=015;e=x;f=4294967295;g=4294967296;h=0;i";
    let fields: Fields<'_> = [("Sec-WebSocket-Extensions", line)].into_iter().collect();
    let extension = fields.extensions().next().unwrap().unwrap();
    let numbers: Vec<_> = extension.params().map(|param| param.value().and_then(|value| value.to_number())).collect();
    assert_eq!(numbers, [Some(15), Some(15), None, None, Some(u32::MAX), None, Some(0), None]);
    assert!(extension.params().take(2).all(|param| param.value().unwrap() == *"15"));
    assert!(extension.params().take(2).all(|param| format!("{:?}", param.value().unwrap()) == "\"15\""));
    assert!(extension.params().skip(2).all(|param| param.value().is_none_or(|value| value != *"15")));
}
