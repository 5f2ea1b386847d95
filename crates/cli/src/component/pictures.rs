//! `glassline component test`: the samples of a component in a browser, in every state, with pictures of them.

use super::chromium::Chromium;
use super::devtools::{Look, Tab};
use super::shown_by;
use crate::arguments::component::Test;
use crate::running::{Plan, Running};
use crate::{check, output};
use anyhow::{Context as _, Result, bail};
use hub::view::{Library, Play};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// In which states it is shown.
const PLAYS: [Play; 5] = [Play::Fresh, Play::Stale, Play::Gone, Play::Refused, Play::Fast];
/// On a desk, by day and by night: the name of the look, as pictures bear it.
const DESK: [(&str, Look); 2] = [
    ("", Look { width: 1280, height: 800, dark: false }),
    ("-dark", Look { width: 1280, height: 800, dark: true }),
];
/// In a hand.
const PHONE: (&str, Look) = ("-phone", Look { width: 390, height: 844, dark: false });
/// Resolves with what there is to see once everything is alive.
const SETTLED: &str = include_str!("settled.js");
/// Of two seconds of a device that is fast: frames a second, and the longest.
const FRAMES: &str = include_str!("frames.js");
/// Fewer frames a second than this are told as slow. It is no problem: machines differ.
const FRAMES_MIN: f64 = 30.0;

/// What `settled.js` finds.
#[derive(Deserialize)]
struct Settled {
    /// Of everything, in CSS pixels.
    width: f64,
    height: f64,
    /// What keeps it from being alive; empty when it is.
    waits: String,
    /// What its red tiles say.
    tiles: Vec<String>,
}

/// What `frames.js` measures.
#[derive(Deserialize)]
struct Frames {
    per_second: f64,
    longest_ms: f64,
}

/// Shows it and writes the pictures.
///
/// # Errors
/// There is no such component or no browser, something cannot be written, or something is wrong with the component.
pub(super) async fn run(asked: &Test) -> Result<()> {
    let (name, folder) = (&asked.name, &asked.place.folder);
    let mut problems = check::component(folder, name);
    if problems.is_empty() {
        shown_by(&Library::load(Some(folder), &[]), name)?;
        problems = photograph(asked).await?;
    }
    problems.iter().try_for_each(|problem| output::line(problem))?;
    match problems.len() {
        0 => Ok(()),
        count => bail!("{} with {name}", check::counted(count, "problem")),
    }
}

/// Everything that was wrong.
async fn photograph(asked: &Test) -> Result<Vec<String>> {
    let desk = Desk::new()?;
    let chromium = Chromium::start(asked.browser.as_deref(), &desk.0.join("browser")).await?;
    let running = Running::begin(plan(asked, &desk.0)?, None).await?;
    let shown = show(asked, &running, &chromium).await;
    drop(chromium);
    running.end().await.and(shown)
}

async fn show(asked: &Test, running: &Running, chromium: &Chromium) -> Result<Vec<String>> {
    let out = asked.out.clone().unwrap_or_else(|| asked.place.folder.join("pictures"));
    fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut tab = Tab::open(&chromium.address).await?;
    tab.go(&running.new_link()).await?;
    let mut problems = Found::default();
    for play in PLAYS {
        let looks = DESK.iter().chain((play == Play::Fresh).then_some(&PHONE));
        for (look, window) in looks {
            let picture = out.join(format!("{}-{}{look}.png", asked.name, play.as_str()));
            tab.look(*window).await?;
            tab.go(&format!("{}/components/{}?bare&play={}", running.ready.http, asked.name, play.as_str()))
                .await?;
            let mut wrong = one(&mut tab, &picture).await?;
            if play == Play::Fast && look.is_empty() {
                measure(&mut tab).await?;
            }
            wrong.extend(tab.complaints());
            problems.add(&format!("{}{look}", play.as_str()), wrong);
        }
    }
    Ok(problems.told())
}

/// What is wrong, each with the pictures in which it is: most mistakes are in all of them.
#[derive(Default)]
struct Found {
    pictures: usize,
    problems: Vec<(String, Vec<String>)>,
}

impl Found {
    fn add(&mut self, picture: &str, wrong: Vec<String>) {
        self.pictures += 1;
        for what in wrong {
            // Where the runtime was at that time helps nobody who writes a component.
            let lines = what.lines().filter(|line| !line.contains("/assets/glassline."));
            let what = lines.collect::<Vec<_>>().join("\n");
            match self.problems.iter_mut().find(|(known, _)| *known == what) {
                Some((_, pictures)) if pictures.iter().any(|known| known == picture) => {}
                Some((_, pictures)) => pictures.push(picture.to_owned()),
                None => self.problems.push((what, vec![picture.to_owned()])),
            }
        }
    }

    fn told(self) -> Vec<String> {
        let all = self.pictures;
        let told = |(what, pictures): (String, Vec<String>)| match pictures.len() {
            count if count == all => what,
            _ => format!("{}: {what}", pictures.join(", ")),
        };
        self.problems.into_iter().map(told).collect()
    }
}

/// What is wrong with what is to be seen now; a picture of it in any case.
async fn one(tab: &mut Tab, file: &Path) -> Result<Vec<String>> {
    let settled: Settled = serde_json::from_value(tab.evaluate(SETTLED).await?)?;
    let picture = tab.picture(settled.width, settled.height).await?;
    fs::write(file, picture).with_context(|| format!("{} cannot be written", file.display()))?;
    output::line(&format!("wrote {}", file.display()))?;
    let waits = Some(settled.waits).filter(|waits| !waits.is_empty());
    Ok(settled.tiles.into_iter().chain(waits).collect())
}

async fn measure(tab: &mut Tab) -> Result<()> {
    let Frames { per_second, longest_ms } = serde_json::from_value(tab.evaluate(FRAMES).await?)?;
    let slow = if per_second < FRAMES_MIN { ", which is slow" } else { "" };
    output::line(&format!(
        "at 1,000 samples a second: {per_second:.0} frames a second{slow}, the longest {longest_ms:.0} ms"
    ))
}

fn plan(asked: &Test, desk: &Path) -> Result<Plan> {
    let any = "127.0.0.1:0".parse().context("it is an address")?;
    Ok(Plan {
        state: desk.join("state"),
        durability: store::Durability::Memory,
        gather: 4,
        retention: Vec::new(),
        folder: Some(asked.place.folder.clone()),
        hosts: Vec::new(),
        http: any,
        lines: any,
        listeners: crate::configuration::listeners::Listeners::default(),
        front: crate::configuration::front::Front::default(),
        enrolment: hub::auth::Enrolment::default(),
        landing: "/components",
    })
}

/// A folder for what hub and browser write; gone when this is dropped.
struct Desk(PathBuf);

impl Desk {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("glassline-pictures-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!("{} stays behind: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_in_every_picture_is_told_once() {
        let mut found = Found::default();
        let everywhere =
            || "it throws\n    at start (http://127.0.0.1:1/assets/glassline.0.js:1:1)".to_owned();
        found.add("fresh", vec![everywhere(), everywhere()]);
        found.add("gone", vec![everywhere(), "too wide".to_owned()]);
        assert_eq!(found.told(), ["it throws", "gone: too wide"]);
    }
}
