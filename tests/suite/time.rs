//! An instant is an integer.

use core::time::Duration;

use websocket_proto::Instant;

#[test]
fn all_ways_to_name_a_moment_agree() {
    let moment = Instant::from_micros(1_500_000);
    assert_eq!(moment, Instant::from_millis(1_500));
    assert_eq!(moment, Instant::from_duration(Duration::from_secs_f64(1.5)));
    assert_eq!(moment, Instant::EPOCH + Duration::from_millis(1_500));
    assert_eq!(moment.as_micros(), 1_500_000);
    assert_eq!(Instant::default(), Instant::EPOCH);
}

#[test]
fn parts_of_a_microsecond_are_cut_off() {
    assert_eq!(Instant::from_duration(Duration::from_nanos(1_999)), Instant::from_micros(1));
}

#[test]
fn distance_is_never_negative() {
    let (early, late) = (Instant::from_millis(3), Instant::from_millis(5));
    assert_eq!(late.saturating_since(early), Duration::from_millis(2));
    assert_eq!(early.saturating_since(late), Duration::ZERO);
    assert!(early < late);
}

#[test]
fn the_end_of_time_is_not_passed() {
    let end = Instant::from_micros(u64::MAX);
    assert_eq!(end + Duration::from_micros(1), end);
    assert_eq!(Instant::EPOCH + Duration::MAX, end);
    assert_eq!(Instant::from_duration(Duration::MAX), end);
    assert_eq!(Instant::from_duration(Duration::from_secs(u64::MAX / 2)), end);
    assert_eq!(Instant::from_millis(u64::MAX), end);
    assert_eq!(end.saturating_since(Instant::EPOCH), Duration::from_micros(u64::MAX));
}

#[test]
fn it_is_small() {
    assert_eq!(size_of::<Instant>(), 8);
}
