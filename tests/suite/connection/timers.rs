//! A year in a millisecond.

use core::time::Duration;

use websocket_proto::State;
use websocket_proto::{Config, Instant, Misuse, ProtocolError, Server, Timeout, Transport};

use super::world::{End, Seen, frames, server};
use crate::message::{BINARY, CLOSE, PING, PONG, TEXT, TEXT_MORE, closing, masked, plain};

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

const fn span(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

/// What `handle_timeout` has made of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Ping,
    Timeout(Timeout),
}

impl End<Server> {
    fn at(&mut self, now: Instant) -> Due {
        match self.connection.handle_timeout(now) {
            Err(ProtocolError::Timeout(timeout)) => Due::Timeout(timeout),
            Err(error) => panic!("{error}"),
            Ok(()) if self.connection.wants_transmit() => {
                assert_eq!(frames(&self.owed()), ["ping"]);
                Due::Ping
            }
            Ok(()) => Due::Nothing,
        }
    }

    fn next(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }
}

#[test]
fn without_deadlines_there_is_nothing_to_wait_for() {
    let mut server = server(Config::server());
    assert_eq!(server.next(), None);
    assert_eq!(server.at(ms(1_000_000_000)), Due::Nothing);
    assert_eq!(server.next(), None);
}

#[test]
fn a_timer_wants_to_be_started_at_once() {
    for config in [Config::server().ping_interval(span(50)), Config::server().idle_timeout(span(50))] {
        let mut server = server(config);
        assert_eq!(server.next(), Some(Instant::EPOCH));
        assert_eq!(server.at(ms(7_000)), Due::Nothing);
        assert_eq!(server.next(), Some(ms(7_050)));
    }
}

/// Without pings no pong is waited for.
#[test]
fn a_pong_deadline_alone_does_nothing() {
    let mut server = server(Config::server().pong_timeout(span(50)));
    assert_eq!(server.at(ms(0)), Due::Nothing);
    for now in [0, 49, 50, 51, 1_000_000] {
        assert_eq!(server.at(ms(now)), Due::Nothing);
    }
}

#[test]
fn a_silent_peer_is_pinged_and_given_up() {
    let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)));
    server.at(ms(1_000));
    assert_eq!(server.at(Instant::from_micros(1_099_999)), Due::Nothing, "never early");
    assert_eq!(server.at(ms(1_100)), Due::Ping);
    assert_eq!(server.next(), Some(ms(1_130)));
    assert_eq!(server.at(Instant::from_micros(1_129_999)), Due::Nothing, "never early");
    assert_eq!(server.at(ms(1_130)), Due::Timeout(Timeout::Pong));

    assert_eq!(server.connection.state(), State::Failing);
    assert_eq!(server.get(&masked(TEXT, "too late")), [Seen::Error(Timeout::Pong.into())]);
    assert_eq!(frames(&server.owed()), ["close 1011 \"\""]);
    assert_eq!(server.eof(), (1006, false));
}

#[test]
fn without_a_pong_deadline_a_silent_peer_is_pinged_for_ever() {
    let mut server = server(Config::server().ping_interval(span(100)));
    server.at(ms(0));
    for round in 1..50 {
        assert_eq!(server.next(), Some(ms(round * 100)));
        assert_eq!(server.at(ms(round * 100)), Due::Ping);
    }
}

/// Even half a header shows that the peer lives.
#[test]
fn anything_that_comes_is_a_sign_of_life() {
    let signs = [
        masked(PONG, ""),
        masked(PING, ""),
        masked(TEXT, "x"),
        masked(TEXT_MORE, "x"),
        vec![BINARY],
        masked(PONG, "unasked"),
    ];
    for bytes in signs {
        let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)).auto_pong(false));
        server.at(ms(0));
        assert_eq!(server.at(ms(100)), Due::Ping);
        server.get(&bytes);
        assert_eq!(server.at(ms(130)), Due::Nothing);
        assert_eq!(server.next(), Some(ms(230)));
        assert_eq!(server.at(ms(230)), Due::Ping);
    }
}

/// Each byte of a long frame counts, also when there is no event.
#[test]
fn a_slow_message_is_a_sign_of_life() {
    let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)));
    server.at(ms(0));
    for (at, byte) in masked(BINARY, [0; 1_000]).into_iter().enumerate() {
        assert_eq!(server.at(ms(at as u64 * 90)), Due::Nothing);
        server.get(&[byte]);
    }
}

