//! The books of a device: what came from it, and what became of that.

use super::device::Device;
use super::frame::quoted;
use protocol::limits::WINDOW_MESSAGES;
use protocol::message::Samples;
use store::GapCount;

/// What came from a device, and what became of it. Messages, but for what says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Handed over to the hub, over a connection or by HTTP, and neither dropped as a duplicate nor refused.
    pub received: u64,
    /// Durable.
    pub committed: u64,
    /// On their way to the store.
    pub in_flight: u64,
    /// Numbered ones that came again and were dropped. Since the start of the hub.
    pub duplicate: u64,
    /// Numbers that will never come: those inside of the recorded gaps.
    pub skipped: u64,
    /// Committed ones that brought a late sample.
    pub late: u64,
    /// Recorded gaps by their reason, at most [`store::limits::LEDGER_REASONS_MAX`] and one for all others.
    pub gaps: Vec<GapCount>,
    /// How many the device still holds: what it said last, less what was acked since. Only where the device tells it, and
    /// since it identified last.
    pub outbox: Option<u64>,
}

impl Ledger {
    /// How many gaps are recorded, whatever the reason.
    pub fn gap_count(&self) -> u64 {
        self.gaps.iter().map(|count| count.gaps).sum()
    }

    /// Adds another device's, for sums over many.
    pub fn add(&mut self, other: &Ledger) {
        self.received += other.received;
        self.committed += other.committed;
        self.in_flight += other.in_flight;
        self.duplicate += other.duplicate;
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.late += other.late;
        for GapCount { reason, gaps, messages } in &other.gaps {
            GapCount::count(&mut self.gaps, reason, *gaps, *messages);
        }
        self.outbox = self.outbox.into_iter().chain(other.outbox).reduce(|sum, held| sum + held);
    }

    /// As JSON, for panels and for the API.
    pub fn json(&self) -> String {
        let Self { received, committed, in_flight, duplicate, skipped, late, gaps, outbox } = self;
        let gaps: Vec<String> = gaps
            .iter()
            .map(|GapCount { reason, gaps, messages }| {
                format!("{{\"reason\":{},\"gaps\":{gaps},\"messages\":{messages}}}", quoted(reason))
            })
            .collect();
        let outbox = outbox.map(|outbox| format!(",\"outbox\":{outbox}")).unwrap_or_default();
        format!(
            "{{\"received\":{received},\"committed\":{committed},\"in_flight\":{in_flight},\"duplicate\":{duplicate},\
             \"skipped\":{skipped},\"late\":{late},\"gaps\":[{}]{outbox}}}",
            gaps.join(",")
        )
    }
}

/// A [`Ledger`] as a device keeps it: what most devices never need stands in a box.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) received: u64,
    pub(crate) committed: u64,
    pub(crate) late: u64,
    losses: Option<Box<Losses>>,
}

/// What is not there where all comes once and in order.
#[derive(Default)]
struct Losses {
    duplicate: u64,
    skipped: u64,
    gaps: Vec<GapCount>,
    outbox: Option<u64>,
}

impl Books {
    /// As the store knew it: `received` messages, of which `late` were late.
    pub(crate) fn restore(received: u64, late: u64, gaps: Vec<GapCount>) -> Self {
        let skipped = gaps.iter().fold(0, |sum: u64, count| sum.saturating_add(count.messages));
        let losses = (!gaps.is_empty()).then(|| Box::new(Losses { skipped, gaps, ..Losses::default() }));
        Self { received, committed: received, late, losses }
    }

    /// How many gaps are recorded, whatever the reason.
    pub(crate) fn gap_count(&self) -> u64 {
        self.losses.iter().flat_map(|losses| &losses.gaps).map(|count| count.gaps).sum()
    }

    /// One more recorded gap, in which `messages` numbers are missing.
    pub(crate) fn add_gap(&mut self, reason: &str, messages: u64) {
        let losses = self.losses.get_or_insert_default();
        losses.skipped = losses.skipped.saturating_add(messages);
        GapCount::count(&mut losses.gaps, reason, 1, messages);
    }

    /// A message came a second time.
    pub(crate) fn add_duplicate(&mut self) {
        self.losses.get_or_insert_default().duplicate += 1;
    }

    /// The device identified, and says so what it holds.
    pub(crate) fn outbox_begins(&mut self, outbox: Option<u64>) {
        if self.losses.is_some() || outbox.is_some() {
            self.losses.get_or_insert_default().outbox = outbox;
        }
    }

    /// A numbered message came. A device that tells what it holds says so in each while that is more than its window.
    pub(crate) fn outbox_told(&mut self, message: &Samples) {
        if message.seq.is_some() {
            let before = self.losses.as_ref().and_then(|losses| losses.outbox);
            let within = before.map(|before| before.min(u64::from(WINDOW_MESSAGES)));
            self.outbox_begins(message.outbox.or(within));
        }
    }

    /// Whether the device still holds what it could not say before, as far as it tells.
    pub(crate) fn holds_back(&self) -> bool {
        self.losses.as_ref().is_some_and(|losses| losses.outbox > Some(0))
    }

    /// A numbered message is committed: the device need not hold it any longer.
    pub(crate) fn outbox_acked(&mut self) {
        if let Some(held) = self.losses.as_mut().and_then(|losses| losses.outbox.as_mut()) {
            *held = held.saturating_sub(1);
        }
    }
}

impl Device {
    /// What came from it, and what became of that.
    pub fn ledger(&self) -> Ledger {
        let Books { received, committed, late, losses } = &self.ledger;
        let none = Losses::default();
        let Losses { duplicate, skipped, gaps, outbox } = losses.as_deref().unwrap_or(&none);
        Ledger {
            received: *received,
            committed: *committed,
            in_flight: self.under_way.entries().filter(|entry| !entry.is_gap()).count() as u64,
            duplicate: *duplicate,
            skipped: *skipped,
            late: *late,
            gaps: gaps.clone(),
            outbox: *outbox,
        }
    }

    /// Whether the ledger adds up: every message that came is committed or under way, every number of the device's log is
    /// a message or a gap, and every missing number is in a gap with a reason.
    ///
    /// # Errors
    /// The sum that is wrong, in words.
    pub fn books_balance(&self) -> Result<(), String> {
        let ledger = self.ledger();
        let Ledger { received, committed, in_flight, skipped, late, .. } = ledger;
        let gaps = ledger.gap_count();
        let missing = ledger.gaps.iter().fold(0, |sum: u64, count| sum.saturating_add(count.messages));
        let (stored, given) = (self.committed, self.cursor);
        let under_way = self.under_way.entries().count() as u64;
        let sums = [
            (received == committed + in_flight, "received = committed + in flight"),
            (stored == committed + gaps, "committed cursor = committed + gaps"),
            (given == stored + under_way, "last cursor = committed cursor + under way"),
            (skipped == missing, "skipped = the numbers in gaps"),
            (late <= committed, "late ≤ committed"),
        ];
        match sums.iter().find(|(balances, _)| !balances) {
            None => Ok(()),
            Some((_, sum)) => Err(format!(
                "{}: not so: {sum}, with cursors {stored} and {given}, {under_way} under way and {ledger:?}",
                self.id()
            )),
        }
    }
}
