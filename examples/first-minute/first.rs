//! cargo run -p glassline-client --example first
use glassline_client::blocking::Device;
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::new("tcp://HOST:PORT", "rust-1", "TOKEN")?;
    device.describe(json!({"level": {"unit": "%", "min": 0, "max": 100}, "lamp": {"input": "switch"}}));
    device.on_command("lamp", |on: bool| Ok(on)); // the result; an error would be the reason why not
    device.connect();
    for level in (0..=100).cycle().step_by(7) {
        device.send("level", level);
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    Ok(())
}
