//! Hubs that come, change and go while the gateway runs.
//!
//! A hub stands in the configuration, or was added at runtime; then its settings are in the spool. Where it begins is in the
//! spool either way, durable before anything is sent to it (rule U3). One that vanishes from the configuration is **left out**:
//! nothing goes to it, and what is spooled for it stays, within its quota, until somebody removes it. Only that drops its
//! place.

use super::Standalone;
use super::hubs::{Begin, HubSettings, HubStanding};
use super::limits::HUBS_MAX;
use super::uplink::{LinkState, Uplink, drive};
use protocol::uplink::filter::{Filter, Pattern};
use protocol::uplink::gateway_side::{self, GatewaySide};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use store::{Dropped, HubRow, Quota, SpoolOptions, SpoolWrite};

/// Who wants a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The configuration, or flags.
    Configuration,
    /// Somebody, while the gateway ran.
    Added,
}

/// Why a hub is not added or removed; a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// Its settings cannot be.
    #[error("{0}")]
    Wrong(String),
    /// There is one of that name.
    #[error("there is a hub “{0}” already")]
    Taken(String),
    /// It stands in the configuration.
    #[error("the hub “{0}” stands in the configuration: remove it there first")]
    Configured(String),
    /// There is none of that name.
    #[error("there is no hub “{0}”")]
    Unknown(String),
    /// There are as many as there may be.
    #[error("a gateway has at most {HUBS_MAX} hubs")]
    TooMany,
    /// The spool cannot be written.
    #[error("the spool cannot be written now")]
    Failed,
}

/// What the spool knows of a hub.
#[derive(Debug, Clone)]
pub(super) struct Row {
    name: Arc<str>,
    /// Its settings, where it was added at runtime.
    settings: Option<HubSettings>,
    begin: u64,
    acked: u64,
    /// What was dropped for it and it does not know of.
    dropped: Option<Dropped>,
    /// Messages that were ever dropped for it.
    lost: u64,
}

impl From<HubRow> for Row {
    fn from(row: HubRow) -> Self {
        let HubRow { name, settings, begin, acked, dropped, lost, .. } = row;
        let name: Arc<str> = name.into();
        Self { settings: read(&name, &settings), name, begin, acked, dropped, lost }
    }
}

