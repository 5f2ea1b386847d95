//! What befalls the network: bytes arrive at either end, or do not.

use crate::world::World;

impl World {
    pub(crate) fn carry_some(&mut self) {
        if self.links.is_empty() {
            return;
        }
        let link = self.random.place(self.links.len());
        let most = self.random.pick(&[1, 40, 300, 5000, 5000]);
        match self.random.one_in(2) {
            true => self.carry_up(link, most),
            false => self.carry_down(link, most),
        };
    }

    /// Bytes arrive at the hub. Answers whether anything happened.
    pub(crate) fn carry_up(&mut self, place: usize, most: usize) -> bool {
        let now = self.now.mono;
        let link = &mut self.links[place];
        let Some(connection) = link.at_hub.filter(|_| self.hub.is_some()) else {
            // Nobody reads it.
            link.up.clear();
            return false;
        };
        let reads = self.hub.as_ref().and_then(|hub| hub.connections[connection].as_ref());
        if link.up.flows(now) && reads.is_some_and(|connection| connection.reads()) {
            let mut bytes = std::mem::take(&mut self.arriving);
            bytes.clear();
            link.up.read(most, &mut bytes);
            self.at_hub(|hub, around| hub.read(connection, &bytes, around));
            self.arriving = bytes;
            self.reopen_serial();
            return true;
        }
        if link.up.has_ended(now) && !link.serial {
            link.at_hub = None;
            link.down.close(now);
            self.trace.happened(24, format_args!("hub connection {connection} sees its end"));
            self.at_hub(|hub, _| hub.closed(connection));
            return true;
        }
        false
    }

    /// Bytes arrive at a device. Answers whether anything happened.
    pub(crate) fn carry_down(&mut self, place: usize, most: usize) -> bool {
        let now = self.now.mono;
        let link = &mut self.links[place];
        let program = link.program;
        let listens = self.programs[program].run.as_ref().is_some_and(|run| run.link == Some(place));
        if !listens || !link.at_device {
            link.down.clear();
            return false;
        }
        if link.down.flows(now) {
            let mut bytes = std::mem::take(&mut self.arriving);
            bytes.clear();
            link.down.read(most, &mut bytes);
            self.device_hears(program, place, &bytes);
            self.arriving = bytes;
            return true;
        }
        if link.down.has_ended(now) && !link.serial {
            link.at_device = false;
            link.up.close(now);
            self.link_ended(program);
            return true;
        }
        false
    }

    pub(crate) fn cut(&mut self, half_open: bool) {
        let open: Vec<usize> = (0..self.links.len())
            .filter(|link| !self.links[*link].serial && !self.links[*link].is_over())
            .collect();
        if open.is_empty() {
            return;
        }
        let place = self.random.pick(&open);
        let late = self.learns_late(self.links[place].program);
        let soon = self.now.mono + self.random.below(300);
        let (device, hub) = match (half_open, self.random.below(3)) {
            (false, _) => (soon, self.now.mono + self.random.below(2000)),
            (true, 0) => (late, soon),
            (true, 1) => (soon, late),
            (true, _) => (late, late),
        };
        self.trace.happened(25, format_args!("cut of {place}, half open: {half_open}"));
        self.links[place].cut(&mut self.random, device, hub);
    }

    pub(crate) fn stall(&mut self) {
        if !self.links.is_empty() {
            let link = self.random.place(self.links.len());
            let until = self.now.mono + self.random.pick(&[50, 500, 5_000, 40_000]);
            self.links[link].stall(until);
        }
    }

    pub(crate) fn garble(&mut self) {
        for link in self.links.iter_mut().filter(|link| link.serial) {
            if self.random.one_in(2) {
                link.up.garble(&mut self.random);
            } else {
                link.down.garble(&mut self.random);
            }
        }
    }
}
