//! What is durable of a store without a disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocol::uplink::message::SpoolCursor;

use crate::access::{AccessKind, AccessRow};
use crate::entry::{Entry, EntryContent};
use crate::judge::{Gateways, Judge, Standing};
use crate::limits::{COMMANDS_KEPT_MAX, COMMANDS_SURE_MS};
use crate::loaded::{Latest, Loaded, LoadedChannel, LoadedDevice, LoadedGateway};
use crate::reader::GapRow;
use crate::relayed::GatewayKey;
use crate::write::{CommandRow, DeviceKey, Gap, Message, NewDevice, Sample, TokenRow, Write};

/// The name of the log: nothing ever goes missing from it that was durable.
const LOG: &str = "memory";

/// All that a crash leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    devices: BTreeMap<DeviceKey, Kept>,
    /// The highest key that a device ever had.
    highest: u64,
    /// Tags under which sessions were issued, oldest first.
    issuers: Vec<String>,
    commands: Vec<CommandRow>,
    tokens: Vec<TokenRow>,
    access: BTreeMap<(AccessKind, Box<str>), Box<str>>,
    gateways: BTreeMap<GatewayKey, LoadedGateway>,
    /// The highest key that a gateway ever had.
    highest_gateway: u64,
}

/// A device.
#[derive(Clone, Debug)]
struct Kept {
    /// As a start finds it.
    device: LoadedDevice,
    /// Where each channel stands in it.
    channels: HashMap<Arc<str>, usize>,
    log: Vec<Entry>,
}

impl Content {
    /// A judge that begins here.
    pub(crate) fn judge(&self) -> Judge {
        let devices: Vec<LoadedDevice> = self.devices.values().map(|kept| kept.device.clone()).collect();
        let gateways: Vec<LoadedGateway> = self.gateways.values().cloned().collect();
        Judge::new(&devices, self.highest + 1, Gateways::new(&gateways, self.highest_gateway + 1))
    }

    /// Stores one write that was not refused; nothing where its device was removed.
    pub(crate) fn apply(&mut self, write: &Write) {
        match write {
            Write::Device(new) => self.device(new),
            Write::Message(message) => self.message(message),
            Write::Gap(gap) => self.gap(gap),
            Write::Session { device, tag, .. } => {
                let is_new = !self.issuers.iter().any(|known| **known == **tag);
                if is_new && self.devices.contains_key(device) {
                    self.issuers.push(tag.to_string());
                }
            }
            Write::DeviceToken { device, token, previous, confirmed } => self.change(*device, |device| {
                (device.token, device.previous) = (*token, *previous);
                device.confirmed = *confirmed;
            }),
            Write::Describe { device, describe } => {
                self.change(*device, |device| device.describe = Some(describe.clone()));
            }
            Write::Rhythm { device, channel, every } => {
                if let Some(kept) = self.devices.get_mut(device) {
                    let place = kept.channel(channel);
                    kept.device.channels[place].every = Some(u32::try_from(*every).unwrap_or(u32::MAX));
                }
            }
            Write::Called { device, called } => {
                self.change(*device, |device| {
                    device.called = (!called.is_empty()).then(|| Box::new(called.clone()));
                });
            }
            Write::Command(command) => self.command(command),
            Write::Token(token) => {
                self.tokens.retain(|known| known.hash != token.hash);
                self.tokens.push(token.clone());
            }
            Write::TokenUsed { hash, at } => {
                let used = self.tokens.iter_mut().find(|token| token.hash == *hash);
                if let Some(token) = used {
                    token.used = *at;
                }
            }
            Write::TokenRevoked { hash } => self.tokens.retain(|token| token.hash != *hash),
            Write::Access(AccessRow { kind, name, content }) => {
                self.access.insert((*kind, name.clone()), content.clone());
            }
            Write::RemoveAccess { kind, name } => {
                self.access.remove(&(*kind, name.clone()));
            }
            Write::RemoveDevice { device } => {
                self.devices.remove(device);
                self.commands.retain(|command| command.device != *device);
            }
            Write::Prune { commands, tokens, .. } => {
                let is_settled =
                    |command: &CommandRow| !CommandRow::UNSETTLED.contains(&command.state.as_ref());
                self.commands.retain(|command| command.updated >= *commands || !is_settled(command));
                self.tokens.retain(|token| token.expires >= *tokens);
            }
            // A simulation asks nobody who did what.
            Write::Audit(_) => {}
            Write::Gateway(new) => {
                self.highest_gateway = self.highest_gateway.max(new.key.0);
                let (key, id, token, created) = (new.key, new.id.clone(), new.token, new.created);
                self.gateways
                    .insert(key, LoadedGateway { key, id, token, previous: None, created, cursor: None });
            }
            Write::GatewayToken { gateway, token, previous } => {
                if let Some(known) = self.gateways.get_mut(gateway) {
                    (known.token, known.previous) = (*token, *previous);
                }
            }
            Write::RemoveGateway { gateway } => {
                self.gateways.remove(gateway);
                for kept in self.devices.values_mut() {
                    kept.device.relayed.retain(|lane| lane.gateway != *gateway);
                }
            }
            Write::Relayed(relayed) => relayed.then.iter().for_each(|write| self.apply(write)),
            // Refused.
            Write::Spool(_) => {}
            // Only the device's standing changes.
            Write::CommandCounter { .. } => {}
        }
    }

    /// Where a device's log stands now.
    pub(crate) fn stands(&mut self, device: DeviceKey, standing: Standing) {
        self.change(device, |device| standing.put_into(device));
    }

