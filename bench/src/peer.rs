//! The servers that are measured: Glassline, and what a user would take instead.
//!
//! Each is a process of its own on a free port of 127.0.0.1 with a folder of its own, started for one round and killed
//! behind it. How it is configured, and why that is fair, stands in its module.

mod bun;
mod child;
pub(crate) mod glassline;
pub(crate) mod install;
pub(crate) mod mosquitto;
pub(crate) mod nats;
mod node;
mod stored;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::load::{Ear, Script, Voice, line, mqtt, nats as nats_wire, websocket};
pub(crate) use child::Child;
pub(crate) use install::{Installed, Peer};

/// A row of a table: a server, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// As shipped. Devices send without numbers, as fire-and-forget as the peers'.
    Glassline,
    /// The same with `durability = "memory"`.
    GlasslineMemory,
    /// As shipped, with devices that number their messages: each is acked when it is on disk.
    GlasslineAcked,
    /// As shipped, with a gateway between devices and hub: the processor time is that of both.
    GlasslineGateway,
    /// MQTT with quality of service 0.
    Mosquitto,
    /// The same with 1 from the device: each message is acked when it is in memory. Panels subscribe with 0.
    MosquittoAcked,
    /// Mosquitto with QoS 1 and persistence, as shipped.
    MosquittoStored,
    Nats,
    /// NATS with JetStream in files, as shipped.
    JetStream,
    /// The same with `sync_interval: always`.
    JetStreamSynced,
    Uws,
    Node,
}

/// Those that compare like with like: nothing is acked.
pub(crate) const PLAIN: &[Contender] = &[
    Contender::Glassline,
    Contender::GlasslineMemory,
    Contender::Mosquitto,
    Contender::Nats,
    Contender::Uws,
    Contender::Node,
];

/// The same, and those that ack.
pub(crate) const ALL: &[Contender] = &[
    Contender::Glassline,
    Contender::GlasslineMemory,
    Contender::GlasslineAcked,
    Contender::Mosquitto,
    Contender::MosquittoAcked,
    Contender::Nats,
    Contender::Uws,
    Contender::Node,
];

impl Contender {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Glassline => "glassline",
            Contender::GlasslineMemory => "glassline, memory",
            Contender::GlasslineAcked => "glassline, acked",
            Contender::GlasslineGateway => "glassline, gateway",
            Contender::Mosquitto => "mosquitto",
            Contender::MosquittoAcked => "mosquitto, QoS 1",
            Contender::MosquittoStored => "mosquitto, persistence",
            Contender::Nats => "nats",
            Contender::JetStream => "jetstream",
            Contender::JetStreamSynced => "jetstream, synced",
            Contender::Uws => "uws",
            Contender::Node => "node",
        }
    }

    /// Which peer it is; none is Glassline itself.
    pub(crate) fn peer(self) -> Option<Peer> {
        match self {
            Contender::Glassline
            | Contender::GlasslineMemory
            | Contender::GlasslineAcked
            | Contender::GlasslineGateway => None,
            Contender::Mosquitto | Contender::MosquittoAcked | Contender::MosquittoStored => {
                Some(Peer::Mosquitto)
            }
            Contender::Nats | Contender::JetStream | Contender::JetStreamSynced => Some(Peer::Nats),
            Contender::Uws => Some(Peer::Uws),
            Contender::Node => Some(Peer::Node),
        }
    }

    /// Whether a device waits for acks: it has so many messages unacked at most as Glassline's window permits.
    pub(crate) fn acks(self) -> bool {
        use Contender::{GlasslineAcked, JetStream, JetStreamSynced, MosquittoAcked, MosquittoStored};
        matches!(self, GlasslineAcked | MosquittoAcked | MosquittoStored | JetStream | JetStreamSynced)
    }
}

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// The gateway in front of it, where there is one.
    gateway: Option<Child>,
    contender: Contender,
    site: Site,
}

/// Where it is, and what is spoken there.
enum Site {
    Glassline(glassline::Hub),
    Mqtt(SocketAddr),
    Nats(SocketAddr),
    WebSocket(SocketAddr),
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(contender: Contender, installed: &Installed) -> anyhow::Result<Server> {
        let mut gateway = None;
        let (child, site) = match contender {
            Contender::GlasslineGateway => {
                let (child, mut hub) = glassline::serve(installed, "disk")?;
                gateway = Some(hub.stand_behind(installed)?);
                (child, Site::Glassline(hub))
            }
            Contender::Glassline | Contender::GlasslineAcked => glassline::start(installed, "disk")?,
            Contender::GlasslineMemory => glassline::start(installed, "memory")?,
            Contender::Mosquitto | Contender::MosquittoAcked => {
                let (child, address) = mosquitto::start(installed, mosquitto::MEMORY)?;
                (child, Site::Mqtt(address))
            }
            Contender::MosquittoStored => {
                let (child, address) = stored::persistent_mosquitto(installed)?;
                (child, Site::Mqtt(address))
            }
            Contender::JetStream => {
                let (child, address) = stored::jetstream(installed, stored::Sync::Default)?;
                (child, Site::Nats(address))
            }
            Contender::JetStreamSynced => {
                let (child, address) = stored::jetstream(installed, stored::Sync::Always)?;
                (child, Site::Nats(address))
            }
            Contender::Nats => {
                let (child, address) = nats::start(installed, nats::CORE)?;
                (child, Site::Nats(address))
            }
            Contender::Uws => bun::start(installed)?,
            Contender::Node => node::start(installed)?,
        };
        Ok(Server { child, gateway, contender, site })
    }

