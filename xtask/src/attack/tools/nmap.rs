//! nmap: which ports are open, and what speaks there, asked in all the languages that it knows.

use crate::attack::bounded;
use crate::attack::programs::{Program, of_system};
use crate::attack::target::Target;
use crate::attack::tool::{Outcome, Tool};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub(super) const TOOL: Tool = Tool {
    name: "nmap",
    does: "all ports, and what speaks at those of the hub",
    program: |_| of_system("nmap", "--version"),
    play,
};

/// How long each of its two scans may take.
const LIMIT: Duration = Duration::from_secs(240);
const ADDRESS: &str = "127.0.0.1";
/// How many of its questions it asks, the likely ones first.
const INTENSITY: &str = "5";
/// What the ready file names.
const LISTENERS: &[&str] = &["http", "https", "lines", "tls"];
/// A socket that listens, in the system's table.
const LISTENS: &str = "0A";

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    let port = |listener: &&str| {
        let address = target.address(listener);
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        port.with_context(|| format!("{listener} has no port: “{address}”"))
    };
    let ours = LISTENERS.iter().map(port).collect::<anyhow::Result<BTreeSet<u16>>>()?;
    let mut all = program.command();
    all.args(["-Pn", "-n", "-sT", "-T4", "-p-", "--open", "-oG", "-", ADDRESS]);
    let open = services(&bounded::run(&all, target.folder(), "nmap-ports", LIMIT)?);
    let names: Vec<String> = ours.iter().map(u16::to_string).collect();
    let mut versions = program.command();
    versions.args([
        "-Pn",
        "-n",
        "-sT",
        "-sV",
        "-sC",
        "--version-intensity",
        INTENSITY,
        "-oG",
        "nmap.txt",
        "-p",
    ]);
    versions.args([&names.join(","), ADDRESS]);
    bounded::run(&versions, target.folder(), "nmap-versions", LIMIT)?;
    let asked = services(&fs::read_to_string(target.folder().join("nmap.txt"))?);
    let of_hub = listening(target.pid());
    let mut findings = judge(&ours, &open.keys().copied().collect(), of_hub.as_ref());
    findings.extend(
        ours.iter()
            .filter(|port| !asked.contains_key(port))
            .map(|port| format!("port {port} is not open any more when it was asked what speaks there")),
    );
    let spoken: BTreeSet<&str> =
        asked.values().map(|service| if service.is_empty() { "unknown" } else { service }).collect();
    let spoken: Vec<&str> = spoken.into_iter().collect();
    let whose = if of_hub.is_some() {
        "the hub listens nowhere else"
    } else {
        "whose the others are is not known here"
    };
    let figures = format!(
        "{} ports open on this machine, {} of them the hub's, as it says; {whose}; services: {}",
        open.len(),
        ours.intersection(&open.keys().copied().collect()).count(),
        spoken.join(", ").replace('|', " over ")
    );
    Ok(Outcome { figures, findings, accepted: Vec::new() })
}

/// Open ports and what nmap thinks of them, from what it writes for programs.
fn services(said: &str) -> BTreeMap<u16, String> {
    let ports = said.lines().filter_map(|line| line.split_once("Ports: "));
    let ports = ports.flat_map(|(_, ports)| ports.split('\t').next().unwrap_or_default().split(", "));
    let open = ports.filter_map(|port| {
        let mut fields = port.trim().split('/');
        let number = fields.next()?.parse().ok()?;
        (fields.next()? == "open").then(|| (number, fields.nth(2).unwrap_or_default().to_owned()))
    });
    open.collect()
}

/// What is wrong with the ports that are open. Others than the hub's are not its business, unless it has them (`of_hub`).
fn judge(ours: &BTreeSet<u16>, open: &BTreeSet<u16>, of_hub: Option<&BTreeSet<u16>>) -> Vec<String> {
    let closed = ours.difference(open).map(|port| format!("port {port} is not open"));
    let beside = of_hub.into_iter().flatten().filter(|port| !ours.contains(port));
    closed.chain(beside.map(|port| format!("the hub listens at port {port}, and does not say so"))).collect()
}

/// The ports at which a process listens, where the system tells.
fn listening(pid: u32) -> Option<BTreeSet<u16>> {
    let process = Path::new("/proc").join(pid.to_string());
    let files = fs::read_dir(process.join("fd")).ok()?.flatten();
    let files = files.filter_map(|file| fs::read_link(file.path()).ok());
    let sockets: BTreeSet<String> = files.map(|file| file.to_string_lossy().into_owned()).collect();
    let tables =
        ["net/tcp", "net/tcp6"].map(|table| fs::read_to_string(process.join(table)).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    Some(rows.filter_map(|row| listens(row, &sockets)).collect())
}

/// The port of a row of the system's table, if it is one of a listener among `sockets`.
fn listens(row: &str, sockets: &BTreeSet<String>) -> Option<u16> {
    let cells: Vec<&str> = row.split_whitespace().collect();
    let (local, state, inode) = (cells.get(1)?, cells.get(3)?, cells.get(9)?);
    let is_ours = *state == LISTENS && sockets.contains(&format!("socket:[{inode}]"));
    let (_, port) = local.split_once(':').filter(|_| is_ours)?;
    u16::from_str_radix(port, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nmap_writes_is_read() {
        let said = "# Nmap 7.93 scan\nHost: 127.0.0.1 ()\tStatus: Up\n\
                    Host: 127.0.0.1 ()\tPorts: 33897/open/tcp//unknown///, 36483/open/tcp//ssl|unknown///, \
                    22/closed/tcp//ssh///\tIgnored State: closed (65529)\n";
        let expected = [(33897, "unknown".to_owned()), (36483, "ssl|unknown".to_owned())];
        assert_eq!(services(said), BTreeMap::from(expected));
    }

    #[test]
    fn the_hub_listens_where_it_says_and_nowhere_else() {
        let set = |ports: &[u16]| ports.iter().copied().collect::<BTreeSet<u16>>();
        let (ours, all) = (set(&[80, 81]), set(&[22, 80, 81]));
        assert!(judge(&ours, &all, Some(&ours)).is_empty() && judge(&ours, &all, None).is_empty());
        assert_eq!(judge(&ours, &set(&[80]), None), ["port 81 is not open"]);
        assert_eq!(judge(&ours, &all, Some(&all)), ["the hub listens at port 22, and does not say so"]);
    }

    #[test]
    fn listeners_are_told_from_other_sockets() {
        let row = |state: &str| {
            format!(
                "   0: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0"
            )
        };
        let sockets = BTreeSet::from(["socket:[4711]".to_owned()]);
        assert_eq!(listens(&row("0A"), &sockets), Some(8080));
        assert_eq!(listens(&row("01"), &sockets), None);
        assert_eq!(listens(&row("0A"), &BTreeSet::new()), None);
    }
}
