//! A driver for each side that works in every set of features, and shows its outcome as a value that can be compared.

use websocket_proto::handshake::client::{self, Response};
use websocket_proto::handshake::server::{self, Origins};
use websocket_proto::{HandshakeError, RecvBuffer, SendError, SendSlice};

/// Larger than every limit under test.
const BUFFER_BYTES: usize = 64 * 1024;

pub(crate) const RFC_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const RFC_NONCE: [u8; 16] = *b"the sample nonce";
pub(crate) const RFC_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The request of RFC 6455 §1.2.
pub(crate) const RFC_REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The response of RFC 6455 §1.2.
pub(crate) const RFC_RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

/// How bytes are cut into reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cuts {
    Whole,
    Bytes,
    /// The first piece has this length, the second is the rest.
    At(usize),
    /// Lengths from 0 to 40, by this seed.
    Random(u64),
}

impl Cuts {
    /// The whole, single bytes, and a few random cuts.
    pub(crate) fn usual() -> impl Iterator<Item = Self> {
        [Self::Whole, Self::Bytes].into_iter().chain((1..4).map(Self::Random))
    }

    pub(crate) fn pieces(self, bytes: &[u8]) -> Vec<&[u8]> {
        let mut random = Random(if let Self::Random(seed) = self { seed } else { 0 });
        let (mut pieces, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let len = match self {
                Self::Whole => rest.len(),
                Self::Bytes => 1,
                Self::At(len) if pieces.is_empty() => len,
                Self::At(_) => rest.len(),
                Self::Random(_) => random.below(41),
            };
            let (piece, later) = rest.split_at(len.min(rest.len()));
            pieces.push(piece);
            rest = later;
        }
        pieces
    }
}

/// splitmix64: the same numbers on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A request as it was given, and what `accept` said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) subprotocols: Vec<String>,
    pub(crate) answer: Result<String, HandshakeError>,
}

/// `None`: more bytes are wanted. The bytes are those that neither the handshake nor the test has used.
pub(crate) type Outcome<T> = (Result<Option<T>, HandshakeError>, Vec<u8>);

/// What a write leaves in a send buffer.
pub(crate) fn written<T>(write: impl FnOnce(&mut SendSlice<'_>) -> Result<T, SendError>) -> String {
    let mut memory = [0; 2048];
    let mut tx = SendSlice::new(&mut memory);
    assert!(write(&mut tx).is_ok());
    String::from_utf8(tx.as_slice().to_vec()).unwrap()
}

pub(crate) fn serve_with(
    mut handshake: server::Handshake,
    bytes: &[u8],
    cuts: Cuts,
    origins: Origins<'_>,
) -> Outcome<Served> {
    let mut memory = vec![0; BUFFER_BYTES];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    let mut used = 0;
    let mut result = Ok(None);
    for piece in cuts.pieces(bytes) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        used += piece.len();
        result = handshake.receive(&mut rx).map(|request| request.map(|request| served(&request, origins)));
        if result != Ok(None) {
            break;
        }
    }
    if let Err(error) = result {
        assert_eq!(handshake.receive(&mut rx).err(), Some(error), "an error is final");
    }
    (result, [rx.unread(), &bytes[used..]].concat())
}

fn served(request: &server::Request<'_>, origins: Origins<'_>) -> Served {
    Served {
        method: request.method().into(),
        target: request.target().into(),
        headers: request.headers().iter().map(|header| (header.name().into(), header.value().into())).collect(),
        subprotocols: request.subprotocols().map(String::from).collect(),
        answer: request.accept(origins).map(|accept| written(|tx| accept.write(tx))),
    }
}

pub(crate) fn serve(bytes: impl AsRef<[u8]>) -> Outcome<Served> {
    serve_with(server::Handshake::new(), bytes.as_ref(), Cuts::Whole, Origins::Any)
}

/// The error of a request, whether `receive` or `accept` has found it; the same for each way to cut the bytes.
pub(crate) fn refusal(bytes: impl AsRef<[u8]>) -> HandshakeError {
    let find = |cuts| match serve_with(server::Handshake::new(), bytes.as_ref(), cuts, Origins::Any).0 {
        Ok(Some(served)) => served.answer.expect_err("the request is refused"),
        Ok(None) => panic!("more bytes are wanted"),
        Err(error) => error,
    };
    let error = find(Cuts::Whole);
    for cuts in Cuts::usual() {
        assert_eq!(find(cuts), error, "{cuts:?}");
    }
    error
}

/// What came of a request that a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Established { subprotocol: Option<String>, headers: usize },
    Refused { status: u16, reason: String, headers: usize },
}

pub(crate) fn ask_with(mut handshake: client::Handshake<'_>, bytes: &[u8], cuts: Cuts) -> Outcome<Answered> {
    let mut memory = vec![0; BUFFER_BYTES];
    let mut rx = RecvBuffer::from(&mut memory[..]);
    written(|tx| handshake.write_request(tx));
    let mut used = 0;
    let mut result = Ok(None);
    for piece in cuts.pieces(bytes) {
        assert_eq!(rx.extend_from_slice(piece), piece.len());
        used += piece.len();
        result = handshake.receive(&mut rx).map(|response| response.map(answered));
        if result != Ok(None) {
            break;
        }
    }
    if let Err(error) = result {
        assert_eq!(handshake.receive(&mut rx).err(), Some(error), "an error is final");
    }
    (result, [rx.unread(), &bytes[used..]].concat())
}

fn answered(response: Response<'_, '_>) -> Answered {
    match response {
        Response::Established(established) => Answered::Established {
            subprotocol: established.subprotocol().map(String::from),
            headers: established.headers().iter().count(),
        },
        Response::Refused(refused) => Answered::Refused {
            status: refused.status(),
            reason: refused.reason().into(),
            headers: refused.headers().iter().count(),
        },
    }
}

/// The handshake of RFC 6455 §1.2.
pub(crate) fn rfc_client() -> client::Handshake<'static> {
    let request = client::Request::new("server.example.com", "/chat").unwrap();
    client::Handshake::new(request.subprotocols(&["chat", "superchat"]).unwrap(), RFC_NONCE)
}

/// What the client of RFC 6455 §1.2 makes of an answer; the same for each way to cut the bytes.
pub(crate) fn ask(bytes: impl AsRef<[u8]>) -> Result<Option<Answered>, HandshakeError> {
    let (result, rest) = ask_with(rfc_client(), bytes.as_ref(), Cuts::Whole);
    for cuts in Cuts::usual() {
        assert_eq!(ask_with(rfc_client(), bytes.as_ref(), cuts), (result.clone(), rest.clone()), "{cuts:?}");
    }
    result
}
