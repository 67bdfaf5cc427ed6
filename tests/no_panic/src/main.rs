//! Each function here is marked `#[no_panic]`: where the optimiser cannot show that it never panics, the program does
//! not link, and the linker names the function.
//!
//! What is not here is what the optimiser cannot see through: masking and text validation call the kernel for the CPU
//! through a pointer, and receiving and sending go through them; the accept key goes through the buffer of the crate
//! `sha1`. For those `run` counts the calls that could panic.

use std::hint::black_box;

use no_panic::no_panic;
use websocket_proto::close::{self, CloseError, CloseReason};
use websocket_proto::frame::{FrameHeader, Parsed};
use websocket_proto::state::{Input, State, Step};
use websocket_proto::{Config, Connection, Ending, Instant, ProtocolError, Server, Transport};

// The layers below: frames, closes, states.

#[inline(never)]
#[no_panic]
fn header_parse(bytes: &[u8]) -> Parsed {
    FrameHeader::parse(bytes)
}

#[inline(never)]
#[no_panic]
fn close_parse(payload: &[u8]) -> Result<CloseReason<'_>, CloseError> {
    close::parse(payload)
}

#[inline(never)]
#[no_panic]
fn state_on(state: State, input: Input) -> Step {
    state.on(input)
}

// A whole connection.

#[inline(never)]
#[no_panic]
fn handle_timeout(connection: &mut Connection<Server>, now: Instant) -> Result<(), ProtocolError> {
    connection.handle_timeout(now)
}

#[inline(never)]
#[no_panic]
fn poll_timeout(connection: &Connection<Server>) -> Option<Instant> {
    connection.poll_timeout()
}

#[inline(never)]
#[no_panic]
fn handle_eof(connection: &mut Connection<Server>) -> Ending {
    connection.handle_eof()
}

#[inline(never)]
#[no_panic]
fn transport(connection: &Connection<Server>) -> Transport {
    connection.transport()
}

/// `black_box` on all that goes in, so that nothing is known of it.
fn main() {
    let any = std::env::args().next().unwrap_or_default().into_bytes();
    black_box(header_parse(black_box(&any)));
    let _ = black_box(close_parse(black_box(&any)));
    black_box(state_on(black_box(State::Open), black_box(Input::Eof)));
    let mut server = black_box(Connection::server(Config::server()));
    let _ = black_box(handle_timeout(&mut server, black_box(Instant::from_millis(7))));
    black_box(poll_timeout(&server));
    black_box(handle_eof(&mut server));
    black_box(transport(&server));
    println!("linked");
}
