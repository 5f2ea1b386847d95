use store::{Durability, OpenError};

use crate::rig::Rig;

#[test]
fn a_second_store_on_the_same_folder_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    let Err(error) = Rig::open_with(dir.path(), Durability::Disk) else {
        panic!("the folder was given twice")
    };
    assert!(matches!(&error, OpenError::InUse { pid, .. } if *pid == Some(std::process::id())));
    let sentence = error.to_string();
    assert!(sentence.contains(&dir.path().display().to_string()), "{sentence}");
    assert!(sentence.contains(&format!("pid {}", std::process::id())), "{sentence}");
    rig.store.close();
    Rig::open(dir.path());
}

#[test]
fn a_folder_of_a_newer_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Rig::open(dir.path()));
    let database = dir.path().join("glassline.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&database).unwrap();
    let Err(error) = Rig::open_with(dir.path(), Durability::Disk) else { panic!("it cannot be known") };
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    let sentence = error.to_string();
    assert!(sentence.contains("version 99") && sentence.contains("up to 7"), "{sentence}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(dir.path().join("glassline.db")).unwrap();
    connection.execute_batch("CREATE TABLE theirs(x)").unwrap();
    drop(connection);
    assert!(matches!(Rig::open_with(dir.path(), Durability::Disk), Err(OpenError::Foreign { .. })));
}

#[test]
fn a_file_that_is_no_database_is_an_error_that_names_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("glassline.db"), "my diary ".repeat(1000)).unwrap();
    let Err(error) = Rig::open_with(dir.path(), Durability::Disk) else { panic!("that is no database") };
    assert!(matches!(error, OpenError::Database { .. }));
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
}

#[test]
fn an_empty_database_is_brought_to_the_newest_version() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("glassline.db"), "").unwrap();
    drop(Rig::open(dir.path()));
    let connection = rusqlite::Connection::open(dir.path().join("glassline.db")).unwrap();
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
}

#[cfg(unix)]
#[test]
fn a_new_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    let _rig = Rig::with_pump(&dir);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in std::fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    let dir = file.join("state");
    let Err(error) = Rig::open_with(&dir, Durability::Disk) else { panic!("a file is no folder") };
    assert!(error.to_string().contains(&dir.display().to_string()), "{error}");
}
