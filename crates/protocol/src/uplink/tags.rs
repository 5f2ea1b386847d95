//! How a gateway numbers its spool over its starts (rules U1 and U2).
//!
//! An entry has a **place**, dense from 1 over the spool's whole life, which only the gateway knows. To hubs it is a number in
//! a tag: each start takes a new tag, whose numbers begin at 1. So a number never denotes two entries, whatever became of the
//! spool between two starts. Where a hub proves that an earlier tag had more numbers than the spool remembers, that tag's end
//! is raised: the numbers between have no place.

use super::message::{SkipReason, SpoolCursor};
use crate::limits::UPLINK_TAGS_MAX;
use crate::rule::{Rule, holds};
use std::sync::Arc;

/// One start of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// Its tag.
    pub tag: Arc<str>,
    /// The place that its number 1 has, or will have.
    pub first: u64,
    /// Its last number, for a tag that is not the newest: more than it has places where it was raised.
    pub end: u64,
}

/// All starts of a gateway that it remembers, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<TagRow>);

/// What the spool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The first place that is still there; `head + 1` where nothing is.
    pub oldest: u64,
    /// The last place that is durable; 0 where nothing ever was.
    pub head: u64,
}

/// What comes next for a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is told that numbers are those of `tag` from here on.
    Tag {
        /// The tag.
        tag: Arc<str>,
        /// What it follows.
        follows: Option<SpoolCursor>,
    },
    /// It is told that these numbers of its tag will never come.
    Skip {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// Why.
        reason: SkipReason,
    },
    /// It is sent what lies behind the place `after`, in its tag, up to the place `until`.
    Entries {
        /// The place before the first one.
        after: u64,
        /// The last place.
        until: u64,
    },
    /// It has all there is.
    Nothing,
    /// The hub is beyond the end of an earlier tag: that is to be raised (rule U2).
    Raise {
        /// The tag.
        tag: Arc<str>,
        /// Its last number, as it turns out.
        end: u64,
    },
    /// The hub says that it has what was never sent to it.
    Beyond,
}

impl Tags {
    /// The tags that a spool remembers, the oldest first.
    pub fn new(rows: Vec<TagRow>) -> Self {
        Self(rows)
    }

    /// All of them, the oldest first.
    pub fn rows(&self) -> &[TagRow] {
        &self.0
    }

    /// The gateway starts, its spool's last place being `head`: the tag before ends there. Beyond [`UPLINK_TAGS_MAX`] the
    /// oldest is forgotten.
    ///
    /// Rule U2. Without it a start goes on in the tag before.
    pub fn begin(&mut self, tag: Arc<str>, head: u64) {
        if let Some(last) = self.0.last_mut() {
            if !holds(Rule::U2) {
                return;
            }
            last.end = last.end.max(head + 1 - last.first.min(head + 1));
        }
        self.0.push(TagRow { tag, first: head + 1, end: 0 });
        let beyond = self.0.len().saturating_sub(UPLINK_TAGS_MAX);
        self.0.drain(..beyond);
    }

    /// The newest tag; nothing where there was no start.
    pub fn current(&self) -> Option<&Arc<str>> {
        self.0.last().map(|row| &row.tag)
    }

    /// The tag and number of the entry with this place; nothing where its tag is forgotten.
    pub fn cursor_of(&self, place: u64) -> Option<SpoolCursor> {
        let row = self.0.iter().rev().find(|row| row.first <= place)?;
        Some(SpoolCursor { tag: row.tag.clone(), number: place + 1 - row.first })
    }

    /// The place of the last entry that a hub with this cursor has; nothing where its tag is not known.
    pub fn place_of(&self, cursor: &SpoolCursor) -> Option<u64> {
        let at = self.find(&cursor.tag)?;
        let held = self.held(at).unwrap_or(u64::MAX);
        Some((self.0[at].first - 1).saturating_add(cursor.number.min(held)))
    }

    /// An earlier tag turns out to have had numbers up to `end`. Answers whether that is news.
    pub fn raise(&mut self, tag: &str, end: u64) -> bool {
        match self.find(tag) {
            Some(at) if at + 1 < self.0.len() && self.0[at].end < end => {
                self.0[at].end = end;
                true
            }
            _ => false,
        }
    }

    /// What a hub that stands at `cursor` is sent next. `begin` is the first place that it is to have at all.
    pub fn next(&self, cursor: Option<&SpoolCursor>, begin: u64, held: Held) -> Next {
        match cursor.and_then(|cursor| Some((self.find(&cursor.tag)?, cursor.number))) {
            Some((at, number)) => self.next_in(at, number, begin, held),
            None => self.next_of_none(begin, held),
        }
    }

