//! All that is in a field, and who does what when something happens to it.

use super::check::Checks;
use super::gateway::{self, Asks};
use super::hub::{self, Wish};
use super::line::Line;
use super::plan::Plan;
use crate::Options;
use crate::check::Checks as Scratch;
use crate::hub::{Around, Hub};
use crate::network::Link;
use crate::program::{Keeps, Make, Program};
use crate::random::Random;
use crate::storage::Storage;
use crate::stored::name_of;
use crate::trace::Trace;
use protocol::id::DeviceId;
use protocol::time::Time;
use protocol::uplink::gateway_side::Output;
use router::{Intent, Request};
use std::sync::Arc;

/// When fields begin.
const BEGIN: Time = Time { wall: 1_763_846_847_000, mono: 1_000 };

/// A gateway: its program, when it runs, and its disk.
pub(crate) struct Gateway {
    pub(crate) name: String,
    pub(crate) run: Option<gateway::Running>,
    pub(crate) storage: Storage,
    pub(crate) scratch: Scratch,
}

/// A hub: its program, when it runs, and its disk.
pub(crate) struct HubSite {
    pub(crate) run: Option<hub::Running>,
    pub(crate) storage: Storage,
    pub(crate) scratch: Scratch,
}

/// A field.
pub(crate) struct Field {
    pub(crate) now: Time,
    pub(crate) random: Random,
    pub(crate) trace: Trace,
    pub(crate) checks: Checks,
    pub(crate) plan: Plan,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) hubs: Vec<HubSite>,
    pub(crate) programs: Vec<Program>,
    /// To which site each device connects: a gateway, or behind those a hub.
    pub(crate) near: Vec<usize>,
    /// Between devices and sites.
    pub(crate) links: Vec<Link>,
    pub(crate) link_sites: Vec<usize>,
    pub(crate) lines: Vec<Line>,
    pub(crate) connections: u64,
    /// Commands asked for: of which hub, for which device.
    pub(crate) asked: Vec<(usize, usize)>,
}

impl Field {
    pub(crate) fn new(plan: Plan, mut random: Random, options: &Options) -> Self {
        let programs: Vec<Program> = (0..plan.devices)
            .map(|number| {
                let keeps = random.pick(&[Keeps::Nothing, Keeps::Memory, Keeps::Memory, Keeps::Memory]);
                let keeps = if plan.plain && number == 0 { Keeps::Nothing } else { keeps };
                Program::new(number, make(number, keeps, &mut random))
            })
            .collect();
        let near = programs.iter().map(|_| random.place(plan.gateways)).collect();
        let gateway = |number: usize| Gateway {
            name: format!("barn-{number}"),
            run: None,
            storage: Storage::spool(['g', 'h'][number]),
            scratch: Scratch::default(),
        };
        let hub = |number: usize| HubSite {
            run: None,
            storage: Storage::with_letter(['i', 'j', 'k'][number]),
            scratch: Scratch::default(),
        };
        let mut field = Self {
            now: BEGIN,
            random,
            trace: Trace::new(options.readable),
            checks: Checks::default(),
            gateways: (0..plan.gateways).map(gateway).collect(),
            hubs: (0..plan.hubs).map(hub).collect(),
            programs,
            near,
            links: Vec::new(),
            link_sites: Vec::new(),
            lines: Vec::new(),
            connections: 0,
            asked: Vec::new(),
            plan,
        };
        for gateway in 0..field.gateways.len() {
            for hub in 0..field.hubs.len() {
                // The last of several hubs is added later.
                if hub == 0 || hub + 1 < field.hubs.len() {
                    field.feed(gateway, hub, 1);
                }
            }
            field.start_gateway(gateway);
        }
        (0..field.hubs.len()).for_each(|hub| field.start_hub(hub));
        (0..field.programs.len()).for_each(|program| field.start_program(program));
        field
    }

    /// What a gateway keeps for a hub from now on.
    pub(crate) fn feed(&mut self, gateway: usize, hub: usize, begin: u64) {
        let quota = self.plan.quota;
        if let Some(spool) = self.gateways[gateway].storage.as_spool() {
            spool.feed(hub, begin, quota);
        }
    }

