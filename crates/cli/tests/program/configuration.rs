//! A configuration folder: written, checked, served.

use crate::rig::{Hub, Program, request_as};
use std::fs;
use std::path::Path;

fn init() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["init", "plant"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.said.contains("glassline serve --config plant/glassline.toml"), "{ended:?}");
    home
}

fn check(home: &Path) -> (Option<i32>, String, String) {
    let ended = Program::run(home, &["check", "plant"]);
    (ended.code, ended.said, ended.complained)
}

#[test]
fn what_init_writes_is_without_problems_and_is_served() {
    let home = init();
    let (code, said, complained) = check(home.path());
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("files, no problems"), "{said}");
    let hub = Hub::begin(home, &["serve", "--config", "plant/glassline.toml"]);
    let page = hub.get("/views/weather");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<title>Weather station"), "{}", page.body);
    assert!(!page.body.contains("gl-error"), "{}", page.body);
}

#[test]
fn init_overwrites_nothing() {
    let home = init();
    let file = home.path().join("plant/glassline.toml");
    fs::write(&file, "# mine\n").expect("written");
    fs::remove_file(home.path().join("plant/views/weather.toml")).expect("there");
    let again = Program::run(home.path(), &["init", "plant"]);
    assert_eq!(again.code, Some(1));
    assert!(again.complained.contains("plant/glassline.toml exists already"), "{again:?}");
    assert_eq!(fs::read_to_string(file).expect("there"), "# mine\n");
    assert!(!home.path().join("plant/views/weather.toml").exists(), "nothing at all was written");
}

#[test]
fn an_unknown_key_is_an_error_with_its_place_and_the_nearest_name() {
    let home = init();
    fs::write(home.path().join("plant/glassline.toml"), "lines = \"127.0.0.1:0\"\ndurabilty = \"disk\"\n")
        .expect("written");
    let served =
        Program::run(home.path(), &["serve", "--config", "plant/glassline.toml", "--state", "state"]);
    assert_eq!(served.code, Some(1));
    let expected = "plant/glassline.toml:2:1: there is no key “durabilty”; did you mean “durability”?";
    assert!(served.complained.contains(expected), "{served:?}");
    assert!(served.complained.contains("2 | durabilty = \"disk\"\n   | ^^^^^^^^^"), "{served:?}");
    let (code, said, _) = check(home.path());
    assert_eq!(code, Some(1));
    assert!(said.contains(expected), "{said}");
}

#[test]
fn the_configuration_of_a_gateway_is_checked_as_the_gateway_does() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join("plant")).expect("made");
    let hub = "[[hub]]\nname = \"house\"\nurl = \"ws://10.0.0.5:8080/uplink\"\ntoken = \"t\"\n";
    let cases = [
        (format!("{hub}beginn = \"head\"\n"), "plant/gateway.toml:5:1: there is no key “beginn”"),
        ("id = \"a barn\"\n".to_owned(), "“a barn” is no id of a gateway"),
        ("http = \"0.0.0.0:8090\"\n".to_owned(), "0.0.0.0:8090"),
    ];
    for (text, expected) in cases {
        fs::write(home.path().join("plant/gateway.toml"), text).expect("written");
        let flags = ["gateway", "--config", "plant/gateway.toml", "--state", "state"];
        let started = Program::run(home.path(), &flags);
        assert_eq!(started.code, Some(1), "{started:?}");
        let (code, said, _) = check(home.path());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(expected), "{expected} in {said}");
        assert!(started.complained.contains(said.trim_end()), "{said} in {started:?}");
    }
    fs::write(home.path().join("plant/gateway.toml"), hub).expect("written");
    assert_eq!(check(home.path()), (Some(0), "1 file, no problems\n".to_owned(), String::new()));
}

#[test]
fn check_points_at_file_line_and_column() {
    let home = init();
    let view = "title = \"Weather\"\n\n[[component]]\nkind = \"gague\"\nchannel = \"temperature\"\n";
    fs::write(home.path().join("plant/views/weather.toml"), view).expect("written");
    let (code, said, complained) = check(home.path());
    assert_eq!(code, Some(1));
    let line = said.lines().next().expect("a problem");
    assert!(line.starts_with("plant/views/weather.toml:4:8: "), "{said}");
    assert!(line.contains("gague") && line.contains("Did you mean “gauge”?"), "{said}");
    assert!(complained.contains("1 problem in 3 files"), "{complained}");
}

#[test]
fn check_looks_at_components_too() {
    let home = init();
    let folder = home.path().join("plant/components/dial");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("component.toml"), "title = \"Dial\"\ndirektion = \"output\"\n").expect("written");
    fs::write(folder.join("template.html"), "<p>{{ value </p>\n").expect("written");
    let (code, said, _) = check(home.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("plant/components/dial/component.toml:2:1: "), "{said}");
    assert!(said.contains("plant/components/dial/template.html:1:"), "{said}");
}

#[test]
fn a_folder_with_nothing_in_it_is_no_success() {
    let home = tempfile::tempdir().expect("a folder");
    assert_eq!(Program::run(home.path(), &["check", "."]).code, Some(1));
    assert_eq!(Program::run(home.path(), &["check", "nowhere"]).code, Some(1));
}

#[test]
fn only_configured_names_are_answered_to() {
    let home = init();
    fs::write(home.path().join("plant/glassline.toml"), "[names]\nhosts = [\"hub.example\"]\n")
        .expect("written");
    let hub = Hub::begin(home, &["serve", "--config", "plant/glassline.toml"]);
    let by = |host| request_as(hub.address(), host, "GET", "/healthz", None).status;
    assert_eq!(by("hub.example"), 200);
    assert_eq!(by("rebound.example"), 403);
}

#[test]
fn problems_of_views_are_told_when_it_starts() {
    let home = init();
    fs::write(home.path().join("plant/views/weather.toml"), "titel = \"Weather\"\n").expect("written");
    let hub = Hub::begin(home, &["serve", "--config", "plant/glassline.toml"]);
    let (ended, _) = hub.stop("TERM");
    assert!(ended.complained.contains("plant/views/weather.toml:1:1: "), "{ended:?}");
}

#[test]
fn durability_is_taken_from_the_file() {
    let home = init();
    fs::write(home.path().join("plant/glassline.toml"), "durability = \"memory\"\n").expect("written");
    let mut hub = Hub::begin(home, &["serve", "--config", "plant/glassline.toml"]);
    hub.program.line(|line| line.contains("durability: memory"));
}
