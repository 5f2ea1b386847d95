//! Views in which something is wrong: that is a tile, and everything else in them is there.

use hub::view::Library;

use crate::scene::{garden, start_tag};

/// The page of the view of this file, which is alone in its folder, and what `check` says of it.
fn shown(file: &str, content: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir(folder.path().join("views")).expect("a folder can be made");
    std::fs::write(folder.path().join("views").join(file), content).expect("a file can be written");
    let library = Library::load(Some(folder.path()), &[]);
    let name = file.split('.').next().unwrap_or_default();
    let html = library.view_page(name, &garden()).expect("its file is there").html;
    (html, library.check().iter().map(ToString::to_string).collect())
}

/// What the tiles of a page say, with their places, in its order.
fn tiles(html: &str) -> Vec<String> {
    let tile = |rest: &str| {
        let tile = rest.split("</gl-error>").next().unwrap_or_default();
        let part = |class: &str| {
            let start = format!("<p class=\"{class}\">");
            tile.split_once(&start).and_then(|(_, rest)| rest.split_once("</p>")).map_or("", |(text, _)| text)
        };
        format!("{}: {}", part("where"), part("what"))
    };
    html.split("<gl-error ").skip(1).map(tile).collect()
}

/// Whether these stand in the page in this order.
fn in_order(html: &str, parts: &[&str]) {
    let mut rest = html;
    for part in parts {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part} is not next in {rest}"));
        rest = after;
    }
}

const VALUE: &str =
    "<div data-component=\"value\" data-device=\"bed-1\" data-channel=\"soil_moisture\"></div>";

