//! Signing in with a name and a password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::delays::{Delays, Network, Try};
use super::hashing::Busy;
use super::limits::NETWORK_TRIES_MAX;
use super::{Auth, Grant, hash, names};

/// Who may try a password when.
#[derive(Debug, Default)]
pub(super) struct Tries {
    delays: Mutex<Delays>,
    /// How many of each network are under way.
    under_way: Mutex<HashMap<Network, usize>>,
}

/// A try that is under way, also if it is given up.
#[derive(Debug)]
struct UnderWay<'a> {
    tries: &'a Tries,
    network: Network,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.tries.under_way();
        if let Some(count) = under_way.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.network);
            }
        }
    }
}

impl Tries {
    /// One more from there, so that no network takes all places.
    fn enter(&self, network: Network) -> Result<UnderWay<'_>, LoginError> {
        let mut under_way = self.under_way();
        let count = under_way.entry(network).or_default();
        if *count >= NETWORK_TRIES_MAX {
            return Err(LoginError::Busy);
        }
        *count += 1;
        Ok(UnderWay { tries: self, network })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delays(&self) -> MutexGuard<'_, Delays> {
        // No code that can panic runs under the lock.
        self.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Name or password is wrong: which of them is not said.
    #[error("name or password is wrong")]
    Wrong,
    /// There were wrong ones before.
    #[error("there were too many wrong passwords: try again in {seconds} s")]
    Wait {
        /// When to try again.
        seconds: u64,
    },
    /// As many are being checked as may be.
    #[error("too many passwords are being checked: try again in a moment")]
    Busy,
}

impl Auth {
    /// What the person `name` may, whose password this is, and who comes from `address`; `mono` is ms that only go forward. It takes
    /// the same time whether there is such a person or not.
    ///
    /// # Errors
    /// It is not, or it cannot be looked at now.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
        mono: u64,
    ) -> Result<Grant, LoginError> {
        let name = names::typed(name);
        let _under_way = self.tries.enter(Network::of(address))?;
        let tried = self.begin(&name, address, mono)?;
        let kept = self.person(&name).map(|person| person.password);
        let checked = match self.hashing.is(kept.clone(), password.to_owned()).await {
            Ok(is_right) => is_right,
            Err(Busy) => {
                self.tries.delays().take_back(&tried);
                return Err(LoginError::Busy);
            }
        };
        // Meanwhile the password may have been changed, or the account taken away.
        let is_kept = kept.is_some() && self.person(&name).map(|person| person.password) == kept;
        let grant = self.of_person(&name).filter(|_| checked && is_kept).ok_or(LoginError::Wrong)?;
        self.tries.delays().succeeded(&tried);
        Ok(grant)
    }

    fn begin(&self, name: &str, address: IpAddr, mono: u64) -> Result<Try, LoginError> {
        let begun = self.tries.delays().begin(hash(name), Network::of(address), mono);
        begun.map_err(|wait| LoginError::Wait { seconds: wait.div_ceil(1_000) })
    }

    /// What is to be kept of a new password of the person `name`.
    ///
    /// # Errors
    /// As many are being hashed as may be.
    pub(crate) async fn keep_password(&self, password: String) -> Result<Box<str>, LoginError> {
        self.hashing.keep(password).await.map_err(|Busy| LoginError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Person, limits};
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    async fn with_ada() -> Auth {
        let auth = Auth::new(Vec::new(), &[], Box::new(|_| {}));
        let password = auth.keep_password("copper kettle sings".into()).await.expect("room");
        let person = Person { password, groups: vec![], rules: vec![], created: 0, password_set: 0 };
        auth.put_person("ada", person);
        auth
    }

    #[tokio::test]
    async fn a_person_signs_in_by_name_and_password() {
        let auth = with_ada().await;
        for name in ["ada", " Ada "] {
            let grant = auth.sign_in(name, "copper kettle sings", ADDRESS, 0).await.expect("it is right");
            assert_eq!(grant.person(), Some("ada"));
        }
        for (name, password) in
            [("ada", "copper kettle"), ("bob", "copper kettle sings"), ("admin", ""), ("", "")]
        {
            let refused = auth.sign_in(name, password, ADDRESS, 0).await;
            assert_eq!(refused.expect_err("wrong"), LoginError::Wrong, "{name}");
        }
    }

    #[tokio::test]
    async fn who_fails_often_waits_and_is_let_in_afterwards() {
        let auth = with_ada().await;
        for _ in 0..=limits::ACCOUNT_FAILURES_FREE {
            assert_eq!(auth.sign_in("ada", "x", ADDRESS, 0).await.expect_err("wrong"), LoginError::Wrong);
        }
        let right = auth.sign_in("ada", "copper kettle sings", ADDRESS, 0).await;
        assert_eq!(right.expect_err("too early"), LoginError::Wait { seconds: 1 });
        assert!(
            auth.sign_in("ada", "copper kettle sings", ADDRESS, limits::LOGIN_DELAY_MS_MIN).await.is_ok()
        );
    }

    #[tokio::test]
    async fn the_right_password_is_let_in_while_a_neighbour_goes_on_failing() {
        let auth = with_ada().await;
        for n in 0..=limits::NETWORK_FAILURES_FREE + limits::ACCOUNT_FAILURES_FREE {
            let neighbour = format!("neighbour-{}", n % (limits::NETWORK_FAILURES_FREE / 2));
            assert!(auth.sign_in(&neighbour, "x", ADDRESS, 0).await.is_err());
        }
        let again = auth.sign_in("neighbour-0", "x", ADDRESS, 0).await;
        assert!(matches!(again, Err(LoginError::Wait { .. })), "{again:?}");
        assert!(auth.sign_in("ada", "copper kettle sings", ADDRESS, 0).await.is_ok());
    }

    #[test]
    fn one_network_does_not_take_all_places_for_passwords() {
        let tries = Tries::default();
        let (here, there) = (Network::of(ADDRESS), Network::of([198, 51, 100, 7].into()));
        let many: Vec<_> = (0..NETWORK_TRIES_MAX).map(|_| tries.enter(here).expect("a place")).collect();
        assert_eq!(tries.enter(here).map(drop), Err(LoginError::Busy));
        assert!(tries.enter(there).is_ok());
        drop(many);
        drop(tries.enter(here).expect("there is room again"));
        assert!(tries.under_way().is_empty());
    }

    #[tokio::test]
    async fn an_unknown_name_is_counted_as_a_known_one() {
        let auth = with_ada().await;
        for name in ["ada", "bob"] {
            for _ in 0..=limits::ACCOUNT_FAILURES_FREE {
                let wrong = auth.sign_in(name, "x", ADDRESS, 0).await;
                assert_eq!(wrong.expect_err("wrong"), LoginError::Wrong, "{name}");
            }
            let early = auth.sign_in(name, "x", ADDRESS, 0).await;
            assert_eq!(early.expect_err("too early"), LoginError::Wait { seconds: 1 }, "{name}");
        }
    }
}
