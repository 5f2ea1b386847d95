//! Devices in paths: what a request may do with the very one that it names, as proofs.
//!
//! Whoever may not know of a device is answered as if there were none, before anybody looks whether there is.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use store::{DeviceKey, ReadError, Reader};

use super::Site;
use super::credential::{Allowed, Needs, Shown, ToCommand, ToView};
use super::error::Failure;
use crate::auth::{Drive, Grant, Scope, Sight};
use crate::rights::{Check, asks};

/// Somebody who may see the device `{id}` of the path.
pub(super) struct Seen(pub(super) Sight);

/// Somebody who may command it.
pub(super) struct Driven(pub(super) Drive);

impl FromRequestParts<Arc<Site>> for Seen {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let (grant, id) = named::<ToView>(parts, site).await?;
        grant.sight(&id).map(Self).ok_or_else(|| Failure::no_device(&id))
    }
}

impl FromRequestParts<Arc<Site>> for Driven {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let (grant, id) = named::<ToCommand>(parts, site).await?;
        match (grant.drive(&id), grant.may_device(Scope::View, &id)) {
            (Some(drive), _) => Ok(Self(drive)),
            (None, true) => Err(Failure::forbidden(format!("This needs the scope “command” on “{id}”."))),
            (None, false) => Err(Failure::no_device(&id)),
        }
    }
}

/// Who asks, permitted the scope on anything at all, and the device that the path names.
async fn named<N: Needs>(parts: &mut Parts, site: &Arc<Site>) -> Result<(Grant, String), Failure> {
    let allowed = Allowed::<N>::from_request_parts(parts, site).await;
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, site).await;
    let Path(mut path) = path.map_err(|error| Failure::bad_request(error.body_text()))?;
    let id = path.remove("id").ok_or_else(|| Failure::bad_request("The path names no device."))?;
    match allowed {
        Ok(Allowed(grant, PhantomData)) => Ok((grant, id)),
        // Whoever may see the device is told in any case what is missing for it alone.
        Err(failure) => match Shown::from_request_parts(parts, site).await {
            Ok(Shown(grant)) if grant.may_device(Scope::View, &id) => Ok((grant, id)),
            _ => Err(failure),
        },
    }
}

impl Site {
    /// Reads what is stored of a device that may be seen. It is asked again before anything is answered.
    pub(super) async fn read_of<T: Send + 'static>(
        &self,
        sight: &Sight,
        read: impl FnOnce(&Reader, DeviceKey) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Failure> {
        let key = self.hub.device_key(sight).ok_or_else(|| Failure::no_device(sight.id()))?;
        let found = self.reads.run(&self.hub, move |reader| read(reader, key)).await?;
        if asks(Check::Answer) {
            self.still(sight)?;
        }
        Ok(found)
    }

    /// Asks again, where something took its time.
    ///
    /// # Errors
    /// What whoever comes only now would be answered with.
    pub(super) fn still(&self, sight: &Sight) -> Result<(), Failure> {
        if !self.hub.auth().stands(sight.grant(), self.hub.now().wall) {
            return Err(Failure::unauthorized("Log in, or send a token."));
        }
        if sight.holds() { Ok(()) } else { Err(Failure::no_device(sight.id())) }
    }
}
