//! `glassline person` and `glassline login-link`: the accounts of a running hub.

use super::{Target, http};
use crate::arguments::{self, May, Person};
use crate::{clock, output, password};
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// Does what is asked for.
///
/// # Errors
/// No hub is found or reached, it does not permit it, or it says why not.
pub(crate) async fn run(asked: &Person) -> Result<()> {
    match asked {
        Person::Add(add) => {
            let target = super::find(&add.hub)?;
            refuse_known(&target, &add.name).await?;
            let password = chosen(add.generate)?;
            let mut change = change(&add.may)?;
            change.password = Some(&password.text);
            put(&target, &add.name, &change).await?;
            password.say()
        }
        Person::List(list) => self::list(&super::find(&list.hub)?, list.json).await,
        Person::Set(set) => {
            let target = super::find(&set.hub)?;
            one(&target, &set.name).await?;
            let mut change = change(&set.may)?;
            change.rules = change.rules.or(set.no_rules.then(Vec::new));
            change.groups = change.groups.or(set.no_groups.then(Vec::new));
            if change.rules.is_none() && change.groups.is_none() {
                bail!(
                    "nothing is to be changed: say what with --admin, --may, --group, --no-rules or --no-groups"
                );
            }
            put(&target, &set.name, &change).await?;
            output::line(&changed(&one(&target, &set.name).await?))
        }
        Person::Remove(remove) => {
            let target = super::find(&remove.hub)?;
            http::delete(&target, &path(&remove.name)?).await?;
            output::line(&format!("“{}” was removed, with all logins and tokens", remove.name))
        }
        Person::Password(set) => {
            let target = super::find(&set.hub)?;
            one(&target, &set.name).await?;
            let password = chosen(set.generate)?;
            let change = Change { password: Some(&password.text), ..Change::default() };
            put(&target, &set.name, &change).await?;
            password.say()
        }
    }
}

/// Prints a link for whoever owns the machine.
///
/// # Errors
/// As [`run`].
pub(crate) async fn login_link(asked: &arguments::LoginLink) -> Result<()> {
    /// What the hub made.
    #[derive(Deserialize)]
    struct Made {
        link: String,
    }
    let target = super::find(&asked.hub)?;
    let answer = http::post(&target, "/api/login-link", "").await?;
    let Made { link } = serde_json::from_str(&answer).context("the hub's answer cannot be read")?;
    output::line(&format!("{}{}", target.hub, output::printable(&link)))?;
    eprintln!("good once, for 30 minutes");
    Ok(())
}

/// What the hub is asked to change.
#[derive(Default, Serialize)]
struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Rule>>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    scopes: Vec<String>,
    #[serde(default)]
    devices: Vec<String>,
    #[serde(default)]
    views: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    groups: Vec<String>,
    rules: Vec<Rule>,
    password_set: i64,
}

/// A password, and whether nobody knows it yet.
struct Chosen {
    text: String,
    is_new: bool,
}

impl Chosen {
    fn say(&self) -> Result<()> {
        if self.is_new { output::line(&self.text) } else { Ok(()) }
    }
}

fn chosen(generate: bool) -> Result<Chosen> {
    match generate {
        true => Ok(Chosen { text: password::generated(), is_new: true }),
        false => Ok(Chosen { text: password::asked_for()?, is_new: false }),
    }
}

fn change<'a>(may: &May) -> Result<Change<'a>> {
    let mut rules = may.rules.iter().map(|text| rule(text)).collect::<Result<Vec<Rule>>>()?;
    if may.admin {
        rules.push(Rule { scopes: vec!["admin".to_owned()], devices: Vec::new(), views: Vec::new() });
    }
    Ok(Change {
        password: None,
        groups: (!may.groups.is_empty()).then(|| may.groups.clone()),
        rules: (!rules.is_empty()).then_some(rules),
    })
}

/// `view,command:pump-*,tank:plant`.
fn rule(text: &str) -> Result<Rule> {
    let list = |part: Option<&str>| -> Vec<String> {
        let words = part.unwrap_or_default().split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let mut parts = text.split(':');
    let (scopes, devices, views) = (list(parts.next()), list(parts.next()), list(parts.next()));
    if parts.next().is_some() {
        bail!("“{text}” is no rule: it is SCOPES:DEVICES:VIEWS, such as view,command:'pump-*':plant");
    }
    if let Some(other) =
        scopes.iter().find(|scope| !["view", "command", "edit", "admin"].contains(&scope.as_str()))
    {
        bail!("“{other}” is no scope: those are view, command, edit and admin");
    }
    Ok(Rule { scopes, devices, views })
}

/// The path of a person. What the hub would refuse anyway is not sent: nothing in a name may begin another line or path.
fn path(name: &str) -> Result<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        bail!("“{}” is no name: it has lowercase letters, digits and . _ - @", output::printable(name));
    }
    Ok(format!("/api/people/{name}"))
}

