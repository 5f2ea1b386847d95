//! A hub, a fleet that loads it, the wire between them, and two panels that look on: what every step plays on. A gateway
//! may stand between: then the wire leads to it.

use crate::barn::Barn;
use crate::fleet::{Accepted, CHANNEL, Fleet, Load};
use crate::panel::{Address, Panel};
use crate::rig::{Account, Gap, Hub, Stored, Verdict, judge};
use crate::wire::Wire;
use protocol::limits::WINDOW_MESSAGES;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tempfile::TempDir;

/// How long it may take until everything is taken over, once nothing disturbs any more: the longest time in which a
/// device comes back, and what it then has to say.
const DRAIN: Duration = Duration::from_secs(60);

/// Bytes that the slow panel's system takes while it is frozen.
const SLOW_BYTES: u32 = 4096;

/// What a step plays on.
pub(crate) struct Scene {
    pub(crate) wire: Wire,
    pub(crate) fleet: Fleet,
    /// Reads at once.
    pub(crate) prompt: Panel,
    /// Is frozen and thawed by the step.
    pub(crate) slow: Panel,
    hub: Option<Hub>,
    /// The folder of the hub while none runs.
    home: Option<TempDir>,
    /// The gateway that the fleet is behind.
    barn: Option<Barn>,
    /// What the hub is started under.
    under: Vec<String>,
}

impl Scene {
    /// Everything runs, and the fleet is connected.
    pub(crate) fn begin(load: Load) -> Self {
        Self::begin_in(tempfile::tempdir().expect("a folder"), load, &[])
    }

    /// The same with the hub in `home`, `under` another program.
    pub(crate) fn begin_in(home: TempDir, load: Load, under: &[&str]) -> Self {
        Self::begin_with(home, load, under, None)
    }

    /// The same with the fleet behind the gateway of `barn`.
    pub(crate) fn begin_behind(barn: Barn, load: Load) -> Self {
        Self::begin_with(tempfile::tempdir().expect("a folder"), load, &[], Some(barn))
    }

    fn begin_with(home: TempDir, load: Load, under: &[&str], barn: Option<Barn>) -> Self {
        let wire = Wire::new();
        let fleet = Fleet::new(load, wire.address());
        let prompt = Panel::open(fleet.devices(), None);
        let slow = Panel::open(fleet.devices(), Some(SLOW_BYTES));
        let under = under.iter().map(|&word| word.to_owned()).collect();
        let mut scene = Self { wire, fleet, prompt, slow, hub: None, home: Some(home), barn, under };
        scene.start_hub();
        if scene.barn.is_some() {
            scene.start_gateway();
        }
        scene.start_fleet();
        for panel in [&scene.prompt, &scene.slow] {
            let all = scene.fleet.devices().len();
            assert!(panel.until(DRAIN, |progress| progress.cursors.len() == all), "a panel is not shown all");
        }
        scene
    }

    /// The running hub.
    pub(crate) fn hub(&self) -> &Hub {
        self.hub.as_ref().expect("the hub runs")
    }

    /// A hub begins on the state that is there.
    pub(crate) fn start_hub(&mut self) {
        let home = self.home.take().expect("no hub runs");
        let under: Vec<&str> = self.under.iter().map(String::as_str).collect();
        let hub = Hub::begin_under(&under, home, &["serve"]);
        match &self.barn {
            Some(barn) => barn.uplink.lead_to(Some(hub.address())),
            None => self.wire.lead_to(Some(hub.of_ready("lines"))),
        }
        let address = Address { http: hub.address().to_owned(), token: hub.of_ready("token").to_owned() };
        self.prompt.meet(address.clone());
        self.slow.meet(address);
        self.hub = Some(hub);
    }

    /// The hub is killed at this moment.
    pub(crate) fn kill_hub(&mut self) {
        self.barn.as_ref().map_or(&self.wire, |barn| &barn.uplink).lead_to(None);
        self.home = Some(self.hub.take().expect("the hub runs").kill());
    }

    /// The gateway that the fleet is behind, and its way to the hub.
    pub(crate) fn barn(&mut self) -> &mut Barn {
        self.barn.as_mut().expect("the fleet is behind a gateway")
    }

    /// A gateway begins on the spool that is there.
    pub(crate) fn start_gateway(&mut self) {
        let barn = self.barn.as_mut().expect("the fleet is behind a gateway");
        self.wire.lead_to(Some(barn.start(self.hub.as_ref())));
    }

    /// The gateway is killed at this moment.
    pub(crate) fn kill_gateway(&mut self) {
        self.wire.lead_to(None);
        self.barn().kill();
    }

    /// A run of the fleet begins.
    pub(crate) fn start_fleet(&mut self) {
        let join = self.hub().of_ready("join").to_owned();
        let (connected, devices) = (self.wire.connected(), self.fleet.devices().len());
        self.fleet.start(&join);
        self.wire.connects(connected, devices as u64);
        self.wire.stands(devices);
    }

    /// Waits until the hub has given up every device.
    pub(crate) fn all_offline(&self) {
        let devices = self.fleet.devices().len();
        let offline = self.prompt.until(DRAIN, |progress| progress.offline.len() == devices);
        assert!(offline, "the hub does not notice that the devices are gone");
    }

    /// Waits until every device is online.
    pub(crate) fn all_online(&self) {
        let online = self.prompt.until(DRAIN, |progress| progress.offline.is_empty());
        assert!(online, "the devices do not come back");
    }

