//! Compression on one connection: a direction each, and the contexts they have at the moment.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::compress::Compressor;
use super::config::Config;
use super::inflate::{InflateError, Inflater, Room, Stop};
use super::params::{Params, WindowBits};
use super::pool::Pool;

/// How the next messages are sent. Set it with `Connection::set_compression`; it holds from the next message on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Compressed, unless they have fewer bytes than [`Config::min_bytes`] or grow.
    #[default]
    Auto,
    /// As they are: for what is compressed already, and for secrets.
    Off,
    /// Compressed, however short they are.
    Always,
}

/// What a connection that has agreed on permessage-deflate keeps for it.
pub(crate) struct Session {
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
}

impl Session {
    pub(crate) fn new(params: &Params, config: &Config, is_server: bool) -> Self {
        let window = params.window_bits(is_server).min(config.largest_window());
        let may_remember = params.has_takeover(is_server) && window.can_be_kept();
        Self {
            inbound: Inbound {
                inflater: None,
                keeps_context: params.has_takeover(!is_server),
                max_ratio: config.ratio(),
                produced: 0,
                pool: config.shared().cloned(),
            },
            outbound: Outbound {
                compressor: None,
                keeps_context: may_remember && config.wants_local_takeover(),
                window,
                level: config.level_of_effort(),
                min_bytes: config.shortest(),
                may_grow: config.lets_grow(),
                compression: Compression::Auto,
                pool: config.shared().cloned(),
            },
        }
    }
}

/// Compressed messages from the peer.
pub(crate) struct Inbound {
    inflater: Option<Box<Inflater>>,
    keeps_context: bool,
    max_ratio: Option<u32>,
    /// The bytes of the message in progress that have come out.
    produced: u64,
    pool: Option<Arc<Pool>>,
}

/// What holds for the message in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most bytes it may have.
    pub(crate) max_message_bytes: u64,
    /// The bytes on the wire that its headers have announced so far.
    pub(crate) announced: u64,
    /// How long the output may become before somebody takes it out.
    pub(crate) max_len: usize,
}

/// Why the message in progress cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid,
    TooBig,
    TooDense,
}

/// What a message may have before its ratio counts.
const FREE_BYTES: u64 = 64 * 1024;

impl Inbound {
    /// Appends to `to` what `wire` gives, and moves `wire` past what was read. With `is_end`, the message ends behind
    /// it: [`Dry`](Stop::Dry) says that all of it has come out then.
    pub(crate) fn inflate(
        &mut self,
        wire: &mut &[u8],
        is_end: bool,
        to: &mut Vec<u8>,
        bounds: &Bounds,
    ) -> Result<Stop, Refusal> {
        let by_ratio = self
            .max_ratio
            .map_or(u64::MAX, |ratio| bounds.announced.saturating_mul(ratio.into()).saturating_add(FREE_BYTES));
        let most = bounds.max_message_bytes.min(by_ratio);
        let mut room = Room { allowed: most.saturating_sub(self.produced), max_len: bounds.max_len };
        let before = room.allowed;
        let inflater = self.inflater.get_or_insert_with(|| {
            let lent = self.pool.as_ref().and_then(|pool| pool.inflater());
            lent.unwrap_or_else(|| Box::new(Inflater::new()))
        });
        let mut stop = inflater.inflate(wire, to, &mut room);
        if is_end && stop == Ok(Stop::Dry) {
            stop = inflater.finish(to, &mut room);
        }
        self.produced = self.produced.saturating_add(before.saturating_sub(room.allowed));
        match stop {
            Ok(Stop::Dry) if is_end => self.end(),
            Ok(_) => {}
            Err(_) => self.inflater = None,
        }
        stop.map_err(|fault| match fault {
            InflateError::Invalid => Refusal::Invalid,
            InflateError::TooLong if by_ratio < bounds.max_message_bytes => Refusal::TooDense,
            InflateError::TooLong => Refusal::TooBig,
        })
    }

    /// The bytes of the message in progress that have come out.
    pub(crate) const fn message_len(&self) -> u64 {
        self.produced
    }

    fn end(&mut self) {
        self.produced = 0;
        if !self.keeps_context {
            self.release();
        }
    }

    /// Gives the context away.
    fn release(&mut self) {
        let Some(mut inflater) = self.inflater.take() else { return };
        if let Some(pool) = &self.pool {
            inflater.reset();
            pool.keep_inflater(inflater);
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.release();
    }
}

/// Compressed messages to the peer.
pub(crate) struct Outbound {
    compressor: Option<Box<Compressor>>,
    keeps_context: bool,
    window: WindowBits,
    level: u8,
    min_bytes: usize,
    may_grow: bool,
    pub(crate) compression: Compression,
    pool: Option<Arc<Pool>>,
}

impl Outbound {
    /// Whether a message that begins now is to be compressed; `len` is known unless it comes in fragments.
    pub(crate) fn wants(&self, len: Option<usize>) -> bool {
        match self.compression {
            Compression::Off => false,
            Compression::Always => true,
            Compression::Auto => len.is_none_or(|len| len >= self.min_bytes),
        }
    }

    /// What a connection that remembers nothing compresses with: the same for all messages and connections of these
    /// settings. `None` when this one remembers.
    pub(crate) const fn shared_settings(&self) -> Option<(WindowBits, u8)> {
        if self.keeps_context { None } else { Some((self.window, self.level)) }
    }

    /// Compresses the next piece of a message. Follow it with [`settle`](Self::settle).
    pub(crate) fn compress(&mut self, piece: &[u8], is_last: bool) -> &[u8] {
        let (window, level) = (self.window, self.level);
        let compressor = self.compressor.get_or_insert_with(|| {
            let lent = self.pool.as_ref().and_then(|pool| pool.compressor(window, level));
            lent.unwrap_or_else(|| Box::new(Compressor::new(window, level)))
        });
        compressor.compress(piece, is_last)
    }

    /// Compresses a whole message; `None` when it is better sent as it is, and nothing of it is remembered. Otherwise
    /// follow it with [`settle`](Self::settle).
    pub(crate) fn compress_whole(&mut self, message: &[u8]) -> Option<&[u8]> {
        let is_worth_it = self.compress(message, true).len() < message.len() || self.may_grow;
        if !is_worth_it {
            self.undo();
            return None;
        }
        self.compressor.as_ref().map(|compressor| compressor.output())
    }

    /// Whether a message may be sent compressed though that makes it longer.
    pub(crate) const fn lets_grow(&self) -> bool {
        self.may_grow
    }

    /// What was compressed is on its way, or it is not.
    pub(crate) fn settle(&mut self, is_sent: bool, is_last: bool) {
        if is_sent {
            self.keep(is_last);
        } else {
            self.undo();
        }
    }

    fn keep(&mut self, is_last: bool) {
        if !is_last {
            return;
        }
        if self.keeps_context {
            if let Some(compressor) = &mut self.compressor {
                compressor.tidy();
            }
        } else {
            self.release();
        }
    }

    /// What was compressed is not going to be sent: the peer will not know it, so it must not be referred to.
    fn undo(&mut self) {
        if self.keeps_context {
            if let Some(compressor) = &mut self.compressor {
                compressor.forget();
                compressor.tidy();
            }
        } else {
            self.release();
        }
    }

    /// Gives the context away.
    fn release(&mut self) {
        let Some(mut compressor) = self.compressor.take() else { return };
        if let Some(pool) = &self.pool {
            compressor.forget();
            compressor.tidy();
            pool.keep_compressor(compressor);
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.release();
    }
}
