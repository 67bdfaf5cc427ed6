//! Small worlds that are looked at whole: every start of a header, every close code, every border of a length; in each
//! state that a stream can be in when they come, and with what a connection does behind the error.
//!
//! A build that is not optimised looks at a part of the big ones; the long forms look at all.

use super::reference::compare;
use crate::support::model::{self, Inflate, Limits};
use crate::support::script::{Delivery, Side, Transcript};
use crate::support::wire::{self, BINARY, CLOSE, FIN, Form, TEXT};
use crate::support::{Sink, client, server, unlimited};
use websocket_proto::RecvBuffer;
use websocket_proto::close::CloseCode;

/// The short forms look at every fifth start; 5 and 65,536 have no common factor, but every byte comes as a first and as
/// a second one.
const STEP: usize = 5;

/// How a stream stands when a header comes.
#[derive(Clone, Copy, Debug)]
struct State {
    /// The first frame of a message that is open, if one is, and its payload.
    open: Option<(u8, &'static [u8])>,
    /// Whether compression has been agreed on.
    is_agreed: bool,
}

/// "Hello", as RFC 7692 §7.2.3.1 has it.
#[cfg(feature = "deflate")]
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

const STATES: &[State] = &[
    State { open: None, is_agreed: false },
    State { open: Some((TEXT, b"t\xc3")), is_agreed: false },
    State { open: Some((BINARY, b"b")), is_agreed: false },
    #[cfg(feature = "deflate")]
    State { open: None, is_agreed: true },
    #[cfg(feature = "deflate")]
    State { open: Some((TEXT, b"t\xc3")), is_agreed: true },
    #[cfg(feature = "deflate")]
    State { open: Some((BINARY, b"b")), is_agreed: true },
    #[cfg(feature = "deflate")]
    State { open: Some((0x40 | TEXT, HELLO.split_at(3).0)), is_agreed: true },
    #[cfg(feature = "deflate")]
    State { open: Some((0x40 | BINARY, HELLO.split_at(4).0)), is_agreed: true },
    // The four bytes that nobody sends are there: what comes is a block of its own.
    #[cfg(feature = "deflate")]
    State { open: Some((0x40 | TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff")), is_agreed: true },
];

impl State {
    fn stream(&self, side: Side, then: &[u8]) -> Vec<u8> {
        let open = self.open.map(|(first, payload)| wire::frame(first, payload, side.peer_key()));
        [&open.unwrap_or_default()[..], then].concat()
    }

    fn inflate(&self) -> Option<Inflate> {
        #[cfg(feature = "deflate")]
        return self.is_agreed.then_some(inflate as Inflate);
        #[cfg(not(feature = "deflate"))]
        None
    }

    fn run(&self, side: Side, delivery: Delivery, stream: &[u8]) -> Transcript {
        let config = unlimited(side.config());
        let rx = RecvBuffer::from([0xaa; 200]);
        #[cfg(feature = "deflate")]
        if self.is_agreed {
            use websocket_proto::deflate::{Config, Params};

            use crate::support::script::Script;

            let params =
                Params { server_no_context_takeover: true, client_no_context_takeover: true, ..Params::default() };
            let deflate = Config::new();
            return match side {
                Side::Server => Script::new(server(config).with_deflate(&params, &deflate), rx, delivery)
                    .run(stream, &[stream.len()]),
                Side::Client => Script::new(client(config).with_deflate(&params, &deflate), rx, delivery)
                    .run(stream, &[stream.len()]),
            };
        }
        side.run(config, rx, delivery, stream, &[stream.len()])
    }

    /// What comes of `then` in this state is what the model says.
    fn judge(&self, side: Side, then: &[u8], deliveries: &[Delivery]) -> usize {
        let stream = self.stream(side, then);
        let verdict = model::judge_where(&stream, side.is_server(), Limits::NONE, self.inflate());
        for delivery in deliveries {
            let transcript = self.run(side, *delivery, &stream);
            // A message is gathered in the buffer, which can be too small for it.
            if *delivery == Delivery::Chunks || transcript.close_code() != Some(1009) {
                compare(&verdict, &transcript, *delivery, &stream);
            }
        }
        deliveries.len()
    }
}

/// By the strict decoder, with the four bytes that senders leave out, unless this one has not. What is not whole may end
/// within a block.
#[cfg(feature = "deflate")]
fn inflate(payload: &[u8], is_all: bool) -> (Vec<u8>, bool) {
    use crate::deflate::oracle;
    let mut bytes = Vec::new();
    match oracle::inflate(payload, &mut bytes, 1 << 15) {
        Ok(_) => return (bytes, true),
        Err(error) if !is_all => return (bytes, error == "it ends within a block"),
        Err(_) => bytes.clear(),
    }
    let is_sound = oracle::inflate(&[payload, &[0x00, 0x00, 0xff, 0xff]].concat(), &mut bytes, 1 << 15).is_ok();
    (bytes, is_sound)
}

const BOTH_WAYS: [Delivery; 2] = [Delivery::Chunks, Delivery::Messages];

/// In each state, both sides: all starts of a header, `step` apart; `then` is what stands behind each.
fn every_start(step: usize, deliveries: &[Delivery], tails: &[&[u8]]) {
    let mut runs = 0;
    for side in Side::BOTH {
        for state in STATES {
            // What is compressed is slow.
            let step = if state.is_agreed && step > 1 { 13 * step } else { step };
            for start in (0..=u16::MAX).step_by(step) {
                for tail in tails {
                    runs += state.judge(side, &[&start.to_be_bytes(), *tail].concat(), deliveries);
                }
            }
        }
    }
    println!("{runs} starts of headers");
}

#[test]
fn every_start_of_a_header() {
    every_start(STEP, &[Delivery::Chunks], &[b""]);
}

#[test]
#[ignore = "long: all of them, in every state, received in both ways"]
fn every_start_of_a_header_long() {
    every_start(1, &BOTH_WAYS, &[b""]);
}

/// What a length, a key and a payload could be behind it; one goes on with the compressed message.
const TAILS: [&[u8]; 5] = [
    &[0; 16],
    &[0x7f; 16],
    b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e",
    b"\xc9\xc9\x07\x00",
    b"\0\0\0\0\xc9\xc9\x07\x00",
];

#[test]
fn every_start_of_a_header_and_what_follows() {
    every_start(8 * STEP + 1, &[Delivery::Chunks], &TAILS);
}

#[test]
#[ignore = "long: all of them, in every state, received in both ways"]
fn every_start_of_a_header_and_what_follows_long() {
    every_start(1, &BOTH_WAYS, &TAILS);
}

fn every_close_code(step: usize, deliveries: &[Delivery]) {
    let mut runs = 0;
    for side in Side::BOTH {
        for state in STATES {
            let is_usual = state.open.is_none() && !state.is_agreed;
            let step = if is_usual || step == 1 { step } else { 13 * step };
            for code in (0..=u16::MAX).step_by(step) {
                let close = wire::frame(FIN | CLOSE, &code.to_be_bytes(), side.peer_key());
                runs += state.judge(side, &close, deliveries);
            }
        }
    }
    println!("{runs} codes received");
}

#[test]
fn every_close_code_received() {
    every_close_code(STEP, &[Delivery::Chunks]);
}

#[test]
#[ignore = "long: all of them, in every state"]
fn every_close_code_received_long() {
    every_close_code(1, &BOTH_WAYS);
}

#[test]
fn every_close_code_sent() {
    for code in 0..=u16::MAX {
        let (mut from_server, mut from_client) = (Sink::new(), Sink::new());
        let code = CloseCode::new(code);
        let sent = [
            server(Side::Server.config()).close(code, "r", &mut from_server).is_ok(),
            client(Side::Client.config()).close(code, "r", &mut from_client).is_ok(),
        ];
        let may = model::may_stand_on_the_wire(code.as_u16());
        assert_eq!((sent, code.is_sendable()), ([may; 2], may), "{code}");
        for bytes in [from_server.take(), from_client.take()] {
            let told = wire::read_frames(&bytes).first().map(wire::Frame::told);
            assert_eq!(told, may.then(|| (CLOSE, [&code.as_u16().to_be_bytes()[..], b"r"].concat())), "{code}");
        }
    }
}

/// Each length in each form that can hold it, for each opcode, and judged against the model.
fn every_border(states: &[State], deliveries: &[Delivery]) {
    let lens = [
        0,
        1,
        124,
        125,
        126,
        127,
        128,
        (1 << 16) - 1,
        1 << 16,
        (1 << 16) + 1,
        (1 << 32) - 1,
        1 << 32,
        (1 << 32) + 1,
        (1 << 32) + 5,
        (1 << 53) + 1,
        (1 << 62) - 1,
        1 << 62,
        (1 << 63) - 1,
        1 << 63,
        (1 << 63) + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    let mut runs = 0;
    for side in Side::BOTH {
        for len in lens {
            for form in [Form::Bits7, Form::Bits16, Form::Bits64] {
                let fits = match form {
                    Form::Bits7 => len <= 125,
                    Form::Bits16 => len <= 0xffff,
                    _ => true,
                };
                if !fits {
                    continue;
                }
                for first in [0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x41, 0xc1, 0x42, 0xc2, 0xc0, 0x88, 0x89, 0x8a, 0x83]
                {
                    for state in states {
                        let mut header = wire::header(first, len, form, side.peer_key());
                        runs += state.judge(side, &header, deliveries);
                        header.extend([0; 3]);
                        runs += state.judge(side, &header, deliveries);
                    }
                }
            }
        }
    }
    println!("{runs} lengths");
}

#[test]
fn every_border_of_a_length() {
    every_border(&STATES[..3], &[Delivery::Chunks]);
    every_border(&STATES[STATES.len() - 1..], &[Delivery::Messages]);
}

#[test]
#[ignore = "long: in every state, received in both ways"]
fn every_border_of_a_length_long() {
    every_border(STATES, &BOTH_WAYS);
}

/// A whole message of each length at a border, through the connection's own encoder.
#[test]
fn every_border_of_a_length_sent() {
    for len in [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537] {
        let payload = vec![b'x'; len];
        let (mut from_server, mut from_client) = (Sink::new(), Sink::new());
        server(Side::Server.config()).send_binary(&payload, &mut from_server).unwrap();
        client(Side::Client.config()).send_binary(&payload, &mut from_client).unwrap();
        assert_eq!(from_server.take(), wire::frame(FIN | BINARY, &payload, None));
        assert_eq!(from_client.take(), wire::frame(FIN | BINARY, &payload, Some(crate::support::KEY)));
    }
}
