//! The handshake in the types of the [`http`] crate: for hyper, axum, tonic and all who share them.
//!
//! | you have | look at |
//! |---|---|
//! | a handler that is given requests, over HTTP/1.1, HTTP/2 or HTTP/3 | [`Request`] |
//! | only headers | [`Fields`], which is made of a [`HeaderMap`] |
//! | a client that sends requests | [`client::Handshake::to_request`], [`client::Handshake::verify_response`] |
//! | a client on a stream of HTTP/2 or HTTP/3 | [`extended_connect::Handshake::to_request`], [`extended_connect::Handshake::verify_response`] |
//!
//! Nothing is decided here: what comes in is taken apart for [`server::accept`] and
//! [`extended_connect::accept`], and what they answer is put together.
//!
//! The `http` crate needs the standard library, so this feature does; nothing else in the crate does.

use alloc::string::ToString as _;

use ::http::header::{HeaderName, HeaderValue};
use ::http::{Error, HeaderMap, Method, StatusCode, Uri, Version, request};

use super::client::{self, Established};
use super::extended_connect::{self, PseudoFields, Refusal};
use super::fields::Fields;
use super::head::HttpVersion;
use super::header::Header;
use super::server::{self, EitherWay, Origins, Reply, RequestLine, Way, rules};
use crate::error::HandshakeError;

/// A request that keeps to all rules, about to be granted: by an upgrade or on a stream.
pub type Accept<'f, 'a> = server::Accept<'f, 'a, EitherWay>;

/// A request as a handler is given it: an upgrade when it came over HTTP/1.1, an extended CONNECT when over HTTP/2 or
/// HTTP/3. It borrows the request.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use websocket_proto::handshake::http as ws;
/// use websocket_proto::handshake::server::{Accepted, Origins};
///
/// /// In hyper: spawn a task that awaits `hyper::upgrade::on(request)` and runs a connection on what that gives; the
/// /// response has to be sent first. An axum handler returns the response in the same way.
/// fn handle<B>(request: &Request<B>) -> Result<(Response<()>, Option<Accepted<'static>>), http::Error> {
///     let asked = ws::Request::new(request);
///     if !asked.is_websocket() {
///         return Ok((Response::builder().status(StatusCode::NOT_FOUND).body(())?, None));
///     }
///     match asked.accept(Origins::SameHost) {
///         Ok(accept) => {
///             let accept = accept.choose_subprotocol(&["chat"]);
///             Ok((accept.to_response()?, Some(accept.accepted())))
///         }
///         Err(error) => Ok((asked.refuse(error), None)),
///     }
/// }
///
/// let request = Request::get("/chat")
///     .header("host", "example.com")
///     .header("upgrade", "websocket")
///     .header("connection", "Upgrade")
///     .header("sec-websocket-version", "13")
///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .body(())?;
/// let (response, accepted) = handle(&request)?;
/// assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// assert!(accepted.is_some());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request<'r> {
    method: &'r str,
    uri: &'r Uri,
    version: Version,
    protocol: Option<&'r str>,
    fields: Fields<'r>,
}

impl<'r> Request<'r> {
    /// Takes a request apart, whatever its body is.
    #[must_use]
    pub fn new<B>(request: &'r ::http::Request<B>) -> Self {
        Self::of(request.method(), request.uri(), request.version(), request.headers())
    }

    /// The same for its parts.
    #[must_use]
    pub fn from_parts(parts: &'r request::Parts) -> Self {
        Self::of(&parts.method, &parts.uri, parts.version, &parts.headers)
    }

    fn of(method: &'r Method, uri: &'r Uri, version: Version, headers: &'r HeaderMap) -> Self {
        Self { method: method.as_str(), uri, version, protocol: None, fields: headers.into() }
    }

    /// Tells the pseudo-header `:protocol`, for which the `http` crate has no place. Where it is depends on the stack:
    ///
    /// ```text
    /// let protocol = request.extensions().get::<hyper::ext::Protocol>();      // or h2::ext::Protocol
    /// let asked = Request::new(&request).protocol(protocol.map(|protocol| protocol.as_str()));
    /// ```
    #[must_use]
    pub fn protocol(mut self, protocol: Option<&'r str>) -> Self {
        self.protocol = protocol;
        self
    }

