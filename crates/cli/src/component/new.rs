//! `glassline component new`: five small files that work.

use crate::arguments::component::New;
use crate::folders::shown;
use crate::init::{quoted, write_new};
use crate::output;
use anyhow::{Result, anyhow, bail};
use hub::view::{Library, check_component_name};
use std::path::Path;

/// What is written into the folder of the component. `TITLE` in a file is its name for people.
const FILES: [(&str, &str); 5] = [
    ("component.toml", include_str!("starter/component.toml")),
    ("template.html", include_str!("starter/template.html")),
    ("element.js", include_str!("starter/element.js")),
    ("style.css", include_str!("starter/style.css")),
    ("sample.json", include_str!("starter/sample.json")),
];

/// Writes the component and says what to do next.
///
/// # Errors
/// It cannot have this name, one of its files is there already (nothing is written then), or the folder cannot be written.
pub(super) fn run(asked: &New) -> Result<()> {
    let (name, folder) = (&asked.name, &asked.place.folder);
    check_component_name(name).map_err(|what| anyhow!("{what}"))?;
    let component = folder.join("components").join(name);
    if let Some((file, _)) = FILES.iter().find(|(file, _)| component.join(file).exists()) {
        bail!("{} exists already; nothing was written", component.join(file).display());
    }
    for (file, text) in FILES {
        write_new(&component.join(file), &text.replace("TITLE", &title(name)))?;
    }
    for (file, _) in FILES {
        output::line(&format!("wrote {}", component.join(file).display()))?;
    }
    if Library::built_in().manifest(name).is_some() {
        output::line(&format!("\nIt takes the place of the built-in “{name}”."))?;
    }
    output::line(&format!(
        "\nIn a view:    [[component]]\n              kind = \"{name}\"\n              channel = \"temperature\"\n\n\
         To play with: /components/{name} on a hub that serves this folder\n\
         In pictures:  glassline component test {name}{}",
        place(folder)
    ))
}

/// `dial-2` as "Dial 2".
fn title(name: &str) -> String {
    let spaced = name.replace('-', " ");
    let mut letters = spaced.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The flag that names the folder, where it is not the present one.
fn place(folder: &Path) -> String {
    match shown(folder).as_str() {
        "." => String::new(),
        _ => format!(" --in {}", quoted(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::component::In;

    #[test]
    fn what_is_written_works_and_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = New { name: "dial-2".to_owned(), place: In { folder: folder.path().to_owned() } };
        run(&asked).expect("written");
        let library = Library::load(Some(folder.path()), &[]);
        assert_eq!(library.check(), []);
        assert_eq!(library.manifest("dial-2").expect("it can be placed").title, "Dial 2");
        let (samples, _) = library.samples("dial-2").expect("it can be placed");
        assert!(samples[0].contains("21.5"), "{}", samples[0]);
        assert!(run(&asked).expect_err("it is there").to_string().contains("exists already"));
    }

    #[test]
    fn a_name_that_cannot_be_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = New { name: "Dial".to_owned(), place: In { folder: folder.path().to_owned() } };
        assert!(run(&asked).expect_err("a capital").to_string().contains("a letter first"));
        assert!(!folder.path().join("components").exists());
    }
}
