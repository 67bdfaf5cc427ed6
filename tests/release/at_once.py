"""All mutants in one program: each function that has mutants gets all of their bodies beside its own, and a number in the environment says which of them is run.

    fn f(…) -> … { match crate::mutant::number() { 17 => { the body as mutant 17 has it } … _ => { the body as it is } } }

So the suite is compiled once and not once for each mutant, which is nearly all of the time. What does not compile in this form (an opaque return type, a mutant outside of a function) is left to the slow way, and so
is what is missed in a `const fn`: what the compiler has computed, no number changes any more.
"""

import json
import os
import re
import subprocess

# `const_eval_select` lets a `const fn` ask: at compile time it is told zero. The environment is read without allocating, which some tests count.
NUMBER = """
//! Which mutant is run.
use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicU32, Ordering};
static NUMBER: AtomicU32 = AtomicU32::new(u32::MAX);
unsafe extern "C" {
    fn getenv(name: *const c_char) -> *const c_char;
    fn atoi(text: *const c_char) -> c_int;
}
const fn at_compile_time() -> u32 {
    0
}
fn at_run_time() -> u32 {
    let number = NUMBER.load(Ordering::Relaxed);
    if number != u32::MAX { number } else { read() }
}
#[cold]
fn read() -> u32 {
    let number = unsafe {
        let text = getenv(c"MUTANT".as_ptr());
        if text.is_null() { 0 } else { atoi(text) as u32 }
    };
    NUMBER.store(number, Ordering::Relaxed);
    number
}
#[inline]
pub(crate) const fn number() -> u32 {
    core::intrinsics::const_eval_select((), at_compile_time, at_run_time)
}
"""
ROOT_LINES = "#![feature(core_intrinsics, const_eval_select)]\n#![allow(internal_features)]\n"


class Text:
    """A file, whose places are given as lines and columns that count from one."""

    def __init__(self, text):
        self.text = text
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def offset(self, place):
        return self.starts[place["line"] - 1] + place["column"] - 1

    def range(self, span):
        return self.offset(span["start"]), self.offset(span["end"])


# What may hold a brace that is none: comments, strings, raw strings, characters.
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|[bc]?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'|[{}]""", re.S)


def body_of(text, start, end):
    """From behind the brace that is closed last to before the one that closes it."""
    open_braces = []
    for token in TOKEN.finditer(text, start, end):
        if token[0] == "{":
            open_braces.append(token.end())
        elif token[0] == "}":
            opened = open_braces.pop()
            if token.end() == end:
                return opened, token.start()
    return None


def is_eligible(mutant):
    function = mutant.get("function")
    return bool(function) and "impl " not in function["return_type"]


def rewrite(text, mutants):
    """The file with all bodies, and for each line that belongs to a mutant, its number."""
    whole, functions = Text(text), {}
    for mutant in mutants:
        functions.setdefault(whole.range(mutant["function"]["span"]), []).append(mutant)
    parts, owners, at, line = [], {}, 0, 1

    def put(piece, owner=None):
        nonlocal line
        parts.append(piece)
        if owner:
            owners.update(dict.fromkeys(range(line, line + piece.count("\n") + 1), owner))
        line += piece.count("\n")

    # A function within another one: only the outer one's mutants are put in, the others go the slow way.
    for (start, end), own in sorted(functions.items(), key=lambda item: item[0]):
        body = body_of(text, start, end)
        if start < at or body is None:
            continue
        put(text[at : body[0]] + "\nmatch crate::mutant::number() {\n")
        for mutant in own:
            mutant["is_const"] = bool(re.search(r"\bconst (unsafe )?fn\b", text[start : body[0]]))
            begin, stop = whole.range(mutant["span"])
            put(f"{mutant['number']} => {{\n{text[body[0]:begin]}{mutant['replacement']}{text[stop:body[1]]}\n}}", mutant["number"])
            put("\n")
        put(f"_ => {{{text[body[0]:body[1]]}}}\n}}\n")
        at = body[1]
    put(text[at:])
    return "".join(parts), owners


def wrong_lines(tree):
    """Files and lines that the compiler complains about, and whether it has nothing to complain about."""
    command = ["cargo", "check", "--offline", "--locked", "--all-features", "--lib", "--message-format=json"]
    done = subprocess.run(command, cwd=tree.folder, env=tree.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    messages = [message["message"] for message in map(json.loads, done.stdout.splitlines()) if message.get("reason") == "compiler-message"]
    spans = [span for message in messages if message["level"] == "error" for span in message["spans"]]
    return {(span["file_name"], span["line_start"]) for span in spans if span["is_primary"]}, done.returncode == 0


def put_together(tree, mutants):
    """The files with all mutants that can be in one program, which are given numbers; these mutants; and those whose body does not compile. The tree is where this is tried."""
    sound = {}
    for file in {"src/lib.rs", *(mutant["file"] for mutant in mutants)}:
        with open(os.path.join(tree.folder, file)) as text:
            sound[file] = text.read()
    changed = {"src/mutant.rs": NUMBER.encode(), "src/lib.rs": (ROOT_LINES + sound.pop("src/lib.rs") + "\nmod mutant;\n").encode()}
    held = [mutant for mutant in mutants if is_eligible(mutant) and mutant["file"] in sound]
    for number, mutant in enumerate(held, 1):
        mutant["number"] = number
    unsound = []
    while True:
        owners = {}
        for file, text in sound.items():
            text, owners[file] = rewrite(text, [mutant for mutant in held if mutant["file"] == file])
            changed[file] = text.encode()
        tree.fill(changed)
        wrong, is_sound = wrong_lines(tree)
        if is_sound:
            put_in = {number for lines in owners.values() for number in lines.values()}
            return changed, [mutant for mutant in held if mutant["number"] in put_in], unsound
        guilty = {owners.get(file, {}).get(line) for file, line in wrong} - {None}
        if not guilty:
            raise SystemExit(f"what is no mutant does not compile: {sorted(wrong)[:5]}")
        unsound += [mutant for mutant in held if mutant["number"] in guilty]
        held = [mutant for mutant in held if mutant["number"] not in guilty]
