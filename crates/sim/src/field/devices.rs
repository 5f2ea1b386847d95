//! The devices' side of the field: programs start and end, publish, connect to the gateway or hub that they are near, move.

use super::world::Field;
use crate::network::{Link, NEVER};
use crate::program::{Plain, Speaker, outcome};
use protocol::code::Again;
use protocol::line::{Content, Line, Lines};
use protocol::message::{FromDevice, ToDevice, decode_to_device};
use protocol::session::device_side::Output;

impl Field {
    pub(crate) fn start_program(&mut self, program: usize) {
        let now = self.now;
        let it = &mut self.programs[program];
        if it.run.is_some() {
            return;
        }
        it.start(now, &mut self.random);
        self.trace.happened(10, format_args!("program {program} starts near site {}", self.near[program]));
        self.carry_out(program);
    }

    pub(crate) fn end_program(&mut self, program: usize) {
        let Some(run) = self.programs[program].run.take() else { return };
        self.trace.happened(11, format_args!("program {program} ends"));
        self.checks.reset(program);
        if let Some(link) = run.link {
            self.close_at_device(link, self.now.mono);
        }
    }

    /// The device is carried to another gateway, or to a hub. What it left behind learns of it when it does.
    pub(crate) fn move_device(&mut self, program: usize) {
        let sites = self.gateways.len() + if self.plan.direct { self.hubs.len() } else { 0 };
        let to = self.random.place(sites);
        if self.near[program] == to {
            return;
        }
        self.near[program] = to;
        self.trace.happened(12, format_args!("program {program} moves to site {to}"));
        self.checks.in_doubt(program);
        let Some(link) = self.programs[program].run.as_ref().and_then(|run| run.link) else { return };
        let learns = self.now.mono + self.random.pick(&[0, 500, 20_000]);
        self.close_at_device(link, learns);
        self.link_ended(program);
    }

    fn close_at_device(&mut self, link: usize, gateway_learns: u64) {
        let link = &mut self.links[link];
        link.at_device = false;
        link.up.close(gateway_learns);
        link.down.clear();
        link.down.close(NEVER);
    }

    fn connect(&mut self, program: usize) {
        let now = self.now;
        let Some(run) =
            self.programs[program].run.as_mut().filter(|run| run.comes_at.is_some_and(|at| at <= now.mono))
        else {
            return;
        };
        run.comes_at = None;
        run.lines = Lines::new(protocol::limits::LINE_BYTES_MAX);
        let near = self.near[program];
        if self.site(near).is_none() {
            return self.come_back(program, Again::Later, None);
        }
        let place = self.links.iter().position(Link::is_over).unwrap_or_else(|| {
            self.links.push(Link::new(program, false));
            self.link_sites.push(near);
            self.links.len() - 1
        });
        (self.links[place], self.link_sites[place]) = (Link::new(program, false), near);
        self.connections += 1;
        let number = self.connections;
        self.links[place].at_hub = self.site_mut(near).map(|hub| hub.accept(now, number, place, false));
        self.trace.happened(13, format_args!("program {program} connects to site {near}"));
        let it = &mut self.programs[program];
        let Some(run) = &mut it.run else { return };
        run.link = Some(place);
        match &mut run.speaker {
            Speaker::Session(side) => side.connected(now),
            Speaker::Plain(plain) => {
                *plain = Plain::default();
                let greeting = Plain::greeting(&it.make.id);
                self.device_says(program, &greeting);
            }
        }
        self.carry_out(program);
    }

    fn come_back(&mut self, program: usize, again: Again, wait: Option<u64>) {
        let now = self.now.mono;
        let chance = self.random.word() as u32;
        let Some(run) = &mut self.programs[program].run else { return };
        let delay = run.backoff.lost(now, again, wait, chance).unwrap_or(30_000);
        run.comes_at = Some(now + delay);
        run.link = None;
    }

    pub(crate) fn link_ended(&mut self, program: usize) {
        if let Some(run) = &mut self.programs[program].run {
            match &mut run.speaker {
                Speaker::Session(side) => side.disconnected(),
                Speaker::Plain(plain) => plain.welcome = false,
            }
            self.come_back(program, Again::Later, None);
        }
    }

