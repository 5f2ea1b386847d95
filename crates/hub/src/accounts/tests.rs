//! Who is made and changed, who may, and what becomes of it.

use super::*;
use crate::Settings;
use std::net::{IpAddr, Ipv4Addr};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PASSWORD: &str = "copper kettle sings";

struct Rig {
    hub: Arc<Hub>,
    owner: Grant,
    state: tempfile::TempDir,
}

impl Rig {
    fn open() -> Self {
        Self::open_in(tempfile::tempdir().expect("a folder"))
    }

    fn open_in(state: tempfile::TempDir) -> Self {
        let hub = Hub::open(state.path(), Settings::default()).expect("the folder is ours");
        let owner = hub.auth().administrator(hub.auth().admin_token()).expect("the token of this run");
        Self { hub, owner, state }
    }

    async fn add(&self, name: &str, rules: Vec<Rule>) -> Result<bool, AccountError> {
        let change = PersonChange { password: Some(PASSWORD.into()), rules: Some(rules), groups: None };
        self.hub.put_person(&self.owner, name, change, true).await
    }

    async fn end(self) -> tempfile::TempDir {
        let hub = self.hub;
        drop(self.owner);
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
        self.state
    }
}

fn rule(scopes: &[Scope], devices: &[&str]) -> Rule {
    Rule {
        scopes: Scopes::of(scopes),
        devices: devices.iter().map(|id| Box::from(*id)).collect(),
        views: vec![],
    }
}

#[tokio::test]
async fn a_person_is_there_after_a_restart_and_logs_in() {
    let rig = Rig::open();
    assert_eq!(rig.add("ada", vec![rule(&[Scope::View], &["pump-*"])]).await, Ok(true));
    assert_eq!(rig.add("ada", vec![]).await, Err(AccountError::Exists));
    let rig = Rig::open_in(rig.end().await);
    let grant = rig.hub.auth().sign_in("ada", PASSWORD, HERE, 0).await.expect("stored");
    assert!(grant.may_device(Scope::View, "pump-1") && !grant.may(Scope::Admin));
    rig.end().await;
}

#[tokio::test]
async fn who_is_no_administrator_changes_and_sees_nobody() {
    let rig = Rig::open();
    rig.add("ada", vec![rule(&[Scope::View, Scope::Edit, Scope::Command], &["*"])]).await.expect("made");
    let ada = rig.hub.auth().of_person("ada").expect("there");
    let denied = Err(AccountError::Denied);
    assert_eq!(rig.hub.put_person(&ada, "bob", PersonChange::default(), false).await, denied);
    assert_eq!(rig.hub.put_group(&ada, "crew", Group::default(), false).await, denied);
    assert_eq!(rig.hub.remove_person(&ada, "ada").await, Err(AccountError::Denied));
    assert_eq!(rig.hub.remove_group(&ada, "crew").await, Err(AccountError::Denied));
    assert_eq!(rig.hub.people(&ada), Err(AccountError::Denied));
    assert_eq!(rig.hub.groups(&ada), Err(AccountError::Denied));
    drop(ada);
    rig.end().await;
}

#[tokio::test]
async fn the_last_administrator_stays_one_until_there_is_another() {
    let rig = Rig::open();
    let last = Err(AccountError::LastAdministrator);
    let admins = Group { rules: vec![rule(&[Scope::Admin], &[])] };
    rig.hub.put_group(&rig.owner, "admins", admins, true).await.expect("made");
    let in_group = PersonChange {
        password: Some(PASSWORD.into()),
        groups: Some(vec!["admins".into()]),
        ..PersonChange::default()
    };
    rig.hub.put_person(&rig.owner, "ada", in_group, true).await.expect("made");
    let out = || PersonChange { groups: Some(vec![]), ..PersonChange::default() };
    let ada = rig.hub.auth().of_person("ada").expect("there");
    assert_eq!(rig.hub.put_person(&ada, "ada", out(), false).await.map(drop), last);
    assert_eq!(rig.hub.remove_person(&ada, "ada").await, last);
    assert_eq!(rig.hub.remove_group(&ada, "admins").await, last);
    assert_eq!(rig.hub.put_group(&ada, "admins", Group::default(), false).await.map(drop), last);
    assert!(ada.may(Scope::Admin), "nothing was changed");
    rig.add("bob", vec![rule(&[Scope::Admin], &[])]).await.expect("made");
    assert_eq!(rig.hub.put_person(&ada, "ada", out(), false).await, Ok(false));
    assert!(!ada.may(Scope::Admin));
    drop(ada);
    rig.end().await;
}

#[tokio::test]
async fn of_two_who_make_the_first_administrator_at_the_same_time_one_does() {
    let rig = Rig::open();
    let first = |name: &'static str| rig.hub.make_first(&rig.owner, name, PASSWORD.into());
    let (one, other) = tokio::join!(first("ada"), first("eve"));
    let made = [&one, &other].into_iter().filter(|made| made.is_ok()).count();
    let late = [&one, &other].into_iter().filter(|made| **made == Err(AccountError::HasAdministrator));
    assert_eq!((made, late.count(), rig.hub.auth().people().len()), (1, 1, 1), "{one:?} {other:?}");
    rig.end().await;
}

