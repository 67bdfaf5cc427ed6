//! What compression costs in memory: bombs stay within the limit, idle connections keep what they are said to keep, and
//! a steady conversation allocates nothing.

use websocket_proto::deflate::{Compressor, Config, Inflater, Params, Pool, WindowBits};
use websocket_proto::{ChunkEvent, Connection, Event, Limit, ProtocolError, RecvBuffer, Server};

use super::{RSV1, eager, forgetful};
use crate::allocation::usage;
use crate::support::rng::Rng;
use crate::support::script::Side;
use crate::support::wire::{self, BINARY, CONTINUATION, FIN};
use crate::support::{KEY, client, server};

/// Smaller in a build that is not optimised, where zlib-rs is slow.
const LIMIT: usize = if cfg!(debug_assertions) { 1 << 18 } else { 1 << 20 };
/// Beside the message itself.
const SLACK: usize = 64 * 1024;

fn compressed(message: &[u8]) -> Vec<u8> {
    Compressor::new(WindowBits::MAX, 9).compress(message, true).to_vec()
}

/// Frames of at most `size` payload bytes.
fn fragments(payload: &[u8], size: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    let count = payload.chunks(size).count();
    for (at, piece) in payload.chunks(size).enumerate() {
        let first = if at == 0 { RSV1 | BINARY } else { CONTINUATION };
        let fin = if at + 1 == count { FIN } else { 0 };
        stream.extend(wire::frame(fin | first, piece, Some(KEY)));
    }
    stream
}

/// What a server makes of `streams`, one behind the other: the lengths of the messages, or the error; and its memory.
fn survive(
    streams: &[&[u8]],
    limits: websocket_proto::Config,
    config: &Config,
) -> (Result<Vec<usize>, ProtocolError>, usize) {
    let (result, usage) = usage(|| {
        let mut connection = server(limits).with_deflate(&Params::default(), config);
        let mut rx = RecvBuffer::new();
        let mut lens = Vec::new();
        for mut bytes in streams.iter().copied() {
            while !bytes.is_empty() {
                bytes = &bytes[rx.extend_from_slice(bytes)..];
                while let Some(event) = connection.receive(&mut rx)? {
                    if let Event::Binary(message) = event {
                        lens.push(message.len());
                    }
                }
            }
        }
        Ok(lens)
    });
    (result, usage.peak)
}

fn limited() -> websocket_proto::Config {
    Side::Server.config().max_message_bytes(LIMIT as u64)
}

#[test]
fn cve_2018_1000518_zeros_stop_at_the_limit() {
    for (len, is_accepted) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false), (5 * LIMIT, false)] {
        for size in [usize::MAX, 1, 100] {
            let stream = fragments(&compressed(&vec![0; len]), size);
            let (result, peak) = survive(&[&stream], limited(), &eager());
            let expected = if is_accepted { Ok(vec![len]) } else { Err(Limit::MessageTooBig.into()) };
            assert_eq!(result, expected, "{len} in frames of {size}");
            assert!(peak <= LIMIT + SLACK, "{len} in frames of {size}: {peak}");
        }
    }
}

/// With takeover a few bytes call up a whole window, again and again.
#[test]
fn cve_2026_1526_takeover_does_not_help_a_bomb() {
    let mut compressor = Compressor::new(WindowBits::MAX, 9);
    let noise = Rng::new(1).bytes(30_000);
    let first = fragments(compressor.compress(&noise, true), usize::MAX);
    let again = fragments(compressor.compress(&noise.repeat(LIMIT / 20_000), true), usize::MAX);
    assert!(again.len() < LIMIT / 50, "{}", again.len());
    let (result, peak) = survive(&[&first, &again], limited(), &eager());
    assert_eq!(result, Err(Limit::MessageTooBig.into()));
    assert!(peak <= LIMIT + SLACK, "{peak}");
}

/// Ten bits each and nothing in them, so that most of them end in a byte that was read with the one before.
#[test]
fn blocks_that_end_within_a_byte_end() {
    let four = (0..4).fold(0_u64, |bits, block| bits | 0b010 << (10 * block));
    let blocks = [four.to_le_bytes()[..5].repeat(LIMIT / 10), vec![0]].concat();
    for size in [usize::MAX, 50_000, 1_001] {
        let (result, peak) = survive(&[&fragments(&blocks, size)], limited(), &eager());
        assert_eq!(result, Ok(vec![0]), "{size}");
        assert!(peak <= SLACK, "{size}: {peak}");
    }
}

