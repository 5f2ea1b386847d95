//! What a browser said and is not carried out yet.

use super::message::{self, FromPanel, Unreadable};
use crate::limits::{PANEL_MESSAGES_MAX, PANEL_NAMES_MAX};
use std::collections::VecDeque;

/// Something that a browser said.
pub(super) enum Said {
    /// Watch this device, from behind this cursor.
    Watch(String, Option<After>),
    Other(Box<FromPanel>),
    /// It cannot be carried out, and is answered with an error of this code.
    Wrong(&'static str, Unreadable),
}

impl Said {
    /// Whether it asks to be told something, and nothing else follows from it.
    pub(super) fn only_tells(&self) -> bool {
        matches!(self, Said::Other(message) if message.ledger.is_some())
    }

    /// The device that is looked at for it.
    pub(super) fn looks_at(&self) -> Option<&str> {
        match self {
            Said::Watch(id, _) => Some(id),
            Said::Other(message) => message.ledger.as_deref(),
            Said::Wrong(..) => None,
        }
    }
}

/// How far a page has come with a device: a cursor, and the key of the device that it is of, where the page knows it.
#[derive(Clone, Copy)]
pub(super) struct After {
    pub(super) cursor: u64,
    pub(super) key: Option<u64>,
}

/// Takes one frame apart. `log` is ours: cursors of another count for nothing.
pub(super) fn hear(text: &str, log: &str, said: &mut VecDeque<Said>) {
    let mut wrong =
        |code, reason: String| said.push_back(Said::Wrong(code, Unreadable { reason, about: None }));
    let messages = match message::read(text) {
        Ok(messages) if messages.len() <= PANEL_MESSAGES_MAX => messages,
        Ok(_) => return wrong("too_many", "too many messages in one frame".into()),
        Err(reason) => return wrong("bad_json", reason),
    };
    let names = |message: &Result<FromPanel, _>| {
        let list = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        message.as_ref().map_or(0, |message| list(&message.watch) + list(&message.unwatch))
    };
    if messages.iter().map(names).sum::<usize>() > PANEL_NAMES_MAX {
        return wrong("too_many", "too many devices are named in one frame".into());
    }
    for message in messages {
        match message {
            Ok(FromPanel { watch: Some(ids), log: of, after, keys, .. }) => {
                let ours = of.as_deref() == Some(log);
                said.extend(ids.into_iter().map(|id| {
                    let cursor = after.get(&id).copied().filter(|_| ours);
                    let after = cursor.map(|cursor| After { cursor, key: keys.get(&id).copied() });
                    Said::Watch(id, after)
                }));
            }
            Ok(message) => said.push_back(Said::Other(Box::new(message))),
            Err(unreadable) => said.push_back(Said::Wrong("bad_message", unreadable)),
        }
    }
}
