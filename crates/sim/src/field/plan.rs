//! How often what happens in the field, chosen by the seed and bent towards one rule where it is aimed at one.

use crate::random::Random;
use protocol::rule::Rule;

/// One thing that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Pass,
    PassToNext,
    CarryLink,
    CarryLine,
    CommitGateway,
    CommitHub,
    Mail,
    Flow,
    Publish,
    Answer,
    CutLink,
    CutLine,
    StallLine,
    EndProgram,
    StartProgram,
    Move,
    CrashGateway,
    StartGateway,
    CrashHub,
    StartHub,
    BackUpGateway,
    RestoreGateway,
    BackUpHub,
    RestoreHub,
    AddHub,
    RemoveHub,
    Ask,
    Cancel,
}

use Step::{
    AddHub, Answer, Ask, BackUpGateway, BackUpHub, Cancel, CarryLine, CarryLink, CommitGateway, CommitHub,
    CrashGateway, CrashHub, CutLine, CutLink, EndProgram, Flow, Mail, Move, Pass, PassToNext, Publish,
    RemoveHub, RestoreGateway, RestoreHub, StallLine, StartGateway, StartHub, StartProgram,
};

const TABLE: &[(Step, u32)] = &[
    (Pass, 30),
    (PassToNext, 20),
    (CarryLink, 120),
    (CarryLine, 120),
    (CommitGateway, 70),
    (CommitHub, 70),
    (Mail, 50),
    (Flow, 8),
    (Publish, 50),
    (Answer, 10),
    (CutLink, 4),
    (CutLine, 8),
    (StallLine, 4),
    (EndProgram, 2),
    (StartProgram, 10),
    (Move, 3),
    (CrashGateway, 2),
    (StartGateway, 10),
    (CrashHub, 2),
    (StartHub, 10),
    (BackUpGateway, 1),
    (RestoreGateway, 0),
    (BackUpHub, 1),
    (RestoreHub, 0),
    (AddHub, 4),
    (RemoveHub, 0),
    (Ask, 10),
    (Cancel, 2),
];

/// What a field is made of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    weights: Vec<(Step, u32)>,
    sum: u64,
    pub(crate) devices: usize,
    pub(crate) gateways: usize,
    pub(crate) hubs: usize,
    /// The most messages published in one step.
    pub(crate) burst: u64,
    /// The most bytes that a gateway keeps for one hub.
    pub(crate) quota: u64,
    /// Devices connect to hubs, too.
    pub(crate) direct: bool,
    /// The first device is plain.
    pub(crate) plain: bool,
}

impl Plan {
    pub(crate) fn new(aim: Option<Rule>, random: &mut Random) -> Self {
        let mut plan = Self {
            weights: TABLE.to_vec(),
            sum: 0,
            devices: random.pick(&[1, 2, 3]),
            gateways: random.pick(&[1, 2, 2]),
            hubs: random.pick(&[1, 2, 2, 3]),
            burst: random.pick(&[1, 3, 20]),
            quota: random.pick(&[300, 2_000, u64::MAX, u64::MAX]),
            direct: random.one_in(3),
            plain: false,
        };
        if random.one_in(3) {
            plan.weigh(&[(BackUpGateway, 4), (RestoreGateway, 2)]);
        }
        if random.one_in(3) {
            plan.weigh(&[(BackUpHub, 4), (RestoreHub, 2)]);
        }
        if random.one_in(3) {
            plan.weigh(&[(RemoveHub, 2)]);
        }
        match aim {
            Some(Rule::U1 | Rule::U2) => {
                plan.weigh(&[(BackUpGateway, 8), (RestoreGateway, 6)]);
            }
            Some(Rule::U3) => plan.quota = 300,
            // A device that says much, and a disk that is slow.
            Some(Rule::U4) => {
                (plan.burst, plan.plain) = (200, true);
                plan.weigh(&[(Publish, 90), (CommitGateway, 10), (Flow, 0)]);
            }
            // Devices go from a gateway to a hub and back.
            Some(Rule::U8) => {
                plan.direct = true;
                plan.weigh(&[(Move, 30)]);
            }
            // Devices come back while no hub is there.
            Some(Rule::U7) => {
                plan.hubs = 1;
                plan.weigh(&[(CrashHub, 20), (StartHub, 4), (CutLink, 20)]);
            }
            Some(Rule::U5) => plan.weigh(&[(Ask, 40), (CutLine, 30), (CrashGateway, 6)]),
            Some(Rule::U6) => {
                plan.gateways = 2;
                plan.weigh(&[(Move, 20), (CutLine, 30)]);
            }
            _ => {}
        }
        plan.sum = plan.weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        plan
    }

    fn weigh(&mut self, weights: &[(Step, u32)]) {
        for (step, weight) in weights {
            if let Some(known) = self.weights.iter_mut().find(|(known, _)| known == step) {
                known.1 = *weight;
            }
        }
    }

    pub(crate) fn pick(&self, random: &mut Random) -> Step {
        let mut at = random.below(self.sum);
        for (step, weight) in &self.weights {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return *step,
            }
        }
        Pass
    }
}
