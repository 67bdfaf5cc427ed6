//! The list of known attacks in `docs/security.md`: each row has its tests, and each test that is named after an
//! attack has its row.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, read_all, root};

/// The chapters of the list, each with the number of its last row.
const CHAPTERS: [(char, usize); 5] = [('L', 27), ('D', 12), ('H', 21), ('K', 8), ('C', 20)];

/// A row: its number, published identifiers, tests.
struct Row {
    number: String,
    published: String,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let document = std::fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md");
    let cells = document.lines().map(|line| line.trim().trim_matches('|').split(" | ").map(str::trim).collect());
    let rows = cells.filter(|cells: &Vec<&str>| cells.len() == 4 && is_number(cells[0])).map(|cells| Row {
        number: cells[0].into(),
        published: cells[1].into(),
        tests: cells[3].split('`').skip(1).step_by(2).map(String::from).collect(),
    });
    rows.collect()
}

/// `L1`, `D12`: a letter and digits.
fn is_number(cell: &str) -> bool {
    cell.starts_with(|c: char| "LDHKC".contains(c)) && cell.len() > 1 && cell[1..].chars().all(|c| c.is_ascii_digit())
}

/// The tests of the suite that are named after an attack, by their paths.
fn named_tests() -> BTreeSet<String> {
    let sources = read_all("tests/suite");
    let functions = sources.iter().flat_map(Source::functions).map(|function| function.path);
    functions.filter(|path| identifier(path.last().unwrap()).is_some()).map(|path| path.join("::")).collect()
}

/// What a test is named after: `CVE-2023-43669`, `GHSA-c4j6-fc7j-m34r`, `RUSTSEC-2026-0037`, or a row.
fn identifier(name: &str) -> Option<String> {
    let words: Vec<&str> = name.split('_').collect();
    let count = match words[0] {
        "cve" | "rustsec" => 3,
        "ghsa" => 4,
        _ => {
            let (letter, digits) = name.get(..3).map(|row| row.split_at(1))?;
            let is_row = "ldhkc".contains(letter) && digits.chars().all(|c| c.is_ascii_digit()) && words[0].len() == 3;
            return is_row.then(|| format!("{}{}", letter.to_uppercase(), digits.trim_start_matches('0')));
        }
    };
    Some(words.get(..count)?.join("-"))
}

#[test]
fn every_row_is_there_once_and_in_order() {
    let rows: Vec<String> = rows().into_iter().map(|row| row.number).collect();
    for (letter, last) in CHAPTERS {
        let expected: Vec<String> = (1..=last).map(|number| format!("{letter}{number}")).collect();
        assert_eq!(rows.iter().filter(|row| row.starts_with(letter)).cloned().collect::<Vec<_>>(), expected);
    }
}

/// A row names tests that exist, or says in words why there is none; and a test is named after its row or after what is
/// published about it.
#[test]
fn every_row_has_its_tests() {
    let all: BTreeSet<String> =
        read_all("tests/suite").iter().flat_map(Source::functions).map(|function| function.path.join("::")).collect();
    let mut faults = Vec::new();
    let mut without = 0;
    for Row { number, published, tests } in rows() {
        without += usize::from(tests.is_empty());
        let names = |id: &str| id == number || published.to_lowercase().contains(&id.to_lowercase());
        for test in &tests {
            let id = identifier(test.rsplit("::").next().unwrap());
            if !all.contains(test) {
                faults.push(format!("{number}: no test {test}"));
            }
            if let Some(id) = id.filter(|id| !names(id) && !is_number(id)) {
                faults.push(format!("{number}: {test} is named after {id}, which the row does not mention"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(without <= 3, "{without} rows without a test");
}

#[test]
fn every_test_named_after_an_attack_is_listed() {
    let mut listed = BTreeMap::<String, Vec<String>>::new();
    for row in rows() {
        for test in row.tests {
            listed.entry(test).or_default().push(row.number.clone());
        }
    }
    let tests = named_tests();
    let missing: Vec<_> = tests.iter().filter(|test| !listed.contains_key(*test)).collect();
    assert!(missing.is_empty(), "not in docs/security.md: {missing:#?}");
    let astray: Vec<_> = tests
        .iter()
        .filter_map(|test| Some((test, identifier(test.rsplit("::").next()?)?)))
        .filter(|(test, id)| is_number(id) && !listed[*test].contains(id))
        .collect();
    assert!(astray.is_empty(), "in another row than their own: {astray:?}");
    assert!(tests.len() >= 85, "only {}", tests.len());
}

#[test]
fn identifiers_are_read_from_names() {
    assert_eq!(identifier("cve_2023_43669_head_limit").as_deref(), Some("cve-2023-43669"));
    assert_eq!(identifier("ghsa_c4j6_fc7j_m34r_target").as_deref(), Some("ghsa-c4j6-fc7j-m34r"));
    assert_eq!(identifier("l05_x").as_deref(), Some("L5"));
    assert_eq!(identifier("c20_lengths").as_deref(), Some("C20"));
    assert_eq!(identifier("close_lengths"), None);
    assert_eq!(identifier("k8_key"), None);
}
