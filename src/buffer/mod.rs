//! Where bytes live: in buffers that the caller owns.
//!
//! [`RecvBuffer`](recv::RecvBuffer) is filled by the transport and read by a handshake or a connection;
//! a [`SendBuffer`](send::SendBuffer) is filled by them and drained by the transport.

pub(crate) mod recv;
pub(crate) mod send;