/// Blocks with nothing in them: no memory, and no end, but for what an honest sender could need.
#[test]
fn d12_empty_blocks_end() {
    let block = [0x00, 0x00, 0x00, 0xff, 0xff];
    for size in [usize::MAX, 50_000, 5] {
        let stream = fragments(&block.repeat(4 * LIMIT / 5), size);
        let limits = limited().max_fragments(u32::MAX);
        let (result, peak) = survive(&[&stream], limits, &eager());
        if size == 5 {
            // Sixteen bytes for each fragment may be overhead; here there are five, and each is the end of one.
            assert_eq!(result, Ok(vec![0]));
        } else {
            assert_eq!(result, Err(Limit::MessageTooBig.into()), "{size}");
        }
        assert!(peak <= SLACK, "{size}: {peak}");
    }
    let stream = fragments(&block.repeat(60_000), 1);
    let (result, peak) = survive(&[&stream], limited(), &eager());
    assert_eq!(result, Err(Limit::TooManyFragments.into()));
    assert!(peak <= SLACK, "{peak}");
}

/// In chunks, a message of any size passes through constant memory.
#[test]
fn a_bomb_in_chunks_needs_no_memory() {
    let payload = compressed(&vec![0; 30 * LIMIT]);
    for size in [usize::MAX, 300] {
        let stream = fragments(&payload, size);
        let ((), usage) = usage(|| {
            let mut connection = server(crate::support::unlimited(Side::Server.config()));
            connection = connection.with_deflate(&Params::default(), &eager());
            let mut rx = RecvBuffer::new();
            let (mut bytes, mut len) = (&stream[..], 0);
            while !bytes.is_empty() {
                bytes = &bytes[rx.extend_from_slice(bytes)..];
                while let Some(event) = connection.receive_chunk(&mut rx).unwrap() {
                    let ChunkEvent::Chunk(chunk) = event else { panic!("{event:?}") };
                    len += chunk.payload.as_bytes().len();
                }
            }
            assert_eq!(len, 30 * LIMIT);
        });
        assert!(usage.peak <= 96 * 1024, "{}", usage.peak);
    }
}

#[test]
fn the_ratio_can_be_limited() {
    let config = eager().max_ratio(Some(20));
    let stream = |len: usize| fragments(&compressed(&vec![0; len]), usize::MAX);
    // The first 64 KiB do not count.
    assert_eq!(survive(&[&stream(60_000)], limited(), &config).0, Ok(vec![60_000]));
    let (result, peak) = survive(&[&stream(LIMIT)], limited(), &config);
    assert_eq!(result, Err(Limit::CompressionRatio.into()));
    assert!(peak <= 200_000, "{peak}");
    // Where both limits are the same, the message is too big in any case.
    let (bomb, plain) = (compressed(&vec![0; LIMIT]), 64 * 1024);
    let both = Side::Server.config().max_message_bytes((bomb.len() + plain) as u64);
    let (result, _) = survive(&[&fragments(&bomb, usize::MAX)], both, &eager().max_ratio(Some(1)));
    assert_eq!(result, Err(Limit::MessageTooBig.into()));
    let honest = b"{\"id\":1,\"name\":\"a\"}".iter().enumerate().map(|(at, byte)| byte ^ (at as u8 & 1));
    let honest: Vec<u8> = honest.collect();
    let mut rng = Rng::new(3);
    let honest: Vec<u8> = (0..200_000).map(|_| *rng.pick(&honest)).collect();
    assert_eq!(survive(&[&fragments(&compressed(&honest), 1000)], limited(), &config).0, Ok(vec![200_000]));
}

/// A message that was larger than the base of the buffer leaves nothing behind.
#[test]
fn d07_memory_comes_back() {
    let stream = fragments(&compressed(&vec![0; LIMIT]), usize::MAX);
    let config = eager().pool(Pool::new(1));
    let mut connection = server(limited()).with_deflate(&forgetful(), &config);
    let mut rx = RecvBuffer::new();
    let ((), usage) = usage(|| {
        let _ = rx.extend_from_slice(&stream);
        assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes.len() == LIMIT));
        assert_eq!(connection.receive(&mut rx), Ok(None));
        let _ = rx.spare_mut();
        rx.release();
        assert_eq!(rx.capacity(), 0);
    });
    assert!(usage.held < 48 * 1024, "the pool keeps one context: {}", usage.held);
    drop((connection, config));
}

