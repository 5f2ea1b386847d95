//! Counters in Prometheus' text format. They name no device and no person.

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use store::DeviceKey;

use crate::{Hub, Presence};

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
    received: u64,
    gaps: u64,
    panels: usize,
}

impl Hub {
    /// Sums over all devices, each looked at by itself.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals { panels: self.panels.len(), ..Totals::default() };
        for cell in self.registry.all() {
            let inner = cell.lock();
            let (received, gaps) = inner.device.counts();
            totals.received += received;
            totals.gaps += gaps;
            *match inner.device.presence().0 {
                Presence::Online => &mut totals.online,
                Presence::Offline => &mut totals.offline,
                Presence::Unreachable => &mut totals.unreachable,
            } += 1;
        }
        totals
    }

    /// The device's number in the store.
    pub(super) fn device_key(&self, id: &str) -> Option<DeviceKey> {
        self.registry.by_id(id).map(|cell| cell.key)
    }
}

/// The counters as text.
pub(super) fn exposition(totals: &Totals, counters: &Counters) -> String {
    let mut text = String::new();
    let version = env!("CARGO_PKG_VERSION");
    family(
        &mut text,
        "glassline_build_info",
        "gauge",
        "Which version runs.",
        &[(&label("version", version), &1)],
    );
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
    let help = "Messages committed, of all devices that there are.";
    family(&mut text, "glassline_messages_total", "counter", help, &[("", &totals.received)]);
    let help = "Gaps recorded, of all devices that there are.";
    family(&mut text, "glassline_gaps_total", "counter", help, &[("", &totals.gaps)]);
    family(&mut text, "glassline_panels", "gauge", "Open panels.", &[("", &totals.panels)]);
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

/// The labels here are words of ours: nothing in them needs escaping.
fn label(name: &str, value: &str) -> String {
    format!("{{{name}=\"{value}\"}}")
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
    use super::*;

    #[test]
    fn each_family_has_its_help_and_type_before_its_samples() {
        let counters = Counters::default();
        counters.answered(StatusCode::NOT_FOUND);
        counters.answered(StatusCode::OK);
        let text = exposition(&Totals { online: 2, received: 7, ..Totals::default() }, &counters);
        assert!(
            text.contains("# TYPE glassline_devices gauge\nglassline_devices{presence=\"online\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("\nglassline_messages_total 7\n"), "{text}");
        assert!(text.contains("glassline_http_responses_total{class=\"4xx\"} 1\n"), "{text}");
        assert!(text.ends_with('\n'));
    }
}
