//! What a handshake that fails says to a person: the text, which is what stands in a log, its section of RFC 6455, and the
//! status that a client is given.

use websocket_proto::{Error, Field, HandshakeError, HandshakeMisuse, HeadPart, Timeout, UrlError};

use super::support::{RFC_REQUEST, RFC_RESPONSE, ask, refusal};

const ERRORS: [(HandshakeError, u16, &str); 30] = [
    (HandshakeError::HeadTooLong, 431, "the head is too long (RFC 6455 section 10.4)"),
    (HandshakeError::TooManyHeaders, 431, "the head has too many header lines (RFC 6455 section 10.4)"),
    (
        HandshakeError::TooManyLines(Field::Protocol),
        431,
        "Sec-WebSocket-Protocol stands on too many lines (RFC 6455 section 10.4)",
    ),
    (HandshakeError::BareLineFeed, 400, "a line of the head does not end in CR LF (RFC 6455 section 4.2.1)"),
    (
        HandshakeError::Malformed(HeadPart::StartLine),
        400,
        "the first line of the head is malformed (RFC 6455 section 4.2.1)",
    ),
    (
        HandshakeError::Malformed(HeadPart::HeaderName),
        400,
        "the name of a header is malformed (RFC 6455 section 4.2.1)",
    ),
    (
        HandshakeError::Malformed(HeadPart::HeaderValue),
        400,
        "the value of a header is malformed (RFC 6455 section 4.2.1)",
    ),
    (
        HandshakeError::Malformed(HeadPart::LineEnd),
        400,
        "the end of a line of the head is malformed (RFC 6455 section 4.2.1)",
    ),
    (HandshakeError::Malformed(HeadPart::Chunk), 400, "a chunk of the body is malformed (RFC 6455 section 4.2.1)"),
    (HandshakeError::HttpVersion, 505, "the version of HTTP is not 1.1 (RFC 6455 section 4.2.1)"),
    (HandshakeError::Method, 405, "the method is not that of a handshake (RFC 6455 section 4.2.1)"),
    (HandshakeError::Protocol, 501, "the protocol is not websocket (RFC 8441 section 5)"),
    (HandshakeError::Scheme, 400, "the scheme is neither http nor https (RFC 8441 section 5)"),
    (
        HandshakeError::ConnectionSpecific(Field::Upgrade),
        400,
        "Upgrade has no place on a stream (RFC 9113 section 8.2.2)",
    ),
    (HandshakeError::Target, 400, "the request target is not a resource name (RFC 6455 section 4.2.1)"),
    (HandshakeError::TargetAuthority, 400, "the request target names another host than Host (RFC 6455 section 4.2.1)"),
    (HandshakeError::Missing(Field::Key), 400, "Sec-WebSocket-Key is missing (RFC 6455 section 11.3.1)"),
    (HandshakeError::Missing(Field::Upgrade), 426, "Upgrade is missing (RFC 6455 section 4.2.1)"),
    (
        HandshakeError::Duplicate(Field::Version),
        400,
        "Sec-WebSocket-Version stands more than once (RFC 6455 section 11.3.5)",
    ),
    (HandshakeError::WebSocketVersion, 426, "the version of the WebSocket protocol is not 13 (RFC 6455 section 4.4)"),
    (HandshakeError::Body, 400, "an upgrade cannot have a body (RFC 6455 section 4.2.1)"),
    (HandshakeError::OriginRefused, 403, "the origin is refused (RFC 6455 section 10.2)"),
    (HandshakeError::Status(302), 400, "the server answers with status 302 (RFC 6455 section 4.1)"),
    (HandshakeError::AcceptMismatch, 400, "Sec-WebSocket-Accept does not belong to the key (RFC 6455 section 4.1)"),
    (
        HandshakeError::SubprotocolNotOffered,
        400,
        "the server chose a subprotocol that was not offered (RFC 6455 section 4.1)",
    ),
    (
        HandshakeError::ExtensionNotOffered,
        400,
        "the server chose an extension that was not offered (RFC 6455 section 9.1)",
    ),
    (HandshakeError::TooManyInterim, 400, "too many interim answers (RFC 6455 section 10.4)"),
    (HandshakeError::Eof, 400, "the transport ended within the handshake (RFC 6455 section 4)"),
    (HandshakeError::Timeout(Timeout::Handshake), 408, "the handshake is not finished in time"),
    (HandshakeError::Randomness, 500, "the operating system gives no random bytes"),
];

/// Each header, as an error writes it, and the section that speaks of it.
const FIELDS: [(Field, &str, &str); 11] = [
    (Field::Host, "Host", "4.2.1"),
    (Field::Origin, "Origin", "10.2"),
    (Field::Upgrade, "Upgrade", "4.2.1"),
    (Field::Connection, "Connection", "4.2.1"),
    (Field::ContentLength, "Content-Length", "4.2.1"),
    (Field::TransferEncoding, "Transfer-Encoding", "4.2.1"),
    (Field::Key, "Sec-WebSocket-Key", "11.3.1"),
    (Field::Accept, "Sec-WebSocket-Accept", "11.3.3"),
    (Field::Version, "Sec-WebSocket-Version", "11.3.5"),
    (Field::Protocol, "Sec-WebSocket-Protocol", "11.3.4"),
    (Field::Extensions, "Sec-WebSocket-Extensions", "9.1"),
];