#[test]
fn an_inline_script_or_style_is_a_tile_in_its_place() {
    let view = format!(
        "<h1>Roof</h1>\n<SCRIPT>let a = 1;</SCRIPT>\n<p>Between.</p>\n  <style>p {{ color: red }}</style>\n{VALUE}\n\
         <script src=\"/x.js\"></script><script type=\"application/json\">[1]</script>"
    );
    let (html, problems) = shown("roof.html", &view);
    in_order(
        &html,
        &[
            "<title>Roof ·",
            "<h1>Roof</h1>",
            "<h2>script</h2>",
            "roof.html:2:1",
            "<p>Between.</p>",
            "<h2>style</h2>",
            "roof.html:4:3",
            "<gl-value ",
            "<script src=\"/x.js\"></script><script type=\"application/json\">[1]</script>",
        ],
    );
    assert!(!html.contains("let a = 1") && !html.contains("color: red"), "{html}");
    assert_eq!(tiles(&html).len(), 2);
    let expected = [
        "views/roof.html:2:1: An inline <script> is ignored by browsers here: put it into the .js file.",
        "views/roof.html:4:3: An inline <style> is ignored by browsers here: put it into the .css file.",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn an_inline_attribute_is_removed_with_a_tile_before_its_element() {
    let view = format!(
        "<h1>Roof</h1>\n<section class=\"a\" style=\"color: red\" onclick=\"go()\">\n<a href=\"javascript:go()\">Go</a>\n\
         {VALUE}</section>"
    );
    let (html, problems) = shown("roof.html", &view);
    in_order(
        &html,
        &[
            "<h1>Roof</h1>",
            "roof.html:2:20",
            "roof.html:2:39",
            "<section class=\"a\">",
            "roof.html:3:4",
            "<a>Go</a>",
            "<gl-value ",
            "</section>",
        ],
    );
    assert!(!html.contains("color: red") && !html.contains("go()"), "{html}");
    assert_eq!((tiles(&html).len(), problems.len()), (3, 3), "{problems:?}");
}

#[test]
fn a_component_keeps_its_place_without_what_is_inline() {
    let view =
        VALUE.replace("<div ", "<div id=\"mine\" style=\"color: red\" data-label=\"javascript: fast\" ");
    let (html, problems) = shown("roof.html", &view);
    let tag = start_tag(&html, "mine");
    assert!(tag.starts_with("<gl-value ") && !tag.contains("style="), "{tag}");
    assert!(tag.contains("data-label=\"javascript: fast\""), "only addresses can be scripts: {tag}");
    in_order(&html, &["<gl-error ", "roof.html:1:16", "<gl-value "]);
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn every_wrong_attribute_of_a_component_is_checked() {
    let view = VALUE.replace("<div ", "<div data-span=\"13\" data-span=\"wide\" ") + VALUE;
    let (html, problems) = shown("roof.html", &view);
    in_order(&html, &["<h2>value</h2>", "roof.html:1:6<", "<gl-value "]);
    assert_eq!((tiles(&html).len(), problems.len()), (1, 2), "{problems:?}");
}

#[test]
fn a_tile_stands_before_what_cannot_hold_it() {
    let view = format!(
        "<h1>Roof</h1>\n<table><tr style=\"x\"><td><i style=\"x\">1</i></td></tr></table>\n\
         <svg viewBox=\"0 0 9 9\"><style>x</style><circle r=\"1\" onclick=\"x\"/></svg>\n\
         <p>Some <b style=\"x\">text</b>.</p>\n{VALUE}"
    );
    let (html, problems) = shown("roof.html", &view);
    in_order(
        &html,
        &[
            "roof.html:2:12",
            "<table><tr><td>",
            "roof.html:2:29",
            "<i>1</i></td></tr></table>",
            "roof.html:3:24",
            "roof.html:3:54",
            "<svg viewBox=\"0 0 9 9\"><circle r=\"1\" /></svg>",
            "roof.html:4:12",
            "<p>Some <b>text</b>.</p>",
            "<gl-value ",
        ],
    );
    assert_eq!((tiles(&html).len(), problems.len()), (5, 5), "{problems:?}");
}

#[test]
fn what_a_template_writes_inline_is_a_tile_too() {
    let view = "{% for id in [\"a\", \"b\"] %}<b {{ 'style=\"x\"'|safe }}>{{ id }}</b>{% endfor %}";
    let (html, _) = shown("roof.html", view);
    assert!(html.contains("<b>a</b>") && html.contains("<b>b</b>"), "{html}");
    let said = "The attribute “style” is ignored by browsers here: use a class or an SVG attribute.";
    assert_eq!(
        tiles(&html),
        [format!("views/roof.html:1:33: {said}"), format!("views/roof.html:1:33: {said}")]
    );
}

#[test]
fn what_a_component_replaces_has_no_tile() {
    let view = VALUE.replace("></div>", "><b style=\"x\">no script</b></div><h2>After</h2>");
    let (html, problems) = shown("roof.html", &view);
    in_order(&html, &["<gl-value ", "<h2>After</h2>"]);
    assert_eq!(tiles(&html), [""; 0]);
    assert_eq!(problems.len(), 1, "the file is to be put right for all that: {problems:?}");
}

#[test]
fn tiles_of_a_long_list_are_bounded() {
    let view = format!("{{% for n in range(400) %}}<b style=\"x\"></b>{{% endfor %}}<h2>After</h2>{VALUE}");
    let (html, _) = shown("roof.html", &view);
    assert_eq!(tiles(&html).len(), 301);
    assert!(html.contains("101 more components are left out"), "{html}");
    assert!(html.contains("<h2>After</h2>") && !html.contains("style="), "{html}");
}

#[test]
fn a_wrong_component_of_a_list_is_one_tile_in_its_place() {
    let view = "title = \"Roof\"\ndevice = \"bed-1\"\n\n\
        [[component]]\nkind = \"value\"\nchannel = \"first\"\n\n\
        [[component]]\nkind = \"gauge\"\nchannel = \"soil_moisture\"\nspan = 13\nlabel = 3\n\n\
        [[component]]\nknd = \"value\"\nchannel = \"second\"\n\n\
        [[component]]\nkind = 5\n\n\
        [[component]]\nkind = \"value\"\nmax = 99999999999999999999999\n\n\
        [[component]]\nkind = \"value\"\nchannel = \"third\"\n";
    let (html, problems) = shown("roof.toml", view);
    in_order(
        &html,
        &[
            "id=\"c-first-1\"",
            "<gl-error class=\"component error span-4\" data-component=\"gauge\"",
            "“span” must be a whole number from 1 to 12, but is 13.",
            "roof.toml:11:1<",
            "<h2>component</h2>",
            "This component has no “kind”. Is “knd” meant to be it?",
            "roof.toml:14:1<",
            "“kind” must be a text, but is a number.",
            "roof.toml:19:1<",
            "roof.toml:23:1<",
            "id=\"c-third-1\"",
        ],
    );
    assert_eq!(tiles(&html).len(), 4, "one for each: {html}");
    let label = "views/roof.toml:12:1: “label” must be a text, but is a number.".to_owned();
    assert!(problems.len() == 5 && problems.contains(&label), "{problems:#?}");
}

#[test]
fn an_unknown_key_of_a_view_is_a_tile_at_its_top() {
    let view = "titel = \"Roof\"\ndevice = 3\n[[component]]\nkind = \"value\"\ndevice = \"bed-1\"\n\
        channel = \"soil_moisture\"\n[[components]]\nkind = \"value\"\n";
    let (html, problems) = shown("roof.toml", view);
    let expected = [
        "views/roof.toml:1:1: There is no key “titel”. Did you mean “title”?",
        "views/roof.toml:2:1: “device” must be a text, but is a number.",
        "views/roof.toml:7:3: There is no key “components”. Did you mean “component”?",
    ];
    assert_eq!(tiles(&html), expected);
    assert_eq!(problems, expected);
    in_order(&html, &["<title>Roof ·", "roof.toml:7:3", "id=\"c-soil-moisture-1\""]);
}

#[test]
fn a_component_that_is_no_list_says_how_one_is_written() {
    let (html, _) = shown("roof.toml", "[component]\nkind = \"value\"\n");
    let what = "“component” must be a list: write [[component]] before each.";
    assert_eq!(tiles(&html), [format!("views/roof.toml:1:2: {what}")]);
    let (html, _) = shown("roof.toml", "component = [1, { kind = \"value\" }]\n");
    assert_eq!(tiles(&html), ["views/roof.toml:1:14: “component” must be a table, but is a number."]);
    assert!(html.contains("id=\"c-value-1\""), "{html}");
}

#[test]
fn what_is_no_toml_is_a_single_tile() {
    let (html, problems) = shown("roof.toml", "title = \"Roof\"\n[[component]]\nkind = value\n");
    assert_eq!((tiles(&html).len(), problems.len()), (1, 1), "{html}");
    assert!(tiles(&html)[0].starts_with("views/roof.toml:3:8: "), "{html}");
}