#[tokio::test]
async fn an_administrator_changes_so_much_at_once_and_the_owner_of_the_machine_has_no_bound() {
    let rig = Rig::open();
    rig.add("ada", vec![rule(&[Scope::Admin], &[])]).await.expect("made");
    let ada = rig.hub.auth().of_person("ada").expect("there");
    let many = 10 * PERSON_CHANGES.at_once;
    let changed = (0..many).filter(|_| rig.hub.may_change_more(&ada)).count();
    assert!(changed >= PERSON_CHANGES.at_once as usize && changed < many as usize, "{changed}");
    assert!((0..many).all(|_| rig.hub.may_change_more(&rig.owner)));
    drop(ada);
    rig.end().await;
}

#[tokio::test]
async fn a_new_password_ends_all_logins_but_the_one_that_set_it() {
    let rig = Rig::open();
    rig.add("ada", vec![rule(&[Scope::View], &["*"])]).await.expect("made");
    let auth = rig.hub.auth();
    let now = rig.hub.now().wall;
    let ada = auth.of_person("ada").expect("there");
    let (_, other) = auth.login(ada.clone(), now);
    let token = auth.issue_token(&ada, now).token;
    let (login, own) = auth.login(ada, now);
    let wrong = rig.hub.change_password(&own, HERE, "x", "eleven grey geese".into()).await;
    assert_eq!(wrong, Err(AccountError::Login(LoginError::Wrong)));
    let weak = rig.hub.change_password(&own, HERE, PASSWORD, "password1234".into()).await;
    assert_eq!(weak, Err(AccountError::Weak(Weak::Guessed)));
    assert!(auth.stands(&other, now), "nothing was changed");
    rig.hub.change_password(&own, HERE, PASSWORD, "eleven grey geese".into()).await.expect("changed");
    assert!(auth.cookie(&login, now).is_some() && auth.stands(&own, now));
    assert!(!auth.stands(&other, now) && auth.bearer(token.text(), now).is_none());
    assert!(auth.sign_in("ada", PASSWORD, HERE, 0).await.is_err());
    assert!(auth.sign_in("ada", "eleven grey geese", HERE, 0).await.is_ok());
    drop((own, other));
    rig.end().await;
}

#[tokio::test]
async fn a_removed_group_leaves_nobody_in_it() {
    let rig = Rig::open();
    let crew = || Group { rules: vec![rule(&[Scope::View], &["*"])] };
    rig.hub.put_group(&rig.owner, "crew", crew(), true).await.expect("made");
    rig.add("ada", vec![]).await.expect("made");
    let change = PersonChange { groups: Some(vec!["crew".into()]), ..PersonChange::default() };
    rig.hub.put_person(&rig.owner, "ada", change, false).await.expect("changed");
    let ada = rig.hub.auth().of_person("ada").expect("there");
    assert!(ada.may(Scope::View));
    assert_eq!(rig.hub.groups(&rig.owner).expect("an administrator")[0].members, ["ada".into()]);
    rig.hub.remove_group(&rig.owner, "crew").await.expect("removed");
    assert!(!ada.may(Scope::View));
    rig.hub.put_group(&rig.owner, "crew", crew(), true).await.expect("made anew");
    assert!(!ada.may(Scope::View), "nobody put ada into this one");
    drop(ada);
    rig.end().await;
}

#[tokio::test]
async fn nobody_is_put_into_a_group_that_is_not_there() {
    let rig = Rig::open();
    rig.add("ada", vec![]).await.expect("made");
    let into_crew = || PersonChange { groups: Some(vec!["crew".into()]), ..PersonChange::default() };
    let put = async || rig.hub.put_person(&rig.owner, "ada", into_crew(), false).await;
    assert_eq!(put().await, Err(AccountError::NoGroup("crew".into())));
    let crew = Group { rules: vec![rule(&[Scope::Admin], &[])] };
    rig.hub.put_group(&rig.owner, "crew", crew, true).await.expect("made");
    assert!(!rig.hub.auth().of_person("ada").expect("there").may(Scope::Admin));
    assert_eq!(put().await, Ok(false), "it is there now");
    rig.end().await;
}

#[tokio::test]
async fn nothing_is_changed_while_the_storage_has_failed() {
    let rig = Rig::open();
    rig.hub.storage_failed("no space left");
    assert_eq!(rig.add("ada", vec![]).await, Err(AccountError::Storage));
    assert!(rig.hub.auth().person("ada").is_none());
    rig.hub.storage_recovered();
    assert_eq!(rig.add("ada", vec![]).await, Ok(true));
    rig.end().await;
}