const MISUSES: [(HandshakeMisuse, &str); 12] = [
    (HandshakeMisuse::HeaderName, "the name of a header is not a token"),
    (HandshakeMisuse::HeaderValue, "the value of a header cannot be sent"),
    (HandshakeMisuse::HeaderReserved, "a header belongs to the handshake"),
    (HandshakeMisuse::Subprotocol, "a subprotocol is not a token, or is offered twice"),
    (HandshakeMisuse::SubprotocolNotOffered, "the client does not offer this subprotocol"),
    (HandshakeMisuse::Status, "the status of a reply is not in 200..=599"),
    (HandshakeMisuse::Target, "the request target cannot be sent"),
    (HandshakeMisuse::Host, "not a host with or without a port"),
    (HandshakeMisuse::Origin, "not an origin"),
    (HandshakeMisuse::Url(UrlError::Fragment), "the URL has a fragment"),
    (HandshakeMisuse::NotStarted, "the request has not been written"),
    (HandshakeMisuse::Finished, "the handshake has already given its result"),
];

const URL_ERRORS: [(UrlError, &str); 6] = [
    (UrlError::Scheme, "the URL begins with neither ws:// nor wss://"),
    (UrlError::Userinfo, "the URL has a user name"),
    (UrlError::Host, "the URL has no valid host"),
    (UrlError::Port, "the URL has no valid port"),
    (UrlError::Path, "the path of the URL has a character that must be percent-encoded"),
    (UrlError::Fragment, "the URL has a fragment"),
];

#[test]
fn each_error_says_what_is_wrong_and_where_that_stands() {
    for (error, status, text) in ERRORS {
        assert_eq!((error.status(), error.to_string().as_str()), (status, text));
        assert_eq!(Error::from(error).to_string(), text, "in whichever wrapper");
        if let Some((_, section)) = text.rsplit_once("(RFC 6455 section ") {
            assert_eq!(error.rfc_section(), section.trim_end_matches(')'), "{text}");
        }
    }
    for (at, (.., text)) in ERRORS.iter().enumerate() {
        assert!(ERRORS[..at].iter().all(|(.., other)| other != text), "{text}");
    }
}

#[test]
fn each_field_has_its_name_and_its_section() {
    for (field, name, section) in FIELDS {
        let error = HandshakeError::Invalid(field);
        assert_eq!((field.name(), field.to_string().as_str(), error.rfc_section()), (name, name, section));
        assert_eq!(error.to_string(), format!("{name} is invalid (RFC 6455 section {section})"));
    }
}

#[test]
fn each_misuse_says_what_the_caller_did() {
    for (misuse, text) in MISUSES {
        assert_eq!(misuse.to_string(), text);
        assert_eq!(HandshakeError::from(misuse).to_string(), text, "without a section: no peer is to blame");
        assert_eq!((HandshakeError::from(misuse).status(), HandshakeError::from(misuse).rfc_section()), (500, "4"));
    }
    for (error, text) in URL_ERRORS {
        assert_eq!(error.to_string(), text);
        assert_eq!(HandshakeMisuse::from(error).to_string(), text);
    }
}

/// What stands in the log of a server, and in that of a client, for heads as they come.
#[test]
fn what_a_log_says_of_heads() {
    for (from, to, text) in [
        ("GET", "PUT", "the method is not that of a handshake (RFC 6455 section 4.2.1)"),
        ("Version: 13", "Version: 8", "the version of the WebSocket protocol is not 13 (RFC 6455 section 4.4)"),
        ("Host: server.example.com", "X: y", "Host is missing (RFC 6455 section 4.2.1)"),
        (
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\n",
            "a line of the head does not end in CR LF (RFC 6455 section 4.2.1)",
        ),
        ("Host:", "Ho st:", "the name of a header is malformed (RFC 6455 section 4.2.1)"),
    ] {
        assert!(RFC_REQUEST.contains(from), "{from}");
        assert_eq!(refusal(RFC_REQUEST.replace(from, to)).to_string(), text);
    }
    for (from, to, text) in [
        ("Accept: s3", "Accept: S3", "Sec-WebSocket-Accept does not belong to the key (RFC 6455 section 4.1)"),
        (
            "Protocol: chat",
            "Protocol: talk",
            "the server chose a subprotocol that was not offered (RFC 6455 section 4.1)",
        ),
        ("Upgrade: websocket", "X: y", "Upgrade is missing (RFC 6455 section 4.2.1)"),
    ] {
        assert!(RFC_RESPONSE.contains(from), "{from}");
        assert_eq!(ask(RFC_RESPONSE.replace(from, to)).unwrap_err().to_string(), text);
    }
}
