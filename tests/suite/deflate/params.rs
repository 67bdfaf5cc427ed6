//! What is offered, answered and agreed (RFC 7692 §5, §7.1), as tables.

use websocket_proto::deflate::{Compressor, Config, Inflater, Offer, Params, Pool, WindowBits};
use websocket_proto::handshake::Fields;
use websocket_proto::{Field, HandshakeError};

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).expect("8 to 15")
}

fn fields(value: &str) -> Fields<'_> {
    [("Sec-WebSocket-Extensions", value)].into_iter().collect()
}

/// A server that leaves everything to the client.
fn generous() -> Config {
    Config::new().local_takeover(true).peer_takeover(true)
}

/// What `config` answers to these offers; `-` when it declines all of them.
fn answered(config: &Config, offers: &str) -> String {
    config.choose(fields(offers).extensions()).map_or("-".into(), |params| {
        let answer = params.to_string();
        answer.strip_prefix("permessage-deflate").expect("the name comes first").trim_start_matches("; ").into()
    })
}

#[test]
fn windows_have_8_to_15_bits() {
    for number in 0..=255 {
        assert_eq!(WindowBits::new(number).map(WindowBits::get), (8..=15).contains(&number).then_some(number));
    }
    assert_eq!((WindowBits::MIN.bytes(), WindowBits::MAX.bytes()), (256, 32_768));
}

/// (the parameters of one offer, what a server answers that leaves everything to the client)
const OFFERS: [(&str, &str); 66] = [
    ("", ""),
    ("; server_no_context_takeover", "server_no_context_takeover"),
    ("; client_no_context_takeover", "client_no_context_takeover"),
    (
        "; server_no_context_takeover; client_no_context_takeover",
        "server_no_context_takeover; client_no_context_takeover",
    ),
    (
        "; client_no_context_takeover ;\tserver_no_context_takeover",
        "server_no_context_takeover; client_no_context_takeover",
    ),
    ("; server_max_window_bits=8", "server_max_window_bits=8"),
    ("; server_max_window_bits=9", "server_max_window_bits=9"),
    ("; server_max_window_bits=10", "server_max_window_bits=10"),
    ("; server_max_window_bits=11", "server_max_window_bits=11"),
    ("; server_max_window_bits=12", "server_max_window_bits=12"),
    ("; server_max_window_bits=13", "server_max_window_bits=13"),
    ("; server_max_window_bits=14", "server_max_window_bits=14"),
    ("; server_max_window_bits=15", "server_max_window_bits=15"),
    ("; server_max_window_bits=\"10\"", "server_max_window_bits=10"),
    ("; server_max_window_bits=\"1\\0\"", "server_max_window_bits=10"),
    ("; server_max_window_bits = 10", "server_max_window_bits=10"),
    ("; client_max_window_bits", ""),
    ("; client_max_window_bits=8", "client_max_window_bits=8"),
    ("; client_max_window_bits=9", "client_max_window_bits=9"),
    ("; client_max_window_bits=\"12\"", "client_max_window_bits=12"),
    ("; client_max_window_bits=14", "client_max_window_bits=14"),
    ("; client_max_window_bits=15", "client_max_window_bits=15"),
    ("; client_max_window_bits; server_max_window_bits=10", "server_max_window_bits=10"),
    (
        "; client_max_window_bits=11; server_max_window_bits=10; server_no_context_takeover",
        "server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
    ),
    // Values out of range, or not in the form of RFC 7692 §7.1.2.
    ("; server_max_window_bits", "-"),
    ("; server_max_window_bits=0", "-"),
    ("; server_max_window_bits=1", "-"),
    ("; server_max_window_bits=7", "-"),
    ("; server_max_window_bits=16", "-"),
    ("; server_max_window_bits=17", "-"),
    ("; server_max_window_bits=99", "-"),
    ("; server_max_window_bits=999", "-"),
    ("; server_max_window_bits=264", "-"),
    ("; server_max_window_bits=4294967304", "-"),
    ("; server_max_window_bits=18446744073709551624", "-"),
    ("; server_max_window_bits=08", "-"),
    ("; server_max_window_bits=010", "-"),
    ("; server_max_window_bits=\"08\"", "-"),
    ("; server_max_window_bits=+8", "-"),
    ("; server_max_window_bits=-8", "-"),
    ("; server_max_window_bits=8.0", "-"),
    ("; server_max_window_bits=0x8", "-"),
    ("; server_max_window_bits=1e1", "-"),
    ("; server_max_window_bits=ten", "-"),
    ("; client_max_window_bits=0", "-"),
    ("; client_max_window_bits=7", "-"),
    ("; client_max_window_bits=16", "-"),
    ("; client_max_window_bits=09", "-"),
    ("; client_max_window_bits=\"015\"", "-"),
    ("; client_max_window_bits=x", "-"),
    ("; client_max_window_bits=4294967304", "-"),
    // Flags with values.
    ("; server_no_context_takeover=1", "-"),
    ("; server_no_context_takeover=true", "-"),
    ("; client_no_context_takeover=\"yes\"", "-"),
    ("; client_no_context_takeover=10", "-"),
    // Twice.
    ("; server_no_context_takeover; server_no_context_takeover", "-"),
    ("; client_no_context_takeover; client_no_context_takeover", "-"),
    ("; server_max_window_bits=10; server_max_window_bits=10", "-"),
    ("; client_max_window_bits; client_max_window_bits", "-"),
    ("; client_max_window_bits; client_max_window_bits=10", "-"),
    // Unknown; names are compared with regard to case.
    ("; max_window_bits=10", "-"),
    ("; server_max_window_bit=10", "-"),
    ("; Server_No_Context_Takeover", "-"),
    ("; server-no-context-takeover", "-"),
    ("; constructor", "-"),
    ("; level=9; client_max_window_bits", "-"),
];