    /// It has nothing, or stands where nobody remembers: it begins where it is to, and is told what is not there any more.
    fn next_of_none(&self, begin: u64, held: Held) -> Next {
        if begin > held.head {
            return Next::Nothing;
        }
        let row = self.0.iter().rev().find(|row| row.first <= begin).or(self.0.first());
        row.map_or(Next::Nothing, |row| Next::Tag { tag: row.tag.clone(), follows: None })
    }

    /// It has the numbers of the tag at `at` up to `number`.
    fn next_in(&self, at: usize, number: u64, begin: u64, held: Held) -> Next {
        let row = &self.0[at];
        let is_last = at + 1 == self.0.len();
        // How many of its numbers have a place, and where it ends.
        let places = self.held(at).unwrap_or((held.head + 1).saturating_sub(row.first));
        let end = if is_last { places } else { row.end.max(places) };
        if number > end {
            return match is_last {
                true => Next::Beyond,
                false if !holds(Rule::U2) => self.next_tag(at, end, held),
                false => Next::Raise { tag: row.tag.clone(), end: number },
            };
        }
        if number >= places {
            return match number < end {
                true => Next::Skip { from: number + 1, to: end, reason: SkipReason::Lost },
                false => self.next_tag(at, end, held),
            };
        }
        let (next, until) = (row.first + number, row.first + places - 1);
        let hole = |before: u64, reason| {
            let to = before.min(until + 1) - row.first;
            Next::Skip { from: number + 1, to, reason }
        };
        if next < begin {
            hole(begin, SkipReason::Start)
        } else if next < held.oldest {
            hole(held.oldest, SkipReason::Pruned)
        } else {
            Next::Entries { after: next - 1, until: until.min(held.head) }
        }
    }

    /// It has all of the tag at `at`, which ends with `end`. That another begins is told when there is something in it.
    fn next_tag(&self, at: usize, end: u64, held: Held) -> Next {
        match self.0.get(at + 1) {
            Some(next) if next.first <= held.head => {
                let follows = SpoolCursor { tag: self.0[at].tag.clone(), number: end };
                Next::Tag { tag: next.tag.clone(), follows: Some(follows) }
            }
            _ => Next::Nothing,
        }
    }

    fn find(&self, tag: &str) -> Option<usize> {
        self.0.iter().rposition(|row| &*row.tag == tag)
    }

