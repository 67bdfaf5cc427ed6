//! What can be done.
//!
//! [`Arbitrary`] is written by hand: a derived one spends four bytes on each choice, of which a mutation of the lower
//! three changes nothing. Here every choice is one byte, and every length one byte through a table that knows where the
//! borders are.

use arbitrary::{Arbitrary, Result, Unstructured};
use websocket_proto::MessageKind;

#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

/// One call, or a few that belong together.
#[derive(Clone, Debug)]
pub(super) enum Call<'a> {
    Send(Side, Sending<'a>),
    /// The send buffer has this much room from now on.
    Room(Side, u16),
    /// `poll_transmit`.
    Transmit(Side),
    /// So many bytes arrive at this end.
    Carry(Side, u16),
    Receive(Side, Receipt),
    /// Milliseconds.
    Pass(u8),
    /// To this moment, forwards or backwards.
    Jump(u64),
    Eof(Side),
    /// These bytes arrive, and nobody has sent them.
    Noise(Side, &'a [u8]),
    /// The ends have each other's receive buffer from now on.
    Swap,
    Replace(Side, Replacement),
}

/// What to send.
#[derive(Clone, Debug)]
pub(super) enum Sending<'a> {
    Text(Bytes<'a>),
    Binary(Bytes<'a>),
    Prepared(Bytes<'a>),
    /// The frame of a prepared message, with no copy.
    PreparedFrame(Bytes<'a>),
    Fragment(MessageKind, Bytes<'a>, bool),
    /// A head, and the payload behind it.
    Head(MessageKind, Bytes<'a>),
    FragmentHead(MessageKind, Bytes<'a>, bool),
    Ping(Bytes<'a>),
    Pong(Bytes<'a>),
    Close(u16, Bytes<'a>),
}

/// How to receive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipt {
    pub(super) in_chunks: bool,
    /// Until there is nothing more, or one event.
    pub(super) all: bool,
}

impl Receipt {
    pub(super) const ALL: Self = Self { in_chunks: true, all: true };
}

/// What becomes of a receive buffer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Replacement {
    /// Another one stands in its place, with another capacity.
    New(u8),
    Clear,
    /// Gives memory back if it is empty.
    Release,
}

/// A payload: some bytes, repeated up to a length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a> {
    pub(super) unit: &'a [u8],
    pub(super) len: usize,
}

impl<'a> Arbitrary<'a> for Call<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choice: u8 = u.arbitrary()?;
        let side = if choice & 0x80 == 0 { Side::Client } else { Side::Server };
        Ok(match choice & 0x1f {
            0..=9 => Self::Send(side, sending(choice & 0x1f, u)?),
            10..=13 => Self::Receive(side, Receipt { in_chunks: choice & 1 != 0, all: choice & 2 != 0 }),
            14 | 15 => Self::Carry(side, u16::MAX),
            16 | 17 => Self::Carry(side, u16::from(u.arbitrary::<u8>()?)),
            18 | 19 => Self::Transmit(side),
            20 => Self::Room(side, u.arbitrary()?),
            21 => Self::Room(side, u16::from(u.arbitrary::<u8>()?)),
            22..=24 => Self::Pass(u.arbitrary()?),
            25 => Self::Jump(u.arbitrary()?),
            26 => Self::Eof(side),
            27 | 28 => {
                let len = usize::from(u.arbitrary::<u8>()? % 32).min(u.len());
                Self::Noise(side, u.bytes(len)?)
            }
            29 => Self::Swap,
            30 => Self::Replace(side, Replacement::New(u.arbitrary()?)),
            _ if choice & 0x40 == 0 => Self::Replace(side, Replacement::Clear),
            _ => Self::Replace(side, Replacement::Release),
        })
    }
}

fn sending<'a>(choice: u8, u: &mut Unstructured<'a>) -> Result<Sending<'a>> {
    let how: u8 = u.arbitrary()?;
    let kind = if how & 1 == 0 { MessageKind::Text } else { MessageKind::Binary };
    let is_last = how & 2 != 0;
    let len = LENGTHS[usize::from(how >> 2) % LENGTHS.len()];
    let unit = usize::from(u.arbitrary::<u8>()? % 8).min(u.len());
    let bytes = Bytes { unit: u.bytes(unit)?, len };
    Ok(match choice {
        0 => Sending::Text(bytes),
        1 => Sending::Binary(bytes),
        2 => Sending::Prepared(bytes),
        3 => Sending::PreparedFrame(bytes),
        4 | 5 => Sending::Fragment(kind, bytes, is_last),
        6 if how & 2 == 0 => Sending::Head(kind, bytes),
        6 => Sending::FragmentHead(kind, bytes, is_last),
        7 => Sending::Ping(bytes),
        8 => Sending::Pong(bytes),
        _ => Sending::Close(u.arbitrary()?, bytes),
    })
}

/// What is short is most; then the borders of the length forms and of what a control frame holds.
const LENGTHS: [usize; 16] = [0, 1, 2, 3, 4, 5, 7, 16, 30, 63, 122, 123, 125, 126, 200, 1500];
