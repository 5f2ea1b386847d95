//! slowhttptest: slow headers, slow bodies, many ranges and slow reading. Once by as many connections as one address may have, where
//! its own probe must be served; once by many more, where who has shown who it is must notice nothing.

use crate::attack::bounded;
use crate::attack::programs::{Program, of_system};
use crate::attack::target::Target;
use crate::attack::tool::{Outcome, Tool};
use crate::attack::watch::{Seen, Watch};
use anyhow::Context as _;
use std::fs;
use std::time::Duration;

pub(super) const TOOL: Tool = Tool {
    name: "slowhttptest",
    does: "slow headers, bodies and reading, and many ranges",
    program: |_| of_system("slowhttptest", "-h"),
    play,
};

/// How many connections there are, and how long the hub may have one of them.
struct Crowd {
    connections: &'static str,
    /// Opened in a second, where the machine has nothing else to do.
    rate: &'static str,
    /// Seconds that it goes on for, if it is not over before.
    length: &'static str,
    life_max: Duration,
    /// Whether there is room for the tool's own probe, which comes from the same address.
    has_room: bool,
}

/// A stranger's connection may take five seconds, and wait five more before where there is no room; the rest is for a busy machine.
const CROWDS: &[Crowd] = &[
    Crowd { connections: "60", rate: "60", length: "12", life_max: Duration::from_secs(7), has_room: true },
    Crowd {
        connections: "1000",
        rate: "500",
        length: "20",
        life_max: Duration::from_secs(12),
        has_room: false,
    },
];

/// A way of being slow, or of asking for too much.
struct Kind {
    name: &'static str,
    options: &'static [&'static str],
    /// Whether it is about something large.
    is_large: bool,
    /// Whether the hub has its connections for a while. Many ranges are answered at once, as the whole.
    is_slow: bool,
}

const KINDS: &[Kind] = &[
    Kind { name: "headers", options: &["-H", "-i", "1", "-x", "24"], is_large: false, is_slow: true },
    Kind { name: "body", options: &["-B", "-i", "1", "-s", "60000"], is_large: false, is_slow: true },
    Kind { name: "ranges", options: &["-R", "-a", "5", "-b", "3000"], is_large: true, is_slow: false },
    Kind {
        name: "reading",
        options: &["-X", "-w", "1", "-y", "16", "-n", "1", "-z", "5", "-k", "3"],
        is_large: true,
        is_slow: true,
    },
];

/// How long one may take to be over, beside its own length.
const LIMIT: Duration = Duration::from_secs(60);
/// What one who has shown who it is may wait for an answer meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(2);

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    let (http, large) = (target.of_ready("http"), large(target)?);
    let mut outcome = Outcome::default();
    for crowd in CROWDS {
        let mut held = Vec::new();
        let mut longest = Duration::ZERO;
        for kind in KINDS {
            let name = kind.name;
            let log = format!("slowhttptest-{name}-{}", crowd.connections);
            let mut slow = program.command();
            slow.args(kind.options).args(["-c", crowd.connections, "-r", crowd.rate, "-l", crowd.length]);
            slow.args(["-p", "3", "-v", "1", "-g", "-o", &log, "-u"]);
            slow.arg(format!("{http}{}", if kind.is_large { &large } else { "/login" }));
            let watch = Watch::begin(target);
            let ended = bounded::run(&slow, target.folder(), &log, LIMIT);
            let seen = watch.end();
            ended?;
            let table = fs::read_to_string(target.folder().join(format!("{log}.csv")));
            let table = table.with_context(|| format!("it wrote no table; see {log}.txt"))?;
            let findings = judge(&table, crowd, kind, &seen);
            outcome.findings.extend(findings.into_iter().map(|found| format!("{log}: {found}")));
            held.push(format!("{name} {:.1} s", seen.held.as_secs_f64()));
            longest = longest.max(seen.longest_answer);
        }
        outcome.figures.push_str(&format!(
            "{} connections each, held by the hub: {}; others waited {} ms at most. ",
            crowd.connections,
            held.join(", "),
            longest.as_millis()
        ));
    }
    Ok(outcome)
}

