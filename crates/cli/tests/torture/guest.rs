//! What runs inside a machine of its own. Its console is the only witness: a line for everything that happened.

use crate::rig::{Device, Hub};
use serde_json::Value;
use std::process::ExitCode;

/// The first argument that makes this program the guest's.
pub(crate) const COMMAND: &str = "guest";
/// Where its disk is mounted.
pub(crate) const DISK: &str = "/run/disk";
/// The hub's configuration, in the folder in which the guest starts.
pub(crate) const CONFIGURATION: &str = "glassline.toml";
/// Said once it runs.
pub(crate) const MOUNTED: &str = "mounted";
/// Said once everything that is stored was said.
pub(crate) const LISTED: &str = "listed";
/// Devices that load the hub before the power is cut.
pub(crate) const DEVICES: u64 = 6;
/// A device sends so many before it waits for an ack.
const UNACKED_MAX: u64 = 32;
/// Counters of a boot begin at its number times this, so that no counter is used twice.
const OF_ONE_BOOT: u64 = 1_000_000;

/// The id of a device.
pub(crate) fn device(number: u64) -> String {
    format!("pump-{number}")
}

/// Lists what is stored, then loads the hub until the power is cut.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    println!("{MOUNTED}");
    let [boot] = arguments else { return ExitCode::from(2) };
    let boot: u64 = boot.parse().expect("the number of the boot");
    let home = tempfile::tempdir().expect("memory");
    std::os::unix::fs::symlink(DISK, home.path().join("state")).expect("a link");
    let configuration = std::env::current_dir().expect("it is there").join(CONFIGURATION);
    let configuration = configuration.to_str().expect("a path of ours").to_owned();
    let hub = Hub::begin(home, &["serve", "--config", &configuration]);
    for id in (1..=DEVICES).map(device) {
        // On the first boot, or where everything was lost, there is no such device.
        let samples = hub.get(&format!("/api/devices/{id}/channels/n/samples?format=ndjson"));
        for line in samples.body.lines().filter(|_| samples.status == 200) {
            let sample: Value = serde_json::from_str(line).expect("a sample");
            let session = sample["session"].as_str().expect("it was numbered");
            println!("stored {id} {} {session} {}", sample["value"], sample["seq"]);
        }
    }
    println!("{LISTED}");
    std::thread::scope(|scope| {
        for id in (1..=DEVICES).map(device) {
            let connection = identified(&hub, &id);
            scope.spawn(move || load(connection, &id, boot * OF_ONE_BOOT));
        }
    });
    ExitCode::SUCCESS
}

/// A device without storage, that begins anew with each boot.
fn identified(hub: &Hub, id: &str) -> Device {
    let mut device = hub.connect();
    // Its own token was lost with the power. It was never used, so the join token does.
    device
        .says(&format!(r#"{{"identify":"{id}","token":"{}","nonce":1,"boot":true}}"#, hub.of_ready("join")));
    device.hears("welcome");
    device
}

fn load(mut device: Device, id: &str, base: u64) {
    let mut acked = 0;
    for seq in 1.. {
        device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{}}}"#, base + seq));
        while seq - acked >= UNACKED_MAX {
            acked = device.hears("ack")["ack"].as_u64().expect("a number");
            println!("acked {id} {} {}", base + 1, base + acked);
        }
    }
}