impl Standalone {
    /// The hubs of the configuration are these from now on: new ones begin, changed ones begin anew where they stood, and those
    /// that are not among them any more are left out.
    ///
    /// # Errors
    /// One of them cannot be; then nothing changes.
    pub fn configure(self: &Arc<Self>, hubs: Vec<HubSettings>) -> Result<(), AddError> {
        let uplinks = self.uplinks();
        let added = uplinks.iter().filter(|uplink| uplink.source() == Source::Added);
        if hubs.len() + added.clone().count() > HUBS_MAX {
            return Err(AddError::TooMany);
        }
        for (at, hub) in hubs.iter().enumerate() {
            if let Some((_, problem)) = hub.problem() {
                return Err(AddError::Wrong(problem));
            }
            let taken = hubs[..at].iter().any(|other| other.name == hub.name)
                || added.clone().any(|uplink| *uplink.name() == hub.name);
            if taken {
                return Err(AddError::Taken(hub.name.to_string()));
            }
        }
        for uplink in uplinks.iter().filter(|uplink| uplink.source() == Source::Configuration) {
            match hubs.iter().find(|hub| hub.name == *uplink.name()) {
                Some(hub) if hub == uplink.settings() => {}
                _ => self.leave_out(uplink),
            }
        }
        let names: Vec<Arc<str>> = hubs.iter().map(|hub| hub.name.clone()).collect();
        for hub in hubs {
            if !self.uplinks().iter().any(|uplink| *uplink.name() == hub.name) {
                self.begin(hub, Source::Configuration)?;
            }
        }
        // Those of the configuration in its order, then those that were added.
        let place = |uplink: &Arc<Uplink>| names.iter().position(|name| name == uplink.name());
        let mut uplinks = self.uplinks.write().unwrap_or_else(PoisonError::into_inner);
        uplinks.sort_by_key(|uplink| place(uplink).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Adds a hub while the gateway runs. It is there after the next start too. Blocks until that is durable.
    ///
    /// # Errors
    /// Its name is taken, its settings cannot be, there are too many, or the spool cannot be written.
    pub fn add_hub(self: &Arc<Self>, hub: HubSettings) -> Result<(), AddError> {
        if let Some((_, problem)) = hub.problem() {
            return Err(AddError::Wrong(problem));
        }
        let uplinks = self.uplinks();
        if uplinks.iter().any(|uplink| *uplink.name() == hub.name) {
            return Err(AddError::Taken(hub.name.to_string()));
        }
        if uplinks.len() >= HUBS_MAX {
            return Err(AddError::TooMany);
        }
        self.begin(hub, Source::Added)
    }

    /// Removes a hub that was added at runtime or is left out, with its place in the spool: what was spooled for it alone goes.
    ///
    /// # Errors
    /// There is none of that name, or it stands in the configuration.
    pub fn remove_hub(self: &Arc<Self>, name: &str) -> Result<(), AddError> {
        let mut uplinks = self.uplinks.write().unwrap_or_else(PoisonError::into_inner);
        match uplinks.iter().position(|uplink| &**uplink.name() == name) {
            Some(at) if uplinks[at].source() == Source::Configuration => {
                return Err(AddError::Configured(name.to_owned()));
            }
            Some(at) => uplinks.remove(at).end(),
            None => {
                let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
                let at = left_out.iter().position(|row| &*row.name == name);
                left_out.remove(at.ok_or_else(|| AddError::Unknown(name.to_owned()))?);
            }
        }
        drop(uplinks);
        self.spool.change(SpoolWrite::RemoveHub { name: name.into() });
        tracing::info!(hub = name, "removed a hub");
        Ok(())
    }

    /// All hubs, and how they stand.
    pub fn hubs(&self) -> Vec<HubStanding> {
        let now = self.now().wall;
        let mut hubs: Vec<HubStanding> = self.uplinks().iter().map(|uplink| uplink.shown(now)).collect();
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.extend(left_out.iter().map(|row| HubStanding {
            name: row.name.clone(),
            url: String::new(),
            address: None,
            state: LinkState::LeftOut,
            since: 0,
            behind: self.behind(row.acked),
            waits: 0,
            dropped: row.lost,
            error: None,
            commands: false,
            added: false,
        }));
        hubs
    }

    /// Gives the spool as much room as the largest quota needs, so that only a disk that is full closes windows (rule U3).
    fn fit_spool(&self) {
        let quotas = self.uplinks().iter().map(|uplink| uplink.settings().quota).max().unwrap_or(0);
        let SpoolOptions { gather, bytes_max, .. } = self.settings.spool;
        self.spool.change_options(gather, bytes_max.max(quotas.saturating_add(quotas / 4)));
    }

    /// Begins the uplinks of hubs that were added at runtime in an earlier run.
    pub(super) fn begin_added(self: &Arc<Self>) {
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let added: Vec<HubSettings> = left_out.iter().filter_map(|row| row.settings.clone()).collect();
        drop(left_out);
        for hub in added {
            let name = hub.name.clone();
            if let Err(error) = self.begin(hub, Source::Added) {
                tracing::error!(hub = %name, %error, "a hub that was added earlier cannot be used");
            }
        }
    }

    /// It is in no configuration any more: its uplink ends, and its place stays.
    fn leave_out(&self, uplink: &Arc<Uplink>) {
        let mut uplinks = self.uplinks.write().unwrap_or_else(PoisonError::into_inner);
        uplinks.retain(|other| !Arc::ptr_eq(other, uplink));
        drop(uplinks);
        uplink.end();
        let row = Row {
            name: uplink.name().clone(),
            settings: None,
            begin: uplink.begins(),
            acked: uplink.acked(),
            dropped: uplink.untold(),
            lost: uplink.standing().dropped,
        };
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }

    /// Begins the uplink of a hub, where the spool knows that it stands or, for a new one, where it is to begin.
    fn begin(self: &Arc<Self>, hub: HubSettings, source: Source) -> Result<(), AddError> {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let known = left_out.iter().position(|row| row.name == hub.name).map(|at| left_out.remove(at));
        drop(left_out);
        let held = self.held();
        let begin = match (&known, hub.begin) {
            (Some(row), _) => row.begin,
            (None, Begin::Oldest) => held.oldest,
            (None, Begin::Head) => held.head + 1,
        };
        let known = known.unwrap_or_else(|| Row {
            name: hub.name.clone(),
            settings: None,
            begin,
            acked: begin - 1,
            dropped: None,
            lost: 0,
        });
        let settings = match source {
            Source::Configuration => String::new(),
            Source::Added => written(&hub),
        };
        self.spool.change(SpoolWrite::AddHub(HubRow {
            name: (&*hub.name).into(),
            settings: settings.into(),
            quota: Quota { bytes: hub.quota, ms: hub.age.map_or(u64::MAX, in_ms) },
            begin,
            acked: known.acked,
            dropped: None,
            lost: 0,
        }));
        // It does not wait for a disk that has failed.
        self.spool.flush();
        let is_there = self.spool.hubs().is_ok_and(|rows| rows.iter().any(|row| *row.name == *hub.name));
        if !is_there {
            self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(known);
            return Err(AddError::Failed);
        }
        let side = GatewaySide::new(
            self.now(),
            gateway_side::Settings {
                gateway: self.settings.id.clone(),
                token: hub.token.clone(),
                heartbeat: self.settings.heartbeat,
                filter: hub.filter.clone(),
                commands: hub.commands,
                begin,
            },
            self.tags(),
            held,
        );
        let uplink = Arc::new(Uplink::new(hub, source, begin, known.acked));
        uplink.dropped_before(known.lost, known.dropped);
        let mut uplinks = self.uplinks.write().unwrap_or_else(PoisonError::into_inner);
        uplinks.push(uplink.clone());
        drop(uplinks);
        // What was dropped before it stood in the list.
        self.look_for_losses(&uplink);
        self.fit_spool();
        // Those that come or go from here on are told of twice at most.
        for cell in self.registry.all() {
            if cell.is_connected() {
                uplink.presence(&cell.id);
            }
        }
        self.runtime.spawn(drive(self.me.clone(), uplink, side));
        Ok(())
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Settings as they stand in the spool: a line each, a key and its value.
fn written(hub: &HubSettings) -> String {
    let mut text = format!(
        "url {}\ntoken {}\nbegin {}\ncommands {}\nadmits {}\nquota {}\n",
        hub.url,
        hub.token,
        hub.begin.as_str(),
        hub.commands,
        hub.admits,
        hub.quota
    );
    let patterns = |key: &'static str, patterns: &[Pattern]| {
        patterns.iter().map(|pattern| format!("{key} {}\n", pattern.as_str())).collect::<String>()
    };
    text += &patterns("device", hub.filter.devices());
    text += &patterns("channel", hub.filter.channels());
    if let Some(age) = hub.age {
        text += &format!("age {}\n", in_ms(age));
    }
    if let Some(ca) = &hub.ca {
        text += &format!("ca {}\n", ca.display());
    }
    text
}

/// Settings as they stand in the spool; nothing where there are none, or none that can be read.
fn read(name: &str, text: &str) -> Option<HubSettings> {
    let mut hub = HubSettings::new(name, "", "");
    let (mut devices, mut channels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (key, value) = line.split_once(' ')?;
        match key {
            "url" => value.clone_into(&mut hub.url),
            "token" => value.clone_into(&mut hub.token),
            "begin" => hub.begin = Begin::from_word(value)?,
            "commands" => hub.commands = value.parse().ok()?,
            "admits" => hub.admits = value.parse().ok()?,
            "quota" => hub.quota = value.parse().ok()?,
            "device" => devices.push(Pattern::parse(value)?),
            "channel" => channels.push(Pattern::parse(value)?),
            "age" => hub.age = Some(Duration::from_millis(value.parse().ok()?)),
            "ca" => hub.ca = Some(value.into()),
            _ => return None,
        }
    }
    hub.filter = Filter::new(devices, channels)?;
    hub.problem().is_none().then_some(hub)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_hub_that_was_added_read_back_as_written() {
        let pattern = |text: &str| Pattern::parse(text).expect("a pattern");
        let filter = Filter::new(vec![pattern("barn-*")], vec![pattern("temp*"), pattern("door")]);
        let hub = HubSettings {
            begin: Begin::Head,
            commands: false,
            filter: filter.expect("few patterns"),
            quota: 5_000_000,
            age: Some(Duration::from_secs(3600)),
            ca: Some("ca.pem".into()),
            ..HubSettings::new("attic", "wss://attic.example/uplink", "gl_x")
        };
        assert_eq!(read("attic", &written(&hub)), Some(hub));
        assert_eq!(read("attic", ""), None);
    }
}
