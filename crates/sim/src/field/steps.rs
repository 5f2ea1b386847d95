//! What one step does to a field.

use super::plan::Step;
use super::world::{Field, Gateway, HubSite};
use crate::network::NEVER;
use crate::storage::{PERSON, command_id};
use router::{Intent, Request};
use serde_json::value::RawValue;
use store::{CommandRow, Write};

impl Field {
    pub(crate) fn step(&mut self) {
        let step = self.plan.pick(&mut self.random);
        let program = self.random.place(self.programs.len());
        let gateway = self.random.place(self.gateways.len());
        let hub = self.random.place(self.hubs.len());
        match step {
            Step::Pass => {
                let most = self.random.pick(&[2, 20, 200, 2_000, 20_000]);
                let ms = self.random.within(1, most);
                self.pass(ms);
            }
            Step::PassToNext => self.pass_to_next(u64::MAX),
            Step::CarryLink => self.carry_some_link(),
            Step::CarryLine => self.carry_some_line(),
            Step::CommitGateway => self.commit_gateway(gateway),
            Step::CommitHub => self.commit_hub(hub),
            Step::Mail => {
                let site = self.random.place(self.gateways.len() + self.hubs.len());
                self.mail(site);
            }
            Step::Flow => self.flow(),
            Step::Publish => {
                for _ in 0..self.random.within(1, self.plan.burst) {
                    self.publish(program);
                }
            }
            Step::Answer => self.answer(program),
            Step::CutLink => self.cut_link(),
            Step::CutLine => self.cut_line(),
            Step::StallLine => self.stall_line(),
            Step::EndProgram => self.end_program(program),
            Step::StartProgram => self.start_program(program),
            Step::Move => self.move_device(program),
            Step::CrashGateway => self.crash_gateway(gateway),
            Step::StartGateway => self.start_gateway(gateway),
            Step::CrashHub => self.crash_hub(hub),
            Step::StartHub => self.start_hub(hub),
            Step::BackUpGateway => {
                self.trace.happened(34, format_args!("gateway {gateway} is backed up"));
                self.gateways[gateway].storage.back_up();
            }
            Step::RestoreGateway => self.restore_gateway(gateway),
            Step::BackUpHub => {
                self.trace.happened(35, format_args!("hub {hub} is backed up"));
                self.hubs[hub].storage.back_up();
            }
            Step::RestoreHub => self.restore_hub(hub),
            Step::AddHub => self.add_hub(gateway, hub),
            Step::RemoveHub => self.remove_hub(gateway, hub),
            Step::Ask => self.ask(hub, program),
            Step::Cancel => self.cancel(),
        }
    }

    pub(crate) fn pass_to_next(&mut self, most: u64) {
        let next = self.next().unwrap_or(self.now.mono + 1_000);
        self.pass(next.saturating_sub(self.now.mono).clamp(1, most.max(1)));
    }

