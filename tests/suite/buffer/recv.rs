//! The receive buffer's life, seen through its public side and a connection that reads from it.

use websocket_proto::{Config, Connection, Event, Limit, RecvBuffer, Server, Storage};

use crate::message::{BINARY, BINARY_MORE, LAST, PING, TEXT, TEXT_MORE, masked};

fn unlimited() -> Connection<Server> {
    Connection::server(Config::server().max_message_bytes(u64::MAX).max_frame_bytes(u64::MAX))
}

/// Receives until `None`; gives the payloads of messages. Afterwards there is room to read into.
fn drain<S: Storage>(connection: &mut Connection<Server>, rx: &mut RecvBuffer<S>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some(event) = connection.receive(rx).unwrap() {
        match event {
            Event::Text(text) => messages.push(text.into()),
            Event::Binary(bytes) => messages.push(bytes.into()),
            Event::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(!rx.spare_mut().is_empty(), "never empty after None");
    messages
}

/// Reads as a transport does, at most `read_len` bytes at a time.
fn feed<S: Storage>(
    connection: &mut Connection<Server>,
    rx: &mut RecvBuffer<S>,
    mut bytes: &[u8],
    read_len: usize,
) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let spare = rx.spare_mut();
        let count = spare.len().min(read_len).min(bytes.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        rx.filled(count);
        bytes = &bytes[count..];
        messages.extend(drain(connection, rx));
    }
    messages
}

/// Messages of many sizes, in one and several frames, with control frames between and within.
fn traffic(max: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut bytes, mut messages) = (Vec::new(), Vec::new());
    for len in (0..max).step_by(max / 23 + 1).chain([max, 0, 1, max]) {
        let payload: Vec<u8> = (0..len).map(|at| (at * 31 % 255) as u8).collect();
        bytes.extend(masked(BINARY, &payload));
        bytes.extend(masked(PING, [b'p'; 125]));
        messages.push(payload.clone());
        if len + 139 <= max {
            let (one, other) = payload.split_at(len / 3);
            bytes.extend(masked(BINARY_MORE, one));
            bytes.extend(masked(PING, [b'p'; 125]));
            bytes.extend(masked(0, ""));
            bytes.extend(masked(LAST, other));
            messages.push(payload);
        }
    }
    (bytes, messages)
}

const READS: [usize; 8] = [1, 2, 3, 7, 64, 139, 1_000, usize::MAX];

#[test]
fn an_array_receives_whatever_fits() {
    let (bytes, messages) = traffic(500);
    for read_len in READS {
        let mut rx = RecvBuffer::from([0; 500]);
        assert_eq!(feed(&mut unlimited(), &mut rx, &bytes, read_len), messages, "reading {read_len}");
        assert!(rx.is_empty());
        assert_eq!(rx.capacity(), 500);
    }
}

#[test]
fn a_slice_receives_whatever_fits() {
    let (bytes, messages) = traffic(700);
    for read_len in READS {
        let mut memory = vec![0; 700];
        let mut rx = RecvBuffer::from(memory.as_mut_slice());
        assert_eq!(feed(&mut unlimited(), &mut rx, &bytes, read_len), messages, "reading {read_len}");
        assert!(rx.is_empty());
    }
}

/// All sizes, down to those that can hold nothing: room, or an error that says why there is none.
#[test]
fn an_array_of_any_size_has_room_or_says_that_it_is_too_small() {
    fn check<const N: usize>() {
        let bytes =
            [masked(PING, ""), masked(TEXT, "ab"), masked(TEXT_MORE, ""), masked(LAST, "cdefg"), masked(PING, "")]
                .concat();
        for read_len in [1, 2, 3, usize::MAX] {
            let (mut connection, mut rx) = (unlimited(), RecvBuffer::from([0; N]));
            let mut bytes = bytes.as_slice();
            'reading: while !bytes.is_empty() {
                let taken = rx.extend_from_slice(&bytes[..bytes.len().min(read_len)]);
                bytes = &bytes[taken..];
                loop {
                    match connection.receive(&mut rx) {
                        Ok(Some(_)) => {}
                        Ok(None) => break assert!(!rx.spare_mut().is_empty(), "{N} bytes"),
                        Err(error) => {
                            assert_eq!(error, Limit::BufferTooSmall.into());
                            break 'reading;
                        }
                    }
                }
            }
        }
    }
    check::<0>();
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
    check::<5>();
    check::<6>();
    check::<7>();
    check::<8>();
    check::<9>();
    check::<13>();
    check::<20>();
}

