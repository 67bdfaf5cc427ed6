//! What holds for every input: laws, each with a short form that always runs and a long one that is ignored.
//!
//! `cargo test --release -- --ignored` runs the long forms. A failure names its seed: see
//! [`support::rng`](crate::support::rng).

mod buffers;
mod clock;
mod closing;
mod cut_off;
mod cutting;
mod faults;
mod handshakes;
mod headers;
mod keys;
mod owed;
mod reference;
mod round_trip;

use websocket_proto::RecvBuffer;

use crate::support::script::{Delivery, Side, Transcript};

/// Where the bytes are received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A vector that grows from this.
    #[cfg(feature = "alloc")]
    Growing(usize),
    /// A slice of this size.
    Fixed(usize),
}

impl Place {
    fn run(
        self,
        side: Side,
        config: websocket_proto::Config,
        delivery: Delivery,
        stream: &[u8],
        cuts: &[usize],
    ) -> Transcript {
        match self {
            #[cfg(feature = "alloc")]
            Self::Growing(base) => side.run(config, RecvBuffer::with_capacity(base), delivery, stream, cuts),
            Self::Fixed(size) => {
                let mut memory = vec![0xaa; size];
                side.run(config, RecvBuffer::from(&mut memory[..]), delivery, stream, cuts)
            }
        }
    }
}
