//! Patience with what is legal and still abusive.

use crate::error::Limit;

/// Counts control frames that come one after the other, with nothing between them that would show that the peer means well.
#[derive(Clone, Debug)]
pub(super) struct Temper {
    control_frames: u32,
    max_control_frames: u32,
}

impl Temper {
    pub(super) const fn new(max_control_frames: u32) -> Self {
        Self { control_frames: 0, max_control_frames }
    }

    /// A Ping or Pong has come.
    #[inline]
    pub(super) const fn count_control(&mut self) -> Result<(), Limit> {
        if self.control_frames >= self.max_control_frames {
            return Err(Limit::TooManyControlFrames);
        }
        self.control_frames = self.control_frames.saturating_add(1);
        Ok(())
    }

    /// Something else has happened: data from the peer, a frame of the caller's, a while of the caller's clock.
    #[inline]
    pub(super) const fn calm(&mut self) {
        self.control_frames = 0;
    }
}