/// A client's frames have headers of two bytes, so that three bytes are room for frames without payload.
#[test]
fn the_smallest_buffers_pass_the_smallest_frames() {
    let bytes = [0x8A, 0x00].repeat(20);
    let mut connection = Connection::client(Config::client(), || [0; 4]);
    let mut rx = RecvBuffer::from([0; 3]);
    let (mut rest, mut pongs) = (bytes.as_slice(), 0);
    while !rest.is_empty() {
        let taken = rx.extend_from_slice(rest);
        assert!(taken > 0, "never empty after None");
        rest = &rest[taken..];
        while connection.receive(&mut rx).unwrap().is_some() {
            pongs += 1;
        }
    }
    assert_eq!(pongs, 20);
}

#[test]
fn filled_counts_no_more_than_there_is_room_for() {
    let mut rx = RecvBuffer::from([0; 8]);
    rx.filled(0);
    assert!(rx.is_empty());
    rx.spare_mut()[..3].copy_from_slice(b"abc");
    rx.filled(3);
    assert_eq!(rx.unread(), b"abc");
    rx.filled(usize::MAX);
    assert_eq!(rx.unread(), b"abc\0\0\0\0\0");
    rx.filled(1);
    assert_eq!(rx.unread().len(), 8);
    assert_eq!(rx.spare_mut().len(), 0);
}

#[test]
fn extending_takes_what_fits_and_says_how_much() {
    let mut rx = RecvBuffer::from([0; 5]);
    assert_eq!(rx.extend_from_slice(b""), 0);
    assert_eq!(rx.extend_from_slice(b"abc"), 3);
    assert_eq!(rx.extend_from_slice(b"defg"), 2);
    assert_eq!(rx.extend_from_slice(b"fg"), 0);
    assert_eq!(rx.unread(), b"abcde");
}

#[test]
fn what_is_cleared_is_gone() {
    let mut rx = RecvBuffer::from([0; 50]);
    let _ = rx.extend_from_slice(&masked(TEXT, "gone"));
    assert!(!rx.is_empty());
    rx.clear();
    assert!(rx.is_empty());
    assert_eq!(rx.unread(), []);
    assert_eq!(rx.spare_mut().len(), 50);
    assert_eq!(feed(&mut unlimited(), &mut rx, &masked(TEXT, "here"), 50), [b"here"]);
}

#[test]
fn unread_is_what_has_not_been_received() {
    let mut rx = RecvBuffer::from([0; 64]);
    let mut connection = unlimited();
    let _ = rx.extend_from_slice(&[masked(TEXT, "a"), masked(TEXT, "b")].concat());
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("a"))));
    assert_eq!(rx.unread(), masked(TEXT, "b"));
    assert!(!rx.is_empty());
    assert_eq!(connection.receive(&mut rx), Ok(Some(Event::Text("b"))));
    assert!(rx.is_empty() && rx.unread().is_empty());
}

#[test]
fn one_buffer_serves_many_connections() {
    let mut connections: Vec<_> = (0..20).map(|_| unlimited()).collect();
    let mut rx = RecvBuffer::from([0; 300]);
    for round in 0..5 {
        for (number, connection) in connections.iter_mut().enumerate() {
            let text = format!("{round}: message to {number}");
            assert_eq!(feed(connection, &mut rx, &masked(TEXT, &text), 10), [text.as_bytes()]);
            assert!(rx.is_empty());
        }
    }
}

