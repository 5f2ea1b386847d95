//! Every built-in component with every case of its sample.

use hub::view::Library;

#[test]
fn the_built_in_components_are_sound() {
    let library = Library::built_in();
    assert_eq!(library.problems(), []);
    let names: Vec<&str> = library.components().map(|(name, _)| name).collect();
    for needed in [
        "value",
        "gauge",
        "chart",
        "sparkline",
        "lamp",
        "text",
        "json",
        "button",
        "switch",
        "slider",
        "text-field",
        "select",
        "table",
        "compass",
        "level",
        "state-timeline",
        "log",
        "image",
    ] {
        assert!(names.contains(&needed), "{needed} is missing");
    }
}

#[test]
fn every_component_renders_its_samples() {
    let library = Library::built_in();
    for (name, _) in library.components() {
        assert!(library.sample(name).is_some(), "{name} has no sample.json");
        let (rendered, problems) = library.samples(name).expect("it was listed");
        assert_eq!(problems, [], "{name}");
        assert!(!rendered.is_empty(), "{name} has an empty sample.json");
        for html in rendered {
            assert!(html.starts_with(&format!("<gl-{name} ")), "{html}");
            assert!(html.trim_end().ends_with(&format!("</gl-{name}>")), "{html}");
        }
    }
}

#[test]
fn first_paint_shows_the_value() {
    let library = Library::built_in();
    let first = |name: &str| library.samples(name).expect("it is built in").0.remove(0);
    for (name, value) in [
        ("gauge", "21.5"),
        ("value", "46"),
        ("text", "Filling the tank"),
        ("number-field", "1450"),
        ("text-field", "Pump house, north"),
        ("select", ">auto<"),
        ("table", "Rain barrel"),
        ("compass", ">SW<"),
        ("level", ">64<"),
        ("state-timeline", ">Running<"),
        ("log", "Valve 3 is closed"),
        ("image", "src=\"data:image/svg+xml"),
    ] {
        assert!(first(name).contains(value), "{name} does not show {value}: {}", first(name));
    }
}

#[test]
fn first_paint_says_what_is_beyond_a_limit_in_words() {
    let library = Library::built_in();
    for (name, case, said) in [
        ("gauge", 3, "Warning: above 80 °C"),
        ("gauge", 4, "Alarm: below 2 bar"),
        ("value", 4, "Alarm: above 9 bar"),
        ("level", 1, "Warning: above 80 %"),
        ("table", 0, "Alarm: below 10 %"),
    ] {
        let html = library.samples(name).expect("it is built in").0.swap_remove(case);
        assert!(html.contains(said), "{name} does not say {said}: {html}");
    }
}
