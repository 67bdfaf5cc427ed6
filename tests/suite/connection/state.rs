//! The closing handshake's table: walked whole, and drawn.

use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::path::Path;

use websocket_proto::state::{Input, State, Step};

fn targets(from: State) -> impl Iterator<Item = (Input, State)> {
    Input::ALL.into_iter().filter_map(move |input| match from.on(input) {
        Step::To(to) => Some((input, to)),
        Step::Ignore | Step::Refuse => None,
    })
}

fn reachable(from: State) -> BTreeSet<State> {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        open.extend(targets(state).map(|(_, to)| to).filter(|to| seen.insert(*to)));
    }
    seen
}

#[test]
fn all_states_are_listed_once_and_can_be_reached() {
    assert_eq!(reachable(State::Open), BTreeSet::from(State::ALL));
    assert_eq!(BTreeSet::from(State::ALL).len(), 7);
    assert_eq!(BTreeSet::from(Input::ALL).len(), 10);
}

#[test]
fn every_state_can_end_and_none_comes_back_from_it() {
    for state in State::ALL {
        assert!(reachable(state).contains(&State::Ended), "{state:?}");
        assert_eq!(state.on(Input::Eof), if state == State::Ended { Step::Ignore } else { Step::To(State::Ended) });
    }
    assert_eq!(targets(State::Ended).count(), 0);
}

/// A state that was left is never entered again.
#[test]
fn there_is_no_way_back() {
    for state in State::ALL {
        for (_, to) in targets(state).filter(|(_, to)| *to != state) {
            assert!(!reachable(to).contains(&state), "{state:?} → {to:?} → … → {state:?}");
        }
    }
}

/// Which sides have said Close on the way, and whether there was a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    state: State,
    local_closes: u8,
    peer_closes: u8,
    has_failed: bool,
}

