//! A hub and a gateway in one process: opened, listening, and ended in order.

use crate::configuration::Configuration;
use crate::configuration::front::Front;
use crate::configuration::listeners::Listeners;
use crate::following::Followed;
use crate::listen::exposure::Wanted;
use crate::listen::table::{Addresses, Table};
use crate::listen::web::{Web, entrance, reached_at};
use crate::listen::{LINES, Opened, listen};
use crate::ready::{Ready, RunFile};
use crate::sockets::routes;
use anyhow::{Context as _, Result, anyhow, bail};
use gateway::{Gateway, Limits};
use hub::Hub;
use hub::http::{Door, Entrance, GatewayInfo, SerialLines, Site};
use sockets::{EventLoops, Handle};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::OpenError;
use tokio::task::JoinHandle;

/// What `/api/gateways` calls the gateway in this process.
const GATEWAY: &str = "local";

/// What is to run.
pub(crate) struct Plan {
    /// The folder for everything durable.
    pub(crate) state: PathBuf,
    /// What a commit survives.
    pub(crate) durability: store::Durability,
    /// Milliseconds that writes gather under load.
    pub(crate) gather: u64,
    /// For how long what devices send is kept.
    pub(crate) retention: Vec<store::Retention>,
    /// The folder with the user's `components/` and `views/`.
    pub(crate) folder: Option<PathBuf>,
    /// Host names under which browsers may reach the hub, besides addresses.
    pub(crate) hosts: Vec<String>,
    /// Where pages and the API are served.
    pub(crate) http: SocketAddr,
    /// Where devices connect.
    pub(crate) lines: SocketAddr,
    /// Where else they do.
    pub(crate) listeners: Listeners,
    /// How else pages and the API are reached.
    pub(crate) front: Front,
    /// Who may join without an administrator having made them before.
    pub(crate) enrolment: hub::auth::Enrolment,
    /// Where a login link leads.
    pub(crate) landing: &'static str,
}

impl Plan {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { http: self.http, lines: self.lines, listeners: &self.listeners, front: &self.front }
    }
}

/// What runs.
pub(crate) struct Running {
    /// The hub.
    pub(crate) hub: Arc<Hub>,
    /// Where everything is.
    pub(crate) ready: Ready,
    /// Who can reach it.
    pub(crate) table: Table,
    site: Arc<Site>,
    gateway: Gateway,
    front: Front,
    landing: &'static str,
    following: Option<JoinHandle<()>>,
    lines: JoinHandle<()>,
    /// Pages, and what else takes devices.
    listening: Vec<JoinHandle<()>>,
    run_file: RunFile,
    /// The sockets of devices and panels live in it.
    loops: EventLoops,
}