/// The text that is handed out is UTF-8 whatever happened to the buffer before.
#[test]
fn a_buffer_forgets_what_it_knew_of_old_text() {
    let mut rx = RecvBuffer::from([0; 300]);
    let mut connection = unlimited();
    assert_eq!(feed(&mut connection, &mut rx, &masked(TEXT_MORE, "valid so far"), 300), [[0; 0]; 0]);
    rx.clear();
    let mut other = unlimited();
    let _ = rx.extend_from_slice(&masked(TEXT, b"\xff\xff"));
    assert!(other.receive(&mut rx).is_err());
}

/// The addresses are compared and nothing else: a message is where the transport has put it.
#[test]
fn a_message_is_handed_out_where_it_was_read() {
    let (mut connection, mut rx) = (unlimited(), RecvBuffer::from([0; 300]));
    let bytes = [masked(TEXT, "first"), masked(BINARY, [7; 100])].concat();
    let read_to = rx.spare_mut().as_ptr() as usize;
    assert_eq!(rx.extend_from_slice(&bytes), bytes.len());
    let Ok(Some(Event::Text(text))) = connection.receive(&mut rx) else { panic!() };
    assert_eq!(text.as_ptr() as usize, read_to + 6);
    let Ok(Some(Event::Binary(binary))) = connection.receive(&mut rx) else { panic!() };
    assert_eq!(binary.as_ptr() as usize, read_to + 11 + 6);
}

#[test]
fn a_frame_that_comes_in_many_reads_is_not_moved() {
    let (mut connection, mut rx) = (unlimited(), RecvBuffer::from([0; 300]));
    let bytes = masked(BINARY, [7; 200]);
    feed(&mut connection, &mut rx, &bytes[..8], 8);
    let read_to = rx.spare_mut().as_ptr() as usize;
    feed(&mut connection, &mut rx, &bytes[8..207], 1);
    let _ = rx.extend_from_slice(&bytes[207..]);
    let Ok(Some(Event::Binary(binary))) = connection.receive(&mut rx) else { panic!() };
    assert_eq!(binary.as_ptr() as usize, read_to);
}

/// Once its header is read, the payload of a later fragment goes straight behind the message.
#[test]
fn the_rest_of_a_fragment_is_read_to_its_final_place() {
    let (mut connection, mut rx) = (unlimited(), RecvBuffer::from([0; 600]));
    feed(&mut connection, &mut rx, &masked(BINARY_MORE, [1; 50]), 600);
    feed(&mut connection, &mut rx, &masked(PING, [0; 30]), 600);
    let last = masked(LAST, [2; 100]);
    feed(&mut connection, &mut rx, &last[..10], 600);
    let read_to = rx.spare_mut().as_ptr() as usize;
    let _ = rx.extend_from_slice(&last[10..]);
    let Ok(Some(Event::Binary(message))) = connection.receive(&mut rx) else { panic!() };
    assert_eq!(message.len(), 150);
    assert_eq!(read_to, message.as_ptr() as usize + 54, "four of the hundred bytes had come with the header");
}

/// Where `consumed` bytes were taken out and `here` of a frame have come that wants `wanted` more: the message in
/// progress is moved to the front where there is no room for the rest, or where little room is left and no more is moved
/// than was taken out. Otherwise it stays where it lies.
#[test]
fn a_message_is_moved_only_when_that_is_called_for() {
    let room = |consumed: usize, here: usize, wanted: usize| {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::from([0; 100]));
        let second = masked(BINARY, vec![0; here - 6 + wanted]);
        let bytes = [&masked(BINARY, vec![0; consumed - 6])[..], &second[..here]].concat();
        assert_eq!(rx.extend_from_slice(&bytes), bytes.len());
        assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(_)))));
        assert_eq!(connection.receive(&mut rx), Ok(None));
        rx.spare_mut().len()
    };
    let cases = [
        ("the rest has just enough room", (14, 76, 10), 10),
        ("the rest has a byte too little", (14, 76, 11), 30),
        ("a quarter is left", (50, 25, 5), 25),
        ("less than a quarter is left", (51, 25, 5), 81),
        ("as much to move as was taken out", (39, 51, 10), 55),
        ("more to move than was taken out", (38, 52, 10), 10),
    ];
    for (name, (consumed, here, wanted), expected) in cases {
        assert_eq!(room(consumed, here, wanted), expected, "{name}");
    }
}

