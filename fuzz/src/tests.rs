//! Every target over its seeds.

use std::fs;
use std::path::Path;

fn seeds(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("each target has seeds") {
        let path = entry.expect("the folder can be read").path();
        let data = fs::read(&path).expect("a seed can be read");
        println!("{}", path.display());
        run(&data);
        count += 1;
    }
    assert!(count >= 3, "{count} seeds in {}", folder.display());
}

macro_rules! targets {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            seeds(stringify!($target), crate::$target::run);
        }
    )*};
}

targets! {
    mask utf8 header decode_chunking ops session handshake_request handshake_response field_grammar url
    differential inflate deflate_roundtrip
}

/// A difference that is allowed has a row, and a row is allowed somewhere.
#[test]
fn differences_are_documented() {
    let code = concat!(include_str!("differential.rs"), include_str!("url.rs"), include_str!("inflate.rs"));
    let rows: Vec<&str> = include_str!("../differences.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(row, _)| row)
        .filter(|row| row.len() == 2 && row.ends_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(rows.len() >= 6, "{rows:?}");
    for row in &rows {
        assert!(code.contains(&format!(" {row}: ")), "{row} is nowhere in the code");
    }
    let allowed = code.split("// ").skip(1).filter_map(|comment| comment.split_once(": ")).map(|(row, _)| row);
    for row in allowed.filter(|row| row.len() == 2 && row.starts_with(['D', 'I', 'U'])) {
        assert!(rows.contains(&row), "{row} has no row");
    }
}
