//! Where orders come from: standard input, and connections to the control port.

use super::fault::Order;
use crate::output;
use std::io::BufRead as _;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Orders that wait to be obeyed. Whoever gives one more waits.
const ORDERS_MAX: usize = 16;

/// Connections to the control port at once. One more is ended.
const CONTROLS_MAX: usize = 8;

/// Bytes of orders that one connection to the control port may give. Then it is ended.
const CONTROL_BYTES_MAX: u64 = 1024 * 1024;

/// An order, and where to answer it.
pub(super) struct Given {
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<String>,
}

/// Where orders arrive.
pub(super) fn channel() -> (mpsc::Sender<Given>, mpsc::Receiver<Given>) {
    mpsc::channel(ORDERS_MAX)
}

/// Obeys standard input, to its end, in a thread of its own: reading it cannot be given up.
pub(super) fn obey_input(orders: mpsc::Sender<Given>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let answer = match Order::parse(&line) {
                _ if line.trim().is_empty() => continue,
                Ok(order) => {
                    let (answer, answered) = oneshot::channel();
                    if orders.blocking_send(Given { order, answer }).is_err() {
                        return;
                    }
                    answered.blocking_recv().unwrap_or_default()
                }
                Err(why) => format!("no: {why}"),
            };
            output::announce(&answer);
        }
    });
}

/// Obeys those who connect to `listener`, for ever.
pub(super) async fn obey_port(listener: TcpListener, orders: mpsc::Sender<Given>) {
    let seats = Arc::new(Semaphore::new(CONTROLS_MAX));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(seat) = seats.clone().try_acquire_owned() else { continue };
        let orders = orders.clone();
        tokio::spawn(async move {
            // Whoever has hung up needs no answer.
            let _gone = obey(stream, orders).await;
            drop(seat);
        });
    }
}

async fn obey(mut stream: TcpStream, orders: mpsc::Sender<Given>) -> std::io::Result<()> {
    let (reads, mut writes) = stream.split();
    let mut lines = BufReader::new(reads.take(CONTROL_BYTES_MAX)).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            continue;
        }
        let said = match Order::parse(&line) {
            Ok(order) => {
                let (answer, answered) = oneshot::channel();
                if orders.send(Given { order, answer }).await.is_err() {
                    return Ok(());
                }
                answered.await.unwrap_or_default()
            }
            Err(why) => format!("no: {why}"),
        };
        writes.write_all(format!("{said}\n").as_bytes()).await?;
    }
    Ok(())
}
