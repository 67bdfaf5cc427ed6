//! What is said of the drivers holds: each is listed and says how it is run, the interop tests know it, and it is short.

use std::collections::BTreeMap;

use crate::source::root;

const FOLDER: &str = "docs/examples/drivers";

/// How many lines a program may have, apart from empty ones and comments; and those that may have more.
const MOST_LINES: usize = 150;
const LARGER: [(&str, usize); 2] = [
    // They bring along a protocol, or a broker, that the others find in a library.
    ("chat", 250),
    ("h3", 250),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of the workspace, and the programs of each: name, and file.
fn programs() -> BTreeMap<String, Vec<(String, String)>> {
    let members = read(&format!("{FOLDER}/Cargo.toml"));
    let members = members.split_once("members = [").expect("members").1.split_once(']').expect("their end").0;
    let members = members.split('"').skip(1).step_by(2).map(str::to_string);
    members
        .map(|member| {
            let manifest = read(&format!("{FOLDER}/{member}/Cargo.toml"));
            let quoted = |bin: &str, key| {
                let value = bin.split_once(&format!("{key} = \"")).expect(key).1;
                value.split_once('"').expect("its end").0.to_string()
            };
            let programs = manifest.split("[[bin]]").skip(1).map(|bin| (quoted(bin, "name"), quoted(bin, "path")));
            let programs = programs.collect();
            (member, programs)
        })
        .collect()
}

/// Lines of code of a file, and of the modules that it has in files of their own.
fn lines_of_code(folder: &str, file: &str) -> usize {
    let text = read(&format!("{folder}/{file}"));
    let code: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    let modules = code.iter().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    code.len() + modules.map(|module| lines_of_code(folder, &format!("{module}.rs"))).sum::<usize>()
}

#[test]
fn each_is_short() {
    for (member, programs) in programs() {
        let most = LARGER.iter().find(|(name, _)| *name == member).map_or(MOST_LINES, |(_, most)| *most);
        for (program, file) in programs {
            let lines = lines_of_code(&format!("{FOLDER}/{member}"), &file);
            assert!((1..=most).contains(&lines), "{program}: {lines} lines of code, and {most} are allowed");
        }
    }
}

#[test]
fn each_says_how_it_is_run() {
    let list = read("docs/examples/README.md");
    for (member, programs) in programs() {
        assert!(list.contains(&format!("](drivers/{member}/")), "{member} is not in docs/examples/README.md");
        for (program, file) in programs {
            let header = read(&format!("{FOLDER}/{member}/{file}"));
            let header: Vec<_> = header.lines().take_while(|line| line.starts_with("//!")).collect();
            let command = header.iter().find_map(|line| line.strip_prefix("//! cargo run --release -p "));
            let command = command.unwrap_or_else(|| panic!("{member}/{file} does not say how it is run"));
            assert!(command.contains(&program), "{member}/{file} says how something else is run: {command}");
        }
        assert!(list.contains(&format!("`cargo run --release -p ws-{member}")), "{member}: no command in the list");
    }
}

#[test]
fn the_interop_tests_know_each() {
    let script = read("tests/interop/drivers.sh");
    for member in programs().keys() {
        let is_word =
            |word: &str| word == member || word == format!("driver_{member}()") || word == format!("{member};");
        assert!(script.split_whitespace().any(is_word), "{member} is not in tests/interop/drivers.sh");
    }
}
