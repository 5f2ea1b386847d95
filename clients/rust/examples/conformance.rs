//! The conformance driver of this library: a device that does what its standard input says (clients/CONFORMANCE.md).
//!
//! It answers every command at once: it has no `--hold-commands`.

use glassline_client::blocking::Device;
use glassline_client::{Books, Reason, Settings};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut driver = match settings()? {
        Ok(settings) => Driver::new(settings)?,
        Err(code) => return Ok(code),
    };
    for order in stdin().lock().lines() {
        let order = order?;
        if order == "quit" {
            break;
        }
        if let Err(reason) = driver.obey(&order) {
            say(&json!({"event": "misread", "order": order, "reason": reason}));
        }
    }
    let ok = driver.device.close();
    say(&json!({"event": "closed", "ok": ok}));
    Ok(ExitCode::SUCCESS)
}

/// What the arguments ask for; or with what to exit, where they cannot be read or this library cannot do it.
fn settings() -> Result<Result<Settings, ExitCode>, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut places, mut token, mut outbox, mut holding) = (Vec::new(), String::new(), None, None);
    let mut with: Vec<Box<dyn FnOnce(Settings) -> Settings>> = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("a flag has no value");
        match &*argument {
            "--token" => token = value()?,
            "--outbox" => outbox = Some(value()?),
            "--holding" => holding = Some(value()?.parse()?),
            "--heartbeat" => {
                let seconds = value()?.parse()?;
                with.push(Box::new(move |settings| settings.heartbeat(seconds)));
            }
            "--no-heartbeat" => with.push(Box::new(Settings::without_heartbeat)),
            "--line-max" => {
                let bytes = value()?.parse()?;
                with.push(Box::new(move |settings| settings.reading_lines_of(bytes)));
            }
            "--nonce" => {
                let nonce = value()?.parse()?;
                with.push(Box::new(move |settings| settings.counting_nonces_from(nonce)));
            }
            "--hold-commands" => return Ok(Err(ExitCode::from(3))),
            flag if flag.starts_with("--") => return Ok(Err(ExitCode::from(2))),
            _ => places.push(argument),
        }
    }
    let [address, id] = &places[..] else { return Ok(Err(ExitCode::from(2))) };
    let mut settings = Settings::new(address, id, &token)?;
    if let Some(folder) = outbox {
        settings = settings.stored_in(folder);
    }
    if let Some(messages) = holding {
        settings = settings.holding(messages, 16 << 20);
    }
    Ok(Ok(with.into_iter().fold(settings, |settings, with| with(settings))))
}

struct Driver {
    device: Arc<Device>,
    sends: u64,
    worst: Duration,
}

impl Driver {
    fn new(settings: Settings) -> Result<Self, Box<dyn Error>> {
        let device = Arc::new(Device::with(settings)?);
        device.on_other_commands(|channel, value: Box<RawValue>| {
            say(&json!({"event": "command", "channel": channel, "value": value}));
            Ok(value)
        });
        let here = device.handle();
        device.on_connected(move |resumed| {
            let (session, id) = (here.session(), here.id());
            say(&json!({"event": "connected", "resumed": resumed, "session": session, "id": id}));
        });
        device.on_disconnected(|why| {
            say(&json!({"event": "disconnected", "code": code(why), "comes_back": why.comes_back()}));
        });
        device.on_token(|token| say(&json!({"event": "token", "token": token})));
        let restored = device.books().restored;
        say(&json!({"event": "ready", "library": "rust", "restored": restored}));
        device.connect();
        Ok(Self { device, sends: 0, worst: Duration::ZERO })
    }

    fn obey(&mut self, order: &str) -> Result<(), String> {
        let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
        match verb {
            "send" => {
                let (channel, rest) = rest.split_once(' ').ok_or("a value is missing")?;
                let (value, ts) = value_and_time(rest)?;
                self.send(ts, &[(channel, value)]);
            }
            "many" => {
                let (values, ts) = value_and_time(rest)?;
                let Value::Object(values) = values else { return Err("many wants an object".into()) };
                let values: Vec<(&str, Value)> =
                    values.iter().map(|(channel, value)| (&**channel, value.clone())).collect();
                self.send(ts, &values);
            }
            "unnumbered" => {
                let (channel, rest) = rest.split_once(' ').ok_or("a value is missing")?;
                let value = read(rest)?;
                self.timed(|device| device.send_unnumbered(channel, &value));
            }
            "describe" => {
                let ok = self.device.describe(read(rest)?);
                say(&json!({"event": "described", "ok": ok}));
            }
            "sync" => say(&json!({"event": "synced", "ok": self.device.sync()})),
            "flush" => {
                let patience = rest.parse().map_err(|_| "flush wants milliseconds")?;
                let ok = self.device.flush(Duration::from_millis(patience));
                say(&json!({"event": "flushed", "ok": ok}));
            }
            "state" => self.state(),
            _ => return Err("no such order".into()),
        }
        Ok(())
    }

    fn send(&mut self, ts: Option<i64>, values: &[(&str, Value)]) {
        match ts {
            Some(ts) => self.timed(|device| device.send_at(ts, values.iter().map(|(c, v)| (*c, v)))),
            None => self.timed(|device| device.send_many(values.iter().map(|(c, v)| (*c, v)))),
        }
    }

    fn timed(&mut self, send: impl FnOnce(&Device) -> bool) {
        let waited_before = waited();
        let begin = Instant::now();
        let accepted = send(&self.device);
        let took = begin.elapsed();
        let waited = waited().saturating_sub(waited_before);
        self.worst = self.worst.max(took);
        self.sends += 1;
        say(&json!({
            "event": "sent", "n": self.sends, "accepted": accepted, "us": micros(took), "waited_us": micros(waited),
        }));
    }

    fn state(&self) {
        let Books { accepted, restored, acked, dropped, queued } = self.device.books();
        say(&json!({
            "event": "state",
            "connected": self.device.connected(),
            "session": self.device.session(),
            "id": self.device.id(),
            "queued": queued, "dropped": dropped, "accepted": accepted, "restored": restored, "acked": acked,
            "worst_us": micros(self.worst),
        }));
    }
}

/// A value, and a time behind it.
fn value_and_time(text: &str) -> Result<(Value, Option<i64>), String> {
    if let Some((value, ts)) = text.rsplit_once(' ')
        && let Ok(ts) = ts.parse()
        && let Ok(value) = read(value)
    {
        return Ok((value, Some(ts)));
    }
    Ok((read(text)?, None))
}

fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// How long the calling thread was ready while others had the processor, as Linux tells: the second number, in nanoseconds.
fn waited() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').nth(1).and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

fn code(why: &Reason) -> &str {
    match why {
        Reason::Told { code, .. } => code,
        Reason::Silent => "silent",
        Reason::Stuck => "stuck",
        Reason::Broken(_) => "broken",
        Reason::Outbox(_) => "outbox",
        Reason::Closed => "ended",
    }
}

/// One event, whole and at once. Where nobody listens any more, the end of the input is near.
fn say(event: &Value) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}
