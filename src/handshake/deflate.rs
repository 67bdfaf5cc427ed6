//! permessage-deflate in `Sec-WebSocket-Extensions` (RFC 7692 §5, §7.1).
//!
//! What the parameters mean is said in [`deflate`](crate::deflate); this file takes them from the header.

use core::fmt::Write as _;

use arrayvec::ArrayString;

use super::extensions::{Extension, Extensions, Param};
use super::header::Header;
use crate::deflate::{Config, Given, NAME, Offer, Params};
use crate::error::{Field, HandshakeError};

/// The value of a parameter, as far as permessage-deflate asks for it.
fn given(param: Param<'_>) -> Given {
    match param.value() {
        None => Given::Nothing,
        Some(value) => value.to_number().map_or(Given::Other, Given::Number),
    }
}

impl Offer {
    /// Reads a client's offer; `None` when it is another extension, or has parameters for which a server has to decline
    /// it (RFC 7692 §7.1).
    #[must_use]
    pub fn from_extension(extension: &Extension<'_>) -> Option<Self> {
        let is_ours = extension.name() == NAME;
        if is_ours { Self::read(extension.params().map(|param| (param.name(), given(param)))) } else { None }
    }

    /// Reads the extensions that a server answers to this offer, which was the only one.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::ExtensionNotOffered`] for another extension, or this one twice; [`HandshakeError::Invalid`]
    /// for parameters that no answer, or not the answer to this offer, may have (§7.1), and for broken grammar.
    pub fn answered(&self, extensions: Extensions<'_, '_>) -> Result<Option<Params>, HandshakeError> {
        let mut agreed = None;
        for extension in extensions {
            let extension = extension?;
            if extension.name() != NAME || agreed.is_some() {
                return Err(HandshakeError::ExtensionNotOffered);
            }
            let params = Params::from_extension(&extension).filter(|params| self.allows(params));
            agreed = Some(params.ok_or(HandshakeError::Invalid(Field::Extensions))?);
        }
        Ok(agreed)
    }
}

impl Params {
    /// Reads a server's answer; `None` when it is another extension, or invalid (RFC 7692 §7.1).
    #[must_use]
    pub fn from_extension(extension: &Extension<'_>) -> Option<Self> {
        let is_ours = extension.name() == NAME;
        if is_ours { Self::read(extension.params().map(|param| (param.name(), given(param)))) } else { None }
    }
}

impl Config {
    /// The answer of a server with these settings to the first of a client's offers that is not to be declined.
    #[must_use]
    pub fn choose(&self, extensions: Extensions<'_, '_>) -> Option<Params> {
        let offer = extensions.map_while(Result::ok).find_map(|extension| Offer::from_extension(&extension))?;
        Some(self.answer(&offer))
    }
}

/// What was agreed on, and under which settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed<'a> {
    pub(crate) params: Params,
    pub(crate) config: &'a Config,
}

/// The answer of a server, and how it is written.
#[derive(Clone, Debug)]
pub(super) struct Answer<'a> {
    pub(super) agreed: Agreed<'a>,
    value: ExtensionValue,
}

impl<'a> Answer<'a> {
    pub(super) fn new(params: Params, config: &'a Config) -> Self {
        Self { agreed: Agreed { params, config }, value: ExtensionValue::new(&params) }
    }

    pub(super) fn header(&self) -> Header<'_> {
        self.value.header()
    }
}

/// The offer of a client, and how it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered<'a> {
    config: &'a Config,
    value: ExtensionValue,
}

impl<'a> Offered<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, value: ExtensionValue::new(&config.offer()) }
    }

    pub(super) fn header(&self) -> Header<'_> {
        self.value.header()
    }

    /// What the server has agreed to, if to anything.
    pub(super) fn answered(&self, extensions: Extensions<'_, '_>) -> Result<Option<Agreed<'a>>, HandshakeError> {
        let answered = self.config.offer().answered(extensions)?;
        Ok(answered.map(|params| Agreed { params, config: self.config }))
    }
}

/// What stands in `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug)]
struct ExtensionValue(ArrayString<MAX_VALUE_BYTES>);

/// The name, and four parameters of at most 28 bytes each with what is before and behind it.
const MAX_VALUE_BYTES: usize = 18 + 4 * 28;

impl ExtensionValue {
    fn new(of: &impl core::fmt::Display) -> Self {
        let mut value = ArrayString::new();
        let is_written = write!(value, "{of}").is_ok();
        debug_assert!(is_written, "it has room for all parameters");
        Self(value)
    }

    pub(super) fn header(&self) -> Header<'_> {
        Header::trusted("Sec-WebSocket-Extensions", self.0.as_bytes())
    }
}
