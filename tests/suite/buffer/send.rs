//! All send buffers write the same bytes.

use arrayvec::ArrayVec;
use websocket_proto::{Config, Connection, SendBuffer, SendError, SendSlice};

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

#[cfg(feature = "bytes")]
#[test]
fn bytes_agree() {
    use bytes::BytesMut;
    for len in LENGTHS {
        for capacity in [0, 1, 3, 7, 100, 20_000] {
            let mut tx = BytesMut::with_capacity(capacity);
            write(&mut tx, len);
            assert_eq!(tx, expected(len));

            let mut tx = BytesMut::with_capacity(capacity);
            Connection::client(Config::client(), || KEY).send_binary(&payload(len), &mut tx).unwrap();
            Connection::server(Config::server()).send_binary(&payload(len), &mut tx).unwrap();
            let taken = tx.split().freeze();
            assert_eq!(taken, [masked(BINARY, payload(len)), plain(BINARY, payload(len))].concat());
            assert!(tx.is_empty() && SendBuffer::reserve(&mut tx, 1_000));
        }
    }
    let mut tx = BytesMut::new();
    SendBuffer::extend_masked(&mut tx, &payload(100), KEY);
    SendBuffer::extend_from_slice(&mut tx, &payload(100));
    assert_eq!(tx, expected(100)[3..], "also when nobody has asked for room");
    assert!(!SendBuffer::reserve(&mut tx, usize::MAX));
    assert!(!SendBuffer::reserve(&mut tx, isize::MAX as usize));
    assert_eq!(tx.len(), 200);
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
    assert!(!slice.is_empty());
    slice.consume(4);
    assert!(slice.is_empty());
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

/// Whole frames of both roles, around every border of the head, the payload and the room that there is: with one byte
/// too few nothing is written, with just enough all of it, and never a byte behind it in memory of somebody else.
#[test]
fn a_frame_is_written_whole_or_not_at_all() {
    for len in (0..70).chain([125, 126, 127, 300, 65_535, 65_536]) {
        for (is_server, head_len) in [(true, [2, 4, 10]), (false, [6, 8, 14])] {
            let head_len = head_len[usize::from(len > 125) + usize::from(len > 65_535)];
            let frame = if is_server { plain(BINARY, payload(len)) } else { masked(BINARY, payload(len)) };
            assert_eq!(frame.len(), head_len + len);
            let send = |tx: &mut dyn SendBuffer| match is_server {
                true => Connection::server(Config::server()).send_binary(&payload(len), tx),
                false => Connection::client(Config::client(), || KEY).send_binary(&payload(len), tx),
            };
            for spare in [0, 1, 9, 15, 16, 17, 40] {
                let mut memory = vec![0xEE; 3 + frame.len() + spare];
                let mut tx = SendSlice::new(&mut memory);
                tx.extend_from_slice(b"old");
                send(&mut tx).unwrap();
                assert_eq!(tx.as_slice(), [b"old", &frame[..]].concat());
                assert!(memory[3 + frame.len()..].iter().all(|byte| *byte == 0xEE), "{len} bytes, {spare} behind");
            }
            let mut memory = vec![0xEE; 3 + frame.len() - 1];
            let mut tx = SendSlice::new(&mut memory);
            tx.extend_from_slice(b"old");
            assert_eq!(send(&mut tx), Err(SendError::Full { needed: frame.len() }));
            assert_eq!(tx.as_slice(), b"old");
            assert!(memory[3..].iter().all(|byte| *byte == 0xEE), "{len} bytes into too little");
        }
    }
}

/// As above, in a buffer that has all that may be behind the frame for itself.
#[test]
fn a_frame_fills_an_array_to_its_last_byte() {
    fn fill<const N: usize>() {
        for head_len in [2, 6] {
            let Some(len) = N.checked_sub(3 + head_len) else { continue };
            let frame = if head_len == 2 { plain(BINARY, payload(len)) } else { masked(BINARY, payload(len)) };
            let mut tx = ArrayVec::<u8, N>::new();
            let send = |tx: &mut ArrayVec<u8, N>| match head_len {
                2 => Connection::server(Config::server()).send_binary(&payload(len), tx),
                _ => Connection::client(Config::client(), || KEY).send_binary(&payload(len), tx),
            };
            SendBuffer::extend_from_slice(&mut tx, b"four");
            assert_eq!(send(&mut tx), Err(SendError::Full { needed: N - 3 }));
            assert_eq!(tx.as_slice(), b"four");
            tx.truncate(3);
            send(&mut tx).unwrap();
            assert_eq!(tx.as_slice(), [b"fou", &frame[..]].concat());
        }
    }
    fill::<5>();
    fill::<9>();
    fill::<12>();
    fill::<18>();
    fill::<19>();
    fill::<25>();
    fill::<80>();
}

/// The head of a long message, with the first bytes of it, for a caller who has the rest elsewhere: also where there is
/// less room than a head is handled in.
#[test]
fn a_long_head_is_written_where_there_is_little_room() {
    for (len, start) in [126, 65_536].into_iter().flat_map(|len| (0..4).map(move |start| (len, start))) {
        let plain_head = Connection::server(Config::server()).binary_head(len).unwrap();
        let masked_head = Connection::client(Config::client(), || KEY).binary_head(len).unwrap();
        for (head, key) in [(plain_head, [0; 4]), (masked_head, KEY)] {
            let payload = payload(start);
            let masked = payload.iter().zip(key).map(|(byte, key)| byte ^ key);
            let expected: Vec<u8> = head.as_bytes().iter().copied().chain(masked).collect();
            for spare in 0..20 {
                let mut memory = [0xEE; 60];
                let (room, behind) = memory.split_at_mut(expected.len() + spare);
                let mut tx = SendSlice::new(room);
                tx.extend_frame(&head, &payload);
                assert_eq!(tx.as_slice(), expected, "{spare} bytes to spare");
                assert!(room[expected.len()..].iter().chain(&*behind).all(|byte| *byte == 0xEE));
                let before = vec![7; 40 - expected.len() - spare];
                let mut tx = ArrayVec::<u8, 40>::new();
                SendBuffer::extend_from_slice(&mut tx, &before);
                tx.extend_frame(&head, &payload);
                assert_eq!(tx.as_slice(), [before, expected.clone()].concat(), "{spare} bytes to spare");
            }
        }
    }
}

/// A vector with just enough room is not made to grow.
#[cfg(feature = "alloc")]
#[test]
fn a_frame_that_fits_a_vec_allocates_nothing() {
    for len in (0..70).chain([125, 126, 300]) {
        let needed = len + if len > 125 { 4 } else { 2 };
        let mut tx = Vec::with_capacity(needed);
        let capacity = tx.capacity();
        Connection::server(Config::server()).send_binary(&payload(len), &mut tx).unwrap();
        assert_eq!((tx.len(), tx.capacity()), (needed, capacity));
        assert_eq!(tx, plain(BINARY, payload(len)));
    }
}