    /// Everything that can happen without waiting happens.
    pub(crate) fn flow(&mut self) {
        for _ in 0..400 {
            let mut moved = false;
            for link in 0..self.links.len() {
                moved |= self.carry_up(link, usize::MAX);
                moved |= self.carry_down(link, usize::MAX);
            }
            for line in 0..self.lines.len() {
                moved |= self.carry_to_hub(line, usize::MAX);
                moved |= self.carry_to_gateway(line, usize::MAX);
            }
            for gateway in 0..self.gateways.len() {
                moved |= self.mail(gateway);
                let Gateway { run, storage, .. } = &mut self.gateways[gateway];
                if run.is_some() && !storage.is_idle() {
                    storage.begin();
                    self.commit_gateway(gateway);
                    moved = true;
                }
            }
            for hub in 0..self.hubs.len() {
                moved |= self.mail(self.gateways.len() + hub);
                let HubSite { run, storage, .. } = &mut self.hubs[hub];
                if run.is_some() && !storage.is_idle() {
                    storage.begin();
                    self.commit_hub(hub);
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
    }

    fn carry_some_link(&mut self) {
        if !self.links.is_empty() {
            let link = self.random.place(self.links.len());
            let most = self.random.pick(&[1, 40, 300, 5000, 5000]);
            match self.random.one_in(2) {
                true => self.carry_up(link, most),
                false => self.carry_down(link, most),
            };
        }
    }

    fn carry_some_line(&mut self) {
        if !self.lines.is_empty() {
            let line = self.random.place(self.lines.len());
            let most = self.random.pick(&[1, 40, 300, 5000, 5000]);
            match self.random.one_in(2) {
                true => self.carry_to_hub(line, most),
                false => self.carry_to_gateway(line, most),
            };
        }
    }

    fn carry_up(&mut self, place: usize, most: usize) -> bool {
        let (now, site) = (self.now.mono, self.link_sites[place]);
        let connection = self.links[place].at_hub.filter(|_| self.site(site).is_some());
        let Some(connection) = connection else {
            self.links[place].up.clear();
            return false;
        };
        let reads = self.site(site).and_then(|hub| hub.connections[connection].as_ref());
        let reads = reads.is_some_and(|connection| connection.reads());
        let link = &mut self.links[place];
        if link.up.flows(now) && reads {
            let mut bytes = Vec::new();
            link.up.read(most, &mut bytes);
            self.at_site(site, |hub, around| hub.read(connection, &bytes, around));
            return true;
        }
        if link.up.has_ended(now) {
            link.at_hub = None;
            link.down.close(now);
            self.at_site(site, |hub, _| hub.closed(connection));
            return true;
        }
        false
    }

    fn carry_down(&mut self, place: usize, most: usize) -> bool {
        let now = self.now.mono;
        let link = &mut self.links[place];
        let program = link.program;
        let listens = self.programs[program].run.as_ref().is_some_and(|run| run.link == Some(place));
        if !listens || !link.at_device {
            link.down.clear();
            return false;
        }
        if link.down.flows(now) {
            let mut bytes = Vec::new();
            link.down.read(most, &mut bytes);
            self.device_hears(program, place, &bytes);
            return true;
        }
        if link.down.has_ended(now) {
            link.at_device = false;
            link.up.close(now);
            self.link_ended(program);
            return true;
        }
        false
    }

    fn carry_to_hub(&mut self, place: usize, most: usize) -> bool {
        let now = self.now;
        let line = &mut self.lines[place];
        let hub = line.hub;
        let Some(end) = line.at_hub.filter(|_| self.hubs[hub].run.is_some()) else {
            line.up.pipe.clear();
            return false;
        };
        let running = self.hubs[hub].run.as_ref();
        let reads =
            running.and_then(|running| running.ends[end].as_ref()).is_some_and(|end| end.side.reading());
        if line.up.pipe.flows(now.mono) && reads {
            // One that is being answered holds back what is behind it.
            let frames = line.up.read(most);
            for frame in frames {
                self.at_hub(hub, |running, _| {
                    if let Some(end) = &mut running.ends[end] {
                        end.side.frame(now, &frame);
                    }
                });
            }
            return true;
        }
        if line.up.pipe.has_ended(now.mono) {
            line.at_hub = None;
            line.down.pipe.close(now.mono);
            self.at_hub(hub, |running, around| running.closed(end, around));
            return true;
        }
        false
    }

    fn carry_to_gateway(&mut self, place: usize, most: usize) -> bool {
        let now = self.now;
        let line = &mut self.lines[place];
        let (gateway, hub) = (line.gateway, line.hub);
        let is_there = self.gateways[gateway].run.as_ref().is_some_and(|running| {
            running.uplinks.get(&hub).is_some_and(|uplink| uplink.line == Some(place))
        });
        if !is_there || !line.at_gateway {
            line.down.pipe.clear();
            return false;
        }
        if line.down.pipe.flows(now.mono) {
            for frame in line.down.read(most) {
                self.at_gateway(gateway, |running, _| {
                    if let Some(uplink) = running.uplinks.get_mut(&hub).filter(|it| it.line == Some(place)) {
                        uplink.side.frame(now, &frame);
                    }
                });
            }
            return true;
        }
        if line.down.pipe.has_ended(now.mono) {
            line.at_gateway = false;
            line.up.pipe.close(now.mono);
            let random = self.random.word() as u32;
            self.at_gateway(gateway, |running, _| {
                if let Some(uplink) = running.uplinks.get_mut(&hub) {
                    uplink.line = None;
                    uplink.side.closed(now, random);
                    running.ask_again(hub);
                }
            });
            return true;
        }
        false
    }

    /// Connections at a site read what was posted to them, and ends are heard.
    fn mail(&mut self, site: usize) -> bool {
        let Some(hub) = self.site(site) else { return false };
        let places: Vec<usize> = hub.with_mail().collect();
        let moved = !places.is_empty() || hub.has_endings();
        self.at_site(site, |hub, around| {
            for place in places {
                hub.read_mail(place, around);
            }
            hub.hear_endings(around);
        });
        moved
    }

    /// Device connections at a site that is gone.
    fn cut_links_of(&mut self, site: usize, learns: u64) {
        for (link, of) in self.links.iter_mut().zip(&self.link_sites) {
            if *of == site {
                link.at_hub = None;
                let arriving = self.random.place(link.down.waiting() + 1);
                link.down.cut(arriving, learns);
                link.up.clear();
                link.up.close(0);
            }
        }
    }

    fn commit_gateway(&mut self, number: usize) {
        let Gateway { run, storage, .. } = &mut self.gateways[number];
        if run.is_none() {
            return;
        }
        if !storage.is_flying() {
            return storage.begin();
        }
        self.trace.happened(22, format_args!("a commit of gateway {number} is durable"));
        let commits = storage.finish();
        if let Some(spool) = storage.as_spool() {
            self.checks.spooled(std::mem::take(&mut spool.taken).iter());
        }
        self.at_gateway(number, |running, around| running.hub.settle(commits, around));
    }

    fn commit_hub(&mut self, number: usize) {
        let site = &mut self.hubs[number];
        if site.run.is_none() {
            return;
        }
        if !site.storage.is_flying() {
            return site.storage.begin();
        }
        self.trace.happened(23, format_args!("a commit of hub {number} is durable"));
        let commits = site.storage.finish();
        for commit in &commits {
            if let Err(error) = &commit.result {
                self.trace.happened(24, format_args!("hub {number} refuses: {error}"));
            }
        }
        self.at_hub(number, |running, around| running.settle(commits, around));
        self.audit_hub(number, false);
    }

    fn cut_link(&mut self) {
        let open: Vec<usize> = (0..self.links.len()).filter(|link| !self.links[*link].is_over()).collect();
        if !open.is_empty() {
            let place = self.random.pick(&open);
            let (soon, late) =
                (self.now.mono + self.random.below(300), self.now.mono + self.random.within(15_000, 45_000));
            let (device, gateway) = self.random.pick(&[(soon, soon), (late, soon), (soon, late)]);
            self.links[place].cut(&mut self.random, device, gateway);
        }
    }

    fn cut_line(&mut self) {
        let open: Vec<usize> = (0..self.lines.len()).filter(|line| !self.lines[*line].is_over()).collect();
        if !open.is_empty() {
            let place = self.random.pick(&open);
            let soon = self.now.mono + self.random.below(300);
            // Heartbeats find out what nobody tells.
            let (gateway, hub) =
                self.random.pick(&[(soon, soon), (NEVER, soon), (soon, NEVER), (NEVER, NEVER)]);
            self.trace.happened(25, format_args!("uplink {place} is cut"));
            self.lines[place].cut(&mut self.random, gateway, hub);
        }
    }

    fn stall_line(&mut self) {
        if !self.lines.is_empty() {
            let line = self.random.place(self.lines.len());
            let until = self.now.mono + self.random.pick(&[50, 500, 5_000, 40_000]);
            self.lines[line].stall(until);
        }
    }

    fn crash_gateway(&mut self, number: usize) {
        let gateway = &mut self.gateways[number];
        if gateway.run.take().is_none() {
            return;
        }
        self.trace.happened(26, format_args!("gateway {number} crashes"));
        gateway.storage.crash(&mut self.random);
        if let Some(spool) = gateway.storage.as_spool() {
            self.checks.spooled(std::mem::take(&mut spool.taken).iter());
        }
        let learns = self.now.mono + self.random.pick(&[0, 200, 30_000]);
        self.cut_links_of(number, learns);
        for line in self.lines.iter_mut().filter(|line| line.gateway == number && line.at_gateway) {
            line.at_gateway = false;
            let arriving = self.random.place(line.up.pipe.waiting() + 1);
            line.up.pipe.cut(arriving, self.random.pick(&[learns, NEVER]));
            line.down.pipe.clear();
            line.down.pipe.close(NEVER);
        }
    }

    fn crash_hub(&mut self, number: usize) {
        let site = &mut self.hubs[number];
        if site.run.take().is_none() {
            return;
        }
        self.trace.happened(27, format_args!("hub {number} crashes"));
        site.storage.crash(&mut self.random);
        let learns = self.now.mono + self.random.pick(&[0, 200, 30_000]);
        self.cut_links_of(self.gateways.len() + number, learns);
        for line in self.lines.iter_mut().filter(|line| line.hub == number && line.at_hub.is_some()) {
            line.at_hub = None;
            let arriving = self.random.place(line.down.pipe.waiting() + 1);
            line.down.pipe.cut(arriving, self.random.pick(&[learns, NEVER]));
            line.up.pipe.clear();
            line.up.pipe.close(NEVER);
        }
    }

    /// A gateway's disk goes back to a backup, and nobody tells the gateway.
    fn restore_gateway(&mut self, number: usize) {
        if !self.gateways[number].storage.has_backup() {
            return;
        }
        self.crash_gateway(number);
        self.trace.happened(28, format_args!("the spool of gateway {number} goes back"));
        for program in 0..self.programs.len() {
            self.checks.in_doubt(program);
        }
        let storage = &mut self.gateways[number].storage;
        let before = storage.as_spool().map(|spool| spool.ever.clone()).unwrap_or_default();
        storage.restore(0);
        if let Some(spool) = storage.as_spool() {
            self.checks.spool_lost(&before, &spool.ever);
            self.trace.happened(33, format_args!("it has {:?} for {:?}", spool.held(), spool.fed()));
        }
        self.start_gateway(number);
    }

    fn restore_hub(&mut self, number: usize) {
        if !self.hubs[number].storage.has_backup() {
            return;
        }
        self.crash_hub(number);
        self.trace.happened(29, format_args!("hub {number} goes back to its backup"));
        let ids: Vec<String> = self.programs.iter().map(|it| it.make.id.as_str().to_owned()).collect();
        let hubs = self.hubs.len();
        let storage = &mut self.hubs[number].storage;
        let before: Vec<_> = ids.iter().map(|id| storage.log(id)).collect();
        before.iter().for_each(|log| self.checks.taken_directly(number, log, hubs));
        storage.restore(self.now.wall);
        // A restore makes every unfinished command unknown (rule U5).
        let unfinished = storage.commands().iter().filter(|row| CommandRow::UNSETTLED.contains(&&*row.state));
        let unknown =
            unfinished.map(|row| Write::Command(CommandRow { state: "unknown".into(), ..row.clone() }));
        let unknown: Vec<Write> = unknown.collect();
        storage.put(unknown);
        for (id, before) in ids.iter().zip(before) {
            let now = self.hubs[number].storage.log(id);
            self.checks.hub_put_back(number, &before, &now);
        }
        self.start_hub(number);
    }

    /// A hub is fed from now on: by all gateways, from their heads.
    fn add_hub(&mut self, number: usize, hub: usize) {
        let now = self.now;
        let Gateway { run, storage, name, .. } = &mut self.gateways[number];
        let Some(running) = run else { return };
        let Some(spool) = storage.as_spool() else { return };
        if spool.row(hub).is_some() {
            return;
        }
        let begin = spool.held().head + 1;
        let name = name.clone();
        self.trace.happened(30, format_args!("gateway {number} adds hub {hub} from {begin}"));
        self.checks.begins_here(hub);
        spool.feed(hub, begin, self.plan.quota);
        running.feed(now, &name, hub, spool);
        self.settle_gateway(number);
    }

    fn remove_hub(&mut self, number: usize, hub: usize) {
        let Gateway { run, storage, .. } = &mut self.gateways[number];
        let Some(running) = run else { return };
        let Some(mut uplink) = running.uplinks.remove(&hub) else { return };
        self.trace.happened(31, format_args!("gateway {number} removes hub {hub}"));
        uplink.side.end();
        if let Some(line) = uplink.line {
            self.lines[line].at_gateway = false;
            self.lines[line].up.pipe.close(self.now.mono);
            self.lines[line].down.pipe.close(NEVER);
        }
        running.open.retain(|open| open.hub != hub);
        running.ask_again(hub);
        if let Some(spool) = storage.as_spool() {
            spool.remove(hub);
        }
    }

    /// Hubs that were removed are fed again.
    pub(crate) fn add_all_hubs(&mut self) {
        for gateway in 0..self.gateways.len() {
            for hub in 0..self.hubs.len() {
                self.add_hub(gateway, hub);
            }
        }
    }

    /// Somebody asks something of a device, at a hub.
    fn ask(&mut self, hub: usize, program: usize) {
        let value = self.asked.len() as u64;
        let id = self.programs[program].make.id.as_str().to_owned();
        let intent = self.random.pick(&[Intent::Now, Intent::Queue]);
        let ttl = self.random.pick(&[500, 5_000, 60_000]);
        let request = Request {
            id: command_id(value).into(),
            by: PERSON.into(),
            channel: "fan".into(),
            value: RawValue::from_string(value.to_string()).expect("a number is JSON"),
            intent,
            ttl: Some(ttl),
            credential: None,
        };
        self.asked.push((hub, program));
        self.trace.happened(32, format_args!("hub {hub} is asked {value} of {id}"));
        self.at_hub(hub, |running, around| {
            running.hub.command(&id, request, around);
        });
    }

    fn cancel(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let value = self.random.place(self.asked.len());
        let (hub, program) = self.asked[value];
        let id = self.programs[program].make.id.as_str().to_owned();
        self.at_hub(hub, |running, around| {
            running.hub.cancel(&id, PERSON, &command_id(value as u64), around);
        });
    }
}
