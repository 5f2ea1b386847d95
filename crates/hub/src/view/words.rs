//! The texts of the pages, by name: `web/words.js`, which browsers read too, so that template and script say the same; and
//! `web/page-words.json`, which templates alone say.

use std::collections::BTreeMap;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind};

use super::problem::{Problem, did_you_mean};

/// Where they stand.
pub(crate) const FILE: &str = "web/words.js";

/// Where those stand that no script says.
pub(crate) const PAGE_FILE: &str = "web/page-words.json";

/// What stands before the object in it.
const BEFORE: &str = "export const WORDS = ";

/// Makes `say("name", key=value)` known to all templates, with the texts of [`FILE`] and [`PAGE_FILE`].
pub(crate) fn add_to(
    templates: &mut Environment<'static>,
    source: &str,
    of_pages: &str,
) -> Result<(), Problem> {
    let mut words = read(source).map_err(|what| Problem::whole(FILE, what))?;
    let of_pages: BTreeMap<String, String> = serde_json::from_str(of_pages)
        .map_err(|error| Problem::whole(PAGE_FILE, format!("Its texts are no JSON: {error}.")))?;
    words.extend(of_pages);
    templates.add_function("say", move |name: &str, given: Kwargs| say(&words, name, &given));
    Ok(())
}

/// The text of a name, for what is no template, with what stands in braces filled in; empty where there is none.
pub(crate) fn said(templates: &Environment<'static>, name: &str, given: &[(&str, &str)]) -> String {
    let given: Kwargs = given.iter().map(|(key, value)| (*key, Value::from(*value))).collect();
    let given = Value::from(given);
    templates
        .render_str("{{ say(name, **given)|safe }}", minijinja::context! { name, given })
        .unwrap_or_default()
}

fn read(source: &str) -> Result<BTreeMap<String, String>, String> {
    let object = source.split_once(BEFORE).and_then(|(_, rest)| Some(rest.split_once("\n};")?.0));
    let object = object.ok_or_else(|| format!("There is no “{BEFORE}{{ … }};” in it."))?;
    serde_json::from_str(&format!("{object}}}")).map_err(|error| format!("Its texts are no JSON: {error}."))
}

/// The text of a name, with what stands in braces filled in.
fn say(words: &BTreeMap<String, String>, name: &str, given: &Kwargs) -> Result<String, Error> {
    let text = words.get(name).ok_or_else(|| {
        let nearest = did_you_mean(name, words.keys().map(String::as_str));
        Error::new(ErrorKind::InvalidOperation, format!("there is no text “{name}”.{nearest}"))
    })?;
    let mut said = text.clone();
    for key in given.args() {
        said = said.replace(&format!("{{{key}}}"), &given.get::<Value>(key)?.to_string());
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "/** Texts. */\nexport const WORDS = {\n  \"age\": \"{time} ago\",\n  \"now\": \"now\"\n};\n";

    fn rendered(template: &str) -> Result<String, Error> {
        let mut templates = Environment::new();
        add_to(&mut templates, SOURCE, "{}").expect("the texts can be read");
        templates.render_str(template, ())
    }

    #[test]
    fn a_template_says_a_text_by_its_name() {
        assert_eq!(rendered("{{ say('age', time='3 s') }}").expect("it renders"), "3 s ago");
    }

    #[test]
    fn a_name_without_a_text_is_an_error_with_the_nearest() {
        let error = rendered("{{ say('aeg') }}").expect_err("there is none").to_string();
        assert!(error.contains("Did you mean “age”?"), "{error}");
    }

    #[test]
    fn the_texts_of_the_pages_can_be_read() {
        assert!(read(include_str!("../../../../web/words.js")).expect("they are JSON").len() > 5);
    }
}