#[test]
fn cve_2026_2229_a_server_answers_each_offer_or_declines_it() {
    for (params, expected) in OFFERS {
        assert_eq!(answered(&generous(), &format!("permessage-deflate{params}")), expected, "{params}");
        // What it declines it passes over for the next.
        let with_fallback = format!("permessage-deflate{params}, permessage-deflate");
        let expected = if expected == "-" { "" } else { expected };
        assert_eq!(answered(&generous(), &with_fallback), expected, "{params}, with a second offer");
    }
}

#[test]
fn a_server_looks_at_the_offers_in_their_order() {
    let cases = [
        ("x-webkit-deflate-frame, permessage-deflate", ""),
        (
            "permessage-bzip2, permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "server_max_window_bits=10",
        ),
        (
            "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=9",
            "server_max_window_bits=9",
        ),
        (
            "permessage-deflate; a, permessage-deflate; b=\"c\", permessage-deflate; client_max_window_bits=8",
            "client_max_window_bits=8",
        ),
        ("permessage-deflate; a, permessage-deflate; b", "-"),
        ("Permessage-Deflate", "-"),
        ("mux; max-channels=4", "-"),
    ];
    for (offers, expected) in cases {
        assert_eq!(answered(&generous(), offers), expected, "{offers}");
    }
}

