//! Whatever a configuration file says, it is read or told apart, with a place in it; and what was read says what it says again.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the program has other uses for these modules")]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

/// The program's own sources: it is no library.
#[path = "../../crates/cli/src"]
mod program {
    pub(crate) mod configuration;
    pub(crate) mod nearest;
    pub(crate) mod span;
}

use program::configuration::Configuration;
use program::{nearest, span};

mod arguments {
    pub(crate) const HTTP_DEFAULT: &str = "127.0.0.1:8080";
    pub(crate) const LINES_DEFAULT: &str = "127.0.0.1:7070";
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Configuration::parse(text, Path::new("plant/glassline.toml")) {
        Ok(read) => {
            let again = Configuration::parse(text, Path::new("plant/glassline.toml"));
            assert_eq!(again.as_ref(), Ok(&read), "read twice, it says two things");
            assert!(read.others_than(&read).is_empty(), "it is another one than itself");
        }
        Err(problem) => {
            let place = problem.place();
            let mut parts = place.rsplitn(3, ':').map(|part| part.parse::<usize>().unwrap_or(0));
            let (column, line) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
            assert!(line >= 1 && column >= 1, "{place}");
            assert!(line <= text.split('\n').count() + 1, "{place} is behind its end");
            assert!(!problem.what().is_empty(), "nothing is said");
        }
    }
});
