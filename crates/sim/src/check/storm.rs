//! Devices that come back all at once (D9): a hub that was away finds them spread over the time, and fewer as it stays
//! away longer.

use super::Verdict;
use crate::random::Random;
use protocol::code::Again;
use protocol::limits::{RECONNECT_FIRST_MS, RECONNECT_MS_MAX};
use protocol::session::Backoff;

/// Devices whose hub restarts.
const DEVICES: u32 = 10_000;
/// How long the hub is away.
const AWAY_MS: u64 = 60_000;
/// The time in which arrivals are counted.
const SLICE_MS: u64 = 100;
/// In one such time comes at most this part of all devices, once they have waited: one in so many.
const PART: u32 = 50;

/// Every device loses its connection in the same moment, tries again until the hub is back, and is looked at when.
pub fn audit(seed: u64) -> Verdict {
    let mut random = Random::new(seed);
    let mut first = [0; (RECONNECT_FIRST_MS / SLICE_MS) as usize];
    let mut arrivals = vec![0_u32; (RECONNECT_MS_MAX / SLICE_MS + 1) as usize];
    let mut attempts = 0;
    for _ in 0..DEVICES {
        let mut backoff = Backoff::default();
        backoff.welcomed(0);
        let mut now = lost(&mut backoff, 0, &mut random);
        first[(now.min(RECONNECT_FIRST_MS - 1) / SLICE_MS) as usize] += 1;
        while now < AWAY_MS {
            attempts += 1;
            now += lost(&mut backoff, now, &mut random);
        }
        let late = now - AWAY_MS;
        if late > RECONNECT_MS_MAX {
            return Err(format!("a device comes {late} ms after its hub is back"));
        }
        arrivals[(late / SLICE_MS) as usize] += 1;
    }
    // A device that was just lost comes within half a second, at any moment of it alike.
    let share = DEVICES / first.len() as u32;
    if let Some(count) = first.iter().find(|count| !(share / 2..=share * 2).contains(*count)) {
        return Err(format!(
            "{count} of {DEVICES} devices come first within one {SLICE_MS} ms, not about {share}"
        ));
    }
    let most = arrivals.iter().max().copied().unwrap_or(0);
    if most > DEVICES / PART {
        return Err(format!("{most} of {DEVICES} devices come back within {SLICE_MS} ms"));
    }
    // Twice as long each time: about ten attempts in a minute, not one every half second.
    match attempts / DEVICES {
        0..16 => Ok(()),
        many => Err(format!("each device tries {many} times in a minute")),
    }
}

fn lost(backoff: &mut Backoff, now: u64, random: &mut Random) -> u64 {
    backoff.lost(now, Again::Later, None, random.word() as u32).unwrap_or(0)
}
