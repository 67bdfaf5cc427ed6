//! A library of another language, in a process of its own: `wsproto_peer.py` says what is spoken with it.

use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{Refusal, Seen, Verdict};

pub struct Peer {
    process: Child,
    to: Option<BufWriter<ChildStdin>>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    /// `script` is run by `interpreter`, which has the library.
    pub fn start(interpreter: &str, script: &str) -> Self {
        let mut process = Command::new(interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{interpreter} cannot be started: {error}"));
        let to = process.stdin.take().map(BufWriter::new);
        let from = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, to, from }
    }

    pub fn run(&mut self, stream: &[u8], is_server: bool) -> Verdict<Refusal> {
        let to = self.to.as_mut().expect("it has not ended");
        let len = u32::try_from(stream.len()).expect("a short stream");
        let head = [&[u8::from(is_server)][..], &len.to_be_bytes()].concat();
        to.write_all(&[&head, stream].concat()).and_then(|()| to.flush()).expect("it reads");
        let mut verdict = Verdict { events: Vec::new(), refused: None };
        loop {
            let (letter, text) = self.item();
            let as_text = || String::from_utf8(text.clone()).expect("text is UTF-8");
            verdict.events.push(match letter {
                b't' => Seen::Text(as_text()),
                b'b' => Seen::Binary(text),
                b'p' => Seen::Ping(text),
                b'q' => Seen::Pong(text),
                b'c' => close(&text),
                b'.' => return verdict,
                _ => {
                    verdict.refused = Some(refusal(&as_text()));
                    return verdict;
                }
            });
        }
    }

    fn item(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 5];
        self.from.read_exact(&mut head).expect("it answers");
        let [letter, len @ ..] = head;
        let mut text = vec![0; u32::from_be_bytes(len) as usize];
        self.from.read_exact(&mut text).expect("all of it");
        (letter, text)
    }
}

/// The code, and why.
fn refusal(text: &str) -> Refusal {
    let (code, why) = text.split_once(' ').expect("a code and a reason");
    Refusal { code: code.parse().expect("a code is a number"), why: why.into() }
}

/// It has 1005 for a Close without a code, as RFC 6455 §7.1.5 says.
fn close(text: &[u8]) -> Seen {
    let (code, reason) = text.split_at(2);
    let code = u16::from_be_bytes([code[0], code[1]]);
    Seen::Close((code != 1005).then_some(code), String::from_utf8(reason.to_vec()).expect("text is UTF-8"))
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.to.take());
        let _ = self.process.wait();
    }
}
