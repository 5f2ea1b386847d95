//! Random writes that a hub could make, and some that it should not: from a seed, always the same.

use store::{
    AccessKind, AccessRow, Called, CommandRow, DeviceKey, Gap, GatewayKey, Handed, Message, NewDevice,
    NewGateway, Position, Relayed, Sample, SpoolCursor, TokenHash, TokenRow, Write,
};

use crate::rig::{command, device};

/// Numbers that look random (xorshift*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// A hub that writes: it knows where the logs of its devices stand.
pub(crate) struct Hub {
    pub(crate) random: Random,
    /// Keys, cursors and positions of devices that are there.
    devices: Vec<(u64, u64, u64, u64)>,
    next_key: u64,
    next_session: u64,
    now: i64,
    /// Gateways that are there, and how far they were taken over.
    gateways: Vec<(u64, Option<SpoolCursor>)>,
    next_gateway: u64,
}

impl Hub {
    pub(crate) fn new(seed: u64) -> Hub {
        let random = Random::new(seed);
        Hub {
            random,
            devices: Vec::new(),
            next_key: 1,
            next_session: 1,
            now: 1_000_000,
            gateways: Vec::new(),
            next_gateway: 1,
        }
    }

    /// Up to `count` writes.
    pub(crate) fn batch(&mut self, count: u64) -> Vec<Write> {
        (0..=self.random.below(count)).map(|_| self.write()).collect()
    }

    fn write(&mut self) -> Write {
        self.now += self.random.below(2000) as i64;
        if self.devices.is_empty() || self.random.one_in(150) {
            return self.device();
        }
        match self.random.below(100) {
            0 => self.remove(),
            1 => Write::Prune { commands: self.now - 60_000, tokens: self.now - 60_000, now: self.now },
            2..=4 => self.token(),
            5..=12 => Write::Command(self.command()),
            13 => Write::CommandCounter { device: self.any(), next: self.random.below(99) },
            14 if self.random.one_in(2) => Write::Called { device: self.any(), called: self.called() },
            27 => Write::Rhythm {
                device: self.any(),
                channel: ["flow", "level"][self.random.below(2) as usize].into(),
                every: 1 + self.random.below(9_999),
            },
            14 => Write::Describe { device: self.any(), describe: format!("{{\"at\":{}}}", self.now).into() },
            15 => Write::DeviceToken {
                device: self.any(),
                token: self.token_hash(),
                previous: self.token_hash(),
                confirmed: self.random.one_in(2),
            },
            16..=18 => self.session(),
            19..=26 => self.gap(),
            28..=45 => self.gateway(),
            _ => self.message(),
        }
    }

    fn token_hash(&mut self) -> Option<TokenHash> {
        let hash = TokenHash([self.random.below(200) as u8; 32]);
        self.random.one_in(2).then_some(hash)
    }

    fn called(&mut self) -> Called {
        let name = self.random.one_in(2).then(|| "a name".into());
        let labels = if self.random.one_in(2) { "barn\nnorth" } else { "" };
        Called { name, labels: labels.into() }
    }

    fn device(&mut self) -> Write {
        let key = self.next_key;
        self.next_key += 1;
        if self.random.one_in(4) {
            // An id that is mostly taken: refused, and the key is wasted.
            return device(DeviceKey(key), "d-1");
        }
        self.devices.push((key, 0, 0, 0));
        Write::Device(NewDevice {
            key: DeviceKey(key),
            id: format!("d-{key}").into(),
            token: self.random.one_in(2).then_some(TokenHash([key as u8; 32])),
            joined: self.random.one_in(2),
            created: self.now,
        })
    }

    fn remove(&mut self) -> Write {
        let place = self.random.below(self.devices.len() as u64) as usize;
        let (key, ..) = self.devices.swap_remove(place);
        Write::RemoveDevice { device: DeviceKey(key) }
    }

    /// A device: mostly one that is there.
    fn any(&mut self) -> DeviceKey {
        let place = self.random.below(self.devices.len() as u64) as usize;
        DeviceKey(if self.random.one_in(20) { self.random.below(99) } else { self.devices[place].0 })
    }

    fn session(&mut self) -> Write {
        let counter = self.next_session;
        self.next_session += 1;
        let place = self.random.below(self.devices.len() as u64) as usize;
        let (key, _, session, seq) = &mut self.devices[place];
        (*session, *seq) = (counter, 0);
        let tag = format!("m{}", counter / 50).into();
        Write::Session { device: DeviceKey(*key), counter, tag }
    }

    /// The next place in a device's log, and now and then a wrong one.
    fn step(&mut self) -> (DeviceKey, u64, Option<Position>) {
        let place = self.random.below(self.devices.len() as u64) as usize;
        let numbered = !self.random.one_in(5);
        let wrong = self.random.one_in(25);
        let (key, cursor, session, seq) = &mut self.devices[place];
        let next = if wrong { *cursor + 2 } else { *cursor + 1 };
        if !wrong {
            *cursor = next;
            *seq += u64::from(numbered);
        }
        let position = numbered.then(|| Position { session: format!("m-{session}").into(), seq: *seq });
        (DeviceKey(*key), next, position)
    }