/// The usual loop makes room, reads nothing, receives nothing. That is no news.
#[test]
fn receiving_nothing_is_no_sign_of_life() {
    for start in [vec![], masked(TEXT, "x"), masked(TEXT_MORE, "x"), masked(TEXT, "half")[..8].to_vec(), vec![TEXT]] {
        let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)));
        server.get(&start);
        server.at(ms(0));
        for now in 0..130 {
            assert_eq!(server.get(&[]), []);
            server.rx.spare_mut();
            server.rx.filled(0);
            assert_eq!(server.at(ms(now)), if now == 100 { Due::Ping } else { Due::Nothing });
        }
        assert_eq!(server.at(ms(130)), Due::Timeout(Timeout::Pong));
    }
}

#[test]
fn what_we_send_is_no_sign_of_the_peers_life() {
    let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)));
    server.at(ms(0));
    server.text("hello?").unwrap();
    server.ping(b"?").unwrap();
    server.tx.take();
    assert_eq!(server.at(ms(100)), Due::Ping);
    server.text("hello?").unwrap();
    server.tx.take();
    assert_eq!(server.at(ms(130)), Due::Timeout(Timeout::Pong));
}

/// However often the time is told, nothing is due sooner or later for it, as long as the peer is silent.
#[test]
fn telling_the_time_too_often_is_harmless() {
    for step in [1, 7, 10, 33] {
        let config = Config::server().ping_interval(span(100)).pong_timeout(span(30)).idle_timeout(span(10_000));
        let mut server = server(config);
        let mut first = |due: Due, from: u64| (from..).step_by(step).find(|now| server.at(ms(*now)) == due).unwrap();
        let ping = first(Due::Ping, 0);
        assert!((100..100 + step as u64).contains(&ping), "pinged at {ping}");
        let given_up = first(Due::Timeout(Timeout::Pong), ping);
        assert!((ping + 30..ping + 30 + step as u64).contains(&given_up), "given up at {given_up}");
    }
}

/// A caller who comes back only when asked finds a silence at most one period late, and never early.
#[test]
fn a_silence_is_found_at_most_one_period_late() {
    for last_word in 0..400 {
        let mut server = server(Config::server().ping_interval(span(100)));
        server.at(ms(0));
        let mut heard = false;
        loop {
            let now = server.next().unwrap();
            if !heard && now > ms(last_word) {
                server.get(&masked(PONG, ""));
                heard = true;
            }
            if server.at(now) == Due::Ping && heard {
                let silence = now.saturating_since(ms(last_word));
                assert!(silence >= Duration::from_millis(100) && silence <= Duration::from_millis(200), "{silence:?}");
                break;
            }
        }
    }
}

#[test]
fn a_ping_that_cannot_be_written_yet_stays_one_ping() {
    let mut server = server(Config::server().ping_interval(span(100)));
    for now in 0..10 {
        server.connection.handle_timeout(ms(now * 100)).unwrap();
    }
    assert_eq!(frames(&server.owed()), ["ping"]);
}

#[test]
fn a_ping_that_is_due_is_not_sent_behind_our_close() {
    let mut server = server(Config::server().ping_interval(span(100)));
    server.at(ms(0));
    server.connection.handle_timeout(ms(100)).unwrap();
    server.close(1000, "").unwrap();
    assert_eq!(frames(&server.owed()), ["close 1000 \"\""]);
}

#[test]
fn a_connection_without_messages_is_idle() {
    let mut server = server(Config::server().idle_timeout(span(100)));
    server.at(ms(0));
    server.get(&masked(TEXT, "in"));
    assert_eq!(server.at(ms(50)), Due::Nothing);
    server.text("out").unwrap();
    server.tx.take();
    assert_eq!(server.at(ms(120)), Due::Nothing);
    assert_eq!(server.next(), Some(ms(220)));
    assert_eq!(server.at(Instant::from_micros(219_999)), Due::Nothing, "never early");
    assert_eq!(server.at(ms(220)), Due::Timeout(Timeout::Idle));
    assert_eq!(frames(&server.owed()), ["close 1001 \"\""]);
    assert_eq!(server.get(&[]), [Seen::Error(Timeout::Idle.into())]);
}

#[test]
fn each_direction_alone_keeps_a_connection_from_being_idle() {
    let mut hears = server(Config::server().idle_timeout(span(100)));
    let mut speaks = server(Config::server().idle_timeout(span(100)));
    for now in (0..1_000).step_by(60) {
        hears.get(&masked(TEXT, "in"));
        speaks.text("out").unwrap();
        speaks.tx.take();
        assert_eq!([hears.at(ms(now)), speaks.at(ms(now))], [Due::Nothing; 2]);
    }
    assert_eq!([hears.next(), speaks.next()], [Some(ms(1_060)); 2]);
}

#[test]
fn pings_and_pongs_do_not_keep_a_connection_from_being_idle() {
    let mut server = server(Config::server().idle_timeout(span(100)).ping_interval(span(30)).pong_timeout(span(10)));
    server.at(ms(0));
    for now in [30, 60, 90] {
        server.connection.handle_timeout(ms(now)).unwrap();
        server.owed();
        server.get(&[masked(PONG, ""), masked(PING, "")].concat());
        server.owed();
        server.ping(b"").unwrap();
        server.tx.take();
    }
    assert_eq!(server.at(ms(100)), Due::Timeout(Timeout::Idle));
}