    pub(crate) fn device_hears(&mut self, program: usize, link: usize, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let Some(run) = self.programs[program].run.as_mut().filter(|run| run.link == Some(link)) else {
                return;
            };
            let Some(Line { content, .. }) = run.lines.next(&mut rest) else { return };
            let Content::Whole(line) = content else { continue };
            match &mut run.speaker {
                Speaker::Session(side) => side.line(self.now, line),
                Speaker::Plain(plain) => {
                    let Ok(message) = decode_to_device(line) else { continue };
                    let over = matches!(message, ToDevice::Bye(_));
                    if let Some(command) = plain.hears(message) {
                        self.begins(program, command.number, command.value.get());
                    }
                    if over {
                        self.close_at_device(link, self.now.mono);
                        self.link_ended(program);
                    }
                    continue;
                }
            }
            self.carry_out(program);
        }
    }

    pub(crate) fn carry_out(&mut self, program: usize) {
        while let Some(Speaker::Session(side)) =
            self.programs[program].run.as_mut().map(|run| &mut run.speaker)
            && let Some(output) = side.poll_output()
        {
            match output {
                Output::Keep(_) | Output::Complaint(_) => {}
                Output::Send(line) => self.device_says(program, &line),
                Output::Welcome(_) => {
                    let now = self.now.mono;
                    let Some(run) = &mut self.programs[program].run else { return };
                    run.backoff.welcomed(now);
                }
                Output::Begin(command) => self.begins(program, command.number, command.value.get()),
                Output::Close(ending) => {
                    if let Some(link) = self.programs[program].run.as_ref().and_then(|run| run.link) {
                        self.close_at_device(link, self.now.mono);
                    }
                    self.come_back(program, ending.again(), ending.wait());
                }
            }
        }
        let Some(run) = &mut self.programs[program].run else { return };
        let (dropped, acked) = run.released();
        dropped.into_iter().for_each(|content| self.checks.dropped(content));
        acked.into_iter().for_each(|content| self.checks.acked(content));
    }

    fn device_says(&mut self, program: usize, bytes: &[u8]) {
        self.trace.said(format_args!("{}", self.programs[program].make.id), bytes);
        if let Some(link) = self.programs[program].run.as_ref().and_then(|run| run.link) {
            self.links[link].up.write(bytes);
        }
    }

    fn begins(&mut self, program: usize, number: u64, value: &str) {
        let value = value.parse().unwrap_or(0);
        self.trace.happened(16, format_args!("begins {number}: {value}"));
        self.checks.begins(value);
        if let Some(run) = &mut self.programs[program].run {
            run.busy.push((number, value));
        }
    }

    pub(crate) fn answer(&mut self, program: usize) {
        let ok = !self.random.one_in(4);
        let now = self.now;
        let Some(run) = self.programs[program].run.as_mut().filter(|run| !run.busy.is_empty()) else {
            return;
        };
        let (number, value) = run.busy.remove(0);
        self.trace.happened(17, format_args!("answers {number}: {value} {ok}"));
        self.checks.answered(value, ok);
        match &mut run.speaker {
            Speaker::Session(side) => {
                side.answer(now, outcome(number, ok));
                self.carry_out(program);
            }
            Speaker::Plain(_) => {
                let line = FromDevice::Result(outcome(number, ok)).encode();
                self.device_says(program, &line);
            }
        }
    }

    pub(crate) fn publish(&mut self, program: usize) {
        let numbered = !self.programs[program].is_plain() && !self.random.one_in(8);
        let now = self.now;
        if self.programs[program].run.is_none() {
            return;
        }
        let content = self.programs[program].content(numbered);
        let message = self.programs[program].message(now, content, numbered, &mut self.random);
        self.trace.happened(18, format_args!("program {program} publishes {content}"));
        let Some(run) = &mut self.programs[program].run else { return };
        match &mut run.speaker {
            Speaker::Session(side) if numbered => {
                side.publish(now, message);
                run.held.push_back(content);
                self.checks.accepted(program);
                self.carry_out(program);
            }
            Speaker::Session(side) => {
                side.publish_unnumbered(now, message);
                self.carry_out(program);
            }
            Speaker::Plain(_) => {
                let line = message.encode();
                self.device_says(program, &line);
            }
        }
    }

    pub(crate) fn programs_timeout(&mut self) {
        let now = self.now;
        for program in 0..self.programs.len() {
            let Some(run) = &mut self.programs[program].run else { continue };
            if let Speaker::Session(side) = &mut run.speaker
                && side.poll_timeout().is_some_and(|at| at <= now.mono)
            {
                side.timeout(now);
                self.carry_out(program);
            }
            self.connect(program);
        }
    }
}
