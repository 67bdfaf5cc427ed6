//! Rust source as far as tests about source need to understand it: words without comments and strings, functions,
//! paths.

use std::path::{Path, PathBuf};

/// Where the crate's `Cargo.toml` stands.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file of source.
pub(crate) struct Source {
    /// Relative to the crate, with `/`.
    pub(crate) path: String,
    /// The module that the file is, without `crate`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

/// A word or a mark, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A function with a body.
pub(crate) struct Function {
    /// With the modules around it, file and inline.
    pub(crate) path: Vec<String>,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
}

/// All files of Rust below `folder`, by path.
pub(crate) fn read_all(folder: &str) -> Vec<Source> {
    let base = root().join(folder);
    let mut paths = Vec::new();
    find(&base, &mut paths);
    paths.sort();
    paths.into_iter().map(|path| read(&base, &path)).collect()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn read(base: &Path, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap();
    let within = path.strip_prefix(base).unwrap().with_extension("");
    let mut module: Vec<String> = within.iter().map(|part| part.to_str().unwrap().into()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    Source { path, module, tokens: tokens(&text), text }
}

/// The words and marks of `text`; comments are left out, strings and characters are one empty mark.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let len = token_len(rest);
        let token = &rest[..len];
        if !first.is_whitespace() && !token.starts_with("//") && !token.starts_with("/*") {
            let is_literal = len > 1 && token.ends_with(['"', '\'', '#']);
            tokens.push(Token { text: if is_literal { String::new() } else { token.into() }, line });
        }
        line += token.matches('\n').count();
        rest = &rest[len..];
    }
    tokens
}

/// How long the token at the start of `rest` is, whatever it is.
fn token_len(rest: &str) -> usize {
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    let word_len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let behind_word = &rest[word_len..];
    if rest.starts_with("//") {
        return until("\n");
    }
    if rest.starts_with("/*") {
        return until("*/");
    }
    if rest.starts_with('\'') {
        return character_len(rest);
    }
    if matches!(&rest[..word_len], "" | "b" | "c") && behind_word.starts_with('"') {
        return word_len + string_len(behind_word);
    }
    if &rest[..word_len] == "b" && behind_word.starts_with('\'') {
        return 1 + character_len(behind_word);
    }
    if matches!(&rest[..word_len], "r" | "br" | "cr") && behind_word.starts_with(['"', '#']) {
        let hashes = behind_word.find(|c| c != '#').unwrap_or(0);
        if behind_word[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &behind_word[hashes + 1..];
            return word_len + hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len());
        }
    }
    if word_len > 0 { word_len } else { rest.chars().next().map_or(0, char::len_utf8) }
}

/// A character; or, for a lifetime, its apostrophe.
fn character_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| 2 + at + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