/// With both due at once the peer is told what is worse.
#[test]
fn silence_outweighs_idleness_and_idleness_a_ping() {
    let mut silent = server(Config::server().idle_timeout(span(130)).ping_interval(span(100)).pong_timeout(span(30)));
    silent.at(ms(0));
    assert_eq!(silent.at(ms(100)), Due::Ping);
    assert_eq!(silent.at(ms(130)), Due::Timeout(Timeout::Pong));

    let mut idle = server(Config::server().idle_timeout(span(100)).ping_interval(span(100)));
    idle.at(ms(0));
    assert_eq!(idle.at(ms(100)), Due::Timeout(Timeout::Idle));
}

#[test]
fn closing_has_a_deadline() {
    let mut server = server(Config::server().close_timeout(span(100)));
    assert_eq!(server.next(), None);
    server.close(1000, "").unwrap();
    server.tx.take();
    assert_eq!(server.next(), Some(Instant::EPOCH));
    assert_eq!(server.at(ms(5_000)), Due::Nothing);
    assert_eq!(server.next(), Some(ms(5_100)));
    assert_eq!(server.at(Instant::from_micros(5_099_999)), Due::Nothing, "never early");
    assert_eq!(server.at(ms(5_100)), Due::Timeout(Timeout::Close));
    assert_eq!((server.connection.state(), server.connection.transport()), (State::Ended, Transport::Closed));
    assert_eq!(server.next(), None);
    assert_eq!(server.at(ms(6_000)), Due::Nothing);
    assert_eq!(server.owed(), []);
    assert_eq!(server.text("x"), Err(Misuse::Closed.into()));
    assert_eq!(server.eof(), (1006, false));
}

/// From the first Close to the end of the transport, and nothing on the way starts it anew.
#[test]
fn the_close_deadline_covers_the_whole_of_closing() {
    let mut server = server(Config::server().close_timeout(span(100)).ping_interval(span(10)).idle_timeout(span(10)));
    server.at(ms(0));
    server.get(&masked(CLOSE, closing(1000, "")));
    assert_eq!(server.next(), Some(Instant::EPOCH));
    assert_eq!(server.connection.handle_timeout(ms(5)), Ok(()));
    assert_eq!(frames(&server.owed()), ["close 1000 \"\""]);
    assert_eq!(server.connection.state(), State::Closed);
    assert_eq!(server.next(), Some(ms(105)));
    assert_eq!(server.at(ms(105)), Due::Timeout(Timeout::Close));
    assert_eq!(server.eof(), (1000, true), "both had closed, though the transport did not end");
}

#[test]
fn a_failure_starts_the_close_deadline() {
    let mut server = server(Config::server().close_timeout(span(100)));
    server.get(&plain(TEXT, ""));
    assert_eq!(server.next(), Some(Instant::EPOCH));
    assert_eq!(server.connection.handle_timeout(ms(10)), Ok(()));
    assert_eq!(server.at(ms(110)), Due::Timeout(Timeout::Close));
    assert_eq!(server.connection.transport(), Transport::Closed);
    assert_eq!(server.owed(), [], "the Close that was never written is not owed any more");
}

#[test]
fn closing_without_a_deadline_may_take_for_ever() {
    let mut server = server(Config::server().close_timeout(None));
    server.close(1000, "").unwrap();
    server.tx.take();
    for now in [0, 1_000, u64::MAX] {
        assert_eq!(server.at(ms(now)), Due::Nothing);
    }
    assert_eq!(server.next(), None);
}

#[test]
fn a_clock_that_goes_backwards_stands_still() {
    let mut server = server(Config::server().ping_interval(span(100)).pong_timeout(span(30)));
    server.at(ms(1_000));
    for now in [500, 0, 999] {
        server.get(&masked(PONG, ""));
        assert_eq!(server.at(ms(now)), Due::Nothing);
        assert_eq!(server.next(), Some(ms(1_100)), "no deadline moves back");
    }
    assert_eq!(server.at(ms(1_100)), Due::Ping);
    assert_eq!(server.at(ms(0)), Due::Nothing);
    assert_eq!(server.at(ms(1_130)), Due::Timeout(Timeout::Pong));
}

#[test]
fn a_clock_that_goes_backwards_makes_nobody_idle() {
    let mut server = server(Config::server().idle_timeout(span(100)));
    server.at(ms(1_000));
    server.get(&masked(TEXT, ""));
    assert_eq!(server.at(ms(500)), Due::Nothing);
    assert_eq!(server.next(), Some(ms(1_100)));
}

