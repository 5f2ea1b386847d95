//! Connections of devices to a hub, spoken to through the intake as a gateway would.

use hub::auth::{Grant, Sight};
use hub::{Hub, Settings};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::intake::{Intake, Lane, Outlet, Peer, Post, Said};
use protocol::message::{Identify, Sample, Samples, Welcome};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// A connection of a device, without a socket.
pub(crate) struct Wire {
    posts: mpsc::UnboundedReceiver<Post>,
    outlet: Arc<Sender>,
    connection: u64,
}

struct Sender(mpsc::UnboundedSender<Post>);

impl Outlet for Sender {
    fn post(&self, post: Post) {
        // A connection that is gone hears nothing.
        let _ = self.0.send(post);
    }
}

impl Wire {
    /// A new one.
    pub(crate) fn new() -> Self {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
        let (sender, posts) = mpsc::unbounded_channel();
        Self {
            posts,
            outlet: Arc::new(Sender(sender)),
            connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(crate) fn identify(&self, hub: &Hub, identify: Identify) {
        let peer = Peer { connection: self.connection, address: "test".into(), is_local: false };
        hub.identify(identify, peer, self.outlet.clone());
    }

    /// The same from this machine itself.
    pub(crate) fn identify_locally(&self, hub: &Hub, identify: Identify) {
        let peer = Peer { connection: self.connection, address: "test".into(), is_local: true };
        hub.identify(identify, peer, self.outlet.clone());
    }

    /// How the connection ends from the hub's side.
    pub(crate) async fn bye(&mut self) -> Bye {
        loop {
            match self.next().await {
                Post::Bye(bye) | Post::Refused { bye, .. } => return bye,
                _ => {}
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Post {
        self.posts.recv().await.expect("the hub holds the other end")
    }

    pub(crate) async fn welcome(&mut self) -> (Welcome, Arc<dyn Lane>) {
        match self.next().await {
            Post::Welcome { welcome, lane } => (welcome, lane),
            Post::Refused { bye, .. } => panic!("refused: {bye}"),
            _ => panic!("something else came before the welcome"),
        }
    }

    pub(crate) async fn refusal(&mut self) -> Bye {
        match self.next().await {
            Post::Refused { bye, .. } => bye,
            _ => panic!("not refused"),
        }
    }

    pub(crate) async fn committed(&mut self) -> Option<u64> {
        match self.next().await {
            Post::Committed { seq, .. } => seq,
            _ => panic!("something else than a commit"),
        }
    }
}

/// The administrator, who may everything.
pub(crate) fn administrator(hub: &Hub) -> Grant {
    hub.auth().administrator(hub.auth().admin_token()).expect("the administrator")
}

/// The proof that the administrator may see a device.
pub(crate) fn sight(hub: &Hub, id: &str) -> Sight {
    administrator(hub).sight(id).expect("the administrator may see all")
}

pub(crate) async fn open(folder: &Path) -> Arc<Hub> {
    Hub::open(folder, Settings::default()).expect("the folder is ours")
}

/// The administrator.
pub(crate) fn admin(hub: &Hub) -> hub::auth::Grant {
    hub.auth().administrator(hub.auth().admin_token()).expect("the administrator")
}

/// Whether somebody with this token is welcome as this device.
pub(crate) async fn is_welcome(hub: &Hub, id: &str, token: &str) -> bool {
    let mut wire = Wire::new();
    wire.identify(hub, plain(id, token));
    match wire.next().await {
        Post::Welcome { .. } => true,
        Post::Refused { bye: Bye::Auth, .. } => false,
        _ => panic!("neither welcome nor refused"),
    }
}

pub(crate) async fn close(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

pub(crate) fn plain(id: &str, token: &str) -> Identify {
    Identify { device: DeviceId::parse(id), token: Some(token.into()), ..Identify::default() }
}

pub(crate) fn temperature(seq: Option<u64>, value: &str) -> Said {
    let value = serde_json::value::RawValue::from_string(value.into()).expect("JSON");
    Said::Samples(Samples {
        seq,
        ts: None,
        samples: vec![Sample { channel: "temperature".into(), value }],
        outbox: None,
    })
}
