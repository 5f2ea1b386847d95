//! Pages on which administrators make and change people and groups. They are plain forms, and need no script.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::Site;
use super::body::Body;
use super::error::Failure;
use super::form::Fields;
use super::login::there;
use super::pages::{self, Visitor};
use super::people::refused;
use crate::auth::{Group, Rule, names};
use crate::view::{GroupPage, PeoplePage, PersonPage, Told};
use crate::{AccountError, PersonChange};

/// `GET /people`: all people and groups.
pub(super) async fn people(visitor: Visitor, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let told = Told::of_query(&uri);
    all(&site, &visitor, &uri, told, String::new(), String::new()).await
}

async fn all(
    site: &Arc<Site>,
    visitor: &Visitor,
    uri: &Uri,
    told: Told,
    name: String,
    group: String,
) -> Response {
    let grant = &visitor.0.grant;
    let (people, groups) = match (site.hub.people(grant), site.hub.groups(grant)) {
        (Ok(people), Ok(groups)) => (people, groups),
        (Err(error), _) | (_, Err(error)) => return refused(error).into_response(),
    };
    let status = status_of(&told);
    let page = PeoplePage { people, groups, name, group, told, is_owner: grant.is_owner() };
    respond(site, visitor, uri, status, move |views, scene| views.people_page(&page, scene)).await
}

/// `POST /people`: makes a person, who may nothing yet, and goes on to what they may.
pub(super) async fn make_person(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    let fields = Fields::read(&body)?;
    let name = names::typed(fields.one("name"));
    let password = fields.one("new").to_owned();
    let told = match password == fields.one("again") {
        false => Told::wrong(&site, "people.two-passwords"),
        true => {
            let change = PersonChange { password: Some(password), groups: None, rules: None };
            match site.hub.put_person(&visitor.0.grant, &name, change, true).await {
                Ok(_) => return Ok(there(&format!("/people/{name}?done=made"))),
                Err(error) => Told::failed(&refused(error)),
            }
        }
    };
    Ok(all(&site, &visitor, &uri, told, name, String::new()).await)
}

/// `GET /people/{name}`.
pub(super) async fn person(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    let told = Told::of_query(&uri);
    one(&site, &visitor, &uri, name, told, None).await
}

/// A person's page; with what was typed where it was not taken.
async fn one(
    site: &Arc<Site>,
    visitor: &Visitor,
    uri: &Uri,
    name: String,
    told: Told,
    typed: Option<(Vec<Box<str>>, Vec<Rule>)>,
) -> Response {
    let grant = &visitor.0.grant;
    let (mut person, groups) = match (site.hub.person(grant, &name), site.hub.groups(grant)) {
        (Ok(person), Ok(groups)) => (person, groups),
        (Err(error), _) | (_, Err(error)) => return refused(error).into_response(),
    };
    if let Some((groups, rules)) = typed {
        (person.groups, person.rules) = (groups, rules);
    }
    let tokens = site.hub.auth().tokens(grant, site.hub.now().wall);
    let tokens = tokens.into_iter().filter(|token| token.user == person.name).collect();
    let status = status_of(&told);
    let is_self = grant.person() == Some(&name);
    let page = PersonPage { person, groups, tokens, told, is_self };
    respond(site, visitor, uri, status, move |views, scene| views.person_page(&page, scene)).await
}

/// `POST /people/{name}`: what its button says.
pub(super) async fn change_person(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    let (fields, grant) = (Fields::read(&body)?, &visitor.0.grant);
    let back = |done: &str| there(&format!("/people/{name}?done={done}"));
    let mut typed = None;
    let done = match fields.one("do") {
        "rights" => {
            let (groups, rules): (Vec<Box<str>>, _) =
                (fields.all("group").map(Box::from).collect(), fields.rules());
            typed = Some((groups.clone(), rules.clone()));
            let change = PersonChange { password: None, groups: Some(groups), rules: Some(rules) };
            known(&site, grant, &name)?;
            site.hub.put_person(grant, &name, change, false).await.map(|_| back("saved"))
        }
        "password" if fields.one("new") != fields.one("again") => {
            return Ok(
                one(&site, &visitor, &uri, name, Told::wrong(&site, "people.two-passwords"), None).await
            );
        }
        "password" => {
            let change =
                PersonChange { password: Some(fields.one("new").to_owned()), groups: None, rules: None };
            known(&site, grant, &name)?;
            site.hub.put_person(grant, &name, change, false).await.map(|_| back("password"))
        }
        "remove" => site.hub.remove_person(grant, &name).await.map(|()| there("/people?done=removed")),
        "end" => match site.hub.end_token(grant, fields.one("token")).await {
            Err(AccountError::Unknown) => Ok(back("ended")),
            ended => ended.map(|()| back("ended")),
        },
        _ => return Err(Failure::bad_request("The form does not say what is to be done.")),
    };
    Ok(match done {
        Ok(response) => response,
        Err(error) => one(&site, &visitor, &uri, name, Told::failed(&refused(error)), typed).await,
    })
}

