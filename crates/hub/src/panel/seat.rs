//! A panel as others see it: who looks at what, and what wakes it.
//!
//! There is one for each open panel, and most are idle: what is rare stands in boxes.

use super::job::Answer;
use super::watched::Watched;
use super::{PanelInfo, PanelPeer};
use crate::Hub;
use crate::auth::Grant;
use sockets::Remote;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::DeviceKey;

/// An open panel.
pub(crate) struct Seat {
    pub(super) hub: Arc<Hub>,
    /// Its number in this run.
    pub(super) number: u64,
    address: SocketAddr,
    remote: Remote,
    /// Nothing until it has authenticated.
    who: OnceLock<Who>,
    marks: Mutex<Marks>,
    watched: Mutex<Vec<Watched>>,
}

/// Who looks, at which page, and since when.
pub(super) struct Who {
    pub(super) grant: Grant,
    /// The path of the page, as the browser said.
    pub(super) page: Box<str>,
    /// Milliseconds since 1970.
    pub(super) since: i64,
}

/// What has something new for a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dirty {
    Device(DeviceKey),
    List,
    /// The device list changed while devices are watched that are not known.
    Newcomers,
}

/// What the panel is to look at, in the order in which it was marked; each once at most, and no longer than it is watched.
#[derive(Default)]
struct Marks {
    first: Option<Dirty>,
    more: Option<Box<More>>,
}

#[derive(Default)]
struct More {
    dirty: VecDeque<Dirty>,
    answer: Option<Answer>,
}

impl Seat {
    pub(super) fn new(hub: &Arc<Hub>, number: u64, peer: PanelPeer, remote: Remote) -> Self {
        let seat = Self {
            hub: hub.clone(),
            number,
            address: peer.address,
            remote,
            who: OnceLock::new(),
            marks: Mutex::default(),
            watched: Mutex::default(),
        };
        if let Some(grant) = peer.grant {
            seat.welcome(grant, "");
        }
        seat
    }

    /// Somebody has authenticated.
    pub(super) fn welcome(&self, grant: Grant, page: &str) {
        // It is asked for once.
        let _ = self.who.set(Who { grant, page: page.into(), since: self.hub.now().wall });
    }

    /// Where it comes from.
    pub(super) fn from(&self) -> IpAddr {
        self.address.ip()
    }

    /// Who looks, once that is known.
    pub(super) fn who(&self) -> Option<&Who> {
        self.who.get()
    }

    /// What the panel watches, in the order of the devices' keys.
    pub(super) fn watched(&self) -> MutexGuard<'_, Vec<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is listed.
    pub(super) fn info(&self) -> Option<PanelInfo> {
        let who = self.who()?;
        let mut devices: Vec<String> =
            self.watched().iter().map(|watched| watched.id().to_string()).collect();
        devices.sort_unstable();
        Some(PanelInfo {
            id: format!("p{}", self.number),
            user: who.grant.user().to_string(),
            page: who.page.to_string(),
            address: shown(self.address),
            since: who.since,
            devices,
        })
    }

    /// There is something new, where there was nothing since the panel looked: wakes it, if it sleeps.
    pub(crate) fn mark(&self, dirty: Dirty) {
        if self.put(dirty) {
            self.remote.wake();
        }
    }

    /// The same, for the panel itself while it is awake; whether nothing was marked.
    pub(super) fn put(&self, dirty: Dirty) -> bool {
        let mut marks = self.marks();
        match marks.first {
            None => marks.first = Some(dirty),
            Some(_) => {
                marks.more.get_or_insert_default().dirty.push_back(dirty);
                return false;
            }
        }
        true
    }

    /// Takes out what was marked first.
    pub(super) fn take(&self) -> Option<Dirty> {
        let mut marks = self.marks();
        let taken = marks.first.take()?;
        marks.first = marks.more.as_mut().and_then(|more| more.dirty.pop_front());
        marks.shrink();
        Some(taken)
    }

    /// Nobody watches this any more, nor will mark it.
    pub(super) fn unmark(&self, dirty: Dirty) {
        let mut marks = self.marks();
        if let Some(more) = &mut marks.more {
            more.dirty.retain(|marked| *marked != dirty);
        }
        if marks.first == Some(dirty) {
            marks.first = marks.more.as_mut().and_then(|more| more.dirty.pop_front());
        }
        marks.shrink();
    }

    /// Whether something is marked.
    pub(super) fn has_marked(&self) -> bool {
        self.marks().first.is_some()
    }

    /// What it waits for has come.
    pub(super) fn answer(&self, answer: Answer) {
        self.marks().more.get_or_insert_default().answer = Some(answer);
        self.remote.wake();
    }

    pub(super) fn take_answer(&self) -> Option<Answer> {
        let mut marks = self.marks();
        let answer = marks.more.as_mut()?.answer.take();
        marks.shrink();
        answer
    }

    /// Has it looked at soon, whatever is marked.
    pub(super) fn wake(&self) {
        self.remote.wake();
    }

    /// Has it asked for its next frame at once.
    pub(super) fn hurry(&self) {
        self.remote.hurry();
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Nothing under this lock can panic.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn remote(&self) -> &Remote {
        &self.remote
    }

    #[cfg(test)]
    pub(super) fn marked(&self) -> usize {
        let marks = self.marks();
        usize::from(marks.first.is_some()) + marks.more.as_ref().map_or(0, |more| more.dirty.len())
    }
}

/// An address as it is listed: of one that a proxy named, no port is known.
fn shown(address: SocketAddr) -> String {
    match address.port() {
        0 => address.ip().to_string(),
        _ => address.to_string(),
    }
}

impl Marks {
    fn shrink(&mut self) {
        self.more.take_if(|more| more.dirty.is_empty() && more.answer.is_none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_through_a_proxy_is_listed_without_a_port() {
        let of = |address: &str| shown(address.parse().expect("an address"));
        assert_eq!(of("192.0.2.7:0"), "192.0.2.7");
        assert_eq!(of("[2001:db8::7]:0"), "2001:db8::7");
        assert_eq!(of("127.0.0.1:52144"), "127.0.0.1:52144");
    }
}
