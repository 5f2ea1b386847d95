//! Views in the author's own HTML.

use crate::scene::{attribute, settings, start_tag, view};

#[test]
fn an_element_and_a_call_are_the_same() {
    let html = view("garden", "plan");
    let called = settings(&html, "c-soil-moisture-1");
    assert_eq!(called["unit"], "%");
    assert_eq!(called["max_points"], 50);
    assert_eq!(called["wide"], true);
    assert_eq!(called["marks"].to_string(), "[1,2.5]");
    let element = settings(&html, "mine");
    assert_eq!(element["unit"], "°C");
    assert_eq!(element["max_points"], 200);
    assert_eq!(element["wide"], true);
    assert_eq!(element["marks"].to_string(), "[1,\"a\"]");
    assert_eq!(element["look"], "marine");
}

#[test]
fn the_authors_own_attributes_stay() {
    let html = view("garden", "plan");
    let tag = start_tag(&html, "mine");
    assert_eq!(attribute(tag, "class").as_deref(), Some("component span-3 left corner"));
    assert_eq!(attribute(tag, "title").as_deref(), Some("Shed"));
    assert!(tag.starts_with("<gl-dial "), "{tag}");
    assert!(html.contains("<section class=\"plan\">") && html.contains("<p>Between.</p>"));
}

#[test]
fn what_stood_in_the_element_is_replaced() {
    let html = view("garden", "plan");
    assert!(!html.contains("no script"));
    assert_eq!(html.matches("<gl-dial").count(), 2, "the one inside another is replaced with it: {html}");
}

#[test]
fn title_and_device_are_read_from_the_page() {
    let html = view("garden", "plan");
    assert!(html.contains("<title>Garden &amp; shed · Glassline</title>"));
    assert_eq!(html.matches("<title>").count(), 1);
    assert!(!html.contains("name=\"device\""));
    assert_eq!(attribute(start_tag(&html, "c-soil-moisture-1"), "data-device").as_deref(), Some("bed-1"));
    let html = view("broken", "lists");
    assert!(html.contains("<title>Lists · Glassline</title>"), "the first heading is the title: {html}");
}

#[test]
fn a_wrong_component_is_a_tile_and_the_rest_lives() {
    let html = view("broken", "lists");
    assert!(html.contains("There is no component “valeu”. Did you mean “value”?"), "{html}");
    assert!(html.contains("<p class=\"where\">views/lists.html:2:4</p>"), "{html}");
    assert!(html.contains("“value” has no setting “digtis”. Did you mean “digits”?"), "{html}");
    assert!(html.contains("<p class=\"where\">views/lists.html:4:58</p>"), "{html}");
    assert!(html.contains("<h1>Lists</h1>"));
}

#[test]
fn inline_code_is_a_tile() {
    let html = view("broken", "free");
    assert!(html.contains("The attribute “onclick” is ignored by browsers here"), "{html}");
    assert!(html.contains("<p class=\"where\">views/free.html:1:5</p>"), "{html}");
}

#[test]
fn a_view_can_go_through_all_devices() {
    let html = view("garden", "all");
    for (id, device) in [("c-temperature-1", "bed-1"), ("c-temperature-2", "shed-1")] {
        assert_eq!(attribute(start_tag(&html, id), "data-device").as_deref(), Some(device));
    }
    assert!(
        html.contains("<title>All · Glassline</title>"),
        "the title of a picture is not that of the page: {html}"
    );
    assert!(html.contains("<svg><title>A dot</title>"), "{html}");
}
