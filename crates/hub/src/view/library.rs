//! All components and views that there are: the built-in ones, overlaid by a user's folder, loaded by the same code.
//! One that is broken does not stop the others: it is kept as what is wrong with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::alarm;
use super::assets::{Asset, Assets};
use super::component::{Component, Kind, add_template};
use super::definition::{View, check_view_name};
use super::files::Files;
use super::filters;
use super::first_minute;
use super::html;
use super::inline;
use super::limits::{FOLDER_FILES_MAX, TEMPLATE_FUEL};
use super::manifest::Manifest;
use super::problem::{Place, Problem, did_you_mean};
use super::view_file;
use super::volume::Volumes;
use super::words;

/// A component or a view, or everything that is wrong with it.
type Loaded<T> = Result<T, Vec<Problem>>;

/// Components, views and assets, ready to render. Nothing in it changes: to see changed files, load another.
pub struct Library {
    pub(crate) kinds: BTreeMap<String, Loaded<Kind>>,
    pub(crate) views: BTreeMap<String, Loaded<View>>,
    pub(crate) assets: Assets,
    pub(crate) templates: Environment<'static>,
    pub(crate) registered: BTreeMap<String, Arc<dyn Component>>,
    pub(crate) own: Own,
    pub(crate) volumes: Volumes,
    /// Which volumes a page can also show in an earlier version.
    pub(crate) earlier: BTreeSet<String>,
    /// Which volumes stand here in an earlier version.
    pub(crate) restored: BTreeSet<String>,
    /// What tells it from other libraries.
    pub(crate) print: String,
    /// The variables that pieces of views name.
    pub(crate) piece_variables: HashSet<String>,
    problems: Vec<Problem>,
}

/// What a user's folder brought, whether it could be loaded or not. Nothing where there is no folder.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) components: BTreeSet<String>,
    pub(crate) views: BTreeSet<String>,
    has_folder: bool,
}

impl Library {
    /// The built-in components and views alone.
    pub fn built_in() -> Self {
        Self::load(None, &[])
    }

    /// The built-in ones, overlaid by those in `folder` (`components/`, `views/`), with the extra data of `registered`.
    ///
    /// It always succeeds: what is wrong in the folder is told by [`Library::problems`], and by a tile on each page that
    /// should show it.
    pub fn load(folder: Option<&Path>, registered: &[Arc<dyn Component>]) -> Self {
        Self::of(&Files::built_in(), folder.map(Files::on_disk).as_ref(), registered)
    }

    /// Only what stands around a page, with these files of a user: what the fuzzer loads ten thousand times.
    #[cfg(feature = "fuzzing")]
    pub fn of_texts(files: &[(&str, &str)]) -> Self {
        static AROUND: std::sync::LazyLock<Files> =
            std::sync::LazyLock::new(|| Files::built_in().only_texts_of_web());
        Self::of(&AROUND, Some(&Files::of(files)), &[])
    }

    /// The same of files that were read already.
    pub(crate) fn of(built_in: &Files, own: Option<&Files>, registered: &[Arc<dyn Component>]) -> Self {
        let mut library = Self {
            kinds: BTreeMap::new(),
            views: BTreeMap::new(),
            assets: Assets::default(),
            templates: environment(),
            registered: registered
                .iter()
                .map(|component| (component.name().to_owned(), component.clone()))
                .collect(),
            own: Own::default(),
            volumes: Volumes::default(),
            earlier: BTreeSet::new(),
            restored: BTreeSet::new(),
            print: String::new(),
            piece_variables: HashSet::new(),
            problems: Vec::new(),
        };
        library.add_runtime(built_in);
        library.add_files(built_in);
        if let Some(files) = own {
            library.add_files(files);
            library.own = Own::of(files);
            if files.is_full() {
                let what = format!("There are {FOLDER_FILES_MAX} files or more: those beyond are not seen.");
                library.problems.push(Problem::whole("components", what));
            }
        }
        library.join();
        library.check_registered();
        library.print = library.volumes.print();
        library
    }

    /// What tells this library from others: the same files give the same within one version of the program.
    pub fn print(&self) -> &str {
        &self.print
    }

    /// What is wrong with the files that were loaded. Wrong settings and missing components of views are no part of it:
    /// see [`Library::check`].
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Name and title of each view that people are shown the way to, by name: those of a user's folder, or the built-in
    /// examples where there is no folder. Others can still be asked for by name.
    pub fn views(&self) -> impl Iterator<Item = (&str, &str)> {
        let loaded = self.views.values().filter_map(|view| view.as_ref().ok());
        let listed = loaded.filter(|view| !self.own.has_folder || self.own.views.contains(&view.name));
        listed.map(|view| (view.name.as_str(), view.label.as_str()))
    }