/// What it needed is there for the next one if that is no more than the buffer's base; otherwise the next read gives it
/// back, and no sooner: until then it is the caller's to look at.
#[test]
fn d07_the_place_of_a_large_message_is_given_back_at_the_next_read() {
    for (len, is_kept) in [(100, true), (16 * 1024, true), (16 * 1024 + 1, false), (LIMIT, false)] {
        let mut connection = server(limited()).with_deflate(&forgetful(), &eager());
        let mut rx = RecvBuffer::new();
        assert!(rx.extend_from_slice(&fragments(&compressed(&vec![0; len]), usize::MAX)) > 0);
        assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes.len() == len));
        let ((), usage) = usage(|| _ = rx.spare_mut());
        let given_back = -usage.held;
        assert!(if is_kept { given_back == 0 } else { given_back >= len as isize }, "{len}: {given_back}");
    }
}

/// What was used for one window or level is not lent for another; what suits is, also by a connection that kept it as
/// long as it lived; and all of it is freed with the pool.
#[test]
fn a_pool_lends_what_suits_and_nothing_else() {
    // Something to refer to at all distances.
    let message = Rng::new(5).bytes(700).repeat(4);
    let settings = |bits, level| (Params { server_max_window_bits: WindowBits::new(bits), ..Params::default() }, level);
    let send = |(params, level): (Params, u8), config: Config| {
        let mut connection = server(limited()).with_deflate(&params, &config.level(level));
        let mut tx = Vec::new();
        connection.send_binary(&message, &mut tx).unwrap();
        tx
    };
    let (alone, pooled) = (eager(), |pool: &std::sync::Arc<Pool>| eager().pool(pool.clone()));
    let ((), usage) = usage(|| {
        for (first, second) in [((15, 4), (9, 4)), ((9, 4), (15, 4)), ((15, 1), (15, 9)), ((15, 9), (15, 1))] {
            let ((first, second), pool) = ((settings(first.0, first.1), settings(second.0, second.1)), Pool::new(1));
            send(first, pooled(&pool));
            assert!(send(second, pooled(&pool)) == send(second, alone.clone()), "{first:?}, then {second:?}");
        }
        let pool = Pool::new(1);
        send(settings(15, 4), pooled(&pool));
        let (_, again) = crate::allocation::usage(|| send(settings(15, 4), pooled(&pool)));
        assert!(again.peak < 64 * 1024, "{again:?}");
    });
    assert_eq!(usage.held, 0);
}

/// The same for what was received with.
#[test]
fn a_pool_lends_what_a_dropped_connection_kept() {
    let config = eager().pool(Pool::new(1));
    let stream = fragments(&compressed(b"hello"), usize::MAX);
    let peaks = [(); 2].map(|()| survive(&[&stream], limited(), &config).1);
    assert!(peaks[0] > peaks[1] + 30 * 1024, "{peaks:?}");
}

/// A large message in either direction leaves no more behind than a small one, with takeover too.
#[test]
fn an_unusually_large_message_is_not_kept() {
    let noise = Rng::new(6).bytes(300_000);
    let (connection, usage) = usage(|| {
        let mut connection = server(limited()).with_deflate(&Params::default(), &eager());
        let mut tx = Vec::new();
        connection.send_binary(&noise, &mut tx).unwrap();
        connection
    });
    assert!(usage.held < 330_000, "{}", usage.held);
    drop(connection);
}

/// What one connection keeps while it is idle, after a message each way.
fn idle_bytes(params: &Params, config: &Config) -> isize {
    let (connection, usage) = usage(|| {
        let mut connection = server(limited()).with_deflate(params, config);
        let mut tx = Vec::new();
        let message = b"a message that is sent both ways ".repeat(20);
        connection.send_binary(&message, &mut tx).unwrap();
        let mut rx = RecvBuffer::new();
        let _ = rx.extend_from_slice(&wire::frame(FIN | RSV1 | BINARY, &compressed(&message), Some(KEY)));
        assert!(matches!(connection.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes == message));
        connection
    });
    drop(connection);
    usage.held
}

