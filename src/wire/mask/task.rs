//! What is done with a payload while it is in registers anyway.

/// A task for the algorithm in [`generic`](super::generic). It tells whether nothing but ASCII was seen, if it looked.
pub(super) trait Task {
    /// Whether bytes are masked and stored. If not, nothing is written.
    const MASKS: bool;
    /// Whether the bytes that come out are looked at. If not, nothing else than ASCII was seen.
    const LOOKS: bool;
}

/// Masks.
pub(super) struct Mask;

impl Task for Mask {
    const MASKS: bool = true;
    const LOOKS: bool = false;
}

/// Masks, and looks at what comes out.
pub(super) struct MaskAndLook;

impl Task for MaskAndLook {
    const MASKS: bool = true;
    const LOOKS: bool = true;
}

/// Looks at what is there.
pub(super) struct Look;

impl Task for Look {
    const MASKS: bool = false;
    const LOOKS: bool = true;
}