    /// Waits until more of every device was committed than can be under way now: it is welcome on its connection.
    pub(crate) fn all_heard(&self) {
        let mut begin = None;
        let heard = self.prompt.until(DRAIN, |progress| {
            let begin = begin.get_or_insert_with(|| progress.cursors.clone());
            progress.cursors.iter().all(|(id, cursor)| *cursor > begin[id] + u64::from(WINDOW_MESSAGES))
        });
        assert!(heard, "not every device gets through");
    }

    /// Waits until more than now is committed at the hub.
    pub(crate) fn hub_hears(&self) {
        let mut begin = None;
        let heard = self.prompt.until(DRAIN, |progress| {
            let committed: u64 = progress.cursors.values().sum();
            committed > *begin.get_or_insert(committed)
        });
        assert!(heard, "nothing gets through to the hub");
    }

    /// Waits until so much was acked to the devices that what they may send unacked is not enough for it.
    pub(crate) fn devices_are_acked(&self) {
        self.wire.passes(self.fleet.devices().len() as u64 * u64::from(WINDOW_MESSAGES) + 1);
    }

    /// Waits until panels are told that storage is `"failed"`, or `"ok"` again.
    pub(crate) fn storage_is(&self, state: &str) {
        let failed = state == "failed";
        for panel in [&self.prompt, &self.slow] {
            let told = panel.until(DRAIN, |progress| progress.storage_failed == failed);
            assert!(told, "a panel is not told that storage is {state}");
        }
    }

    /// Waits until the hub says that a device's clock is wrong.
    pub(crate) fn clock_is_wrong(&self) {
        let id = &self.fleet.devices()[0];
        let wrong = || self.hub().get(&format!("/api/devices/{id}")).json()["clock_wrong"] == true;
        let said = (0..100).any(|_| {
            self.wire.passes(10);
            wrong()
        });
        assert!(said, "the hub believes everything: its clock does not jump");
    }

    /// The ports on which devices and the wire are listened to.
    pub(crate) fn listening_ports(&self) -> [u16; 2] {
        let hub = self.hub().of_ready("lines").rsplit(':').next().expect("an address");
        [self.wire.port(), hub.parse().expect("a port")]
    }

    /// Nothing disturbs any more: everything that was accepted is taken over, shown, and judged.
    pub(crate) fn end(self) -> Verdict {
        self.end_without(&BTreeMap::new())
    }

    /// The same where the only copies of some counters were destroyed: those may be missing.
    pub(crate) fn end_without(mut self, destroyed: &BTreeMap<String, BTreeSet<u64>>) -> Verdict {
        self.fleet.drain();
        if let Some(barn) = &self.barn {
            barn.is_forwarded(DRAIN);
        }
        let mut accepted = self.fleet.accepted();
        let mut account = |id: &String| {
            let account = self.account(id, accepted.remove(id).unwrap_or_default());
            let destroyed = destroyed.get(id).cloned().unwrap_or_default();
            (id.clone(), Account { destroyed, ..account })
        };
        let mut accounts: BTreeMap<String, Account> = self.fleet.devices().iter().map(&mut account).collect();
        self.slow.thaw();
        for panel in [self.prompt, self.slow] {
            let reached = |cursors: &BTreeMap<String, u64>| {
                accounts.iter().all(|(id, account)| cursors.get(id) >= Some(&account.committed))
            };
            // Where it is not, the books say what is missing.
            panel.until(DRAIN, |progress| reached(&progress.cursors));
            let mut shown = panel.end();
            for (id, account) in &mut accounts {
                account.shown.push(shown.remove(id).unwrap_or_default());
            }
        }
        let verdict = judge(&accounts);
        if !verdict.is_clean() {
            let wrong = accounts.iter().filter(|(_, account)| !account.judge().is_clean());
            wrong.for_each(|(id, account)| eprintln!("{id}: {}", account.judge()));
        }
        verdict
    }

    /// What the store holds of a device.
    fn account(&self, id: &str, accepted: Accepted) -> Account {
        let get = |path: &str| {
            let answer = self.hub().get(&format!("/api/devices/{id}{path}"));
            assert_eq!(answer.status, 200, "{id}{path}: {answer:?}");
            answer
        };
        let state = get("").json();
        let samples = get(&format!("/channels/{CHANNEL}/samples?format=ndjson")).body;
        let history = get(&format!("/channels/{CHANNEL}/history?points=1")).json();
        Account {
            accepted: accepted.counters,
            unsure: accepted.unsure,
            stored: samples.lines().map(stored).collect(),
            gaps: history["gaps"].as_array().expect("gaps").iter().map(gap).collect(),
            committed: number(&state["received"]) + number(&state["gaps"]),
            ..Account::default()
        }
    }
}

fn stored(line: &str) -> Stored {
    let sample: Value = serde_json::from_str(line).expect("samples are JSON");
    Stored {
        counter: number(&sample["value"]),
        session: sample["session"].as_str().expect("it was numbered").to_owned(),
        seq: number(&sample["seq"]),
    }
}

fn gap(gap: &Value) -> Gap {
    let text = |key: &str| gap[key].as_str().expect("a text").to_owned();
    Gap {
        session: text("session"),
        first: number(&gap["first"]),
        last: number(&gap["last"]),
        reason: text("reason"),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}
