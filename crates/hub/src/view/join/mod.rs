//! Joins the modules of the browser's runtime into one script, so that a page waits for one request instead of thirty. Nobody
//! needs a build chain for that: the files stay plain modules, and this reads only the forms of `import` and `export` that
//! begin a line. Each module becomes the scope of a function, so that their private names never meet; what they export becomes
//! the export of the whole, so there a name may occur once.

mod module;
mod source_map;

use std::collections::BTreeMap;

use super::problem::{Place, Problem};
use module::Module;

/// Names of the runtime's modules: this one, or what begins with it and a slash.
const FAMILY: &str = "glassline";

/// Several modules as one.
#[derive(Debug)]
pub(crate) struct Joined {
    /// The script, without the line that names its source map.
    pub(crate) script: String,
    /// Its source map, as JSON: browsers' tools show the files as they are in the tree.
    pub(crate) source_map: String,
    /// The modules in it.
    pub(crate) modules: Vec<String>,
}

/// Joins `roots` and all that they import, directly or not. `sources` are the modules that there are, by name.
///
/// A module that cannot be joined is a problem with its place: a form of import or export that is not read here, a circle, a name
/// that two modules export.
pub(crate) fn join(sources: &BTreeMap<String, String>, roots: &[&str]) -> Result<Joined, Problem> {
    let mut order = Order { sources, done: Vec::new(), open: Vec::new() };
    for root in roots {
        order.visit(root).map_err(|what| Problem::whole(&path_of(root), what))??;
    }
    let modules = order.done;
    let exports = exported(&modules)?;
    for module in &modules {
        module.check_imports(&exports)?;
    }
    let mut script = String::new();
    let mut lines = Vec::new();
    for (at, module) in modules.iter().enumerate() {
        script.push_str(&module.as_function(&mut |line| lines.push(line.map(|line| (at, line)))));
    }
    script.push_str(&exporting(&exports));
    let files = modules.iter().map(|module| (path_of(&module.name), sources[&module.name].as_str()));
    Ok(Joined {
        script,
        source_map: source_map::of(files, &lines),
        modules: modules.iter().map(|module| module.name.clone()).collect(),
    })
}

/// The file of a module.
fn path_of(name: &str) -> String {
    format!("web/{}.js", name.strip_prefix("glassline/").unwrap_or(name))
}

/// Whether a module belongs to the runtime.
pub(crate) fn is_of_runtime(name: &str) -> bool {
    name.strip_prefix(FAMILY).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Modules in the order in which they run: each after those that it imports.
struct Order<'a> {
    sources: &'a BTreeMap<String, String>,
    done: Vec<Module>,
    open: Vec<String>,
}

impl Order<'_> {
    /// The outer error is one of whoever imports `name`: there is no such module, or a circle.
    fn visit(&mut self, name: &str) -> Result<Result<(), Problem>, String> {
        if self.done.iter().any(|module| module.name == name) {
            return Ok(Ok(()));
        }
        if self.open.iter().any(|open| open == name) {
            return Err(format!("“{name}” imports itself by way of others: {}.", self.open.join(", ")));
        }
        let Some(source) = self.sources.get(name) else {
            return Err(format!("The runtime imports “{name}”, which is no part of it."));
        };
        Ok(self.read(name, source))
    }

    fn read(&mut self, name: &str, source: &str) -> Result<(), Problem> {
        let path = path_of(name);
        let module = Module::read(name, &path, source)?;
        self.open.push(name.to_owned());
        for (imported, line) in module.imported() {
            let at = Place { file: path.as_str().into(), line, column: 1 };
            self.visit(imported).map_err(|what| Problem::new(at, what))??;
        }
        self.open.pop();
        self.done.push(module);
        Ok(())
    }
}

/// What the whole exports: name, and the module and name that it has there.
type Exports<'a> = BTreeMap<&'a str, (&'a str, &'a str)>;

fn exported(modules: &[Module]) -> Result<Exports<'_>, Problem> {
    let mut exports = Exports::new();
    for module in modules {
        for export in &module.exports {
            // What is handed on is the same thing under another name, or under its own.
            let thing = match &export.from {
                None => (module.name.as_str(), export.name.as_str()),
                Some(from) => origin(modules, from, &export.local),
            };
            let known = exports.insert(&export.name, thing);
            if let Some((other, _)) = known.filter(|known| *known != thing) {
                let what =
                    format!("{} exports “{}” too: another name tells more.", path_of(other), export.name);
                let file = path_of(&module.name).as_str().into();
                return Err(Problem::new(Place { file, line: export.line, column: 1 }, what));
            }
        }
    }
    Ok(exports)
}

