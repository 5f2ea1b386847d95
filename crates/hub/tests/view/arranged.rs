//! Views arranged: sections, included pieces, variables, and the device that the address of the page asks for.

use hub::view::{Library, StillScene};

use crate::scene::{NOW, attribute, device, start_tag};

/// A folder with these files below `views/`.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        let file = folder.path().join("views").join(name);
        std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::write(file, text).expect("a file can be written");
    }
    folder
}

/// The page of the view `pump` with two pumps and a boiler, where the address says `query`.
fn shown(files: &[(&str, &str)], query: &str) -> String {
    let devices =
        ["boiler-1", "pump-1", "pump-2"].map(|id| (id.to_owned(), device(id, &[("flow", "7")], "")));
    let scene =
        StillScene { now_ms: NOW, devices: devices.into(), query: query.to_owned(), ..StillScene::default() };
    Library::load(Some(folder(files).path()), &[]).view_page("pump", &scene).expect("there is the view").html
}

fn checked(files: &[(&str, &str)]) -> Vec<String> {
    let library = Library::load(Some(folder(files).path()), &[]);
    library.check().iter().map(ToString::to_string).collect()
}

fn device_of(html: &str, id: &str) -> String {
    attribute(start_tag(html, id), "data-device").unwrap_or_default()
}

const PUMP: &str =
    "title = \"Pump {device}\"\ndevices = \"pump-*\"\n[[component]]\nkind = \"value\"\nchannel = \"flow\"\n";

#[test]
fn a_view_for_a_kind_of_device_shows_the_one_that_the_address_says() {
    let html = shown(&[("pump.toml", PUMP)], "");
    assert_eq!(device_of(&html, "c-flow-1"), "pump-1");
    assert!(html.contains("<option value=\"pump-1\" selected>"), "{html}");
    assert!(!html.contains("<option value=\"boiler-1\""), "{html}");
    let html = shown(&[("pump.toml", PUMP)], "device=pump-2&kiosk=1");
    assert_eq!(device_of(&html, "c-flow-1"), "pump-2");
    assert!(html.contains("<title>Pump pump-2 ·"), "{html}");
    assert!(html.contains("name=\"kiosk\" value=\"1\""), "what else the address says stays: {html}");
}

#[test]
fn a_device_that_is_not_of_the_kind_is_not_shown_and_none_in_its_place() {
    let html = shown(&[("pump.toml", PUMP)], "device=boiler-1");
    assert_eq!(device_of(&html, "c-flow-1"), "");
    assert!(html.contains("“boiler-1” is none of the devices of this view: pump-*."), "{html}");
    let none = PUMP.replace("pump-*", "crane-*");
    assert!(shown(&[("pump.toml", &none)], "").contains("There is no device yet that fits “crane-*”."));
}

#[test]
fn among_others_such_a_view_is_named_without_its_device() {
    let library = Library::load(Some(folder(&[("pump.toml", PUMP)]).path()), &[]);
    assert_eq!(library.views().collect::<Vec<_>>(), [("pump", "Pump")]);
}

#[test]
fn a_section_is_there_once_for_each_device_with_ids_that_stay() {
    let view = "[[section]]\neach = \"pump-*\"\n[[component]]\nkind = \"value\"\nchannel = \"flow\"\n";
    let html = shown(&[("pump.toml", view)], "");
    assert!(html.contains("<h2 class=\"section-title\" id=\"s-1-pump-1-title\">pump-1</h2>"), "{html}");
    assert_eq!(device_of(&html, "c-pump-2-flow-1"), "pump-2");
}

#[test]
fn columns_make_spans_and_a_phone_has_an_order_of_its_own() {
    let view = "columns = 3\n[[component]]\nkind = \"value\"\nchannel = \"flow\"\nspan = 2\nrows = 2\norder = 1\n\
                [[component]]\nkind = \"value\"\nchannel = \"heat\"\norder = -1\n\
                [[section]]\ncolumns = 2\n[[component]]\nkind = \"value\"\nchannel = \"level\"\n";
    let html = shown(&[("pump.toml", view)], "");
    assert!(start_tag(&html, "c-flow-1").contains("component span-8 rows-2 first-1\""), "{html}");
    assert!(start_tag(&html, "c-heat-1").contains("component span-4 last-1\""), "{html}");
    assert!(start_tag(&html, "c-level-1").contains("component span-6\""), "{html}");
    let problems = checked(&[("pump.toml", &view.replace("span = 2", "span = 4"))]);
    assert_eq!(problems, ["views/pump.toml:5:1: “span” must be a whole number from 1 to 3, but is 4."]);
}