/// Every way through the table, told apart by what has happened on it.
fn all_paths() -> BTreeSet<Route> {
    let start = Route { state: State::Open, local_closes: 0, peer_closes: 0, has_failed: false };
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(path) = open.pop() {
        for (input, state) in targets(path.state) {
            let next = Route {
                state,
                local_closes: path.local_closes + u8::from(matches!(input, Input::LocalClose | Input::OwedClose)),
                peer_closes: path.peer_closes + u8::from(input == Input::PeerClose),
                has_failed: path.has_failed || input == Input::Fault,
            };
            assert!(next.local_closes <= 1 && next.peer_closes <= 1, "{path:?} → {next:?}");
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn on_every_path_each_side_closes_at_most_once() {
    assert!(all_paths().len() > State::ALL.len());
}

/// What a state is called is what has happened.
#[test]
fn every_path_to_a_state_means_the_same() {
    for path in all_paths() {
        let happened = (path.local_closes, path.peer_closes, path.has_failed);
        match path.state {
            State::Open => assert_eq!(happened, (0, 0, false)),
            State::LocalClosing => assert_eq!(happened, (1, 0, false)),
            State::PeerClosing => assert_eq!(happened, (0, 1, false)),
            State::Failing => assert_eq!(happened, (0, 0, true)),
            State::Closed => assert_eq!(happened, (1, 1, false)),
            State::Failed => assert_eq!(happened, (1, 0, true)),
            State::Ended => {}
        }
    }
}

/// RFC 6455 §5.5.1: no data after our Close. §7.1.7: nothing is heard after a fault.
#[test]
fn nothing_is_sent_after_our_close_nor_heard_after_a_fault() {
    for path in all_paths() {
        if path.local_closes > 0 || path.has_failed {
            assert_eq!(path.state.on(Input::LocalFrame), Step::Refuse, "{path:?}");
            assert_eq!(path.state.on(Input::LocalFragment), Step::Refuse, "{path:?}");
            assert_eq!(path.state.on(Input::LocalClose), Step::Refuse, "{path:?}");
        }
        if path.peer_closes > 0 || path.has_failed {
            assert_eq!(path.state.on(Input::PeerFrame), Step::Ignore, "{path:?}");
            assert_eq!(path.state.on(Input::PeerClose), Step::Ignore, "{path:?}");
        }
    }
}

/// A Close is owed exactly when there is a reason for one and none was sent.
#[test]
fn a_close_is_owed_until_it_is_sent() {
    for path in all_paths().into_iter().filter(|path| path.state != State::Ended) {
        let is_owed = matches!(path.state.on(Input::OwedClose), Step::To(_));
        assert_eq!(is_owed, path.local_closes == 0 && (path.peer_closes > 0 || path.has_failed), "{path:?}");
    }
}

/// Only the caller is told that it must not; what the peer or the transport does is done or ignored.
#[test]
fn only_the_caller_is_refused() {
    for state in State::ALL {
        for input in Input::ALL {
            if state.on(input) == Step::Refuse {
                assert!(
                    matches!(input, Input::LocalFrame | Input::LocalFragment | Input::LocalPong | Input::LocalClose),
                    "{state:?} {input:?}"
                );
            }
        }
    }
}

const PROSE: &str = "\
# The closing handshake as a table

<!-- Drawn from `State::on` in `src/connection/state.rs` by `connection::state::the_document_is_up_to_date`.
     After a change of the table: BLESS=1 cargo test --test suite the_document -->

Sending and receiving are independent of each other but for one thing: how far the connection is from its end. Both ends
may begin to close at any moment, even at the same one, either may break the protocol, and the transport may go away at any
time. All of that is seven states and ten inputs, and one total function from a state and an input to a step. The
function is the only place in the crate where such a question is decided; what follows is a print of it.

";

const AFTER_DIAGRAM: &str = "
Not drawn: `Eof` leads from every state to `Ended`, and so does `CloseTimeout` from every state but `Open`; and steps that stay
where they are.

## Every state and every input

`→` is a step; **=** stays in the state; *ignored* is what comes too late to matter; **refused** is the caller's mistake
(`Misuse::Closed`), and changes nothing.

";

const MEANING: &str = "
## What it means

| state | our Close | the peer's Close | what comes next |
|---|---|---|---|
| `Open` | – | – | messages, both ways |
| `LocalClosing` | sent | – | the peer may finish what it is saying (RFC 6455 §5.5.1); its Close, or the close deadline |
| `PeerClosing` | owed | received | our answer, from `close` or else from `poll_transmit`; until then we may finish what we are saying |
| `Failing` | owed | – | our Close with the code of the fault (§7.1.7), from `poll_transmit` |
| `Closed` | sent | received | the server closes the transport, the client waits for that (§7.1.1) |
| `Failed` | sent | – | the transport is closed; nothing is heard any more |
| `Ended` | – | – | nothing |

## What tests hold of it

* No state that was left is entered again, and from `Ended` nothing leads away.
* On every path at most one Close is sent and at most one is heard.
* A Close is owed exactly when the peer has closed or there was a fault, and we have sent none.
* After our Close, and after a fault, the caller can send nothing.
* After the peer's Close, and after a fault, nothing is heard.
* Every path to a state other than `Ended` has seen the same Closes and faults, so the table above is true of all of them.
";

fn cell(state: State, input: Input) -> String {
    match state.on(input) {
        Step::To(to) if to == state => "**=**".into(),
        Step::To(to) => format!("→ `{to:?}`"),
        Step::Ignore => "*ignored*".into(),
        Step::Refuse => "**refused**".into(),
    }
}

/// What an input is, in a word or two, for the head of the table.
const fn meaning(input: Input) -> &'static str {
    match input {
        Input::PeerFrame => "a frame comes",
        Input::PeerClose => "a Close comes",
        Input::Fault => "violation, limit or timeout",
        Input::LocalFrame => "the caller begins a message, or sends a Ping",
        Input::LocalFragment => "the caller goes on with a message",
        Input::LocalPong => "the caller sends a Pong",
        Input::LocalClose => "the caller closes",
        Input::OwedClose => "the owed Close is written",
        Input::Eof => "the transport ends",
        Input::CloseTimeout => "closing takes too long",
    }
}

fn diagram() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> Open\n");
    for state in State::ALL {
        for to in State::ALL.into_iter().filter(|to| *to != state) {
            let inputs: Vec<String> = targets(state)
                .filter(|(input, target)| *target == to && !matches!(input, Input::Eof | Input::CloseTimeout))
                .map(|(input, _)| format!("{input:?}"))
                .collect();
            if !inputs.is_empty() {
                writeln!(text, "    {state:?} --> {to:?}: {}", inputs.join(", ")).unwrap();
            }
        }
    }
    for state in [State::Closed, State::Failed] {
        writeln!(text, "    {state:?} --> Ended: Eof, CloseTimeout").unwrap();
        assert_eq!([state.on(Input::Eof), state.on(Input::CloseTimeout)], [Step::To(State::Ended); 2]);
    }
    text + "    Ended --> [*]\n```\n"
}

fn table() -> String {
    let mut text = String::from("| | ");
    for state in State::ALL {
        write!(text, "`{state:?}` | ").unwrap();
    }
    writeln!(text, "\n|---|{}", "---|".repeat(State::ALL.len())).unwrap();
    for input in Input::ALL {
        write!(text, "| `{input:?}`: {} | ", meaning(input)).unwrap();
        for state in State::ALL {
            write!(text, "{} | ", cell(state, input)).unwrap();
        }
        writeln!(text).unwrap();
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/state-machine.md");
    let drawn = [PROSE, &diagram(), AFTER_DIAGRAM, &table(), MEANING].concat();
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &drawn).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == drawn, "docs/state-machine.md is not what the table says: run this test with BLESS=1");
}

#[test]
fn what_is_not_drawn_is_so() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Ended) {
        let step = state.on(Input::CloseTimeout);
        assert_eq!(step, if state == State::Open { Step::Ignore } else { Step::To(State::Ended) });
    }
}
