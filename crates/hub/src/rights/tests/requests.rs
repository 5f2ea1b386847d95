//! Cases over HTTP: one request each, with something withdrawn before it, while it is being answered, or not at all.

use super::world::{Change, DEVICES, VIEWS, World, secret, title};
use crate::auth::Scope;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower_service::Service as _;

/// When something is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Never,
    Before,
    /// It was asked for, and is not delivered.
    Between,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What stands in the answer is of this device alone.
    Device,
    /// Of all that may be seen.
    All,
    /// A view shows devices that its text names, those that may be seen.
    View,
    Command,
    Cancel,
    /// It changes the view.
    Save,
    /// It changes the device: only administrators may.
    Change,
}

struct Asked {
    kind: Kind,
    method: &'static str,
    path: String,
    body: String,
    device: &'static str,
    view: &'static str,
    command: String,
}

/// What came.
struct Answer {
    status: StatusCode,
    text: String,
    /// It was made before what was withdrawn meanwhile.
    is_earlier: bool,
}

impl World {
    pub(super) async fn request(&mut self, number: usize) {
        let moment = [Moment::Never, Moment::Before, Moment::Between][self.dice.below(3)];
        let change = if moment == Moment::Never { Change::Nothing } else { self.change() };
        let asked = self.asked(number);
        if moment == Moment::Before {
            self.apply(change);
        }
        let before = self.known(&asked);
        let during = if moment == Moment::Between { change } else { Change::Nothing };
        let answer = self.ask(&asked, during).await;
        let after = self.known(&asked);
        let case = || {
            let (shown, what) = (&self.shown, format!("{} {} {}", asked.method, asked.path, asked.body));
            let of = self.model.account(&shown.person).map(|account| (&account.groups, &account.rules));
            format!(
                "case {number}: {} {:?} (revoked: {}) of {of:?} asks {what}; {change:?} {moment:?}: {} {}",
                shown.person,
                shown.most.words(),
                shown.is_revoked,
                answer.status,
                cut(&answer.text)
            )
        };
        let counts = if answer.is_earlier { &before } else { &after };
        for (id, may) in &counts.devices {
            let is_told = answer.text.contains(&secret(id))
                || asked.kind == Kind::All
                    && [format!("\"{id}\""), format!("/devices/{id}\"")]
                        .iter()
                        .any(|name| answer.text.contains(name));
            assert!(*may || !is_told, "{id} may not be seen: {}", case());
            // Nothing is kept back either, where nothing was withdrawn.
            let is_due = change == Change::Nothing && asked.kind == Kind::Device && asked.device == *id;
            assert!(!(is_due && *may) || is_told, "{id} may be seen: {}", case());
            if is_due && !may {
                assert!(hides(&answer, id), "it looks as if there were no {id}: {}", case());
            }
        }
        for (view, may) in &counts.views {
            assert!(*may || !answer.text.contains(&title(view)), "{view} may not be seen: {}", case());
        }
        // A refusal of the device's own kind would tell that it is there.
        let drives = asked.kind == Kind::Command || asked.method == "DELETE";
        assert!(!drives || before.commands || !answer.status.is_success(), "it is not theirs: {}", case());
        match asked.kind {
            Kind::Command => {
                let stands = self.command_state(asked.device, &asked.command);
                let is_taken = stands.as_ref().is_some_and(|(state, _)| state == "queued");
                assert!(before.commands || !is_taken, "it is no command of theirs: {}", case());
                let is_due = before.commands && after.commands;
                assert!(!is_due || is_taken, "it is a command of theirs, {stands:?}: {}", case());
                // What waits is taken back when it is withdrawn.
                let still = after.commands;
                self.hub.withdraw_commands();
                let swept = self.command_state(asked.device, &asked.command);
                let waits = swept.as_ref().is_some_and(|(state, _)| state == "queued");
                assert_eq!(waits, is_taken && still, "{swept:?}: {}", case());
                self.clean_up(asked.device, &asked.command);
            }
            Kind::Save => {
                // Where there is a view of that name, that it is not written over is told to those alone who may change it.
                let saved = [StatusCode::SEE_OTHER, StatusCode::CREATED, StatusCode::CONFLICT];
                let is_saved = saved.contains(&answer.status);
                assert!(!is_saved || after.edits, "the view is not theirs: {}", case());
            }
            Kind::Change => {
                let is_changed = answer.status.is_success();
                assert!(!is_changed || before.is_admin, "they are no administrator: {}", case());
            }
            Kind::Device | Kind::All | Kind::View | Kind::Cancel => {}
        }
    }