    /// Name and title of each component that can be placed, by name.
    pub fn components(&self) -> impl Iterator<Item = (&str, &str)> {
        let loaded = self.kinds.iter().filter_map(|(name, kind)| Some((name, kind.as_ref().ok()?)));
        loaded.map(|(name, kind)| (name.as_str(), kind.manifest.title.as_str()))
    }

    /// What a component says of itself: its direction and the settings it takes.
    pub fn manifest(&self, component: &str) -> Option<&Manifest> {
        Some(&self.kinds.get(component)?.as_ref().ok()?.manifest)
    }

    /// A component's `sample.json`, if it has one.
    pub fn sample(&self, component: &str) -> Option<&str> {
        self.kinds.get(component)?.as_ref().ok()?.sample.as_deref()
    }

    /// The asset of a file name below `/assets/`, such as `gauge.0123456789abcdef.js`. Its content never changes.
    pub fn asset(&self, file: &str) -> Option<&Asset> {
        self.assets.file(file)
    }

    /// A text of the pages by its name, with what stands in braces filled in; empty where there is none of this name.
    pub fn say(&self, name: &str, given: &[(&str, &str)]) -> String {
        words::said(&self.templates, name, given)
    }

    /// Where the content of a name is served: `glassline/boot`, `component/gauge`, `glassline.css`, …
    pub fn asset_url(&self, name: &str) -> Option<&str> {
        self.assets.url(name)
    }

    /// The component of this name; or why it cannot stand at `place`: it is broken, or there is none.
    pub(crate) fn kind(&self, name: &str, place: &Place) -> Result<&Kind, Problem> {
        let unknown = || {
            let nearest = did_you_mean(name, self.kinds.keys().map(String::as_str));
            Problem::new(place.clone(), format!("There is no component “{name}”.{nearest}"))
        };
        match self.kinds.get(name) {
            Some(Ok(kind)) => Ok(kind),
            Some(Err(problems)) => Err(problems.first().cloned().unwrap_or_else(unknown)),
            None => Err(unknown()),
        }
    }

    fn add_runtime(&mut self, files: &Files) {
        for name in files.names("web") {
            let path = format!("web/{name}");
            match name.rsplit_once('.') {
                Some(("words", "js")) => {
                    self.add_script(files, &path, "glassline/words", "words");
                    let source = self.keep(files.text(&path)).unwrap_or_default();
                    let of_pages = self.keep(files.text(words::PAGE_FILE)).unwrap_or_default();
                    self.problems.extend(words::add_to(&mut self.templates, &source, &of_pages).err());
                }
                Some(("glassline", "js")) => self.add_script(files, &path, "glassline", "glassline"),
                Some((stem, "js")) => self.add_script(files, &path, &format!("glassline/{stem}"), stem),
                Some((stem, ending @ ("css" | "svg" | "png" | "woff2"))) => {
                    if let Some(bytes) = self.keep(files.bytes(&path)) {
                        self.assets.add(name, stem, ending, bytes);
                    }
                }
                Some((_, "html")) => {
                    if let Some(source) = self.keep(files.text(&path)) {
                        add_template(&path, source, &mut self.templates, &mut self.problems);
                    }
                }
                _ => {}
            }
        }
        for name in files.names("web/vendor") {
            if let Some(stem) = name.strip_suffix(".js") {
                self.add_script(files, &format!("web/vendor/{name}"), stem, stem);
            }
        }
    }

    /// What every page has becomes one script and one style. Styles of a user's components stay for themselves: a mistake in one
    /// does not reach the others.
    fn join(&mut self) {
        self.problems.extend(self.assets.join_scripts().err());
        let built_in = self.kinds.keys().filter(|kind| !self.own.components.contains(*kind));
        self.assets.join_styles(built_in.map(String::as_str));
    }

    fn add_script(&mut self, files: &Files, path: &str, module: &str, stem: &str) {
        if let Some(bytes) = self.keep(files.bytes(path)) {
            self.assets.add_module(module, stem, bytes);
        }
    }

    fn add_files(&mut self, files: &Files) {
        self.volumes.add(files);
        for name in files.folders("components") {
            self.assets.remove(&format!("component/{name}"));
            self.assets.remove(&format!("component/{name}.css"));
            let kind = Kind::load(files, name, &mut self.templates, &mut self.assets);
            self.problems.extend(kind.as_ref().err().into_iter().flatten().cloned());
            self.kinds.insert(name.to_owned(), kind);
        }
        self.add_pieces(files);
        let mut companions = Vec::new();
        for file in files.names("views") {
            match file.rsplit_once('.') {
                Some((name, "toml" | "html")) => self.add_view(files, name, file),
                Some((name, ending @ ("js" | "css"))) => companions.push((name, ending, file)),
                _ => {}
            }
        }
        for (name, ending, file) in companions {
            self.add_companion(files, name, ending, &format!("views/{file}"));
        }
    }

