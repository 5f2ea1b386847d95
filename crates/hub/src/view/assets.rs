//! Scripts, styles and pictures under names that contain the hash of their content, so that a browser may keep them for
//! ever; and which scripts import which, so that a page loads those it needs and no others. What every page needs is one script
//! and one style.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::join;
use super::problem::Problem;

/// Hexadecimal digits of the SHA-256 of its content in an asset's name: 64 bits.
const HASH_DIGITS: usize = 16;

/// What every page imports; and what authors may import, all of it.
const ROOTS: &[&str] = &["glassline/boot", "glassline"];

/// The styles that every page has, in their order; those of the built-in components come behind them.
const STYLES: &[&str] = &["glassline.css", "bar.css", "view.css", "component.css", "login.css"];

/// Something that is served as it is.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: Bytes,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
    packed: Arc<OnceLock<Option<Bytes>>>,
}

impl Asset {
    fn new(bytes: Bytes, content_type: &'static str) -> Self {
        Self { bytes, content_type, packed: Arc::default() }
    }

    /// Its content compressed with gzip; nothing where that would gain nothing. It is done once, when it is first asked for: some
    /// milliseconds.
    pub fn gzip(&self) -> Option<Bytes> {
        let packed = self.packed.get_or_init(|| {
            let is_text = !matches!(self.content_type, "image/png" | "font/woff2");
            let packed = is_text.then(|| gzip(&self.bytes, Compression::best()))?;
            (packed.len() < self.bytes.len()).then_some(packed)
        });
        packed.clone()
    }
}

impl PartialEq for Asset {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, self.content_type) == (&other.bytes, other.content_type)
    }
}

impl Eq for Asset {}

/// Compressed with gzip.
pub(crate) fn gzip(bytes: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), level);
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything").into()
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
        self.files.insert(file, Asset::new(bytes, content_type(ending)));
    }

    /// Makes one script of what every page imports. Whoever imports one of its modules by name gets the whole.
    ///
    /// # Errors
    /// What cannot be joined. All modules then stay for themselves, and work.
    pub(crate) fn join_scripts(&mut self) -> Result<(), Problem> {
        let sources = self.imports.keys().filter(|name| join::is_of_runtime(name)).filter_map(|name| {
            let source = String::from_utf8_lossy(&self.content(name)?.bytes).into_owned();
            Some((name.clone(), source))
        });
        let sources: BTreeMap<String, String> = sources.collect();
        if ROOTS.iter().any(|root| !sources.contains_key(*root)) {
            return Ok(());
        }
        let joined = join::join(&sources, ROOTS)?;
        self.add("glassline.map", "glassline", "map", joined.source_map.into());
        let map = self.url("glassline.map").and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let script = format!("{}//# sourceMappingURL={map}\n", joined.script);
        joined.modules.iter().for_each(|module| self.drop_file(module));
        self.add("glassline", "glassline", "js", script.into());
        let url = self.urls.get("glassline").cloned().unwrap_or_default();
        for module in joined.modules {
            self.imports.insert(module.clone(), Vec::new());
            self.urls.insert(module, url.clone());
        }
        Ok(())
    }

    /// Makes one style of those that every page has and those of `kinds`.
    pub(crate) fn join_styles<'a>(&mut self, kinds: impl IntoIterator<Item = &'a str>) {
        let kinds = kinds.into_iter().map(|kind| format!("component/{kind}.css"));
        let names: Vec<String> = STYLES.iter().map(|name| (*name).to_owned()).chain(kinds).collect();
        let contents = names.iter().filter_map(|name| self.content(name));
        let joined = contents.map(|style| &style.bytes[..]).collect::<Vec<_>>().join(&b'\n');
        names.iter().for_each(|name| self.drop_file(name));
        self.add(STYLES[0], "glassline", "css", joined.into());
    }

    fn content(&self, name: &str) -> Option<&Asset> {
        self.file(self.url(name)?.rsplit('/').next()?)
    }

    fn drop_file(&mut self, name: &str) {
        if let Some(url) = self.urls.remove(name) {
            self.files.remove(url.rsplit('/').next().unwrap_or_default());
        }
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

    /// All modules, by name.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        self.imports.keys().map(String::as_str)
    }

    /// `roots` and all that they import statically, directly or not: what is loaded at once.
    pub(crate) fn needed_at_once<'a>(
        &'a self,
        roots: impl IntoIterator<Item = &'a str>,
    ) -> BTreeSet<&'a str> {
        self.reach(roots, |import| import == Import::Static)
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
        "map" => "application/json",
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
            script(
                b"/*\n * @import {X} from \"uplot\"\n */\nimport \"glassline/socket\";\nexport const a = 1;",
            ),
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
        assert!(assets.modules().any(|module| module == "uplot"));
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
    fn what_every_page_imports_is_one_script() {
        let mut assets = assets();
        assets.join_scripts().expect("they can be joined");
        let url = assets.url("glassline/boot").expect("it is in the script");
        assert_eq!(assets.url("glassline/socket"), Some(url));
        assert_eq!(assets.needed_at_once(["glassline/boot"]).len(), 1);
        let script = &assets.content("glassline").expect("it is served").bytes;
        let map = assets.url("glassline.map").expect("it has a map").replace("/assets/", "");
        assert!(script.ends_with(format!("//# sourceMappingURL={map}\n").as_bytes()));
        assert!(assets.file(&map).is_some());
    }

    #[test]
    fn what_cannot_be_joined_stays_as_it_is() {
        let mut assets = assets();
        assets.add_module("glassline/socket", "socket", Bytes::from_static(b"export default 1;"));
        let before = assets.urls.clone();
        assets.join_scripts().expect_err("there is a default export");
        assert_eq!(assets.urls, before);
    }

    #[test]
    fn styles_of_every_page_are_one() {
        let mut assets = Assets::default();
        assets.add("glassline.css", "glassline", "css", Bytes::from_static(b"a {}"));
        assets.add("gallery.css", "gallery", "css", Bytes::from_static(b"b {}"));
        assets.add_component_style("gauge", b"c {}");
        assets.add_component_style("dial", b"d {}");
        assets.join_styles(["gauge"]);
        assert_eq!(
            assets.content("glassline.css").expect("served").bytes,
            &b"a {}\n@scope (gl-gauge) {\nc {}\n}\n"[..]
        );
        assert!(assets.url("component/gauge.css").is_none());
        assert!(assets.url("component/dial.css").is_some() && assets.url("gallery.css").is_some());
    }

    #[test]
    fn text_is_compressed_where_that_gains_something() {
        let long = Bytes::from("words ".repeat(100));
        let packed = Asset::new(long.clone(), "text/css; charset=utf-8").gzip().expect("it gains");
        assert!(packed.len() < 100 && packed.starts_with(&[0x1f, 0x8b]));
        assert_eq!(Asset::new(long, "image/png").gzip(), None);
        assert_eq!(Asset::new(Bytes::from_static(b"x"), "image/svg+xml").gzip(), None);
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
