//! Plays one script: a device of this library, a hub that says what the script says, and a clock that stands still but
//! where the script lets time pass.
//!
//! Handlers of this library are called one after another. So a command that the script lets begin while another one is not
//! answered begins when that one is.

mod hub;

use crate::message;
use crate::script::{self, Step, What};
use glassline_client::{Device, Settings};
use hub::Hub;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// A line that no device knows.
const ANSWERED: &str = r#"{"$answered":true}"#;

/// Turns that everything which is ready gets before silence counts as silence.
const TURNS: usize = 60;

/// Plays `script`; panics with its line where it does not hold.
pub(crate) fn play(script: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    // As long as something blocks, the clock does not go on by itself.
    let (end, ended) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || ended.recv());
    runtime.block_on(async {
        let mut film = Film::new();
        for Step { line, what } in script::steps(script) {
            let together = std::mem::replace(&mut film.line, line) == line;
            match what {
                What::Device(words) => film.expect_said(words).await,
                What::Hub(words) => film.hub_says(words).await,
                What::Happens(happening) => {
                    if !together {
                        film.expect_silence().await;
                    }
                    film.happens(happening).await;
                }
            }
        }
        film.expect_silence().await;
        film.expect_nothing_begun();
        // Handlers that wait for an answer go with it.
        drop(film);
        drop(end);
    });
    runtime.shutdown_background();
}

struct Film {
    line: usize,
    settings: Settings,
    id: Option<String>,
    outbox: Option<TempDir>,
    /// The outbox as of the last `sync`.
    synced: Option<TempDir>,
    messages_max: usize,
    device: Option<Device>,
    hub: Hub,
    nonces: BTreeMap<u64, u64>,
    /// Commands that the script let begin and whose handler was not seen yet.
    due: VecDeque<u64>,
    begun: Option<mpsc::Receiver<()>>,
    answers: Option<mpsc::Sender<Result<(), String>>>,
    /// What the program is told that the hub says.
    told: Option<mpsc::Receiver<String>>,
    /// The command whose handler waits.
    running: Option<u64>,
}

