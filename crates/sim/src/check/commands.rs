//! Commands go only along the arrows of spec/protocol.md; each is begun at most once; what is said of it is what became of
//! it.
//!
//! A command is known by the value that it asks for, which no other one has. Seen are: the rows that the store is given,
//! what people are told, the lines that leave the hub, and what devices begin and answer.

use super::Verdict;
use std::collections::BTreeMap;

/// What is known of one command.
#[derive(Debug, Default)]
struct Seen {
    device: usize,
    deadline: u64,
    /// For a plain device: whether it described the channel as an input.
    plain: Option<bool>,
    /// The same id was another command's: it must come to nothing.
    forged: bool,
    /// The hub's store went back behind it.
    rolled_back: bool,
    row: Option<&'static str>,
    told: Option<&'static str>,
    lines: u32,
    number: Option<u64>,
    begun: u32,
    begun_by: Option<(usize, u32)>,
    answered: Option<bool>,
}

/// A line that carries a command to a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) value: u64,
    pub(crate) number: u64,
    pub(crate) now: u64,
    /// Where the store has it.
    pub(crate) stored: Option<&'a str>,
}

/// All commands.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    seen: BTreeMap<u64, Seen>,
    /// By device: the highest number that left, and the command under way.
    numbers: BTreeMap<usize, u64>,
    open: BTreeMap<usize, u64>,
}

const STATES: [&str; 9] =
    ["refused", "accepted", "queued", "expired", "cancelled", "sent", "done", "failed", "unknown"];

fn word(state: &str) -> &'static str {
    STATES.iter().copied().find(|known| *known == state).unwrap_or("no state at all")
}

/// Whether it never ran.
fn never_ran(state: &str) -> bool {
    matches!(state, "refused" | "expired" | "cancelled")
}

/// Whether the arrows lead from one state to the other, perhaps over some between them.
fn leads(from: Option<&str>, to: &str) -> bool {
    match from {
        None => true,
        Some(from) if from == to => true,
        Some("accepted") => true,
        Some("queued") => to != "accepted",
        Some("sent") => matches!(to, "done" | "failed" | "unknown"),
        Some("unknown") => matches!(to, "done" | "failed"),
        Some(_) => false,
    }
}

impl Commands {
    /// Somebody asks for something for the first time.
    pub(crate) fn asked(&mut self, value: u64, device: usize, plain: Option<bool>) {
        self.seen.insert(value, Seen { device, plain, ..Seen::default() });
    }

    /// Somebody asks, for the first time or again: of a command that the hub knows nothing of, it is the first time.
    pub(crate) fn wanted(&mut self, value: u64, deadline: u64) {
        if let Some(seen) = self.seen.get_mut(&value).filter(|seen| seen.row.is_none()) {
            seen.deadline = deadline;
        }
    }

    /// Somebody asks for something under the id of another command.
    pub(crate) fn forged(&mut self, value: u64, device: usize, answer: &str) -> Verdict {
        self.seen.insert(value, Seen { device, forged: true, ..Seen::default() });
        match answer {
            "refused" => Ok(()),
            _ => Err(format!("command {value} has the id of another one, and is {answer}")),
        }
    }

    /// The store is given a row.
    pub(crate) fn written(&mut self, value: u64, state: &str) -> Verdict {
        let Some(seen) = self.seen.get_mut(&value) else { return Ok(()) };
        // That it is sent is stored before it is: until its line leaves it can still become anything.
        let here = seen.lines == 0 && seen.row == Some("sent");
        let before = seen.row.replace(word(state)).map(|row| if here { "accepted" } else { row });
        if !leads(before, state) && !seen.rolled_back {
            return Err(format!("command {value} goes from {} to {state}", before.unwrap_or_default()));
        }
        if state != "sent" {
            self.open.retain(|_, open| *open != value);
        }
        self.fits(value, state)
    }

    /// Somebody is told where a command stands.
    pub(crate) fn told(&mut self, value: u64, state: &str) -> Verdict {
        let Some(seen) = self.seen.get_mut(&value) else { return Ok(()) };
        // Panels are not all told at the same time: only what is final cannot be taken back.
        let before = seen.told;
        if before.is_none_or(|before| leads(Some(before), state)) {
            seen.told = Some(word(state));
        } else if !leads(Some(state), before.unwrap_or_default()) {
            return Err(format!("command {value} was {}, and is {state}", before.unwrap_or_default()));
        }
        self.fits(value, state)
    }

    /// People are told where a command stands, and the store knows of it or does not: nobody is told what a crash takes
    /// back.
    pub(crate) fn found(&self, value: u64, state: &str, found: bool) -> Verdict {
        let known = self.seen.contains_key(&value);
        match known && !found {
            true => {
                Err(format!("people were told that command {value} is {state}, and no start would find it"))
            }
            false => Ok(()),
        }
    }