#[cfg(feature = "alloc")]
mod growing {
    use websocket_proto::DEFAULT_CAPACITY_BYTES;

    use super::*;

    #[test]
    fn it_allocates_when_it_is_first_read_into() {
        let mut rx = RecvBuffer::default();
        assert_eq!((rx.capacity(), rx.is_empty(), rx.unread()), (0, true, &[][..]));
        assert_eq!(rx.spare_mut().len(), DEFAULT_CAPACITY_BYTES);
        assert_eq!(RecvBuffer::new().spare_mut().len(), DEFAULT_CAPACITY_BYTES);
        assert_eq!(RecvBuffer::with_capacity(1_000).spare_mut().len(), 1_000);
    }

    #[test]
    fn it_has_room_for_a_control_frame_at_least() {
        for base in [0, 1, 138, 139] {
            assert_eq!(RecvBuffer::with_capacity(base).spare_mut().len(), 139);
        }
    }

    #[test]
    fn it_receives_whatever_comes() {
        let (bytes, messages) = traffic(2_000);
        for base in [0, 500, 10_000] {
            for read_len in READS {
                let mut rx = RecvBuffer::with_capacity(base);
                assert_eq!(
                    feed(&mut unlimited(), &mut rx, &bytes, read_len),
                    messages,
                    "base {base}, reading {read_len}"
                );
                assert!(rx.is_empty());
            }
        }
    }

    #[test]
    fn it_returns_to_its_base_after_a_message_that_was_too_big_for_it() {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
        feed(&mut connection, &mut rx, &masked(BINARY, [0; 900]), 1_000);
        assert_eq!(rx.capacity(), 1_000);
        let bytes = masked(BINARY, [0; 50_000]);
        let (almost, end) = bytes.split_at(bytes.len() - 1);
        feed(&mut connection, &mut rx, almost, 1_000);
        assert!((50_000..=50_100).contains(&rx.capacity()), "{}", rx.capacity());
        assert_eq!(feed(&mut connection, &mut rx, end, 1_000).len(), 1);
        rx.spare_mut();
        assert_eq!(rx.capacity(), 1_000);
    }

