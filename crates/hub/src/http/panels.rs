//! Who is looking at what, as far as that is to be told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::Site;
use super::credential::{Allowed, ToView};
use crate::panel::PanelInfo;

/// `GET /api/panels`.
pub(super) async fn panels(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
) -> Json<Vec<PanelInfo>> {
    Json(site.hub.panels(&grant))
}
