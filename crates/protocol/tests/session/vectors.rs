//! The vectors of `spec/vectors`: device implementations of every language run them, ours too.

use crate::notation::device;
use std::path::Path;

#[test]
fn every_vector_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of the vectors") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            eprintln!("{}", path.display());
            device(&std::fs::read_to_string(&path).expect("a text"));
            played += 1;
        }
    }
    assert!(played >= 5, "only {played} vectors in {}", folder.display());
}
