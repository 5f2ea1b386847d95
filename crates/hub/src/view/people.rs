//! Pages about accounts: one's own, and those of all people and groups. Plain forms, which need no script.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::data::Scene;
use super::library::Library;
use super::login;
use super::look::Look;
use super::shell::Page;
use crate::auth::limits::{PASSWORD_CHARS_MIN, RULES_MAX};
use crate::auth::{KeptToken, Rule, Scope};
use crate::{GroupState, PersonState};

/// The name of these pages, and the style that they have beside those of all pages.
pub(crate) const NAME: &str = "people";
/// That style.
pub(crate) const STYLE: &str = "people.css";

/// What can be said to have been done: names of texts.
const DONE: &[&str] = &["saved", "made", "removed", "group-removed", "password", "ended", "first"];

/// What a page says of what was asked for before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The name of what was done.
    pub(crate) done: Option<String>,
    /// Why it was not done: a sentence.
    pub(crate) wrong: Option<String>,
}

impl Told {
    /// Only what there is a text for is said: it comes from the address.
    fn values(&self) -> Value {
        let done = self.done.as_deref().filter(|done| DONE.contains(done));
        context! { done => done.unwrap_or_default(), wrong => self.wrong.as_deref().unwrap_or_default() }
    }
}

/// One's own account.
#[derive(Clone, Debug)]
pub(crate) struct AccountPage {
    pub(crate) name: String,
    /// Whether it is that of a person, and not whoever owns the machine.
    pub(crate) is_person: bool,
    pub(crate) is_admin: bool,
    pub(crate) has_administrator: bool,
    /// All that this person may, by own rules and those of groups.
    pub(crate) rules: Vec<Rule>,
    pub(crate) tokens: Vec<KeptToken>,
    pub(crate) told: Told,
}

/// The first account of a hub.
#[derive(Clone, Debug)]
pub(crate) struct FirstPage {
    /// The name that was typed.
    pub(crate) name: String,
    pub(crate) told: Told,
}

/// All people and groups.
#[derive(Clone, Debug)]
pub(crate) struct PeoplePage {
    pub(crate) people: Vec<PersonState>,
    pub(crate) groups: Vec<GroupState>,
    /// The name of a person that was typed and not taken.
    pub(crate) name: String,
    /// The same of a group.
    pub(crate) group: String,
    pub(crate) told: Told,
    pub(crate) is_owner: bool,
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct PersonPage {
    pub(crate) person: PersonState,
    pub(crate) groups: Vec<GroupState>,
    pub(crate) tokens: Vec<KeptToken>,
    pub(crate) told: Told,
    /// Whether it is the one who looks.
    pub(crate) is_self: bool,
}

/// One group.
#[derive(Clone, Debug)]
pub(crate) struct GroupPage {
    pub(crate) group: GroupState,
    pub(crate) told: Told,
}

/// A rule as the fields of a form have it.
#[derive(Debug, Serialize)]
struct RuleFields {
    number: usize,
    scopes: Vec<ScopeField>,
    devices: String,
    views: String,
}

#[derive(Debug, Serialize)]
struct ScopeField {
    word: &'static str,
    chosen: bool,
}

/// What can be written is what a template can read.
fn of(what: impl Serialize) -> Value {
    Value::from(Serde(what))
}

/// The rules, and an empty one to be filled in where there may be one more.
fn fields(rules: &[Rule]) -> Value {
    let empty = (rules.len() < RULES_MAX).then(Rule::default);
    let rules = rules.iter().chain(&empty);
    let fields = rules.zip(1..).map(|(rule, number)| RuleFields {
        number,
        scopes: [Scope::View, Scope::Command, Scope::Edit, Scope::Admin]
            .map(|scope| ScopeField { word: scope.as_str(), chosen: rule.scopes.has(scope) })
            .into(),
        devices: rule.devices.join(" "),
        views: rule.views.join(" "),
    });
    of(fields.collect::<Vec<_>>())
}

impl Library {
    /// One's own account.
    pub(crate) fn account_page(&self, page: &AccountPage, scene: &dyn Scene) -> Page {
        let values = context! {
            name => page.name.as_str(),
            is_person => page.is_person,
            is_admin => page.is_admin,
            has_administrator => page.has_administrator,
            may => page.rules.iter().map(|rule| self.said(rule)).collect::<Vec<_>>(),
            tokens => of(&page.tokens),
            chars => PASSWORD_CHARS_MIN,
            ..page.told.values()
        };
        self.of_people("/account", "web/account.html", &self.say("account.title", &[]), values, scene)
    }

