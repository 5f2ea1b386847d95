//! The hub that is attacked: the real program, on free ports of this machine, in a folder of its own, with TLS, devices and a person.

use super::client::{Client, metric};
use super::guests::{DEVICES, Guests};
use super::programs::ending_with_us;
use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start, to have heard its devices, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Answers that are a fault of the hub.
const FAULTS: &str = "glassline_http_responses_total{class=\"5xx\"}";
const CONFIGURATION: &str = "[https]\naddress = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\n\
                             [tls]\nlines = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
/// A certificate for this machine.
const CERTIFICATE: &[&str] = &[
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "30",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-keyout",
    "k.pem",
    "-out",
    "c.pem",
];

/// It, until this is dropped.
pub(super) struct Target {
    hub: Child,
    /// Where its program is, and what else was built.
    built: PathBuf,
    folder: PathBuf,
    ready: Value,
    _guests: Guests,
}

impl Target {
    /// Starts the `glassline` that is in `built`, in `folder`, which is empty.
    pub(super) fn start(built: &Path, folder: &Path) -> anyhow::Result<Self> {
        fs::write(folder.join("glassline.toml"), CONFIGURATION)?;
        let made =
            Command::new("openssl").args(CERTIFICATE).current_dir(folder).stderr(Stdio::null()).status();
        if !made.context("openssl is needed for a certificate")?.success() {
            bail!("openssl makes no certificate");
        }
        let said = File::create(folder.join("hub.txt"))?;
        let glassline = built.join("glassline");
        let hub = ending_with_us(&glassline)
            .args(["serve", "--config", "glassline.toml", "--state", "state", "--ready", "ready.json"])
            .args(["--http", "127.0.0.1:0", "--lines", "127.0.0.1:0"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("{} cannot be started", glassline.display()))?;
        // From here on it is ended, whatever happens.
        let mut hub = Started(Some(hub));
        let ready =
            wait_for(|| Ok(fs::read(folder.join("ready.json")).ok())).context("the hub is not ready")?;
        let ready: Value = serde_json::from_slice(&ready)?;
        let text = |key: &str| ready[key].as_str().unwrap_or_default();
        let guests = Guests::come(text("lines"), text("join"));
        let hub = hub.0.take().context("it was just started")?;
        let target = Self { hub, built: built.to_owned(), folder: folder.to_owned(), ready, _guests: guests };
        target.furnish()?;
        Ok(target)
    }

    /// What there is to be found: devices that have said something, a view, a person.
    fn furnish(&self) -> anyhow::Result<()> {
        let mut client = self.client();
        for device in DEVICES {
            wait_for(|| Ok((client.get(&format!("/api/devices/{device}"))?.status == 200).then_some(())))
                .with_context(|| format!("{device} is not there"))?;
        }
        let person = json!({ "password": "correct horse battery" });
        for (method, path, body) in
            [("POST", "/api/devices/boiler-7/view", json!({})), ("PUT", "/api/people/ada", person)]
        {
            let answer = client.ask(method, path, Some(&body))?;
            if answer.status >= 300 {
                bail!("{method} {path} is answered with {}: {}", answer.status, answer.body);
            }
        }
        Ok(())
    }

    /// A text of the ready file.
    pub(super) fn of_ready(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_default()
    }

    /// `host:port` of what is said in the ready file, with a scheme or without.
    pub(super) fn address(&self, key: &str) -> &str {
        let text = self.of_ready(key);
        text.split_once("://").map_or(text, |(_, address)| address)
    }

    /// The folder in which it runs, and in which tools leave what they write.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Another program that was built with it.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.built.join(name)
    }

    pub(super) fn pid(&self) -> u32 {
        self.hub.id()
    }

    /// One who has shown who it is.
    pub(super) fn client(&self) -> Client {
        Client::new(self.address("http"), self.of_ready("token"))
    }

    /// What is wrong with it, after all that it went through. It is stopped.
    pub(super) fn end(mut self) -> Vec<String> {
        let mut findings = Vec::new();
        if let Err(error) = self.answers(&mut findings) {
            findings.push(format!("the hub does not answer any more: {error:#}"));
        }
        match self.stop() {
            Ok(Some(0)) => {}
            Ok(code) => findings.push(format!("the hub ended with {code:?}")),
            Err(error) => findings.push(format!("the hub does not stop: {error:#}")),
        }
        findings.extend(wrong_in_log(&fs::read_to_string(self.folder.join("hub.txt")).unwrap_or_default()));
        findings
    }

    fn answers(&self, findings: &mut Vec<String>) -> anyhow::Result<()> {
        let mut client = self.client();
        for path in ["/healthz", "/readyz", "/", "/api/devices"] {
            let status = client.get(path)?.status;
            if status != 200 {
                findings.push(format!("the hub answers {path} with {status}"));
            }
        }
        match metric(&client.get("/metrics")?.body, FAULTS).context("the hub counts no answers")? {
            0 => {}
            faults => findings.push(format!("the hub gave {faults} answers 5xx")),
        }
        Ok(())
    }

    /// Asks it to stop; the code with which it ends.
    fn stop(&mut self) -> anyhow::Result<Option<i32>> {
        let pid = self.hub.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status()?;
        Ok(wait_for(|| Ok(self.hub.try_wait()?))?.code())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: it is gone already, or it goes now.
        let _ = self.hub.kill();
        let _ = self.hub.wait();
    }
}

/// A hub that is not ready yet.
struct Started(Option<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(hub) = &mut self.0 {
            let _ = hub.kill();
            let _ = hub.wait();
        }
    }
}

/// Waits until there is what is looked for.
pub(super) fn wait_for<T>(mut found: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found()? {
            return Ok(found);
        }
        if Instant::now() > until {
            bail!("not after {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Lines of the log that a hub never writes, whatever it is sent.
fn wrong_in_log(log: &str) -> Vec<String> {
    let is_wrong = |line: &&str| line.contains("panicked") || line.contains(" ERROR ");
    log.lines().filter(is_wrong).map(|line| format!("the hub says: {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_errors_stand_out_in_the_log() {
        let log = "2026-11-24T02:18:02Z  WARN glassline: few files\n\
                   thread 'main' panicked at crates/hub/src/x.rs:1:1:\n\
                   2026-11-24T02:18:02Z ERROR hub::store: the disk is full\n";
        assert_eq!(wrong_in_log(log).len(), 2);
    }
}
