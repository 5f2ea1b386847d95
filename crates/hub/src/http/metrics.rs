//! Counters in Prometheus' text format. They name no device and no person.

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use store::limits::OTHER_REASONS;

use super::{Door, OpenFiles, SerialLines};
use crate::{Hub, Presence};
use router::Ledger;
use sockets::Turns;
use sockets::doorway::Strangers;

/// Answers by the first digit of their status.
#[derive(Debug, Default)]
pub(super) struct Counters {
    answers: [AtomicU64; 5],
}

impl Counters {
    /// A request was answered.
    pub(super) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, self.answers.len());
        self.answers[class - 1].fetch_add(1, Ordering::Relaxed);
    }
}

/// Sums over the whole hub.
#[derive(Debug, Default)]
pub(super) struct Totals {
    online: usize,
    offline: usize,
    unreachable: usize,
    contested: usize,
    ledger: Ledger,
    panels: usize,
    uplinks: usize,
    behind: u64,
    relayed: u64,
    storage_failed: bool,
    storage_failures: u64,
    /// Of each event loop.
    turns: Vec<Turns>,
}

impl Hub {
    /// Sums over all devices, each looked at by itself. The longest turns of the event loops begin anew.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals {
            panels: self.panels.len(),
            storage_failed: !self.storage_is_up(),
            storage_failures: self.storage_failures(),
            turns: self.loops.take_turns(),
            ..Totals::default()
        };
        for gateway in self.every_gateway() {
            totals.uplinks += usize::from(gateway.presence == Presence::Online);
            totals.behind = totals.behind.saturating_add(gateway.behind);
            totals.relayed += gateway.entries;
        }
        let (asleep, ledger) = self.registry.asleep();
        totals.offline = asleep;
        totals.ledger.add(&in_our_words(ledger));
        for cell in self.registry.awake() {
            let inner = cell.lock();
            totals.ledger.add(&in_our_words(inner.device.ledger()));
            totals.contested += usize::from(inner.device.contested().is_some());
            *match inner.device.presence().0 {
                Presence::Online => &mut totals.online,
                Presence::Offline => &mut totals.offline,
                Presence::Unreachable => &mut totals.unreachable,
            } += 1;
        }
        totals
    }
}

/// The counters as text. `files`, where somebody knows, are those of this process.
pub(super) fn exposition(totals: &Totals, counters: &Counters, files: Option<OpenFiles>) -> String {
    let mut text = String::new();
    let version = label("version", env!("CARGO_PKG_VERSION"));
    family(&mut text, "glassline_build_info", "gauge", "Which version runs.", &[(&version, &1)]);
    family(
        &mut text,
        "glassline_devices",
        "gauge",
        "Devices by presence.",
        &[
            (&label("presence", "online"), &totals.online),
            (&label("presence", "offline"), &totals.offline),
            (&label("presence", "unreachable"), &totals.unreachable),
        ],
    );
    let help = "Devices whose id more than one device seems to use.";
    one(&mut text, "glassline_devices_contested", "gauge", help, &totals.contested);
    books(&mut text, &totals.ledger);
    one(&mut text, "glassline_panels", "gauge", "Open panels.", &totals.panels);
    one(&mut text, "glassline_uplinks", "gauge", "Gateways whose uplinks stand.", &totals.uplinks);
    let help = "Entries of gateways' spools that were taken over since the hub was started.";
    one(&mut text, "glassline_relayed_entries_total", "counter", help, &totals.relayed);
    let help = "Entries in gateways' spools that this hub has not taken over, as they said last.";
    one(&mut text, "glassline_relayed_entries_behind", "gauge", help, &totals.behind);
    let help = "Whether the storage takes anything over.";
    one(&mut text, "glassline_storage_up", "gauge", help, &u8::from(!totals.storage_failed));
    let help = "How often the storage failed since the hub was started.";
    one(&mut text, "glassline_storage_failures_total", "counter", help, &totals.storage_failures);
    turns(&mut text, &totals.turns);
    if let Some(OpenFiles { open, limit }) = files {
        let help = "Files that this process has open: each connection is one.";
        one(&mut text, "process_open_fds", "gauge", help, &open);
        one(&mut text, "process_max_fds", "gauge", "Files that it may have open.", &limit);
    }
    let answers: Vec<(String, u64)> = counters
        .answers
        .iter()
        .enumerate()
        .map(|(class, count)| (label("class", &format!("{}xx", class + 1)), count.load(Ordering::Relaxed)))
        .collect();
    let answers: Vec<(&str, &dyn Display)> =
        answers.iter().map(|(label, count)| (label.as_str(), count as &dyn Display)).collect();
    let help = "HTTP requests answered, by class of status.";
    family(&mut text, "glassline_http_responses_total", "counter", help, &answers);
    text
}

