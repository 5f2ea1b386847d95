//! Eject: the page that a device gets by itself becomes a view, at the press of a button or by the API.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToEdit};
use super::error::Failure;
use super::pages::{Reader, respond};
use super::query::Asked;
use super::scene::HubScene;
use super::seen::Seen;
use crate::audit::{Entry, What};
use crate::auth::{Editing, Scope, Sight};
use crate::view::EjectError;

/// What the view is to be.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Its name; the device's id where it is absent.
    name: Option<String>,
    /// Patterns of the ids of the devices that it is for; this one alone where it is absent.
    devices: Option<String>,
}

/// The answer to a view that was written.
#[derive(Serialize)]
struct Written<'a> {
    view: &'a str,
    path: String,
    file: String,
}

/// `GET /api/devices/{id}/view`: the view as it would be written.
pub(super) async fn text(
    State(site): State<Arc<Site>>,
    Seen(sight): Seen,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Failure> {
    let text = made(&site, &sight, wanted.devices).await?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

/// `POST /api/devices/{id}/view`: writes it into the folder of the hub.
pub(super) async fn write(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToEdit>,
    Seen(sight): Seen,
    body: Body,
) -> Result<Response, Failure> {
    let wanted: Wanted = if body.0.is_empty() { Wanted::default() } else { body.json()? };
    let name = wanted.name.unwrap_or_else(|| sight.id().to_owned());
    let text = made(&site, &sight, wanted.devices).await?;
    // Asked when it is written: it took its time to make.
    let editing = grant.editing(&name).ok_or_else(|| may_not_change(&name))?;
    let file = written(&site, editing, text).await?.map_err(|error| refused(&error))?;
    site.hub.audit(Entry::by(What::ViewChanged, &grant).say("file", &name));
    let path = format!("/views/{name}");
    let answer = Written { view: &name, path: path.clone(), file: file.display().to_string() };
    Ok((StatusCode::CREATED, [(header::LOCATION, path)], Json(answer)).into_response())
}

/// `POST /devices/{id}/eject`: the button on the page of a device. It goes on to the view, or says why there is none.
pub(super) async fn press(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    pressed(&reader, &site, &id, &uri).await.unwrap_or_else(IntoResponse::into_response)
}

async fn pressed(reader: &Reader, site: &Arc<Site>, id: &str, uri: &Uri) -> Result<Response, Failure> {
    let sight = reader.grant.sight(id).ok_or_else(|| Failure::no_device(id))?;
    let text = made(site, &sight, None).await?;
    let editing = reader.grant.editing(id).ok_or_else(|| may_not_change(id))?;
    let Err(error) = written(site, editing, text.clone()).await? else {
        site.hub.audit(Entry::by(What::ViewChanged, &reader.grant).say("file", id));
        let there = HeaderValue::try_from(format!("/views/{id}"));
        let there = there.map_err(|_| Failure::bad_request("This id cannot stand in an address."))?;
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, there)]).into_response());
    };
    let (path, id, status) = (uri.path().to_owned(), id.to_owned(), refused(&error).status());
    let page = move |views: &crate::view::Library, scene: &HubScene<'_>| {
        views.not_ejected_page(&path, &id, &error, &text, scene)
    };
    Ok(respond(status, reader.page(site, uri, page).await?))
}

/// Whether there is such a view is not said.
fn may_not_change(name: &str) -> Failure {
    Failure::forbidden(format!("This needs the scope “{}” on the view “{name}”.", Scope::Edit.as_str()))
}

/// The text of the view.
async fn made(site: &Arc<Site>, sight: &Sight, devices: Option<String>) -> Result<String, Failure> {
    if let Some(devices) = &devices {
        crate::view::check_devices(devices).map_err(Failure::bad_request)?;
    }
    let (making, seen) = (site.clone(), sight.clone());
    let text = move |_: &store::Reader| {
        let scene = HubScene::new(&making, seen.grant(), String::new());
        Ok(making.hub.views().ejected(seen.id(), devices.as_deref(), &scene))
    };
    let text = site.reads.run(&site.hub, text).await?.ok_or_else(|| Failure::no_device(sight.id()))?;
    site.still(sight)?;
    Ok(text)
}

async fn written(
    site: &Arc<Site>,
    editing: Editing,
    text: String,
) -> Result<Result<PathBuf, EjectError>, Failure> {
    let hub = site.hub.clone();
    site.reads.run(&site.hub, move |_: &store::Reader| Ok(hub.add_view(&editing, &text))).await
}

fn refused(error: &EjectError) -> Failure {
    match error {
        EjectError::BadName(what) => Failure::bad_request(what),
        EjectError::Exists(_) | EjectError::BuiltIn(_) | EjectError::Full => {
            Failure::exists(error.to_string())
        }
        EjectError::NoFolder => Failure::no_folder(error.to_string()),
        EjectError::Failed(..) => Failure::unavailable(error.to_string()),
    }
}
