//! Devices that speak with the hub while it is attacked, so that there is something to be seen and to be driven.

use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// The first are those of the examples in `openapi.json`.
pub(super) const DEVICES: &[&str] = &["boiler-7", "pump-1", "station-2"];
/// How often each says something.
const EVERY: Duration = Duration::from_millis(200);

/// They, until this is dropped.
pub(super) struct Guests {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Guests {
    /// They come to the listener at `lines`, with the token for new devices.
    pub(super) fn come(lines: &str, join: &str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let one = |device: &'static str| {
            let (lines, join, over) = (lines.to_owned(), join.to_owned(), over.clone());
            spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    // Whoever may delete devices may also send this one away: it comes again.
                    if speak(&lines, &join, device, &over).is_err() {
                        std::thread::sleep(EVERY);
                    }
                }
            })
        };
        let threads = DEVICES.iter().map(|device| one(device)).collect();
        Self { over, threads }
    }
}

/// One conversation of a plain device, until it breaks off or all is over.
fn speak(lines: &str, join: &str, device: &str, over: &AtomicBool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(lines)?;
    stream.set_read_timeout(Some(EVERY))?;
    let identify = json!({ "identify": device, "token": join });
    let describe = json!({ "describe": { "fan": { "input": "switch" }, "speed": { "input": "slider" } } });
    write!(stream, "{identify}\n{describe}\n")?;
    for count in 0_u32.. {
        let values = json!({ "temperature": 20.0 + f64::from(count % 50) / 10.0, "speed": count % 7 });
        writeln!(stream, "{values}")?;
        // What it is told it passes over; when nothing is, the time until the next value goes by here.
        match stream.read(&mut [0; 4096]) {
            Ok(0) => break,
            Err(error)
                if !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                return Err(error);
            }
            _ => {}
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

impl Drop for Guests {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}