/// The table in `docs/benchmarks.md` and at the top of `deflate`. The connection itself comes to it.
#[test]
fn d06_idle_connections_keep_what_they_are_said_to_keep() {
    let windows = |bits| Params { server_max_window_bits: WindowBits::new(bits), ..Params::default() };
    let forget_ours = Params { server_no_context_takeover: true, ..Params::default() };
    let forget_theirs = |bits| Params { client_no_context_takeover: true, ..windows(bits) };
    let pool = eager().pool(Pool::new(1));
    let _ = idle_bytes(&forgetful(), &pool);
    let cases = [
        // Two thirds of it where a pointer has 32 bits.
        ("no takeover", forgetful(), eager(), 40..250),
        ("no takeover, pooled", forgetful(), pool, 40..250),
        ("takeover 15/15", windows(15), eager(), 300_000..330_000),
        ("takeover 10/10", windows(10), eager(), 180_000..205_000),
        ("the peer's takeover", forget_ours, eager(), 45_000..49_000),
        ("our takeover, 15 bits", forget_theirs(15), eager(), 260_000..290_000),
        ("our takeover, 10 bits", forget_theirs(10), eager(), 140_000..165_000),
        ("our takeover, 9 bits", forget_theirs(9), eager(), 140_000..165_000),
    ];
    for (name, params, config, expected) in cases {
        let bytes = idle_bytes(&params, &config);
        println!("{name}: {bytes} bytes");
        assert!(expected.contains(&bytes), "{name}: {bytes}");
    }
}

/// What the settings count with is what there is, and no more than a sixteenth above it.
#[test]
fn the_budget_knows_the_contexts() {
    for bits in 8..=15 {
        let window = WindowBits::new(bits).unwrap();
        let (compressor, ours) = usage(|| Box::new(Compressor::new(window, 6)));
        let (inflater, theirs) = usage(|| Box::new(Inflater::new()));
        let config = |bytes: isize| {
            let config = eager().local_window(window).peer_takeover(false);
            config.max_idle_bytes(Some(bytes as usize)).answer(&Default::default())
        };
        assert!(config(ours.held - 1).server_no_context_takeover, "{bits}: {}", ours.held);
        assert!(!config(ours.held * 17 / 16).server_no_context_takeover, "{bits}: {}", ours.held);
        let config = |bytes: isize| {
            let config = eager().local_takeover(false).max_idle_bytes(Some(bytes as usize));
            config.answer(&Default::default())
        };
        assert!(config(theirs.held - 1).client_no_context_takeover, "{}", theirs.held);
        assert!(!config(theirs.held * 17 / 16).client_no_context_takeover, "{}", theirs.held);
        drop((compressor, inflater));
    }
}

/// With takeover, or with a pool, nothing is allocated for a message once the first have come.
#[test]
fn a_steady_conversation_allocates_nothing() {
    let messages = [
        b"{\"id\":1234,\"price\":12.5}".repeat(40),
        b"{\"id\":5678,\"name\":\"somebody\"}".repeat(560),
        b"small and large ".repeat(9),
        Rng::new(4).bytes(12_000),
        // As large as the buffer's base.
        b"0123456789abcdef".repeat(1024),
    ];
    assert!(messages.iter().all(|message| message.len() <= 16 * 1024));
    for (params, config) in [(Params::default(), eager()), (forgetful(), eager().pool(Pool::new(1)))] {
        let mut sender = server(Side::Server.config()).with_deflate(&params, &config);
        let mut receiver = client(Side::Client.config()).with_deflate(&params, &config);
        let mut rx = RecvBuffer::new();
        let mut tx = Vec::with_capacity(64 * 1024);
        let mut converse = |rounds: usize| {
            for message in messages.iter().cycle().take(rounds) {
                tx.clear();
                sender.send_binary(message, &mut tx).unwrap();
                let _ = rx.extend_from_slice(&tx);
                assert!(matches!(receiver.receive(&mut rx), Ok(Some(Event::Binary(bytes))) if bytes == &message[..]));
            }
        };
        converse(12);
        let ((), usage) = usage(|| converse(60));
        assert_eq!((usage.calls, usage.peak, usage.held), (0, 0, 0));
    }
}

/// A connection without compression has nothing on the heap, with the feature too.
#[test]
fn whoever_does_not_agree_pays_nothing() {
    let (connection, usage) = usage(|| server(Side::Server.config()));
    assert_eq!((usage.calls, usage.held), (0, 0));
    drop::<Connection<Server>>(connection);
}
