//! What was asked for on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::peer::Peer;
use crate::scenario::{SCENARIOS, Scenario};

/// Rounds of each comparison, unless it is said otherwise.
const ROUNDS: usize = 3;

/// What to measure, and how long.
pub(crate) struct Options {
    /// In the order of the table; all, where none was named.
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) rounds: usize,
    /// A look at whether all works: short, and one round.
    pub(crate) quick: bool,
    pub(crate) glassline: PathBuf,
    /// Where peers are installed, and servers have their files while they run.
    pub(crate) dir: PathBuf,
    /// Where the figures go for programs.
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads them. What is wrong with them is said in a sentence.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
        let target = target();
        let mut options = Options {
            scenarios: Vec::new(),
            peers: Peer::ALL.to_vec(),
            rounds: 0,
            quick: false,
            glassline: target.join("release/glassline"),
            dir: target.join("bench"),
            json: None,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--peers" => options.peers = peers(&value()?)?,
                "--rounds" => options.rounds = value()?.parse().context("--rounds is a number from 1 on")?,
                "--quick" => options.quick = true,
                "--glassline" => options.glassline = value()?.into(),
                "--dir" => options.dir = value()?.into(),
                "--json" => options.json = Some(value()?.into()),
                name => options.scenarios.push(scenario(name)?),
            }
        }
        if options.scenarios.is_empty() {
            options.scenarios = SCENARIOS.iter().collect();
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 1 } else { ROUNDS };
        }
        Ok(options)
    }

    /// Seconds to measure: fewer when it is only a look.
    pub(crate) fn seconds(&self, full: f64) -> f64 {
        if self.quick { full / 3.0 } else { full }
    }
}

fn scenario(name: &str) -> anyhow::Result<&'static Scenario> {
    SCENARIOS
        .iter()
        .find(|scenario| scenario.name == name)
        .with_context(|| format!("there is no scenario {name}"))
}

fn peers(names: &str) -> anyhow::Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for name in names.split(',').filter(|name| !name.is_empty() && *name != "none") {
        let Some(peer) = Peer::ALL.iter().find(|peer| peer.name() == name) else {
            bail!("there is no peer {name}: mosquitto, nats, uws, node, or none");
        };
        peers.push(*peer);
    }
    Ok(peers)
}

/// The workspace's folder for what is built: on the disk that it was built on, and not in memory as temporary files often
/// are.
fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}
