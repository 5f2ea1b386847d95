//! Hubs are asked who may come in, one after the other: a join token would make the device at each that is asked, with another
//! token of its own at each. So that a slow, dead or lying hub delays nobody, each is waited for only shortly; one that did not
//! answer counts as silent, and until it answers or welcomes anew the others are asked before it. Its late answer counts while
//! no other has let the device in, and is dropped after that.

use super::Standalone;
use super::limits::{ADMIT_WAIT_MAX, ADMITS_ASKED_MAX, ANSWER_WAIT_MAX};
use super::uplink::{Answer, Uplink};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use protocol::code::Bye;
use protocol::id::DeviceId;
use std::sync::Arc;
use store::TokenHash;
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, timeout, timeout_at};

/// What the hubs say of somebody.
pub(super) enum Verdict {
    /// It may come in, says a hub.
    Admitted { device: DeviceId, token: Option<Box<str>>, hash: TokenHash },
    /// All who may say so have refused it.
    Denied(Bye),
    /// Nobody who may say so was there, or not all of them and the others refused, the first of them with this.
    Nobody { denied: Option<Bye> },
}

/// One who identified, while hubs are asked about it.
struct Inquiry<'a> {
    device: Option<&'a DeviceId>,
    denied: Option<Bye>,
    /// A hub did not answer, or nothing that makes sense.
    unheard: bool,
}

impl Standalone {
    /// Asks hubs until one says yes.
    pub(super) async fn verdict(&self, device: Option<&DeviceId>, hash: TokenHash) -> Verdict {
        let mut inquiry = Inquiry { device, denied: None, unheard: false };
        let mut late = FuturesUnordered::new();
        for uplink in self.admitting().into_iter().take(ADMITS_ASKED_MAX) {
            let Some(mut answer) = uplink.ask(device.cloned(), hash) else {
                inquiry.unheard = true;
                continue;
            };
            // Whoever is asked behind a silent hub is silent too.
            let heard = match uplink.is_silent() {
                true => None,
                false => timeout(ANSWER_WAIT_MAX, &mut answer).await.ok(),
            };
            match heard {
                Some(answer) => {
                    if let Some(verdict) = inquiry.heard(&uplink, answer.ok()) {
                        return verdict;
                    }
                }
                None => {
                    uplink.fell_silent();
                    late.push(late_answer(uplink, answer));
                }
            }
        }
        // There is nobody else: now it is worth the wait.
        let until = Instant::now() + ADMIT_WAIT_MAX;
        while let Ok(Some((uplink, answer))) = timeout_at(until, late.next()).await {
            if let Some(verdict) = inquiry.heard(&uplink, answer) {
                return verdict;
            }
        }
        inquiry.unheard |= !late.is_empty();
        match inquiry.denied {
            Some(bye) if !inquiry.unheard => Verdict::Denied(bye),
            denied => Verdict::Nobody { denied },
        }
    }
}

impl Inquiry<'_> {
    /// What a hub said, if it said anything: a yes ends the inquiry.
    fn heard(&mut self, uplink: &Uplink, answer: Option<Answer>) -> Option<Verdict> {
        match answer {
            Some(Answer::Admitted { device, token, hash }) => {
                if self.device.is_none_or(|asked| *asked == device) {
                    return Some(Verdict::Admitted { device, token, hash });
                }
                tracing::warn!(hub = %uplink.name(), "a hub answered for another device than was asked");
                self.unheard = true;
            }
            Some(Answer::Denied(bye)) => self.denied = self.denied.or(Some(bye)),
            None => self.unheard = true,
        }
        None
    }
}

async fn late_answer(uplink: Arc<Uplink>, answer: Receiver<Answer>) -> (Arc<Uplink>, Option<Answer>) {
    (uplink, answer.await.ok())
}