/// A form about somebody who was removed meanwhile makes nobody anew.
fn known(site: &Site, grant: &crate::auth::Grant, name: &str) -> Result<(), Failure> {
    site.hub.person(grant, name).map(drop).map_err(refused)
}

/// `POST /people/groups`: makes a group, and goes on to what its members may.
pub(super) async fn make_group(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    let name = names::typed(Fields::read(&body)?.one("name"));
    match site.hub.put_group(&visitor.0.grant, &name, Group::default(), true).await {
        Ok(_) => Ok(there(&format!("/people/groups/{name}?done=made"))),
        Err(error) => {
            Ok(all(&site, &visitor, &uri, Told::failed(&refused(error)), String::new(), name).await)
        }
    }
}

/// `GET /people/groups/{name}`.
pub(super) async fn group(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    let told = Told::of_query(&uri);
    one_group(&site, &visitor, &uri, &name, told, None).await
}

async fn one_group(
    site: &Arc<Site>,
    visitor: &Visitor,
    uri: &Uri,
    name: &str,
    told: Told,
    typed: Option<Vec<Rule>>,
) -> Response {
    let groups = match site.hub.groups(&visitor.0.grant) {
        Ok(groups) => groups,
        Err(error) => return refused(error).into_response(),
    };
    let Some(mut group) = groups.into_iter().find(|group| *group.name == *name) else {
        return Failure::not_found("There is no group of this name.").into_response();
    };
    group.rules = typed.unwrap_or(group.rules);
    let status = status_of(&told);
    let page = GroupPage { group, told };
    respond(site, visitor, uri, status, move |views, scene| views.group_page(&page, scene)).await
}

/// `POST /people/groups/{name}`: what its button says.
pub(super) async fn change_group(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    let (fields, grant) = (Fields::read(&body)?, &visitor.0.grant);
    let rules = fields.rules();
    let done = match fields.one("do") {
        "rights" => {
            let group = Group { rules: rules.clone() };
            let changed = site.hub.put_group(grant, &name, group, false).await;
            changed.map(|_| there(&format!("/people/groups/{name}?done=saved")))
        }
        "remove" => site.hub.remove_group(grant, &name).await.map(|()| there("/people?done=group-removed")),
        _ => return Err(Failure::bad_request("The form does not say what is to be done.")),
    };
    Ok(match done {
        Ok(response) => response,
        Err(error) => {
            one_group(&site, &visitor, &uri, &name, Told::failed(&refused(error)), Some(rules)).await
        }
    })
}

fn status_of(told: &Told) -> StatusCode {
    if told.wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

async fn respond(
    site: &Arc<Site>,
    visitor: &Visitor,
    uri: &Uri,
    status: StatusCode,
    make: impl FnOnce(&crate::view::Library, &super::scene::HubScene<'_>) -> crate::view::Page + Send + 'static,
) -> Response {
    match visitor.0.page(site, uri, make).await {
        Ok(page) => pages::respond(status, page),
        Err(failure) => failure.into_response(),
    }
}

impl Told {
    /// What the address says was done just now.
    pub(super) fn of_query(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().split('&');
        let done = query.filter_map(|pair| pair.strip_prefix("done=")).next();
        Self { done: done.map(str::to_owned), wrong: None }
    }

    /// The text of this name says what is wrong.
    pub(super) fn wrong(site: &Site, text: &str) -> Self {
        Self { done: None, wrong: Some(site.hub.views().say(text, &[])) }
    }

    /// This is why it was not done.
    pub(super) fn failed(failure: &Failure) -> Self {
        Self { done: None, wrong: Some(failure.reason().to_owned()) }
    }
}