#[test]
fn a_server_has_its_own_mind() {
    let offer = "permessage-deflate; client_max_window_bits";
    let narrow = generous().local_window(bits(11)).peer_window(bits(10));
    let cases = [
        (Config::new(), offer, "server_no_context_takeover; client_no_context_takeover"),
        (Config::new().local_takeover(true), offer, "client_no_context_takeover"),
        (Config::new().peer_takeover(true), offer, "server_no_context_takeover"),
        (narrow.clone(), offer, "server_max_window_bits=11; client_max_window_bits=10"),
        (narrow.clone(), "permessage-deflate", "server_max_window_bits=11"),
        (narrow.clone(), "permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
        (narrow.clone(), "permessage-deflate; server_max_window_bits=15", "server_max_window_bits=11"),
        (
            narrow.clone(),
            "permessage-deflate; client_max_window_bits=15",
            "server_max_window_bits=11; client_max_window_bits=10",
        ),
        (narrow, "permessage-deflate; client_max_window_bits=9", "server_max_window_bits=11; client_max_window_bits=9"),
        (generous().max_idle_bytes(Some(0)), offer, "server_no_context_takeover; client_no_context_takeover"),
        (generous().max_idle_bytes(Some(50_000)), offer, "server_no_context_takeover"),
        (generous().max_idle_bytes(Some(400_000)), offer, ""),
    ];
    for (config, offer, expected) in cases {
        assert_eq!(answered(&config, offer), expected, "{config:?}");
    }
}

/// (the answer of a server, whether a client takes it that offered nothing but `client_max_window_bits`)
const ANSWERS: [(&str, bool); 40] = [
    ("", true),
    ("; server_no_context_takeover", true),
    ("; client_no_context_takeover", true),
    ("; server_no_context_takeover; client_no_context_takeover", true),
    ("; server_max_window_bits=8", true),
    ("; server_max_window_bits=15", true),
    ("; server_max_window_bits=\"12\"", true),
    ("; client_max_window_bits=8", true),
    ("; client_max_window_bits=15", true),
    ("; client_max_window_bits=10; server_max_window_bits=11; client_no_context_takeover", true),
    ("; client_max_window_bits", false),
    ("; client_max_window_bits=7", false),
    ("; client_max_window_bits=16", false),
    ("; client_max_window_bits=010", false),
    ("; client_max_window_bits=x", false),
    ("; client_max_window_bits=\"16\"", false),
    ("; client_max_window_bits=10; client_max_window_bits=10", false),
    ("; server_max_window_bits", false),
    ("; server_max_window_bits=0", false),
    ("; server_max_window_bits=7", false),
    ("; server_max_window_bits=16", false),
    ("; server_max_window_bits=999", false),
    ("; server_max_window_bits=08", false),
    ("; server_max_window_bits=\"08\"", false),
    ("; server_max_window_bits=4294967304", false),
    ("; server_max_window_bits=9; server_max_window_bits=9", false),
    ("; server_no_context_takeover=1", false),
    ("; server_no_context_takeover=\"\\1\"", false),
    ("; client_no_context_takeover=10", false),
    ("; server_no_context_takeover; server_no_context_takeover", false),
    ("; client_no_context_takeover; client_no_context_takeover", false),
    ("; unknown", false),
    ("; Client_No_Context_Takeover", false),
    ("; server_no_context_takeover; foo=bar", false),
    (", permessage-deflate", false),
    ("; server_no_context_takeover, permessage-deflate", false),
    (", mux", false),
    ("; server_max_window_bits=", false),
    ("; server_max_window_bits=\"\"", false),
    ("; ", false),
];

#[test]
fn cve_2026_2229_a_client_holds_the_answer_against_its_offer() {
    let offer = generous().offer();
    assert_eq!(offer.to_string(), "permessage-deflate; client_max_window_bits");
    for (params, is_taken) in ANSWERS {
        let value = format!("permessage-deflate{params}");
        let answered = offer.answered(fields(&value).extensions());
        assert_eq!(answered.is_ok_and(|params| params.is_some()), is_taken, "{value}: {answered:?}");
    }
    let none = Fields::new();
    assert_eq!(offer.answered(none.extensions()), Ok(None), "a server may decline");
    let other = offer.answered(fields("permessage-bzip2").extensions());
    assert_eq!(other, Err(HandshakeError::ExtensionNotOffered));
    let wrong = offer.answered(fields("permessage-deflate; x").extensions());
    assert_eq!(wrong, Err(HandshakeError::Invalid(Field::Extensions)));
}

#[test]
fn a_client_gets_what_it_asked_for() {
    let plain = Offer::default();
    let windows = Offer { server_max_window_bits: Some(bits(10)), ..plain };
    let limited = Offer { client_max_window_bits: Some(Some(bits(10))), ..plain };
    let forgetful = Offer { server_no_context_takeover: true, client_no_context_takeover: true, ..plain };
    let cases = [
        (plain, "", true),
        (plain, "; server_max_window_bits=9", true),
        (plain, "; client_max_window_bits=9", false),
        (windows, "; server_max_window_bits=9", true),
        (windows, "; server_max_window_bits=10", true),
        (windows, "; server_max_window_bits=11", false),
        (windows, "", false),
        (limited, "", true),
        (limited, "; client_max_window_bits=10", true),
        (limited, "; client_max_window_bits=8", true),
        (limited, "; client_max_window_bits=11", false),
        (forgetful, "; server_no_context_takeover", true),
        (forgetful, "; server_no_context_takeover; client_no_context_takeover", true),
        (forgetful, "; client_no_context_takeover", false),
        (forgetful, "", false),
    ];
    for (offer, params, is_taken) in cases {
        let value = format!("permessage-deflate{params}");
        assert_eq!(offer.answered(fields(&value).extensions()).is_ok(), is_taken, "{offer}: {value}");
    }
}

/// All offers there are, to all servers of a kind: the answer is one that the client takes, and means what was meant.
#[test]
fn every_answer_fits_its_offer() {
    let flags = [false, true];
    let windows: Vec<Option<WindowBits>> =
        [None].into_iter().chain((8..=15).map(|number| Some(bits(number)))).collect();
    for (server, client) in flags.into_iter().flat_map(|server| flags.map(|client| (server, client))) {
        for server_max_window_bits in windows.iter().copied() {
            for client_window in windows.iter().copied().map(Some).chain([None]) {
                let offer = Offer {
                    server_no_context_takeover: server,
                    client_no_context_takeover: client,
                    server_max_window_bits,
                    client_max_window_bits: client_window,
                };
                let read = Offer::from_extension(
                    &fields(&offer.to_string()).extensions().next().expect("an offer").expect("in the grammar"),
                );
                assert_eq!(read, Some(offer));
                for own in [8, 9, 12, 15] {
                    let config = generous().local_window(bits(own)).peer_window(bits(own));
                    let answer = config.answer(&offer);
                    assert!(offer.allows(&answer), "{offer} / {answer}");
                    assert!(answer.window_bits(true) <= bits(own));
                    let value = answer.to_string();
                    assert_eq!(offer.answered(fields(&value).extensions()), Ok(Some(answer)), "{offer} / {value}");
                }
            }
        }
    }
}

#[test]
fn what_no_answer_says_is_the_default() {
    let params = Params::default();
    assert_eq!(params.to_string(), "permessage-deflate");
    assert_eq!((params.window_bits(true), params.window_bits(false)), (WindowBits::MAX, WindowBits::MAX));
    assert!(params.has_takeover(true) && params.has_takeover(false));
}

/// Equal when every setting is; and the same pool, not one that looks the same.
#[test]
fn settings_are_equal_when_all_of_them_are() {
    let pool = Pool::new(1);
    type Change = fn(Config) -> Config;
    let changes: [(&str, Change); 9] = [
        ("level", |config| config.level(9)),
        ("min_bytes", |config| config.min_bytes(1)),
        ("may_grow", |config| config.may_grow(true)),
        ("local_takeover", |config| config.local_takeover(true)),
        ("peer_takeover", |config| config.peer_takeover(true)),
        ("local_window", |config| config.local_window(bits(9))),
        ("peer_window", |config| config.peer_window(bits(9))),
        ("max_idle_bytes", |config| config.max_idle_bytes(Some(1))),
        ("max_ratio", |config| config.max_ratio(Some(7))),
    ];
    assert_eq!(Config::default(), Config::new());
    for (name, change) in changes {
        assert_ne!(change(Config::new()), Config::new(), "{name}");
        assert_eq!(change(Config::new()), change(Config::new()), "{name}");
    }
    let pooled = Config::new().pool(pool.clone());
    assert_eq!(pooled, Config::new().pool(pool));
    assert_ne!(pooled, Config::new().pool(Pool::new(1)));
    assert_ne!(pooled, Config::new());
    assert_ne!(Config::new(), pooled);
}

#[test]
fn a_level_is_taken_as_the_nearest_there_is() {
    assert_eq!(Config::new().level(0), Config::new().level(1));
    assert_eq!(Config::new().level(10), Config::new().level(9));
    assert_eq!(Config::new().level(u8::MAX), Config::new().level(9));
    assert_ne!(Config::new().level(1), Config::new().level(9));
}

/// A log shows what was set, and nothing of what went through.
#[test]
fn a_log_shows_the_settings() {
    assert_eq!(format!("{:?}", Pool::new(3)), "Pool { contexts: 3, .. }");
    let compressor = Compressor::new(bits(10), 7);
    assert_eq!(format!("{compressor:?}"), "Compressor { window: WindowBits(10), level: 7, .. }");
    assert_eq!(format!("{:?}", Inflater::new()), "Inflater { .. }");
}