    /// What is said of a command is what became of it.
    fn fits(&self, value: u64, state: &str) -> Verdict {
        let seen = &self.seen[&value];
        match state {
            _ if seen.rolled_back => Ok(()),
            "done" | "failed" if seen.begun == 0 => Err(format!("command {value} is {state}, and never ran")),
            "done" | "failed" if seen.answered != Some(state == "done") => {
                Err(format!("command {value} is {state}, and the device answered {:?}", seen.answered))
            }
            _ if never_ran(state) && seen.begun > 0 => Err(format!("command {value} is {state}, and ran")),
            _ => Ok(()),
        }
    }

    /// A command's line leaves the hub.
    pub(crate) fn sent(&mut self, sent: Sent<'_>) -> Verdict {
        let Sent { value, number, now, stored } = sent;
        let Some(seen) = self.seen.get_mut(&value).filter(|seen| !seen.rolled_back) else { return Ok(()) };
        if !matches!(stored, Some("sent" | "done" | "failed" | "unknown")) {
            return Err(format!("command {value} leaves, and is stored as {stored:?}"));
        }
        if now > seen.deadline && seen.begun == 0 {
            return Err(format!("command {value} leaves {} ms after its deadline", now - seen.deadline));
        }
        if seen.plain == Some(false) {
            return Err(format!("command {value} is for a channel that its plain device did not describe"));
        }
        if seen.plain.is_some() && seen.lines > 0 {
            return Err(format!("command {value} leaves for a plain device a second time"));
        }
        seen.lines += 1;
        let highest = self.numbers.entry(seen.device).or_insert(0);
        if seen.number.replace(number).is_none_or(|before| before != number) && number <= *highest {
            return Err(format!("command {value} has the number {number}, and {highest} has left before"));
        }
        *highest = number.max(*highest);
        match self.open.insert(seen.device, value) {
            Some(open) if open != value => Err(format!("command {value} leaves while {open} is under way")),
            _ => Ok(()),
        }
    }

    /// A device begins a command.
    pub(crate) fn begun(&mut self, value: u64, program: usize, run: u32) -> Verdict {
        let Some(seen) = self.seen.get_mut(&value) else {
            return Err(format!("command {value} is begun, and nobody asked for it"));
        };
        seen.begun += 1;
        if let Some(before) = seen.begun_by.replace((program, run))
            && !seen.rolled_back
        {
            return Err(format!(
                "command {value} is begun by {program} in its run {run}, after {} in its run {}",
                before.0, before.1
            ));
        }
        if seen.forged {
            return Err(format!("command {value} is begun under the id of another one"));
        }
        match seen.row.into_iter().chain(seen.told).find(|state| never_ran(state)) {
            Some(state) if !seen.rolled_back => Err(format!("command {value} is begun, and was {state}")),
            _ => Ok(()),
        }
    }

    /// The device's answer leaves it.
    pub(crate) fn answered(&mut self, value: u64, ok: bool) {
        if let Some(seen) = self.seen.get_mut(&value) {
            seen.answered = Some(ok);
        }
    }

    /// The hub is gone: rows that were not durable were never written, and who was told that something waits learns it
    /// anew.
    pub(crate) fn crashed(&mut self, stored: impl Fn(usize, u64) -> Option<Box<str>>) {
        self.open.clear();
        for (value, seen) in &mut self.seen {
            seen.row = stored(seen.device, *value).map(|state| word(&state));
            // Of what never was in the store nothing is left that could run. Who asks again asks for the first time.
            let is_open = matches!(seen.told, Some("accepted" | "queued"));
            let is_forgotten = seen.told.is_some_and(never_ran) && seen.row.is_none();
            if is_open || is_forgotten {
                seen.told = None;
            }
        }
    }

    /// The store went back to a backup: what was asked before may be anywhere.
    pub(crate) fn rolled_back(&mut self) {
        for seen in self.seen.values_mut() {
            (seen.rolled_back, seen.told, seen.row) = (true, None, None);
        }
        self.open.clear();
        // A device that was made since the backup is made anew, and its commands are counted anew.
        self.numbers.clear();
    }

    /// All is calm: each command has come to its end.
    pub(crate) fn calm(&self) -> Verdict {
        for (value, seen) in &self.seen {
            if let Some(state) = seen.row.filter(|row| matches!(*row, "accepted" | "queued" | "sent")) {
                return Err(format!("all is calm, and command {value} is still {state}"));
            }
        }
        Ok(())
    }
}
