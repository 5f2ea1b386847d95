//! One module: its imports and exports, and the rest of it as the body of a function. Every line stays a line, so that a place in
//! the joined script is a place in a file.

use super::super::problem::{Place, Problem};
use super::{Exports, path_of};

/// What stands before a declaration that is exported.
const DECLARATIONS: &[&str] =
    &["async function* ", "async function ", "function* ", "function ", "class ", "const "];

/// A module that was read.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) exports: Vec<Export>,
    imports: Vec<Import>,
    /// Without comments, imports and the word `export`.
    lines: Vec<String>,
}

/// What a module exports.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) name: String,
    /// What it is called where it comes from.
    pub(super) local: String,
    /// The module that it is handed on from.
    pub(super) from: Option<String>,
    pub(super) line: usize,
}

/// What a module imports from one other.
#[derive(Debug)]
struct Import {
    module: String,
    /// Name there, name here.
    names: Vec<(String, String)>,
    line: usize,
}

impl Module {
    pub(super) fn read(name: &str, path: &str, source: &str) -> Result<Self, Problem> {
        let mut module =
            Self { name: name.to_owned(), exports: Vec::new(), imports: Vec::new(), lines: Vec::new() };
        let lines = without_comments(source);
        let mut at = 0;
        while at < lines.len() {
            let wrong = |what: &str| {
                Problem::new(Place { file: path.into(), line: at + 1, column: 1 }, what.to_owned())
            };
            let line = lines[at];
            let taken = if starts_with_word(line, "import") {
                module.import(&lines[at..], at + 1).ok_or_else(|| {
                    wrong("This form of import cannot be joined: write import { a, b as c } from \"glassline/x\";.")
                })?
            } else if starts_with_word(line, "export") {
                module.export(&lines[at..], at + 1).ok_or_else(|| {
                    wrong("This form of export cannot be joined: write export function, class or const, or export { a };.")
                })?
            } else if starts_with_word(line, "await") {
                return Err(wrong("What is joined cannot wait at its top level: put it into a function."));
            } else {
                module.lines.push(line.to_owned());
                1
            };
            at += taken;
        }
        Ok(module)
    }

    /// The modules that it imports, with the lines of the imports.
    pub(super) fn imported(&self) -> impl Iterator<Item = (&str, usize)> {
        let handed_on = self.exports.iter().filter_map(|export| Some((export.from.as_deref()?, export.line)));
        self.imports.iter().map(|import| (import.module.as_str(), import.line)).chain(handed_on)
    }

    /// Whether what it imports is exported where it says.
    pub(super) fn check_imports(&self, exports: &Exports<'_>) -> Result<(), Problem> {
        let by_name = self.imports.iter().flat_map(|import| {
            import.names.iter().map(|(name, _)| (import.module.as_str(), name.as_str(), import.line))
        });
        let handed_on = self
            .exports
            .iter()
            .filter_map(|export| Some((export.from.as_deref()?, export.local.as_str(), export.line)));
        for (module, name, line) in by_name.chain(handed_on) {
            if !exports.contains_key(name) {
                let what = format!("{} exports no “{name}”.", path_of(module));
                let file = path_of(&self.name).as_str().into();
                return Err(Problem::new(Place { file, line, column: 1 }, what));
            }
        }
        Ok(())
    }

    /// The module as a function that is called where it stands. `line` is told of each line of it, with the number that the line
    /// has in the file, from 0, if it is of the file.
    pub(super) fn as_function(&self, line: &mut impl FnMut(Option<usize>)) -> String {
        let exports = self.exports.iter().map(|export| match &export.from {
            None => format!("{}: {}", export.name, export.local),
            Some(from) => format!("{}: {}.{}", export.name, variable(from), export.local),
        });
        let exports: Vec<String> = exports.collect();
        line(None);
        (0..self.lines.len()).for_each(|at| line(Some(at)));
        line(None);
        line(None);
        let body = self.lines.join("\n");
        format!(
            "const {} = (() => {{\n{body}\nreturn {{ {} }};\n}})();\n",
            variable(&self.name),
            exports.join(", ")
        )
    }

    /// Reads an import that begins at the first of `lines`. Returns how many lines it has; nothing if it is of another form.
    fn import(&mut self, lines: &[&str], line: usize) -> Option<usize> {
        let (statement, taken) = statement(lines)?;
        let rest = statement.strip_prefix("import")?.trim();
        let (names, module) = match rest.strip_prefix('{') {
            Some(rest) => {
                let (names, from) = rest.split_once('}')?;
                (pairs(names)?, quoted(from.trim().strip_prefix("from")?)?)
            }
            None => (Vec::new(), quoted(rest)?),
        };
        let destructured: Vec<String> =
            names.iter().map(|(there, here)| format!("{there}: {here}")).collect();
        self.lines.push(if names.is_empty() {
            String::new()
        } else {
            format!("const {{ {} }} = {};", destructured.join(", "), variable(&module))
        });
        self.blank(taken - 1);
        self.imports.push(Import { module, names, line });
        Some(taken)
    }

