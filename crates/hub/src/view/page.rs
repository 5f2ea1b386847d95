//! The pages that there are: those of views, of devices, and of messages. What stands around them is the shell.

use std::collections::BTreeSet;

use super::arranged::{Arranged, arrange, paint_grid};
use super::data::{DeviceData, Scene};
use super::definition::View;
use super::derive;
use super::eject;
use super::escape::escape;
use super::library::Library;
use super::problem::Problem;
use super::render::Painter;
use super::shell::{Page, Painted, path_of};

/// A page with what went wrong on it.
pub(crate) struct Rendered {
    pub(crate) page: Page,
    pub(crate) problems: Vec<Problem>,
}

impl Library {
    /// The page of a view; nothing when there is none of this name, or whoever looks may not look at it. A broken view is a page that says what is wrong.
    pub fn view_page(&self, name: &str, scene: &dyn Scene) -> Option<Page> {
        let is_shown = self.is_shown(name, scene);
        is_shown.then(|| self.rendered_view(name, scene)).flatten().map(|rendered| rendered.page)
    }

    /// The page that a device gets by itself; nothing when the hub has never heard of it.
    pub fn device_page(&self, id: &str, scene: &dyn Scene) -> Option<Page> {
        let device = scene.device(id)?;
        let (view, left_out) = self.derived_view(&device);
        let mut painter = Painter::new(self, scene);
        let mut body = paint_grid(self, &mut painter, &view);
        if let Some(problem) = left_out {
            body.push_str(&painter.tile("device", None, problem));
        }
        let painted = Painted {
            title: view.title,
            view: derive::NAME,
            path: format!("/devices/{id}"),
            above: if scene.may_edit(id) { eject::button(self, id) } else { String::new() },
            body,
            auto: Some(id),
            free: false,
            kinds: painter.kinds,
            problems: painter.problems,
        };
        Some(self.shell(painted, scene).page)
    }

    /// A page that says one thing: nothing found, not allowed, something failed. `path` is the one that was asked for. It has a way on,
    /// to the first page, unless that is the one.
    pub fn message_page(&self, path: &str, title: &str, message: &str, scene: &dyn Scene) -> Page {
        let mut body = format!("<p class=\"notice span-12\">{}</p>", escape(message));
        if path != "/" {
            let first = self.say("message.first-page", &[]);
            body.push_str(&format!("\n<p class=\"span-12\"><a href=\"/\">{}</a></p>", escape(&first)));
        }
        self.plain_page(path, title, body, scene)
    }

    /// A page without components.
    pub(crate) fn plain_page(&self, path: &str, title: &str, body: String, scene: &dyn Scene) -> Page {
        let painted = Painted {
            title: title.to_owned(),
            view: "message",
            path: path.to_owned(),
            above: String::new(),
            body,
            auto: None,
            free: false,
            kinds: BTreeSet::new(),
            problems: Vec::new(),
        };
        self.shell(painted, scene).page
    }

    /// A page of our own without components, which has a style of its name beside that of all pages.
    pub(crate) fn page_with_style(
        &self,
        path: &str,
        name: &str,
        title: &str,
        body: String,
        scene: &dyn Scene,
    ) -> Page {
        let painted = Painted {
            title: title.to_owned(),
            view: name,
            path: path.to_owned(),
            above: String::new(),
            body,
            auto: None,
            free: false,
            kinds: BTreeSet::new(),
            problems: Vec::new(),
        };
        self.shell(painted, scene).page
    }

    /// The view that a device gets by itself, and what had to be left out of it.
    pub(crate) fn derived_view(&self, device: &DeviceData) -> (View, Option<Problem>) {
        let value = self.manifest("value");
        derive::view(device, value.is_some_and(|value| value.settings.contains_key(derive::SPARKLINE)))
    }

    pub(crate) fn rendered_view(&self, name: &str, scene: &dyn Scene) -> Option<Rendered> {
        let (name, loaded) = self.views.get_key_value(name)?;
        let mut painter = Painter::new(self, scene);
        let Arranged { title, chooser, body, free } = match loaded {
            Ok(view) => arrange(self, &mut painter, view),
            Err(problems) => {
                let tiles = problems.iter().map(|problem| painter.tile(name, None, problem.clone()));
                let (title, body) = (super::filters::humanize(name), tiles.collect());
                Arranged { title, chooser: String::new(), body, free: false }
            }
        };
        let path = path_of(name);
        let (kinds, problems) = (painter.kinds, painter.problems);
        let painted =
            Painted { title, view: name, path, above: chooser, body, auto: None, free, kinds, problems };
        Some(self.shell(painted, scene))
    }
}