    /// What views in TOML and in HTML may include: `views/parts/plan.html`.
    fn add_pieces(&mut self, files: &Files) {
        let pieces = files.below("views").filter(|file| file.contains('/') && file.ends_with(".html"));
        for path in pieces.map(|file| format!("views/{file}")) {
            let Some(source) = self.keep(files.text(&path)) else { continue };
            self.problems.extend(inline::find(&path, &source));
            let variables = add_template(&path, source, &mut self.templates, &mut self.problems);
            self.piece_variables.extend(variables.into_iter().flatten());
        }
    }

    fn add_view(&mut self, files: &Files, name: &str, file: &str) {
        let (path, view_name) = (format!("views/{file}"), format!("view/{name}"));
        self.assets.remove(&view_name);
        self.assets.remove(&format!("{view_name}.css"));
        let view = self.load_view(files, name, &path);
        self.problems.extend(view.as_ref().err().into_iter().flatten().cloned());
        self.views.insert(name.to_owned(), view);
    }

    fn load_view(&mut self, files: &Files, name: &str, path: &str) -> Loaded<View> {
        check_view_name(name).map_err(|what| vec![Problem::whole(path, what)])?;
        let missing = || Err(Problem::whole(path, "The file is missing."));
        let source = files.text(path).unwrap_or_else(missing).map_err(|problem| vec![problem])?;
        if path.ends_with(".toml") {
            if files.bytes(&format!("views/{name}.html")).is_some() {
                let what = format!("There is also views/{name}.html: a view has one of the two.");
                return Err(vec![Problem::whole(path, what)]);
            }
            let view = view_file::read(name, path, &source, files).map_err(|problem| vec![problem])?;
            self.problems.extend(view.all_wrong().cloned());
            return Ok(view);
        }
        if files.bytes(&format!("views/{name}.toml")).is_some() {
            let what = format!("There is also views/{name}.toml: a view has one of the two.");
            return Err(vec![Problem::whole(path, what)]);
        }
        let mut problems = Vec::new();
        let Some(view) = html::load(name, path, source, &mut self.templates, &mut problems) else {
            return Err(problems);
        };
        // They are tiles in the view, which is shown for all that.
        self.problems.extend(problems);
        Ok(view)
    }

    fn add_companion(&mut self, files: &Files, name: &str, ending: &str, path: &str) {
        if !self.views.contains_key(name) {
            let nearest = did_you_mean(name, self.views.keys().map(String::as_str));
            self.problems.push(Problem::whole(path, format!("There is no view “{name}” for it.{nearest}")));
            return;
        }
        if let Some(bytes) = self.keep(files.bytes(path)) {
            let (module, stem) = (format!("view/{name}"), format!("view-{name}"));
            match ending {
                "js" => self.assets.add_module(&module, &stem, bytes),
                _ => self.assets.add(&format!("{module}.css"), &stem, ending, bytes),
            }
        }
    }

    fn check_registered(&mut self) {
        for name in self.registered.keys().filter(|name| !self.kinds.contains_key(*name)) {
            let what = "A program brings data for this component, but it has no folder.";
            self.problems.push(Problem::whole(&format!("components/{name}"), what));
        }
    }

    fn keep<T>(&mut self, read: Option<Result<T, Problem>>) -> Option<T> {
        read?.map_err(|problem| self.problems.push(problem)).ok()
    }
}

impl Own {
    fn of(files: &Files) -> Self {
        let views = files.names("views").into_iter().filter_map(|file| file.rsplit_once('.'));
        let views = views.filter(|(_, ending)| matches!(*ending, "toml" | "html"));
        Self {
            components: files.folders("components").into_iter().map(str::to_owned).collect(),
            views: views.map(|(name, _)| name.to_owned()).collect(),
            has_folder: true,
        }
    }
}

/// Where templates live: escaping on for all of them, and a bound on what each may do.
fn environment() -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_formatter(filters::write);
    templates.set_fuel(Some(TEMPLATE_FUEL));
    templates.set_debug(false);
    // That a device has not sent yet is no error: what is not there has nothing in it.
    templates.set_undefined_behavior(UndefinedBehavior::Chainable);
    filters::add_to(&mut templates);
    first_minute::add_to(&mut templates);
    alarm::add_to(&mut templates);
    html::add_to(&mut templates);
    templates
}
