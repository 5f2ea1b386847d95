//! Counting what happens too often to be written down each time.

use super::entry::{Entry, What};
use crate::allowance::{Allowance, Rate};
use crate::limits::{
    AUDIT_MERGE_MS, AUDIT_MERGED_MAX, AUDIT_OUTSIDE_ROW_MS, AUDIT_OUTSIDE_ROWS_AT_ONCE, AUDIT_PERSON,
};
use protocol::time::Time;
use std::collections::HashMap;
use store::AuditEntry;

/// Who did what how often, since it was last written down.
#[derive(Debug, Default)]
pub(super) struct Merging {
    /// What those outside make happen.
    outside: Crowd,
    /// What devices do for themselves.
    devices: Crowd,
    /// What people did beyond what each may have written: who and what is always kept.
    beyond: HashMap<Like, Counted>,
    /// What each person has written, of each kind: much of one hides nothing of another.
    people: HashMap<(What, Box<str>), Allowance>,
}

/// Those who may be any number, and have so many rows together.
#[derive(Debug, Default)]
struct Crowd {
    counted: HashMap<Like, Counted>,
    /// What found no room in there, by what it was.
    others: HashMap<What, Counted>,
    /// The monotonic millisecond from which on as many rows may be written for them as ever.
    whole_at: u64,
}

/// Entries that are like each other: all but what they count.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Like {
    what: What,
    who: Box<str>,
    device: Box<str>,
    details: Vec<(&'static str, Box<str>)>,
}

#[derive(Debug)]
struct Counted {
    /// Monotonic milliseconds at which the first came.
    since: u64,
    /// How often more after the row that was written, if one was.
    times: u64,
    /// What they count, together.
    sum: u64,
    count: Option<&'static str>,
}

impl Merging {
    /// One more; the row that is written for it at once, if one is.
    pub(super) fn take(&mut self, entry: Entry, now: Time) -> Option<AuditEntry> {
        if entry.what.is_merged() {
            return self.outside.take(entry, now);
        }
        if entry.is_by_device {
            return self.devices.take(entry, now);
        }
        if !entry.what.is_own() || entry.who.is_empty() || self.may_person(&entry, now) {
            return Some(entry.row(now.wall));
        }
        let like = Like::of(&entry);
        // People are few, and so are kinds: of each the count is kept, without what else there was to say if need be.
        let has_room = self.beyond.len() < AUDIT_MERGED_MAX || self.beyond.contains_key(&like);
        let like = if has_room { like } else { Like { details: Vec::new(), device: "".into(), ..like } };
        self.beyond.entry(like).or_insert_with(|| Counted::new(&entry, now.mono)).one_more(&entry);
        None
    }

    /// What was counted and whose time is over, or all of it, as rows.
    pub(super) fn tell(&mut self, now: Time, all: bool) -> Vec<AuditEntry> {
        let mut rows = self.outside.tell(now, all);
        rows.append(&mut self.devices.tell(now, all));
        for (like, counted) in self.beyond.extract_if(|_, counted| all || counted.is_over(now)) {
            rows.extend(counted.row(like.entry(), now.wall));
        }
        self.people.retain(|_, allowance| !allowance.is_whole(now.mono));
        rows
    }

    /// Whether a person's row may be written by itself.
    fn may_person(&mut self, entry: &Entry, now: Time) -> bool {
        const RATE: Rate = AUDIT_PERSON;
        let key = (entry.what, entry.who.clone());
        if self.people.len() >= AUDIT_MERGED_MAX && !self.people.contains_key(&key) {
            self.people.retain(|_, allowance| !allowance.is_whole(now.mono));
            if self.people.len() >= AUDIT_MERGED_MAX {
                return false;
            }
        }
        self.people.entry(key).or_default().take(now.mono, RATE)
    }
}