fn string_len(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

impl Source {
    /// Whether the word stands in the code.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.text == word)
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text == text)
    }

    fn word(&self, at: usize) -> Option<&str> {
        let text = self.tokens.get(at)?.text.as_str();
        text.starts_with(|c: char| c.is_alphabetic() || c == '_').then_some(text)
    }

    fn is_path_mark(&self, at: usize) -> bool {
        self.is(at, ":") && self.is(at + 1, ":")
    }

    /// Calls `visit` for each token with the module that it is in.
    fn walk(&self, mut visit: impl FnMut(usize, &[String])) {
        let mut module = self.module.clone();
        let mut ends = Vec::new();
        let mut depth = 0;
        for at in 0..self.tokens.len() {
            if self.is(at, "{") {
                depth += 1;
                if let Some(name) =
                    at.checked_sub(1).and_then(|name| self.word(name)).filter(|_| at > 1 && self.is(at - 2, "mod"))
                {
                    module.push(name.into());
                    ends.push(depth);
                }
            }
            visit(at, &module);
            if self.is(at, "}") {
                if ends.last() == Some(&depth) {
                    ends.pop();
                    module.pop();
                }
                depth -= 1;
            }
        }
    }

    /// All functions that have a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        self.walk(|at, module| {
            let name = if self.is(at, "fn") { self.word(at + 1) } else { None };
            if let Some((name, end)) = name.and_then(|name| Some((name, self.body_end(at)?))) {
                let path = module.iter().cloned().chain([name.to_string()]).collect();
                functions.push(Function { path, first_line: self.tokens[at].line, last_line: self.tokens[end].line });
            }
        });
        functions
    }

    /// Where the body that belongs to the `fn` at `at` is closed; `None` when a semicolon comes first.
    fn body_end(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut brackets = 0_usize;
        for (end, token) in self.tokens.iter().enumerate().skip(at) {
            match token.text.as_str() {
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets -= 1,
                ";" if depth == 0 && brackets == 0 => return None,
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(end);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Every path in the code that starts with `crate` or `super`, from the root of the crate on.
    pub(crate) fn paths(&self) -> Vec<(Vec<String>, usize)> {
        let mut paths = Vec::new();
        self.walk(|at, module| {
            let is_start = (self.is(at, "crate") || self.is(at, "super")) && self.is_path_mark(at + 1);
            if !is_start || (at > 1 && self.is_path_mark(at - 2)) {
                return;
            }
            let mut base = if self.is(at, "crate") { Vec::new() } else { module.to_vec() };
            let mut next = at;
            while self.is(next, "super") || self.is(next, "crate") {
                if self.is(next, "super") {
                    base.pop();
                }
                next += 3;
            }
            let mut found = Vec::new();
            self.tree(next, &base, &mut found);
            paths.extend(found.into_iter().map(|path| (path, self.tokens[at].line)));
        });
        paths
    }

    /// Adds the paths of the (use-)tree at `at`; gives where it ends.
    fn tree(&self, at: usize, base: &[String], paths: &mut Vec<Vec<String>>) -> usize {
        if self.is(at, "{") {
            let mut next = at + 1;
            while next < self.tokens.len() && !self.is(next, "}") {
                next = if self.is(next, ",") { next + 1 } else { self.tree(next, base, paths) };
            }
            return next + 1;
        }
        let mut path = base.to_vec();
        let Some(word) = self.word(at) else {
            paths.push(path);
            return at + 1;
        };
        if word != "self" {
            path.push(word.into());
        }
        if self.is_path_mark(at + 1) && (self.is(at + 3, "{") || self.word(at + 3).is_some()) {
            return self.tree(at + 3, &path, paths);
        }
        paths.push(path);
        let after = if self.is(at + 1, "as") { at + 3 } else { at + 1 };
        if self.is_path_mark(after) { after + 3 } else { after }
    }
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "a /* b */ c // d\n\"e \\\" f\" 'g' '\\'' b'h' r#\"i \" j\"# &'k l '\\u{6d}' br\"n\" o";
    let words: Vec<String> = tokens(text).into_iter().map(|token| token.text).filter(|text| !text.is_empty()).collect();
    assert_eq!(words, ["a", "c", "&", "'", "k", "l", "o"]);
    assert_eq!(tokens("a\n\nb /* \n */ c").iter().map(|token| token.line).collect::<Vec<_>>(), [1, 3, 4]);
}

#[test]
fn paths_and_functions_are_found_where_they_stand() {
    let text = "use crate::{a::{self, b}, c as d};\nuse super::e::f;\nmod inner {\n use super::g;\n fn h(x: [u8; 2]) {\n crate::i::j();\n }\n}\n\
                trait T { fn k(); }";
    let module = vec!["m".to_string(), "n".into()];
    let source = Source { path: String::new(), module, tokens: tokens(text), text: text.into() };
    let paths: Vec<String> = source.paths().into_iter().map(|(path, _)| path.join("::")).collect();
    assert_eq!(paths, ["a", "a::b", "c", "m::e::f", "m::n::g", "i::j"]);
    let functions = source.functions();
    assert_eq!(functions.len(), 1);
    assert_eq!(functions[0].path.join("::"), "m::n::inner::h");
    assert_eq!((functions[0].first_line, functions[0].last_line), (5, 7));
}
