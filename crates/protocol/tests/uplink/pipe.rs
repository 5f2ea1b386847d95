//! Whatever is cut, restarted or rolled back: what the hub has is what the spool had, each once and in order.

use crate::pair::{Pair, entries, stored};
use proptest::prelude::*;
use protocol::uplink::filter::Filter;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn nothing_is_lost_or_doubled_over_a_pipe_that_is_cut(
        steps in prop::collection::vec((0u8..8, 1u64..40), 1..60),
        first in 0u64..200,
    ) {
        let mut pair = Pair::new(entries(first), Filter::default(), 1);
        let mut starts = 1;
        let mut backup = pair.store.clone();
        for (what, amount) in steps {
            match what {
                0 => pair.cut(),
                1 => pair.commits = !pair.commits,
                2 => pair.commit(),
                3 => {
                    let next = pair.spool.len() as u64 + 1;
                    pair.spool.extend((next..next + amount).map(|place| stored(place, "pump", "t")));
                    let (now, held) = (pair.now, pair.held());
                    pair.gateway.held(now, held);
                }
                4 => {
                    starts += 1;
                    pair.pending.clear();
                    pair.restart_gateway(&format!("g{starts}"), 1);
                }
                5 => backup = pair.store.clone(),
                6 if amount < 4 => {
                    // The hub goes back to its backup.
                    pair.cut();
                    pair.store = backup.clone();
                }
                _ => pair.pass(amount * 100),
            }
            pair.run();
        }
        pair.commits = true;
        for _ in 0..100 {
            pair.run();
            pair.pass(1_000);
        }
        let all: Vec<u64> = (1..=pair.spool.len() as u64).collect();
        prop_assert_eq!(&pair.store.values, &all);
        prop_assert!(pair.store.skips.is_empty());
        prop_assert_eq!(pair.gateway.acked_place(), pair.spool.len() as u64);
    }
}