impl Running {
    /// Opens the state, listens, and writes `run.json` and the ready file, in this order.
    ///
    /// # Errors
    /// A sentence for the person who started it: the state is in use or of a newer version, a port is taken.
    pub(crate) async fn begin(plan: Plan, ready_file: Option<&Path>) -> Result<Self> {
        // A state that is not there yet knows nobody: then nothing is begun.
        if !plan.state.exists() {
            plan.wanted().check(false)?;
        }
        let loops = EventLoops::start_default().context("no event loop can be started")?;
        // First the state: whoever starts the same thing twice learns that, and not that its ports are taken.
        let hub = open(&plan, loops.handle())?;
        plan.wanted().check(hub.auth().has_administrator())?;
        let web = Web::open(plan.http, &plan.front).await?;
        let lines = listen(plan.lines, LINES).await?;
        let listeners = plan.listeners.clone().with_token(hub.auth().join_token());
        let opened = Opened::open(&listeners).await?;
        let addresses = Addresses {
            http: web.http_address()?,
            https: web.https_address(),
            lines: lines.local_addr()?,
            tls: opened.tls_address(),
        };

        let gateway = Gateway::new(hub.clone(), Limits::default(), loops.handle());
        let entrance = entrance(&hub, &plan.front);
        let site = Arc::new(site(&hub, &gateway, &plan, &addresses, &entrance));
        let router = hub::http::router(site.clone(), routes(site.clone(), gateway.clone(), loops.handle()));
        let url = format!("http://{}", reached_at(addresses.http));
        let ready = Ready {
            link: link(&hub, &url, &plan.front, plan.landing),
            http: url,
            https: addresses.https.map(|address| format!("https://{address}")),
            lines: addresses.lines.to_string(),
            tls: addresses.tls.map(|address| address.to_string()),
            token: hub.auth().admin_token().to_owned(),
            join: hub.auth().join_token().to_owned(),
        };
        // While nothing runs that would have to be ended but the hub: it may fail. Whoever connects waits for a moment.
        let run_file = match written(&ready, &plan.state, ready_file) {
            Ok(run_file) => run_file,
            Err(error) => {
                stop(hub).await;
                return Err(error);
            }
        };
        let mut listening = web.serve(&hub, router, entrance);
        listening.extend(opened.serve(&gateway));
        Ok(Self {
            table: Table::new(&addresses, &plan.listeners, &plan.front),
            front: plan.front,
            site,
            following: None,
            lines: tokio::spawn(gateway::listen::serve_tcp(gateway.clone(), lines)),
            listening,
            run_file,
            landing: plan.landing,
            hub,
            ready,
            gateway,
            loops,
        })
    }

    /// From now on what changes in the configuration file `file` counts as far as it can; `started` is what it said, and
    /// `overridden` are keys that a flag outranks.
    pub(crate) fn follow(&mut self, file: &Path, started: Configuration, overridden: Vec<&'static str>) {
        let followed = Followed::new(file, started, overridden);
        self.following = Some(tokio::spawn(followed.follow(self.hub.clone(), self.site.clone())));
    }

    /// Another login link, as each is good once.
    pub(crate) fn new_link(&self) -> String {
        link(&self.hub, &self.ready.http, &self.front, self.landing)
    }

    /// Says goodbye to panels and devices, makes durable what is on its way, and lets go of the state folder.
    ///
    /// # Errors
    /// Something that had been taken over could not be written.
    pub(crate) async fn end(self) -> Result<()> {
        // Panels first: what they would see of devices that part is no news of the devices.
        self.hub.begin_to_stop();
        self.gateway.shutdown().await;
        // While the folder is still ours: whoever opens it next writes a file of its own.
        drop(self.run_file);
        let lost = stop(self.hub).await;
        let ended = [
            self.lines.await,
            match self.following {
                Some(following) => following.await,
                None => Ok(()),
            },
            // Last, so that everybody was told. It waits for threads.
            tokio::task::spawn_blocking(move || drop(self.loops)).await,
        ];
        let mut listened = Vec::new();
        for listening in self.listening {
            listened.push(listening.await);
        }
        for error in ended.into_iter().chain(listened).filter_map(Result::err) {
            tracing::error!("a part did not end as it should: {error}");
        }
        match lost {
            0 => Ok(()),
            lost => bail!(
                "the disk failed while stopping: {lost} of the writes that were taken over into memory are lost \
                 (durability: memory)"
            ),
        }
    }
}

/// Stops the hub; how many writes that counted were lost.
async fn stop(hub: Arc<Hub>) -> usize {
    let stopped = tokio::task::spawn_blocking(move || hub.stop()).await;
    stopped.map_or_else(
        |error| {
            tracing::error!("the hub did not end as it should: {error}");
            0
        },
        |stopped| stopped.lost_writes,
    )
}

/// Writes `run.json` and the ready file; with an error neither is left.
fn written(ready: &Ready, state: &Path, ready_file: Option<&Path>) -> Result<RunFile> {
    let run_file = RunFile::write(ready, state)?;
    if let Some(file) = ready_file {
        ready.write(file)?;
    }
    Ok(run_file)
}

