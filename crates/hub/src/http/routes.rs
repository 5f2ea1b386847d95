//! All paths of the hub, in one table. `openapi.json` describes the same ones; a test compares the two.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::error::Failure;
use super::{
    Site, account, audit, commands, devices, eject, gateways, history, join_tokens, login, operations, pages,
    panels, people, people_pages, samples, socket, spells, tokens,
};

/// What our paths begin with, those that others add too: a base path is none of them.
pub(super) const FIRST_PARTS: &[&str] = &[
    "",
    "api",
    "assets",
    "components",
    "device",
    "devices",
    "gateways",
    "healthz",
    "login",
    "logout",
    "metrics",
    "openapi.json",
    "panel",
    "readyz",
    "socket",
    "status",
    "uplink",
    "views",
    // Pages for people and of what they did.
    "account",
    "audit",
    "people",
];

/// One method of one path.
struct Route {
    method: &'static str,
    path: &'static str,
    answer: MethodRouter<Arc<Site>>,
}

fn get<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Site>>,
    T: 'static,
{
    Route { method: "get", path, answer: on(MethodFilter::GET, handler) }
}

fn post<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Site>>,
    T: 'static,
{
    Route { method: "post", path, answer: on(MethodFilter::POST, handler) }
}

fn patch<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Site>>,
    T: 'static,
{
    Route { method: "patch", path, answer: on(MethodFilter::PATCH, handler) }
}

fn put<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Site>>,
    T: 'static,
{
    Route { method: "put", path, answer: on(MethodFilter::PUT, handler) }
}

fn delete<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Site>>,
    T: 'static,
{
    Route { method: "delete", path, answer: on(MethodFilter::DELETE, handler) }
}

fn table() -> Vec<Route> {
    vec![
        get("/", pages::devices),
        get("/devices/{id}", pages::device),
        post("/devices/{id}/eject", eject::press),
        get("/views/{name}", pages::view),
        get("/components", pages::gallery),
        get("/components/{name}", pages::component),
        get("/gateways", pages::gateways),
        get("/status", pages::status),
        get("/audit", audit::page),
        get("/assets/{file}", pages::asset),
        get("/login", login::form),
        post("/login", login::with_form),
        get("/login/{code}", login::with_link),
        post("/logout", login::logout),
        get("/account", account::page),
        post("/account/password", account::password),
        post("/account/tokens/{token}", account::end),
        get("/account/first", account::first),
        post("/account/first", account::make_first),
        get("/people", people_pages::people),
        post("/people", people_pages::make_person),
        get("/people/{name}", people_pages::person),
        post("/people/{name}", people_pages::change_person),
        post("/people/groups", people_pages::make_group),
        get("/people/groups/{name}", people_pages::group),
        post("/people/groups/{name}", people_pages::change_group),
        post("/api/token", tokens::issue),
        delete("/api/token", tokens::revoke),
        post("/api/ticket", tokens::ticket),
        get("/api/tokens", tokens::list),
        delete("/api/tokens/{token}", tokens::end),
        post("/api/password", people::password),
        post("/api/login-link", people::login_link),
        get("/api/people", people::list),
        get("/api/people/{name}", people::one),
        put("/api/people/{name}", people::put),
        delete("/api/people/{name}", people::remove),
        get("/api/groups", people::list_groups),
        put("/api/groups/{name}", people::put_group),
        delete("/api/groups/{name}", people::remove_group),
        get("/api/devices", devices::list),
        post("/api/devices", devices::create),
        get("/api/devices/{id}", devices::one),
        patch("/api/devices/{id}", devices::change),
        delete("/api/devices/{id}", devices::remove),
        post("/api/devices/{id}/token", devices::renew_token),
        delete("/api/devices/{id}/token", devices::revoke_token),
        get("/api/devices/{id}/view", eject::text),
        post("/api/devices/{id}/view", eject::write),
        post("/api/devices/{id}/samples", samples::send),
        get("/api/devices/{id}/channels/{channel}/history", history::history),
        get("/api/devices/{id}/channels/{channel}/spells", spells::spells),
        get("/api/devices/{id}/channels/{channel}/samples", samples::stream),
        post("/api/devices/{id}/commands", commands::send),
        get("/api/devices/{id}/commands", commands::newest),
        get("/api/devices/{id}/commands/{command}", commands::one),
        delete("/api/devices/{id}/commands/{command}", commands::cancel),
        get("/api/audit", audit::list),
        get("/api/audit/verdict", audit::verdict),
        get("/api/panels", panels::panels),
        get("/api/gateways", gateways::list),
        post("/api/gateways", gateways::create),
        delete("/api/gateways/{id}", gateways::remove),
        post("/api/gateways/{id}/token", gateways::renew_token),
        delete("/api/gateways/{id}/token", gateways::revoke_token),
        get("/api/join-tokens", join_tokens::list),
        post("/api/join-tokens", join_tokens::create),
        delete("/api/join-tokens/{id}", join_tokens::revoke),
        get("/healthz", operations::healthz),
        get("/readyz", operations::readyz),
        get("/metrics", operations::metrics),
        get("/openapi.json", operations::openapi),
        get("/panel", socket::panel),
        get("/uplink", gateways::uplink),
    ]
}

