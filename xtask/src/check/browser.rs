//! What the content policy and the hashed addresses of the pages ask of the files that browsers get.

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::words::in_a_word;

/// Folders with files for browsers.
const FOLDERS: &[&str] = &["web/", "components/", "views/"];

/// What the policy refuses in a script.
const IN_SCRIPTS: &[&str] = &[
    "eval(",
    "new Function(",
    "document.write(",
    "setAttribute(\"style\"",
    "setAttribute('style'",
    ".cssText",
];

/// Inline scripts, styles and handlers, which the content policy of the pages refuses.
pub(crate) fn no_inline(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in served(repository) {
        for (number, line) in file.lines() {
            let wrong = if file.ends(".html") { in_page(line) } else { in_script(file, line) };
            problems.extend(wrong.map(|what| Problem::at(&file.path, number, what)));
        }
    }
    problems
}

/// Imports by file among the modules of the browser: their addresses carry a hash, only the import map knows them.
pub(crate) fn bare_imports(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in served(repository).filter(|file| file.ends(".js")) {
        for (number, line) in file.lines() {
            let code = line.trim_start();
            let imports =
                code.starts_with("import") || code.starts_with("export") || code.starts_with("} from");
            if imports && ["\"./", "\"../", "'./", "'../"].iter().any(|begin| code.contains(begin)) {
                problems.push(Problem::at(&file.path, number, "import it by its name in the import map"));
            }
        }
    }
    problems
}

/// The files that reach a browser; tests beside them do not.
fn served(repository: &Repository) -> impl Iterator<Item = &File> {
    let is_served =
        |file: &&File| FOLDERS.iter().any(|folder| file.under(folder)) && !file.path.contains("/test/");
    repository.files().iter().filter(is_served).filter(|file| !file.is_foreign())
}

fn in_page(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase();
    let inline_script = line
        .match_indices("<script")
        .any(|(at, _)| !line[at..].contains("src=") && !line[at..].contains("type=\"importmap\""));
    if inline_script {
        return Some("an inline script: put it into a file");
    }
    if line.contains("<style") || has_attribute(&line, |name| name == "style") {
        return Some("an inline style: use a class, a CSS variable set by script, or an SVG attribute");
    }
    if line.contains("javascript:") || has_attribute(&line, |name| name.starts_with("on") && name.len() > 3) {
        return Some("an inline handler: listen in the script");
    }
    None
}

fn in_script(file: &File, line: &str) -> Option<&'static str> {
    (file.ends(".js") && IN_SCRIPTS.iter().any(|refused| line.contains(refused)))
        .then_some("the content policy refuses this")
}

/// Whether an attribute with such a name gets a value in quotes on this line.
fn has_attribute(line: &str, is_named: impl Fn(&str) -> bool) -> bool {
    line.match_indices("=\"").any(|(at, _)| {
        let before = &line[..at];
        let name = before.rsplit(|character: char| !in_a_word(character) && character != '-').next();
        let begins_apart = name.is_some_and(|name| before[..at - name.len()].ends_with([' ', '\n', '\t']));
        begins_apart && name.is_some_and(&is_named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(path: &str, text: &str) -> usize {
        no_inline(&Repository::of(&[(path, text)])).len()
    }

    #[test]
    fn inline_things_are_found() {
        assert_eq!(inline("web/page.html", "<p style=\"color: red\">"), 1);
        assert_eq!(inline("views/a.html", "<style>"), 1);
        assert_eq!(inline("components/a/template.html", "<button onclick=\"x()\">"), 1);
        assert_eq!(inline("web/page.html", "<script>alert(1)</script>"), 1);
        assert_eq!(inline("web/tile.js", "tile.setAttribute(\"style\", x)"), 1);
    }

    #[test]
    fn files_and_the_import_map_are_none() {
        assert_eq!(inline("web/page.html", "<script type=\"module\" src=\"{{ boot }}\"></script>"), 0);
        assert_eq!(inline("web/page.html", "<script type=\"importmap\">{{ map }}</script>"), 0);
        assert_eq!(inline("web/page.html", "<link rel=\"stylesheet\" href=\"x\" data-on=\"1\">"), 0);
        assert_eq!(inline("docs/page.html", "<style>"), 0);
    }

    #[test]
    fn modules_are_imported_by_name() {
        let text = "import { a } from \"./a.js\";\nimport { b } from \"glassline/b\";";
        assert_eq!(bare_imports(&Repository::of(&[("web/socket.js", text)])).len(), 1);
        assert_eq!(bare_imports(&Repository::of(&[("web/test/socket.test.js", text)])).len(), 0);
    }
}
