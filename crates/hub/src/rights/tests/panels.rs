//! Cases on a panel: it is opened, asks for something, and something is withdrawn before it asks, before its frame is made, or
//! while it watches.

use super::world::{Change, DEVICES, World, say, secret};
use crate::auth::Scope;
use crate::panel::tests::{Driven, Said};

/// When something is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Never,
    /// It is open and has said nothing.
    Before,
    /// It was heard, and has not been answered.
    Between,
    /// It has been answered and watches.
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Watch,
    /// From behind the first message: the rest is read from the store.
    Resume,
    Ledger,
    List,
    Command,
}

/// All that a panel said, and its close code.
#[derive(Default, Debug)]
pub(super) struct Told {
    text: String,
    closed: Option<u16>,
}

impl World {
    pub(super) async fn panel(&mut self, number: usize) {
        let Some(grant) = self.grant() else {
            let may = self.model.anything(&self.shown, Scope::View);
            assert!(!may, "case {number}: {} opens a panel", self.shown.person);
            return;
        };
        let mut panel = Driven::open(&self.hub, Some(&grant));
        tell(&mut panel).await;
        let device = self.dice.of(&DEVICES);
        let asks = [Asks::Watch, Asks::Watch, Asks::Resume, Asks::Ledger, Asks::List, Asks::Command]
            [self.dice.below(6)];
        let moment = [Moment::Never, Moment::Before, Moment::Between, Moment::Later][self.dice.below(4)];
        let change = if moment == Moment::Never { Change::Nothing } else { self.change() };
        let id = format!("p{number}");
        let message = self.message(asks, device, &id);
        if moment == Moment::Before {
            self.apply(change);
        }
        let commands = self.may_command(device) && self.goes_on();
        panel.say(message);
        if moment == Moment::Between {
            self.apply(change);
        }
        let case = format!("case {number}: {asks:?} {device}, {change:?} {moment:?}");
        let told = tell(&mut panel).await;
        self.check(&told, asks, &case);
        self.check_due(&told, asks, device, &case);
        if moment == Moment::Later {
            let could = self.may_see(device);
            self.apply(change);
            let later = self.goes_on_with(&mut panel, asks, device, number, &case).await;
            let watches = matches!(asks, Asks::Watch | Asks::Resume);
            if watches && self.goes_on() {
                let may = self.may_see(device);
                let is_gone = later.text.contains(&format!(r#"{{"removed":"{device}"}}"#));
                assert_eq!(is_gone, could && !may, "it looks removed: {case}: {later:?}");
                let is_shown = later.text.contains(&secret(device));
                assert_eq!(is_shown, may, "what is said later: {case}: {later:?}");
            }
        }
        if asks == Asks::Command {
            let stands = self.command_state(device, &id);
            let is_taken = stands.as_ref().is_some_and(|(state, _)| state == "queued");
            assert!(commands || !is_taken, "it is no command of theirs, {stands:?}: {case}");
            let is_due = commands && self.may_command(device) && self.goes_on();
            assert!(!is_due || is_taken, "it is a command of theirs, {stands:?}: {case}");
            self.clean_up(device, &id);
        }
    }

    fn goes_on(&self) -> bool {
        self.model.anything(&self.shown, Scope::View)
    }

    fn message(&self, asks: Asks, device: &str, id: &str) -> serde_json::Value {
        match asks {
            Asks::Watch => serde_json::json!({ "watch": [device] }),
            Asks::Resume => {
                serde_json::json!({ "watch": [device], "log": self.hub.log(), "after": { device: 1 } })
            }
            Asks::Ledger => serde_json::json!({ "ledger": device }),
            Asks::List => serde_json::json!({ "watch_devices": true }),
            Asks::Command => serde_json::json!({
                "command": id, "device": device, "channel": "valve", "value": 1, "intent": "queue", "ttl": 60_000
            }),
        }
    }

    /// Nothing that may not be seen now is told now.
    fn check(&self, told: &Told, asks: Asks, case: &str) {
        for id in DEVICES {
            let is_told = told.text.contains(&secret(id))
                || told.text.contains(&format!(r#""device":"{id}","ledger""#))
                || asks == Asks::List
                    && [format!(r#""id":"{id}""#), format!(r#""device":"{id}","presence""#)]
                        .iter()
                        .any(|name| told.text.contains(name));
            assert!(!is_told || self.may_see(id), "{id} may not be seen: {case}: {told:?}");
            let is_named = told.text.contains(&format!(r#""device":"{id}","may""#));
            let may = self.may_see(id) || self.may_command(id);
            assert!(!is_named || may, "nothing may be known of {id}: {case}: {told:?}");
        }
        assert_eq!(told.closed, (!self.goes_on()).then_some(4401), "{case}: {told:?}");
        assert!(told.closed.is_none() || told.text.is_empty(), "nothing is said any more: {case}: {told:?}");
    }

    /// What may be seen is told.
    fn check_due(&self, told: &Told, asks: Asks, device: &str, case: &str) {
        if self.goes_on() && matches!(asks, Asks::Watch | Asks::Resume) {
            let is_known = told.text.contains(&secret(device));
            assert_eq!(is_known, self.may_see(device), "{case}: {told:?}");
        }
        if self.goes_on() && asks == Asks::List {
            for id in DEVICES {
                let is_listed = told.text.contains(&format!(r#""id":"{id}""#))
                    || told.text.contains(&format!(r#""device":"{id}""#));
                assert_eq!(is_listed, self.may_see(id), "{id}: {case}: {told:?}");
            }
        }
    }

    /// The devices go on; this is what of it comes.
    async fn goes_on_with(
        &mut self,
        panel: &mut Driven,
        asks: Asks,
        device: &str,
        number: usize,
        case: &str,
    ) -> Told {
        say(&self.hub, device, "live", &format!("{} {number}", secret(device))).await;
        if asks == Asks::List {
            let admin = self.hub.auth().administrator(self.hub.auth().admin_token()).expect("its own token");
            let name = format!("name {number}");
            self.hub.call_device(&admin, device, Some(&name), None).await.expect("it is there");
        }
        let told = tell(panel).await;
        self.check(&told, asks, case);
        told
    }
}

/// What the panel says until it has everything, or is closed.
pub(super) async fn tell(panel: &mut Driven) -> Told {
    let mut told = Told::default();
    loop {
        let frames = panel.frames();
        if frames.is_empty() && panel.waits() {
            panel.woken.recv().await.expect("it is woken");
            continue;
        }
        if frames.is_empty() {
            return told;
        }
        for frame in frames {
            match frame {
                Said::Text(text) => told.text += &text,
                Said::Close(code) => told.closed = Some(code),
                Said::Pong(_) => {}
            }
        }
        if told.closed.is_some() {
            return told;
        }
    }
}
