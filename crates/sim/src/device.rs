//! The devices' side of the world: programs start and end, publish, connect, hear and speak.

use crate::network::{Link, NEVER};
use crate::program::{Keeps, Plain, Speaker, outcome};
use crate::world::World;
use protocol::code::Again;
use protocol::line::{Content, Line};
use protocol::message::{FromDevice, ToDevice, decode_to_device, leading_seq};
use protocol::session::DeviceSide;
use protocol::session::device_side::Output;

/// Milliseconds of a dead path after which the system finds it by itself, where there are no heartbeats.
const KEEPALIVE_MS: u64 = 45_000;

impl World {
    /// A program starts, with what its file holds.
    pub(crate) fn start_program(&mut self, program: usize) {
        let now = self.now;
        let it = &mut self.programs[program];
        if it.run.is_some() {
            return;
        }
        let contents = it.start(now, &mut self.random);
        self.trace.happened(10, format_args!("program {program} starts, run {}, with {contents:?}", it.runs));
        if let Some(run) = &mut it.run {
            run.held = contents.into();
        }
        self.carry_out(program);
    }

    /// A program ends without notice; with it, or without, the power goes.
    pub(crate) fn end_program(&mut self, program: usize, power: bool) {
        let it = &mut self.programs[program];
        let Some(run) = it.run.take() else { return };
        self.trace
            .happened(11, format_args!("program {program} ends{}", if power { ", power cut" } else { "" }));
        let torn = if power { it.file.lose_power(&mut self.random) } else { Vec::new() };
        let (_, contents) = it.file.open();
        self.checks.loss.reset(program, &contents, (it.make.keeps == Keeps::Storage).then_some(&torn));
        if let Some(link) = run.link {
            let hub_learns = match power {
                true => self.learns_late(program),
                false => self.now.mono,
            };
            self.close_at_device(link, hub_learns);
        }
    }

    /// The device lets go of its end of a link; the hub learns it at that time.
    pub(crate) fn close_at_device(&mut self, link: usize, hub_learns: u64) {
        let link = &mut self.links[link];
        if link.serial {
            return;
        }
        link.at_device = false;
        link.up.close(hub_learns);
        link.down.clear();
        link.down.close(NEVER);
    }

    /// When an end of a program's link learns that its path is dead, where nobody tells it: by heartbeats, where they were
    /// agreed upon, else from the system.
    pub(crate) fn learns_late(&mut self, program: usize) -> u64 {
        let it = &self.programs[program];
        match it.make.heartbeat.filter(|_| it.is_welcome()) {
            Some(_) => NEVER,
            None => self.now.mono + self.random.within(15_000, KEEPALIVE_MS),
        }
    }

