//! One component: its settings, its limits, and the tile that stands in its place when it fails.

use std::sync::Arc;

use hub::view::{Component, Library, PlacedAt, StillScene};
use serde_json::{Value as Json, json};

use crate::scene::{NOW, device, garden, library, settings, view};

/// A library with the component `probe`, whose template is this, and a view `probe` with this definition.
fn probe(template: &str, placed: &str) -> Library {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let manifest = "title = \"Probe\"\ndescription = \"For a test.\"\ndirection = \"output\"\nframe = false\n\
        [settings.size]\ntype = \"number\"\ndefault = 3\nmeaning = \"None.\"\n";
    let view =
        format!("device = \"bed-1\"\n[[component]]\nkind = \"probe\"\nchannel = \"soil_moisture\"\n{placed}");
    let files = [
        ("components/probe/component.toml", manifest),
        ("components/probe/template.html", template),
        ("views/probe.toml", &view),
    ];
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(path, content).expect("a file can be written");
    }
    Library::load(Some(folder.path()), &[Arc::new(Extra)])
}

struct Extra;

impl Component for Extra {
    fn name(&self) -> &str {
        "probe"
    }

    fn context(&self, place: &PlacedAt<'_>) -> Json {
        let known = place.device.map(|device| device.received);
        json!({ "received": known, "about": place.channel, "twice": place.settings["size"].as_i64().map(|n| n * 2), "value": "taken" })
    }
}

fn rendered(template: &str, scene: &StillScene) -> String {
    probe(template, "").view_page("probe", scene).expect("it is there").html
}

fn with_value(value: &str) -> StillScene {
    let device = device("bed-1", &[("soil_moisture", value)], "");
    StillScene { now_ms: NOW, devices: [("bed-1".to_owned(), device)].into(), ..StillScene::default() }
}

#[test]
fn a_wrong_component_is_one_tile_that_says_what_and_where() {
    let html = view("broken", "typos");
    for (what, place) in [
        ("There is no component “gague”. Did you mean “gauge”?", "views/typos.toml:5:8"),
        ("“gauge” has no setting “mni”. Did you mean “min”?", "views/typos.toml:11:1"),
        ("“min” must be a number, but is &quot;low&quot;.", "views/typos.toml:16:1"),
        (
            "Template error: unknown filter: filter fahrenheit is unknown.",
            "components/failing/template.html:2:10",
        ),
    ] {
        let tile = format!("<p class=\"what\">{what}</p><p class=\"where\">{place}</p></gl-error>");
        assert!(html.contains(&tile), "{tile} is not in {html}");
    }
    assert!(html.contains("<gl-value "), "the rest of the view lives");
    assert!(html.contains(
        "<gl-error class=\"component error span-4\" data-component=\"gague\" role=\"alert\"><h2>gague</h2>"
    ));
}

#[test]
fn a_component_that_could_not_be_loaded_says_why() {
    let broken = library("broken");
    for (name, what) in [
        ("inline", "The attribute “style” is ignored by browsers here"),
        ("torn", "“sideways” is not one of output, input, both."),
        ("shouting", "Template error: syntax error"),
    ] {
        let problem =
            broken.problems().iter().find(|problem| problem.place.file.contains(name)).expect("it is broken");
        assert!(problem.what.starts_with(what), "{problem}");
    }
}

#[test]
fn a_template_that_goes_on_for_ever_is_stopped() {
    let html =
        rendered("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", &garden());
    assert!(html.contains("The template takes too many steps"), "{html}");
}

#[test]
fn a_template_that_writes_too_much_is_stopped() {
    let html = rendered("{% for a in range(9000) %}{{ \"flood \" * 20 }}{% endfor %}", &garden());
    assert!(html.contains("The template renders to more than 262144 bytes."), "{html}");
}

#[test]
fn a_value_that_no_float_holds_is_shown_as_it_was_sent() {
    for value in ["1e400", "123456789012345678901234567890123456789012345", "{\"a\":1e400}"] {
        let html =
            rendered("<b>{{ value|json|replace('\\n', '')|replace(' ', '') }}</b>", &with_value(value));
        let escaped = value.replace('"', "&quot;");
        assert!(html.contains(&format!("<b>{escaped}</b>")), "{html}");
        assert!(html.contains(&format!("data-value=\"{escaped}\"")), "{html}");
    }
}

#[test]
fn what_a_device_sent_is_never_markup() {
    let scene = with_value(r#""<script>alert(1)</script>'\"""#);
    let html = rendered("<b title='{{ value }}'>{{ value }} {{ value|number }}</b>", &scene);
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(html.contains("<b title='&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;'>"), "{html}");
}

#[test]
fn the_device_fills_in_what_the_view_does_not_say() {
    let html = view("garden", "bed");
    let said = settings(&html, "c-soil-moisture-1");
    assert_eq!((&said["max"], &said["unit"], &said["min"]), (&json!(60), &json!("%"), &json!(0)));
    assert_eq!(said.get("max_points"), None, "a setting without a value is absent");
}

#[test]
fn a_program_can_add_to_what_a_template_sees() {
    let html = rendered("{{ received }} {{ about }} {{ twice }} {{ value }}", &garden());
    assert!(html.contains("42 soil_moisture 6 48.25"), "{html}");
}

#[test]
fn values_are_written_as_browsers_write_them() {
    let html =
        rendered("[{{ 2 / 1 }}|{{ true }}|{{ none }}|{{ value }}|{{ \"/a/<b>\" }}]", &with_value("21.0"));
    assert!(html.contains("[2|true||21|/a/&lt;b&gt;]"), "{html}");
}

#[test]
fn what_is_not_there_is_blank() {
    let scene = StillScene::default();
    let html =
        rendered("[{{ value.rpm }}|{{ state }}|{{ presence }}|{{ describe.unit }}|{{ info.name }}]", &scene);
    assert!(html.contains("[|none|unknown||]"), "{html}");
}

#[test]
fn too_many_components_are_left_out() {
    let more = "[[component]]\nkind = \"probe\"\n".repeat(310);
    let html = probe("<i>x</i>", &more).view_page("probe", &garden()).expect("it is there").html;
    assert_eq!(html.matches("<gl-probe").count(), 300);
    assert!(html.contains("11 more components are left out: 300 are the most on a page, or 8388608 bytes,"));
}
