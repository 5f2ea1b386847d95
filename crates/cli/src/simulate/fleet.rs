//! `glassline simulate fleet`: many devices with outboxes, for load and for checkers that count.

use super::destination::destination;
use super::journal::Journal;
use crate::arguments;
use crate::output;
use crate::stop::Stop;
use anyhow::{Context as _, Result, bail};
use glassline_client::{Books, Device, Settings};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, interval_at, sleep};

/// The channel whose values count the messages of a device.
const COUNT: &str = "count";

/// Runs the fleet until its time is over, Ctrl-C or SIGTERM.
///
/// # Errors
/// No hub is found or answers, an outbox cannot be opened, a device was refused for good, or the books do not balance.
pub(crate) async fn run(arguments: &arguments::Fleet) -> Result<()> {
    let stop = Stop::on_signal()?;
    let join = arguments.join_token()?;
    let (to, join) =
        destination(arguments.to.as_deref(), join.as_deref(), arguments.state.as_deref()).await?;
    let journal = arguments.journal.as_deref().map(Journal::open).transpose()?.map(Arc::new);
    let devices = devices(arguments, &to, &join)?;
    output::announce(&format!("{} devices → {to}; Ctrl-C ends it", devices.len()));
    let refused = Arc::new(AtomicU64::new(0));
    let mut producers = JoinSet::new();
    for (number, (id, device)) in devices.iter().enumerate() {
        let next = journal.as_ref().map_or(1, |journal| journal.first_value(id));
        device.connect();
        let producer = Producer {
            id: id.clone(),
            device: device.clone(),
            channels: arguments.channels,
            next,
            journal: journal.clone(),
            refused: refused.clone(),
        };
        producers.spawn(producer.produce(arguments.period(), number, devices.len()));
    }
    let outcome = tokio::select! {
        broken = producers.join_next() => broken.context("there are no devices")?.context("a producer broke down")?,
        why = one_refused(&devices) => Err(anyhow::anyhow!(why)),
        () = stop.asked() => Ok(()),
        () = sleep(arguments.duration()) => Ok(()),
        () = tell(&devices) => Ok(()),
    };
    producers.shutdown().await;
    let summary = finish(&devices, arguments.drain, refused.load(Ordering::Relaxed)).await;
    outcome.and(summary)
}

/// The devices `fleet-0001` and so on, not connected yet.
fn devices(arguments: &arguments::Fleet, to: &str, join: &str) -> Result<Vec<(String, Device)>> {
    let device = |number: u32| {
        let id = format!("{}-{number:04}", arguments.prefix);
        let kept = arguments.outbox.as_ref().map(|folder| folder.join(format!("{id}.token")));
        let own = kept.as_ref().and_then(|kept| fs::read_to_string(kept).ok());
        let token = own.as_deref().map_or(join, str::trim_end);
        let mut settings = Settings::new(&format!("tcp://{to}"), &id, token)?;
        if let Some(folder) = &arguments.outbox {
            settings = settings.stored_in(folder.join(&id));
        }
        if let Some(seconds) = arguments.heartbeat {
            settings = settings.heartbeat(seconds);
        }
        let device = Device::with(settings)?;
        if let Some(kept) = kept {
            keep_token(&device, kept);
        }
        Ok((id, device))
    };
    if let Some(folder) = &arguments.outbox {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    (1..=arguments.devices).map(device).collect()
}

/// The hub makes a token for each device that a join token lets in: a later run is to use it.
fn keep_token(device: &Device, path: PathBuf) {
    device.on_token(move |token| {
        if let Err(error) = write_secret(&path, token) {
            tracing::error!("{} cannot be written: {error}", path.display());
        }
    });
}

/// Written whole or not at all, and for its owner only.
fn write_secret(path: &Path, token: &str) -> std::io::Result<()> {
    let new = path.with_extension("token.new");
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create(true).truncate(true).open(&new)?;
    file.write_all(token.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}

/// What gives one device its samples.
struct Producer {
    id: String,
    device: Device,
    channels: u32,
    /// The next value of [`COUNT`].
    next: u64,
    journal: Option<Arc<Journal>>,
    refused: Arc<AtomicU64>,
}

impl Producer {
    /// Sends one message a period, for ever; the devices begin spread over the first one.
    async fn produce(mut self, period: Duration, number: usize, of: usize) -> Result<()> {
        let phase = period.mul_f64(number as f64 / of as f64);
        let mut ticks = interval_at(Instant::now() + phase, period);
        loop {
            ticks.tick().await;
            self.send()?;
        }
    }

    fn send(&mut self) -> Result<()> {
        let (value, ts) = (self.next, crate::clock::now());
        let others =
            (2..=self.channels).map(|number| (format!("{COUNT}-{number}"), value * u64::from(number)));
        let accepted = self.device.send_at(ts, std::iter::once((COUNT.to_owned(), value)).chain(others));
        if !accepted {
            // The next one takes its value: none is left out.
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        self.next += 1;
        match &self.journal {
            Some(journal) => journal.accepted(&self.id, value, ts).context("the journal cannot be written"),
            None => Ok(()),
        }
    }
}

/// Waits until the hub does not want one of the devices. Answers who it is and why.
async fn one_refused(devices: &[(String, Device)]) -> String {
    let mut ended = JoinSet::new();
    for (id, device) in devices {
        let (id, device) = (id.clone(), device.clone());
        ended.spawn(async move { format!("{id} is refused: {}", device.ended().await) });
    }
    match ended.join_next().await {
        Some(Ok(why)) => why,
        _ => "a device broke down".to_owned(),
    }
}

/// Says how it goes, once a second, for ever.
async fn tell(devices: &[(String, Device)]) {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_secs(1));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let connected = devices.iter().filter(|(_, device)| device.connected()).count();
        let all = all(devices);
        output::announce(&format!(
            "{} s  accepted {}  acked {}  queued {}  dropped {}  connected {connected}/{}",
            start.elapsed().as_secs(),
            all.accepted,
            all.acked,
            all.queued,
            all.dropped,
            devices.len()
        ));
    }
}

/// Lets arrive what is still on its way, closes all, and draws up the account.
async fn finish(devices: &[(String, Device)], drain: u32, refused: u64) -> Result<()> {
    let drain = Duration::from_secs(u64::from(drain));
    let mut closing = JoinSet::new();
    for (_, device) in devices {
        let device = device.clone();
        closing.spawn(async move {
            device.flush(drain).await;
            device.close().await;
        });
    }
    closing.join_all().await;
    let Books { accepted, restored, acked, dropped, queued } = all(devices);
    let restored_too = if restored > 0 { format!(" + restored {restored}") } else { String::new() };
    let not_accepted = if refused > 0 { format!("; {refused} were not accepted") } else { String::new() };
    output::announce(&format!(
        "sent {accepted}{restored_too} = acked {acked} + queued {queued} + dropped {dropped}{not_accepted}"
    ));
    let unbalanced = devices.iter().filter(|(_, device)| !device.books().balance());
    match unbalanced.map(|(id, device)| format!("{id} {:?}", device.books())).next() {
        Some(first) => bail!("the books do not balance: {first}"),
        None => Ok(()),
    }
}

fn all(devices: &[(String, Device)]) -> Books {
    devices.iter().map(|(_, device)| device.books()).fold(Books::default(), |all, one| Books {
        accepted: all.accepted + one.accepted,
        restored: all.restored + one.restored,
        acked: all.acked + one.acked,
        dropped: all.dropped + one.dropped,
        queued: all.queued + one.queued,
    })
}
