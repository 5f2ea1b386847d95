//! The gallery: every component there is, with its samples and settings, to be looked at and played with. Its devices are
//! played by the page itself: none of the hub's is touched.

mod asked;
mod play;
mod settings;
mod stage;

use minijinja::Value;

pub use play::Play;

use super::data::Scene;
use super::definition::Placement;
use super::filters::humanize;
use super::library::Library;
use super::page::Rendered;
use super::problem::Problem;
use super::render::Painter;
use super::sample::Case;
use super::shell::{Page, Painted};
use asked::Asked;
use stage::Stage;

/// The view, as pages name it, and its path.
pub(crate) const NAME: &str = "components";
const PATH: &str = "/components";

/// What its pages load besides what their components need.
pub(crate) const STYLE: &str = "gallery.css";

/// The template of its pages.
const TEMPLATE: &str = "web/gallery.html";

/// One large component is at least so wide, in twelfths, where nobody says how wide.
const LARGE_SPAN: u8 = 6;

/// A case with the id of its device.
type Cast = Vec<(String, Case)>;

impl Library {
    /// The page with all components. The scene's query says what their devices do.
    pub fn gallery_page(&self, scene: &dyn Scene) -> Page {
        let asked = Asked::of(scene.query());
        let mut names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
        // Those of the user's folder first.
        names.sort_by_key(|name| (!self.own.components.contains(*name), *name));
        let casts: Vec<_> = names.iter().map(|name| (*name, self.cast(name))).collect();
        let mut stage = Stage::new(asked.play, scene.now_ms());
        for (id, case) in casts.iter().filter_map(|(_, cast)| cast.as_ref().ok()).flatten() {
            stage.add(id, case);
        }
        let mut painter = Painter::new(self, &stage);
        let kinds = casts.iter().map(|(name, cast)| {
            let painted = match cast {
                Ok(cast) => {
                    cast.iter().map(|(id, case)| painter.paint(&placed(self, name, case), Some(id))).collect()
                }
                Err(problems) => tiles(&mut painter, name, problems),
            };
            Value::from_pairs(
                self.about(name).into_iter().chain([("painted", Value::from_safe_string(painted))]),
            )
        });
        let kinds: Vec<Value> = kinds.collect();
        let rest = painter.finish(PATH);
        let own = [("kinds", Value::from(kinds)), ("rest", Value::from_safe_string(rest))];
        self.gallery(PATH, None, &asked, own.into(), painter, &stage, scene).page
    }

    /// The page of one component, large, with its settings to play with. Nothing when there is none of this name.
    pub fn component_page(&self, name: &str, scene: &dyn Scene) -> Option<Page> {
        self.rendered_component(name, scene).map(|rendered| rendered.page)
    }

    fn rendered_component(&self, name: &str, scene: &dyn Scene) -> Option<Rendered> {
        let (name, kind) = self.kinds.get_key_value(name)?;
        let asked = Asked::of(scene.query());
        let cast = self.cast(name);
        let mut stage = Stage::new(asked.play, scene.now_ms());
        for (id, case) in cast.iter().flatten() {
            stage.add(id, case);
        }
        let mut painter = Painter::new(self, &stage);
        let mut own = self.about(name);
        match (kind, &cast) {
            (Ok(kind), Ok(cast)) => {
                let (id, case) = cast.get(asked.case - 1).or(cast.first())?;
                let mut large = placed(self, name, case);
                large.size.span = Some(kind.manifest.span.max(LARGE_SPAN));
                let large = asked.given.iter().fold(large, |placed, given| given.of(placed));
                let large = if asked.bare { String::new() } else { painter.paint(&large, Some(id)) };
                let paint = |(id, case): &(String, Case)| {
                    let html = painter.paint(&placed(self, name, case), Some(id));
                    Value::from_pairs([
                        ("title", case.title.as_deref().map_or(Value::UNDEFINED, Value::from)),
                        ("html", Value::from_safe_string(html)),
                    ])
                };
                let samples: Vec<Value> = cast.iter().map(paint).collect();
                let given = asked.given.as_ref();
                own.extend([
                    ("large", Value::from_safe_string(large)),
                    ("samples", Value::from(samples)),
                    ("fields", settings::fields(&kind.manifest, case, given)),
                    ("label", given.map_or(Value::UNDEFINED, |given| Value::from(given.label.as_str()))),
                    ("span", given.map_or(Value::UNDEFINED, |given| Value::from(given.span.as_str()))),
                    ("lines", Value::from(settings::lines(name, &kind.manifest, case, given))),
                ]);
            }
            (Err(problems), _) | (_, Err(problems)) => {
                let tiles = tiles(&mut painter, name, problems);
                own.push(("tiles", Value::from_safe_string(tiles)));
            }
        }
        let path = format!("{PATH}/{name}");
        Some(self.gallery(&path, Some(name), &asked, own, painter, &stage, scene))
    }

