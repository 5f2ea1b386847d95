//! Pure: which origin has how many inside, who waits, and who is next.

use std::collections::{BTreeSet, HashMap, VecDeque};

/// How many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Inside from one origin.
    pub each_max: usize,
    /// Inside in all.
    pub all_max: usize,
    /// Waiting in all.
    pub waiting_max: usize,
}

/// Where somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Others speak through it: it counts among all, and by itself it has no bound.
    Proxy,
    /// This machine, by other ways than addresses.
    Local,
    /// A network, by its first address, as one of IPv6.
    Network(u128),
}

/// What becomes of one that came.
pub(super) enum Arrival<T> {
    Inside(T),
    /// It waits under this number.
    Waits(u64),
    /// The same, and this one no longer does.
    InsteadOf(u64, #[allow(dead_code, reason = "it is there to be dropped")] T),
    Refused(#[allow(dead_code, reason = "it is there to be dropped")] T),
}

/// All strangers. What stands for one that waits is a `T`.
pub(super) struct Crowd<T> {
    bounds: Bounds,
    inside: usize,
    waiting: usize,
    last_number: u64,
    /// Those of which somebody is here.
    groups: HashMap<Origin, Group<T>>,
    /// Groups whose first may enter once there is room: how many are inside, and the number of the first.
    next: BTreeSet<(usize, u64, Origin)>,
    /// Groups of which somebody waits: how many do.
    longest: BTreeSet<(usize, Origin)>,
}

struct Group<T> {
    inside: usize,
    waiting: VecDeque<(u64, T)>,
}

impl<T> Crowd<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            inside: 0,
            waiting: 0,
            last_number: 0,
            groups: HashMap::new(),
            next: BTreeSet::new(),
            longest: BTreeSet::new(),
        }
    }

    pub(super) fn inside(&self) -> usize {
        self.inside
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Somebody comes from `origin`.
    pub(super) fn arrive(&mut self, origin: Origin, who: T) -> Arrival<T> {
        let (inside, waiting) =
            self.groups.get(&origin).map_or((0, 0), |group| (group.inside, group.waiting.len()));
        if self.inside < self.bounds.all_max && inside < self.each_max(origin) {
            self.inside += 1;
            self.change(origin, |group| group.inside += 1);
            return Arrival::Inside(who);
        }
        let pushed = match self.waiting >= self.bounds.waiting_max {
            false => None,
            // Only where that leaves more waiting there than here: else those who come would push each other out for ever.
            true => match self.longest.last() {
                Some(&(longest, from)) if longest > waiting + 1 => self.take_newest(from),
                _ => return Arrival::Refused(who),
            },
        };
        self.last_number += 1;
        let number = self.last_number;
        self.waiting += 1;
        self.change(origin, |group| group.waiting.push_back((number, who)));
        match pushed {
            None => Arrival::Waits(number),
            Some(pushed) => Arrival::InsteadOf(number, pushed),
        }
    }

    /// One of `origin` has left; who enters for it.
    pub(super) fn leave(&mut self, origin: Origin) -> Option<(Origin, T)> {
        self.inside -= 1;
        self.change(origin, |group| group.inside -= 1);
        let &(_, _, origin) = self.next.first()?;
        let (_, who) = self.change(origin, |group| {
            group.inside += 1;
            group.waiting.pop_front()
        })?;
        self.inside += 1;
        self.waiting -= 1;
        Some((origin, who))
    }

    /// The one that waits under this number no longer does.
    pub(super) fn give_up(&mut self, origin: Origin, number: u64) -> Option<T> {
        let group = self.groups.get(&origin)?;
        let at = group.waiting.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let (_, who) = self.change(origin, |group| group.waiting.remove(at))?;
        self.waiting -= 1;
        Some(who)
    }

    fn take_newest(&mut self, origin: Origin) -> Option<T> {
        let (_, who) = self.change(origin, |group| group.waiting.pop_back())?;
        self.waiting -= 1;
        Some(who)
    }

    fn each_max(&self, origin: Origin) -> usize {
        match origin {
            Origin::Proxy => self.bounds.all_max,
            Origin::Local | Origin::Network(_) => self.bounds.each_max,
        }
    }

    /// Changes the group of `origin`, which stands in its lists as it is afterwards.
    fn change<R>(&mut self, origin: Origin, change: impl FnOnce(&mut Group<T>) -> R) -> R {
        let each_max = self.each_max(origin);
        let group =
            self.groups.entry(origin).or_insert_with(|| Group { inside: 0, waiting: VecDeque::new() });
        if let Some(&(first, _)) = group.waiting.front() {
            self.next.remove(&(group.inside, first, origin));
            self.longest.remove(&(group.waiting.len(), origin));
        }
        let changed = change(group);
        match group.waiting.front() {
            Some(&(first, _)) => {
                if group.inside < each_max {
                    self.next.insert((group.inside, first, origin));
                }
                self.longest.insert((group.waiting.len(), origin));
            }
            None if group.inside == 0 => drop(self.groups.remove(&origin)),
            None => {}
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Origin = Origin::Network(1);
    const B: Origin = Origin::Network(2);
    const C: Origin = Origin::Network(3);

    fn crowd(each_max: usize, all_max: usize, waiting_max: usize) -> Crowd<&'static str> {
        Crowd::new(Bounds { each_max, all_max, waiting_max })
    }

    fn waits(arrival: Arrival<&'static str>) -> u64 {
        match arrival {
            Arrival::Waits(number) | Arrival::InsteadOf(number, _) => number,
            Arrival::Inside(_) | Arrival::Refused(_) => panic!("it does not wait"),
        }
    }

    #[test]
    fn an_address_has_its_own_bound_and_others_are_not_held_up_by_it() {
        let mut crowd = crowd(2, 10, 10);
        assert!(matches!(crowd.arrive(A, "a1"), Arrival::Inside("a1")));
        assert!(matches!(crowd.arrive(A, "a2"), Arrival::Inside("a2")));
        waits(crowd.arrive(A, "a3"));
        assert!(matches!(crowd.arrive(B, "b1"), Arrival::Inside("b1")));
        assert_eq!(crowd.leave(B), None, "that makes no room for the other address");
        assert_eq!(crowd.leave(A), Some((A, "a3")));
    }

    #[test]
    fn where_all_are_full_the_address_with_the_fewest_inside_is_next() {
        let mut crowd = crowd(2, 3, 10);
        for (from, who) in [(A, "a1"), (A, "a2"), (B, "b1")] {
            assert!(matches!(crowd.arrive(from, who), Arrival::Inside(_)));
        }
        waits(crowd.arrive(B, "b2"));
        waits(crowd.arrive(C, "c1"));
        assert_eq!(crowd.leave(A), Some((C, "c1")), "it came later, and has nobody inside");
        assert_eq!(crowd.leave(C), Some((B, "b2")));
    }

    #[test]
    fn where_too_many_wait_the_longest_queue_gives_way() {
        let mut crowd = crowd(1, 10, 3);
        for from in [A, B] {
            assert!(matches!(crowd.arrive(from, "first"), Arrival::Inside(_)));
        }
        for who in ["a2", "a3", "a4"] {
            waits(crowd.arrive(A, who));
        }
        assert!(matches!(crowd.arrive(A, "a5"), Arrival::Refused("a5")));
        assert!(matches!(crowd.arrive(B, "b2"), Arrival::InsteadOf(_, "a4")));
        assert!(matches!(crowd.arrive(B, "b3"), Arrival::Refused("b3")), "it would be the longer one then");
        assert_eq!((crowd.inside(), crowd.waiting()), (2, 3));
    }

    #[test]
    fn who_gives_up_is_not_let_in() {
        let mut crowd = crowd(1, 1, 3);
        assert!(matches!(crowd.arrive(A, "a1"), Arrival::Inside(_)));
        let number = waits(crowd.arrive(A, "a2"));
        waits(crowd.arrive(A, "a3"));
        assert_eq!(crowd.give_up(A, number), Some("a2"));
        assert_eq!(crowd.give_up(A, number), None);
        assert_eq!(crowd.leave(A), Some((A, "a3")));
        assert_eq!(crowd.leave(A), None);
        assert_eq!((crowd.inside(), crowd.waiting(), crowd.groups.len()), (0, 0, 0));
        assert!(crowd.next.is_empty() && crowd.longest.is_empty());
    }

    #[test]
    fn a_proxy_speaks_for_many() {
        let mut crowd = crowd(1, 3, 3);
        let proxy = Origin::Proxy;
        assert!((0..3).all(|_| matches!(crowd.arrive(proxy, "p"), Arrival::Inside(_))));
        waits(crowd.arrive(proxy, "p"));
        assert_eq!(crowd.leave(proxy), Some((proxy, "p")));
    }
}
