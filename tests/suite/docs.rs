//! What the documents point at exists.

use std::collections::BTreeSet;

use crate::source::{Source, read_all, root};

/// The documents whose evidence is named test by test.
const WITH_EVIDENCE: [&str; 2] = ["docs/compliance.md", "docs/security.md"];

/// The text, or nothing when the document is not written.
fn read(document: &str) -> Option<String> {
    std::fs::read_to_string(root().join(document)).ok()
}

/// What stands between backticks, outside of blocks of code.
fn in_backticks(text: &str) -> Vec<&str> {
    let mut is_block = false;
    let prose = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The targets of links within the project, without the place on the page.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let definitions = text.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split_once("]: "));
    let targets = inline.chain(definitions.map(|(_, target)| target));
    let files = targets.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    files.filter(|file| !file.is_empty() && !file.contains("://")).collect()
}

/// `a::b::c`, when `a` is a module of the suite.
fn as_test_name(quoted: &str, modules: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<&str> = quoted.split("::").collect();
    let is_word = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    (parts.len() > 1 && parts.iter().all(is_word) && modules.contains(parts[0])).then(|| quoted.to_string())
}

/// The modules and functions of the suite, by their paths.
fn suite() -> (BTreeSet<String>, BTreeSet<String>) {
    let sources = read_all("tests/suite");
    let modules = sources.iter().filter_map(|source| source.module.first().cloned()).collect();
    let functions = sources.iter().flat_map(Source::functions).map(|function| function.path.join("::"));
    let files = sources.iter().map(|source| source.module.join("::"));
    (modules, functions.chain(files).collect())
}

/// What is defined in `src/`, by the ends of its path: a path may also name a function of the crate.
fn defined() -> BTreeSet<String> {
    let sources = read_all("src");
    let functions = sources.iter().flat_map(|source| {
        let module = source.module.clone();
        source.functions().into_iter().map(move |function| [module.clone(), function.path].concat())
    });
    let ends = |path: Vec<String>| (1..path.len()).map(|from| path[from - 1..].join("::")).collect::<Vec<_>>();
    functions.flat_map(ends).collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let (modules, tests) = suite();
    let defined = defined();
    let mut missing = Vec::new();
    for document in WITH_EVIDENCE {
        let text = read(document).unwrap_or_else(|| panic!("{document} is missing"));
        for name in in_backticks(&text).into_iter().filter_map(|quoted| as_test_name(quoted, &modules)) {
            if !tests.contains(&name) && !defined.contains(&name) {
                missing.push(format!("{document}: `{name}`"));
            }
        }
    }
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
}