    pub(crate) fn start_gateway(&mut self, number: usize) {
        let now = self.now;
        let gateway = &mut self.gateways[number];
        if gateway.run.is_some() {
            return;
        }
        let loaded = gateway.storage.open();
        self.trace.happened(20, format_args!("gateway {number} starts as {}", loaded.issuer));
        let mut running = gateway::Running::new(Hub::open(now, loaded));
        if let Some(spool) = gateway.storage.as_spool() {
            spool.fed().into_iter().for_each(|hub| running.feed(now, &gateway.name, hub, spool));
        }
        gateway.run = Some(running);
        self.settle_gateway(number);
    }

    pub(crate) fn start_hub(&mut self, number: usize) {
        let site = &mut self.hubs[number];
        if site.run.is_some() {
            return;
        }
        let loaded = site.storage.open();
        self.trace.happened(21, format_args!("hub {number} starts"));
        let (gateways, next) = (loaded.gateways.clone(), loaded.next_gateway);
        site.run = Some(hub::Running::new(Hub::open(self.now, loaded), gateways, next));
    }

    /// Does something at a gateway, if it runs; then all that follows is carried out.
    pub(crate) fn at_gateway(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut gateway::Running, &mut Around<'_>),
    ) {
        let Gateway { run, storage, scratch, .. } = &mut self.gateways[number];
        let Some(running) = run else { return };
        let (links, trace) = (&mut self.links, &mut self.trace);
        act(running, &mut Around { now: self.now, links, storage, checks: scratch, trace });
        self.settle_gateway(number);
    }

    /// What takes device connections at a site.
    pub(crate) fn site(&self, site: usize) -> Option<&Hub> {
        match self.gateways.get(site) {
            Some(gateway) => gateway.run.as_ref().map(|running| &running.hub),
            None => self.hubs[site - self.gateways.len()].run.as_ref().map(|running| &running.hub),
        }
    }

    /// The same, to be changed.
    pub(crate) fn site_mut(&mut self, site: usize) -> Option<&mut Hub> {
        let gateways = self.gateways.len();
        match self.gateways.get_mut(site) {
            Some(gateway) => gateway.run.as_mut().map(|running| &mut running.hub),
            None => self.hubs[site - gateways].run.as_mut().map(|running| &mut running.hub),
        }
    }