    /// Up to where a gateway's spool is taken over now.
    pub(crate) fn taken_over(&mut self, gateway: GatewayKey, cursor: SpoolCursor) {
        if let Some(known) = self.gateways.get_mut(&gateway) {
            known.cursor = Some(cursor);
        }
    }

    /// What a start with this tag finds.
    pub(crate) fn loaded(&self, issuer: &str) -> Loaded {
        let unsettled = |command: &&CommandRow| CommandRow::UNSETTLED.contains(&command.state.as_ref());
        let mut tokens = self.tokens.clone();
        tokens.sort_by_key(|token| (token.created, token.hash.0));
        Loaded {
            log: LOG.to_owned(),
            issuer: issuer.to_owned(),
            earlier_issuers: self.issuers.clone(),
            devices: self.devices.values().map(|kept| kept.device.clone()).collect(),
            tokens,
            access: self.access(),
            unfinished: self.commands.iter().filter(unsettled).cloned().collect(),
            next_key: self.highest + 1,
            gateways: self.gateways.values().cloned().collect(),
            next_gateway: self.highest_gateway + 1,
        }
    }

    fn access(&self) -> Vec<AccessRow> {
        let rows = self.access.iter().map(|((kind, name), content)| AccessRow {
            kind: *kind,
            name: name.clone(),
            content: content.clone(),
        });
        rows.collect()
    }

    /// The log of a device.
    pub(crate) fn entries(&self, device: DeviceKey) -> &[Entry] {
        self.devices.get(&device).map_or(&[], |kept| &kept.log)
    }

    /// All commands.
    pub(crate) fn commands(&self) -> &[CommandRow] {
        &self.commands
    }

    fn device(&mut self, new: &NewDevice) {
        self.highest = self.highest.max(new.key.0);
        let kept = Kept { device: LoadedDevice::new(new), channels: HashMap::new(), log: Vec::new() };
        self.devices.insert(new.key, kept);
    }

    fn message(&mut self, message: &Message) {
        let Some(kept) = self.devices.get_mut(&message.device) else { return };
        let place = |sample: &Sample| (kept.sample(sample, message.cursor), sample.clone());
        let mut samples: Vec<(usize, Sample)> = message.samples.iter().map(place).collect();
        samples.sort_by_key(|(channel, _)| *channel);
        let samples = samples.into_iter().map(|(_, sample)| sample).collect();
        let position = message.position.clone();
        let content = EntryContent::Message { position, samples };
        kept.log.push(Entry { cursor: message.cursor, content });
    }

    fn gap(&mut self, gap: &Gap) {
        let Some(kept) = self.devices.get_mut(&gap.device) else { return };
        let row = GapRow {
            session: gap.session.as_ref().into(),
            from: gap.from,
            to: gap.to,
            reason: gap.reason.clone(),
            at: gap.at,
        };
        kept.log.push(Entry { cursor: gap.cursor, content: EntryContent::Gap(row) });
    }

    fn command(&mut self, command: &CommandRow) {
        if !self.devices.contains_key(&command.device) {
            return;
        }
        let same = |known: &&mut CommandRow| {
            known.device == command.device && known.by == command.by && known.id == command.id
        };
        match self.commands.iter_mut().find(same) {
            Some(known) => *known = command.clone(),
            None => self.commands.push(command.clone()),
        }
        self.trim_commands(command);
    }

    /// As `writer::rows` does it: beyond so many of one device, those that were settled long before go.
    fn trim_commands(&mut self, newest: &CommandRow) {
        let of_device = self.commands.iter().filter(|known| known.device == newest.device).count();
        let mut beyond = of_device.saturating_sub(COMMANDS_KEPT_MAX);
        if beyond == 0 {
            return;
        }
        self.commands.retain(|known| {
            let is_beyond = known.device == newest.device && beyond > 0;
            beyond -= usize::from(is_beyond);
            let is_settled = !CommandRow::UNSETTLED.contains(&known.state.as_ref());
            !(is_beyond && is_settled && known.updated < newest.updated.saturating_sub(COMMANDS_SURE_MS))
        });
    }

    fn change(&mut self, device: DeviceKey, change: impl FnOnce(&mut LoadedDevice)) {
        if let Some(kept) = self.devices.get_mut(&device) {
            change(&mut kept.device);
        }
    }
}

impl LoadedDevice {
    pub(crate) fn new(new: &NewDevice) -> LoadedDevice {
        let mut device = LoadedDevice {
            key: new.key,
            id: new.id.clone(),
            called: None,
            token: new.token,
            previous: None,
            confirmed: false,
            joined: new.joined,
            created: new.created,
            describe: None,
            cursor: 0,
            next_session: 0,
            position: None,
            relayed: Vec::new(),
            received: 0,
            late: 0,
            gaps: Vec::new(),
            next_command: 0,
            last_seen: None,
            channels: Vec::new(),
        };
        Standing::default().put_into(&mut device);
        device
    }
}

impl Kept {
    /// A sample of a message with this cursor was stored; the place of its channel.
    fn sample(&mut self, sample: &Sample, cursor: u64) -> usize {
        let place = self.channel(&sample.channel);
        if !sample.late {
            let latest = Latest { value: sample.value.clone(), ts: sample.ts, cursor };
            self.device.channels[place].latest = Some(latest);
        }
        place
    }

    /// The place of a channel, made where it is new.
    fn channel(&mut self, name: &Arc<str>) -> usize {
        let channels = &mut self.device.channels;
        *self.channels.entry(name.clone()).or_insert_with(|| {
            channels.push(LoadedChannel { name: name.clone(), latest: None, every: None });
            channels.len() - 1
        })
    }
}