#[test]
fn an_included_piece_stands_in_its_place_and_is_told_what_it_is_for() {
    let files = [
        (
            "pump.toml",
            "[[include]]\nfile = \"parts/one.toml\"\ndevice = \"pump-2\"\nwhat = \"Flow\"\n\
             [[include]]\nfile = \"parts/plan.html\"\nspan = 6\nn = 3\n",
        ),
        ("parts/one.toml", "[[component]]\nkind = \"value\"\nchannel = \"flow\"\nlabel = \"{what}!\"\n"),
        ("parts/plan.html", "<b>{{ n }}</b><div data-component=\"value\" data-device=\"pump-1\"></div>"),
    ];
    let html = shown(&files, "");
    let tag = start_tag(&html, "c-flow-1");
    assert_eq!(attribute(tag, "data-label").as_deref(), Some("Flow!"));
    assert_eq!(device_of(&html, "c-flow-1"), "pump-2");
    assert!(html.contains("<div class=\"piece span-6\">\n<b>3</b><gl-value"), "{html}");
    assert_eq!(checked(&files), [""; 0]);
}

#[test]
fn what_cannot_be_included_is_a_tile_that_says_why() {
    let problems = checked(&[("pump.toml", "include = \"parts/on.toml\"\n"), ("parts/one.toml", "")]);
    assert_eq!(
        problems,
        ["views/pump.toml:1:1: There is no file “views/parts/on.toml”. Did you mean “parts/one.toml”?"]
    );
    let circle =
        [("pump.toml", "include = \"parts/a.toml\""), ("parts/a.toml", "include = \"parts/a.toml\"")];
    assert_eq!(
        checked(&circle),
        ["views/parts/a.toml:1:1: Files are included 4 deep at most: is there a circle?"]
    );
}

#[test]
fn a_variable_is_what_the_address_says_or_its_default() {
    let view = "[variables]\nmost = 80\nside = { choices = [\"north\", \"south\"] }\n\
                [[component]]\nkind = \"gauge\"\nchannel = \"flow\"\nlabel = \"{side} {{side}}\"\nmax = \"{most}\"\n";
    let settings = |query: &str| {
        let html = shown(&[("pump.toml", view)], query);
        let label = attribute(start_tag(&html, "c-flow-1"), "data-label").unwrap_or_default();
        (label, crate::scene::settings(&html, "c-flow-1")["max"].clone(), html)
    };
    let (label, most, html) = settings("");
    assert_eq!((label.as_str(), most), ("north {side}", 80.into()));
    assert!(html.contains("<option selected>north</option><option>south</option>"), "{html}");
    let (label, most, _) = settings("side=south&most=9");
    assert_eq!((label.as_str(), most), ("south {side}", 9.into()));
    let (label, _, html) = settings("side=west");
    assert_eq!(label, "north {side}");
    assert!(html.contains("“side” must be one of north, south, but the address says “west”."), "{html}");
    let problems = checked(&[("pump.toml", &view.replace("{most}", "{mots}"))]);
    assert!(problems[0].contains("There is no variable “mots”. Did you mean “most”?"), "{problems:?}");
}

#[test]
fn free_html_has_the_address_the_device_and_pieces_too() {
    let files = [
        (
            "pump.html",
            "<meta name=\"devices\" content=\"pump-*\"><h1>{{ device }} {{ query.room }}</h1>{% include \"parts/list.html\" %}",
        ),
        ("parts/list.html", "{% for each in devices %}<i>{{ each.id }}</i>{% endfor %}"),
    ];
    let html = shown(&files, "device=pump-2&room=%3Cb%3E");
    assert!(html.contains("<h1>pump-2 &lt;b&gt;</h1><i>boiler-1</i>"), "{html}");
    assert!(html.contains("id=\"chooser\"") && !html.contains("name=\"devices\""), "{html}");
}