impl Crowd {
    fn take(&mut self, entry: Entry, now: Time) -> Option<AuditEntry> {
        let like = Like::of(&entry);
        if let Some(counted) = self.counted.get_mut(&like) {
            counted.one_more(&entry);
            return None;
        }
        if self.counted.len() >= AUDIT_MERGED_MAX || !self.may_write(now.mono) {
            self.others.entry(entry.what).or_insert_with(|| Counted::new(&entry, now.mono)).one_more(&entry);
            return None;
        }
        self.counted.insert(like, Counted::new(&entry, now.mono));
        Some(entry.row(now.wall))
    }

    fn tell(&mut self, now: Time, all: bool) -> Vec<AuditEntry> {
        let mut rows = Vec::new();
        for (like, counted) in self.counted.extract_if(|_, counted| all || counted.is_over(now)) {
            rows.extend(counted.row(like.entry(), now.wall));
        }
        for (what, counted) in self.others.extract_if(|_, counted| all || counted.is_over(now)) {
            rows.extend(counted.row(Entry::new(what).say("others", "yes"), now.wall));
        }
        rows
    }

    /// Whether one more row may be written for them; it is used up with this.
    fn may_write(&mut self, now: u64) -> bool {
        let used = self.whole_at.saturating_sub(now);
        let may = used + AUDIT_OUTSIDE_ROW_MS <= AUDIT_OUTSIDE_ROWS_AT_ONCE * AUDIT_OUTSIDE_ROW_MS;
        if may {
            self.whole_at = now + used + AUDIT_OUTSIDE_ROW_MS;
        }
        may
    }
}

impl Like {
    fn of(entry: &Entry) -> Like {
        let Entry { what, who, device, details, .. } = entry.clone();
        Like { what, who, device, details }
    }

    fn entry(self) -> Entry {
        let Like { what, who, device, details } = self;
        Entry { who, device, details, ..Entry::new(what) }
    }
}

impl Counted {
    fn new(entry: &Entry, since: u64) -> Counted {
        Counted { since, times: 0, sum: 0, count: entry.count.map(|(name, _)| name) }
    }

    /// Whether it is to be written down.
    fn is_over(&self, now: Time) -> bool {
        now.mono >= self.since + AUDIT_MERGE_MS
    }

    fn one_more(&mut self, entry: &Entry) {
        self.times += 1;
        self.sum = self.sum.saturating_add(entry.count.map_or(0, |(_, count)| count));
    }

