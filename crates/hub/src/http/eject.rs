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
use super::credential::{Allowed, ToEdit, ToView};
use super::error::Failure;
use super::pages::{Reader, respond};
use super::query::Asked;
use super::scene::HubScene;
use crate::auth::{Grant, Scope};
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
    Allowed(grant, ..): Allowed<ToView>,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Failure> {
    let text = made(&site, grant, &id, wanted.devices).await?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

/// `POST /api/devices/{id}/view`: writes it into the folder of the hub.
pub(super) async fn write(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToEdit>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Failure> {
    let wanted: Wanted = if body.0.is_empty() { Wanted::default() } else { body.json()? };
    let name = wanted.name.unwrap_or_else(|| id.clone());
    let text = made(&site, grant, &id, wanted.devices).await?;
    let file = written(&site, &name, text).await?.map_err(|error| refused(&error))?;
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
    if !reader.grant.may(Scope::Edit) {
        return Err(Failure::forbidden(format!("This needs the scope “{}”.", Scope::Edit.as_str())));
    }
    let text = made(site, reader.grant.clone(), id, None).await?;
    let Err(error) = written(site, id, text.clone()).await? else {
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

/// The text of the view.
async fn made(site: &Arc<Site>, grant: Grant, id: &str, devices: Option<String>) -> Result<String, Failure> {
    if let Some(devices) = &devices {
        crate::view::check_devices(devices).map_err(Failure::bad_request)?;
    }
    let (making, wanted) = (site.clone(), id.to_owned());
    let text = move |_: &store::Reader| {
        let scene = HubScene::new(&making, &grant, String::new());
        Ok(making.hub.views().ejected(&wanted, devices.as_deref(), &scene))
    };
    site.reads.run(&site.hub, text).await?.ok_or_else(|| Failure::no_device(id))
}

async fn written(site: &Arc<Site>, name: &str, text: String) -> Result<Result<PathBuf, EjectError>, Failure> {
    let (hub, name) = (site.hub.clone(), name.to_owned());
    site.reads.run(&site.hub, move |_: &store::Reader| Ok(hub.add_view(&name, &text))).await
}

fn refused(error: &EjectError) -> Failure {
    match error {
        EjectError::BadName(what) => Failure::bad_request(what),
        EjectError::Exists(_) | EjectError::BuiltIn(_) => Failure::exists(error.to_string()),
        EjectError::NoFolder => Failure::no_folder(error.to_string()),
        EjectError::Failed(..) => Failure::unavailable(error.to_string()),
    }
}
