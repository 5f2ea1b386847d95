//! Browsers that say that they could not run a component.

use super::*;
use crate::auth::{Scope, Scopes};
use std::fs;

/// A hub with a component of the user's.
fn with_dial(state: &Path, folder: &Path) -> (Arc<Hub>, Grant) {
    let settings = Settings { folder: Some(folder.to_owned()), ..Settings::default() };
    write(folder, "<p>first</p>");
    let hub = Hub::open(state, settings).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    (hub, admin)
}

fn write(folder: &Path, template: &str) {
    let dial = folder.join("components/dial");
    let manifest = "title = \"Dial\"\ndescription = \"One.\"\ndirection = \"output\"\n";
    let written = fs::create_dir_all(&dial)
        .and_then(|()| fs::write(dial.join("component.toml"), manifest))
        .and_then(|()| fs::write(dial.join("template.html"), template));
    written.expect("the folder is ours");
}

/// Whether there is a way back to the first version behind the second, where somebody with these scopes calls that broken.
async fn has_way_back(scopes: &[Scope]) -> bool {
    let (state, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (hub, admin) = with_dial(state.path(), folder.path());
    let grant = admin.with_scopes(Scopes::of(scopes));
    let mut panel = Driven::welcomed(&hub, &grant);
    panel.say(serde_json::json!({ "broken": "dial", "library": hub.views().print }));
    panel.all().await;
    write(folder.path(), "<p>the second</p>");
    let has = hub.views_now().earlier.contains("components/dial");
    drop(panel);
    stop(hub).await;
    has
}

#[tokio::test]
async fn only_whoever_may_edit_takes_a_version_away_that_others_go_back_to() {
    assert!(has_way_back(&[Scope::View, Scope::Command]).await);
    assert!(!has_way_back(&[Scope::View, Scope::Edit]).await);
}