/// Who has not shown who it is, and who says too much, behind the rest.
pub(super) fn doors(text: &mut String, doors: &[Door], panels_throttled: u64) {
    let at = |door: &Door, state: &str| format!("{{listeners=\"{}\",state=\"{state}\"}}", door.listeners);
    let of = |door: &Door| label("listeners", door.listeners);
    let standing: Vec<(String, u64)> = doors
        .iter()
        .flat_map(|door| {
            let Strangers { inside, waiting, .. } = door.strangers;
            [(at(door, "inside"), inside as u64), (at(door, "waiting"), waiting as u64)]
        })
        .collect();
    let turned_away: Vec<(String, u64)> =
        doors.iter().map(|door| (of(door), door.strangers.turned_away)).collect();
    let mut throttled: Vec<(String, u64)> = vec![(label("of", "panel"), panels_throttled)];
    let devices: u64 = doors.iter().map(|door| door.throttled).sum();
    throttled.push((label("of", "device"), devices));
    let mut say = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        let samples: Vec<(&str, &dyn Display)> =
            samples.iter().map(|(labels, value)| (labels.as_str(), value as &dyn Display)).collect();
        family(text, name, kind, help, &samples);
    };
    let help = "Connections that have not shown who they are.";
    say("glassline_strangers", "gauge", help, &standing);
    let help = "Such connections that were closed because there were too many.";
    say("glassline_strangers_turned_away_total", "counter", help, &turned_away);
    let help = "How often somebody was not read for a moment because it says too much.";
    say("glassline_throttled_total", "counter", help, &throttled);
}

/// What came over serial lines, behind the rest.
pub(super) fn serial(text: &mut String, lines: SerialLines) {
    let help = "Lines over serial ports whose checksum was wrong.";
    one(text, "glassline_serial_damaged_total", "counter", help, &lines.damaged);
    let results = [(label("result", "sample"), lines.samples), (label("result", "skipped"), lines.skipped)];
    let results: Vec<(&str, &dyn Display)> =
        results.iter().map(|(label, count)| (label.as_str(), count as &dyn Display)).collect();
    let help = "Lines of devices that only print, by what became of them.";
    family(text, "glassline_serial_printed_total", "counter", help, &results);
}

/// How long the turns of the event loops take: what one costs, all sockets of that loop wait for.
fn turns(text: &mut String, turns: &[Turns]) {
    let mut of_each = |name: &str, kind: &str, help: &str, value: fn(&Turns) -> f64| {
        let values: Vec<(String, f64)> = turns
            .iter()
            .enumerate()
            .map(|(number, turns)| (label("loop", &number.to_string()), value(turns)))
            .collect();
        let values: Vec<(&str, &dyn Display)> =
            values.iter().map(|(label, value)| (label.as_str(), value as &dyn Display)).collect();
        family(text, &format!("glassline_event_loop_{name}"), kind, help, &values);
    };
    of_each("turns_total", "counter", "Turns of each event loop.", |turns| turns.count as f64);
    let help = "How long its turns took together, without waiting.";
    of_each("busy_seconds_total", "counter", help, |turns| turns.took.as_secs_f64());
    let help = "How long its longest turn took since this was last asked for, by whomever.";
    of_each("longest_turn_seconds", "gauge", help, |turns| turns.longest.as_secs_f64());
}

