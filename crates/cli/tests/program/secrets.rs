//! No secret is written down: each kind of credential is made, used, mistyped and taken back while everything is logged, and
//! then looked for in all that the hub said and wrote.

use crate::rig::{Answer, Canaries, Hub, Program, ask};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

const PASSWORD: &str = "canary-8Yq2-the-password";
const LATER: &str = "canary-5Kd7-the-later-password";
const MISTYPED: &str = "canary-1Zr4-a-mistyped-password";
const AS_NAME: &str = "canary-6tw9-a-password-as-name";
const UNKNOWN: &str = "gl_canary3Hn8UnknownTokenOfSomebody0000";

/// A hub and the secrets that were seen of it.
struct Seen {
    hub: Hub,
    canaries: Canaries,
}

impl Seen {
    fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.hub.of_ready("token"));
        ask(self.hub.address(), method, path, &[("Authorization", &authorization)], &body.to_string())
    }

    /// Makes something and remembers the token that is shown of it.
    fn token(&mut self, what: &str, path: &str, body: &Value) -> String {
        let answer = self.api("POST", path, body);
        let token =
            answer.json()["token"].as_str().unwrap_or_else(|| panic!("{path}: {answer:?}")).to_owned();
        self.canaries.add(what, &token);
        token
    }

    fn basic(&self, name: &str, password: &str) -> Answer {
        let authorization = format!("Basic {}", BASE64.encode(format!("{name}:{password}")));
        ask(self.hub.address(), "POST", "/api/token", &[("Authorization", &authorization)], "")
    }

    fn cookie(&mut self, what: &str, answer: &Answer) {
        let cookie = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.trim().to_owned())
        });
        let cookie = cookie.unwrap_or_else(|| panic!("{what}: {answer:?}"));
        let value = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie").1;
        self.canaries.add(what, value);
    }
}

fn people(seen: &mut Seen) {
    for (what, secret) in [
        ("a password", PASSWORD),
        ("a later password", LATER),
        ("a mistyped password", MISTYPED),
        ("a password in the field of the name", AS_NAME),
        ("an unknown token", UNKNOWN),
    ] {
        seen.canaries.add(what, secret);
    }
    let rules = json!([{ "scopes": ["view", "command", "admin"], "devices": ["*"], "views": ["*"] }]);
    let made = seen.api("PUT", "/api/people/ada", &json!({ "password": PASSWORD, "rules": rules }));
    assert!(made.status < 300, "{made:?}");
    let answer = seen.basic("ada", PASSWORD);
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    seen.canaries.add("a token of the API", &token);
    assert_eq!(seen.basic("ada", MISTYPED).status, 401);
    assert_ne!(seen.basic(AS_NAME, MISTYPED).status, 200);
    let bearer = format!("Bearer {token}");
    let ticket = ask(seen.hub.address(), "POST", "/api/ticket", &[("Authorization", &bearer)], "");
    let ticket = ticket.json()["ticket"].as_str().expect("a ticket").to_owned();
    seen.canaries.add("a ticket", &ticket);
    let unknown = format!("Bearer {UNKNOWN}");
    assert_eq!(
        ask(seen.hub.address(), "GET", "/api/devices", &[("Authorization", &unknown)], "").status,
        401
    );
    // What is put into a URL by mistake is in the log of nobody here.
    let in_url = format!("/api/devices?token={UNKNOWN}&access_token={token}");
    assert_eq!(ask(seen.hub.address(), "GET", &in_url, &[], "").status, 401);
    let changed = seen.api("PUT", "/api/people/ada", &json!({ "password": LATER }));
    assert!(changed.status < 300, "{changed:?}");
}