async fn put(target: &Target, name: &str, change: &Change<'_>) -> Result<()> {
    let body = serde_json::to_string(change).context("texts can be written as JSON")?;
    http::put(target, &path(name)?, &body).await.map(drop)
}

async fn one(target: &Target, name: &str) -> Result<Listed> {
    let person = http::get(target, &path(name)?).await?;
    serde_json::from_str(&person).context("the hub's answer cannot be read")
}

/// To make somebody is not to change somebody.
async fn refuse_known(target: &Target, name: &str) -> Result<()> {
    path(name)?;
    if people(target).await?.iter().any(|person| person.name == name) {
        bail!(
            "there is “{name}” already: change it with `glassline person set` or `glassline person password`"
        );
    }
    Ok(())
}

async fn people(target: &Target) -> Result<Vec<Listed>> {
    let people = http::get(target, "/api/people").await?;
    serde_json::from_str(&people).context("the hub's list cannot be read")
}

async fn list(target: &Target, json: bool) -> Result<()> {
    if json {
        return output::line(&output::printable(&http::get(target, "/api/people").await?));
    }
    let people = people(target).await?;
    if people.is_empty() {
        eprintln!("there are no people yet: make the first with `glassline person add NAME --admin`");
        return Ok(());
    }
    table(&people).iter().try_for_each(|row| output::line(row))
}

/// What became of somebody, in a line.
fn changed(person: &Listed) -> String {
    let may = may(person);
    let may = if may.is_empty() { "nothing" } else { &may };
    format!("“{}” may now: {may}", output::printable(&person.name))
}

/// What somebody may, in a line.
fn may(person: &Listed) -> String {
    let rules = person.rules.iter().map(said);
    let groups = person.groups.iter().map(|group| format!("group {group}"));
    output::printable(&rules.chain(groups).collect::<Vec<_>>().join("; "))
}

fn table(people: &[Listed]) -> Vec<String> {
    let widest = people.iter().map(|person| person.name.len()).max().unwrap_or(0).max("NAME".len());
    let row = |name: &str, since: &str, may: &str| {
        format!("{name:widest$}  {since:24}  {may}").trim_end().to_owned()
    };
    let mut rows = vec![row("NAME", "PASSWORD SET", "MAY")];
    for person in people {
        rows.push(row(&output::printable(&person.name), &clock::utc(person.password_set), &may(person)));
    }
    rows
}

/// A rule as `--may` takes it.
fn said(rule: &Rule) -> String {
    let mut text = rule.scopes.join(",");
    if !rule.devices.is_empty() || !rule.views.is_empty() {
        text = format!("{text}:{}", rule.devices.join(","));
    }
    if !rule.views.is_empty() {
        text = format!("{text}:{}", rule.views.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_printed() {
        for text in ["admin", "view,command:pump-*,tank", "view:pump-*:plant,hall", "edit::plant"] {
            assert_eq!(said(&rule(text).expect(text)), text);
        }
        assert_eq!(rule("view: a , b ").expect("a rule").devices, ["a", "b"]);
        for wrong in ["fly:*", "view:a:b:c"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn people_are_listed_with_what_they_may() {
        let people = r#"[{"name":"ada","groups":[],"rules":[{"scopes":["admin"],"devices":[],"views":[]}],"password_set":0,"scopes":[]},
            {"name":"bob","groups":["crew"],"rules":[{"scopes":["view"],"devices":["*"],"views":[]}],"password_set":0}]"#;
        let rows = table(&serde_json::from_str::<Vec<Listed>>(people).expect("a list"));
        let expected = [
            "NAME  PASSWORD SET              MAY",
            "ada   1970-01-01T00:00:00.000Z  admin",
            "bob   1970-01-01T00:00:00.000Z  view:*; group crew",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn what_became_of_somebody_is_one_line() {
        let person = r#"{"name":"bob","groups":["crew"],"rules":[{"scopes":["view"],"devices":["*"]}],"password_set":0}"#;
        let mut bob: Listed = serde_json::from_str(person).expect("a person");
        assert_eq!(changed(&bob), "“bob” may now: view:*; group crew");
        (bob.groups, bob.rules) = (Vec::new(), Vec::new());
        assert_eq!(changed(&bob), "“bob” may now: nothing");
    }

    #[test]
    fn a_name_is_no_way_to_another_path() {
        for wrong in ["", "a/b", "a b", "a\r\nX: y", "ä"] {
            assert!(path(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(path("ada@example.org").expect("a name"), "/api/people/ada@example.org");
    }
}
