//! What a connection grants, and when it loses patience.

use core::time::Duration;

use crate::message::Limits;
use crate::time::Span;

/// The settings of a connection. [`server`](Self::server) and [`client`](Self::client) give the defaults, each setter
/// says why its default is what it is.
///
/// ```
/// use core::time::Duration;
/// use websocket_proto::Config;
///
/// let config = Config::server()
///     .max_message_bytes(1 << 20)
///     .ping_interval(Some(Duration::from_secs(30)))
///     .pong_timeout(Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) limits: Limits,
    pub(super) auto_pong: bool,
    pub(super) spans: Spans,
}

/// The spans of the timers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    pub(super) ping: Span,
    pub(super) pong: Span,
    pub(super) idle: Span,
    pub(super) close: Span,
}

impl Config {
    /// The defaults of a server.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            limits: Limits {
                max_message_bytes: 16 << 20,
                max_frame_bytes: u64::MAX,
                max_fragments: 262_144,
                max_control_frames: 1_000_000,
            },
            auto_pong: true,
            spans: Spans {
                ping: Span::OFF,
                pong: Span::OFF,
                idle: Span::OFF,
                close: Span::new(Some(Duration::from_secs(10))),
            },
        }
    }

    /// The defaults of a client: those of a server, but for the number of fragments.
    #[must_use]
    pub const fn client() -> Self {
        let mut config = Self::server();
        config.limits.max_fragments = u32::MAX;
        config
    }

    /// The most bytes a message may have, all its fragments together. `u64::MAX` for no limit.
    ///
    /// 16 MiB by default. Precedents: 1 MiB in Python `websockets`, 16 MiB for a frame and 64 MiB for a message in
    /// tungstenite, 100 MiB in Node's `ws`. A message beyond it fails the connection with 1009 when its header is read,
    /// before any memory is used for it.
    #[must_use]
    pub const fn max_message_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_message_bytes = bytes;
        self
    }

    /// The most bytes one frame of a message may have. `u64::MAX` for no limit but that of the message.
    ///
    /// No limit of its own by default: a frame is never waited for as a whole, so that of the message is enough.
    #[must_use]
    pub const fn max_frame_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_frame_bytes = bytes;
        self
    }

    /// The most frames one message may have, empty ones included. `u32::MAX` for no limit.
    ///
    /// 262,144 by default for a server (16 MiB in pieces of 64 bytes), no limit for a client. Fragments cost no memory
    /// here, so this bounds time only. Precedents: Node's `ws` began with 131,072 after GHSA-96hv-2xvq-fx4p, went down
    /// to 16,384 and broke honest clients; the Autobahn suite sends 65,537.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.limits.max_fragments = frames;
        self
    }

    /// The most control frames that may come with nothing between them: no data from the peer, no message or Ping from
    /// us, no [`handle_timeout`](crate::Connection::handle_timeout). `u32::MAX` for no limit.
    ///
    /// 1,000,000 by default. A control frame costs no memory, and at most its own size in answer, so this stops a flood
    /// only; a peer that pings every twenty seconds and gets nothing but Pongs meets it after seven months. (Node's
    /// `http2` closes a session with 10 unanswered pings, to bound its queue; there is no queue here.)
    #[must_use]
    pub const fn max_control_frames(mut self, frames: u32) -> Self {
        self.limits.max_control_frames = frames;
        self
    }

    /// Whether a Ping is answered without the caller's doing (RFC 6455 §5.5.2 demands an answer). On by default.
    #[must_use]
    pub const fn auto_pong(mut self, on: bool) -> Self {
        self.auto_pong = on;
        self
    }

    /// After how long a silence of the peer it is pinged. Off by default.
    ///
    /// Spans are kept in whole milliseconds, rounded up, and at most 49 days; a span of zero is off, as `None` is.
    /// Precedents: 20 s in Python `websockets`, 30 s in Phoenix.
    #[must_use]
    pub const fn ping_interval(mut self, silence: Option<Duration>) -> Self {
        self.spans.ping = Span::new(silence);
        self
    }

    /// How long after the Ping of [`ping_interval`](Self::ping_interval), without which this has no effect, anything at
    /// all must have come, or the connection fails with [`Timeout::Pong`](crate::Timeout::Pong). Off by default.
    #[must_use]
    pub const fn pong_timeout(mut self, wait: Option<Duration>) -> Self {
        self.spans.pong = Span::new(wait);
        self
    }

    /// After how long without a message either way the connection fails with [`Timeout::Idle`](crate::Timeout::Idle)
    /// (1001). Pings do not count. Off by default.
    #[must_use]
    pub const fn idle_timeout(mut self, silence: Option<Duration>) -> Self {
        self.spans.idle = Span::new(silence);
        self
    }

    /// How long closing may take, from the first Close, or the request that a [`ServerSession`](crate::ServerSession)
    /// has refused, to the end of the transport. 10 s by default, as in Python `websockets`.
    #[must_use]
    pub const fn close_timeout(mut self, wait: Option<Duration>) -> Self {
        self.spans.close = Span::new(wait);
        self
    }
}
