//! The three things in which the two ends differ: here, the keys.

use websocket_proto::{Client, MaskKeys, Role, Server};

fn is_server<R: Role>(_: &R) -> bool {
    R::IS_SERVER
}

#[test]
fn each_role_knows_itself() {
    assert!(is_server(&Server));
    assert!(!is_server(&Client::new(|| [0; 4])));
}

#[test]
fn a_closure_is_a_source_of_keys() {
    let mut count = 0;
    let mut keys = move || {
        count += 1;
        [count; 4]
    };
    assert_eq!([keys.next_key(), keys.next_key()], [[1; 4], [2; 4]]);
}

#[cfg(feature = "getrandom")]
#[test]
fn keys_of_the_operating_system_differ_and_are_not_handed_out_twice() {
    use websocket_proto::OsMaskKeys;

    // More keys than one seed gives: that no batch comes twice shows only beyond.
    let [mut one, mut other] = [OsMaskKeys::new(), OsMaskKeys::new()];
    let drawn: std::collections::HashSet<_> = (0..20_000).flat_map(|_| [one.next_key(), other.next_key()]).collect();
    assert!(drawn.len() > 39_980, "{} different keys in forty thousand", drawn.len());
    assert_eq!(format!("{one:?}"), "OsMaskKeys { .. }", "keys must not be printed");
}

/// Each bit of a key is set half of the time, and is no copy of another.
#[cfg(feature = "getrandom")]
#[test]
fn keys_of_the_operating_system_look_random() {
    const DRAWN: u32 = 50_000;
    let mut keys = websocket_proto::OsMaskKeys::new();
    let keys: Vec<u32> = (0..DRAWN).map(|_| u32::from_le_bytes(keys.next_key())).collect();
    // Eight standard deviations: by chance once in 10^12 runs.
    let is_half = |count: u32| count.abs_diff(DRAWN / 2) < 900;
    for bit in 0..32 {
        assert!(is_half(keys.iter().map(|key| key >> bit & 1).sum()), "bit {bit}");
        for other in 0..bit {
            assert!(is_half(keys.iter().map(|key| (key >> bit ^ key >> other) & 1).sum()), "bits {bit} and {other}");
        }
    }
    for distance in [1, 2, 55, 56, 57, 14_280] {
        let pairs = keys.iter().zip(&keys[distance..]);
        let differ: u32 = pairs.map(|(one, other)| (one ^ other).count_ones()).sum();
        let bits = (DRAWN - distance as u32) * 32;
        assert!(
            differ.abs_diff(bits / 2) < bits / 100,
            "{differ} of {bits} bits differ from the key {distance} before"
        );
    }
}

#[cfg(feature = "getrandom")]
#[test]
fn keys_take_258_bytes() {
    assert!(size_of::<websocket_proto::OsMaskKeys>() <= 258);
}

#[cfg(feature = "getrandom")]
#[test]
fn no_key_is_the_wiped_one() {
    let mut keys = websocket_proto::OsMaskKeys::default();
    let zero_keys = (0..10_000).filter(|_| keys.next_key() == [0; 4]).count();
    assert_eq!(zero_keys, 0, "one in 429,497 runs of this test may fail by chance");
}
