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
    mask utf8 header decode_chunking ops handshake_request handshake_response field_grammar url differential
}
