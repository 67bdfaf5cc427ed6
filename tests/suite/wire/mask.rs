//! Masking (RFC 6455 §5.3): byte i of the payload meets byte i mod 4 of the key.

use websocket_proto::mask;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The definition.
fn naive(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

#[test]
fn hello_of_the_rfc() {
    // §5.7: a single-frame masked text message.
    let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    mask::apply(&mut bytes, KEY);
    assert_eq!(&bytes, b"Hello");

    let mut copied = [0; 5];
    mask::copy(&mut copied, b"Hello", KEY);
    assert_eq!(copied, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
}

#[test]
fn alternating_key_over_alternating_bytes() {
    let mut bytes = [0, 1, 0, 1, 0, 1, 0, 1];
    mask::apply(&mut bytes, [1, 0, 1, 0]);
    assert_eq!(bytes, [1; 8]);
}

#[test]
fn rotation_is_where_the_key_stands() {
    for offset in [0, 1, 2, 3, 4, 5, 125, 126, 127, 65_535, usize::MAX - 1, usize::MAX] {
        assert_eq!(mask::rotate(KEY, offset), std::array::from_fn(|i| KEY[(offset % 4 + i) % 4]), "{offset}");
    }
}

#[test]
fn twice_is_nothing() {
    for len in (0..600).chain([4096, 65_536, 1_000_003]) {
        let plain = payload(len);
        let mut bytes = plain.clone();
        mask::apply(&mut bytes, KEY);
        assert!(bytes == naive(&plain, KEY), "{len}");
        mask::apply(&mut bytes, KEY);
        assert!(bytes == plain, "{len}");
    }
}

#[test]
fn a_copy_stops_at_the_shorter() {
    for (room, len) in (0..300).flat_map(|room| [room / 3, room, room + 1, room + 70].map(|len| (room, len))) {
        let plain = payload(len);
        let mut copied = vec![0xEE; room];
        mask::copy(&mut copied, &plain, KEY);
        let done = room.min(len);
        assert_eq!(copied[..done], naive(&plain, KEY)[..done], "{len} bytes into {room}");
        assert!(copied[done..].iter().all(|byte| *byte == 0xEE), "{len} bytes into {room}");
    }
}

/// A payload that comes in two pieces, cut anywhere, is masked as if it came whole: at every place in the key and in
/// memory.
#[test]
fn k08_key_rotation_across_chunks() {
    const ROOM: usize = 16 + 67;
    for (len, offset) in (0..=67).flat_map(|len| (0..4).map(move |offset| (len, offset))) {
        let (plain, key) = (payload(len), mask::rotate(KEY, offset));
        let whole = naive(&plain, key);
        for (cut, align) in (0..=len).flat_map(|cut| (0..=15).map(move |align| (cut, align))) {
            let mut memory = [0; ROOM];
            let bytes = &mut memory[align..align + len];
            bytes.copy_from_slice(&plain);
            let (first, second) = bytes.split_at_mut(cut);
            mask::apply(first, key);
            mask::apply(second, mask::rotate(key, cut));
            assert!(memory[align..align + len] == whole, "{len} bytes at {align}, offset {offset}, cut at {cut}");

            let mut memory = [0; ROOM];
            let (first, second) = memory[align..align + len].split_at_mut(cut);
            mask::copy(first, &plain[..cut], key);
            mask::copy(second, &plain[cut..], mask::rotate(key, cut));
            assert!(
                memory[align..align + len] == whole,
                "{len} bytes copied to {align}, offset {offset}, cut at {cut}"
            );
        }
    }
}
