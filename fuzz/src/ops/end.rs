//! One end of the connection, and what is checked with every call to it.

use std::cell::Cell;
use std::rc::Rc;

use websocket_proto::close::CloseCode;

use websocket_proto::{
    ChunkEvent, Connection, Event, Instant, MaskKeys, MessageKind, Misuse, PreparedMessage, ProtocolError, RecvBuffer,
    Role, SendError, State, Timeout, Transport,
};

use super::call::{Bytes, Receipt, Replacement, Sending};
use crate::support::frames::{self, Frame};
use crate::support::heap;
use crate::support::send::Sink;

/// What the protocol may write by itself in one go: a Pong of 125 bytes, a Ping, a Close with a code, each masked.
const MAX_OWED_BYTES: usize = 131 + 6 + 8;

/// Keys that are all different, and counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Rc<Cell<u32>>);

impl MaskKeys for Keys {
    fn next_key(&mut self) -> [u8; 4] {
        self.0.set(self.0.get() + 1);
        self.0.get().wrapping_mul(0x9e37_79b9).to_be_bytes()
    }
}

pub(super) struct End<R> {
    connection: Connection<R>,
    keys: Option<Keys>,
    pub(super) rx: RecvBuffer<Vec<u8>>,
    pub(super) tx: Sink,
    /// How many of the bytes in `tx` have arrived.
    pub(super) carried: usize,
    /// What was sent, for the other end to compare.
    pub(super) told: Told,
    /// How much of what the other end has told has come.
    heard: Heard,
    fault: Option<ProtocolError>,
    has_ended: bool,
}

/// All messages that one end has sent, as one stream: bytes, and where each message ends.
#[derive(Debug, Default)]
pub(super) struct Told {
    bytes: Vec<u8>,
    ends: Vec<(MessageKind, usize)>,
    /// Whether some of its text is none, which the other end will say.
    is_wrong: bool,
}

#[derive(Debug, Default)]
struct Heard {
    bytes: usize,
    messages: usize,
}

impl<R: Role> End<R> {
    pub(super) fn new(connection: Connection<R>, keys: Option<Keys>, capacity: usize, log: Vec<u8>) -> Self {
        Self {
            connection,
            keys,
            rx: RecvBuffer::with_capacity(capacity),
            tx: Sink::endless(log),
            carried: 0,
            told: Told::default(),
            heard: Heard::default(),
            fault: None,
            has_ended: false,
        }
    }

    pub(super) fn into_log(self) -> Vec<u8> {
        self.tx.bytes
    }

