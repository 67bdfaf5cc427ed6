//! The order of the layers, and the sizes that keep a file readable. What is said in `docs/architecture.md` is held
//! here.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, read_all, root};

const MAX_FILE_LINES: usize = 450;
const MAX_FUNCTION_LINES: usize = 60;
const MIN_COMMENT_PERCENT: usize = 25;

/// Where `unsafe` may stand: the SIMD kernels, and where it was measured to matter.
const UNSAFE: [&str; 9] = [
    "src/wire/mask/",
    "src/wire/utf8/avx512.rs",
    "src/wire/utf8/simd.rs",
    "src/buffer/view.rs",
    "src/buffer/whole.rs",
    "src/buffer/send.rs",
    "src/buffer/bytes.rs",
    "src/buffer/inflated.rs",
    "src/deflate/",
];

/// The modules of `src/lib.rs` in their order: a file imports from its own layer and from those before it.
fn layers(sources: &[Source]) -> Vec<String> {
    let lib = sources.iter().find(|source| source.path == "src/lib.rs").expect("src/lib.rs");
    let words: Vec<&str> = lib.tokens.iter().map(|token| token.text.as_str()).collect();
    words
        .windows(3)
        .filter_map(|window| match window {
            ["mod", name, ";"] => Some((*name).to_string()),
            _ => None,
        })
        .collect()
}

fn check(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn arrows_point_down() {
    let sources = read_all("src");
    let layers = layers(&sources);
    assert!(layers.len() >= 7, "{layers:?}");
    let rank = |name: &String| layers.iter().position(|layer| layer == name);
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        let own = rank(&source.module[0]).unwrap_or_else(|| panic!("{} is no layer of src/lib.rs", source.path));
        for (path, line) in source.paths() {
            let place = format!("{}:{line} imports crate::{}", source.path, path.join("::"));
            match path.first().and_then(rank) {
                None => faults.push(format!("{place}, from the root of the crate")),
                Some(other) if other > own => faults.push(format!("{place}, which stands below it")),
                Some(_) => {}
            }
        }
    }
    check(&faults);
}

#[test]
fn every_layer_of_the_crate_is_a_file_or_a_folder() {
    let sources = read_all("src");
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| source.module.as_slice()).collect();
    for layer in layers(&sources) {
        assert!(modules.contains([layer.clone()].as_slice()), "{layer}");
    }
}

/// Which of the modules in one folder import from which others.
fn siblings(sources: &[Source]) -> BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> {
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| source.module.as_slice()).collect();
    let mut graphs = BTreeMap::<_, BTreeMap<_, BTreeSet<_>>>::new();
    for source in sources {
        for (path, _) in source.paths() {
            let is_module = |len: &usize| modules.contains(&path[..*len]);
            let target = &path[..(0..=path.len()).rev().find(is_module).unwrap_or(0)];
            let common = source.module.iter().zip(target).take_while(|(one, other)| one == other).count();
            if let (Some(from), Some(to)) = (source.module.get(common), target.get(common)) {
                let graph = graphs.entry(target[..common].to_vec()).or_default();
                graph.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graphs
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let graphs = siblings(&read_all("src"));
    assert!(graphs.contains_key(&Vec::new()) && graphs.contains_key(["message".to_string()].as_slice()));
    let mut faults = Vec::new();
    for (folder, graph) in &graphs {
        for start in graph.keys() {
            let mut seen = BTreeSet::new();
            let mut open = vec![start];
            while let Some(next) = open.pop().and_then(|module| graph.get(module)) {
                open.extend(next.iter().filter(|to| seen.insert(*to)));
            }
            if seen.contains(start) {
                faults.push(format!("in crate::{}: {start} imports itself through {seen:?}", folder.join("::")));
            }
        }
    }
    check(&faults);
}

#[test]
fn files_are_short() {
    let too_long = read_all("src").into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > MAX_FILE_LINES).then(|| format!("{}: {lines} lines, {MAX_FILE_LINES} at most", source.path))
    });
    check(&too_long.collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    let mut faults = Vec::new();
    for source in read_all("src") {
        for function in source.functions() {
            let lines = function.last_line - function.first_line + 1;
            if lines > MAX_FUNCTION_LINES {
                let name = function.path.join("::");
                faults.push(format!("{}:{}: {name} has {lines} lines", source.path, function.first_line));
            }
        }
    }
    check(&faults);
}

#[test]
fn the_code_explains_itself() {
    let (mut comments, mut lines) = (0, 0);
    for source in read_all("src") {
        lines += source.text.lines().filter(|line| !line.trim().is_empty()).count();
        comments += source.text.lines().filter(|line| line.trim_start().starts_with("//")).count();
    }
    let percent = comments * 100 / lines;
    assert!(percent >= MIN_COMMENT_PERCENT, "{percent} % of the lines in src/ are comments");
}

#[test]
fn unsafe_stands_where_an_auditor_looks() {
    let elsewhere: Vec<String> = read_all("src")
        .into_iter()
        .filter(|source| source.has_word("unsafe") && !UNSAFE.iter().any(|place| source.path.starts_with(place)))
        .map(|source| format!("{}: unsafe", source.path))
        .collect();
    check(&elsewhere);
}

