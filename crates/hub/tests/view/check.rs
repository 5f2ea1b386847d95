//! What is wrong with a folder.

use crate::scene::library;

#[test]
fn a_sound_folder_has_no_problems() {
    assert_eq!(library("garden").check(), []);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let problems: Vec<String> = library("broken").check().iter().map(ToString::to_string).collect();
    let expected = [
        "components/Odd: “Odd” cannot be the name of a component",
        "components/blank/template.html:2:9: There is no variable “lable”. Did you mean “label”?",
        "components/failing/template.html:2:10: Template error: unknown filter",
        "components/flood/template.html: The template renders to more than 262144 bytes.",
        "components/inline/template.html:2:6: The attribute “style” is ignored by browsers here",
        "components/inline/template.html:2:25: The attribute “onclick” is ignored by browsers here",
        "components/inline/template.html:4:1: An inline <script> is ignored by browsers here",
        "components/looping/template.html",
        "components/shouting/elment.js: Did you mean “element.js”?",
        "components/shouting/template.html",
        "components/torn/component.toml:3:13: “sideways” is not one of output, input, both.",
        "components/torn/template.html: The file is missing.",
        "views/free.html:1:5: The attribute “onclick” is ignored by browsers here",
        "views/free.html:2:4: There is no component “valeu”. Did you mean “value”?",
        "views/free.html:4:3: A component cannot stand in <p>: a browser ends the paragraph before it",
        "views/free.html:4:58: “value” has no setting “digtis”. Did you mean “digits”?",
        "views/lists.html:2:4: There is no component “valeu”. Did you mean “value”?",
        "views/lists.html:4:3: A component cannot stand in <p>: a browser ends the paragraph before it",
        "views/lists.html:4:58: “value” has no setting “digtis”. Did you mean “digits”?",
        "views/lost.js: There is no view “lost” for it.",
        "views/nameless.toml:3:1: This component has no “kind”.",
        "views/title.toml:1:1: There is no key “titel”. Did you mean “title”?",
        "views/twice.html: There is also views/twice.toml",
        "views/twice.toml: There is also views/twice.html",
        "views/typos.toml:5:8: There is no component “gague”. Did you mean “gauge”?",
        "views/typos.toml:11:1: “gauge” has no setting “mni”. Did you mean “min”?",
        "views/typos.toml:16:1: “min” must be a number, but is \"low\".",
        "views/unfinished.html:1:10: Template error: syntax error",
    ];
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}\nis not {expected}…");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}
