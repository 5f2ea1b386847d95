//! Every built-in component with every case of its sample.

use hub::view::Library;

#[test]
fn the_built_in_components_are_sound() {
    let library = Library::built_in();
    assert_eq!(library.problems(), []);
    let names: Vec<&str> = library.components().map(|(name, _)| name).collect();
    for needed in
        ["value", "gauge", "chart", "sparkline", "lamp", "text", "json", "button", "switch", "slider"]
    {
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
    for (name, value) in
        [("gauge", "21.5"), ("value", "46"), ("text", "Filling the tank"), ("number-field", "1450")]
    {
        assert!(first(name).contains(value), "{name} does not show {value}: {}", first(name));
    }
}