#[test]
fn a_device_that_the_address_names_and_nobody_knows_is_said_to_be_missing() {
    let variable = "device = \"{pump}\"\n[variables]\npump = \"pump-1\"\n[[component]]\nkind = \"value\"\nchannel = \"flow\"\n";
    let free =
        "<div data-component=\"value\" data-device=\"{{ query.device }}\" data-channel=\"flow\"></div>";
    let said = "There is no device “nope”.";
    for (files, query) in [(("pump.toml", variable), "pump=nope"), (("pump.html", free), "device=nope")] {
        let html = shown(&[files], query);
        assert_eq!(html.matches(said).count(), 1, "{html}");
        assert!(!shown(&[files], &query.replace("nope", "pump-2")).contains("There is no device"), "{query}");
    }
    let fixed = "device = \"pump-1\"\n[[component]]\nkind = \"value\"\nchannel = \"flow\"\n";
    assert!(!shown(&[("pump.toml", fixed)], "device=nope").contains(said), "nothing is asked of it");
}

#[test]
fn what_stands_in_braces_in_names_survives_becoming_a_view() {
    let channels = [("{odd}", "1"), ("{{twice}}", "2"), ("{{{thrice}}}", "3")];
    let mut pump = device("pump-1", &channels, "");
    pump.name = "{{x}} of {device}".to_owned();
    let devices = [("pump-1".to_owned(), pump)];
    let scene = StillScene { now_ms: NOW, devices: devices.into(), ..StillScene::default() };
    let built_in = Library::built_in();
    let text = built_in.ejected("pump-1", None, &scene).expect("the device is known");
    let view = Library::load(Some(folder(&[("pump.toml", &text)]).path()), &[]);
    let shown = view.view_page("pump", &scene).expect("there is the view").html;
    for (channel, _) in channels {
        assert!(shown.contains(&format!("data-channel=\"{channel}\"")), "{channel}: {text}");
    }
    assert!(shown.contains("<title>{{x}} of {device} ·"), "{text}");
}

#[test]
fn a_component_in_a_paragraph_is_a_problem_with_its_place() {
    let page = "<h1>Pump</h1>\n<p>It flows at <span data-component=\"value\" data-channel=\"flow\"></span> now.</p>\n";
    let problems = checked(&[("pump.html", page)]);
    assert!(problems[0].starts_with("views/pump.html:2:16: A component cannot stand in <p>"), "{problems:?}");
    assert_eq!(checked(&[("pump.html", &page.replace("p>", "div>"))]), Vec::<String>::new());
}

#[test]
fn a_page_that_became_a_view_shows_the_same_components() {
    let channels = [("flow", "7"), ("heat", "20"), ("{odd}", "true")];
    let devices = [("pump-1".to_owned(), device("pump-1", &channels, r#"{"heat":{"min":0,"max":90}}"#))];
    let scene = StillScene { now_ms: NOW, devices: devices.into(), ..StillScene::default() };
    let built_in = Library::built_in();
    let text = built_in.ejected("pump-1", None, &scene).expect("the device is known");
    let page = built_in.device_page("pump-1", &scene).expect("the device is known").html;
    let view = Library::load(Some(folder(&[("pump.toml", &text)]).path()), &[]);
    assert_eq!(view.check(), Vec::new(), "{text}");
    let shown = view.view_page("pump", &scene).expect("there is the view").html;
    let placed = |html: &str| -> Vec<String> {
        let tags = html.split("<gl-").skip(1);
        tags.map(|tag| tag.split(" data-state=").next().unwrap_or_default().to_owned()).collect()
    };
    let ids = |html: &str| -> Vec<String> {
        placed(html).iter().filter_map(|tag| attribute(&format!("<{tag}"), "id")).collect()
    };
    assert_eq!(ids(&shown), ids(&page), "{text}");
    let many = built_in.ejected("pump-1", Some("pump-*"), &scene).expect("the device is known");
    assert!(many.contains("devices = \"pump-*\"\ndevice = \"pump-1\"\n"), "{many}");
}
