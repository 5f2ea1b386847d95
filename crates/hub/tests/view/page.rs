//! The shell of a page: scripts, styles and the content policy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hub::view::{Library, Page};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::scene::{attribute, garden, library, start_tag};

fn bed() -> Page {
    library("garden").view_page("bed", &garden()).expect("there is such a view")
}

fn import_map(html: &str) -> &str {
    let (_, rest) = html.split_once("<script type=\"importmap\">").expect("there is an import map");
    rest.split_once("</script>").expect("it ends").0
}

/// The assets that a document names, in its order.
fn asset_urls(html: &str) -> Vec<&str> {
    html.split('"').filter(|part| part.starts_with("/assets/")).collect()
}

#[test]
fn a_view_becomes_a_page() {
    let html = bed().html;
    assert!(html.starts_with("<!doctype html>\n"));
    assert!(html.contains("<title>Vegetable bed · Glassline</title>"));
    assert!(html.contains("data-page=\"/views/bed\" data-view=\"bed\" data-time=\"1763846847123\""));
    let tag = start_tag(&html, "c-soil-moisture-1");
    assert!(tag.starts_with("<gl-dial class=\"component span-6\""), "{tag}");
    assert_eq!(attribute(tag, "data-value").as_deref(), Some("48.25"));
    assert_eq!(attribute(tag, "data-device").as_deref(), Some("bed-1"));
    assert_eq!(attribute(tag, "data-state").as_deref(), Some("fresh"));
    let shed = start_tag(&html, "c-temperature-1");
    assert_eq!(attribute(shed, "data-label").as_deref(), Some("Shed <north>"));
    assert_eq!(attribute(shed, "data-state").as_deref(), Some("gone"));
}

#[test]
fn every_asset_that_a_page_names_is_served() {
    let (library, page) = (library("garden"), bed());
    let urls = asset_urls(&page.html);
    assert!(urls.len() > 5, "{urls:?}");
    for url in urls {
        let asset = library.asset(&url["/assets/".len()..]).unwrap_or_else(|| panic!("{url} is not served"));
        let hash: String = Sha256::digest(&asset.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(url.contains(&format!(".{}.", &hash[..16])), "{url} is not the hash of its content");
    }
}

#[test]
fn a_page_brings_the_scripts_and_styles_of_its_components_alone() {
    let html = bed().html;
    let map: Json = serde_json::from_str(import_map(&html)).expect("an import map is JSON");
    let names: Vec<&str> =
        map["imports"].as_object().expect("it maps names").keys().map(String::as_str).collect();
    assert!(names.contains(&"component/dial") && names.contains(&"uplot") && names.contains(&"glassline"));
    let loaded: String =
        html.lines().filter(|line| line.starts_with("<link") || line.contains(" src=")).collect();
    assert!(loaded.contains("/assets/dial.") && loaded.contains("/assets/view-bed."), "{loaded}");
    // The map names all that a page may come to need, and loads none of it.
    assert!(names.contains(&"component/chart") && !loaded.contains("/assets/chart."), "{loaded}");
}

#[test]
fn what_is_imported_at_once_is_preloaded() {
    let html = bed().html;
    let preloads: Vec<&str> = html.lines().filter(|line| line.contains("rel=\"modulepreload\"")).collect();
    for stem in ["/assets/dial.", "/assets/glassline.", "/assets/uplot.", "/assets/view-bed."] {
        assert_eq!(preloads.iter().filter(|line| line.contains(stem)).count(), 1, "{stem} in {preloads:?}");
    }
}

#[test]
fn the_policy_allows_the_import_map_and_nothing_else_inline() {
    let page = bed();
    let hash = BASE64.encode(Sha256::digest(import_map(&page.html)));
    assert!(page.csp.contains(&format!("script-src 'self' 'sha256-{hash}';")), "{}", page.csp);
    assert!(!page.csp.contains("unsafe"));
    assert!(!page.html.contains(" style=") && !page.html.contains("<style"));
    let inline = page.html.matches("<script").count() - page.html.matches(" src=").count();
    assert!(page.html.matches("<script type=\"importmap\">").count() == 1 && inline <= 1);
}

#[test]
fn the_views_of_the_folder_are_in_the_navigation() {
    let html = bed().html;
    assert!(html.contains("<a href=\"/views/bed\" aria-current=\"page\">Vegetable bed</a>"));
    assert!(html.contains("<a href=\"/views/plan\">Garden &amp; shed</a>"));
    assert!(html.contains("<a href=\"/status\">Status</a>"));
    assert!(!html.contains("/views/weather"), "an example is not listed beside a user's own views");
    assert!(Library::built_in().views().any(|(name, _)| name == "weather"));
}

#[test]
fn a_broken_view_is_a_page_that_says_so() {
    let html = library("broken").view_page("title", &garden()).expect("its file is there").html;
    assert!(html.contains("There is no key “titel”. Did you mean “title”?"), "{html}");
    assert!(html.contains("<p class=\"where\">views/title.toml:1:1</p>"), "{html}");
    assert_eq!(library("broken").view_page("nothing", &garden()), None);
}

#[test]
fn a_message_is_a_page() {
    let page =
        Library::built_in().message_page("/views/<x>", "Not found", "There is no view “<x>”.", &garden());
    assert!(page.html.contains("There is no view “&lt;x&gt;”."));
    assert!(page.html.contains("<title>Not found · Glassline</title>"));
    let way = "<p class=\"span-12\"><a href=\"/\">To the first page: all devices</a></p>";
    assert!(page.html.contains(way), "there is a way on: {}", page.html);
    let first = Library::built_in().message_page("/", "Not yours", "You may not see it.", &garden());
    assert!(!first.html.contains(way), "none to where one is: {}", first.html);
}
