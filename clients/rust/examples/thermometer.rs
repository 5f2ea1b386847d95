//! A thermometer with a fan: sends a temperature each second and obeys a switch.
//!
//! ```sh
//! cargo run -p glassline-client --example thermometer -- tcp://127.0.0.1:7070 thermometer-1 JOIN-TOKEN
//! ```
//!
//! With a folder as the fourth argument the outbox is kept there, and what is not taken over yet survives the program.

use glassline_client::Settings;
use glassline_client::blocking::Device;
use serde_json::json;
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let argument = |at: usize, otherwise: &str| arguments.get(at).map_or(otherwise.to_owned(), String::clone);
    let mut settings =
        Settings::new(&argument(1, "tcp://127.0.0.1:7070"), &argument(2, "thermometer-1"), &argument(3, ""))?;
    if let Some(folder) = arguments.get(4) {
        settings = settings.stored_in(folder);
    }
    let device = Device::with(settings)?;
    device.describe(json!({
        "temperature": {"unit": "°C", "min": 0, "max": 50, "every": 1000},
        "fan": {"input": "switch"},
    }));
    let fan = Arc::new(AtomicBool::new(false));
    let switched = fan.clone();
    device.on_command("fan", move |on: bool| {
        switched.store(on, Ordering::Relaxed);
        Ok(on)
    });
    device.on_connected(|resumed| eprintln!("connected{}", if resumed { " again" } else { "" }));
    device.on_disconnected(|why| eprintln!("disconnected: {why}"));
    device.on_token(|token| eprintln!("from now on its token is {token}"));
    device.connect();
    let mut temperature = 20.0_f64;
    loop {
        temperature += if fan.load(Ordering::Relaxed) { -0.4 } else { 0.2 };
        temperature = temperature.clamp(5.0, 45.0);
        let accepted = device.send("temperature", (temperature * 10.0).round() / 10.0);
        writeln!(
            std::io::stdout(),
            "{temperature:.1} °C, {}",
            if accepted { "accepted" } else { "not accepted" }
        )?;
        sleep(Duration::from_secs(1));
    }
}