    /// The page on which whoever owns the machine makes the first account. It has no script.
    pub(crate) fn first_page(&self, page: &FirstPage, look: Look) -> Page {
        let values =
            context! { name => page.name.as_str(), chars => PASSWORD_CHARS_MIN, ..page.told.values() };
        login::plain(self, "web/first.html", values, look)
    }

    /// All people and groups.
    pub(crate) fn people_page(&self, page: &PeoplePage, scene: &dyn Scene) -> Page {
        let people = page.people.iter().map(|person| {
            let may: Vec<String> = person.rules.iter().map(|rule| self.said(rule)).collect();
            context! { may, ..of(person) }
        });
        let groups = page.groups.iter().map(|group| {
            let may: Vec<String> = group.rules.iter().map(|rule| self.said(rule)).collect();
            context! { may, ..of(group) }
        });
        let values = context! {
            people => people.collect::<Vec<_>>(),
            groups => groups.collect::<Vec<_>>(),
            name => page.name.as_str(),
            group => page.group.as_str(),
            is_owner => page.is_owner,
            chars => PASSWORD_CHARS_MIN,
            ..page.told.values()
        };
        self.of_people("/people", "web/people.html", &self.say("people.title", &[]), values, scene)
    }

    /// One person.
    pub(crate) fn person_page(&self, page: &PersonPage, scene: &dyn Scene) -> Page {
        let groups = page.groups.iter().map(|group| {
            let may: Vec<String> = group.rules.iter().map(|rule| self.said(rule)).collect();
            context! { name => &*group.name, may, chosen => page.person.groups.contains(&group.name) }
        });
        let values = context! {
            person => of(&page.person),
            rules => fields(&page.person.rules),
            groups => groups.collect::<Vec<_>>(),
            tokens => of(&page.tokens),
            is_self => page.is_self,
            chars => PASSWORD_CHARS_MIN,
            ..page.told.values()
        };
        let path = format!("/people/{}", page.person.name);
        self.of_people(&path, "web/person.html", &page.person.name, values, scene)
    }

    /// One group.
    pub(crate) fn group_page(&self, page: &GroupPage, scene: &dyn Scene) -> Page {
        let values = context! {
            group => of(&page.group),
            rules => fields(&page.group.rules),
            ..page.told.values()
        };
        let path = format!("/people/groups/{}", page.group.name);
        let title = self.say("people.group-title", &[("name", &page.group.name)]);
        self.of_people(&path, "web/group.html", &title, values, scene)
    }

    /// A rule in words: “see and command devices pump-*; see views plant”.
    fn said(&self, rule: &Rule) -> String {
        if rule.scopes.has(Scope::Admin) {
            return self.say("people.may.everything", &[]);
        }
        let may = |scopes: &[Scope], on: &str, patterns: &[Box<str>]| {
            let words = scopes.iter().filter(|scope| rule.scopes.has(**scope));
            let words: Vec<String> =
                words.map(|scope| self.say(&format!("people.may.{}", scope.as_str()), &[])).collect();
            let is_said = !words.is_empty() && !patterns.is_empty();
            let all = patterns.iter().any(|pattern| &**pattern == "*");
            let text = if all { format!("people.on.all-{on}") } else { format!("people.on.{on}") };
            let given = [("may", &*words.join(", ")), ("which", &*patterns.join(", "))];
            is_said.then(|| self.say(&text, &given))
        };
        let devices = may(&[Scope::View, Scope::Command], "devices", &rule.devices);
        let views = may(&[Scope::View, Scope::Edit], "views", &rule.views);
        devices.into_iter().chain(views).collect::<Vec<_>>().join("; ")
    }