    /// The same for an export.
    fn export(&mut self, lines: &[&str], line: usize) -> Option<usize> {
        let rest = lines[0].strip_prefix("export")?.trim_start();
        if let Some(declared) = DECLARATIONS.iter().find_map(|before| rest.strip_prefix(before)) {
            let name: String = declared.chars().take_while(|c| is_in_name(*c)).collect();
            if name.is_empty() {
                return None;
            }
            self.exports.push(Export { local: name.clone(), name, from: None, line });
            self.lines.push(rest.to_owned());
            return Some(1);
        }
        let (statement, taken) = statement(lines)?;
        let rest = statement.strip_prefix("export")?.trim().strip_prefix('{')?;
        let (names, rest) = rest.split_once('}')?;
        let from = match rest.trim().strip_prefix("from") {
            Some(from) => Some(quoted(from)?),
            None => rest.trim().is_empty().then_some(None)?,
        };
        let exports = pairs(names)?.into_iter();
        self.exports.extend(exports.map(|(local, name)| Export { name, local, from: from.clone(), line }));
        self.blank(taken);
        Some(taken)
    }

    fn blank(&mut self, lines: usize) {
        self.lines.extend(std::iter::repeat_n(String::new(), lines));
    }
}

/// What a module is called in the joined script: no name that a file would use.
pub(super) fn variable(module: &str) -> String {
    let name = module.strip_prefix("glassline/").unwrap_or(module);
    format!("${}", name.replace(|c: char| !is_in_name(c), "_"))
}

/// Lines up to the semicolon that ends a statement, as one, and how many they are.
fn statement(lines: &[&str]) -> Option<(String, usize)> {
    let end = lines.iter().position(|line| line.trim_end().ends_with(';'))?;
    let statement = lines[..=end].join(" ");
    Some((statement.trim_end().strip_suffix(';')?.to_owned(), end + 1))
}

/// `a, b as c` as pairs.
fn pairs(names: &str) -> Option<Vec<(String, String)>> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let pairs = names.map(|name| {
        let (from, to) = name.split_once(" as ").map_or((name, name), |(from, to)| (from.trim(), to.trim()));
        let are_names = [from, to].iter().all(|name| name.chars().all(is_in_name));
        (are_names && from != "default" && to != "default").then(|| (from.to_owned(), to.to_owned()))
    });
    pairs.collect()
}

/// A name in double quotes and nothing else.
fn quoted(text: &str) -> Option<String> {
    let name = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!name.contains('"')).then(|| name.to_owned())
}

fn starts_with_word(line: &str, word: &str) -> bool {
    line.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c| is_in_name(c) || matches!(c, '.' | '(')))
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

/// The lines of a source, with nothing where a line is only comment: those are for who reads the file.
fn without_comments(source: &str) -> Vec<&str> {
    let mut is_within = false;
    source.lines().map(move |line| code_of(line, &mut is_within)).collect()
}

fn code_of<'a>(line: &'a str, is_within: &mut bool) -> &'a str {
    let text = line.trim_start();
    if !*is_within && text.starts_with("//") {
        return "";
    }
    if !*is_within && !text.starts_with("/*") {
        return line;
    }
    // The end of a comment that begins here is not the star of its beginning.
    let begin = if *is_within { 0 } else { 2 };
    *is_within = false;
    match text[begin..].find("*/").map(|end| &text[begin + end + 2..]) {
        Some(rest) if rest.trim().is_empty() => "",
        // A type, say, before what it is the type of.
        Some(_) if begin > 0 => line,
        Some(rest) => rest,
        None => {
            *is_within = true;
            ""
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_only_comment_are_left_out() {
        let source = "/** One. */\na\n  /*\n   * two\n   */ b\n/** @type {x} */ (c)\n// d\ne // f\n/*/ g */h";
        assert_eq!(
            without_comments(source),
            ["", "a", "", "", " b", "/** @type {x} */ (c)", "", "e // f", "/*/ g */h"]
        );
    }

    #[test]
    fn a_name_that_begins_like_a_word_is_no_statement() {
        let source = "imports();\nexported = 1;\nawaited();\nimport.meta;\nimport(\"x\");";
        let module = Module::read("glassline/a", "web/a.js", source).expect("it can be read");
        assert_eq!(module.lines.join("\n"), source);
        assert!(module.imports.is_empty() && module.exports.is_empty());
    }
}
