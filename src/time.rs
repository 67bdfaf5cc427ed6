//! Time without a clock.
//!
//! Nothing in this crate reads a clock. The caller says what time it is, counted from an epoch of its own choosing (the
//! start of the process, of the connection, of the machine), and asks when to come back. Only the distance between two
//! instants ever matters, so an [`Instant`] is one integer: it costs eight bytes, needs no `std`, and a test can live a
//! year in a millisecond.

use core::time::Duration;

/// A moment on the caller's own clock: microseconds since an epoch of the caller's choice.
///
/// Hand in moments that never go backwards; a step back is taken as "no time has passed".
///
/// ```
/// use core::time::Duration;
/// use websocket_proto::Instant;
///
/// let started = std::time::Instant::now();               // the epoch
/// let now = Instant::from_duration(started.elapsed());   // what is handed to the crate
/// assert!(now + Duration::from_secs(1) > now);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    micros: u64,
}

impl Instant {
    /// The caller's epoch itself: no moment is earlier. A deadline of `EPOCH` means "at once".
    pub const EPOCH: Self = Self { micros: 0 };

    /// The moment `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// The moment `millis` milliseconds after the epoch; the end of time when there is no such moment.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self { micros: millis.saturating_mul(1_000) }
    }

    /// The moment `since_epoch` after the epoch, as `std::time::Instant::elapsed` gives it; parts of a microsecond are
    /// left out.
    #[must_use]
    pub const fn from_duration(since_epoch: Duration) -> Self {
        let micros = since_epoch.as_micros();
        #[expect(clippy::cast_possible_truncation, reason = "checked in the same line")]
        let micros = if micros > u64::MAX as u128 { u64::MAX } else { micros as u64 };
        Self { micros }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros))
    }

    /// The moment `after` later; the end of time when there is no such moment.
    #[must_use]
    pub const fn saturating_add(self, after: Duration) -> Self {
        Self { micros: self.micros.saturating_add(Self::from_duration(after).micros) }
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    /// [`saturating_add`](Self::saturating_add).
    fn add(self, after: Duration) -> Self {
        self.saturating_add(after)
    }
}

/// A span that a timer waits, kept as whole milliseconds in four bytes: 1 ms to 49 days. None is "off".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(Option<core::num::NonZeroU32>);

impl Span {
    pub(crate) const OFF: Self = Self(None);

    /// `duration` rounded up to a whole millisecond, and clamped to what four bytes hold. `None` and zero are "off".
    pub(crate) const fn new(duration: Option<Duration>) -> Self {
        match duration {
            None => Self::OFF,
            Some(duration) => {
                let millis = duration.as_nanos().div_ceil(1_000_000);
                #[expect(clippy::cast_possible_truncation, reason = "checked in the same line")]
                let millis = if millis > u32::MAX as u128 { u32::MAX } else { millis as u32 };
                Self(core::num::NonZeroU32::new(millis))
            }
        }
    }

    pub(crate) const fn duration(self) -> Option<Duration> {
        match self.0 {
            None => None,
            Some(millis) => Some(Duration::from_millis(millis.get() as u64)),
        }
    }

    pub(crate) const fn is_on(self) -> bool {
        self.0.is_some()
    }

    /// When a timer that starts at `start` fires; `None` when it is off.
    pub(crate) fn after(self, start: Instant) -> Option<Instant> {
        self.duration().map(|span| start.saturating_add(span))
    }
}

/// A deadline for something that must end, whose start nobody has told the time of yet.
///
/// The machine starts it when a state is entered (no clock at hand there), the next `handle_timeout` puts the moment to
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// Nothing to wait for.
    Off,
    /// To be started at the next moment that the caller tells.
    Starting,
    /// Fires at this moment.
    At(Instant),
}

impl Deadline {
    /// When the caller should come back for it.
    pub(crate) const fn poll(self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Starting => Some(Instant::EPOCH),
            Self::At(moment) => Some(moment),
        }
    }

    /// Starts it if it is to be started; true when it has passed.
    pub(crate) fn handle(&mut self, now: Instant, span: Span) -> bool {
        match *self {
            Self::Off => false,
            Self::Starting => {
                *self = span.after(now).map_or(Self::Off, Self::At);
                false
            }
            Self::At(moment) => now >= moment,
        }
    }
}
