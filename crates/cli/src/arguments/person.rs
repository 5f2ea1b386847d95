//! The command line of `glassline person` and `glassline login-link`.

use super::Hub;
use clap::{Args, Subcommand};

/// Make and change the accounts of a running hub
///
/// A person logs in with a name and a password, and may what the rules say. The commands speak to the hub as whoever owns the
/// machine, or with --hub and the token of an administrator.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  glassline person add ada --admin
  glassline person add bob --may view,command:'pump-*':plant
  glassline person set bob --may view:'*':'*' --group night-shift
  glassline person password bob
  glassline person list")]
pub(crate) enum Person {
    Add(AddPerson),
    List(ListPeople),
    Set(SetPerson),
    Remove(RemovePerson),
    Password(SetPassword),
}

/// What a person may, as a terminal says it.
#[derive(Debug, Args)]
pub(crate) struct May {
    /// May everything
    #[arg(long)]
    pub(crate) admin: bool,

    /// A rule: scopes (view, command, edit), devices and views by pattern, such as view,command:'pump-*,tank':plant; may be
    /// given several times
    #[arg(long = "may", value_name = "SCOPES:DEVICES:VIEWS")]
    pub(crate) rules: Vec<String>,

    /// A group to be in; may be given several times
    #[arg(long = "group", value_name = "NAME")]
    pub(crate) groups: Vec<String>,
}

/// Make an account
///
/// The password is asked for at a terminal; else it is the first line of standard input.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline person add ada --admin
  glassline person add bob --may view,command:'pump-*':plant
  glassline person add eve --may view:'*':'*' --generate")]
pub(crate) struct AddPerson {
    /// The name to log in by: lowercase letters, digits and . _ - @
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) may: May,

    /// Make a password and print it
    #[arg(long)]
    pub(crate) generate: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// List the accounts
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline person list
  glassline person list --json")]
pub(crate) struct ListPeople {
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Change what a person may
///
/// The rules that are given replace all that there were, and so do the groups. What is withdrawn is gone at once.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline person set bob --may view:'*':'*'
  glassline person set bob --group night-shift
  glassline person set bob --no-rules --no-groups")]
pub(crate) struct SetPerson {
    /// The name
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) may: May,

    /// Take all rules away
    #[arg(long, conflicts_with_all = ["rules", "admin"])]
    pub(crate) no_rules: bool,

    /// Take the person out of all groups
    #[arg(long, conflicts_with = "groups")]
    pub(crate) no_groups: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Take an account away, with all its logins and tokens
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline person remove bob")]
pub(crate) struct RemovePerson {
    /// The name
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Give a person another password
///
/// It is asked for at a terminal; else it is the first line of standard input. All logins and tokens of the person end.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline person password bob
  glassline person password bob --generate")]
pub(crate) struct SetPassword {
    /// The name
    pub(crate) name: String,

    /// Make a password and print it
    #[arg(long)]
    pub(crate) generate: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Make a link that logs in whoever owns the machine
///
/// It is good once, for 30 minutes. For when the password of the only administrator is lost, say.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline login-link
  glassline login-link --state plant/state")]
pub(crate) struct LoginLink {
    #[command(flatten)]
    pub(crate) hub: Hub,
}
