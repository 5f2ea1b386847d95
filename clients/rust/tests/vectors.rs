//! The vectors of `spec/vectors`, played over a real TCP socket by a scripted hub, as they would be against a library in
//! any language. New files are found by themselves.

mod film;
#[path = "../../../crates/protocol/tests/session/notation/message.rs"]
mod message;
#[path = "../../../crates/protocol/tests/session/notation/script.rs"]
mod script;

use std::path::Path;

#[test]
fn every_vector_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let (mut played, mut left_out) = (0, Vec::new());
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the vectors")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "txt")) {
        let script = std::fs::read_to_string(path).expect("a text");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if speaks_serial(&script) {
            left_out.push(name);
            continue;
        }
        eprintln!("{name}");
        film::play(&script);
        played += 1;
    }
    eprintln!("{played} played; over serial lines, which this library does not speak: {left_out:?}");
    assert!(played >= 40, "only {played} vectors in {}", folder.display());
}

fn speaks_serial(script: &str) -> bool {
    let happens = script.lines().filter_map(|line| line.trim().strip_prefix('|'));
    happens.flat_map(|happenings| happenings.split(", ")).any(|happening| happening.trim() == "serial")
}