/// Where something comes from in the end.
fn origin<'a>(modules: &'a [Module], from: &'a str, name: &'a str) -> (&'a str, &'a str) {
    let module = modules.iter().find(|module| module.name == from);
    let export = module.and_then(|module| module.exports.iter().find(|export| export.name == name));
    match export.and_then(|export| Some((export.from.as_deref()?, export.local.as_str()))) {
        Some((further, local)) => origin(modules, further, local),
        None => (from, name),
    }
}

/// The end of the script. No name of an export is one of the script's own: within a module it would hide what browsers call so.
fn exporting(exports: &Exports<'_>) -> String {
    let constants = exports
        .iter()
        .enumerate()
        .map(|(at, (_, (module, name)))| format!("const $e{at} = {}.{name};\n", module::variable(module)));
    let names = exports.keys().enumerate().map(|(at, name)| format!("$e{at} as {name}"));
    let names: Vec<String> = names.collect();
    format!("{}export {{ {} }};\n", constants.collect::<String>(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::files::Files;
    use super::*;

    fn joined(modules: &[(&str, &str)]) -> Result<Joined, String> {
        let sources = modules.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        join(&sources.collect(), &[modules[0].0]).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_module_runs_after_those_that_it_imports() {
        let modules = [
            ("glassline/boot", "import { a as first } from \"glassline/a\";\nfirst();\n"),
            ("glassline/a", "import {\n  b,\n} from \"glassline/b\";\nexport function a() { b(); }\n"),
            ("glassline/b", "/** Says\n * b. */\nexport const b = () => 1;\nexport { b as c };\n"),
            ("glassline/alone", "import uPlot from \"uplot\";\n"),
        ];
        let joined = joined(&modules).expect("they can be joined");
        assert_eq!(joined.modules, ["glassline/b", "glassline/a", "glassline/boot"]);
        let expected = "const $b = (() => {\n\n\nconst b = () => 1;\n\nreturn { b: b, c: b };\n})();\n\
            const $a = (() => {\nconst { b: b } = $b;\n\n\nfunction a() { b(); }\nreturn { a: a };\n})();\n\
            const $boot = (() => {\nconst { a: first } = $a;\nfirst();\nreturn {  };\n})();\n\
            const $e0 = $a.a;\nconst $e1 = $b.b;\nconst $e2 = $b.c;\nexport { $e0 as a, $e1 as b, $e2 as c };\n";
        assert_eq!(joined.script, expected);
    }

    #[test]
    fn what_is_handed_on_is_the_same_thing() {
        let modules = [
            ("glassline", "export { a, a as b } from \"glassline/a\";\n"),
            ("glassline/a", "export class a {}\n"),
        ];
        let script = joined(&modules).expect("they can be joined").script;
        assert!(script.contains("return { a: $a.a, b: $a.a };"), "{script}");
    }

    #[test]
    fn two_modules_cannot_export_the_same_name() {
        let modules = [
            ("glassline", "import \"glassline/a\";\nimport \"glassline/b\";\n"),
            ("glassline/a", "export const show = 1;\n"),
            ("glassline/b", "\nexport function show() {}\n"),
        ];
        let problem = joined(&modules).expect_err("they clash");
        assert_eq!(problem, "web/b.js:2:1: web/a.js exports “show” too: another name tells more.");
    }

    #[test]
    fn what_cannot_be_joined_is_told_with_its_place() {
        let told = |source| joined(&[("glassline/a", source)]).expect_err("it cannot be joined");
        for (source, what) in [
            (
                "import \"glassline/a\";",
                "web/a.js:1:1: “glassline/a” imports itself by way of others: glassline/a.",
            ),
            (
                "\nimport { x } from \"glassline/x\";",
                "web/a.js:2:1: The runtime imports “glassline/x”, which is no part of it.",
            ),
        ] {
            assert_eq!(told(source), what);
        }
        let forms = [
            "export default 1;",
            "export * from \"glassline/b\";",
            "export let a;",
            "await x;",
            "import u from \"uplot\";",
            "export const { a } = b;",
        ];
        for source in forms {
            assert!(told(source).starts_with("web/a.js:1:1: "), "{source}: {}", told(source));
        }
    }

    #[test]
    fn an_import_that_nobody_exports_is_told() {
        let modules =
            [("glassline", "import { b } from \"glassline/a\";\n"), ("glassline/a", "export const a = 1;\n")];
        let problem = joined(&modules).expect_err("there is no b");
        assert_eq!(problem, "web/glassline.js:1:1: web/a.js exports no “b”.");
    }

    #[test]
    fn the_runtime_can_be_joined() {
        let files = Files::built_in();
        let sources = files.names("web").into_iter().filter_map(|file| {
            let name = format!("glassline/{}", file.strip_suffix(".js")?)
                .replace("glassline/glassline", "glassline");
            Some((name, files.text(&format!("web/{file}"))?.ok()?))
        });
        let joined = join(&sources.collect(), &["glassline/boot", "glassline"]).expect("it can be joined");
        assert!(joined.modules.len() > 10);
    }
}
