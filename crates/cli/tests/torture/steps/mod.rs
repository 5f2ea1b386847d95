//! The steps: what is done to whom, each with a short and a long form.

mod clock;
mod disk;
mod gateway;
mod kill;
mod network;
mod outbox;
mod power;
mod stop;
mod takeover;

use crate::dice::Dice;
use crate::machine;
use crate::rig::Verdict;
use std::collections::BTreeSet;

/// How a step is played.
pub(crate) struct Run {
    /// Everything random comes from it.
    pub(crate) dice: Dice,
    /// Once through, for every day; or as often as it takes to trust it.
    pub(crate) long: bool,
}

impl Run {
    /// So many times.
    pub(crate) fn times(&self, short: u64, long: u64) -> u64 {
        if self.long { long } else { short }
    }
}

/// What came of a step.
pub(crate) struct Outcome {
    /// What was done, with its numbers.
    pub(crate) done: String,
    pub(crate) verdict: Verdict,
}

/// One step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Plays in the short form too.
    daily: bool,
    /// Needs a network and mounts of its own.
    apart: bool,
    /// Programs and libraries that not every machine has, and the packages that bring them.
    programs: &'static [(&'static str, &'static str)],
    play: fn(Run) -> Outcome,
}

/// All steps, in the order in which they are played.
pub(crate) const STEPS: &[Step] = &[
    Step { daily: true, ..Step::new("kill-hub", kill::hub) },
    Step { daily: true, ..Step::new("kill-fleet", kill::fleet) },
    Step { daily: true, ..Step::new("outbox", outbox::damaged) },
    Step { daily: true, ..Step::new("stop", stop::both) },
    Step { daily: true, ..Step::new("takeover", takeover::storm) },
    Step { daily: true, ..Step::new("kill-gateway", gateway::kills) },
    Step { daily: true, ..Step::new("chaos", gateway::chaos) },
    Step { apart: true, ..Step::new("disk-full", disk::full) },
    Step { apart: true, ..Step::new("read-only", disk::read_only) },
    Step { apart: true, programs: &[("nft", "nftables")], ..Step::new("half-open", network::half_open) },
    Step { apart: true, programs: &[("nft", "nftables")], ..Step::new("gateway-packets", gateway::packets) },
    Step { programs: clock::LIBRARIES, ..Step::new("clock", clock::jumps) },
    Step { programs: machine::PROGRAMS, ..Step::new("power", power::cuts) },
    Step { programs: machine::PROGRAMS, ..Step::new("power-control", power::control) },
];

impl Step {
    const fn new(name: &'static str, play: fn(Run) -> Outcome) -> Self {
        Self { name, daily: false, apart: false, programs: &[], play }
    }

    /// Whether it is played in this form at all.
    pub(crate) fn is_in(&self, long: bool) -> bool {
        self.daily || long
    }

    /// Plays it.
    pub(crate) fn play(&self, run: Run) -> Outcome {
        (self.play)(run)
    }

    /// Why it cannot be played here, where `apart` says whether this is a network and mounts of our own.
    pub(crate) fn lacks(&self, apart: bool) -> Option<String> {
        if self.apart && !apart {
            return Some("it needs a network and mounts of its own, which root may make".to_owned());
        }
        let (program, package) = self.missing().next()?;
        Some(format!("there is no {program} (Debian: apt-get install {package})"))
    }

    /// Programs that are not here, and the packages that bring them.
    fn missing(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let is_here = move |program: &str| folders.iter().any(|folder| folder.join(program).exists());
        self.programs.iter().copied().filter(move |(program, _)| !is_here(program))
    }
}

/// Debian's packages that bring what the steps lack here.
pub(crate) fn missing_packages() -> BTreeSet<&'static str> {
    STEPS.iter().flat_map(Step::missing).map(|(_, package)| package).collect()
}
