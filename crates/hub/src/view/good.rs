//! Earlier versions of a user's components and views: the last one of each that was sound, so that a mistake need not be
//! what everybody looks at until it is mended.

use std::collections::{BTreeMap, BTreeSet};

use super::data::StillScene;
use super::files::Files;
use super::library::Library;
use super::limits::EARLIER_BYTES_MAX;
use super::volume::volume_of;

/// What is kept of each volume.
#[derive(Default)]
pub(crate) struct Versions(BTreeMap<String, Version>);

struct Version {
    /// The present files; none once the volume is gone.
    files: Files,
    is_sound: bool,
    /// The files of the last version before it that was sound.
    good: Option<Files>,
}

impl Versions {
    /// Takes in the present files of volumes, and whether each is sound.
    pub(crate) fn take_in(&mut self, own: &Files, judged: Vec<(String, bool)>) {
        for (volume, is_sound) in judged {
            let good = self.0.remove(&volume).and_then(|earlier| match earlier.is_sound {
                true => Some(earlier.files),
                false => earlier.good,
            });
            // What takes too much room is not kept: there is no way back to it then, and nothing else is different.
            let good = good.filter(|good| self.bytes() + good.bytes_in_all() <= EARLIER_BYTES_MAX);
            let files = own.of_volume(&volume);
            if good.is_some() || !files.is_empty() {
                let is_sound = is_sound && !files.is_empty();
                self.0.insert(volume, Version { files, is_sound, good });
            }
        }
    }

    /// A browser could not run the present version of a volume.
    pub(crate) fn is_broken(&mut self, volume: &str) {
        if let Some(version) = self.0.get_mut(volume) {
            version.is_sound = false;
        }
    }

    /// The volumes that an earlier version is kept of.
    pub(crate) fn earlier(&self) -> BTreeSet<String> {
        let earlier = self.0.iter().filter(|(_, version)| version.good.is_some());
        earlier.map(|(volume, _)| volume.clone()).collect()
    }

    /// These files with the volumes of these names as they were before, and which those are.
    pub(crate) fn restore(&self, own: &Files, volumes: &BTreeSet<String>) -> (Files, BTreeSet<String>) {
        let (mut files, mut restored) = (own.clone(), BTreeSet::new());
        for volume in volumes {
            if let Some(good) = self.0.get(volume).and_then(|version| version.good.as_ref()) {
                files = files.with_volume(volume, good);
                restored.insert(volume.clone());
            }
        }
        (files, restored)
    }

    fn bytes(&self) -> usize {
        self.0.values().flat_map(|version| &version.good).map(Files::bytes_in_all).sum()
    }
}

impl Library {
    /// Whether each of the volumes is sound.
    pub(crate) fn judge(&self, volumes: BTreeSet<String>) -> Vec<(String, bool)> {
        let judged = volumes.into_iter().map(|volume| {
            let is_sound = self.is_sound(&volume);
            (volume, is_sound)
        });
        judged.collect()
    }

    /// Whether nothing is wrong with a volume as far as the hub can tell: it is loaded, and rendered with its samples, or without
    /// any device.
    fn is_sound(&self, volume: &str) -> bool {
        let is_own = |problem: &&super::Problem| volume_of(&problem.place.file) == Some(volume);
        let rendered = match volume.split_once('/') {
            Some(("components", kind)) => {
                self.samples(kind).into_iter().flat_map(|(_, problems)| problems).collect()
            }
            Some(("views", view)) => {
                let rendered = self.rendered_view(view, &StillScene::default());
                rendered.map(|rendered| rendered.problems).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        !self.problems().iter().chain(&rendered).any(|problem| is_own(&problem))
    }
}
