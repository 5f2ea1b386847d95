//! `glassline chaos`: a relay between two ports that breaks what passes in the ways that networks do.
//!
//! `fault` (pure) has which faults hold and what orders change; `relay` takes connections, `pump` carries one direction of
//! one; `control` is where orders come from; `counts` is what is told at the end.

mod control;
mod counts;
mod fault;
mod pump;
mod relay;

use crate::stop::Stop;
use crate::{arguments, output};
use anyhow::{Context as _, Result};
use counts::Counts;
use fault::{Faults, Holds, Order};
use relay::Relay;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Relays until Ctrl-C, SIGTERM or `quit`.
///
/// # Errors
/// It cannot listen.
pub(crate) async fn run(arguments: &arguments::Chaos) -> Result<()> {
    let stop = Stop::on_signal()?;
    let listener = listen(arguments.listen).await?;
    let control = match arguments.control {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    output::announce(&format!("listening {}", listener.local_addr()?));
    if let Some(control) = &control {
        output::announce(&format!("control {}", control.local_addr()?));
    }
    let (faults, told) = watch::channel(begin(arguments));
    let counts = Arc::new(Counts::default());
    let relay = Relay {
        to: arguments.to.as_str().into(),
        faults: told,
        counts: counts.clone(),
        seed: arguments.seed,
    };
    tokio::spawn(relay.run(listener));
    let (orders, mut given) = control::channel();
    control::obey_input(orders.clone());
    if let Some(control) = control {
        tokio::spawn(control::obey_port(control, orders.clone()));
    }
    let over = async {
        tokio::select! {
            () = stop.asked() => {}
            () = tokio::time::sleep(arguments.duration()) => {}
        }
    };
    tokio::pin!(over);
    loop {
        let order = tokio::select! {
            () = &mut over => break,
            // It has a sender here.
            Some(given) = given.recv() => {
                let said = obey(given.order, &faults, &counts);
                // Whoever has gone since needs no answer.
                let _gone = given.answer.send(said);
                given.order
            }
        };
        if order == Order::Quit {
            break;
        }
    }
    output::line(&format!("counts {counts}"))
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// The faults to begin with.
fn begin(arguments: &arguments::Chaos) -> Faults {
    let holds = |begins| if begins { Holds::Always } else { Holds::Not };
    Faults {
        stall: holds(arguments.stall),
        half_open: holds(arguments.half_open),
        refuse: holds(arguments.refuse),
        trickle: arguments.trickle,
        delay: Duration::from_millis(arguments.delay),
        jitter: Duration::from_millis(arguments.jitter),
        corrupt: arguments.corrupt,
        cut_after: arguments.cut_after,
        ..Faults::default()
    }
}

/// What to answer.
fn obey(order: Order, faults: &watch::Sender<Faults>, counts: &Counts) -> String {
    match order {
        Order::Counts => format!("counts {counts}"),
        order => {
            faults.send_modify(|faults| faults.obey(order, Instant::now()));
            "ok".to_owned()
        }
    }
}
