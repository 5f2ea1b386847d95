//! The world of one simulation: everything in it, and what one step does to it.

use crate::Options;
use crate::check::{Checks, Finding};
use crate::hub::Hub;
use crate::network::Link;
use crate::panel::Panel;
use crate::people::Asked;
use crate::plan::{Plan, Step};
use crate::program::{Keeps, Make, Program, Speaker};
use crate::random::Random;
use crate::storage::Storage;
use crate::stored::name_of;
use crate::trace::Trace;
use protocol::id::DeviceId;
use protocol::time::Time;

/// When worlds begin.
const BEGIN: Time = Time { wall: 1_763_846_847_000, mono: 1_000 };

/// A world.
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) random: Random,
    pub(crate) trace: Trace,
    pub(crate) checks: Checks,
    pub(crate) plan: Plan,
    pub(crate) storage: Storage,
    pub(crate) hub: Option<Hub>,
    pub(crate) links: Vec<Link>,
    pub(crate) programs: Vec<Program>,
    pub(crate) panels: Vec<Panel>,
    /// Links accepted so far.
    pub(crate) connections: u64,
    /// All that was ever asked for.
    pub(crate) asked: Vec<Asked>,
    /// The buffer of what arrives.
    pub(crate) arriving: Vec<u8>,
}

impl World {
    pub(crate) fn new(plan: Plan, mut random: Random, options: &Options) -> Self {
        let makes = plan.makes(&mut random);
        let programs: Vec<Program> =
            makes.into_iter().enumerate().map(|(number, make)| Program::new(number, make)).collect();
        let panels = (0..plan.panels).map(|_| Panel::new(programs.len())).collect();
        let mut world = Self {
            now: BEGIN,
            random,
            trace: Trace::new(options.readable),
            checks: Checks::default(),
            storage: Storage::new(options.in_files),
            hub: None,
            links: Vec::new(),
            programs,
            panels,
            connections: 0,
            asked: Vec::new(),
            arriving: Vec::new(),
            plan,
        };
        world.start_hub();
        for program in 0..world.programs.len() {
            world.start_program(program);
        }
        world
    }

    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.checks.finding()
    }

    /// The ids of devices, each with whether one program alone bears it.
    pub(crate) fn device_ids(&self) -> Vec<(String, bool)> {
        let mut ids: Vec<(String, bool)> = Vec::new();
        for program in &self.programs {
            let id = program.make.id.as_str();
            match ids.iter_mut().find(|(known, _)| known == id) {
                Some((_, alone)) => *alone = false,
                None => ids.push((id.to_owned(), true)),
            }
        }
        ids
    }

    /// One step of the plan.
    pub(crate) fn step(&mut self) {
        let step = self.plan.pick(&mut self.random);
        self.perform(step);
    }

    /// Carries out one step.
    pub(crate) fn perform(&mut self, step: Step) {
        let program = self.random.place(self.programs.len());
        match step {
            Step::Pass => self.pass_a_while(),
            Step::PassToNext => self.pass_to_next(u64::MAX),
            Step::Carry => self.carry_some(),
            Step::Commit => self.commit_on(),
            Step::Mail => self.read_some_mail(),
            Step::Endings => self.hear_endings(),
            Step::Flow => self.flow(),
            Step::Publish => {
                for _ in 0..self.random.within(1, self.plan.burst) {
                    self.publish(program);
                }
            }
            Step::Answer => self.answer(program),
            Step::Sync => self.programs[program].file.sync(),
            Step::Compact => self.compact(program),
            Step::Look => self.look_some(),
            Step::Freeze => self.freeze(),
            Step::Ask => self.ask(),
            Step::Repeat => self.repeat(),
            Step::Forge => self.forge(),
            Step::Cancel => self.cancel(),
            Step::Cut => self.cut(false),
            Step::HalfOpen => self.cut(true),
            Step::Stall => self.stall(),
            Step::Garble => self.garble(),
            Step::EndProgram => self.end_program(program, false),
            Step::PowerProgram => self.end_program(program, true),
            Step::StartProgram => self.start_program(program),
            Step::Crash => self.crash(),
            Step::Restart => self.restart(),
            Step::FailCommit => self.fail_commit(),
            Step::Mend => self.mend(),
            Step::BackUp => self.storage.back_up(),
            Step::Restore => self.restore(),
        }
    }

    pub(crate) fn pass_a_while(&mut self) {
        let most = self.random.pick(&[2, 20, 200, 2_000, 20_000]);
        let ms = self.random.within(1, most);
        self.pass(ms);
    }

    /// Time passes up to what is due next, at most `most` ms.
    pub(crate) fn pass_to_next(&mut self, most: u64) {
        let next = self.next().unwrap_or(self.now.mono + 1_000);
        self.pass(next.saturating_sub(self.now.mono).clamp(1, most.max(1)));
    }

    pub(crate) fn next(&self) -> Option<u64> {
        let hub = self.hub.as_ref().and_then(Hub::next);
        let programs = self.programs.iter().filter_map(|program| program.run.as_ref()?.next());
        let links = self.links.iter().flat_map(|link| [link.up.next(), link.down.next()]).flatten();
        let now = self.now.mono;
        programs.chain(hub).chain(links.filter(|at| *at > now)).min()
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.mono += ms;
        self.now.wall += i64::try_from(ms).expect("less than years");
        self.trace.happened(ms << 8, format_args!("{ms} ms"));
        self.at_hub(|hub, around| hub.timeout(around));
        self.programs_timeout();
    }

    /// Everything that can happen without waiting happens.
    pub(crate) fn flow(&mut self) {
        for _ in 0..200 {
            let mut moved = false;
            for link in 0..self.links.len() {
                moved |= self.carry_up(link, usize::MAX);
                moved |= self.carry_down(link, usize::MAX);
            }
            let places: Vec<usize> = self.hub.iter().flat_map(|hub| hub.with_mail()).collect();
            for place in places {
                self.at_hub(|hub, around| hub.read_mail(place, around));
                moved = true;
            }
            self.reopen_serial();
            if self.hub.as_ref().is_some_and(Hub::has_endings) {
                self.hear_endings();
                moved = true;
            }
            if self.hub.is_some() && !self.storage.is_idle() && !self.storage.has_failed() {
                self.storage.begin();
                self.finish_commit();
                moved = true;
            }
            if !moved {
                break;
            }
        }
    }

    /// A stored outbox lets go of what it need not hold.
    pub(crate) fn compact(&mut self, program: usize) {
        let it = &mut self.programs[program];
        if it.make.keeps == Keeps::Storage
            && let Some(run) = &it.run
            && let Speaker::Session(side) = &run.speaker
        {
            it.file.keep(side.head());
            it.file.forget(side.held_from());
        }
    }
}

/// What devices a plan asks for.
pub(crate) fn make(number: usize, keeps: Keeps, random: &mut Random) -> Make {
    Make {
        id: DeviceId::parse(&name_of(number)).expect("an id"),
        keeps,
        serial: false,
        heartbeat: random.pick(&[Some(1), Some(5), Some(15), None]).filter(|_| keeps != Keeps::Nothing),
        outbox: random.pick(&[3, 8, 100, 4096]),
        clock: random.pick(&[None, Some(0), Some(0), Some(-5_000), Some(4_000)]),
    }
}
