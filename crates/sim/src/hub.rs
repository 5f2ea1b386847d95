//! A running hub: the real devices of [`router`], the connections that end in it, and the one place that carries out what
//! they decide. It does what `crates/hub` and `crates/gateway` do around the same code, without threads: what those hand
//! to each other waits here until a step of the simulation hands it over.

use crate::check::Checks;
use crate::check::commands::Sent;
use crate::connection::{Connection, Letterbox, Mailbox, Taken, Track, Wish};
use crate::network::Link;
use crate::storage::Storage;
use crate::trace::Trace;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::intake::Post;
use protocol::message::Identify;
use protocol::time::Time;
use router::{Caller, Device, Done, Effect, Identity, Issuer, Presence, Receipt, Request};
use std::sync::Arc;
use store::{CommandRow, Commit, DeviceKey, Loaded, Write};

/// What the hub needs of the world around it.
pub(crate) struct Around<'a> {
    pub(crate) now: Time,
    pub(crate) links: &'a mut Vec<Link>,
    pub(crate) storage: &'a mut Storage,
    pub(crate) checks: &'a mut Checks,
    pub(crate) trace: &'a mut Trace,
}

/// A hub that runs.
pub(crate) struct Hub {
    issuer: Issuer,
    pub(crate) devices: Vec<Device>,
    next_key: u64,
    pub(crate) connections: Vec<Option<Connection>>,
    endings: Arc<Mailbox<(DeviceKey, u64)>>,
    taken: Arc<Mailbox<Taken>>,
    pub(crate) storage_is_up: bool,
    /// Devices that were welcomed since somebody looked, by their place.
    pub(crate) arrivals: Vec<usize>,
    /// Those who identified, where somebody else decides who may come in.
    pub(crate) desk: Option<Vec<Caller>>,
}

impl Hub {
    /// A hub begins with what its storage knows.
    pub(crate) fn open(now: Time, loaded: Loaded) -> Self {
        let issuer = Issuer { tag: loaded.issuer.into(), earlier: loaded.earlier_issuers.into() };
        let mut devices: Vec<Device> = loaded.devices.into_iter().filter_map(Device::restore).collect();
        for row in loaded.unfinished {
            if let Some(device) = devices.iter_mut().find(|device| device.identity.key == row.device) {
                device.restore_command(now, row);
            }
        }
        let (endings, taken) = (Arc::default(), Arc::default());
        let connections = Vec::new();
        Self {
            issuer,
            devices,
            next_key: loaded.next_key,
            connections,
            endings,
            taken,
            storage_is_up: true,
            arrivals: Vec::new(),
            desk: None,
        }
    }