    fn message(&mut self) -> Write {
        let (device, cursor, position) = self.step();
        let count = self.random.pick(&[0, 1, 1, 1, 2, 3, 9]);
        let samples = (0..count).map(|_| self.sample()).collect();
        Write::Message(Message { device, cursor, position, received: self.now, samples })
    }

    fn sample(&mut self) -> Sample {
        let channel = self.random.pick(&["temperature", "flow", "mode", "temperature"]);
        let late = self.random.one_in(9);
        let value = match self.random.below(9) {
            0 => self
                .random
                .pick(&["21.50", "9007199254740993", "-0", "1e400", "null", "\"on\"", "{ }", "1E2"])
                .to_owned(),
            1 => format!("\"{}\"", self.now),
            _ => format!("{}.{:02}", 15 + self.random.below(9), self.random.below(100)),
        };
        Sample {
            channel: channel.into(),
            ts: self.now - if late { self.random.below(90_000) as i64 } else { 0 },
            device_ts: self.random.one_in(11).then(|| self.random.below(5000) as i64 - 99),
            late,
            value: value.into(),
        }
    }

    fn gap(&mut self) -> Write {
        let (device, cursor, position) = self.step();
        let from = self.random.below(1000);
        Write::Gap(Gap {
            device,
            cursor,
            position,
            session: "m-1".into(),
            from,
            to: from + self.random.below(50),
            reason: self.random.pick(&["overflow", "bad", "lost"]).into(),
            at: self.now,
        })
    }

    fn command(&mut self) -> CommandRow {
        let states = ["accepted", "queued", "sent", "done", "failed", "unknown"];
        let (by, id) = (self.random.pick(&["ada", "grace"]), format!("c-{}", self.random.below(30)));
        CommandRow {
            device: self.any(),
            number: self.random.one_in(2).then(|| self.random.below(50)),
            result: self.random.one_in(3).then(|| "1.50".into()),
            handed: self
                .random
                .one_in(3)
                .then(|| Handed { gateway: GatewayKey(self.random.below(9)), tag: "g1".into() }),
            updated: self.now,
            ..command(by, &id, self.random.pick(&states))
        }
    }

    /// Something about a gateway: mostly what its uplink brought.
    fn gateway(&mut self) -> Write {
        if self.gateways.is_empty() || self.random.one_in(60) {
            let key = self.next_gateway;
            self.next_gateway += 1;
            let is_taken = self.random.one_in(4);
            if !is_taken {
                self.gateways.push((key, None));
            }
            let id = if is_taken { "g-1".into() } else { format!("g-{key}").into() };
            let token = TokenHash([key as u8; 32]);
            return Write::Gateway(NewGateway { key: GatewayKey(key), id, token, created: self.now });
        }
        let place = self.random.below(self.gateways.len() as u64) as usize;
        let gateway = GatewayKey(self.gateways[place].0);
        match self.random.below(40) {
            0 => {
                self.gateways.swap_remove(place);
                Write::RemoveGateway { gateway }
            }
            1 => {
                let token = TokenHash([self.random.below(200) as u8; 32]);
                Write::GatewayToken { gateway, token, previous: self.token_hash() }
            }
            _ => Write::Relayed(Box::new(self.relayed(place))),
        }
    }

    fn relayed(&mut self, place: usize) -> Relayed {
        let (key, after) = self.gateways[place].clone();
        let gateway = GatewayKey(if self.random.one_in(30) { self.random.below(9) } else { key });
        let number = after.as_ref().map_or(1, |cursor| cursor.number + self.random.below(3));
        let tag = self.random.pick(&["t1", "t1", "t1", "t1", "t2"]).into();
        let cursor = SpoolCursor { tag, number };
        let is_wrong = self.random.one_in(20);
        let mut then = Vec::new();
        for _ in 0..self.random.below(4) {
            then.push(match self.random.below(20) {
                0 => self.device(),
                1 => Write::Describe { device: self.any(), describe: "{}".into() },
                2 => Write::CommandCounter { device: self.any(), next: 1 },
                3..=5 => self.gap(),
                _ => self.message(),
            });
        }
        let position = (!self.random.one_in(4)).then(|| {
            let session = format!("g{}-{}", key, self.random.below(9)).into();
            (self.any(), Position { session, seq: self.random.below(1 << 40) })
        });
        if !is_wrong {
            self.gateways[place].1 = Some(cursor.clone());
        }
        Relayed { gateway, after, cursor, position, then }
    }

    fn token(&mut self) -> Write {
        let hash = TokenHash([self.random.below(6) as u8; 32]);
        let name = || format!("{}", hash.0[0]).into();
        match self.random.below(6) {
            4 => Write::RemoveAccess { kind: AccessKind::Person, name: name() },
            5 => Write::Access(AccessRow {
                kind: AccessKind::Person,
                name: name(),
                content: self.now.to_string().into(),
            }),
            0 => Write::TokenUsed { hash, at: self.now },
            1 => Write::TokenRevoked { hash },
            _ => Write::Token(TokenRow {
                hash,
                subject: "ada".into(),
                scopes: "view".into(),
                created: self.now,
                expires: self.now + self.random.below(90_000) as i64,
                used: 0,
            }),
        }
    }
}
