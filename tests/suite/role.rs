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

    let mut keys = OsMaskKeys::new();
    let drawn: std::collections::HashSet<_> = (0..1_000).map(|_| keys.next_key()).collect();
    assert!(drawn.len() > 990, "{} different keys in a thousand", drawn.len());
    assert!(!format!("{keys:?}").contains("keys"), "keys must not be printed");
}

#[cfg(feature = "getrandom")]
#[test]
fn no_key_is_the_wiped_one() {
    let mut keys = websocket_proto::OsMaskKeys::default();
    let zero_keys = (0..10_000).filter(|_| keys.next_key() == [0; 4]).count();
    assert_eq!(zero_keys, 0, "one in 429,497 runs of this test may fail by chance");
}
