//! The command line of `glassline join-token`.

use super::Hub;
use crate::span::of_minutes;
use clap::{Args, Subcommand};

/// Make, list and revoke join tokens of a running hub
///
/// A device that identifies with a join token is made by it, and given an id and a token of its own in the welcome. How many devices
/// a join token makes, and for how long, is said when it is made; neither a restart nor a crash gives a use back.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  glassline join-token make
  glassline join-token make --devices 12 --for 7d --label barn
  glassline join-token list
  glassline join-token revoke 3f2a9c0d1e5b7788")]
pub(crate) enum JoinToken {
    Make(MakeJoinToken),
    List(ListJoinTokens),
    Revoke(RevokeJoinToken),
}

/// Make a join token and print it; it is shown this once
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline join-token make
  glassline join-token make --devices 12 --for 7d --label barn")]
pub(crate) struct MakeJoinToken {
    /// How many devices it makes, 1 to 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) devices: usize,

    /// How long it is good for: a whole number with m, h, d or w, up to 30d
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = milliseconds)]
    pub(crate) good_for: u64,

    /// What to call it in the list
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) label: String,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// For how long a join token is good at most.
const GOOD_FOR_MAX_MS: u64 = 30 * 86_400_000;

fn milliseconds(text: &str) -> Result<u64, &'static str> {
    let wrong = "it is a whole number with m, h, d or w, such as “30m”, up to “30d”";
    of_minutes(text).filter(|ms| *ms <= GOOD_FOR_MAX_MS).ok_or(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_token_is_good_for_minutes_up_to_thirty_days() {
        assert_eq!((milliseconds("30m"), milliseconds("30d")), (Ok(1_800_000), Ok(GOOD_FOR_MAX_MS)));
        for wrong in ["31d", "1y", "30s", "0m", "soon"] {
            let said = milliseconds(wrong).expect_err(wrong);
            assert!(said.contains("m, h, d or w") && !said.contains(" y"), "{said}");
        }
    }
}

/// Print the join tokens that were made, without their texts
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline join-token list
  glassline join-token list --json")]
pub(crate) struct ListJoinTokens {
    /// Print the hub's answer as it is
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Revoke a join token; the devices that it made stay
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  glassline join-token revoke 3f2a9c0d1e5b7788")]
pub(crate) struct RevokeJoinToken {
    /// As the list names it
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) hub: Hub,
}
