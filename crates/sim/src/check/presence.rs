//! Presence converges: once all is calm, a device is shown as online exactly where it is welcome on a live connection.

use super::Verdict;

/// `welcome`: the device thinks it is; `hub`: the word that the hub has for it; `shown`: what each panel shows.
pub(crate) fn audit<'a>(
    device: &str,
    welcome: bool,
    hub: &str,
    shown: impl Iterator<Item = &'a str>,
) -> Verdict {
    let expected = if welcome { "online" } else { "offline" };
    if hub != expected {
        return Err(format!("{device} should be {expected}, and the hub has it {hub}"));
    }
    for (panel, shown) in shown.enumerate() {
        if shown != expected {
            return Err(format!("{device} is {expected}, and panel {panel} shows it {shown}"));
        }
    }
    Ok(())
}