/// The ledgers of all devices together. None of its own for a device: there may be ten thousand, whose ids are nobody's
/// business here; each one's is in the API.
fn books(text: &mut String, ledger: &Ledger) {
    let counts: [(&str, &str, &str, &u64); 6] = [
        (
            "messages_received_total",
            "counter",
            "Messages handed over, of all devices that there are.",
            &ledger.received,
        ),
        (
            "messages_total",
            "counter",
            "Messages committed, of all devices that there are.",
            &ledger.committed,
        ),
        ("messages_in_flight", "gauge", "Messages on their way to the store.", &ledger.in_flight),
        (
            "messages_duplicate_total",
            "counter",
            "Messages that came again and were dropped, since the hub was started.",
            &ledger.duplicate,
        ),
        (
            "messages_skipped_total",
            "counter",
            "Messages that will never come: those in gaps.",
            &ledger.skipped,
        ),
        ("messages_late_total", "counter", "Messages committed that brought a late sample.", &ledger.late),
    ];
    for (name, kind, help, count) in counts {
        one(text, &format!("glassline_{name}"), kind, help, count);
    }
    let help = "Messages that devices still hold, of those that say so.";
    one(text, "glassline_outbox_messages", "gauge", help, &ledger.outbox.unwrap_or(0));
    let gaps: Vec<(String, u64)> = GAP_REASONS
        .iter()
        .map(|reason| {
            let of: u64 =
                ledger.gaps.iter().filter(|count| *count.reason == **reason).map(|count| count.gaps).sum();
            (label("reason", reason), of)
        })
        .collect();
    let gaps: Vec<(&str, &dyn Display)> =
        gaps.iter().map(|(label, count)| (label.as_str(), count as &dyn Display)).collect();
    let help = "Gaps recorded, of all devices that there are, by reason.";
    family(text, "glassline_gaps_total", "counter", help, &gaps);
}

/// The reasons of gaps that are told apart: those that the protocol names, and all others together.
const GAP_REASONS: [&str; 4] = ["overflow", "bad", "lost", OTHER_REASONS];

/// The ledger with no other reasons than these. A reason is any text of a device.
fn in_our_words(mut ledger: Ledger) -> Ledger {
    for count in &mut ledger.gaps {
        if !GAP_REASONS.contains(&&*count.reason) {
            count.reason = OTHER_REASONS.into();
        }
    }
    ledger
}

/// The labels here are words of ours: nothing in them needs escaping.
fn label(name: &str, value: &str) -> String {
    format!("{{{name}=\"{value}\"}}")
}

/// A family with one sample.
fn one(text: &mut String, name: &str, kind: &str, help: &str, value: &dyn Display) {
    family(text, name, kind, help, &[("", value)]);
}

fn family(text: &mut String, name: &str, kind: &str, help: &str, samples: &[(&str, &dyn Display)]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in samples {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use store::GapCount;

    use super::*;

    #[test]
    fn each_family_has_its_help_and_type_before_its_samples() {
        let counters = Counters::default();
        counters.answered(StatusCode::NOT_FOUND);
        counters.answered(StatusCode::OK);
        let gap = |reason: &str, gaps| GapCount { reason: reason.into(), gaps, messages: 9 };
        let gaps = vec![gap("overflow", 2), gap("somebody's \"own\"", 3)];
        let mut ledger = Ledger { committed: 7, ..Ledger::default() };
        ledger.add(&in_our_words(Ledger { gaps, ..Ledger::default() }));
        let ms = std::time::Duration::from_millis;
        let turns = vec![Turns { count: 7, took: ms(1_500), longest: ms(20) }];
        let files = Some(OpenFiles { open: 30, limit: 20_000 });
        let text = exposition(&Totals { online: 2, ledger, turns, ..Totals::default() }, &counters, files);
        assert!(
            text.contains("# TYPE glassline_devices gauge\nglassline_devices{presence=\"online\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("\nglassline_messages_total 7\n"), "{text}");
        assert!(text.contains("\nglassline_gaps_total{reason=\"overflow\"} 2\n"), "{text}");
        assert!(text.contains("\nglassline_gaps_total{reason=\"other\"} 3\n"), "{text}");
        assert!(text.contains("\nglassline_storage_up 1\n"), "{text}");
        assert!(text.contains("glassline_http_responses_total{class=\"4xx\"} 1\n"), "{text}");
        assert!(text.contains("\nglassline_event_loop_turns_total{loop=\"0\"} 7\n"), "{text}");
        assert!(text.contains("\nglassline_event_loop_busy_seconds_total{loop=\"0\"} 1.5\n"), "{text}");
        assert!(text.contains("\nglassline_event_loop_longest_turn_seconds{loop=\"0\"} 0.02\n"), "{text}");
        assert!(
            text.contains("\nprocess_open_fds 30\n") && text.contains("\nprocess_max_fds 20000\n"),
            "{text}"
        );
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn serial_lines_are_counted_by_what_became_of_them() {
        let mut text = String::new();
        serial(&mut text, SerialLines { damaged: 3, samples: 100, skipped: 7 });
        assert!(text.contains("\nglassline_serial_damaged_total 3\n"), "{text}");
        assert!(text.contains("\nglassline_serial_printed_total{result=\"skipped\"} 7\n"), "{text}");
    }
}
