//! How long one has to wait after wrong passwords: longer with each, per account and per network.
//!
//! Nobody is locked out by others: a name that has not failed in a network is let try there at once, however often it failed
//! elsewhere and however many others fail beside it. From its own last failure there it waits, as long as the failures of the account
//! and of the network say. So whoever guesses at one account has one try a network before it gets slow. Where a person has logged
//! in before, failures elsewhere do not count. Accounts that do not exist are counted and answered as those that do.
//! Times are milliseconds of a clock that only goes forward.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use store::TokenHash;

use super::limits::{
    ACCOUNT_FAILURES_FREE, FAILURES_FORGOTTEN_MS, FAILURES_MAX, LOGIN_DELAY_MS_MAX, LOGIN_DELAY_MS_MIN,
    NETWORK_FAILURES_FREE, NETWORKS_REMEMBERED_MAX, PEOPLE_MAX,
};

/// Where somebody comes from: addresses that one is given together, or a few neighbours (/24 of IPv4, /48 of IPv6). One place may
/// have thousands of /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Network([u8; 6]);

impl Network {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(four) => {
                let [a, b, c, _] = four.octets();
                // No network of IPv6 that is given to anybody begins so.
                Self([0, 0, 0, a, b, c])
            }
            IpAddr::V6(six) => {
                let mut network = [0; 6];
                network.copy_from_slice(&six.octets()[..6]);
                Self(network)
            }
        }
    }
}

/// What failures are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whom {
    /// A name, from wherever but where its person has logged in before.
    Account(TokenHash),
    /// A network, whatever name.
    Network(Network),
    /// A name in a network.
    Here(TokenHash, Network),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: u64,
}

impl Failures {
    /// How long one waits after so many, of which `free` cost nothing.
    fn wait(self, free: u32) -> u64 {
        let Some(beyond) = self.count.checked_sub(free + 1) else { return 0 };
        let wait = LOGIN_DELAY_MS_MIN.saturating_mul(1_u64.checked_shl(beyond.min(32)).unwrap_or(u64::MAX));
        wait.min(LOGIN_DELAY_MS_MAX)
    }

    fn is_forgotten(self, now: u64) -> bool {
        now.saturating_sub(self.last) >= FAILURES_FORGOTTEN_MS
    }
}

/// All counts, bounded.
#[derive(Debug, Default)]
pub(super) struct Delays {
    failures: HashMap<Whom, Failures>,
    /// Where people have logged in, the latest last.
    known: HashMap<TokenHash, VecDeque<Network>>,
}

/// Somebody who may try. Counts as a failure until it is said to have been none: so many tries at once are no way around.
#[derive(Debug)]
#[must_use = "a try counts as a failure until it is said to have been none"]
pub(super) struct Try {
    name: TokenHash,
    network: Network,
    counted: Vec<Whom>,
}

impl Delays {
    /// Whether somebody from there may try to log in by this name.
    ///
    /// # Errors
    /// Not yet: in so many milliseconds.
    pub(super) fn begin(&mut self, name: TokenHash, network: Network, now: u64) -> Result<Try, u64> {
        let is_known = self.known.get(&name).is_some_and(|networks| networks.contains(&network));
        let here = Whom::Here(name, network);
        let account = if is_known { here } else { Whom::Account(name) };
        let until = self.until(here, account, network, now);
        if until > now {
            return Err(until - now);
        }
        let mut counted = vec![here, Whom::Network(network)];
        counted.extend((!is_known).then_some(account));
        for whom in &counted {
            self.count(*whom, now);
        }
        Ok(Try { name, network, counted })
    }

    /// The password was right: this try was no failure, and the account has none any more. Those of the network stay, or whoever
    /// has an account could guess at those of others for nothing.
    pub(super) fn succeeded(&mut self, tried: &Try) {
        self.take_back(tried);
        self.failures.remove(&Whom::Here(tried.name, tried.network));
        self.failures.remove(&Whom::Account(tried.name));
        if self.known.len() >= PEOPLE_MAX && !self.known.contains_key(&tried.name) {
            // Of people who are gone. Whoever is there is known again after the next login.
            self.known.clear();
        }
        let networks = self.known.entry(tried.name).or_default();
        networks.retain(|network| *network != tried.network);
        networks.push_back(tried.network);
        if networks.len() > NETWORKS_REMEMBERED_MAX {
            networks.pop_front();
        }
    }

    /// The try was not made after all.
    pub(super) fn take_back(&mut self, tried: &Try) {
        for whom in &tried.counted {
            if let Some(failures) = self.failures.get_mut(whom) {
                failures.count = failures.count.saturating_sub(1);
            }
        }
    }

    /// From when on a name may be tried again here. Nobody but whoever tries it here moves that further away.
    fn until(&self, here: Whom, account: Whom, network: Network, now: u64) -> u64 {
        let Some(here) = self.remembered(here, now) else { return 0 };
        let wait = |whom, free| self.remembered(whom, now).map_or(0, |failures| failures.wait(free));
        let of_network = wait(Whom::Network(network), NETWORK_FAILURES_FREE);
        here.last.saturating_add(wait(account, ACCOUNT_FAILURES_FREE).max(of_network))
    }