/// The column "shown by" holds nothing but tests.
#[test]
fn what_shows_a_requirement_is_a_test() {
    let (_, tests) = suite();
    let text = read("docs/compliance.md").expect("docs/compliance.md");
    let mut missing = Vec::new();
    let mut count = 0;
    let rows = text.lines().map(|line| line.trim_matches('|').split(" | ").collect::<Vec<_>>());
    for shown_by in rows.filter(|row| row.len() == 4).map(|row| row[3]) {
        for name in in_backticks(shown_by).into_iter().filter(|name| name.contains("::")) {
            count += 1;
            if !tests.contains(name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
    assert!(count > 100, "only {count} tests are named");
}

/// A requirement that no test shows is the embedder's, and says so.
#[test]
fn every_requirement_is_shown_or_is_the_embedders() {
    let text = read("docs/compliance.md").expect("docs/compliance.md");
    let (mut rows, mut embedders, mut missing, mut is_table) = (0, 0, Vec::new(), false);
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        is_table = cells == ["§", "requirement", "met in", "shown by"] || (is_table && line.starts_with('|'));
        if !is_table || cells[0] == "§" || line.starts_with("|---") {
            continue;
        }
        rows += 1;
        let is_shown = in_backticks(cells[3]).iter().any(|name| name.contains("::"));
        let is_embedders = cells[3] == "–" && cells[2].starts_with("embedder");
        embedders += usize::from(is_embedders);
        if !is_shown && !is_embedders {
            missing.push(line);
        }
    }
    assert!(missing.is_empty(), "nothing shows:\n{}", missing.join("\n"));
    assert!(rows > 140 && embedders <= 10, "{rows} rows, {embedders} of them without a test");
}

/// The column "met in": a function that stands behind a file is in that file.
#[test]
fn what_meets_a_requirement_is_where_it_is_said_to_be() {
    let sources = read_all("src");
    let text = read("docs/compliance.md").expect("docs/compliance.md");
    let rows = text.lines().map(|line| line.trim_matches('|').split(" | ").collect::<Vec<_>>());
    let mut missing = Vec::new();
    for met_in in rows.filter(|row| row.len() == 4).map(|row| row[2]) {
        let mut file = None;
        for quoted in in_backticks(met_in) {
            match sources.iter().find(|source| source.path == quoted) {
                Some(source) => file = Some(source),
                None => {
                    let name = quoted.rsplit("::").next().unwrap_or_default();
                    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    if let Some(source) = file.filter(|source| is_name && !source.has_word(name)) {
                        missing.push(format!("{}: `{quoted}`", source.path));
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// A path of this project: it starts with one of its folders.
fn is_path(quoted: &str) -> bool {
    let starts = ["src/", "tests/", "docs/", "fuzz/", "benches/"].iter().any(|folder| quoted.starts_with(folder));
    starts && quoted.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = read(&document).unwrap_or_default();
        for path in in_backticks(&text).into_iter().filter(|quoted| is_path(quoted)) {
            if !root().join(path).exists() {
                missing.push(format!("{document}: `{path}`"));
            }
        }
        let folder = root().join(&document).parent().map_or_else(|| root().to_path_buf(), std::path::Path::to_path_buf);
        for link in links(&text) {
            if !folder.join(link).exists() {
                missing.push(format!("{document}: ({link})"));
            }
        }
    }
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

/// The read-me, the changelog, and all pages directly in `docs/` and `docs/manual/`.
fn documents() -> Vec<String> {
    let pages = pages("docs").into_iter().chain(pages("docs/manual"));
    pages.chain(["README.md".into(), "CHANGELOG.md".into()]).collect()
}

/// The pages in a folder.
fn pages(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok()).filter(|name| name.ends_with(".md"));
    names.map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn every_chapter_is_linked_shown_and_compiled() {
    let chapters = pages("docs/manual");
    assert!(chapters.len() > 10, "{chapters:?}");
    let places = [("README.md", "docs/manual/"), ("docs/manual/README.md", ""), ("src/manual/mod.rs", "")];
    let mut missing = Vec::new();
    for chapter in chapters.iter().filter_map(|chapter| chapter.strip_prefix("docs/manual/")) {
        for (place, folder) in places.iter().filter(|(place, _)| !place.ends_with(&format!("manual/{chapter}"))) {
            let text = read(place).unwrap_or_default();
            let (link, file) = (format!("{folder}{chapter}"), format!("{chapter}\""));
            if !links(&text).contains(&link.as_str()) && !text.contains(&file) {
                missing.push(format!("{place}: {chapter}"));
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// A link to a chapter leads to its file where the manual is read as it is, and to its module in the documentation.
#[test]
fn links_between_chapters_lead_to_modules_too() {
    let modules = read("src/manual/links.md").expect("src/manual/links.md");
    for page in pages("docs/manual") {
        let text = read(&page).unwrap_or_default();
        let definitions = text.lines().filter(|line| line.starts_with('[') && line.ends_with(".md"));
        for name in definitions.filter_map(|line| line.split_once("]: ")).map(|(name, _)| name) {
            assert!(modules.lines().any(|line| line.starts_with(&format!("{name}]: crate::"))), "{page}: {name}]");
        }
    }
}

#[test]
fn names_are_read_from_backticks_and_links() {
    let text = "see `connection::closing::crossing_closes`, `mask::apply` and [x](../src/lib.rs#L3), [y](https://z)\n```\n`no`\n```\n[a]: b.md#c\n";
    assert_eq!(in_backticks(text), ["connection::closing::crossing_closes", "mask::apply"]);
    assert_eq!(links(text), ["../src/lib.rs", "b.md"]);
    let (modules, tests) = suite();
    assert_eq!(as_test_name("mask::apply", &modules), None);
    let name = as_test_name("connection::closing::crossing_closes", &modules).unwrap();
    assert!(tests.contains(&name) && tests.contains("connection::closing"));
    assert!(!tests.contains("connection::closing::no_such_test"));
}