    /// The headers that matter to the handshake.
    #[must_use]
    pub const fn fields(&self) -> &Fields<'r> {
        &self.fields
    }

    /// Whether it asks for a WebSocket. Nothing else is checked here.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        if self.is_stream() { self.pseudo().is_websocket() } else { self.fields.is_websocket() }
    }

    /// Checks the request against the rules, and its origin against `origins`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken: see [`server::accept`] and [`extended_connect::accept`], which decide. What to
    /// answer is [`refuse`](Self::refuse).
    pub fn accept<'a>(&self, origins: Origins<'_>) -> Result<Accept<'_, 'a>, HandshakeError> {
        if self.is_stream() {
            return extended_connect::accept(&self.pseudo(), &self.fields, origins).map(server::Accept::either);
        }
        let target = self.uri.path_and_query().map_or("", |target| target.as_str());
        let line = RequestLine { method: self.method, target, version: http1(self.version) };
        let accept = server::accept(&line, &self.fields, origins)?;
        // The target was an absolute one: it has to name the same server as `Host`.
        if let Some(authority) = self.uri.authority() {
            rules::check_authority(authority.as_str(), self.uri.scheme_str(), &self.fields)?;
        }
        Ok(accept.either())
    }

    /// The answer to a request that failed with `error`: what [`Reply::to_error`] or [`Refusal::to_error`] says is due.
    #[must_use]
    pub fn refuse(&self, error: HandshakeError) -> ::http::Response<()> {
        if self.is_stream() {
            let refusal = Refusal::to_error(error);
            refuse(refusal.status(), refusal.response_fields().iter().copied())
        } else {
            let reply = Reply::to_error(error);
            refuse(reply.status(), reply.response_fields())
        }
    }

    fn is_stream(&self) -> bool {
        self.version >= Version::HTTP_2
    }

    fn pseudo(&self) -> PseudoFields<'r> {
        PseudoFields {
            method: self.method,
            protocol: self.protocol,
            scheme: self.uri.scheme_str(),
            authority: self.uri.authority().map(|authority| authority.as_str()),
            path: self.uri.path_and_query().map(|path| path.as_str()),
        }
    }
}

impl<'r, B> From<&'r ::http::Request<B>> for Request<'r> {
    fn from(request: &'r ::http::Request<B>) -> Self {
        Self::new(request)
    }
}

impl<'r> From<&'r request::Parts> for Request<'r> {
    fn from(parts: &'r request::Parts) -> Self {
        Self::from_parts(parts)
    }
}

impl<'r> From<&'r HeaderMap> for Fields<'r> {
    fn from(headers: &'r HeaderMap) -> Self {
        headers.iter().collect()
    }
}

impl<W: Way> server::Accept<'_, '_, W> {
    /// The answer as a response of the `http` crate, with no body.
    ///
    /// # Errors
    ///
    /// [`Error`] for headers of the caller's that a [`HeaderMap`] cannot hold: a name of 64 KiB, or 32,768 of them.
    pub fn to_response(&self) -> Result<::http::Response<()>, Error> {
        let mut response = ::http::Response::new(());
        *response.status_mut() = StatusCode::from_u16(self.status())?;
        append_all(response.headers_mut(), self.response_fields())?;
        Ok(response)
    }
}

impl<'a> client::Handshake<'a> {
    /// The request for an HTTP library to send: GET, the target as its URI, HTTP/1.1.
    ///
    /// # Errors
    ///
    /// [`Error`] for a target that the `http` crate does not take for a URI, or headers that a [`HeaderMap`] cannot
    /// hold.
    pub fn to_request(&self) -> Result<::http::Request<()>, Error> {
        let mut request = ::http::Request::new(());
        *request.uri_mut() = Uri::try_from(self.request().target().to_string())?;
        append_all(request.headers_mut(), self.request_fields())?;
        Ok(request)
    }

    /// Judges the response that an HTTP library has received: see [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// As those of [`verify`](Self::verify).
    pub fn verify_response<B>(
        &self,
        response: &::http::Response<B>,
    ) -> Result<Established<'a, 'static>, HandshakeError> {
        self.verify(response.status().as_u16(), http1(response.version()), &response.headers().into())
    }
}

impl<'a> extended_connect::Handshake<'a> {
    /// The request for a stack to send: CONNECT, the whole URL as its URI, and HTTP/2 as its version; for HTTP/3, change
    /// that.
    ///
    /// The stack has a place of its own for `:protocol`, which is for the caller to fill:
    ///
    /// ```text
    /// request.extensions_mut().insert(hyper::ext::Protocol::from_static(extended_connect::PROTOCOL));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error`] for a target that the `http` crate does not take for a URI, or headers that a [`HeaderMap`] cannot
    /// hold.
    pub fn to_request(&self) -> Result<::http::Request<()>, Error> {
        let mut request = ::http::Request::new(());
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = Uri::builder()
            .scheme(self.scheme())
            .authority(self.authority())
            .path_and_query(self.target().to_string())
            .build()?;
        append_all(request.headers_mut(), self.request_fields())?;
        Ok(request)
    }

    /// Judges the response that the stack has received: see [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// As those of [`verify`](Self::verify).
    pub fn verify_response<B>(
        &self,
        response: &::http::Response<B>,
    ) -> Result<Established<'a, 'static>, HandshakeError> {
        self.verify(response.status().as_u16(), &response.headers().into())
    }
}

/// No version but 1.1 can be switched from with a 101.
fn http1(version: Version) -> HttpVersion {
    if version == Version::HTTP_11 { HttpVersion::Http11 } else { HttpVersion::Http10 }
}

fn append_all<'h>(map: &mut HeaderMap, headers: impl Iterator<Item = Header<'h>>) -> Result<(), Error> {
    for header in headers {
        let name = HeaderName::from_bytes(header.name().as_bytes())?;
        map.try_append(name, HeaderValue::from_bytes(header.value())?)?;
    }
    Ok(())
}

/// A refusal: a status that there is, and a few headers of our own, which any map can hold.
fn refuse<'h>(status: u16, headers: impl Iterator<Item = Header<'h>>) -> ::http::Response<()> {
    let mut response = ::http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let is_complete = append_all(response.headers_mut(), headers).is_ok();
    debug_assert!(is_complete, "their names and values are constants");
    response
}
