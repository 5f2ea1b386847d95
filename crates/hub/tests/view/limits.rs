//! What a template may cost, and what it can reach: each limit at its edge, as a page shows it.

use hub::view::Library;
use hub::view::limits::{OUTPUT_BYTES_MAX, TEMPLATE_BYTES_MAX};

use crate::scene::garden;

/// What is text and would be something else as markup.
const HOSTILE: &str = r#"<img src=x onerror=ran()> "quoted" 'single' & {x}"#;

/// The page of a view that is alone in its folder, with a component `probe` of this template beside it.
fn shown(view: &str, template: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |path: &str, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("it has one")).expect("a folder can be made");
        std::fs::write(file, text).expect("a file can be written");
    };
    write("views/v.html", view);
    write(
        "components/probe/component.toml",
        "title = \"Probe\"\ndescription = \"d\"\ndirection = \"output\"\n",
    );
    write("components/probe/template.html", template);
    write("secret.html", "the secret");
    Library::load(Some(folder.path()), &[]).view_page("v", &garden()).expect("its file is there").html
}

/// The same of a component alone, with a hostile label.
fn probe(template: &str) -> String {
    shown("<h1>V</h1>{{ component(\"probe\", label=\"hostile\") }}", template)
}

/// Exactly so many bytes.
fn bytes(count: usize) -> String {
    "x".repeat(count)
}

#[test]
fn whatever_is_written_is_escaped_by_whatever_way_it_comes() {
    let text = HOSTILE.replace('\\', "\\\\").replace('"', "\\\"");
    let ways = [
        format!("{{% set t = \"{text}\" %}}{{{{ t }}}}"),
        format!("{{% macro m(t) %}}<b>{{{{ t }}}}</b>{{% endmacro %}}{{{{ m(\"{text}\") }}}}"),
        format!("{{% for t in [\"{text}\"] %}}{{{{ t }}}}{{% endfor %}}"),
        format!("{{{{ [\"{text}\"] }}}}{{{{ {{\"a\": \"{text}\"}} }}}}{{{{ \"{text}\"|json }}}}"),
        format!("{{{{ \"{text}\" ~ \"{text}\" }}}}{{{{ \"{text}\"|upper|lower|trim|title }}}}"),
        format!(
            "{{{{ [\"{text}\", \"{text}\"]|join(\"<i>\") }}}}{{{{ \"{text}\"|replace(\"x\", \"<u>\") }}}}"
        ),
        format!("{{% filter upper %}}{{{{ \"{text}\" }}}}{{% endfilter %}}{{{{ \"{text}\"|humanize }}}}"),
    ];
    for way in ways {
        for html in [probe(&way), shown(&format!("<h1>V</h1>{way}"), "")] {
            let found = html.to_lowercase();
            for markup in ["<img", "<i>", "<u>"] {
                assert!(
                    !found.contains(&format!("{markup} src=x"))
                        && !found.contains("<i>")
                        && !found.contains("<u>"),
                    "{way}: {html}"
                );
            }
            assert!(found.contains("&lt;img src=x onerror=ran()&gt;"), "{way}: {html}");
        }
    }
}

#[test]
fn a_template_of_the_longest_length_is_rendered_and_a_longer_one_is_not_loaded() {
    let fits = probe(&bytes(TEMPLATE_BYTES_MAX));
    assert!(!fits.contains("<gl-error") && fits.contains(&bytes(TEMPLATE_BYTES_MAX)));
    let longer = probe(&bytes(TEMPLATE_BYTES_MAX + 1));
    assert!(
        longer.contains("<gl-error") && longer.contains("65536"),
        "{}",
        &longer[..longer.len().min(4000)]
    );
    let view = shown(&bytes(TEMPLATE_BYTES_MAX + 1), "");
    assert!(view.contains("<gl-error") && view.contains("65536"));
}

#[test]
fn what_a_template_renders_to_has_an_end_to_the_byte() {
    let page = |count: usize| format!("{{% for i in range({}) %}}{}{{% endfor %}}", count / 64, bytes(64));
    for (count, fits) in [(OUTPUT_BYTES_MAX, true), (OUTPUT_BYTES_MAX + 64, false)] {
        for html in [probe(&page(count)), shown(&page(count), "")] {
            assert_eq!(!html.contains("<gl-error"), fits, "{count} bytes");
            assert_eq!(html.contains("262144"), !fits, "{count} bytes");
        }
    }
}

#[test]
fn what_takes_too_much_is_a_tile_and_the_rest_of_the_page_is_there() {
    let too_much = [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
        "{{ 'x' * 100000000000 }}",
        "{{ 'a\n'|indent(100000000000) }}",
        "{{ range(100000000000)|list }}",
        "{% for i in range(100000) %}{% set a = range(90000)|map('string')|sort|join(',') %}{% endfor %}",
        "{% set a = range(90000)|list %}{% for i in range(100000) %}{% set b = a|json %}{% endfor %}",
        "{% set n = namespace(a=1) %}{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a }}",
        "{% set n = namespace(a=1) %}{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a|json }}",
    ];
    for template in too_much {
        let view = "<h1>V</h1>{{ component(\"probe\") }}<p>the rest</p>";
        let html = shown(view, template);
        assert!(html.contains("<gl-error") && html.contains("<p>the rest</p>"), "{template}");
        assert!(html.len() < 64 * 1024, "{template}");
        let html = shown(template, "");
        assert!(html.contains("<gl-error") && html.contains("<nav"), "{template}");
    }
}

#[test]
fn a_template_reaches_no_file_but_pieces_of_pages() {
    let paths = [
        "secret.html",
        "../secret.html",
        "/etc/passwd",
        "../../../../etc/passwd",
        "views/../secret.html",
        "file:///etc/passwd",
        "glassline.toml",
    ];
    for path in paths {
        for verb in ["include \"@\"", "import \"@\" as x", "from \"@\" import x", "extends \"@\""] {
            let statement = format!("{{% {} %}}", verb.replace('@', path));
            for html in [probe(&statement), shown(&format!("<h1>V</h1>{statement}"), "")] {
                assert!(html.contains("<gl-error"), "{statement}");
                assert!(!html.contains("the secret") && !html.contains("root:"), "{statement}");
            }
        }
    }
}

#[test]
fn a_template_sees_no_environment_and_no_debug() {
    for name in
        ["env", "environ", "self", "config", "request", "os", "import", "caller", "loop", "_", "__globals__"]
    {
        let html = probe(&format!("[{{{{ {name} }}}}]"));
        assert!(html.contains("[]") || html.contains("<gl-error"), "{name}: {html}");
    }
}