    /// What was sent and has not arrived.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.tx.bytes[self.carried..]
    }

    /// Bytes come from the transport, as many as there is room for.
    pub(super) fn put_some(&mut self, bytes: &[u8]) -> usize {
        let spare = self.rx.spare_mut();
        let count = spare.len().min(bytes.len());
        spare[..count].copy_from_slice(&bytes[..count]);
        self.rx.filled(count);
        count
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        let _ = self.rx.extend_from_slice(bytes);
    }

    /// Says whether what was sent to it is still what it receives.
    pub(super) fn replace(&mut self, how: Replacement) -> bool {
        let is_empty = self.rx.is_empty();
        match how {
            Replacement::New(capacity) => self.rx = RecvBuffer::with_capacity(usize::from(capacity) * 4),
            Replacement::Clear => self.rx.clear(),
            Replacement::Release => {
                self.rx.release();
                return true;
            }
        }
        is_empty
    }

    pub(super) fn send(&mut self, sending: &Sending<'_>) {
        let before = self.snapshot();
        let sent = match sending {
            Sending::Text(bytes) => {
                let bytes = bytes.to_vec();
                let text = valid(&bytes);
                self.note(MessageKind::Text, text.as_bytes(), true, |end| end.connection.send_text(text, &mut end.tx))
            }
            Sending::Binary(bytes) => {
                let bytes = bytes.to_vec();
                self.note(MessageKind::Binary, &bytes, true, |end| end.connection.send_binary(&bytes, &mut end.tx))
            }
            Sending::Prepared(bytes) => {
                let bytes = bytes.to_vec();
                let message = PreparedMessage::binary(&bytes);
                self.note(MessageKind::Binary, &bytes, true, |end| end.connection.send_prepared(&message, &mut end.tx))
            }
            Sending::PreparedFrame(bytes) => self.send_prepared_frame(&bytes.to_vec()),
            Sending::Fragment(kind, bytes, is_last) => {
                let bytes = bytes.to_vec();
                self.note(*kind, &bytes, *is_last, |end| {
                    end.connection.send_fragment(*kind, &bytes, *is_last, &mut end.tx)
                })
            }
            Sending::Head(kind, bytes) => self.send_head(*kind, &bytes.to_vec(), None),
            Sending::FragmentHead(kind, bytes, is_last) => self.send_head(*kind, &bytes.to_vec(), Some(*is_last)),
            Sending::Ping(bytes) => self.connection.send_ping(&bytes.to_vec(), &mut self.tx),
            Sending::Pong(bytes) => self.connection.send_pong(&bytes.to_vec(), &mut self.tx),
            Sending::Close(code, reason) => {
                let reason = reason.to_vec();
                self.connection.close(CloseCode::new(*code), valid(&reason), &mut self.tx)
            }
        };
        match sent {
            Ok(()) => assert!(self.tx.bytes.len() > before.len, "nothing was sent"),
            Err(error) => {
                assert!(before == self.snapshot(), "a call that was refused ({error}) has changed something");
                if let SendError::Full { needed } = error {
                    assert!(needed > self.tx.room, "there was room for {needed} bytes");
                }
            }
        }
    }

    /// Sends, and notes what the other end will receive.
    fn note(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
        send: impl FnOnce(&mut Self) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        send(self)?;
        self.told.bytes.extend_from_slice(payload);
        if is_last {
            self.told.ends.push((kind, self.told.bytes.len()));
        }
        Ok(())
    }

    fn send_prepared_frame(&mut self, payload: &[u8]) -> Result<(), SendError> {
        let message = PreparedMessage::binary(payload);
        self.note(MessageKind::Binary, payload, true, |end| {
            let frame = end.connection.prepared_frame(&message)?;
            end.tx.bytes.extend_from_slice(frame);
            Ok(())
        })
    }

    /// Announces a message or a fragment, and writes the payload behind the head as a caller with `writev` would. Here it
    /// is the caller who has to see to room and text.
    fn send_head(&mut self, kind: MessageKind, payload: &[u8], fragment: Option<bool>) -> Result<(), SendError> {
        let is_last = fragment.unwrap_or(true);
        self.note(kind, payload, is_last, |end| {
            let len = payload.len() as u64;
            let head = match (fragment, kind) {
                (Some(is_last), kind) => end.connection.fragment_head(kind, len, is_last)?,
                (None, MessageKind::Text) => end.connection.text_head(len)?,
                (None, MessageKind::Binary) => end.connection.binary_head(len)?,
            };
            end.tx.bytes.extend_from_slice(head.as_bytes());
            let from = end.tx.bytes.len();
            end.tx.bytes.extend_from_slice(payload);
            let (first, second) = end.tx.bytes[from..].split_at_mut(payload.len() / 3);
            let mut masker = head.masker();
            masker.apply(first);
            masker.apply(second);
            end.told.is_wrong |= kind == MessageKind::Text;
            Ok(())
        })
    }

    pub(super) fn transmit(&mut self) {
        let before = self.tx.bytes.len();
        let owed = self.connection.wants_transmit();
        let written = self.connection.poll_transmit(&mut self.tx);
        let len = self.tx.bytes.len() - before;
        assert!(len <= MAX_OWED_BYTES, "{len} bytes were owed");
        assert!(owed || len == 0, "something was written that was not owed");
        match written {
            Ok(()) => assert!(!self.connection.wants_transmit(), "something is still owed"),
            Err(SendError::Full { needed }) => {
                assert!(needed > self.tx.room && self.connection.wants_transmit());
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Receives; `peer` is what the other end has told, as long as it has to be what comes.
    pub(super) fn receive(&mut self, receipt: Receipt, peer: Option<&Told>) {
        loop {
            let before = self.snapshot();
            let (connection, rx) = (&mut self.connection, &mut self.rx);
            let received = heap::without(|| {
                if receipt.in_chunks {
                    connection.receive_chunk(rx)
                } else {
                    connection.receive(rx).map(|e| e.map(whole))
                }
            });
            let more = match received {
                Ok(None) => false,
                Ok(Some(event)) => {
                    check_event(&event);
                    assert!(self.fault.is_none(), "an event after a fault");
                    if let Some(peer) = peer {
                        self.heard.take(&event, peer);
                    }
                    true
                }
                Err(error) => {
                    self.note_error(error, &before, peer);
                    false
                }
            };
            self.check_state(before.state);
            if !more || !receipt.all {
                return;
            }
        }
    }

    fn note_error(&mut self, error: ProtocolError, before: &Snapshot, peer: Option<&Told>) {
        if let ProtocolError::Misuse(misuse) = error {
            assert!(*before == self.snapshot(), "a call that was refused ({misuse}) has changed something");
            assert!(peer.is_none() || misuse == Misuse::MessageInChunks, "{misuse}, and nobody has touched the buffer");
            return;
        }
        if let (Some(peer), ProtocolError::Violation(violation)) = (peer, error) {
            assert!(peer.is_wrong, "{violation}, and everybody keeps to the rules");
        }
        self.keep(error);
    }

    /// A fault that was there stays.
    fn keep(&mut self, error: ProtocolError) {
        let first = *self.fault.get_or_insert(error);
        assert!(first == error, "{error} after {first}");
    }

    pub(super) fn tell(&mut self, now: Instant) {
        let before = self.connection.state();
        for _ in 0..5 {
            match self.connection.handle_timeout(now) {
                Ok(()) => {}
                // The deadline of closing comes on top of what has gone wrong before, and of which we may not have
                // heard: wrong text is told behind the chunk before it.
                Err(ProtocolError::Timeout(Timeout::Close)) => {
                    assert_eq!(self.connection.state(), State::Ended);
                    let fault = self.connection.receive(&mut self.rx).expect_err("it has failed, if not before");
                    self.keep(fault);
                }
                Err(error) => self.keep(error),
            }
            self.check_state(before);
            if self.connection.poll_timeout().is_none_or(|next| next > now) {
                return;
            }
        }
        panic!("a timer is due at the same moment for ever: {:?}", self.connection.poll_timeout());
    }

    pub(super) fn end_transport(&mut self) {
        let ending = self.connection.handle_eof();
        assert_eq!(ending, self.connection.handle_eof());
        assert_eq!(self.connection.transport(), Transport::Closed);
        self.has_ended = true;
        self.check_state(State::Ended);
    }

    fn check_state(&self, before: State) {
        let state = self.connection.state();
        let is_onward = match before {
            State::Open => true,
            State::LocalClosing => !matches!(state, State::Open | State::PeerClosing | State::Failing),
            State::PeerClosing => matches!(state, State::PeerClosing | State::Closed | State::Ended),
            State::Failing => matches!(state, State::Failing | State::Failed | State::Ended),
            State::Closed | State::Failed => state == before || state == State::Ended,
            State::Ended => state == State::Ended,
        };
        assert!(is_onward, "from {before:?} to {state:?}");
        assert!(!self.has_ended || state == State::Ended);
        assert_eq!(self.connection.can_send(), state == State::Open);
        if state == State::Ended {
            assert!(!self.connection.wants_transmit(), "something is owed at the end");
            assert_eq!(self.connection.poll_timeout(), None, "something is waited for at the end");
        }
    }

    /// All that can be seen from outside.
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.connection.state(),
            wants_transmit: self.connection.wants_transmit(),
            timeout: self.connection.poll_timeout(),
            len: self.tx.bytes.len(),
            keys: self.keys.as_ref().map_or(0, |keys| keys.0.get()),
            rx_is_empty: self.rx.is_empty(),
            unread: self.rx.unread().len(),
        }
    }

    /// All that was ever sent.
    pub(super) fn check_log(&self) {
        let count = frames::check(&self.tx.bytes, !R::IS_SERVER);
        let drawn = self.keys.as_ref().map_or(0, |keys| keys.0.get());
        assert!(R::IS_SERVER || drawn as usize == count, "{drawn} keys for {count} frames");
        let mut bytes = &self.tx.bytes[..];
        let mut number = 0_u32;
        while let Some(Frame { key, .. }) = frames::read(&mut bytes) {
            number += 1;
            assert!(
                key.is_none_or(|key| key == number.wrapping_mul(0x9e37_79b9).to_be_bytes()),
                "a key of another frame"
            );
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    state: State,
    wants_transmit: bool,
    timeout: Option<Instant>,
    len: usize,
    keys: u32,
    rx_is_empty: bool,
    unread: usize,
}

impl Heard {
    /// What comes is what was told, in order.
    fn take(&mut self, event: &ChunkEvent<'_>, told: &Told) {
        let ChunkEvent::Chunk(chunk) = event else { return };
        let payload = chunk.payload.as_bytes();
        assert!(told.bytes[self.bytes..].starts_with(payload), "another payload");
        self.bytes += payload.len();
        let end = told.ends.get(self.messages);
        assert!(
            end.is_none_or(|(kind, end)| *kind == chunk.payload.kind() && self.bytes <= *end),
            "beyond the message"
        );
        if chunk.is_last {
            assert_eq!(end.map(|(_, end)| *end), Some(self.bytes), "the message ends elsewhere");
            self.messages += 1;
        }
    }
}

/// A whole message as the one chunk that it is; `of_whole_messages` the other way round.
fn whole(event: Event<'_>) -> ChunkEvent<'_> {
    use websocket_proto::{Chunk, Payload};
    let chunk = |payload| ChunkEvent::Chunk(Chunk { payload, is_first: true, is_last: true });
    match event {
        Event::Text(text) => chunk(Payload::Text(text)),
        Event::Binary(bytes) => chunk(Payload::Binary(bytes)),
        Event::Ping(payload) => ChunkEvent::Ping(payload),
        Event::Pong(payload) => ChunkEvent::Pong(payload),
        Event::Close(close) => ChunkEvent::Close(close),
    }
}

fn check_event(event: &ChunkEvent<'_>) {
    match event {
        ChunkEvent::Chunk(chunk) => {
            let is_text = chunk.payload.kind() == MessageKind::Text;
            assert!(!is_text || std::str::from_utf8(chunk.payload.as_bytes()).is_ok(), "a str that is not UTF-8");
        }
        ChunkEvent::Ping(payload) | ChunkEvent::Pong(payload) => assert!(payload.len() <= 125),
        ChunkEvent::Close(close) => assert!(close.reason.len() <= 123),
    }
}

impl Bytes<'_> {
    fn to_vec(self) -> Vec<u8> {
        let unit = if self.unit.is_empty() { b"e" } else { self.unit };
        unit.iter().copied().cycle().take(self.len).collect()
    }
}

/// As much of it as is text.
fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}