    pub(crate) fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.id() == id)
    }

    pub(crate) fn device_mut(&mut self, id: &str) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.id() == id)
    }

    /// Nobody seems to watch any device.
    pub(crate) fn unwatched(&mut self) {
        self.devices.iter_mut().for_each(|device| device.watched(false));
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter()
    }

    pub(crate) fn index(&self, key: DeviceKey) -> Option<usize> {
        self.devices.iter().position(|device| device.identity.key == key)
    }

    /// A link was made; answers the connection at this end.
    pub(crate) fn accept(&mut self, now: Time, number: u64, link: usize, serial: bool) -> usize {
        let connection = Connection::new(now, number, link, serial);
        match self.connections.iter().position(Option::is_none) {
            Some(place) => {
                self.connections[place] = Some(connection);
                place
            }
            None => {
                self.connections.push(Some(connection));
                self.connections.len() - 1
            }
        }
    }

    /// The first input of each device that decides, and what follows from it.
    pub(crate) fn with<T>(
        &mut self,
        index: usize,
        around: &mut Around<'_>,
        decide: impl FnOnce(&mut Device, &Issuer, &mut Vec<Effect>) -> T,
    ) -> T {
        let mut effects = Vec::new();
        let result = decide(&mut self.devices[index], &self.issuer, &mut effects);
        for effect in effects {
            self.perform(index, effect, around);
        }
        result
    }

    fn perform(&mut self, index: usize, effect: Effect, around: &mut Around<'_>) {
        match effect {
            Effect::Record(write) => {
                if let Write::Command(row) = &write {
                    let value = row.value.parse().unwrap_or(0);
                    let verdict = around.checks.commands.written(value, &row.state);
                    around.checks.note("commands", verdict);
                }
                around.storage.submit(write);
            }
            Effect::Post(outlet, post) => {
                self.look_at(index, &post, around);
                outlet.post(post);
            }
            Effect::Welcome(outlet, welcome, generation) => {
                let device = index as u64;
                let verdict = around.checks.storage.welcomed(device, welcome.window);
                around.checks.note("storage", verdict);
                let verdict = around.checks.thrash.welcomed(device, around.now.mono);
                around.checks.note("thrash", verdict);
                let lane = Arc::new(Track {
                    key: self.devices[index].identity.key,
                    generation,
                    endings: self.endings.clone(),
                    taken: self.taken.clone(),
                });
                outlet.post(Post::Welcome { welcome, lane });
                self.arrivals.push(index);
            }
            Effect::Relay(uplink, post) => uplink.outlet.post(post),
            Effect::Wake { .. } | Effect::List | Effect::Forget => {}
        }
    }

    /// What the hub says to a device, for the checkers.
    fn look_at(&self, index: usize, post: &Post, around: &mut Around<'_>) {
        let device = index as u64;
        match post {
            Post::Command(command) => self.command_leaves(index, command, around),
            Post::Window(window) => around.checks.storage.window(device, *window),
            Post::Committed { seq: Some(_), .. } => {
                let verdict = around.checks.storage.acked(device);
                around.checks.note("storage", verdict);
            }
            Post::Bye(Bye::Replaced) => {
                let alert = self.devices[index].contested().is_some();
                let verdict = around.checks.thrash.takeover(device, around.now.mono, alert);
                around.checks.note("thrash", verdict);
                around.checks.storage.ended(device);
            }
            Post::Bye(_) | Post::Refused { .. } => around.checks.storage.ended(device),
            _ => {}
        }
    }

    fn command_leaves(&self, index: usize, command: &protocol::message::Command, around: &mut Around<'_>) {
        let device = &self.devices[index];
        let value = command.value.get().parse().unwrap_or(0);
        let stored = around.storage.state(device.identity.key, value);
        let sent = Sent { value, number: command.number, now: around.now.mono, stored: stored.as_deref() };
        let verdict = around.checks.commands.sent(sent);
        around.checks.note("commands", verdict);
    }

    /// Bytes of a link arrive at its connection.
    pub(crate) fn read(&mut self, place: usize, bytes: &[u8], around: &mut Around<'_>) {
        let Some(mut connection) = self.connections[place].take() else { return };
        connection.side.heard(around.now);
        let mut rest = bytes;
        if connection.has_held() {
            connection.hold(bytes);
            rest = &[];
        }
        let open = self.read_on(&mut connection, &mut rest, around);
        if open {
            connection.hold(rest);
            self.connections[place] = Some(connection);
        }
    }

    /// Reads lines as long as the conversation does; false where it ended.
    fn read_on(&mut self, connection: &mut Connection, rest: &mut &[u8], around: &mut Around<'_>) -> bool {
        if !self.carry_out(connection, around) {
            return false;
        }
        while connection.next_line(around.now, rest) {
            if !self.carry_out(connection, around) {
                return false;
            }
        }
        true
    }

    /// Carries out what the conversation wants; false where it ended.
    fn carry_out(&mut self, connection: &mut Connection, around: &mut Around<'_>) -> bool {
        while let Some(wish) = connection.wish() {
            match wish {
                Wish::Write(line) => {
                    let link = &mut around.links[connection.link];
                    around.trace.said(format_args!("hub {}", connection.number), &line);
                    link.down.write(&line);
                }
                Wish::Identify(identify) => self.identify(*identify, connection, around),
                Wish::Taken => {
                    let verdict = around.checks.bounds.in_flight(connection.in_flight);
                    around.checks.note("bounds", verdict);
                    self.take(around);
                }
                Wish::Close => {
                    let link = &mut around.links[connection.link];
                    link.at_hub = None;
                    if !link.serial {
                        link.down.close(around.now.mono);
                        link.up.close(u64::MAX);
                    }
                    return false;
                }
            }
        }
        true
    }

    fn take(&mut self, around: &mut Around<'_>) {
        while let Some(Taken { key, generation, line, said }) = self.taken.pop() {
            let Some(index) = self.index(key) else { continue };
            let now = around.now;
            self.with(index, around, |device, _, effects| device.said(now, generation, line, said, effects));
        }
    }

    fn identify(&mut self, identify: Identify, connection: &Connection, around: &mut Around<'_>) {
        let outlet: Arc<Letterbox> = connection.letterbox.clone();
        let caller = Caller { identify, peer: connection.peer(), outlet, token: None };
        match &mut self.desk {
            Some(desk) => desk.push(caller),
            None => self.enter(caller, around),
        }
    }

    /// Lets a caller in.
    pub(crate) fn enter(&mut self, caller: Caller, around: &mut Around<'_>) {
        let Some(id) = caller.identify.device.clone() else { return };
        let index = match self.devices.iter().position(|device| device.identity.id == id) {
            Some(index) => index,
            None => self.join(id, around),
        };
        around.checks.storage.ended(index as u64);
        let now = around.now;
        self.with(index, around, |device, issuer, effects| device.identify(now, issuer, caller, effects));
    }

    /// A device that names itself and is not known is made.
    pub(crate) fn join(&mut self, id: DeviceId, around: &mut Around<'_>) -> usize {
        let identity = Identity {
            key: DeviceKey(self.next_key),
            id,
            called: None,
            token: None,
            previous: None,
            joined: true,
            confirmed: true,
            created: around.now.wall,
            stored: false,
        };
        self.next_key += 1;
        self.devices.push(Device::new(identity, 0));
        let index = self.devices.len() - 1;
        self.with(index, around, |device, _, effects| device.keep(effects));
        index
    }

    /// Connections that have mail.
    pub(crate) fn with_mail(&self) -> impl Iterator<Item = usize> {
        let places = self.connections.iter().enumerate();
        places.filter_map(|(place, connection)| {
            connection.as_ref().filter(|connection| !connection.letterbox.posts.is_empty()).map(|_| place)
        })
    }

    /// A connection reads what was posted to it.
    pub(crate) fn read_mail(&mut self, place: usize, around: &mut Around<'_>) {
        let Some(mut connection) = self.connections[place].take() else { return };
        while let Some(post) = connection.letterbox.posts.pop() {
            connection.post(around.now, post);
            if !self.read_on(&mut connection, &mut &[][..], around) {
                return;
            }
        }
        self.connections[place] = Some(connection);
    }

    /// The end of a link has come to its connection.
    pub(crate) fn closed(&mut self, place: usize) {
        if let Some(mut connection) = self.connections[place].take() {
            connection.closed();
        }
    }

    /// Whether an end of a conversation waits to be heard.
    pub(crate) fn has_endings(&self) -> bool {
        !self.endings.is_empty()
    }

    /// Devices learn which conversations are over.
    pub(crate) fn hear_endings(&mut self, around: &mut Around<'_>) {
        while let Some((key, generation)) = self.endings.pop() {
            let Some(index) = self.index(key) else { continue };
            let now = around.now;
            self.with(index, around, |device, _, effects| device.ended(now, generation, effects));
        }
    }

    /// What the storage made durable, or never will.
    pub(crate) fn settle(&mut self, commits: Vec<Commit>, around: &mut Around<'_>) {
        for commit in commits {
            let durable = commit.result.is_ok();
            for (key, done) in by_device(&commit.writes, durable) {
                let Some(index) = self.index(key) else { continue };
                let now = around.now;
                self.with(index, around, |device, issuer, effects| match durable {
                    true => device.done(now, issuer, &done, effects),
                    false => device.refused(now, issuer, &done, effects),
                });
            }
        }
    }

    /// The storage failed, or is back.
    pub(crate) fn storage(&mut self, is_up: bool, around: &mut Around<'_>) {
        self.storage_is_up = is_up;
        around.checks.storage.changed(is_up);
        for index in 0..self.devices.len() {
            self.with(index, around, |device, _, effects| device.storage(is_up, effects));
            if self.devices[index].presence().0 != Presence::Online {
                around.checks.storage.ended(index as u64);
            }
        }
        let verdict = around.checks.storage.told();
        around.checks.note("storage", verdict);
    }

    /// Somebody asks for something.
    pub(crate) fn command(&mut self, id: &str, request: Request, around: &mut Around<'_>) -> Option<Receipt> {
        let index =
            self.devices.iter().position(|device| device.id() == id).filter(|_| self.storage_is_up)?;
        let device = &self.devices[index];
        // What is no longer remembered is looked up in the store.
        if device.receipt(&request.by, &request.id).is_none()
            && let Some(row) = around.storage.command(device.identity.key, &request.by, &request.id)
        {
            let same = row.channel == request.channel && &*row.value == request.value.get();
            let earlier = receipt_of(row)?;
            return Some(if same { earlier } else { request.refused(router::Refusal::Bad) });
        }
        let now = around.now;
        Some(self.with(index, around, |device, _, effects| device.command(now, request, effects)))
    }

    /// Somebody takes back what they asked for.
    pub(crate) fn cancel(&mut self, id: &str, by: &str, command: &str, around: &mut Around<'_>) {
        let Some(index) = self.devices.iter().position(|device| device.id() == id) else { return };
        let now = around.now;
        self.with(index, around, |device, _, effects| device.cancel(now, by, command, effects));
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<u64> {
        let devices = self.devices.iter().filter_map(Device::next_timeout);
        let connections = self.connections.iter().flatten();
        let identified = connections.filter(|connection| !connection.is_strange);
        devices.chain(identified.filter_map(|connection| connection.side.poll_timeout())).min()
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        for index in 0..self.devices.len() {
            if self.devices[index].next_timeout().is_some_and(|at| at <= now.mono) {
                self.with(index, around, |device, issuer, effects| device.timeout(now, issuer, effects));
            }
        }
        for place in 0..self.connections.len() {
            let due =
                |connection: &Connection| connection.side.poll_timeout().is_some_and(|at| at <= now.mono);
            let waits =
                |connection: &Connection| connection.is_strange && around.links[connection.link].serial;
            if !self.connections[place]
                .as_ref()
                .is_some_and(|connection| due(connection) && !waits(connection))
            {
                continue;
            }
            let Some(mut connection) = self.connections[place].take() else { continue };
            connection.side.timeout(now);
            if self.carry_out(&mut connection, around) {
                self.connections[place] = Some(connection);
            }
        }
    }
}

fn receipt_of(row: CommandRow) -> Option<Receipt> {
    Some(Receipt {
        id: row.id,
        by: row.by.into(),
        channel: row.channel,
        asked: row.value,
        state: router::State::from_word(&row.state)?,
        reason: row.reason,
        value: row.result,
    })
}

/// What a commit settles for each device, in the order written. Runs of messages that are durable become their last cursor.
fn by_device(writes: &[Write], durable: bool) -> Vec<(DeviceKey, Done)> {
    let mut settled: Vec<(DeviceKey, Done)> = Vec::new();
    for (key, done) in writes.iter().flat_map(Done::of) {
        let last = settled.iter_mut().rev().find(|(device, _)| *device == key);
        match (last, &done) {
            (Some((_, Done::Entries(last))), Done::Entries(cursor)) if durable => *last = *cursor,
            _ => settled.push((key, done)),
        }
    }
    settled
}