    /// The cases of a component, each with the id of its device; or what keeps it from being shown.
    fn cast(&self, name: &str) -> Result<Cast, Vec<Problem>> {
        if let Some(Err(problems)) = self.kinds.get(name) {
            return Err(problems.clone());
        }
        let cases = self.cases(name).unwrap_or_else(|| Ok(Vec::new())).map_err(|problem| vec![problem])?;
        Ok(cases.into_iter().enumerate().map(|(at, case)| (format!("{name}-{}", at + 1), case)).collect())
    }

    /// What there is to say of a component.
    fn about(&self, name: &str) -> Vec<(&'static str, Value)> {
        let is_own = self.own.components.contains(name);
        let mut about = vec![
            ("name", Value::from(name)),
            ("href", Value::from(format!("{PATH}/{name}"))),
            ("own", Value::from(is_own)),
        ];
        match self.manifest(name) {
            Some(manifest) => about.extend([
                ("title", Value::from(manifest.title.as_str())),
                ("description", Value::from(manifest.description.as_str())),
                ("direction", Value::from(manifest.direction.as_str())),
                ("settings", settings::fields(manifest, &Case::default(), None)),
            ]),
            None => about.push(("title", Value::from(humanize(name)))),
        }
        about
    }

    #[allow(clippy::too_many_arguments, reason = "each is a part of the page, and this is where they meet")]
    fn gallery(
        &self,
        path: &str,
        name: Option<&str>,
        asked: &Asked,
        own: Vec<(&'static str, Value)>,
        painter: Painter<'_>,
        stage: &Stage,
        scene: &dyn Scene,
    ) -> Rendered {
        let plays = Play::ALL.iter().map(|play| {
            Value::from_pairs([
                ("name", Value::from(play.as_str())),
                ("chosen", Value::from(*play == asked.play)),
            ])
        });
        let common = [
            ("one", Value::from(name.is_some())),
            ("bare", Value::from(asked.bare)),
            ("case", Value::from(asked.case)),
            ("path", Value::from(path)),
            ("plays", Value::from(plays.collect::<Vec<_>>())),
            ("script", Value::from(stage.script_of_all())),
        ];
        let variables = Value::from_pairs(own.into_iter().chain(common));
        let mut problems = painter.problems;
        let body = self.templates.get_template(TEMPLATE).and_then(|template| template.render(variables));
        let body = body.unwrap_or_else(|error| {
            let problem = Problem::from_template(TEMPLATE, "", &error);
            let tile = super::tile::error(NAME, None, &problem, None);
            problems.push(problem);
            tile
        });
        let title = name.and_then(|name| self.manifest(name)).map(|manifest| manifest.title.clone());
        let painted = Painted {
            title: title.or(name.map(humanize)).unwrap_or_else(|| humanize(NAME)),
            view: NAME,
            path: path.to_owned(),
            above: String::new(),
            body,
            auto: None,
            free: true,
            kinds: painter.kinds,
            problems,
        };
        self.shell(painted, scene)
    }
}

/// A component of the gallery. Over it stands what it is called, for the channel of a sample is called nothing.
fn placed(library: &Library, name: &str, case: &Case) -> Placement {
    let label = library.manifest(name).map(|manifest| manifest.title.clone());
    Placement { label, ..case.placement(name) }
}

fn tiles(painter: &mut Painter<'_>, name: &str, problems: &[Problem]) -> String {
    problems.iter().map(|problem| painter.tile_in_place(name, problem.clone())).collect()
}