    /// How many places the tag at `at` has; nothing for the newest, which has as many as there are.
    fn held(&self, at: usize) -> Option<u64> {
        self.0.get(at + 1).map(|next| next.first.saturating_sub(self.0[at].first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor(tag: &str, number: u64) -> SpoolCursor {
        SpoolCursor { tag: tag.into(), number }
    }

    /// Three starts: 1 to 10, 11 to 15, and from 16 on.
    fn tags() -> Tags {
        let mut tags = Tags::default();
        tags.begin("a".into(), 0);
        tags.begin("b".into(), 10);
        tags.begin("c".into(), 15);
        tags
    }

    const ALL: Held = Held { oldest: 1, head: 18 };

    fn next(tags: &Tags, at: Option<SpoolCursor>, begin: u64, held: Held) -> Next {
        tags.next(at.as_ref(), begin, held)
    }

    #[test]
    fn a_new_hub_begins_with_the_tag_of_its_first_place() {
        let begins = |begin| next(&tags(), None, begin, ALL);
        assert_eq!(begins(1), Next::Tag { tag: "a".into(), follows: None });
        assert_eq!(begins(12), Next::Tag { tag: "b".into(), follows: None });
        assert_eq!(begins(19), Next::Nothing);
    }

    #[test]
    fn what_lies_before_its_place_is_a_skip_start() {
        let said = next(&tags(), Some(cursor("b", 0)), 13, ALL);
        assert_eq!(said, Next::Skip { from: 1, to: 2, reason: SkipReason::Start });
        assert_eq!(next(&tags(), Some(cursor("b", 2)), 13, ALL), Next::Entries { after: 12, until: 15 });
    }

    #[test]
    fn a_cursor_before_the_oldest_entry_gets_pruned() {
        let held = Held { oldest: 14, head: 18 };
        let said = next(&tags(), Some(cursor("a", 4)), 1, held);
        assert_eq!(said, Next::Skip { from: 5, to: 10, reason: SkipReason::Pruned });
        let said = next(&tags(), Some(cursor("a", 10)), 1, held);
        assert_eq!(said, Next::Tag { tag: "b".into(), follows: Some(cursor("a", 10)) });
        let said = next(&tags(), Some(cursor("b", 0)), 1, held);
        assert_eq!(said, Next::Skip { from: 1, to: 3, reason: SkipReason::Pruned });
    }

    #[test]
    fn a_cursor_past_an_earlier_end_raises_it_and_the_others_get_a_skip_lost() {
        let mut tags = tags();
        let beyond = cursor("b", 9);
        assert_eq!(next(&tags, Some(beyond.clone()), 1, ALL), Next::Raise { tag: "b".into(), end: 9 });
        assert!(tags.raise("b", 9) && !tags.raise("b", 9) && !tags.raise("c", 99));
        let said = next(&tags, Some(cursor("b", 5)), 1, ALL);
        assert_eq!(said, Next::Skip { from: 6, to: 9, reason: SkipReason::Lost });
        let said = next(&tags, Some(beyond.clone()), 1, ALL);
        assert_eq!(said, Next::Tag { tag: "c".into(), follows: Some(beyond.clone()) });
        assert_eq!(tags.place_of(&beyond), Some(15));
    }

    #[test]
    fn a_cursor_that_nobody_remembers_begins_anew_and_is_told_what_is_gone() {
        let held = Held { oldest: 12, head: 18 };
        let said = next(&tags(), Some(cursor("z", 7)), 3, held);
        assert_eq!(said, Next::Tag { tag: "a".into(), follows: None });
        let said = next(&tags(), Some(cursor("a", 2)), 3, held);
        assert_eq!(said, Next::Skip { from: 3, to: 10, reason: SkipReason::Pruned });
    }

    #[test]
    fn a_cursor_past_what_was_ever_sent_is_told() {
        assert_eq!(next(&tags(), Some(cursor("c", 4)), 1, ALL), Next::Beyond);
        assert_eq!(next(&tags(), Some(cursor("c", 3)), 1, ALL), Next::Nothing);
    }

    #[test]
    fn tags_in_which_nothing_came_are_passed_through() {
        let mut tags = tags();
        tags.begin("d".into(), 18);
        tags.begin("e".into(), 18);
        let held = Held { oldest: 1, head: 20 };
        assert_eq!(next(&tags, Some(cursor("c", 3)), 1, ALL), Next::Nothing);
        let said = next(&tags, Some(cursor("c", 3)), 1, held);
        assert_eq!(said, Next::Tag { tag: "d".into(), follows: Some(cursor("c", 3)) });
        let said = next(&tags, Some(cursor("d", 0)), 1, held);
        assert_eq!(said, Next::Tag { tag: "e".into(), follows: Some(cursor("d", 0)) });
    }

    proptest! {
        #[test]
        fn places_and_cursors_belong_together(starts in prop::collection::vec(0u64..20, 1..6), place in 1u64..120) {
            let (mut tags, mut head) = (Tags::default(), 0);
            for (number, more) in starts.iter().enumerate() {
                tags.begin(format!("t{number}").into(), head);
                head += more;
            }
            let cursor = tags.cursor_of(place).expect("no tag is forgotten");
            prop_assert!(cursor.number >= 1);
            prop_assert_eq!(tags.place_of(&cursor), Some(place));
        }

        /// Whoever does what comes next has every entry from where it begins that is there, each once and in order, and
        /// comes to an end.
        #[test]
        fn what_comes_next_leads_through_all_that_is_there(
            starts in prop::collection::vec((0u64..20, 0u64..4), 1..6), begin in 1u64..40, pruned in 0u64..60,
        ) {
            let (mut tags, mut head) = (Tags::default(), 0);
            for (number, (more, raised)) in starts.iter().enumerate() {
                tags.begin(format!("t{number}").into(), head);
                head += more;
                if number > 0 {
                    let row = tags.rows()[number - 1].clone();
                    tags.raise(&row.tag, row.end + raised);
                }
            }
            let held = Held { oldest: (pruned + 1).min(head + 1), head };
            let (mut at, mut seen) = (None, Vec::new());
            for _ in 0..200 {
                match tags.next(at.as_ref(), begin, held) {
                    Next::Nothing => break,
                    Next::Tag { tag, follows } => {
                        prop_assert_eq!(&follows, &at);
                        at = Some(SpoolCursor { tag, number: 0 });
                    }
                    Next::Skip { from, to, .. } => {
                        let cursor = at.as_mut().expect("a tag comes first");
                        prop_assert!(from == cursor.number + 1 && to >= from);
                        cursor.number = to;
                    }
                    Next::Entries { after, until } => {
                        prop_assert!(until > after);
                        seen.extend(after + 1..=until);
                        at.as_mut().expect("a tag comes first").number += until - after;
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            let expected: Vec<u64> = (begin.max(held.oldest)..=head).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