    /// Starts Glassline as shipped on a copy of a file of its store, and waits until it listens. Beside it comes the time
    /// that this took, without the copying.
    pub(crate) fn start_with(database: &Path, installed: &Installed) -> anyhow::Result<(Server, Duration)> {
        let folder = installed.folder("glassline")?;
        let state = folder.path().join("state");
        std::fs::create_dir(&state)?;
        let copy = state.join(database.file_name().context("a database without a name")?);
        std::fs::copy(database, &copy)?;
        // Otherwise the copy is still on its way to the disk while the start is measured.
        std::fs::File::open(&copy)?.sync_all()?;
        let begun = Instant::now();
        let (child, hub) = glassline::serve_in(folder, installed, "disk")?;
        let server =
            Server { child, gateway: None, contender: Contender::Glassline, site: Site::Glassline(hub) };
        Ok((server, begun.elapsed()))
    }

    /// Where it is, if it is Glassline.
    pub(crate) fn hub(&self) -> Option<&glassline::Hub> {
        match &self.site {
            Site::Glassline(hub) => Some(hub),
            _ => None,
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// All its processes.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        std::iter::once(&self.child).chain(&self.gateway).map(Child::pid)
    }

    /// Makes this many devices known, where a server keeps such a list.
    pub(crate) fn make_devices(&mut self, count: usize) -> anyhow::Result<()> {
        match &mut self.site {
            Site::Glassline(hub) => hub.make_devices(count),
            _ => Ok(()),
        }
    }

    /// How a device, by its number, opens its connection and publishes.
    pub(crate) fn device(&self, number: usize) -> Script {
        let id = format!("d{number}");
        let acked = self.contender.acks();
        match &self.site {
            Site::Glassline(hub) => Script {
                address: hub.lines,
                steps: line::device_steps(&id, hub.device_token(number), acked),
                voice: if acked { Voice::Numbered } else { Voice::Line },
                ear: if acked { Ear::ACKS } else { Ear::Nothing },
            },
            // A PUBACK has four bytes.
            Site::Mqtt(_) if acked => self.relayed(&id, None, Ear::Acks { bytes: 4 }),
            // Whoever publishes names a topic for the answer, and hears that.
            Site::Nats(_) if acked => {
                self.relayed(&format!("d.{id} a{number}"), Some(&format!("a{number}")), Ear::STORED)
            }
            _ => self.relayed(&id, None, Ear::Nothing),
        }
    }

    /// How a panel opens its connection and is shown what the device with this number says.
    pub(crate) fn panel(&self, number: usize) -> Script {
        let id = format!("d{number}");
        match &self.site {
            Site::Glassline(hub) => Script {
                address: hub.http,
                steps: line::panel_steps(hub.http, &hub.token, &id),
                voice: Voice::Panel { device: id },
                ear: Ear::SAMPLES,
            },
            _ => self.relayed("-", Some(&id), Ear::SAMPLES),
        }
    }

    /// A device that hears questions and answers them, where others only publish.
    pub(crate) fn answering_device(&self, number: usize) -> Script {
        match &self.site {
            Site::Glassline(_) => {
                let mut script = Script { ear: Ear::COMMANDS, ..self.device(number) };
                script.steps.push(line::describe_step());
                script
            }
            _ => self.relayed(&format!("d{number}"), Some(&format!("c{number}")), Ear::SAMPLES),
        }
    }

    /// A panel that asks such a device.
    pub(crate) fn asking_panel(&self, number: usize) -> Script {
        match &self.site {
            Site::Glassline(_) => Script { ear: Ear::DONE, ..self.panel(number) },
            _ => self.relayed(&format!("c{number}"), Some(&format!("d{number}")), Ear::SAMPLES),
        }
    }

    /// A client of a peer: it publishes under one topic and hears another; `-` is none.
    fn relayed(&self, say: &str, hear: Option<&str>, ear: Ear) -> Script {
        let topic = say.to_owned();
        match &self.site {
            Site::Glassline(_) => unreachable!("devices and panels of Glassline speak its own protocols"),
            Site::Mqtt(address) => Script {
                address: *address,
                steps: mqtt::steps(&client_name(say, hear), hear),
                voice: Voice::Mqtt { topic, acked: matches!(ear, Ear::Acks { .. }) },
                ear,
            },
            Site::Nats(address) => {
                Script { address: *address, steps: nats_wire::steps(hear), voice: Voice::Nats { topic }, ear }
            }
            Site::WebSocket(address) => {
                let path = format!("/{say}/{}", hear.unwrap_or("-"));
                let upgrade = websocket::upgrade(*address, &path, "", b"\r\n\r\n");
                Script { address: *address, steps: vec![upgrade], voice: Voice::WebSocket, ear }
            }
        }
    }
}

/// A name that no other client of this run has: two with one name would put each other out.
fn client_name(say: &str, hear: Option<&str>) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{say}-{}-{number}", hear.unwrap_or("-"))
}
