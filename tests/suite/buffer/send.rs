//! All send buffers write the same bytes.

use arrayvec::ArrayVec;
use websocket_proto::{Config, Connection, SendBuffer, SendSlice};

use crate::connection::world::Line;
use crate::message::{BINARY, KEY, TEXT, masked, plain};

/// The lengths around which pieces, words and blocks change.
const LENGTHS: [usize; 16] = [0, 1, 3, 4, 7, 8, 9, 15, 31, 125, 126, 1_023, 1_024, 1_025, 2_048, 5_000];

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 % 253) as u8).collect()
}

/// Plain and masked bytes, appended behind something that is there.
fn write(tx: &mut impl SendBuffer, len: usize) {
    assert!(tx.reserve(3 + 2 * len));
    tx.extend_from_slice(b"old");
    tx.extend_masked(&payload(len), KEY);
    tx.extend_from_slice(&payload(len));
}

fn expected(len: usize) -> Vec<u8> {
    let masked = payload(len).into_iter().zip(KEY.into_iter().cycle()).map(|(byte, key)| byte ^ key);
    b"old".iter().copied().chain(masked).chain(payload(len)).collect()
}

#[test]
fn all_kinds_agree() {
    for len in LENGTHS {
        let mut by_default = Line::new();
        write(&mut by_default, len);
        assert_eq!(by_default.bytes, expected(len));

        let mut array = ArrayVec::<u8, 10_003>::new();
        write(&mut array, len);
        assert_eq!(array.as_slice(), expected(len));

        let mut memory = vec![0xEE; 10_003];
        let mut slice = SendSlice::new(&mut memory);
        write(&mut slice, len);
        assert_eq!(slice.as_slice(), expected(len));

        let mut borrowed = Line::new();
        write(&mut &mut borrowed, len);
        assert_eq!(borrowed.bytes, expected(len));

        let dynamic: &mut dyn SendBuffer = &mut Line::new();
        write(&mut { dynamic }, len);
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_vec_agrees() {
    for len in LENGTHS {
        for capacity in [0, 1, 3, 7, 100, 20_000] {
            let mut vec = Vec::with_capacity(capacity);
            write(&mut vec, len);
            assert_eq!(vec, expected(len));
        }
    }
}

/// Also when nobody has asked for room: it is a growing buffer.
#[cfg(feature = "alloc")]
#[test]
fn a_vec_takes_what_was_not_announced() {
    let mut vec = Vec::new();
    SendBuffer::extend_masked(&mut vec, &payload(100), KEY);
    SendBuffer::extend_from_slice(&mut vec, &payload(100));
    assert_eq!(vec, expected(100)[3..]);
}

#[cfg(feature = "alloc")]
#[test]
fn a_vec_refuses_what_no_memory_can_hold() {
    let mut vec = vec![1, 2, 3];
    assert!(!SendBuffer::reserve(&mut vec, usize::MAX));
    assert_eq!(vec, [1, 2, 3]);
}

#[test]
fn a_fixed_buffer_reserves_what_is_left_and_no_more() {
    let mut array = ArrayVec::<u8, 10>::new();
    let mut memory = [0; 10];
    let mut slice = SendSlice::new(&mut memory);
    for tx in [&mut array as &mut dyn SendBuffer, &mut slice] {
        tx.extend_from_slice(b"1234");
        for additional in 0..=6 {
            assert!(tx.reserve(additional));
        }
        for additional in [7, 100, usize::MAX] {
            assert!(!tx.reserve(additional));
        }
    }
    assert_eq!((array.as_slice(), slice.as_slice()), (&b"1234"[..], &b"1234"[..]));
}

/// It cannot happen within the crate; and it does no harm when it happens outside.
#[test]
fn a_fixed_buffer_takes_what_fits() {
    let mut array = ArrayVec::<u8, 5>::new();
    array.extend_masked(b"\0\0\0", KEY);
    SendBuffer::extend_from_slice(&mut array, b"abcd");
    assert_eq!(array.as_slice(), b"\x37\xfa\x21ab");

    let mut memory = [0; 5];
    let mut slice = SendSlice::new(&mut memory);
    slice.extend_masked(b"\0\0\0", KEY);
    slice.extend_from_slice(b"abcd");
    slice.extend_from_slice(b"e");
    assert_eq!(slice.as_slice(), b"\x37\xfa\x21ab");
}

#[test]
fn a_slice_is_drained_from_its_front() {
    let mut memory = [0; 12];
    let mut tx = SendSlice::new(&mut memory);
    let mut server = Connection::server(Config::server());
    server.send_text("one", &mut tx).unwrap();
    server.send_binary(b"two", &mut tx).unwrap();
    server.send_text("three", &mut tx).unwrap_err();
    tx.consume(0);
    assert_eq!(tx.as_slice(), [plain(TEXT, "one"), plain(BINARY, "two")].concat());
    tx.consume(6);
    assert_eq!(tx.as_slice(), &plain(BINARY, "two")[1..]);
    server.send_text("three", &mut tx).unwrap();
    assert_eq!(tx.as_slice(), [&plain(BINARY, "two")[1..], &plain(TEXT, "three")].concat());
    tx.consume(usize::MAX);
    assert_eq!(tx.as_slice(), []);
    tx.consume(1);
    assert!(tx.reserve(12) && !tx.reserve(13));
}

#[test]
fn a_client_masks_alike_into_all_of_them() {
    for len in LENGTHS {
        let send = |tx: &mut dyn SendBuffer| {
            Connection::client(Config::client(), || KEY).send_binary(&payload(len), &mut { tx }).unwrap();
        };
        let (mut line, mut array, mut memory) = (Line::new(), ArrayVec::<u8, 6_000>::new(), [0; 6_000]);
        let mut slice = SendSlice::new(&mut memory);
        send(&mut line);
        send(&mut array);
        send(&mut slice);
        let frame = masked(BINARY, payload(len));
        assert_eq!((line.bytes, array.as_slice(), slice.as_slice()), (frame.clone(), &frame[..], &frame[..]));
    }
}
