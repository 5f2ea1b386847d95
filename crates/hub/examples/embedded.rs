//! A program of one's own with a hub in it: a component that shows what only this program knows.
//!
//! `cargo run -p hub --example embedded` prints a link to open. The folder `embedded/` beside this file has the component
//! (`components/rota`) and a view that places it; [`Rota`] gives its template who is on duty.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use hub::http::Site;
use hub::view::{Component, PlacedAt};
use hub::{Hub, Settings};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

/// Where its components and views are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/embedded");

/// Who is on duty: in a real program it would come from a database, or from wherever it lives.
struct Rota {
    people: Vec<&'static str>,
}

impl Component for Rota {
    fn name(&self) -> &str {
        "rota"
    }

    fn context(&self, place: &PlacedAt<'_>) -> Json {
        // A setting of the component; its default is filled in.
        let most = place.settings.get("most").and_then(Json::as_u64).unwrap_or_default();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        json!({ "people": self.people.iter().take(most).collect::<Vec<_>>(), "more": self.people.len().saturating_sub(most) })
    }
}

fn settings() -> Settings {
    let rota = Rota { people: vec!["Ada", "Grace", "Katherine", "Mary"] };
    Settings { folder: Some(FOLDER.into()), components: vec![Arc::new(rota)], ..Settings::default() }
}

/// A hub whose state is in the folder `state`, listening at `address`: itself, and where it listens in the end.
async fn begin(state: &Path, address: &str) -> Result<(Arc<Hub>, SocketAddr), Box<dyn std::error::Error>> {
    let hub = Hub::open(state, settings())?;
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    // Routes of one's own go into the second router; `Host` and `Origin` are checked for them too.
    let router = hub::http::router(Arc::new(Site::new(hub.clone(), address)), Router::new());
    tokio::spawn(hub::http::serve(listener, router, hub::http::Entrance::default(), hub.stopping()));
    Ok((hub, address))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let state = tempfile::tempdir()?;
    let (hub, address) = begin(state.path(), "127.0.0.1:0").await?;
    let code = hub.auth().login_link(hub.now().wall);
    eprintln!("Open http://{address}/login/{code}?to=/views/plant (Ctrl-C ends it)");
    tokio::signal::ctrl_c().await?;
    tokio::task::spawn_blocking(move || hub.stop()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hub::view::StillScene;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_shows_what_the_program_knows() {
        let state = tempfile::tempdir().expect("a folder");
        let (hub, _) = begin(state.path(), "127.0.0.1:0").await.expect("it begins");
        let views = hub.views();
        assert_eq!(views.check(), []);
        let page = views.view_page("plant", &StillScene::default()).expect("it has this view").html;
        assert!(page.contains("<li>Ada</li>") && page.contains("<li>Grace</li>"), "{page}");
        assert!(page.contains("and 2 more") && !page.contains("Katherine"), "{page}");
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("it stops");
    }
}