    fn of_people(&self, path: &str, template: &str, title: &str, values: Value, scene: &dyn Scene) -> Page {
        let body = self.templates.get_template(template).and_then(|template| template.render(values));
        // The template is built in: a test renders it.
        let body = body.unwrap_or_else(|error| super::escape::escape(&format!("{template}: {error:#}")));
        self.page_with_style(path, NAME, title, body, scene)
    }
}

#[cfg(test)]
mod tests {
    use super::super::StillScene;
    use super::*;
    use crate::auth::Scopes;

    fn rule(scopes: &[Scope], devices: &[&str], views: &[&str]) -> Rule {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect();
        Rule { scopes: Scopes::of(scopes), devices: patterns(devices), views: patterns(views) }
    }

    fn ada() -> PersonState {
        let rules = vec![rule(&[Scope::View, Scope::Command], &["pump-*"], &["<plant>"])];
        let scopes = Scopes::of(&[Scope::View]);
        PersonState {
            name: "ada".into(),
            groups: vec!["crew".into()],
            rules,
            scopes,
            created: 0,
            password_set: 0,
        }
    }

    fn crew() -> GroupState {
        GroupState {
            name: "crew".into(),
            rules: vec![rule(&[Scope::Admin], &[], &[])],
            members: vec!["ada".into()],
        }
    }

    fn token() -> KeptToken {
        let (created, used, expires) = (0, 0, 1);
        KeptToken {
            id: "0a".into(),
            kind: "login",
            user: "ada".into(),
            scopes: vec!["view"],
            created,
            used,
            expires,
            current: true,
        }
    }

    #[test]
    fn a_rule_is_said_in_words() {
        let library = Library::built_in();
        let said = |rule: Rule| library.said(&rule);
        assert_eq!(
            said(rule(&[Scope::View, Scope::Command], &["pump-*", "tank"], &["plant"])),
            "see, command devices pump-*, tank; see views plant"
        );
        assert_eq!(
            said(rule(&[Scope::View, Scope::Edit], &["*"], &["*"])),
            "see all devices; see, change all views"
        );
        assert_eq!(said(rule(&[Scope::Admin], &["x"], &[])), "everything");
    }

    #[test]
    fn all_pages_of_accounts_are_rendered_and_text_stays_text() {
        let library = Library::built_in();
        let scene = StillScene::default();
        let told = || Told { done: Some("saved".into()), wrong: Some("<b>wrong".into()) };
        let pages = [
            library.people_page(
                &PeoplePage {
                    people: vec![ada()],
                    groups: vec![crew()],
                    name: "<x>".into(),
                    group: String::new(),
                    told: told(),
                    is_owner: true,
                },
                &scene,
            ),
            library.person_page(
                &PersonPage {
                    person: ada(),
                    groups: vec![crew()],
                    tokens: vec![token()],
                    told: told(),
                    is_self: true,
                },
                &scene,
            ),
            library.group_page(&GroupPage { group: crew(), told: told() }, &scene),
            library.account_page(
                &AccountPage {
                    name: "ada".into(),
                    is_person: true,
                    is_admin: true,
                    has_administrator: false,
                    rules: ada().rules,
                    tokens: vec![token()],
                    told: told(),
                },
                &scene,
            ),
            library.first_page(&FirstPage { name: "<x>".into(), told: told() }, Look::default()),
        ];
        for page in pages {
            let html = page.html;
            assert!(!html.contains(".html:") && !html.contains("<plant>") && !html.contains("<x>"), "{html}");
            assert!(html.contains("&lt;b&gt;wrong") && !html.contains("<b>wrong"), "{html}");
        }
    }

    #[test]
    fn only_what_there_is_a_text_for_is_said_to_be_done() {
        let told = Told { done: Some("<script>".into()), wrong: None };
        assert_eq!(told.values().get_attr("done").expect("there").as_str(), Some(""));
        let library = Library::built_in();
        for done in DONE {
            assert!(!library.say(&format!("people.done.{done}"), &[]).is_empty(), "{done}");
        }
    }
}