/// The table as a router. What is not in it is answered like any other failure.
pub(super) fn router() -> Router<Arc<Site>> {
    let router = table().into_iter().fold(Router::new(), |router, route| {
        debug_assert!(route.method.bytes().all(|byte| byte.is_ascii_lowercase()));
        router.route(route.path, route.answer)
    });
    router.fallback(pages::not_found).method_not_allowed_fallback(async || Failure::bad_method())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Paths that others add to the same port.
    const ADDED: [(&str, &str); 2] = [("get", "/device"), ("get", "/socket")];

    fn described() -> Value {
        serde_json::from_str(operations::OPENAPI).expect("openapi.json is JSON")
    }

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let routes: BTreeSet<(String, String)> = table()
            .iter()
            .map(|route| (route.method, route.path))
            .chain(ADDED)
            .map(|(method, path)| (method.to_owned(), path.to_owned()))
            .collect();
        let document = described();
        let paths = document["paths"].as_object().expect("paths");
        let operations: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods =
                    item.as_object().expect("a path item").keys().filter(|key| *key != "parameters");
                methods.map(|method| (method.clone(), path.clone()))
            })
            .collect();
        assert_eq!(operations, routes);
    }

    #[test]
    fn every_path_begins_with_a_part_that_no_base_path_has() {
        let paths = table().into_iter().map(|route| route.path).chain(ADDED.map(|(_, path)| path));
        for path in paths {
            let first = path.split('/').nth(1).expect("a path");
            assert!(FIRST_PARTS.contains(&first), "{path}");
        }
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let document = described();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a reference within the document");
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(members) => open.extend(members.values()),
                _ => {}
            }
        }
    }

    #[test]
    fn every_operation_is_described_in_full() {
        let document = described();
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            let names: BTreeSet<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = item["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            for (method, operation) in
                item.as_object().expect("a path item").iter().filter(|(key, _)| *key != "parameters")
            {
                let id = operation["operationId"].as_str().expect("an operationId");
                assert!(ids.insert(id.to_owned()), "{id} twice");
                assert!(operation["summary"].is_string(), "{method} {path} has a summary");
                assert!(operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()));
                let own = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let described: BTreeSet<&str> = parameters
                    .iter()
                    .chain(own)
                    .map(|parameter| match parameter["$ref"].as_str() {
                        Some(reference) => {
                            &document.pointer(&reference[1..]).expect("it leads somewhere")["name"]
                        }
                        None => &parameter["name"],
                    })
                    .filter_map(Value::as_str)
                    .collect();
                assert!(names.is_subset(&described), "{method} {path} describes {names:?}");
            }
        }
    }
}
