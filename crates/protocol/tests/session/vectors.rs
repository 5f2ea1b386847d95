//! The vectors of `spec/vectors`: device implementations of every language run them, ours too.

use crate::notation::device;
use std::path::Path;

fn vectors() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let mut vectors = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder of the vectors") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            vectors.push((path.display().to_string(), std::fs::read_to_string(&path).expect("a text")));
        }
    }
    vectors.sort();
    vectors
}

#[test]
fn every_vector_holds() {
    for (name, script) in vectors() {
        eprintln!("{name}");
        device(&script);
    }
}

/// Whoever passes the vectors keeps the rules: each is shown by some.
#[test]
fn every_rule_of_the_device_side_has_a_vector() {
    let vectors = vectors();
    let begins =
        |script: &str| -> String { script.lines().take_while(|line| line.starts_with('#')).collect() };
    let said: Vec<String> = vectors.iter().map(|(_, script)| begins(script)).collect();
    for rule in ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9"] {
        assert!(said.iter().any(|text| text.contains(rule)), "no vector shows {rule}");
    }
    for ((name, _), text) in vectors.iter().zip(&said) {
        assert!(!text.is_empty(), "{name} does not begin with what it shows");
    }
}
