//! Volumes: what a library is made of and what is swapped as one piece: a component, a view, the browser runtime. Each has
//! fingerprints, by which a page knows what of it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::files::Files;

/// The browser runtime: it is the same for all of a page, and nothing of it can be swapped by itself.
pub(crate) const RUNTIME: &str = "web";

/// Volumes by their names, `components/dial`, `views/weather` or [`RUNTIME`], with what they are made of.
#[derive(Clone, Default)]
pub(crate) struct Volumes(BTreeMap<String, Prints>);

/// Fingerprints of a volume's files. They mean something within one version of the program.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Prints {
    /// Of all of them.
    all: u64,
    /// Of those that its HTML and its behaviour come from: all but its style and its samples.
    made: u64,
}

/// Names of volumes that are others now, have come, or have gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Kinds of components.
    pub(crate) components: BTreeSet<String>,
    /// Views.
    pub(crate) views: BTreeSet<String>,
}

impl Volumes {
    /// Takes in those that these files make; they stand in the place of others of their names.
    pub(crate) fn add(&mut self, files: &Files) {
        let mut found: BTreeMap<&str, (DefaultHasher, DefaultHasher)> = BTreeMap::new();
        for (path, content) in files.all() {
            let Some(volume) = volume_of(path) else { continue };
            let (all, made) = found.entry(volume).or_default();
            let content = content.as_ref().map_err(ToString::to_string);
            (path, &content).hash(all);
            if !path.ends_with(".css") && !path.ends_with("/sample.json") {
                (path, &content).hash(made);
            }
        }
        let prints = found.into_iter().map(|(volume, (all, made))| {
            (volume.to_owned(), Prints { all: all.finish(), made: made.finish() })
        });
        self.0.extend(prints);
    }

    /// What tells one library from another, in hexadecimal.
    pub(crate) fn print(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.0.iter().for_each(|(volume, prints)| (volume, prints.all).hash(&mut hasher));
        format!("{:016x}", hasher.finish())
    }

    /// What tells whether the HTML and the behaviour of a volume are the same as before, in hexadecimal; empty for none.
    pub(crate) fn made(&self, volume: &str) -> String {
        // Half of it is enough to tell a few versions apart, and a page has many.
        self.0.get(volume).map(|prints| format!("{:08x}", prints.made >> 32)).unwrap_or_default()
    }

    /// The same of a view, with all that it may include: what lies in folders below the views.
    pub(crate) fn made_of_view(&self, view: &str) -> String {
        let is_piece = |volume: &str| volume.strip_prefix("views/").is_some_and(|rest| rest.contains('/'));
        let own = format!("views/{view}");
        let all = self.0.iter().filter(|(volume, _)| **volume == own || is_piece(volume));
        let mut hasher = DefaultHasher::new();
        all.for_each(|(volume, prints)| (volume, prints.made).hash(&mut hasher));
        format!("{:08x}", hasher.finish() >> 32)
    }

    /// Whether a volume is the same in both, or in neither.
    pub(crate) fn has_same(&self, other: &Self, volume: &str) -> bool {
        self.0.get(volume) == other.0.get(volume)
    }

    /// What is different from `before`.
    pub(crate) fn changed_since(&self, before: &Self) -> Changed {
        let all = self.0.keys().chain(before.0.keys()).filter(|volume| !self.has_same(before, volume));
        let mut changed = Changed::default();
        for volume in all {
            match volume.split_once('/') {
                Some(("components", kind)) => drop(changed.components.insert(kind.to_owned())),
                Some(("views", view)) => drop(changed.views.insert(view.to_owned())),
                _ => {}
            }
        }
        changed
    }
}

impl Changed {
    /// The names of the volumes.
    pub(crate) fn volumes(&self) -> BTreeSet<String> {
        let components = self.components.iter().map(|kind| format!("components/{kind}"));
        components.chain(self.views.iter().map(|view| format!("views/{view}"))).collect()
    }

    /// These and others.
    pub(crate) fn add(&mut self, other: Self) {
        self.components.extend(other.components);
        self.views.extend(other.views);
    }
}

/// The volume that a file belongs to: `components/dial` for `components/dial/style.css`, `views/weather` for
/// `views/weather.css`.
pub(crate) fn volume_of(path: &str) -> Option<&str> {
    let (folder, rest) = path.split_once('/')?;
    match folder {
        "components" => Some(&path[..folder.len() + 1 + rest.split_once('/')?.0.len()]),
        "views" => Some(&path[..path.len() - rest.len() + rest.rfind('.').unwrap_or(rest.len())]),
        RUNTIME => Some(RUNTIME),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volumes(files: &[(&str, &str)]) -> Volumes {
        let mut volumes = Volumes::default();
        volumes.add(&Files::of(files));
        volumes
    }

    #[test]
    fn each_file_belongs_to_a_component_a_view_or_the_runtime() {
        assert_eq!(volume_of("components/dial/style.css"), Some("components/dial"));
        assert_eq!(volume_of("views/weather.toml"), Some("views/weather"));
        assert_eq!(volume_of("views/parts/head.toml"), Some("views/parts/head"));
        assert_eq!(volume_of("web/vendor/uplot.js"), Some(RUNTIME));
        assert_eq!(volume_of("components/README.md"), None);
    }

    #[test]
    fn what_changed_is_named() {
        let before =
            volumes(&[("components/dial/template.html", "a"), ("views/a.toml", "1"), ("views/b.toml", "1")]);
        let after = volumes(&[
            ("components/dial/template.html", "b"),
            ("views/a.toml", "1"),
            ("components/new/template.html", ""),
        ]);
        let changed = after.changed_since(&before);
        assert_eq!(changed.components.into_iter().collect::<Vec<_>>(), ["dial", "new"]);
        assert_eq!(changed.views.into_iter().collect::<Vec<_>>(), ["b"]);
        assert_ne!(after.print(), before.print());
    }

    #[test]
    fn a_style_alone_leaves_the_components_of_a_page_as_they_are() {
        let before =
            volumes(&[("components/dial/template.html", "a"), ("components/dial/style.css", "p {}")]);
        let after = volumes(&[("components/dial/template.html", "a"), ("components/dial/style.css", "b {}")]);
        assert_eq!(after.made("components/dial"), before.made("components/dial"));
        assert!(!after.has_same(&before, "components/dial"));
    }
}