impl Film {
    fn new() -> Self {
        let hub = Hub::new();
        Self {
            line: 0,
            settings: Settings::new(&hub.address(), "pump-1", "").expect("settings").counting_nonces_from(0),
            id: Some("pump-1".to_owned()),
            outbox: None,
            synced: None,
            messages_max: 4096,
            device: None,
            hub,
            nonces: BTreeMap::new(),
            due: VecDeque::new(),
            begun: None,
            answers: None,
            told: None,
            running: None,
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("line {} of the script: {what}", self.line)
    }

    /// The device, which begins with the first thing that is no setting.
    fn device(&mut self) -> &Device {
        if self.device.is_none() {
            let mut settings = self.settings.clone().holding(self.messages_max, 1 << 20);
            if let Some(folder) = &self.outbox {
                settings = settings.stored_in(folder.path());
            }
            let device = Device::with(settings).unwrap_or_else(|error| self.fail(&error.to_string()));
            self.handle_commands(&device);
            device.connect();
            self.device = Some(device);
        }
        self.device.as_ref().expect("it was just made")
    }

    fn handle_commands(&mut self, device: &Device) {
        let ((began, begun), (answer, answers)) = (mpsc::channel(), mpsc::channel::<Result<(), String>>());
        device.on_command("fan", move |_: serde_json::Value| {
            let _ = began.send(());
            match answers.recv() {
                Ok(Ok(())) => Ok(()),
                Ok(Err(reason)) => Err(reason.into()),
                Err(_) => Err("the film is over".into()),
            }
        });
        let (telling, told) = mpsc::channel();
        device.on_message(move |line| drop(telling.send(line.to_owned())));
        (self.begun, self.answers, self.told, self.running) = (Some(begun), Some(answer), Some(told), None);
    }

    async fn hub_says(&mut self, words: &str) {
        self.expect_silence().await;
        self.expect_nothing_begun();
        let line = self.with_nonce(&message::line(&whole_welcome(words)));
        if !self.hub.says(&line).await {
            self.fail("the device is not connected");
        }
        settle().await;
        if line.starts_with("{\"bye\"") {
            self.hub.closes();
        }
    }

    fn with_nonce(&self, line: &str) -> String {
        let named = line.starts_with("{\"welcome\"").then(|| message::whole(line, "nonce")).flatten();
        let Some(name) = named else { return line.to_owned() };
        let nonce = self.nonces.get(&name).copied().unwrap_or(1_000_000 + name);
        line.replace(&format!("\"nonce\":{name}"), &format!("\"nonce\":{nonce}"))
    }

    async fn happens(&mut self, happening: &str) {
        let words: Vec<&str> = happening.split_whitespace().collect();
        match words[..] {
            ["stored"] => self.outbox = Some(tempfile::tempdir().expect("a folder")),
            ["outbox", messages] => self.messages_max = messages.parse().expect("a number"),
            ["no", "heartbeat"] => self.settings = self.settings.clone().without_heartbeat(),
            ["no", "id"] => self.set_up(None, None),
            ["token", token] => self.set_up(self.id.clone(), Some(token.to_owned())),
            ["line_max", bytes] => {
                let bytes = bytes.parse().expect("a number");
                self.settings = self.settings.clone().reading_lines_of(bytes);
            }
            ["sync"] => self.sync().await,
            ["restart"] => self.restart(false).await,
            ["power", "cut"] => self.restart(true).await,
            ["cut"] => {
                self.hub.closes();
                settle().await;
            }
            ["publish", ref words @ ..] => self.publish(words),
            ["unnumbered", channel, value] => {
                let value = raw(value);
                self.device().send_unnumbered(channel, value);
            }
            ["describe", channels] => {
                let channels = raw(channels);
                assert!(self.device().describe(channels));
            }
            ["begins", number] => self.due.push_back(number.parse().expect("a number")),
            ["answer", number, ref how @ ..] => self.answer(number.parse().expect("a number"), how).await,
            ["drops", _reason] => self.expect_dropped().await,
            ["away"] => self.expect_away().await,
            _ => match script::duration(happening) {
                Some(duration) => pass(Duration::from_millis(duration)).await,
                None => self.fail(&format!("what is {happening:?}?")),
            },
        }
        settle().await;
        self.note_begun();
    }

    /// These come first, so that no other setting is lost by it.
    fn set_up(&mut self, id: Option<String>, token: Option<String>) {
        let settings = Settings::new(
            &self.hub.address(),
            id.as_deref().unwrap_or_default(),
            token.as_deref().unwrap_or_default(),
        );
        self.settings = settings.expect("settings").counting_nonces_from(0);
        self.id = id;
    }

    fn publish(&mut self, words: &[&str]) {
        let values =
            words.chunks(2).filter(|pair| pair[0] != "ts").map(|pair| (pair[0].to_owned(), raw(pair[1])));
        let ts = words.chunks(2).find(|pair| pair[0] == "ts").map(|pair| pair[1].parse().expect("a time"));
        let accepted = match ts {
            Some(ts) => self.device().send_at(ts, values),
            None => self.device().send_many(values),
        };
        assert!(accepted);
    }

    async fn sync(&mut self) {
        assert!(self.device().sync().await, "line {}: not synced", self.line);
        let copy = tempfile::tempdir().expect("a folder");
        copy_logs(self.outbox.as_ref().expect("it is stored").path(), copy.path());
        self.synced = Some(copy);
    }

    /// The program ends without a word. After a power cut the log is as it was synced; a head always is.
    async fn restart(&mut self, power_cut: bool) {
        (self.device, self.begun, self.answers) = (None, None, None);
        self.due.clear();
        self.hub.closes();
        if let Some(folder) = &self.outbox {
            let lock = fs::File::open(folder.path().join("lock")).expect("the lock");
            patiently(|| lock.try_lock().is_ok()).await;
        }
        if let (true, Some(folder)) = (power_cut, &self.outbox) {
            copy_logs(self.synced.as_ref().expect("it was synced").path(), folder.path());
        }
        self.settings = self.settings.clone().counting_nonces_from(1000 * self.line as u32);
    }

    async fn answer(&mut self, number: u64, how: &[&str]) {
        self.see_begun(number).await;
        let answer = if let ["failed", reason] = how { Err((*reason).to_owned()) } else { Ok(()) };
        let answers = self.answers.as_ref().expect("there is a device");
        answers.send(answer).expect("the handler waits");
        self.running = None;
        self.expect_answered().await;
    }

    /// Calls of handlers come one after another: when the program is told of a further line, a kind from the future, the
    /// answer was given.
    async fn expect_answered(&mut self) {
        // Where another command waits it begins first, and it is that one's result that counts.
        if self.hub.is_connected() && self.due.is_empty() {
            self.hub.says(ANSWERED).await;
            let told = self.told.as_ref().expect("there is a device");
            patiently(|| told.try_iter().any(|line| line == ANSWERED)).await;
        }
    }

    /// Waits until the handler is called for command `number`.
    async fn see_begun(&mut self, number: u64) {
        patiently(|| {
            self.note_begun();
            self.running.is_some()
        })
        .await;
        if self.running != Some(number) {
            self.fail(&format!("{:?} is running", self.running));
        }
    }

    /// Handlers begin in the order in which the hub says commands, and only where the script lets them.
    fn note_begun(&mut self) {
        if self.running.is_none() && self.begun.as_ref().is_some_and(|begun| begun.try_recv().is_ok()) {
            let Some(number) = self.due.pop_front() else { self.fail("a command begins") };
            self.running = Some(number);
        }
    }

    fn expect_nothing_begun(&mut self) {
        self.note_begun();
    }

    async fn expect_said(&mut self, words: &str) {
        self.device();
        if !self.hub.is_connected() && words.trim_start_matches(['{', '"']).starts_with("identify") {
            self.come_back().await;
        }
        patiently_some(&mut self.hub).await;
        let Some(said) = self.hub.next() else { self.fail("the device says nothing") };
        let words = self.note_nonce(words, &said);
        if !message::matches(&words, &said) {
            self.fail(&format!("the device says {}", String::from_utf8_lossy(&said)));
        }
    }

    /// Lets the device connect, by itself, within the longest time that D9 gives it.
    async fn come_back(&mut self) {
        self.hub.listens();
        for _ in 0..400 {
            settle().await;
            if self.hub.accepts() {
                return;
            }
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        self.fail("the device does not come back");
    }

    async fn expect_dropped(&mut self) {
        let hub = &mut self.hub;
        let gone = patiently_until(|| hub.reads_to_end()).await;
        if !gone {
            self.fail("the device keeps the connection");
        }
        self.hub.closes();
    }

    async fn expect_away(&mut self) {
        self.hub.listens();
        settle().await;
        if self.hub.accepts() {
            self.fail("the device is there");
        }
        self.hub.listens_no_more();
    }

    fn note_nonce(&mut self, words: &str, said: &[u8]) -> String {
        let Some((before, after)) = words.split_once(" nonce ").filter(|_| words.starts_with("identify"))
        else {
            return words.to_owned();
        };
        let (name, after) = after.split_once(' ').unwrap_or((after, ""));
        let name = name.parse().expect("a nonce is a number");
        let said = std::str::from_utf8(said).expect("UTF-8").trim_end();
        let Some(nonce) = message::whole(said, "nonce") else { self.fail("the identify has no nonce") };
        if self.nonces.values().any(|earlier| *earlier == nonce) {
            self.fail("the nonce is that of an earlier identify");
        }
        self.nonces.insert(name, nonce);
        format!("{before} {after}")
    }

    async fn expect_silence(&mut self) {
        settle().await;
        self.hub.reads_to_end();
        if let Some(said) = self.hub.next() {
            self.fail(&format!("before this the device says {}", String::from_utf8_lossy(&said)));
        }
    }
}

/// Gives everything that is ready its turn; no time passes.
async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass, in steps, so that what falls due does so one after the other.
async fn pass(duration: Duration) {
    let step = Duration::from_millis(50);
    for _ in 0..duration.as_millis() / step.as_millis() {
        tokio::time::advance(step).await;
        settle().await;
    }
}

/// Waits, in real time, for what another thread does: at most a minute. Answers whether it came.
async fn patiently_until(mut it: impl FnMut() -> bool) -> bool {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while std::time::Instant::now() < deadline {
        if it() {
            return true;
        }
        settle().await;
    }
    false
}

async fn patiently(it: impl FnMut() -> bool) {
    assert!(patiently_until(it).await, "it does not come");
}

/// Waits for something that the device says.
async fn patiently_some(hub: &mut Hub) {
    patiently_until(|| {
        hub.reads_to_end();
        hub.has_some()
    })
    .await;
}

fn copy_logs(from: &Path, to: &Path) {
    let logs = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect()
    };
    logs(to).iter().for_each(|log| fs::remove_file(log).expect("it is there"));
    for log in logs(from) {
        fs::copy(&log, to.join(log.file_name().expect("a name"))).expect("it can be copied");
    }
}

/// What a script leaves out of a welcome.
const WELCOME: [(&str, &str); 4] =
    [("window", "64"), ("heartbeat", "15"), ("line_max", "65536"), ("time", "1763846847123")];

fn whole_welcome(words: &str) -> String {
    let mut whole = words.to_owned();
    if words.starts_with("welcome ") {
        let named: Vec<&str> = words.split_whitespace().collect();
        for (member, value) in WELCOME.iter().filter(|(member, _)| !named.contains(member)) {
            whole.push_str(&format!(" {member} {value}"));
        }
    }
    whole
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}