/// The path of the largest thing that a page loads.
fn large(target: &Target) -> anyhow::Result<String> {
    let mut client = target.client();
    let page = client.get("/")?.body;
    let mut largest = (0, "/login".to_owned());
    for path in page.split('"').filter(|text| text.starts_with("/assets/")) {
        largest = largest.max((client.get(path)?.body.len(), path.to_owned()));
    }
    Ok(largest.1)
}

/// What is wrong, in its table of seconds and in what was seen meanwhile.
fn judge(table: &str, crowd: &Crowd, kind: &Kind, seen: &Seen) -> Vec<String> {
    let mut findings = Vec::new();
    // Seconds, closed, pending, connected, and whether its probe was served: 0 if it was not.
    let rows: Vec<Vec<u64>> = table
        .lines()
        .skip(1)
        .map(|row| row.split(',').filter_map(|cell| cell.trim().parse().ok()).collect())
        .collect();
    if !rows.iter().any(|row| row.get(3).is_some_and(|connected| *connected > 0)) {
        findings.push("it had no connection".to_owned());
    }
    let unserved = rows.iter().filter(|row| row.get(4) == Some(&0)).count();
    if crowd.has_room && unserved > 0 {
        findings.push(format!("the service was not available for {unserved} s"));
    }
    // The last one is opened in the second from which on there are no more of them, open and closed.
    let opened = |row: &Vec<u64>| row.get(1).copied().unwrap_or(0) + row.get(3).copied().unwrap_or(0);
    let all = rows.iter().map(opened).max().unwrap_or(0);
    let last = rows.iter().find(|row| opened(row) == all).and_then(|row| row.first().copied()).unwrap_or(0);
    let held_max = crowd.life_max + Duration::from_secs(last);
    if seen.held > held_max {
        let (held, most) = (seen.held.as_secs_f64(), held_max.as_secs());
        findings.push(format!("the hub had its connections for {held:.1} s, more than {most}"));
    }
    if kind.is_slow && seen.most == 0 {
        findings.push("the hub saw no strangers".to_owned());
    }
    if seen.longest_answer > WAIT_MAX {
        findings.push(format!("who is known waited {} ms", seen.longest_answer.as_millis()));
    }
    findings.extend(seen.error.clone());
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "Seconds,Closed,Pending,Connected,Service Available\n0,0,1,0,60\n1,0,0,60,60\n6,56,0,4,60\n";

    fn seen() -> Seen {
        let (held, longest_answer) = (Duration::from_secs(6), Duration::from_millis(5));
        Seen { held, most: 60, longest_answer, error: None }
    }

    #[test]
    fn a_service_that_is_away_or_never_closes_is_found() {
        let (few, many, headers, ranges) = (&CROWDS[0], &CROWDS[1], &KINDS[0], &KINDS[2]);
        assert_eq!(judge(TABLE, few, headers, &seen()), Vec::<String>::new());
        let away = TABLE.replace("4,60", "4,0");
        assert_eq!(judge(&away, few, headers, &seen()), ["the service was not available for 1 s"]);
        assert_eq!(judge(&away, many, headers, &seen()), Vec::<String>::new());
        for wrong in [
            // All are open in the first second.
            Seen { held: Duration::from_secs(9), ..seen() },
            Seen { most: 0, ..seen() },
            Seen { longest_answer: Duration::from_secs(3), ..seen() },
            Seen { error: Some("it does not answer".to_owned()), ..seen() },
        ] {
            assert_eq!(judge(TABLE, few, headers, &wrong).len(), 1, "{wrong:?}");
        }
        let gone = Seen { most: 0, ..seen() };
        assert_eq!(judge(TABLE, few, ranges, &gone), Vec::<String>::new());
        assert_eq!(judge("", few, headers, &seen()), ["it had no connection"]);
    }
}