    fn asked(&mut self, number: usize) -> Asked {
        let (device, view) = (self.dice.of(&DEVICES), self.dice.of(&VIEWS));
        let command = format!("c{number}");
        let of_command = format!(
            r#"{{"command":"{command}","channel":"valve","value":{number},"intent":"queue","ttl":60000}}"#
        );
        let of = |rest: &str| format!("/api/devices/{device}{rest}");
        // Pages take by far the most time.
        let ask = match self.dice.below(24) {
            6 | 8..=11 | 23 if !self.dice.one_in(6) => self.dice.below(6),
            ask => ask,
        };
        let (kind, method, path, body) = match ask {
            0 => (Kind::Device, "GET", of(""), String::new()),
            1 => (Kind::Device, "GET", of("/channels/level/history?points=9"), String::new()),
            2 => (Kind::Device, "GET", of("/channels/level/spells"), String::new()),
            3 => (Kind::Device, "GET", of("/channels/level/samples"), String::new()),
            4 | 5 => (Kind::Device, "GET", of("/channels/long/samples?format=csv"), String::new()),
            6 => (Kind::Device, "GET", format!("/devices/{device}"), String::new()),
            7 => (Kind::All, "GET", of("/commands"), String::new()),
            8 => (Kind::View, "GET", format!("/views/{view}"), String::new()),
            9 => (Kind::All, "GET", "/".into(), String::new()),
            10 => (Kind::All, "GET", "/status".into(), String::new()),
            11 => (Kind::All, "GET", "/gateways".into(), String::new()),
            12 => (Kind::All, "GET", "/api/devices".into(), String::new()),
            13 => (Kind::All, "GET", "/api/panels".into(), String::new()),
            14 => (Kind::All, "GET", "/api/gateways".into(), String::new()),
            15 => (Kind::All, "GET", of("/view"), String::new()),
            16..=18 => (Kind::Command, "POST", of("/commands"), of_command),
            19 => (Kind::Cancel, "DELETE", of("/commands/none"), String::new()),
            20 => (Kind::Save, "POST", of("/view"), format!(r#"{{"name":"{view}"}}"#)),
            21 => (Kind::Save, "POST", format!("/devices/{device}/eject"), String::new()),
            22 => (Kind::Change, "PATCH", of(""), r#"{"labels":[]}"#.into()),
            _ => (Kind::All, "GET", "/components".into(), String::new()),
        };
        // A list of commands names its device in its path, as does the text of a view.
        let kind = if path.ends_with("/commands") && kind == Kind::All { Kind::Cancel } else { kind };
        let kind = if path.ends_with("/view") && kind == Kind::All { Kind::Cancel } else { kind };
        let view = if path.ends_with("/eject") { device } else { view };
        Asked { kind, method, path, body, device, view, command }
    }

    /// Asks, and has `during` happen as soon as the request has been looked at and waits to be answered.
    async fn ask(&mut self, asked: &Asked, during: Change) -> Answer {
        let request = Request::builder().method(asked.method).uri(&asked.path).header("host", "127.0.0.1:80");
        let request = request.header("authorization", self.bearer()).header("accept", "text/html");
        let here: SocketAddr = "127.0.0.1:4711".parse().expect("an address");
        let request = request.extension(ConnectInfo(here));
        let request = request.body(Body::from(asked.body.clone())).expect("a request");
        // Half of the views lose it while they are being made, after their first component.
        let inside = asked.kind == Kind::View && during != Change::Nothing && self.dice.one_in(2);
        let held = match during {
            Change::Nothing => None,
            _ if inside => None,
            _ => Some(self.site.hold_reads().await),
        };
        let mut router = self.router.clone();
        let mut answering = pin!(router.call(request));
        let first = match held.is_some() {
            true => answering.as_mut().poll(&mut Context::from_waker(Waker::noop())),
            false => Poll::Pending,
        };
        match inside {
            true => self.hook_withdrawal(),
            false => self.apply(during),
        }
        drop(held);
        let (response, was_ready) = match first {
            Poll::Ready(response) => (response, true),
            Poll::Pending => (answering.await, false),
        };
        let Ok(response) = response;
        let status = response.status();
        let mut body = response.into_body();
        let is_earlier = was_ready && axum::body::HttpBody::size_hint(&body).exact().is_some();
        let mut bytes = Vec::new();
        // What breaks off has an end too.
        while let Some(Ok(frame)) = body.frame().await {
            bytes.extend(frame.into_data().unwrap_or_default());
        }
        let is_earlier = is_earlier || inside && self.unhook();
        if inside {
            self.apply(Change::Nobody);
        }
        Answer { status, text: String::from_utf8_lossy(&bytes).into_owned(), is_earlier }
    }

    fn known(&self, asked: &Asked) -> Known {
        let views = VIEWS.map(|view| (view, self.model.view(&self.shown, Scope::View, view)));
        Known {
            devices: DEVICES.map(|id| (id, self.may_see(id))),
            views,
            commands: self.may_command(asked.device),
            edits: self.model.view(&self.shown, Scope::Edit, asked.view) && self.may_see(asked.device),
            is_admin: self.model.anything(&self.shown, Scope::Admin),
        }
    }
}

/// What the model says at one moment.
struct Known {
    devices: [(&'static str, bool); DEVICES.len()],
    views: [(&'static str, bool); VIEWS.len()],
    commands: bool,
    edits: bool,
    is_admin: bool,
}

/// Whether the answer is the one of a device that is not there, or of somebody who may nothing of the kind at all.
fn hides(answer: &Answer, id: &str) -> bool {
    let is_missing = answer.status == StatusCode::NOT_FOUND
        && (answer.text.contains(&format!("There is no device “{id}”.")) || answer.text.contains("<html"));
    is_missing || [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&answer.status)
}

fn cut(text: &str) -> &str {
    protocol::message::cut(text, 2_000)
}
