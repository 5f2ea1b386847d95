//! Values and expressions that lie very deep in each other: an error tile or a page, and never the end of the hub.

use hub::view::Library;

use crate::scene::garden;

/// The page of a view that is alone in its folder.
fn shown(view: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir(folder.path().join("views")).expect("a folder can be made");
    std::fs::write(folder.path().join("views/v.html"), view).expect("a file can be written");
    Library::load(Some(folder.path()), &[]).view_page("v", &garden()).expect("its file is there").html
}

/// The page of a view that puts `x` into a value by `nest` as often as its steps suffice for, or `times`, and does `then` with it.
fn nested(nest: &str, times: usize, then: &str) -> String {
    let begin = "<h1>V</h1>{% set n = namespace(x=1, y=1) %}";
    shown(&format!(
        "{begin}{{% for i in range({times}) %}}{{% set n.x = {nest} %}}{{% endfor %}}{then}<i>behind</i>"
    ))
}

/// So many lists in each other around `x`, written down.
fn lists(around: usize) -> String {
    format!("{}n.x{}", "[".repeat(around), "]".repeat(around))
}

#[test]
fn a_value_as_deep_as_the_steps_of_a_template_suffice_for_is_freed() {
    let calls = |name: &str| format!("{}n.x{}", name.repeat(35), ")".repeat(35));
    for nest in ["[n.x]", "{'a': n.x}", "(n.x,)", "[1] + [n.x]", "[n.x][::-1]", &lists(35)] {
        assert!(nested(nest, 100_000, "").contains("<gl-error"), "{nest}");
    }
    for nest in [calls("namespace(a="), calls("dict(a=")] {
        assert!(nested(&nest, 100_000, "").contains("<gl-error"), "{nest}");
    }
}

#[test]
fn a_deep_value_is_written_compared_and_sorted_or_refused() {
    for refused in ["{{ n.x }}", "{{ n.x|json }}", "{{ n.x|tojson }}", "{{ n.x|string }}", "{{ n.x|join }}"] {
        let page = nested(&lists(35), 3_000, refused);
        assert!(page.contains("more than 64 deep") && !page.contains("behind"), "{refused}: {page}");
    }
    for done in ["{{ (n.x ~ 'a')|length }}", "{{ {n.x: 1}|length }}", "{{ [n.x, n.x]|unique|length }}"] {
        let page = nested(&lists(35), 3_000, done);
        assert!(page.contains("<i>behind</i>"), "{done}: {page}");
    }
}

#[test]
fn a_value_that_is_short_in_memory_and_endless_as_text_is_not_written() {
    for refused in ["{{ n.x }}", "{{ n.x|json }}", "{{ n.x|tojson }}", "{{ n.x|string }}", "{{ n.x|join }}"] {
        let page = nested("[n.x, n.x]", 50, refused);
        assert!(page.contains("longer than 1048576 bytes"), "{refused}: {page}");
    }
}

#[test]
fn an_expression_that_fills_a_file_is_compiled() {
    for (begin, again) in [("x", "|e"), ("x", ".x"), ("x", "[x]"), ("1", "+1"), ("x", "~x"), ("x", " or x")] {
        let times = 60_000 / again.len();
        let page = shown(&format!("<h1>V</h1>{{{{ {begin}{} }}}}", again.repeat(times)));
        assert!(page.contains("</html>"), "{again}");
    }
    let page =
        shown(&format!("<h1>V</h1>{{% if x %}}{}{{% endif %}}<i>behind</i>", "{% elif x %}".repeat(4_000)));
    assert!(page.contains("<i>behind</i>"), "{page}");
    let page = shown(&format!("<h1>V</h1>{{{{ {}x }}}}<i>behind</i>", "not ".repeat(15_000)));
    assert!(page.contains("<i>behind</i>"), "{page}");
}
