//! What a simulation is made of and how often what happens: chosen by the seed, and bent towards one rule where it is
//! aimed at one.

use crate::program::{Keeps, Make};
use crate::random::Random;
use crate::world::make;
use protocol::rule::Rule;

/// One thing that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Step {
    /// Time passes, a little or much.
    Pass,
    /// Time passes until something is due.
    PassToNext,
    /// Some bytes arrive.
    Carry,
    /// A commit begins or becomes durable.
    Commit,
    /// A connection at the hub reads what was posted to it.
    Mail,
    /// The hub hears which conversations are over.
    Endings,
    /// All that can happen without waiting happens.
    Flow,
    /// A device has samples.
    Publish,
    /// A device has done what a command asked for.
    Answer,
    /// A device's file is synced.
    Sync,
    /// A device's file lets go of what it need not hold.
    Compact,
    /// A panel takes what there is.
    Look,
    /// A panel takes nothing for a while.
    Freeze,
    /// Somebody asks for something.
    Ask,
    /// Somebody asks for the same again.
    Repeat,
    /// Somebody asks for something else under the same id.
    Forge,
    /// Somebody takes a command back.
    Cancel,
    /// A connection is cut; both ends learn it.
    Cut,
    /// A connection is cut; an end does not learn it.
    HalfOpen,
    /// Nothing arrives over a connection for a while.
    Stall,
    /// A serial line loses bytes.
    Garble,
    /// A device's program ends.
    EndProgram,
    /// A device loses power.
    PowerProgram,
    /// A device's program starts.
    StartProgram,
    /// The hub is gone.
    Crash,
    /// The hub is gone and starts again.
    Restart,
    /// The disk fails under a commit.
    FailCommit,
    /// The disk is back.
    Mend,
    /// The store is backed up.
    BackUp,
    /// The store goes back to its backup.
    Restore,
}

use Step::{
    Answer, BackUp, Cancel, Carry, Commit, Compact, Crash, Cut, EndProgram, Endings, FailCommit, Flow, Forge,
    Freeze, Garble, HalfOpen, Look, Mail, Mend, Pass, PassToNext, PowerProgram, Publish, Repeat, Restart,
    Restore, Stall, StartProgram, Sync,
};

/// How often what happens, of the sum of all.
const TABLE: &[(Step, u32)] = &[
    (Pass, 40),
    (PassToNext, 12),
    (Carry, 200),
    (Commit, 90),
    (Mail, 60),
    (Endings, 15),
    (Flow, 12),
    (Publish, 60),
    (Answer, 12),
    (Sync, 10),
    (Compact, 4),
    (Look, 20),
    (Freeze, 2),
    (Step::Ask, 14),
    (Repeat, 5),
    (Forge, 2),
    (Cancel, 5),
    (Cut, 6),
    (HalfOpen, 4),
    (Stall, 4),
    (Garble, 6),
    (EndProgram, 3),
    (PowerProgram, 3),
    (StartProgram, 12),
    (Crash, 1),
    (Restart, 3),
    (FailCommit, 3),
    (Mend, 12),
    (BackUp, 1),
    (Restore, 0),
];

/// What a simulation is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    weights: Vec<(Step, u32)>,
    sum: u64,
    /// Panels.
    pub panels: usize,
    /// The most messages published in one step.
    pub burst: u64,
    /// Rounds in which all must come to its end.
    pub drain_rounds: usize,
    keeps: Vec<Keeps>,
    /// One bit for each device on a serial line.
    serial: u64,
    /// No device asks for heartbeats.
    silent: bool,
    /// Two programs bear one id.
    twins: bool,
    off: u64,
}

impl Plan {
    /// The plan of a seed, aimed at a rule.
    pub fn new(aim: Option<Rule>, random: &mut Random) -> Self {
        let devices = random.pick(&[1, 1, 2, 2, 3]);
        let keeps = (0..devices)
            .map(|_| {
                random.pick(&[Keeps::Nothing, Keeps::Memory, Keeps::Memory, Keeps::Storage, Keeps::Storage])
            })
            .collect();
        let mut plan = Self {
            weights: TABLE.to_vec(),
            sum: 0,
            panels: random.pick(&[1, 2]),
            burst: random.pick(&[1, 3, 3, 40]),
            drain_rounds: 400,
            keeps,
            serial: random.below(8),
            silent: false,
            twins: false,
            off: random.below(16),
        };
        if random.one_in(4) {
            plan.weigh(&[(Restore, 2), (BackUp, 4)]);
        }
        match aim {
            Some(rule) => plan.aim(rule),
            None if random.one_in(40) => plan.contest(),
            None => {}
        }
        plan.sum = plan.weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        plan
    }

    /// Makes what the rule prevents likelier.
    fn aim(&mut self, rule: Rule) {
        match rule {
            // Runs of the program follow each other, and what they leave in the file is looked at.
            Rule::D2 | Rule::D3 | Rule::D4 => {
                self.keeps.fill(Keeps::Storage);
                self.weigh(&[(PowerProgram, 8), (EndProgram, 8), (StartProgram, 30), (Restore, 0)]);
            }
            // Lines get lost, and nothing else tells of it.
            Rule::D6 => {
                self.keeps = vec![Keeps::Memory];
                (self.serial, self.burst) = (1, 1);
                self.weigh(&[(Garble, 60), (Publish, 30)]);
            }
            // Ends of connections that nobody tells of.
            Rule::D7 | Rule::H10 => self.weigh(&[(HalfOpen, 16)]),
            // A hub starts behind a serial line, and the device hears nothing of it.
            Rule::H8 => {
                self.keeps = vec![Keeps::Memory];
                (self.serial, self.silent) = (1, true);
                self.weigh(&[(Restart, 10)]);
            }
            Rule::H9 => self.weigh(&[(FailCommit, 20)]),
            Rule::H11 => self.contest(),
            _ => {}
        }
    }

    /// Two programs with one id take each other's place.
    fn contest(&mut self) {
        self.keeps = vec![Keeps::Memory, Keeps::Memory];
        (self.serial, self.twins) = (0, true);
        self.weigh(&[(Restore, 0), (Restart, 0), (Crash, 0), (Flow, 60), (PassToNext, 60)]);
    }

    /// Sets how often these happen.
    fn weigh(&mut self, weights: &[(Step, u32)]) {
        for (step, weight) in weights {
            self.weights[*step as usize].1 = *weight;
        }
    }

    /// The next step.
    pub fn pick(&self, random: &mut Random) -> Step {
        let mut at = random.below(self.sum);
        for (step, weight) in &self.weights {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return *step,
            }
        }
        Pass
    }

    /// The devices.
    pub(crate) fn makes(&self, random: &mut Random) -> Vec<Make> {
        let devices = self.keeps.iter().enumerate();
        devices
            .map(|(number, keeps)| {
                let mut make = make(if self.twins { 0 } else { number }, *keeps, random);
                make.serial = *keeps != Keeps::Nothing && self.serial >> number & 1 == 1;
                make.heartbeat = make.heartbeat.filter(|_| !self.silent);
                make
            })
            .collect()
    }

    /// Whether a device is switched off at the end. Of two that bear one id only one can stay.
    pub fn stays_off(&self, program: usize) -> bool {
        self.off == program as u64 || self.twins && program > 0
    }

    /// Whether one program alone bears the id of this one.
    pub fn is_honest(&self) -> bool {
        !self.twins
    }
}