/// What `docs/architecture.md` says of the sizes.
#[test]
fn the_figures_in_the_document_are_true() {
    let sources = read_all("src");
    let words = sources.iter().flat_map(|source| source.tokens.windows(2).map(|pair| [&pair[0].text, &pair[1].text]));
    let blocks = words.filter(|[word, next]| *word == "unsafe" && *next == "{").count();
    let file = sources.iter().max_by_key(|source| source.text.lines().count()).expect("a file");
    let functions = sources.iter().flat_map(|source| source.functions().into_iter().map(move |one| (source, one)));
    let length = |function: &crate::source::Function| function.last_line - function.first_line + 1;
    let (place, function) = functions.max_by_key(|(_, function)| length(function)).expect("a function");
    let mut lengths: Vec<usize> =
        sources.iter().flat_map(Source::functions).map(|function| length(&function)).collect();
    lengths.sort_unstable();
    let at = |percent: usize| lengths[(lengths.len() - 1) * percent / 100];
    let rows = [
        format!("| `unsafe` blocks | {blocks}, each with its reason |"),
        format!("| longest file in `src/` | {} lines: `{}` |", file.text.lines().count(), file.path),
        format!(
            "| longest function in `src/` | {} lines: `{}` in `{}` |",
            length(&function),
            function.path.join("::"),
            place.path
        ),
        format!("| functions: median, 90th percentile | {}, {} lines |", at(50), at(90)),
    ];
    let document = std::fs::read_to_string(crate::source::root().join("docs/architecture.md")).expect("the document");
    let missing = rows.iter().filter(|row| !document.lines().any(|line| line == *row)).cloned();
    check(&missing.collect::<Vec<_>>());
}

#[test]
fn every_public_or_private_function_is_seen() {
    let count: usize = read_all("src").iter().map(|source| source.functions().len()).sum();
    let words = read_all("src").iter().map(|source| source.text.matches("fn ").count()).sum();
    assert!((200..=words).contains(&count), "{count} functions of {words}");
}

/// No parser may unwrap, index or overflow: these lints are errors for all of `src/`, with one exception.
#[test]
fn rustsec_2026_0037_nothing_unwraps() {
    let sources = read_all("src");
    let lib = &sources.iter().find(|source| source.path == "src/lib.rs").expect("src/lib.rs").text;
    let (_, denied) = lib.split_once("#![deny(\n").expect("a list of lints");
    let (denied, _) = denied.split_once(")]").expect("its end");
    for lint in ["unwrap_used", "expect_used", "panic", "unreachable", "indexing_slicing", "arithmetic_side_effects"] {
        assert!(
            denied.contains(&format!("clippy::{lint},")) || denied.contains(&format!("clippy::{lint}\n")),
            "{lint}"
        );
    }
    let mut faults = Vec::new();
    for source in &sources {
        for lint in ["unwrap_used", "expect_used", "panic", "unreachable"] {
            // An operating system without random numbers is nothing that a peer can bring about.
            let is_excused = source.path == "src/lib.rs" || (source.path == "src/role.rs" && lint == "expect_used");
            if !is_excused && source.text.contains(&format!("clippy::{lint}")) {
                faults.push(format!("{} allows clippy::{lint}", source.path));
            }
        }
    }
    check(&faults);
}

/// What comes with the crate is little, and each of it has its reason in the document.
#[test]
fn c18_dependencies_are_few() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let document = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, rest) = manifest.split_once("\n[dependencies]").unwrap();
    let (rest, _) = rest.split_once("\n[dev-dependencies]").unwrap();
    let lines: Vec<_> = rest.lines().filter(|line| line.contains(" = ") && !line.starts_with('[')).collect();
    let mandatory = lines.iter().filter(|line| !line.contains("optional")).count();
    assert!(mandatory <= 5, "{lines:?}");
    let named = |line: &&str| !document.contains(&format!("`{}`", line.split(" = ").next().unwrap_or_default().trim()));
    assert_eq!(lines.into_iter().filter(named).collect::<Vec<_>>(), <[&str; 0]>::default());
}

/// A file that no module names is not compiled: what it tests is not tested, and nothing says so.
#[test]
fn every_file_is_a_module() {
    let mut faults = Vec::new();
    for folder in ["src", "tests/suite"] {
        let sources = read_all(folder);
        let is_declared = |module: &[String]| {
            let (name, above) = module.split_last().expect("a name");
            let parent = sources.iter().find(|source| source.module == above);
            let words = parent.map(|parent| parent.tokens.windows(3));
            words.is_some_and(|mut words| {
                words.any(|three| three[0].text == "mod" && three[1].text == *name && three[2].text == ";")
            })
        };
        for source in sources.iter().filter(|source| !source.module.is_empty()) {
            if !is_declared(&source.module) {
                faults.push(format!("{}: no `mod` names it", source.path));
            }
        }
    }
    check(&faults);
}
