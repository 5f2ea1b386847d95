//! Scripts, styles and pictures under names that contain the hash of their content, so that a browser may keep them for
//! ever; and which scripts import which, so that a page loads those it needs and no others.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of the SHA-256 of its content in an asset's name: 64 bits.
const HASH_DIGITS: usize = 16;

/// Something that is served as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its content.
    pub bytes: Bytes,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
}

/// How a script imports another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Import {
    /// `import … from "x"`: the other is loaded first.
    Static,
    /// `import("x")`: the other may be loaded, later.
    Lazy,
}

/// All assets. A script is known by its bare module name (`glassline/socket`, `component/gauge`, `uplot`), anything else
/// by a name with its ending (`glassline.css`, `component/gauge.css`, `icon.svg`).
#[derive(Default)]
pub(crate) struct Assets {
    urls: BTreeMap<String, String>,
    files: BTreeMap<String, Asset>,
    imports: BTreeMap<String, Vec<(String, Import)>>,
}

impl Assets {
    /// Adds a script that others import as `module`; its file is called `stem`.
    pub(crate) fn add_module(&mut self, module: &str, stem: &str, bytes: Bytes) {
        self.imports.insert(module.to_owned(), imports_of(&String::from_utf8_lossy(&bytes)));
        self.add(module, stem, "js", bytes);
    }

    /// Adds anything else under `name`; its file is called `stem.ending`.
    pub(crate) fn add(&mut self, name: &str, stem: &str, ending: &str, bytes: Bytes) {
        let file = format!("{stem}.{}.{ending}", hash(&bytes));
        self.urls.insert(name.to_owned(), format!("/assets/{file}"));
        self.files.insert(file, Asset { bytes, content_type: content_type(ending) });
    }

    /// Adds a component's style, scoped to its element.
    pub(crate) fn add_component_style(&mut self, kind: &str, bytes: &[u8]) {
        let mut scoped = format!("@scope (gl-{kind}) {{\n").into_bytes();
        scoped.extend_from_slice(bytes);
        scoped.extend_from_slice(b"\n}\n");
        self.add(&format!("component/{kind}.css"), kind, "css", scoped.into());
    }

    /// Forgets what was known by `name`. Its file may still be served to a page that is being loaded.
    pub(crate) fn remove(&mut self, name: &str) {
        self.urls.remove(name);
        self.imports.remove(name);
    }

    /// Where a name's content is served, as an absolute path.
    pub(crate) fn url(&self, name: &str) -> Option<&str> {
        self.urls.get(name).map(String::as_str)
    }

    /// The asset of a file name, `gauge.0123456789abcdef.js`. Another hash than that of the content is no asset.
    pub(crate) fn file(&self, file: &str) -> Option<&Asset> {
        self.files.get(file)
    }

    /// The module of this name, if there is one.
    pub(crate) fn module(&self, name: &str) -> Option<&str> {
        self.imports.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// The runtime's modules that every page may import.
    pub(crate) fn runtime_modules(&self) -> impl Iterator<Item = &str> {
        self.imports
            .keys()
            .map(String::as_str)
            .filter(|name| *name == "glassline" || name.starts_with("glassline/"))
    }

    /// `roots` and all that they import statically, directly or not: what is loaded at once.
    pub(crate) fn needed_at_once<'a>(
        &'a self,
        roots: impl IntoIterator<Item = &'a str>,
    ) -> BTreeSet<&'a str> {
        self.reach(roots, |import| import == Import::Static)
    }

    /// `roots` and all that they import in any way: what may be loaded.
    pub(crate) fn needed<'a>(&'a self, roots: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        self.reach(roots, |_| true)
    }

    fn reach<'a>(
        &'a self,
        roots: impl IntoIterator<Item = &'a str>,
        follow: impl Fn(Import) -> bool,
    ) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = roots.into_iter().collect();
        while let Some(module) = open.pop() {
            if let Some(imports) = self.imports.get(module)
                && found.insert(module)
            {
                open.extend(
                    imports.iter().filter(|(_, import)| follow(*import)).map(|(name, _)| name.as_str()),
                );
            }
        }
        found
    }
}

/// What a script imports, by the names that it uses. Comments, in which types are imported, do not count.
fn imports_of(source: &str) -> Vec<(String, Import)> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    let quotes =
        code.flat_map(|line| line.match_indices(['"', '\'']).map(move |(at, quote)| (line, at, quote)));
    quotes
        .filter_map(|(line, at, quote)| {
            let before = line[..at].trim_end();
            let import = if before.ends_with("import(") {
                Import::Lazy
            } else if before.ends_with("from") || before.ends_with("import") {
                Import::Static
            } else {
                return None;
            };
            let (name, _) = line[at + 1..].split_once(quote)?;
            Some((name.to_owned(), import))
        })
        .collect()
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..HASH_DIGITS].to_owned()
}

/// The media type of a file's ending; anything unknown is only bytes.
fn content_type(ending: &str) -> &'static str {
    match ending {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        let mut assets = Assets::default();
        let script = Bytes::from_static;
        assets.add_module("glassline/boot", "boot", script(b"import { a } from \"glassline\";\n"));
        assets.add_module(
            "glassline",
            "glassline",
            script(b" * @import {X} from \"uplot\"\nimport 'glassline/socket';"),
        );
        assets.add_module("glassline/socket", "socket", script(b"const u = \"uplot\";"));
        assets.add_module("component/chart", "chart", script(b"const u = await import(\"uplot\");"));
        assets.add_module("uplot", "uplot", script(b"export default 1;"));
        assets
    }

    #[test]
    fn imports_are_followed() {
        let assets = assets();
        let at_once: Vec<_> = assets.needed_at_once(["glassline/boot"]).into_iter().collect();
        assert_eq!(at_once, ["glassline", "glassline/boot", "glassline/socket"]);
        assert!(assets.needed(["component/chart"]).contains("uplot"));
        assert!(!assets.needed_at_once(["component/chart"]).contains("uplot"));
    }

    #[test]
    fn a_name_contains_the_hash_of_its_content() {
        let assets = assets();
        let url = assets.url("uplot").expect("it was added");
        let file = url.strip_prefix("/assets/").expect("assets are served there");
        assert_eq!(assets.file(file).expect("it is served").content_type, "text/javascript; charset=utf-8");
        assert_eq!(assets.file("uplot.0123456789abcdef.js"), None);
        assert_eq!(assets.file("uplot.js"), None);
    }

    #[test]
    fn a_component_style_is_scoped() {
        let mut assets = Assets::default();
        assets.add_component_style("gauge", b".needle { fill: red }");
        let file =
            assets.url("component/gauge.css").and_then(|url| url.strip_prefix("/assets/")).expect("added");
        let bytes = &assets.file(file).expect("served").bytes;
        assert_eq!(bytes, &b"@scope (gl-gauge) {\n.needle { fill: red }\n}\n"[..]);
    }
}
