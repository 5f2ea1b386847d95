//! A library that follows its folder.

use hub::view::{Shelf, StillScene};

#[test]
fn a_changed_file_is_seen_within_a_second() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir(folder.path().join("views")).expect("a folder can be made");
    let write = |name: &str, content: &str| {
        std::fs::write(folder.path().join("views").join(name), content).expect("a file can be written");
    };
    write("a.toml", "title = \"First\"");
    write("a.css", "p { margin: 0 }");
    let shelf = Shelf::open(Some(folder.path().to_owned()), Vec::new());
    let title = |now_ms: u64| {
        let page = shelf.library(now_ms).view_page("a", &StillScene::default()).expect("it is there");
        page.html.split("<title>").nth(1).and_then(|rest| rest.split(" ·").next()).map(str::to_owned)
    };
    assert_eq!(title(10_000).as_deref(), Some("First"));
    let style = shelf.library(10_000).asset_url("view/a.css").expect("it has a style").to_owned();
    let style = style.trim_start_matches("/assets/");

    write("a.toml", "title = \"The second\"");
    write("a.css", "p { margin: 1rem }");
    assert_eq!(title(10_999).as_deref(), Some("First"), "the folder is not looked at all the time");
    assert_eq!(title(11_000).as_deref(), Some("The second"));
    assert!(shelf.library(11_000).asset(style).is_none());
    assert!(shelf.asset(style).is_some(), "a page sent a moment ago still finds its files");

    write("b.toml", "");
    assert_eq!(shelf.library(12_000).views().count(), 2);
    assert!(
        std::sync::Arc::ptr_eq(&shelf.library(12_000), &shelf.library(13_500)),
        "nothing changed, nothing is loaded"
    );
}