    /// A program that wants to connects.
    pub(crate) fn connect(&mut self, program: usize) {
        let now = self.now;
        let Some(run) =
            self.programs[program].run.as_mut().filter(|run| run.comes_at.is_some_and(|at| at <= now.mono))
        else {
            return;
        };
        run.comes_at = None;
        run.lines = protocol::line::Lines::new(protocol::limits::LINE_BYTES_MAX);
        let serial = self.programs[program].make.serial;
        let link = match serial {
            true => self.serial_line(program),
            false => match self.hub.is_some() {
                true => self.make_link(program),
                false => return self.come_back(program, Again::Later, None),
            },
        };
        self.trace.happened(12, format_args!("program {program} connects"));
        let it = &mut self.programs[program];
        let Some(run) = &mut it.run else { return };
        run.link = Some(link);
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

    fn make_link(&mut self, program: usize) -> usize {
        let link = Link::new(program, false);
        let place = match self.links.iter().position(Link::is_over) {
            Some(place) => {
                self.links[place] = link;
                place
            }
            None => {
                self.links.push(link);
                self.links.len() - 1
            }
        };
        self.accept(place);
        place
    }

    /// The one line of a program on a serial port.
    fn serial_line(&mut self, program: usize) -> usize {
        match self.links.iter().position(|link| link.serial && link.program == program) {
            Some(place) => place,
            None => {
                self.links.push(Link::new(program, true));
                self.accept(self.links.len() - 1);
                self.links.len() - 1
            }
        }
    }

    /// The connection is lost, or could not be made: the program comes back by rule D9.
    pub(crate) fn come_back(&mut self, program: usize, again: Again, wait: Option<u64>) {
        let now = self.now.mono;
        let chance = self.random.word() as u32;
        let Some(run) = &mut self.programs[program].run else { return };
        let delay = run.backoff.lost(now, again, wait, chance).unwrap_or(30_000);
        run.comes_at = Some(now + delay);
        run.link = None;
    }

    /// The end of its link has come to a program.
    pub(crate) fn link_ended(&mut self, program: usize) {
        self.trace.happened(13, format_args!("program {program} sees its connection end"));
        if let Some(run) = &mut self.programs[program].run {
            match &mut run.speaker {
                Speaker::Session(side) => side.disconnected(),
                Speaker::Plain(plain) => plain.welcome = false,
            }
            self.come_back(program, Again::Later, None);
        }
    }

    /// Bytes arrive at a program.
    pub(crate) fn device_hears(&mut self, program: usize, link: usize, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let Some(run) = self.programs[program].run.as_mut().filter(|run| run.link == Some(link)) else {
                return;
            };
            let Some(Line { content, .. }) = run.lines.next(&mut rest) else { return };
            let Content::Whole(line) = content else { continue };
            match &mut run.speaker {
                Speaker::Session(side) => {
                    if let Some(ack) = number_behind(line, b"{\"ack\":") {
                        self.checks.bounds.told(program, ack, false);
                    }
                    run.window = number_behind(line, b"{\"window\":").unwrap_or(run.window);
                    side.line(self.now, line);
                }
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

    /// Carries out what a program's conversation wants.
    pub(crate) fn carry_out(&mut self, program: usize) {
        loop {
            let Some(Speaker::Session(side)) =
                self.programs[program].run.as_mut().map(|run| &mut run.speaker)
            else {
                return;
            };
            let Some(output) = side.poll_output() else { break };
            match output {
                Output::Keep(head) => {
                    self.trace.happened(14, format_args!("program {program} keeps {head:?}"));
                    self.programs[program].file.keep(head);
                }
                Output::Send(line) => {
                    self.look_at_line(program, &line);
                    self.device_says(program, &line);
                }
                Output::Welcome(welcome) => {
                    let now = self.now.mono;
                    let Some(run) = &mut self.programs[program].run else { return };
                    run.backoff.welcomed(now);
                    run.window = u64::from(welcome.window.unwrap_or(0));
                    self.checks.bounds.told(program, welcome.ack.unwrap_or(0), true);
                }
                Output::Begin(command) => self.begins(program, command.number, command.value.get()),
                Output::Complaint(_) => {}
                Output::Close(ending) => {
                    self.trace
                        .happened(15, format_args!("program {program} drops its connection: {ending:?}"));
                    if let Some(link) = self.programs[program].run.as_ref().and_then(|run| run.link) {
                        self.close_at_device(link, self.now.mono);
                    }
                    self.come_back(program, ending.again(), ending.wait());
                }
            }
        }
        self.note_released(program);
    }

    /// Tells the checkers what left the outbox.
    fn note_released(&mut self, program: usize) {
        let it = &mut self.programs[program];
        let Some(run) = &mut it.run else { return };
        let (dropped, acked) = run.released();
        self.checks.bounds.gave_up(program, dropped.len());
        for content in dropped {
            self.checks.loss.dropped(content);
        }
        for content in acked {
            self.checks.loss.acked(content);
        }
    }

    /// Numbers that a device says, for the checkers.
    fn look_at_line(&mut self, program: usize, line: &[u8]) {
        let seq = leading_seq(line).or_else(|| number_behind(line, b"{\"skip\":"));
        if let Some((seq, run)) = seq.zip(self.programs[program].run.as_ref()) {
            let verdict = self.checks.bounds.said(program, seq, run.window);
            self.checks.note("bounds", verdict);
        }
    }

    fn device_says(&mut self, program: usize, bytes: &[u8]) {
        self.trace.said(format_args!("{}", self.programs[program].make.id), bytes);
        if let Some(link) = self.programs[program].run.as_ref().and_then(|run| run.link) {
            self.links[link].up.write(bytes);
        }
    }

    /// A program begins a command.
    fn begins(&mut self, program: usize, number: u64, value: &str) {
        let value = value.parse().unwrap_or(0);
        let runs = self.programs[program].runs;
        self.trace.happened(16, format_args!("begins {number}: {value}"));
        let verdict = self.checks.commands.begun(value, program, runs);
        self.checks.note("commands", verdict);
        if let Some(run) = &mut self.programs[program].run {
            run.busy.push((number, value));
        }
    }

    /// A program has done what a command asked for, or has not.
    pub(crate) fn answer(&mut self, program: usize) {
        let ok = !self.random.one_in(4);
        let now = self.now;
        let Some(run) = &mut self.programs[program].run else { return };
        if run.busy.is_empty() {
            return;
        }
        let (number, value) = run.busy.remove(0);
        self.trace.happened(17, format_args!("answer {number} {}", if ok { "ok" } else { "failed stuck" }));
        self.checks.commands.answered(value, ok);
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

    /// A program has samples.
    pub(crate) fn publish(&mut self, program: usize) {
        let numbered = !self.programs[program].is_plain() && !self.random.one_in(8);
        let now = self.now;
        if self.programs[program].run.is_none() {
            return;
        }
        let content = self.programs[program].content(numbered);
        let message = self.programs[program].message(now, content, numbered, &mut self.random);
        self.trace.happened(18, format_args!("program {program} publishes {content}"));
        let it = &mut self.programs[program];
        let Some(run) = &mut it.run else { return };
        match &mut run.speaker {
            Speaker::Session(side) if numbered => {
                let position = side.publish(now, message.clone());
                run.held.push_back(content);
                if it.make.keeps == Keeps::Storage {
                    it.file.append(position, content, message);
                }
                self.checks.loss.accepted(program);
                self.note_released(program);
                let it = &self.programs[program];
                let verdict =
                    self.checks.bounds.outbox(it.make.id.as_str(), unacked(it.run.as_ref()), it.make.outbox);
                self.checks.note("bounds", verdict);
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

    /// Time has passed for the programs.
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

fn unacked(run: Option<&crate::program::Run>) -> usize {
    run.map_or(0, |run| match &run.speaker {
        Speaker::Session(side) => DeviceSide::unacked(side),
        Speaker::Plain(_) => 0,
    })
}

/// The number in a line that begins so, if it is whole.
fn number_behind(line: &[u8], beginning: &[u8]) -> Option<u64> {
    let rest = std::str::from_utf8(line.strip_prefix(beginning)?.trim_ascii_end()).ok()?;
    rest.split(['}', ',']).next()?.parse().ok().filter(|_| rest.ends_with('}'))
}
