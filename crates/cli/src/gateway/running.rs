//! A gateway that runs: opened, listening, and ended in order.

use super::configuration::Configuration;
use super::door::Door;
use super::http::{Site, router};
use super::ready::{Ready, RunFile};
use crate::configuration::listeners::Listeners;
use crate::listen::{GATEWAY_HTTP, LINES, Opened, check_loopback, listen};
use anyhow::{Context as _, Result};
use gateway::standalone::{self, HubSettings, Standalone};
use gateway::{Gateway, Limits};
use hub::http::Entrance;
use protocol::limits::HEARTBEAT_SECONDS;
use sockets::EventLoops;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::SpoolOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is to run.
pub(super) struct Plan {
    pub(super) state: PathBuf,
    pub(super) id: String,
    pub(super) lines: SocketAddr,
    pub(super) http: SocketAddr,
    pub(super) durability: store::Durability,
    /// Milliseconds that writes gather under load.
    pub(super) gather: u64,
    /// Where devices come in besides.
    pub(super) listeners: Listeners,
    pub(super) hubs: Vec<HubSettings>,
}

impl Plan {
    /// What a configuration says; flags are put in its place later.
    pub(super) fn of(configuration: Configuration, state: PathBuf, id: String) -> Self {
        Self {
            state,
            id,
            lines: configuration.lines,
            http: configuration.http,
            durability: configuration.durability.into(),
            gather: configuration.gather,
            listeners: configuration.listeners,
            hubs: configuration.hubs,
        }
    }
}

/// What runs.
pub(super) struct Running {
    pub(super) standalone: Arc<Standalone>,
    pub(super) ready: Ready,
    connections: Gateway,
    stopping: watch::Sender<bool>,
    http: JoinHandle<()>,
    lines: JoinHandle<()>,
    /// What else takes devices.
    listening: Vec<JoinHandle<()>>,
    door: Option<Door>,
    run_file: RunFile,
    /// The sockets of devices live in it.
    loops: EventLoops,
}

impl Running {
    /// Opens the state, listens, begins the uplinks, and writes `gateway.json` and the ready file.
    ///
    /// # Errors
    /// A sentence for the person who started it: the state is in use or of a newer version, a port is taken.
    pub(super) async fn begin(plan: Plan, ready_file: Option<&Path>) -> Result<Self> {
        check_loopback(plan.http, GATEWAY_HTTP)?;
        if !plan.lines.ip().is_loopback() {
            tracing::warn!(
                "device lines are not encrypted: whoever can read the network at {} sees tokens and values",
                plan.lines
            );
        }
        let loops = EventLoops::start_default().context("no event loop can be started")?;
        let settings = standalone::Settings {
            id: plan.id.as_str().into(),
            spool: SpoolOptions {
                durability: plan.durability,
                gather: Duration::from_millis(plan.gather),
                ..SpoolOptions::default()
            },
            heartbeat: HEARTBEAT_SECONDS,
        };
        let standalone = Standalone::open(&plan.state, settings, &loops.handle())?;
        match Self::listen(&standalone, loops, plan, ready_file).await {
            Ok(running) => Ok(running),
            Err(error) => {
                stop(standalone).await;
                Err(error)
            }
        }
    }

    async fn listen(
        standalone: &Arc<Standalone>,
        loops: EventLoops,
        plan: Plan,
        ready_file: Option<&Path>,
    ) -> Result<Self> {
        let http = listen(plan.http, GATEWAY_HTTP).await?;
        let lines = listen(plan.lines, LINES).await?;
        let opened = Opened::open(&plan.listeners).await?;
        let ready = Ready {
            id: plan.id,
            tls: opened.tls_address().map(|address| address.to_string()),
            tag: standalone.tag().to_owned(),
            lines: lines.local_addr()?.to_string(),
            http: format!("http://{}", http.local_addr()?),
            token: new_token()?,
        };
        let run_file = RunFile::write(&ready, &plan.state)?;
        let door = match Door::open(&plan.state, standalone.clone()) {
            Ok(door) => Some(door),
            Err(error) => {
                tracing::warn!("{error:#}; hubs can be administered over HTTP only");
                None
            }
        };
        let configuring = standalone.clone();
        tokio::task::spawn_blocking(move || configuring.configure(plan.hubs)).await??;
        if let Some(file) = ready_file {
            ready.write(file)?;
        }
        let connections = Gateway::new(standalone.clone(), Limits::default(), loops.handle());
        let site = Site {
            standalone: standalone.clone(),
            connections: connections.clone(),
            loops: loops.handle(),
            token: ready.token.clone(),
        };
        let stopping = watch::Sender::new(false);
        Ok(Self {
            http: tokio::spawn(hub::http::serve(
                http,
                router(Arc::new(site)),
                Entrance::default(),
                stopping.subscribe(),
            )),
            lines: tokio::spawn(gateway::listen::serve_tcp(connections.clone(), lines)),
            listening: opened.serve(&connections),
            standalone: standalone.clone(),
            ready,
            connections,
            stopping,
            door,
            run_file,
            loops,
        })
    }

    /// Says goodbye to devices and hubs, makes durable what is on its way, and lets go of the state folder.
    pub(super) async fn end(self) {
        self.connections.shutdown().await;
        self.stopping.send_replace(true);
        // While the folder is still ours: whoever opens it next writes files of its own.
        drop((self.run_file, self.door));
        stop(self.standalone).await;
        let ended = [
            self.lines.await,
            self.http.await,
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
    }
}

async fn stop(standalone: Arc<Standalone>) {
    if let Err(error) = tokio::task::spawn_blocking(move || standalone.stop()).await {
        tracing::error!("the gateway did not end as it should: {error}");
    }
}

/// 256 random bits.
fn new_token() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("no random bytes")?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("gl_gateway_{hex}"))
}