fn open(plan: &Plan, loops: Handle) -> Result<Arc<Hub>> {
    let settings = hub::Settings {
        store: store::Options {
            durability: plan.durability,
            gather: Duration::from_millis(plan.gather),
            retention: plan.retention.clone(),
            ..store::Options::default()
        },
        folder: plan.folder.clone(),
        loops: Some(loops),
        enrolment: plan.enrolment,
        ..hub::Settings::default()
    };
    Hub::open(&plan.state, settings).map_err(|error| match (&error, Ready::of_state(&plan.state)) {
        (OpenError::InUse { .. }, Ok(Some(other))) => {
            anyhow!("{error}; it serves {}", other.http)
        }
        _ => error.into(),
    })
}

fn site(hub: &Arc<Hub>, gateway: &Gateway, plan: &Plan, opened: &Addresses, entrance: &Entrance) -> Site {
    let (gateway, since) = (gateway.clone(), hub.now().wall);
    let counted = gateway.clone();
    let serial = move || {
        let counts = counted.serial_counts();
        let (damaged, samples) = (counts.damaged_lines(), counts.printed_samples());
        Some(SerialLines { damaged, samples, skipped: counts.printed_skipped() })
    };
    let (at_lines, at_http) = (gateway.clone(), entrance.clone());
    let gateways = move || {
        let devices = gateway.connections().iter().filter(|live| live.device.is_some()).count();
        vec![GatewayInfo { id: GATEWAY.to_owned(), presence: hub::Presence::Online, since, devices }]
    };
    let doors = move || {
        let lines =
            Door { listeners: "lines", strangers: at_lines.strangers(), throttled: at_lines.throttled() };
        vec![lines, Door { listeners: "http", strangers: at_http.strangers(), throttled: 0 }]
    };
    let site = Site::new(hub.clone(), opened.http)
        .with_doors(doors)
        .known_as(&plan.hosts)
        .with_lines(opened.lines.to_string())
        .with_gateways(gateways)
        .with_files(crate::open_files::count)
        .with_serial(serial)
        .behind(plan.front.proxies.clone())
        .based_at(plan.front.base.clone());
    let site = if plan.front.insecure_http { site.with_insecure_http() } else { site };
    match opened.https {
        Some(https) => site.with_https(https),
        None => site,
    }
}

fn link(hub: &Hub, url: &str, front: &Front, landing: &str) -> String {
    let (code, base) = (hub.auth().login_link(hub.now().wall), front.base.as_str());
    match landing {
        "/" => format!("{url}{base}/login/{code}"),
        landing => format!("{url}{base}/login/{code}?to={landing}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_begin_that_fails_leaves_nothing_listening_and_lets_go_of_the_state() {
        let home = tempfile::tempdir().expect("a folder");
        // Bound and not listened on: nobody else is given them, and whoever asks for one by its number gets it.
        let reserved = || {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(([127, 0, 0, 1], 0).into()).map(|()| socket)
        };
        let [one, other] = [reserved(), reserved()].map(|socket| socket.expect("a port"));
        let [http, lines] = [&one, &other].map(|socket| socket.local_addr().expect("it is bound"));
        let plan = || Plan {
            state: home.path().join("state"),
            durability: store::Durability::Disk,
            gather: 4,
            retention: Vec::new(),
            folder: None,
            hosts: Vec::new(),
            http,
            lines,
            listeners: Listeners::default(),
            front: Front::default(),
            enrolment: hub::auth::Enrolment::default(),
            landing: "/",
        };
        let nowhere = home.path().join("missing/ready.json");
        let error = Running::begin(plan(), Some(&nowhere)).await.err().expect("there is no such folder");
        assert!(error.to_string().contains("ready.json cannot be written"), "{error}");
        assert!(!home.path().join("state/run.json").exists());
        for address in [http, lines] {
            assert!(std::net::TcpStream::connect(address).is_err(), "somebody listens on {address}");
        }
        let running = Running::begin(plan(), None).await.expect("state and ports are free");
        running.end().await.expect("nothing is lost");
    }
}
