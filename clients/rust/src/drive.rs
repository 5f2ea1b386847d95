//! The task of a device: connects, reads, writes, waits, comes back (rule D9).

use crate::core::Step;
use crate::handlers::Call;
use crate::link::Link;
use crate::live::Live;
use crate::reason::Reason;
use protocol::message::Complaint;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep_until;

/// Runs the device until it is closed or refused for good.
pub(crate) fn drive(live: Arc<Live>) -> impl Future<Output = ()> {
    let driven = Driven(live);
    async move {
        let Driven(live) = &driven;
        let reason = connections(live).await;
        tracing::debug!(device = live.settings.name(), %reason, "over");
        live.over.send_replace(Some(reason));
    }
}

/// A device whose task has not ended. Where its runtime drops the task, begun or not, the device is over, too.
struct Driven(Arc<Live>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.over.send_if_modified(|over| {
            let dropped = over.is_none();
            over.get_or_insert(Reason::Closed);
            dropped
        });
    }
}

/// One connection after the other. Answers why there is no further one.
async fn connections(live: &Arc<Live>) -> Reason {
    loop {
        let reason = tokio::select! {
            connected = Link::connect(&live.settings.address, live.settings.authorities.clone()) => match connected {
                Ok(link) => talk(live, link).await,
                Err(error) => Reason::Broken(error.to_string()),
            },
            () = closed(live) => Reason::Closed,
        };
        let reason = match reason {
            Reason::Told { code, comes_back: false, wait, .. } if live.core().falls_back() => {
                tracing::info!(device = live.settings.name(), "the kept token is not wanted: {code}");
                Reason::Told { code, comes_back: true, wait, at_once: true }
            }
            reason => reason,
        };
        let (told, delay) = end(live, &reason);
        live.trouble.send_replace(Some(reason.clone()));
        tracing::debug!(device = live.settings.name(), %reason, delay, "not connected");
        if told || !reason.comes_back() {
            live.tell(Call::Disconnected(reason.clone()));
        }
        let Some(delay) = delay.filter(|_| reason.comes_back()) else { return reason };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
            () = closed(live) => return Reason::Closed,
        }
    }
}

/// Answers whether the program had been told of the connection, and after how many milliseconds to make another one.
fn end(live: &Live, reason: &Reason) -> (bool, Option<u64>) {
    // Without randomness the middle of the time is as good as any.
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    let now = live.now();
    let mut core = live.core();
    (core.disconnected(), core.come_back(now, reason, random))
}

/// Waits until the program closed the device. What it sends meanwhile may push out what was held.
async fn closed(live: &Live) {
    while !live.core().is_closed() {
        live.make_room().await;
        live.wake.notified().await;
    }
}

/// One connection, from its beginning to its end.
async fn talk(live: &Arc<Live>, mut link: Link) -> Reason {
    live.core().connected(live.now());
    loop {
        for step in live.steps().await {
            match step {
                Step::Send(line) => link.say(&line),
                Step::Connected { resumed, token } => {
                    if let Some(token) = token {
                        live.keep_token(&token).await;
                        live.tell(Call::Token(token));
                    }
                    live.trouble.send_replace(None);
                    live.tell(Call::Connected(resumed));
                }
                Step::Begin(command) => live.tell(Call::Command(command)),
                Step::Complaint(Complaint { code, reason, .. }) => {
                    tracing::warn!(device = live.settings.name(), code, reason, "the hub skipped a line");
                }
                Step::Close(reason) => {
                    link.leave().await;
                    return reason;
                }
            }
        }
        if live.core().is_closed() {
            link.leave().await;
            return Reason::Closed;
        }
        live.core().unsent(link.unsent());
        if let Err(error) = wait(live, &mut link).await {
            return Reason::Broken(error.to_string());
        }
    }
}

/// Waits for the next input of the session and hands it in.
async fn wait(live: &Arc<Live>, link: &mut Link) -> io::Result<()> {
    let due = live.core().poll_timeout();
    let timer = async {
        match due {
            Some(due) => sleep_until(live.moment(due)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        lines = link.turn() => read(live, &lines?),
        () = live.wake.notified() => {}
        () = timer => live.core().timeout(live.now()),
    }
    Ok(())
}

fn read(live: &Arc<Live>, lines: &[Vec<u8>]) {
    let now = live.now();
    let mut core = live.core();
    for line in lines {
        core.line(now, line);
    }
    drop(core);
    live.progress.send_replace(());
    if !lines.is_empty() && live.handlers().wants_messages() {
        for line in lines.iter().filter(|line| !line.is_empty()) {
            live.tell(Call::Message(String::from_utf8_lossy(line).into_owned()));
        }
    }
}
