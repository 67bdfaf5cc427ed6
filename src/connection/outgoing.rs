//! What is being sent: the fragmented message that the caller has begun.

use super::state::Input;
use crate::error::Misuse;
#[cfg(feature = "deflate")]
use crate::message::PreparedMessage;
use crate::message::{MessageKind, first_byte};
use crate::wire::opcode::Opcode;
use crate::wire::utf8::Validator;

/// The fragmented message that the caller has begun to send.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) message: Option<MessageKind>,
    pub(super) text: Validator,
    pub(super) form: Form,
}

/// What has become of its fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of them went through our hands, and were sent as they are.
    Plain,
    /// One was sent by its head alone, so that we do not know the text.
    Unseen,
    /// They are compressed.
    #[cfg(feature = "deflate")]
    Compressed,
}

impl Outgoing {
    pub(super) const fn new() -> Self {
        Self { message: None, text: Validator::new(), form: Form::Plain }
    }

    /// The same in a message that has begun compressed.
    #[cfg(feature = "deflate")]
    pub(super) fn in_compressed(self) -> Self {
        Self { form: Form::Compressed, ..self }
    }

    /// Whether it has begun compressed: never without the feature `deflate`.
    pub(super) const fn is_compressed(&self) -> bool {
        #[cfg(feature = "deflate")]
        return matches!(self.form, Form::Compressed);
        #[cfg(not(feature = "deflate"))]
        false
    }

    /// What sending a fragment now would be.
    pub(super) const fn next_fragment(&self) -> Input {
        match self.message {
            None => Input::LocalFrame,
            Some(_) => Input::LocalFragment,
        }
    }

    /// The first byte of the next fragment.
    pub(super) fn first_byte(&self, kind: MessageKind, is_last: bool) -> Result<u8, Misuse> {
        match self.message {
            None => Ok(first_byte(kind.opcode(), is_last)),
            Some(begun) if begun == kind => Ok(first_byte(Opcode::CONTINUATION, is_last)),
            Some(_) => Err(Misuse::MessageInProgress),
        }
    }

    /// Where the message stands once this fragment is sent.
    pub(super) fn after(&self, kind: MessageKind, payload: &[u8], is_last: bool) -> Result<Self, Misuse> {
        let mut text = self.text.clone();
        if kind == MessageKind::Text && self.form != Form::Unseen {
            text.push(payload).map_err(|_| Misuse::TextNotUtf8)?;
            if is_last && !text.is_complete() {
                return Err(Misuse::TextNotUtf8);
            }
        }
        Ok(if is_last { Self::new() } else { Self { message: Some(kind), text, ..*self } })
    }
}

/// How a prepared message is to be sent.
#[cfg(feature = "deflate")]
pub(super) enum Prepared<'a> {
    /// As it is.
    Plain,
    /// Compressed, as for all connections that remember nothing.
    Compressed(&'a PreparedMessage),
    /// Compressed with what this connection remembers.
    OneByOne,
}
