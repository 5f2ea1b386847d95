//! Secrets that a test knows, looked for wherever they must not be.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::path::Path;

/// Secrets with what they are for.
#[derive(Default)]
pub(crate) struct Canaries(Vec<(String, String)>);

impl Canaries {
    /// One more. It has to be long enough not to stand anywhere by chance.
    pub(crate) fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 12, "{what} is too short to be looked for");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    /// Where any of them stands in `bytes`: as it is, in base64, or with percent signs as in a URL.
    pub(crate) fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let has = |form: &str| bytes.windows(form.len()).any(|window| window == form.as_bytes());
        let found = self.0.iter().filter(|(_, secret)| forms(secret).iter().any(|form| has(form)));
        found.map(|(what, _)| format!("{what} stands in {place}")).collect()
    }

    /// Where any of them stands in the files of a folder, but for those that are there to hold them.
    pub(crate) fn found_in_folder(&self, folder: &Path, but: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder).expect("the folder is there") {
            let path = file.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            if path.is_dir() {
                found.extend(self.found_in_folder(&path, but));
            } else if !but.contains(&name) {
                let bytes = std::fs::read(&path).expect("a file");
                found.extend(self.found_in(&path.display().to_string(), &bytes));
            }
        }
        found
    }
}

/// Ways in which a secret could be written down.
fn forms(secret: &str) -> Vec<String> {
    let escaped = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let mut forms = vec![secret.to_owned(), secret.bytes().map(escaped).collect()];
    forms.extend([STANDARD.encode(secret), STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
    forms
}

#[test]
fn a_secret_that_was_planted_is_found_in_each_of_its_forms() {
    let mut canaries = Canaries::default();
    canaries.add("the password", "correct horse/battery");
    for planted in
        ["… correct horse/battery …", "?p=correct%20horse%2Fbattery", "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5"]
    {
        assert_eq!(
            canaries.found_in("a log", planted.as_bytes()),
            ["the password stands in a log"],
            "{planted}"
        );
    }
    assert!(canaries.found_in("a log", b"incorrect horse/batteries").is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("deep")).expect("a folder");
    std::fs::write(folder.path().join("deep/file.db-wal"), b"\0\x01correct horse/battery\xff")
        .expect("a file");
    std::fs::write(folder.path().join("run.json"), b"correct horse/battery").expect("a file");
    let found = canaries.found_in_folder(folder.path(), &["run.json"]);
    assert!(found.len() == 1 && found[0].ends_with("file.db-wal"), "{found:?}");
}