    /// Does something with what takes device connections at a site; then all that follows is carried out.
    pub(crate) fn at_site(&mut self, site: usize, act: impl FnOnce(&mut Hub, &mut Around<'_>)) {
        match site.checked_sub(self.gateways.len()) {
            None => self.at_gateway(site, |running, around| act(&mut running.hub, around)),
            Some(hub) => self.at_hub(hub, |running, around| act(&mut running.hub, around)),
        }
    }

    /// Carries out what the uplinks of a gateway want.
    pub(crate) fn settle_gateway(&mut self, number: usize) {
        let now = self.now;
        loop {
            let Gateway { run: Some(running), storage, scratch, .. } = &mut self.gateways[number] else {
                return;
            };
            let mut admitted = Vec::new();
            if let Some(spool) = storage.as_spool() {
                admitted = running.admit(now, spool);
                running.tell(now, spool);
            }
            if let Some(device) = running.wronged.take() {
                let what = format!("{device} is known, and was sent away as no hub was reachable");
                self.checks.note("admission", Err(what));
            }
            let (links, trace) = (&mut self.links, &mut self.trace);
            let mut around = Around { now, links, storage, checks: scratch, trace };
            let is_any = !admitted.is_empty();
            for caller in admitted {
                running.hub.enter(caller, &mut around);
            }
            // The others of these look at what an honest fleet at one hub does.
            if let Some(finding) = scratch.finding().filter(|finding| finding.checker == "bounds") {
                self.checks.note("bounds", Err(finding.said.clone()));
            }
            if is_any {
                continue;
            }
            let next = running.uplinks.iter_mut().find_map(|(hub, uplink)| {
                let output = uplink.side.poll_output()?;
                Some((*hub, output))
            });
            let Some((hub, output)) = next else { break };
            self.perform(number, hub, output);
        }
        while let Some(Asks::Connect(hub)) =
            self.gateways[number].run.as_ref().and_then(|running| running.asks.pop())
        {
            self.open_line(number, hub);
        }
    }

    fn perform(&mut self, number: usize, hub: usize, output: Output) {
        let now = self.now;
        let Gateway { run: Some(running), storage, scratch, .. } = &mut self.gateways[number] else { return };
        let Some(uplink) = running.uplinks.get_mut(&hub) else { return };
        let Some(spool) = storage.as_spool() else { return };
        match output {
            Output::Connect => running.asks.push(Asks::Connect(hub)),
            Output::Send(frame) => {
                self.trace.said(format_args!("g{number}-h{hub}"), frame.as_bytes());
                if let Some(line) = uplink.line {
                    self.lines[line].up.send(&frame);
                }
            }
            Output::Close => {
                if let Some(line) = uplink.line.take() {
                    self.lines[line].at_gateway = false;
                    self.lines[line].up.pipe.close(now.mono);
                    self.lines[line].down.pipe.close(crate::network::NEVER);
                }
                uplink.side.closed(now, self.random.word() as u32);
                running.ask_again(hub);
            }
            Output::Admitted { ask, device, .. } => {
                spool.learned.insert(device, now.wall);
                if let Some((_, caller)) = running.waiting.remove(&ask) {
                    running.admitted.push(caller);
                }
            }
            Output::Read { after, entries_max, .. } => {
                let most = entries_max.min(1 + self.random.place(8));
                let entries = spool.read(after, most);
                uplink.side.entries(now, after, entries);
            }
            Output::Acked(place) => spool.acked(hub, place),
            Output::RaiseEnd { tag, number } => {
                spool.raise(&tag, number);
                let tags = spool.tags();
                for uplink in running.uplinks.values_mut() {
                    uplink.side.tags(now, tags.clone());
                }
            }
            Output::Hand { command, ttl } => {
                let by: Arc<str> = format!("{hub}/{}", command.command.by).into();
                let request = Request {
                    id: command.command.id.clone(),
                    by: by.clone(),
                    channel: command.channel,
                    value: command.value,
                    intent: Intent::Queue,
                    ttl: Some(ttl),
                    credential: None,
                };
                let (links, trace) = (&mut self.links, &mut self.trace);
                let mut around = Around { now, links, storage, checks: scratch, trace };
                let name = command.command;
                let device = running.hub.device(name.device.as_str());
                let is_known = device.is_some_and(|device| device.receipt(&by, &name.id).is_some());
                // What comes too late is told, where it is known, and not asked any more.
                let receipt = match ttl > 0 && !is_known {
                    true => running.hub.command(name.device.as_str(), request, &mut around).is_some(),
                    false => is_known,
                };
                match receipt {
                    true => running.opened(hub, name, by),
                    false => {
                        let refused = protocol::uplink::message::CommandOutcome {
                            command: name,
                            state: if ttl > 0 { "refused" } else { "expired" }.into(),
                            reason: None,
                            value: None,
                        };
                        if let Some(uplink) = running.uplinks.get_mut(&hub) {
                            uplink.side.outcome(now, refused);
                        }
                    }
                }
            }
            Output::Cancel(name) => {
                let by = format!("{hub}/{}", name.by);
                let (links, trace) = (&mut self.links, &mut self.trace);
                let mut around = Around { now, links, storage, checks: scratch, trace };
                running.hub.cancel(name.device.as_str(), &by, &name.id, &mut around);
            }
            Output::Part { device, bye } => {
                let (links, trace) = (&mut self.links, &mut self.trace);
                let mut around = Around { now, links, storage, checks: scratch, trace };
                let index = running.hub.devices.iter().position(|it| it.identity.id == device);
                if let Some(index) = index {
                    running.hub.with(index, &mut around, |device, _, effects| {
                        device.dismiss(now, bye, effects);
                    });
                }
            }
            _ => {}
        }
    }

    /// A gateway connects to a hub.
    fn open_line(&mut self, gateway: usize, hub: usize) {
        let now = self.now;
        let place = self.lines.iter().position(Line::is_over).unwrap_or_else(|| {
            self.lines.push(Line::default());
            self.lines.len() - 1
        });
        let Some(running) = &mut self.gateways[gateway].run else { return };
        let Some(uplink) = running.uplinks.get_mut(&hub) else { return };
        match &mut self.hubs[hub].run {
            Some(site) => {
                self.lines[place] = Line::new(gateway, hub);
                self.lines[place].at_hub = Some(site.accept(now, place));
                uplink.line = Some(place);
                uplink.side.opened(now);
            }
            None => uplink.side.failed(now, "nobody is there", self.random.word() as u32),
        }
        self.settle_gateway(gateway);
    }

    /// Does something at a hub, if it runs; then all that follows is carried out.
    pub(crate) fn at_hub(&mut self, number: usize, act: impl FnOnce(&mut hub::Running, &mut Around<'_>)) {
        let now = self.now;
        let HubSite { run, storage, scratch } = &mut self.hubs[number];
        let Some(running) = run else { return };
        let (links, trace) = (&mut self.links, &mut self.trace);
        let mut around = Around { now, links, storage, checks: scratch, trace };
        act(running, &mut around);
        running.welcome_those_who_wait(&mut around);
        loop {
            let mut moved = false;
            for place in 0..running.ends.len() {
                let Some(line) = running.ends[place].as_ref().map(|end| end.line) else { continue };
                for wish in running.carry_out(place, &mut around) {
                    moved = true;
                    let line = &mut self.lines[line];
                    match wish {
                        Wish::Send(frame) => {
                            around.trace.said(format_args!("h{number}-g{}", line.gateway), frame.as_bytes());
                            line.down.send(&frame);
                        }
                        Wish::Close => {
                            line.at_hub = None;
                            line.down.pipe.close(now.mono);
                            line.up.pipe.close(crate::network::NEVER);
                        }
                    }
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<u64> {
        let now = self.now.mono;
        let gateways = self.gateways.iter().filter_map(|gateway| gateway.run.as_ref()).flat_map(|running| {
            let uplinks = running.uplinks.values().filter_map(|uplink| uplink.side.poll_timeout());
            uplinks.chain(running.hub.next())
        });
        let hubs = self.hubs.iter().filter_map(|site| site.run.as_ref()?.next());
        let programs = self.programs.iter().filter_map(|program| program.run.as_ref()?.next());
        let links = self.links.iter().flat_map(|link| [link.up.next(), link.down.next()]).flatten();
        let lines = self.lines.iter().filter_map(Line::next);
        gateways.chain(hubs).chain(programs).chain(links.chain(lines).filter(|at| *at > now)).min()
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.mono += ms;
        self.now.wall += i64::try_from(ms).expect("less than years");
        self.trace.happened(ms << 8, format_args!("{ms} ms"));
        let now = self.now;
        for hub in 0..self.hubs.len() {
            self.at_hub(hub, |running, around| {
                running.hub.timeout(around);
                for end in running.ends.iter_mut().flatten() {
                    if end.side.poll_timeout().is_some_and(|at| at <= now.mono) {
                        end.side.timeout(now);
                    }
                }
            });
        }
        for gateway in 0..self.gateways.len() {
            self.at_gateway(gateway, |running, around| {
                running.hub.timeout(around);
                for uplink in running.uplinks.values_mut() {
                    if uplink.side.poll_timeout().is_some_and(|at| at <= now.mono) {
                        uplink.side.timeout(now);
                    }
                }
            });
        }
        self.programs_timeout();
    }
}

fn make(number: usize, keeps: Keeps, random: &mut Random) -> Make {
    Make {
        id: DeviceId::parse(&name_of(number)).expect("an id"),
        keeps,
        serial: false,
        heartbeat: random.pick(&[Some(5), Some(15)]).filter(|_| keeps != Keeps::Nothing),
        outbox: random.pick(&[8, 100, 4096]),
        clock: random.pick(&[None, Some(0)]),
    }
}
