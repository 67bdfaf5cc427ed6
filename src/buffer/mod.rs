//! Where bytes live: in buffers that the caller owns.
//!
//! [`RecvBuffer`](recv::RecvBuffer) is filled by the transport and read by a handshake or a connection; what memory it
//! has is a question for its [`Storage`](recv::Storage). A [`SendBuffer`](send::SendBuffer) is filled by them and
//! drained by the transport.

mod storage;
mod window;

#[cfg(feature = "deflate")]
pub(crate) mod inflated;

pub(crate) mod view;

pub(crate) mod recv;
mod whole;

pub(crate) mod send;

#[cfg(feature = "bytes")]
mod bytes;