    /// The row that says how often more, where it was more often at all.
    fn row(self, entry: Entry, wall: i64) -> Option<AuditEntry> {
        let Counted { times, sum, count, .. } = self;
        let entry =
            Entry { details: [entry.details, vec![("times", times.to_string().into())]].concat(), ..entry };
        let entry = Entry { count: count.map(|name| (name, sum)), ..entry };
        (times > 0).then(|| entry.row(wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::intake::StrangerLimit;

    fn at(mono: u64) -> Time {
        Time { wall: 1_000_000 + mono.cast_signed(), mono }
    }

    fn failed(name: &str) -> Entry {
        Entry::new(What::LoginFailed).named(name).say("network", "192.0.2.0/24")
    }

    #[test]
    fn the_first_of_a_kind_is_a_row_and_those_like_it_are_one_more_when_their_time_is_over() {
        let mut merging = Merging::default();
        assert!(merging.take(failed("ada"), at(0)).is_some());
        assert!((1..=500).all(|ms| merging.take(failed("ada"), at(ms)).is_none()));
        assert!(merging.take(failed("ben"), at(501)).is_some());
        assert!(merging.tell(at(AUDIT_MERGE_MS - 1), false).is_empty());
        let rows = merging.tell(at(AUDIT_MERGE_MS), false);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (&*rows[0].who, &*rows[0].details),
            ("ada", r#"{"network":"192.0.2.0/24","times":"500"}"#)
        );
        assert!(merging.take(failed("ada"), at(AUDIT_MERGE_MS + 1)).is_some(), "a new time begins");
    }

    #[test]
    fn whoever_makes_up_names_is_told_of_in_so_many_rows_and_counted_beyond() {
        let mut merging = Merging::default();
        let tries = 10 * AUDIT_OUTSIDE_ROWS_AT_ONCE;
        let rows = (0..tries).filter_map(|n| merging.take(failed(&n.to_string()), at(n))).count() as u64;
        assert_eq!(rows, AUDIT_OUTSIDE_ROWS_AT_ONCE);
        let told = merging.tell(at(tries), true);
        assert_eq!(told.len(), 1, "none of the others came twice");
        let times = format!(r#"{{"others":"yes","times":"{}"}}"#, tries - rows);
        assert_eq!(&*told[0].details, times);
    }

    #[test]
    fn a_storm_at_the_doors_is_a_row_for_each_limit_and_network_and_their_counts() {
        let mut merging = Merging::default();
        let hit = |limit: StrangerLimit, last: u8| {
            Entry::new(What::Limit).say("limit", limit.as_str()).from([192, 0, 2, last].into())
        };
        let storm = (0..50_000_u64).filter_map(|n| {
            let limit = if n % 2 == 0 { StrangerLimit::Room } else { StrangerLimit::Time };
            merging.take(hit(limit, n.to_le_bytes()[0]), at(n))
        });
        assert_eq!(storm.count(), 2);
        let told = merging.tell(at(50_000), true);
        assert!(told.len() == 2 && told.iter().all(|row| row.details.contains(r#""times":"24999""#)));
    }

    #[test]
    fn gaps_add_up_what_is_missing() {
        let mut merging = Merging::default();
        let gap = |messages| {
            Entry::new(What::Gap).device("boiler-7").say("reason", "overflow").count("messages", messages)
        };
        let first = merging.take(gap(3), at(0)).expect("the first is a row");
        assert_eq!(&*first.details, r#"{"messages":"3","reason":"overflow"}"#);
        assert!(merging.take(gap(4), at(1)).is_none() && merging.take(gap(5), at(2)).is_none());
        let told = merging.tell(at(3), true);
        assert_eq!(&*told[0].details, r#"{"messages":"9","reason":"overflow","times":"2"}"#);
    }

    #[test]
    fn a_person_who_does_something_all_the_time_is_counted_and_takes_nothing_from_another() {
        let mut merging = Merging::default();
        let issued = |who| Entry::new(What::TokenIssued).named(who);
        let rows = (0..5_000).filter(|_| merging.take(issued("mallory"), at(0)).is_some()).count();
        assert!(rows <= AUDIT_PERSON.at_once as usize + 1, "{rows}");
        assert!(merging.take(issued("ada"), at(0)).is_some());
    }

    #[test]
    fn what_one_does_beyond_is_told_with_who_and_what_whatever_else_goes_on() {
        let mut merging = Merging::default();
        for n in 0..5_000_u32 {
            merging.take(failed(&n.to_string()), at(0));
            merging.take(Entry::new(What::Login).named("mallory").say("network", n.to_string()), at(0));
        }
        let issued = || Entry::new(What::TokenIssued).named("mallory");
        assert!(merging.take(issued(), at(0)).is_some(), "another kind has rows of its own");
        assert!((0..400).filter_map(|_| merging.take(issued(), at(0))).count() < 400);
        let told = merging.tell(at(0), true);
        let of = |what: &str| told.iter().find(|row| *row.what == *what && &*row.who == "mallory");
        assert!(of("token_issued").is_some_and(|row| row.details.contains("times")) && of("login").is_some());
    }

    #[test]
    fn no_change_of_what_others_may_is_merged_by_whoever_burns_rows_first() {
        let mut merging = Merging::default();
        for n in 0..5_000_u32 {
            merging.take(failed(&n.to_string()), at(0));
            merging.take(Entry::new(What::Login).named("ada"), at(0));
        }
        for what in What::ALL.iter().filter(|what| !what.is_merged() && !what.is_own()) {
            let change = Entry::new(*what).named("ada").say("person", "mallory");
            let rows = (0..500).filter_map(|_| merging.take(change.clone(), at(0)));
            assert_eq!(rows.filter(|row| &*row.who == "ada").count(), 500, "{what:?}");
        }
    }
}
