//! Who the hub made this device: its id and a token of its own, kept in a file for the next run of the program.
//!
//! ```text
//! {"asked":"boiler-7","id":"boiler-7","token":"gl_…"}
//! ```
//!
//! `asked` is the id that the program itself says, which may be empty; a file that was asked for by another one is not used. What
//! is kept is shown first. Where the hub does not want it, as after it was revoked, the program's own token gets its turn, and what the
//! hub gives then replaces what was kept. The other libraries keep the same file.

use crate::outbox;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Its name in the folder of an outbox.
pub(crate) const NAME: &str = "identity";

/// A longer file is none.
const FILE_BYTES_MAX: u64 = 4096;

/// What the hub gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    asked: String,
    pub(crate) id: String,
    pub(crate) token: String,
}

/// Where it is kept, and by which id it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    file: PathBuf,
    asked: String,
}

impl Keeping {
    pub(crate) fn new(file: PathBuf, asked: &str) -> Self {
        Self { file, asked: asked.to_owned() }
    }

    /// What an earlier run was given for the same id; nothing where that cannot be read.
    pub(crate) fn read(&self) -> Option<Identity> {
        let is_short = fs::metadata(&self.file).ok()?.len() <= FILE_BYTES_MAX;
        let text = is_short.then(|| fs::read_to_string(&self.file).ok())??;
        let kept: Identity = serde_json::from_str(&text).ok()?;
        (kept.asked == self.asked && !kept.token.is_empty()).then_some(kept)
    }

    /// Keeps it: whole or not at all, durably, and for the owner of the program only.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write(&self, id: &str, token: &str) -> io::Result<()> {
        let kept = Identity { asked: self.asked.clone(), id: id.to_owned(), token: token.to_owned() };
        let folder = self.file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        outbox::make_folder(folder)?;
        let new = self.file.with_extension("new");
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create(true).truncate(true).open(&new)?;
        writeln!(file, "{}", serde_json::to_string(&kept)?)?;
        file.sync_all()?;
        fs::rename(new, &self.file)?;
        outbox::sync_folder(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_there_for_the_same_id_and_for_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("new").join(NAME);
        let keeping = Keeping::new(file.clone(), "");
        assert_eq!(keeping.read(), None);
        keeping.write("new-7", "gl_own").expect("written");
        let kept = keeping.read().expect("it is there");
        assert_eq!((&*kept.id, &*kept.token), ("new-7", "gl_own"));
        assert_eq!(Keeping::new(file.clone(), "boiler-7").read(), None);
        // As the other libraries write and read it.
        let text = fs::read_to_string(&file).expect("it is text");
        assert_eq!(text, "{\"asked\":\"\",\"id\":\"new-7\",\"token\":\"gl_own\"}\n");
    }

    #[test]
    fn a_damaged_file_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(NAME);
        let keeping = Keeping::new(file.clone(), "a");
        for text in ["", "{", "{\"asked\":\"x\"}", &"x".repeat(5000)] {
            fs::write(&file, text).expect("written");
            assert_eq!(keeping.read(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(NAME);
        Keeping::new(file.clone(), "a").write("a", "c").expect("written");
        assert_eq!(fs::metadata(file).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
}
