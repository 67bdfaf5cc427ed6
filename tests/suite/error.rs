//! Every error knows whose fault it is, and what the peer is told.

use websocket_proto::close::CloseCode;
use websocket_proto::frame::Opcode;
use websocket_proto::{Error, Limit, Misuse, ProtocolError, SendError, Timeout, Violation};

/// Each violation with its section of RFC 6455 and the close code that §7.4.1 has for it.
const VIOLATIONS: [(Violation, &str, u16); 14] = [
    (Violation::ReservedBits, "5.2", 1002),
    (Violation::ReservedOpcode(Opcode::from_low_bits(3)), "5.2", 1002),
    (Violation::FragmentedControl, "5.5", 1002),
    (Violation::ControlTooLong, "5.5", 1002),
    (Violation::UnexpectedContinuation, "5.4", 1002),
    (Violation::ExpectedContinuation, "5.4", 1002),
    (Violation::UnmaskedFrame, "5.1", 1002),
    (Violation::MaskedFrame, "5.1", 1002),
    (Violation::LengthNotMinimal, "5.2", 1002),
    (Violation::LengthTopBit, "5.2", 1002),
    (Violation::TextNotUtf8, "8.1", 1007),
    (Violation::CloseTruncated, "5.5.1", 1002),
    (Violation::CloseCode(CloseCode::NO_STATUS), "7.4", 1002),
    (Violation::CloseReasonNotUtf8, "5.5.1", 1007),
];

const LIMITS: [(Limit, u16); 6] = [
    (Limit::MessageTooBig, 1009),
    (Limit::FrameTooBig, 1009),
    (Limit::BufferTooSmall, 1009),
    (Limit::CompressionRatio, 1009),
    (Limit::TooManyFragments, 1008),
    (Limit::TooManyControlFrames, 1008),
];

const TIMEOUTS: [(Timeout, u16); 4] =
    [(Timeout::Idle, 1001), (Timeout::Pong, 1011), (Timeout::Close, 1011), (Timeout::Handshake, 1011)];

const MISUSES: [Misuse; 11] = [
    Misuse::Closed,
    Misuse::MessageInProgress,
    Misuse::TextNotUtf8,
    Misuse::ControlTooLong,
    Misuse::ReasonTooLong,
    Misuse::CloseCode(CloseCode::ABNORMAL),
    Misuse::LengthTopBit,
    Misuse::BufferReplaced,
    Misuse::MessageInChunks,
    Misuse::MessageCompressed,
    Misuse::PreparedForServers,
];

#[test]
fn what_the_peer_is_told() {
    for (violation, section, code) in VIOLATIONS {
        assert_eq!((violation.rfc_section(), violation.close_code().as_u16()), (section, code), "{violation}");
        assert_eq!(ProtocolError::from(violation).close_code(), Some(CloseCode::new(code)));
    }
    for (limit, code) in LIMITS {
        assert_eq!(limit.close_code().as_u16(), code, "{limit}");
        assert_eq!(ProtocolError::from(limit).close_code(), Some(CloseCode::new(code)));
    }
    for (timeout, code) in TIMEOUTS {
        assert_eq!(timeout.close_code().as_u16(), code, "{timeout}");
        assert_eq!(ProtocolError::from(timeout).close_code(), Some(CloseCode::new(code)));
    }
    for misuse in MISUSES {
        assert_eq!(ProtocolError::from(misuse).close_code(), None);
    }
}

#[test]
fn every_code_that_is_told_may_be_sent() {
    let codes = VIOLATIONS.map(|(.., code)| code).into_iter().chain(LIMITS.map(|(_, code)| code));
    for code in codes.chain(TIMEOUTS.map(|(_, code)| code)) {
        assert!(CloseCode::new(code).is_sendable());
    }
}

fn all() -> impl Iterator<Item = ProtocolError> {
    VIOLATIONS
        .map(|(violation, ..)| ProtocolError::from(violation))
        .into_iter()
        .chain(LIMITS.map(|(limit, _)| limit.into()))
        .chain(TIMEOUTS.map(|(timeout, _)| timeout.into()))
        .chain(MISUSES.map(ProtocolError::from))
}

/// Whichever wrapper it comes in, it reads the same; and no two read alike.
#[test]
fn each_says_something_of_its_own() {
    let texts: Vec<String> = all().map(|error| error.to_string()).collect();
    for (at, (text, error)) in texts.iter().zip(all()).enumerate() {
        assert!(text.len() > 10 && !text.ends_with('.') && !text.starts_with(char::is_uppercase), "{text}");
        assert_eq!(*text, Error::from(error).to_string());
        assert!(!texts[..at].contains(text), "{text}");
    }
    for misuse in MISUSES {
        assert_eq!(misuse.to_string(), Error::from(misuse).to_string());
        assert_eq!(misuse.to_string(), SendError::from(misuse).to_string());
    }
    assert_eq!(Error::from(SendError::Full { needed: 7 }).to_string(), "the send buffer has no room for 7 bytes");
}

#[test]
fn a_violation_names_its_section() {
    for (violation, section, _) in VIOLATIONS {
        assert!(violation.to_string().ends_with(&format!("(RFC 6455 section {section})")), "{violation}");
    }
}