    fn remembered(&self, whom: Whom, now: u64) -> Option<Failures> {
        let failures = self.failures.get(&whom).copied();
        failures.filter(|failures| failures.count > 0 && !failures.is_forgotten(now))
    }

    fn count(&mut self, whom: Whom, now: u64) {
        if self.failures.len() >= FAILURES_MAX && !self.failures.contains_key(&whom) {
            self.make_room(now);
        }
        let failures = self.failures.entry(whom).or_insert(Failures { count: 0, last: now });
        if failures.is_forgotten(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Forgotten ones go first, then an eighth of the table: those that are longest ago. So not every try has to search all.
    fn make_room(&mut self, now: u64) {
        self.failures.retain(|_, failures| !failures.is_forgotten(now));
        if self.failures.len() < FAILURES_MAX {
            return;
        }
        let mut times: Vec<u64> = self.failures.values().map(|failures| failures.last).collect();
        let (_, limit, _) = times.select_nth_unstable(FAILURES_MAX / 8);
        let limit = *limit;
        self.failures.retain(|_, failures| failures.last > limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TokenHash {
        super::super::hash(text)
    }

    fn from(text: &str) -> Network {
        Network::of(text.parse().expect("an address"))
    }

    /// Fails as soon as it may until `count` tries were made; how long it waited before each.
    fn fail(delays: &mut Delays, account: &str, address: &str, count: u32, now: &mut u64) -> Vec<u64> {
        let mut waits = Vec::new();
        for _ in 0..count {
            let wait = delays.begin(name(account), from(address), *now).err().unwrap_or(0);
            *now += wait;
            waits.push(wait);
            if wait > 0 {
                delays.begin(name(account), from(address), *now).map(drop).expect("it was waited out");
            }
        }
        waits
    }

    #[test]
    fn waits_grow_with_each_failure_up_to_a_bound() {
        let (mut delays, mut now) = (Delays::default(), 1_000);
        let waits = fail(&mut delays, "ada", "10.0.0.1", 16, &mut now);
        let free = ACCOUNT_FAILURES_FREE as usize;
        assert!(waits[..=free].iter().all(|wait| *wait == 0), "{waits:?}");
        assert_eq!(waits[free + 1..free + 4], [1_000, 2_000, 4_000]);
        assert_eq!(waits.last(), Some(&LOGIN_DELAY_MS_MAX), "nobody is locked out");
    }

    #[test]
    fn an_account_is_slowed_whichever_network_guesses() {
        let (mut delays, now) = (Delays::default(), 0);
        for network in 0..=ACCOUNT_FAILURES_FREE {
            let tried = delays.begin(name("ada"), from(&format!("10.0.{network}.1")), now);
            tried.map(drop).expect("these are free");
        }
        delays.begin(name("ada"), from("10.9.9.9"), now).map(drop).expect("each network has one");
        assert!(delays.begin(name("ada"), from("10.9.9.9"), now).is_err());
        delays.begin(name("bob"), from("10.9.9.9"), now).map(drop).expect("that is another account");
        assert!(delays.begin(name("bob"), from("10.9.9.9"), now).is_ok());
    }

    #[test]
    fn whoever_guesses_at_a_name_keeps_its_person_out_nowhere_else() {
        let (mut delays, mut now) = (Delays::default(), 0);
        let guess = |delays: &mut Delays, now: &mut u64| {
            let _ = delays.begin(name("ada"), from("10.9.9.9"), *now);
            *now += 20;
        };
        (0..20_000).for_each(|_| guess(&mut delays, &mut now));
        delays.begin(name("ada"), from("10.0.0.1"), now).map(drop).expect("she never failed here");
        let mistyped = now;
        while now < mistyped + LOGIN_DELAY_MS_MAX {
            assert!(delays.begin(name("ada"), from("10.0.0.1"), now).is_err());
            guess(&mut delays, &mut now);
        }
        let tried = delays.begin(name("ada"), from("10.0.0.1"), now).expect("her own wait is over");
        delays.succeeded(&tried);
    }

    #[test]
    fn a_network_is_slowed_whichever_accounts_it_guesses() {
        let (mut delays, now) = (Delays::default(), 0);
        for account in 0..NETWORK_FAILURES_FREE + 20 {
            let tried = delays.begin(name(&account.to_string()), from(&format!("10.0.0.{account}")), now);
            tried.map(drop).expect("each has one");
        }
        for address in ["10.0.0.200", "::ffff:10.0.0.7"] {
            let again = delays.begin(name("7"), from(address), now);
            assert_eq!(again.expect_err("it failed here"), LOGIN_DELAY_MS_MAX, "{address}");
        }
        assert!(delays.begin(name("7"), from("10.0.1.1"), now).is_ok(), "not this network");
    }

    #[test]
    fn a_neighbour_who_goes_on_failing_keeps_nobody_out() {
        let (mut delays, mut now) = (Delays::default(), 0);
        let fail_often = |delays: &mut Delays, now: &mut u64| {
            for _ in 0..400 {
                let _ = delays.begin(name("zq"), from("10.0.0.1"), *now);
                *now += 50;
            }
            for n in 0..NETWORK_FAILURES_FREE * 2 {
                let _ = delays.begin(name(&n.to_string()), from("10.0.0.1"), *now);
            }
        };
        fail_often(&mut delays, &mut now);
        let tried = delays.begin(name("ada"), from("10.0.0.2"), now).expect("she never failed");
        drop(tried);
        let mistyped = now;
        while now < mistyped + LOGIN_DELAY_MS_MAX {
            assert!(delays.begin(name("ada"), from("10.0.0.2"), now).is_err());
            fail_often(&mut delays, &mut now);
        }
        let tried = delays.begin(name("ada"), from("10.0.0.2"), now).expect("her own wait is over");
        delays.succeeded(&tried);
    }

    #[test]
    fn a_name_that_logged_in_from_here_is_answered_as_one_that_nobody_has() {
        let answers = |who: &str| {
            let (mut delays, mut now, mut answers) = (Delays::default(), 0, Vec::new());
            let tried = delays.begin(name("ada"), from("10.0.0.1"), now).expect("the first");
            delays.succeeded(&tried);
            for n in 0..NETWORK_FAILURES_FREE * 2 {
                let _ = delays.begin(name(&n.to_string()), from("10.0.0.9"), now);
                answers.push(delays.begin(name(who), from("10.0.0.9"), now).map(drop).err());
                now += LOGIN_DELAY_MS_MIN / 2;
            }
            answers
        };
        assert_eq!(answers("ada"), answers("nobody"));
        assert!(answers("ada").contains(&None) && answers("ada").iter().any(Option::is_some));
    }

    #[test]
    fn who_logged_in_from_a_network_is_not_slowed_there_by_others_elsewhere() {
        let (mut delays, mut now) = (Delays::default(), 0);
        let tried = delays.begin(name("ada"), from("10.0.0.1"), now).expect("the first");
        delays.succeeded(&tried);
        fail(&mut delays, "ada", "10.9.9.9", 20, &mut now);
        assert!(delays.begin(name("ada"), from("10.9.9.9"), now).is_err());
        assert!(delays.begin(name("ada"), from("10.0.0.2"), now).is_ok());
    }

    #[test]
    fn a_success_forgets_the_accounts_failures_and_not_the_networks() {
        let (mut delays, mut now) = (Delays::default(), 0);
        fail(&mut delays, "ada", "10.0.0.1", ACCOUNT_FAILURES_FREE, &mut now);
        let tried = delays.begin(name("ada"), from("10.0.0.1"), now).expect("still free");
        delays.succeeded(&tried);
        assert_eq!(delays.failures.len(), 1, "{:?}", delays.failures);
        let network = delays.failures[&Whom::Network(from("10.0.0.1"))];
        assert_eq!(network.count, ACCOUNT_FAILURES_FREE);
    }

    #[test]
    fn many_tries_at_once_are_no_way_around() {
        let mut delays = Delays::default();
        let tried: Vec<_> = (0..100).map(|_| delays.begin(name("ada"), from("10.0.0.1"), 5)).collect();
        let let_in = tried.iter().filter(|tried| tried.is_ok()).count();
        assert_eq!(let_in, ACCOUNT_FAILURES_FREE as usize + 1);
    }

    #[test]
    fn failures_are_forgotten_after_a_while() {
        let (mut delays, mut now) = (Delays::default(), 0);
        fail(&mut delays, "ada", "10.0.0.1", 12, &mut now);
        assert!(delays.begin(name("ada"), from("10.0.0.1"), now + FAILURES_FORGOTTEN_MS).is_ok());
    }

    #[test]
    fn the_table_stays_bounded_and_keeps_what_is_newest() {
        let mut delays = Delays::default();
        for n in 0..FAILURES_MAX as u64 {
            let address = IpAddr::from([10, (n >> 8) as u8, n as u8, 1]);
            let tried = delays.begin(name(&n.to_string()), Network::of(address), n);
            tried.map(drop).expect("each is the first of its kind");
            assert!(delays.failures.len() <= FAILURES_MAX);
        }
        let last = FAILURES_MAX as u64 - 1;
        assert!(delays.failures.contains_key(&Whom::Account(name(&last.to_string()))));
    }

    #[test]
    fn addresses_that_are_given_together_are_one_network() {
        assert_eq!(from("192.0.2.1"), from("192.0.2.254"));
        assert_ne!(from("192.0.2.1"), from("192.0.3.1"));
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert_eq!(from("2001:db8::1"), from("2001:db8:0:1::1"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:1::1"));
    }
}