    /// What waits behind the big message may be moved once more: half of the base, and not a byte beyond.
    #[test]
    fn it_returns_to_its_base_once_little_is_left() {
        for (left, returns) in [(0, true), (1, true), (2, true), (500, true), (501, false)] {
            let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
            feed(&mut connection, &mut rx, &masked(BINARY_MORE, [1; 2_000]), 1_000);
            let bytes = [masked(LAST, ""), vec![0; left]].concat();
            assert_eq!(rx.extend_from_slice(&bytes), bytes.len());
            assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(_)))));
            assert_eq!(rx.unread().len(), left);
            rx.spare_mut();
            assert_eq!(rx.capacity() == 1_000, returns, "{left} left: {}", rx.capacity());
        }
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        for read_len in [1, 100, 1_000] {
            let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
            // As much as a machine has addresses for; more is refused at once.
            let claim = usize::MAX as u64 / 4;
            let header = [&[BINARY, 0xFF][..], &claim.to_be_bytes(), &[0; 4]].concat();
            feed(&mut connection, &mut rx, &header, read_len);
            rx.spare_mut();
            assert_eq!(rx.capacity(), 1_000);
            let mut received = 0;
            while received < 100_000 {
                feed(&mut connection, &mut rx, &vec![0; read_len], read_len);
                received += read_len;
                rx.spare_mut();
                assert!(rx.capacity() <= 1_000.max(2 * received), "{} bytes for {received}", rx.capacity());
            }
        }
    }

    /// The next message's beginning waits behind a message that made the buffer grow.
    #[test]
    fn it_keeps_its_room_when_another_big_message_follows_at_once() {
        for last_fragment_len in (0..1_000).step_by(29) {
            for here in [1, 13, 14, 15, 40, 900] {
                let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
                let mut messages = feed(&mut connection, &mut rx, &masked(BINARY_MORE, [1; 900]), 1_000);
                let second = masked(BINARY, [2; 20_000]);
                let bytes = [masked(LAST, vec![1; last_fragment_len]).as_slice(), &second[..here]].concat();
                messages.extend(feed(&mut connection, &mut rx, &bytes, 2_000));
                assert!(rx.capacity() >= 1_000, "never below its base");
                messages.extend(feed(&mut connection, &mut rx, &second[here..], 5_000));
                assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [900 + last_fragment_len, 20_000]);
                assert!(messages[1].iter().all(|byte| *byte == 2));
            }
        }
    }

    /// Bytes that wait to be received are no reason to grow: the transport has to wait.
    #[test]
    fn it_does_not_grow_while_there_is_something_to_receive() {
        let mut rx = RecvBuffer::with_capacity(1_000);
        let bytes = masked(BINARY, [7; 100]).repeat(100);
        assert_eq!(rx.extend_from_slice(&bytes), 1_000);
        assert_eq!((rx.extend_from_slice(&bytes[1_000..]), rx.spare_mut().len(), rx.capacity()), (0, 0, 1_000));
        let mut connection = unlimited();
        assert_eq!(drain(&mut connection, &mut rx).len(), 1_000 / 106);
        assert_eq!(rx.capacity(), 1_000);
    }

    #[test]
    fn released_memory_is_allocated_again_by_the_next_read() {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
        for _ in 0..3 {
            assert_eq!(feed(&mut connection, &mut rx, &masked(TEXT, "hi"), 3), [b"hi"]);
            rx.release();
            assert_eq!((rx.capacity(), rx.is_empty()), (0, true));
            assert_eq!(connection.receive(&mut rx), Ok(None));
            rx.filled(10);
            assert!(rx.is_empty(), "there is no room yet that could have been filled");
        }
    }

    #[test]
    fn what_is_held_is_not_released() {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
        let message = masked(TEXT, "held");
        feed(&mut connection, &mut rx, &message[..8], 8);
        rx.release();
        assert_eq!(rx.capacity(), 1_000);
        assert_eq!(feed(&mut connection, &mut rx, &message[8..], 8), [b"held"]);
    }

    #[test]
    fn clearing_a_grown_buffer_lets_it_shrink() {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
        feed(&mut connection, &mut rx, &masked(BINARY, [0; 50_000])[..49_000], 1_000);
        assert!(rx.capacity() > 40_000);
        rx.clear();
        rx.spare_mut();
        assert_eq!(rx.capacity(), 1_000);
    }

    /// A message in many fragments grows the buffer by doubling, not by each header.
    #[test]
    fn fragments_do_not_make_it_grow_one_by_one() {
        let (mut connection, mut rx) = (unlimited(), RecvBuffer::with_capacity(1_000));
        let mut capacities = std::collections::BTreeSet::new();
        feed(&mut connection, &mut rx, &masked(BINARY_MORE, [0; 100]), 1_000);
        for _ in 0..1_000 {
            feed(&mut connection, &mut rx, &masked(0, [0; 100]), 1_000);
            capacities.insert(rx.capacity());
        }
        assert!(capacities.len() < 20, "{capacities:?}");
        assert_eq!(feed(&mut connection, &mut rx, &masked(LAST, ""), 1_000)[0].len(), 100_100);
    }
}

/// Received bytes do not belong into a log.
#[test]
fn a_log_says_how_much_is_held_and_not_what() {
    let mut rx = RecvBuffer::from([0; 256]);
    let more = [&masked(TEXT_MORE, "secret")[..], &masked(LAST, "second")[..9]].concat();
    assert_eq!(rx.extend_from_slice(&more), more.len());
    assert_eq!(format!("{rx:?}"), "RecvBuffer { message_bytes: 0, unread_bytes: 21, .. }");
    assert_eq!(unlimited().receive(&mut rx), Ok(None));
    assert_eq!(format!("{rx:?}"), "RecvBuffer { message_bytes: 9, unread_bytes: 0, .. }");
}
