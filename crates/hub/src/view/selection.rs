//! Which devices a view, or a section of one, is for.

use store::Pattern;

use super::data::DeviceRow;
use super::limits::QUERY_CHARS_MAX;

/// What stands before a label.
const LABEL: &str = "label:";

/// Devices, by what they have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Patterns of ids: one of them has to fit,
    ids: Vec<Pattern>,
    /// or the device has one of these labels.
    labels: Vec<String>,
    /// As it was written, for people.
    said: String,
}

impl Selection {
    /// The devices whose id fits one of these: `*` stands for any characters, `?` for one. `label:barn` are those that have that
    /// label.
    pub(crate) fn of_ids(patterns: &[String]) -> Result<Self, String> {
        if patterns.iter().all(|pattern| pattern.trim().is_empty()) {
            return Err("says no device: name one, or many with “*”, such as “pump-*”".to_owned());
        }
        let trimmed = || patterns.iter().map(|pattern| pattern.trim());
        let ids = trimmed().filter(|pattern| !pattern.starts_with(LABEL)).map(Pattern::of_ids).collect();
        let labels = trimmed().filter_map(|pattern| Some(pattern.strip_prefix(LABEL)?.trim().to_owned()));
        Ok(Self { ids, labels: labels.collect(), said: patterns.join(", ") })
    }

    /// Whether a device is one of them.
    pub(crate) fn fits(&self, device: &DeviceRow) -> bool {
        self.ids.iter().any(|pattern| pattern.fits(&device.id))
            || self.labels.iter().any(|label| device.labels.contains(label))
    }

    /// What they have in common, as it was written.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }
}

/// Whether this can stand for the devices of a view; or a sentence that says why not.
pub(crate) fn check_devices(pattern: &str) -> Result<(), String> {
    if pattern.chars().count() > QUERY_CHARS_MAX {
        return Err(format!("“devices” has at most {QUERY_CHARS_MAX} characters."));
    }
    Selection::of_ids(&[pattern.to_owned()]).map(|_| ()).map_err(|what| format!("“devices” {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Presence;

    fn row(id: &str) -> DeviceRow {
        DeviceRow {
            id: id.to_owned(),
            name: id.to_owned(),
            labels: Vec::new(),
            presence: Presence::Online,
            since: 0,
            gateway: None,
            channels: 0,
        }
    }

    #[test]
    fn a_device_belongs_to_it_by_one_of_its_patterns() {
        let pumps = Selection::of_ids(&["pump-*".to_owned(), "well-?".to_owned()]).expect("patterns");
        let fits = |id: &str| pumps.fits(&row(id));
        assert!(fits("pump-7") && fits("pump-") && fits("well-1"));
        assert!(!fits("well-10") && !fits("a-pump-7"));
    }

    #[test]
    fn a_device_belongs_to_it_by_a_label_that_people_gave_it() {
        let barn = Selection::of_ids(&["label:barn".to_owned()]).expect("a label");
        let labelled = |label: &str| DeviceRow { labels: vec![label.to_owned()], ..row("barn") };
        assert!(barn.fits(&labelled("barn")));
        assert!(!barn.fits(&labelled("barn 2")) && !barn.fits(&row("barn")), "an id is no label");
    }

    #[test]
    fn an_id_alone_is_that_device() {
        let one = Selection::of_ids(&["pump-7".to_owned()]).expect("a pattern");
        assert!(one.fits(&row("pump-7")) && !one.fits(&row("pump-70")));
        assert!(Selection::of_ids(&[" ".to_owned()]).is_err());
    }
}
