//! Many generated cases of who asks for what, how, and what is withdrawn when: what the hub does is compared with a plain model
//! that knows nothing of how the hub does it.

mod model;
mod panels;
mod requests;
mod world;

use super::Check;
use std::process::Command;
use std::sync::LazyLock;
use world::World;

/// Where the cases come from: another one makes others.
const SEED: u64 = 20_260_117;

/// How many cases there are.
const CASES: usize = 100_000;

/// How many it takes at most until it is noticed that a check was left out.
const CASES_WITHOUT: usize = 20_000;

/// Each place where a right is asked for, and what is left out in this run.
const CHECKS: [Check; 17] = [
    Check::Sight,
    Check::Drive,
    Check::Editing,
    Check::View,
    Check::Deciding,
    Check::Waiting,
    Check::Listing,
    Check::PageList,
    Check::PanelList,
    Check::Changes,
    Check::Panels,
    Check::Credential,
    Check::Watches,
    Check::Gathered,
    Check::Answer,
    Check::Stream,
    Check::Page,
];
/// A process of this name begins with it where it is to run without the check that follows.
const WITHOUT: &str = "without-";
static LAPSED: LazyLock<Option<Check>> = LazyLock::new(|| {
    let this = std::env::current_exe().ok()?;
    let name = this.file_name()?.to_str()?.strip_prefix(WITHOUT)?;
    CHECKS.into_iter().find(|check| format!("{check:?}") == name)
});

/// Whether the right is asked for there in this run.
pub(crate) fn asks(check: Check) -> bool {
    *LAPSED != Some(check)
}

/// Cases over which somebody stays the same, where nothing is withdrawn.
const SAME: usize = 6;

#[tokio::test]
async fn nobody_sees_or_commands_what_they_may_not_whenever_it_is_withdrawn() {
    let cases = if LAPSED.is_some() { CASES_WITHOUT } else { CASES };
    eprintln!("{cases} cases from seed {SEED}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::new(folder.path(), SEED).await;
    for number in 0..cases {
        if world.is_spoilt || world.dice.one_in(SAME) {
            world.anew();
        }
        match world.dice.below(3) {
            0 => world.request(number).await,
            _ => world.panel(number).await,
        }
    }
    let World { hub, site, router, panel, .. } = world;
    drop((site, router, panel));
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

/// Runs the cases above once for each check, without it, each time in a process of its own: they must not pass.
#[test]
fn a_check_that_is_left_out_is_noticed() {
    let this = std::env::current_exe().expect("it runs");
    // Beside it: a file has another name only where it stands.
    let folder = tempfile::tempdir_in(this.parent().expect("a folder")).expect("it is ours");
    let runs = CHECKS.map(|check| {
        let name = folder.path().join(format!("{WITHOUT}{check:?}"));
        std::fs::hard_link(&this, &name).expect("the folder is ours");
        let all = "rights::tests::nobody_sees_or_commands_what_they_may_not_whenever_it_is_withdrawn";
        (check, Command::new(name).args(["--exact", all]).output().expect("it runs again"))
    });
    let unnoticed = runs.iter().filter(|(_, output)| output.status.success()).map(|(check, _)| *check);
    assert_eq!(unnoticed.collect::<Vec<_>>(), []);
    for (check, output) in &runs {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("1 failed"), "{check:?}: {said}");
        let why = said.lines().find(|line| line.contains("case ")).unwrap_or_default();
        eprintln!("without {check:?}: {}", protocol::message::cut(why, 160));
    }
}