fn logins(seen: &mut Seen) {
    let link = seen.hub.of_ready("link").split("/login/").nth(1).expect("a login link");
    let code = link.split('?').next().expect("a code").to_owned();
    seen.canaries.add("the code of a login link", &code);
    let opened = ask(seen.hub.address(), "GET", &format!("/login/{code}"), &[], "");
    seen.cookie("a login by a link", &opened);
    let again = ask(seen.hub.address(), "GET", &format!("/login/{code}"), &[], "");
    assert_eq!(again.status, 401, "{again:?}");
    let origin = seen.hub.of_ready("http").to_owned();
    let form = [("Origin", &*origin), ("Content-Type", "application/x-www-form-urlencoded")];
    let entered = ask(seen.hub.address(), "POST", "/login", &form, &format!("name=ada&password={LATER}"));
    seen.cookie("a login by a password", &entered);
    let refused = ask(seen.hub.address(), "POST", "/login", &form, &format!("token={UNKNOWN}"));
    assert_eq!(refused.status, 401, "{refused:?}");
}

fn devices(seen: &mut Seen) {
    let first = seen.token("a device's token", "/api/devices", &json!({ "id": "boiler-7" }));
    let mut device = seen.hub.connect();
    device.says(&format!(r#"{{"identify":"boiler-7","token":"{first}"}}"#));
    device.hears("welcome");
    seen.token("a device's later token", "/api/devices/boiler-7/token", &json!({}));
    for line in [
        format!(r#"{{"identify":"boiler-7","token":"{UNKNOWN}"}}"#),
        // Not even what cannot be read is written down as it came.
        format!(r#"{{"identify":"boiler-7","token":"{UNKNOWN}",}}"#),
        format!(r#"{{"identify":"boiler-7",,"token":"{first}""#),
    ] {
        let mut stranger = seen.hub.connect();
        stranger.says(&line);
        stranger.rest();
    }
    let join = seen.token("a join token", "/api/join-tokens", &json!({ "devices": 2 }));
    let mut joined = seen.hub.connect();
    joined.says(&format!(r#"{{"identify":"pump-1","token":"{join}","nonce":1,"boot":true}}"#));
    if let Some(own) = joined.hears("welcome")["token"].as_str() {
        seen.canaries.add("the token that a device was given", own);
    }
    joined.says(r#"{"seq":1,"level":4}"#);
    joined.acked(1);
    seen.token("a gateway's token", "/api/gateways", &json!({ "id": "barn" }));
    seen.token("a gateway's later token", "/api/gateways/barn/token", &json!({}));
}

#[test]
fn no_secret_is_in_a_log_or_on_the_disk_however_it_was_used() {
    let home = tempfile::tempdir().expect("a folder");
    let hub = Hub::begin(home, &["serve", "--log", "trace"]);
    let mut seen = Seen { hub, canaries: Canaries::default() };
    for key in ["token", "join"] {
        let secret = seen.hub.of_ready(key).to_owned();
        seen.canaries.add(&format!("the {key} token of this run"), &secret);
    }
    people(&mut seen);
    logins(&mut seen);
    devices(&mut seen);
    let Seen { hub, canaries } = seen;
    let kept = ["run.json", "ready.json"];
    let mut found = canaries.found_in_folder(hub.home(), &kept);
    let audit = hub.command(&["audit", "--json", "--since", "1h"]);
    assert!(audit.code == Some(0) && audit.said.contains("login_failed"), "{audit:?}");
    found.extend(canaries.found_in("the audit", audit.said.as_bytes()));
    let backup = Program::run(hub.home(), &["backup", "--state", "state", "--to", "copy.db"]);
    assert_eq!(backup.code, Some(0), "{backup:?}");
    let metrics = hub.get("/metrics").body;
    found.extend(canaries.found_in("the metrics", metrics.as_bytes()));
    let (ended, home) = hub.stop("TERM");
    assert!(ended.complained.contains("DEBUG"), "everything is logged");
    found.extend(canaries.found_in("the log", ended.complained.as_bytes()));
    found.extend(canaries.found_in_folder(home.path(), &kept));
    assert!(found.is_empty(), "{found:#?}");
}
