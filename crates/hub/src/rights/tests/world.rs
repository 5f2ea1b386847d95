//! A hub with devices, views and people, and the same people in the model.

use super::model::{Account, Model, Shown};
use super::panels::tell;
use crate::auth::{Group, Person, Rule, Scope, Scopes};
use crate::http::{Site, router};
use crate::panel::tests::Driven;
use crate::view::{Component, PlacedAt};
use crate::{Hub, Settings};
use axum::Router;
use protocol::message::{Sample, Samples};
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// All devices; what they say has [`secret`] in it.
pub(super) const DEVICES: [&str; 6] = ["pump-1", "pump-2", "pump-30", "cistern-1", "cistern", "fan_x"];
/// All views of the user's; each has [`title`].
pub(super) const VIEWS: [&str; 4] = ["plant", "plant-2", "barn", "all"];
/// Patterns that rules are made of.
const DEVICE_PATTERNS: [&str; 8] = ["pump-1", "pump-*", "pump-?", "cistern*", "*", "fan_x", "*-1", "none"];
const VIEW_PATTERNS: [&str; 7] = ["plant", "plant*", "barn", "*", "b*n", "pump-1", "none"];

/// What only the device says.
pub(super) fn secret(id: &str) -> String {
    format!("secret of {id}.")
}

/// What only the view is called.
pub(super) fn title(view: &str) -> String {
    format!("title of {view}.")
}

/// Numbers that depend on the seed alone.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(super) fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A rule that somebody could have written.
    fn rule(&mut self) -> Rule {
        let scopes = match self.below(12) {
            0 => vec![Scope::Admin],
            1 | 2 => vec![Scope::Command],
            3 | 4 => vec![Scope::View, Scope::Edit],
            5..=7 => vec![Scope::View, Scope::Command],
            _ => vec![Scope::View],
        };
        let devices = (0..self.below(3)).map(|_| self.of(&DEVICE_PATTERNS).into()).collect();
        let views = (0..self.below(3)).map(|_| self.of(&VIEW_PATTERNS).into()).collect();
        Rule { scopes: Scopes::of(&scopes), devices, views }
    }

    fn rules(&mut self) -> Vec<Rule> {
        (0..self.below(3)).map(|_| self.rule()).collect()
    }
}

/// What changes while something is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// The person's own rules are others.
    Rules,
    /// There are none any more, nor groups.
    Nobody,
    /// The group has other rules, or is no more.
    Group,
    GroupGone,
    PersonGone,
    /// The token or login is taken back.
    Revoked,
    /// The person may everything.
    Everything,
}

/// What is done once, when a component is rendered.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// The component of values, which runs the hook.
struct Hooked(Hook);

impl Component for Hooked {
    fn name(&self) -> &str {
        "value"
    }

    fn context(&self, _: &PlacedAt<'_>) -> serde_json::Value {
        let hook = self.0.lock().expect("nobody panics with it").take();
        if let Some(hook) = hook {
            hook();
        }
        serde_json::Value::Null
    }
}

pub(super) struct World {
    pub(super) hub: Arc<Hub>,
    pub(super) site: Arc<Site>,
    pub(super) router: Router,
    pub(super) model: Model,
    pub(super) dice: Dice,
    /// Who acts, and by what.
    pub(super) shown: Shown,
    token: String,
    people: usize,
    hook: Hook,
    /// The administrator's own, which watches everything.
    pub(super) panel: Driven,
    /// What was withdrawn stays so until there is somebody new.
    pub(super) is_spoilt: bool,
}

impl World {
    pub(super) async fn new(state: &Path, seed: u64) -> Self {
        let folder = state.join("pages");
        write_views(&folder);
        let store = store::Options { durability: store::Durability::Memory, ..store::Options::default() };
        let hook = Hook::default();
        let open = || {
            let components: Vec<Arc<dyn Component>> = vec![Arc::new(Hooked(hook.clone()))];
            let settings = Settings {
                components,
                store: store.clone(),
                folder: Some(folder.clone()),
                ..Settings::default()
            };
            Hub::open(state, settings).expect("the folder is ours")
        };
        let hub = open();
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("its own token");
        for id in DEVICES {
            hub.create_device(&admin, id).await.expect("free");
            for _ in 0..3 {
                say(&hub, id, "level", &secret(id)).await;
            }
            say(&hub, id, "long", &format!("{} {}", secret(id), "x".repeat(40_000))).await;
            say(&hub, id, "long", &format!("{} {}", secret(id), "y".repeat(40_000))).await;
        }
        // From here on all of them sleep, and what they said is in the store alone.
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
        let hub = open();
        let site = Arc::new(Site::new(hub.clone(), "127.0.0.1:80".parse().expect("an address")));
        let router = router(site.clone(), Router::new());
        let shown = Shown { person: String::new(), most: Scopes::all(), is_revoked: true };
        let (model, dice) = (Model::default(), Dice(seed));
        let (token, people, is_spoilt) = (String::new(), 0, true);
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("its own token");
        let mut panel = Driven::open(&hub, Some(&admin));
        panel.say(serde_json::json!({ "watch": DEVICES }));
        tell(&mut panel).await;
        Self { hook, panel, hub, site, router, model, dice, shown, token, people, is_spoilt }
    }

