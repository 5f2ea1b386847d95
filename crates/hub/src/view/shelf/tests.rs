//! A shelf that follows its folder, and goes back to what was good.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::view::StillScene;

const MANIFEST: &str = "title = \"Dial\"\ndescription = \"One.\"\ndirection = \"output\"\n";

struct Folder(tempfile::TempDir);

impl Folder {
    /// With a component and a view of it.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder can be made"));
        folder.write("components/dial/component.toml", MANIFEST);
        folder.write("components/dial/template.html", "<p>first</p>");
        folder.write("views/a.toml", "title = \"A\"\n[[component]]\nkind = \"dial\"\n");
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn shelf(&self) -> Shelf {
        Shelf::open(Some(self.0.path().to_owned()), Vec::new())
    }
}

/// Looks until what is there has settled.
fn settle(shelf: &Shelf) -> Found {
    let mut found = shelf.follow(0);
    while found == Found::Settling {
        found = shelf.follow(0);
    }
    found
}

fn page(library: &Library) -> String {
    library.view_page("a", &StillScene::default()).expect("it is there").html
}

fn good(volume: &str) -> BTreeSet<String> {
    BTreeSet::from([volume.to_owned()])
}

/// When and how large the file is stay as they were: its number alone is another.
fn replace_by_rename(path: &Path, text: &str) {
    let modified = fs::metadata(path).expect("it is there").modified().expect("the system says");
    let beside = path.with_extension("swp~");
    fs::write(&beside, text).expect("a file can be written");
    let file = fs::File::options().write(true).open(&beside).expect("it can be opened");
    file.set_modified(modified).expect("times can be set");
    fs::rename(beside, path).expect("it can be renamed");
}

#[test]
fn what_is_being_written_is_loaded_once_it_has_settled() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    let before = shelf.present().print().to_owned();
    assert_eq!(shelf.follow(0), Found::Same);
    folder.write("components/dial/template.html", "<p>sec");
    assert_eq!(shelf.follow(0), Found::Settling);
    folder.write("components/dial/template.html", "<p>second</p>");
    assert_eq!(shelf.follow(0), Found::Settling);
    assert!(shelf.take_swap().is_none());
    assert_eq!(shelf.follow(0), Found::Loaded);
    let swap = shelf.take_swap().expect("something changed");
    assert_eq!(swap.changed.components, good("dial"));
    assert!(swap.changed.views.is_empty() && swap.library != before);
    assert!(shelf.take_swap().is_none());
    assert_eq!(shelf.follow(0), Found::Same);
}

#[test]
fn what_changes_all_the_time_is_loaded_all_the_same() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    let looks: Vec<Found> = (0..=SETTLING_LOOKS_MAX)
        .map(|look| {
            folder.write("views/a.toml", &format!("title = \"{}\"", "x".repeat(look + 1)));
            shelf.follow(0)
        })
        .collect();
    assert_eq!(looks.last(), Some(&Found::Loaded));
    assert!(looks[..SETTLING_LOOKS_MAX].iter().all(|look| *look == Found::Settling));
}

#[cfg(unix)]
#[test]
fn a_file_that_was_renamed_into_its_place_is_another_one() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    replace_by_rename(&folder.path("components/dial/template.html"), "<p>other</p>");
    assert_eq!(settle(&shelf), Found::Loaded);
    assert!(page(&shelf.present()).contains("<p>other</p>"));
}

#[test]
fn a_mistake_leaves_a_way_back_to_the_last_good_version() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    for wrong in ["{{ value | nonsense }}", "{% if %}"] {
        folder.write("components/dial/template.html", wrong);
        settle(&shelf);
        let library = shelf.present();
        let shown = page(&library);
        assert!(
            shown.contains("<a href=\"?good=components/dial\">Show the last good version</a>"),
            "{shown}"
        );
        let earlier = shelf.with_earlier(&good("components/dial"));
        let shown = page(&earlier);
        assert!(
            shown.contains("<p>first</p>") && shown.contains("<a href=\"?\">Show the present version</a>")
        );
        assert_eq!(earlier.print(), library.print());
        assert!(Arc::ptr_eq(&earlier, &shelf.with_earlier(&good("components/dial"))), "it is made once");
    }
    folder.write("components/dial/template.html", "<p>mended</p>");
    settle(&shelf);
    assert!(page(&shelf.present()).contains("<p>mended</p>"));
    let nothing = shelf.with_earlier(&good("views/a"));
    assert!(Arc::ptr_eq(&nothing, &shelf.present()), "that was never another");
}

#[test]
fn a_view_with_a_mistake_has_one_too() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    folder.write("views/a.toml", "titel = \"B\"\n[[component]]\nkind = \"dail\"\n");
    settle(&shelf);
    assert!(page(&shelf.present()).contains("?good=views/a"));
    assert!(page(&shelf.with_earlier(&good("views/a"))).contains("<p>first</p>"));
}

#[test]
fn a_version_that_no_browser_could_run_is_none_to_go_back_to() {
    let folder = Folder::new();
    let shelf = folder.shelf();
    let script = |text: &str| format!("export default class {{ /* {text} */ }}");
    for version in ["second", "third"] {
        folder.write("components/dial/element.js", &script(version));
        folder.write("components/dial/template.html", &format!("<p>{version}</p>"));
        settle(&shelf);
        shelf.is_broken("dial", "of a library that is gone");
        let print = shelf.present().print().to_owned();
        shelf.is_broken("dial", &print);
    }
    assert!(page(&shelf.with_earlier(&good("components/dial"))).contains("<p>first</p>"));
}

#[test]
fn scripts_of_an_earlier_version_are_served() {
    let folder = Folder::new();
    folder.write("components/dial/element.js", "export default 1;");
    let shelf = folder.shelf();
    for (size, version) in ["second", "third", "fourth"].into_iter().enumerate() {
        folder.write(
            "components/dial/element.js",
            &format!("export default \"{version}\";{}", " ".repeat(size)),
        );
        settle(&shelf);
        shelf.is_broken("dial", shelf.present().print());
    }
    let earlier = shelf.with_earlier(&good("components/dial"));
    let address = earlier.asset_url("component/dial").expect("it has a script").to_owned();
    let asset = shelf.asset(address.trim_start_matches("/assets/")).expect("it is served");
    assert_eq!(asset.bytes, &b"export default 1;"[..]);
}

#[test]
fn what_is_too_large_is_not_kept() {
    let folder = Folder::new();
    let large = "x".repeat(4 * 1024 * 1024 - 64);
    for file in ["a", "b", "c", "d", "e"] {
        folder.write(&format!("components/dial/{file}.png"), &large);
    }
    let shelf = folder.shelf();
    folder.write("components/dial/template.html", "{% if %}");
    settle(&shelf);
    let shown = page(&shelf.present());
    assert!(shown.contains("template.html:1") && !shown.contains("?good"), "{shown}");
}