#[test]
fn spans_are_whole_milliseconds_rounded_up_and_at_most_49_days() {
    let in_millis = [
        (Duration::from_nanos(1), 1),
        (Duration::from_micros(1_001), 2),
        (Duration::from_millis(1), 1),
        (Duration::from_millis(u64::from(u32::MAX)), u64::from(u32::MAX)),
        (Duration::from_millis(u64::from(u32::MAX) + 1), u64::from(u32::MAX)),
        (Duration::MAX, u64::from(u32::MAX)),
    ];
    for (duration, millis) in in_millis {
        let mut server = server(Config::server().ping_interval(Some(duration)));
        server.at(ms(10));
        assert_eq!(server.next(), Some(ms(10 + millis)), "{duration:?}");
    }
}

#[test]
fn a_span_of_nothing_is_off() {
    let zero = Some(Duration::ZERO);
    let mut server =
        server(Config::server().ping_interval(zero).pong_timeout(zero).idle_timeout(zero).close_timeout(zero));
    assert_eq!(server.next(), None);
    server.close(1000, "").unwrap();
    server.tx.take();
    server.at(ms(1));
    assert_eq!(server.next(), None);
}

/// Where no later moment exists, a deadline has come: early, but not in this universe.
#[test]
fn at_the_end_of_time_everything_is_due() {
    let mut server = server(Config::server().ping_interval(span(100)));
    let end = Instant::from_micros(u64::MAX);
    assert_eq!(server.at(end), Due::Ping);
    assert_eq!(server.next(), Some(end));
}

/// A control frame is no message, whole or in halves, also in the middle of one.
#[test]
fn a_pong_in_halves_keeps_nothing_from_being_idle() {
    let mut server = server(Config::server().idle_timeout(span(50)));
    assert_eq!(server.at(ms(0)), Due::Nothing);
    assert_eq!(server.get(&masked(TEXT_MORE, "unfinished")), []);
    assert_eq!(server.at(ms(10)), Due::Nothing);
    let pong = masked(PONG, "alive");
    let (half, rest) = pong.split_at(8);
    assert_eq!(server.get(half), []);
    assert_eq!(server.at(ms(40)), Due::Nothing);
    assert_eq!(server.get(rest).len(), 1);
    assert_eq!(server.at(ms(59)), Due::Nothing);
    assert_eq!(server.at(ms(60)), Due::Timeout(Timeout::Idle));
}

/// What comes of a message counts when it comes, whether or not it is enough to show; to look again does not.
#[test]
fn what_comes_of_a_message_is_heard_of_at_once() {
    let text = masked(TEXT, "\u{e9}");
    let begun = |first: &[u8]| {
        let mut server = server(Config::server().idle_timeout(span(100)));
        assert_eq!(server.at(ms(0)), Due::Nothing);
        let _ = server.rx.extend_from_slice(first);
        assert_eq!(server.connection.receive_chunk(&mut server.rx), Ok(None));
        assert_eq!(server.at(ms(10)), Due::Nothing);
        server
    };
    // A header with nothing behind it; the header of a fragment that is empty.
    for first in [&text[..6], &masked(TEXT_MORE, "")] {
        assert_eq!(begun(first).next(), Some(ms(110)), "{first:?}");
    }
    // Half a character, and what others know already.
    for (more, next) in [(&text[6..7], 160), (b"", 110)] {
        for in_chunks in [true, false] {
            let mut server = begun(&text[..6]);
            let _ = server.rx.extend_from_slice(more);
            if in_chunks {
                assert_eq!(server.connection.receive_chunk(&mut server.rx), Ok(None));
            } else {
                assert_eq!(server.connection.receive(&mut server.rx), Ok(None));
            }
            assert_eq!(server.at(ms(60)), Due::Nothing);
            assert_eq!(server.next(), Some(ms(next)), "{more:?}, in chunks: {in_chunks}");
        }
    }
    // Half a header tells nothing of a message.
    assert_eq!(begun(&text[..5]).next(), Some(ms(100)));
}

/// Nobody is given up for not answering what was never sent.
#[test]
fn the_wait_for_a_pong_begins_when_the_ping_is_written() {
    let mut server = server(Config::server().ping_interval(span(20)).pong_timeout(span(10)));
    server.connection.handle_timeout(ms(0)).unwrap();
    for now in [20, 40, 100] {
        server.connection.handle_timeout(ms(now)).unwrap(); // due, and the send buffer is full
        assert!(server.connection.wants_transmit());
    }
    assert_eq!(frames(&server.owed()), ["ping"]);
    assert_eq!(server.next(), Some(ms(110)));
    assert_eq!(server.at(ms(109)), Due::Nothing);
    assert_eq!(server.at(ms(110)), Due::Timeout(Timeout::Pong));
}