    /// Somebody else acts from here on, with rights of their own and a token or a login.
    pub(super) fn anew(&mut self) {
        let before = std::mem::take(&mut self.shown.person);
        self.hub.auth().remove_person(&before);
        self.model.remove_person(&before);
        self.people += 1;
        let name = format!("person-{}", self.people);
        let groups = if self.dice.one_in(2) { vec!["crew".to_owned()] } else { Vec::new() };
        let rules = self.dice.rules();
        self.put_group();
        self.put_person(&name, Account { groups, rules });
        let grant = self.hub.auth().of_person(&name).expect("just made");
        let most = match self.dice.below(4) {
            0 => Scopes::of(&[Scope::View]),
            1 => Scopes::of(&[Scope::View, Scope::Command]),
            _ => Scopes::all(),
        };
        let issued = self.hub.auth().issue_token(&grant.with_scopes(most), self.hub.now().wall);
        self.token = issued.token.into_text();
        // What the person may not yet, the token never will.
        self.shown = Shown { person: name, most: issued.scopes, is_revoked: false };
        self.is_spoilt = false;
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// What a panel of this person is opened with; nothing where the hub lets them open none.
    pub(super) fn grant(&self) -> Option<crate::auth::Grant> {
        self.hub.auth().bearer(&self.token, self.hub.now().wall).filter(|grant| grant.may(Scope::View))
    }

    pub(super) fn change(&mut self) -> Change {
        match self.dice.below(8) {
            0 => Change::Rules,
            1 => Change::Nobody,
            2 => Change::Group,
            3 => Change::GroupGone,
            4 => Change::PersonGone,
            5 => Change::Revoked,
            6 => Change::Everything,
            _ => Change::Nothing,
        }
    }

    /// In the hub and in the model.
    pub(super) fn apply(&mut self, change: Change) {
        self.is_spoilt |= change != Change::Nothing;
        let name = self.shown.person.clone();
        let account = self.model.account(&name).cloned().unwrap_or_default();
        match change {
            Change::Nothing => {}
            Change::Rules => {
                let rules = self.dice.rules();
                self.put_person(&name, Account { rules, ..account });
            }
            Change::Nobody => self.put_person(&name, Account::default()),
            Change::Group => self.put_group(),
            Change::GroupGone => {
                self.hub.auth().remove_group("crew");
                self.model.remove_group("crew");
            }
            Change::PersonGone => {
                self.hub.auth().remove_person(&name);
                self.model.remove_person(&name);
            }
            Change::Revoked => {
                assert!(self.hub.auth().revoke(&self.token) || self.shown.is_revoked);
                self.shown.is_revoked = true;
            }
            Change::Everything => {
                let all = Rule { scopes: Scopes::of(&[Scope::Admin]), ..Rule::default() };
                self.put_person(&name, Account { rules: vec![all], ..account });
            }
        }
    }

    /// The person loses everything as soon as a component is rendered.
    pub(super) fn hook_withdrawal(&self) {
        let (hub, name) = (self.hub.clone(), self.shown.person.clone());
        let withdraw = move || {
            let (password, groups, rules) = ("none".into(), Vec::new(), Vec::new());
            hub.auth().put_person(&name, Person { password, groups, rules, created: 0, password_set: 0 });
        };
        *self.hook.lock().expect("nobody panics with it") = Some(Box::new(withdraw));
    }

    /// Whether it has not happened.
    pub(super) fn unhook(&self) -> bool {
        self.hook.lock().expect("nobody panics with it").take().is_some()
    }

    fn put_group(&mut self) {
        let rules = self.dice.rules();
        self.model.put_group("crew", rules.clone());
        self.hub.auth().put_group("crew", Group { rules });
    }

    fn put_person(&mut self, name: &str, account: Account) {
        self.model.put_person(name, account.clone());
        let groups = account.groups.iter().map(|group| group.as_str().into()).collect();
        let (password, rules) = ("none".into(), account.rules);
        self.hub.auth().put_person(name, Person { password, groups, rules, created: 0, password_set: 0 });
    }

    pub(super) fn may_see(&self, id: &str) -> bool {
        self.model.device(&self.shown, Scope::View, id)
    }

    pub(super) fn may_command(&self, id: &str) -> bool {
        self.model.device(&self.shown, Scope::Command, id)
    }

    /// Where the newest command of this id stands, whoever asked for it.
    pub(super) fn command_state(&self, device: &str, id: &str) -> Option<(String, String)> {
        let admin = self.hub.auth().administrator(self.hub.auth().admin_token()).expect("its own token");
        let rows = self.hub.newest_commands(&admin.sight(device)?, Vec::new(), 10_000);
        let row = rows.into_iter().find(|row| &*row.id == id)?;
        Some((row.state.into(), row.reason.map(Into::into).unwrap_or_default()))
    }

    /// Takes it back, so that no queue fills up.
    pub(super) fn clean_up(&self, device: &str, id: &str) {
        let Some(cell) = self.hub.registry.by_id(device) else { return };
        let (now, by) = (self.hub.now(), self.shown.person.clone());
        self.hub.with(&cell, |inner, effects| inner.device.cancel(now, &by, id, effects));
    }
}

/// The device says something by HTTP.
pub(super) async fn say(hub: &Arc<Hub>, device: &str, channel: &str, text: &str) {
    let value = RawValue::from_string(serde_json::json!(text).to_string()).expect("JSON");
    let samples = vec![Sample { channel: channel.into(), value }];
    hub.take_samples(device, Samples { seq: None, ts: None, samples, outbox: None })
        .await
        .expect("taken over");
}

fn write_views(folder: &Path) {
    let views = folder.join("views");
    std::fs::create_dir_all(&views).expect("the folder is ours");
    for view in VIEWS {
        let parts: String = DEVICES
            .iter()
            .map(|id| format!("[[component]]\nkind = \"value\"\ndevice = \"{id}\"\nchannel = \"level\"\n"))
            .collect();
        let text = format!("title = \"{}\"\n{parts}", title(view));
        std::fs::write(views.join(format!("{view}.toml")), text).expect("the folder is ours");
    }
}
