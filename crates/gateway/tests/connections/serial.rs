//! Lines over serial ports, which are pseudo terminals here: their other end is the device.

use crate::scripted::{Heard, PATIENCE, Stage};
use gateway::listen;
use gateway::listen::serial::{BAUD_DEFAULT, Format, Mapping, Settings};
use protocol::code::{Bye, Fault};
use protocol::intake::{Post, Said};
use protocol::line::checksum;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// A device at the other end of a port, as long as it is plugged in.
struct Device {
    master: File,
    port: PathBuf,
}

impl Device {
    /// Plugs one in, whose port is called `name` in `folder`.
    fn plug(folder: &Path, name: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let slave = ptsname(&master, Vec::new()).expect("it has a name");
        let port = folder.join(name);
        symlink(slave.to_str().expect("a path"), &port).expect("no other is called so");
        Self { master: File::from(master), port }
    }

    fn says(&self, text: &str) {
        (&self.master).write_all(text.as_bytes()).expect("it is plugged in");
    }

    fn says_checked(&self, object: &str) {
        let mut line = object.as_bytes().to_vec();
        checksum::append(&mut line);
        line.push(b'\n');
        (&self.master).write_all(&line).expect("it is plugged in");
    }

    /// The next line that is said to it.
    async fn hears(&self) -> String {
        let master = self.master.try_clone().expect("a file");
        let hears = move || {
            let mut line = Vec::new();
            while line.last() != Some(&b'\n') {
                let patience = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
                let ready = poll(&mut [PollFd::new(&master, PollFlags::IN)], Some(&patience));
                assert_eq!(ready, Ok(1), "nothing is said any more");
                let mut byte = [0];
                (&master).read_exact(&mut byte).expect("it is plugged in");
                line.push(byte[0]);
            }
            String::from_utf8(line).expect("text").trim_end().to_owned()
        };
        spawn_blocking(hears).await.expect("it hears")
    }

    async fn hears_a(&self, beginning: &str) {
        let line = self.hears().await;
        assert!(line.starts_with(beginning), "{line} instead of {beginning}");
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        std::fs::remove_file(&self.port).expect("it is there");
    }
}

fn settings(port: PathBuf) -> Settings {
    Settings { port, baud: BAUD_DEFAULT, crc: false, map: None }
}

async fn stage(settings: Settings) -> Stage {
    let stage = Stage::new().await;
    tokio::spawn(listen::serve_serial(stage.gateway.clone(), settings));
    stage
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

#[tokio::test]
async fn a_port_speaks_lines_and_says_who_has_not_identified() {
    let folder = folder();
    let device = Device::plug(folder.path(), "ttyTEST0");
    let mut stage = stage(settings(device.port.clone())).await;
    stage.counts(1).await;
    device.says("\n");
    assert_eq!(device.hears().await, "{\"need\":\"identify\"}");
    device.says("{\"identify\":\"pump-1\",\"nonce\":7}\r\n");
    let asked = stage.asked().await;
    assert_eq!(asked.peer.address, format!("serial {}", device.port.display()));
    let mut conversation = asked.welcome(Some(0));
    device.hears_a("{\"welcome\":\"pump-1\",\"nonce\":7").await;
    device.says("{\"seq\":1,\"channel\":\"x\",\"value\":21.50}\n");
    assert_eq!(conversation.takes().await, "1 x 21.50");
    conversation.commit(Some(1), 1);
    assert_eq!(device.hears().await, "{\"ack\":1}");
}

#[tokio::test]
async fn checksums_are_checked_and_written_and_a_damaged_line_was_not_received() {
    let folder = folder();
    let device = Device::plug(folder.path(), "ttyTEST0");
    let mut stage = stage(Settings { crc: true, ..settings(device.port.clone()) }).await;
    stage.counts(1).await;
    device.says_checked("{\"identify\":\"pump-1\",\"nonce\":7}");
    let mut conversation = stage.asked().await.welcome(Some(0));
    let welcome = device.hears().await;
    assert!(matches!(checksum::split(welcome.as_bytes()), checksum::Checksum::Right(_)), "{welcome}");
    device.says_checked("{\"seq\":1,\"channel\":\"x\",\"value\":1}");
    assert_eq!(conversation.takes().await, "1 x 1");
    device.says("{\"seq\":2,\"channel\":\"x\",\"value\":3} *7a8e38da\n");
    device.hears_a("{\"error\":{\"line\":3,\"at\":0,\"code\":\"bad_checksum\"").await;
    // Its checksum was hit as well: still no gap.
    device.says("{\"seq\":2,\"channel\":\"x\",\"val *7a\n");
    device.hears_a("{\"error\":{\"line\":4,\"at\":0,\"code\":\"bad_checksum\"").await;
    device.says_checked("{\"seq\":2,\"channel\":\"x\",\"value\":2}");
    assert_eq!(conversation.takes().await, "2 x 2");
    assert!(conversation.hears_nothing_more());
    assert_eq!(stage.gateway.serial_counts().damaged_lines(), 2);
}

#[tokio::test]
async fn a_port_that_vanishes_is_a_disconnect_and_one_that_appears_is_opened() {
    let folder = folder();
    let mut stage = stage(settings(folder.path().join("ttyTEST*"))).await;
    let device = Device::plug(folder.path(), "ttyTEST0");
    stage.counts(1).await;
    device.says("{\"identify\":\"pump-1\"}\n");
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
    drop(device);
    conversation.ends().await;
    stage.counts(0).await;
    let (one, other) = (Device::plug(folder.path(), "ttyTEST0"), Device::plug(folder.path(), "ttyTEST1"));
    stage.counts(2).await;
    for (device, id) in [(&one, "pump-1"), (&other, "pump-2")] {
        device.says(&format!("{{\"identify\":\"{id}\"}}\n"));
        let _welcome = stage.asked().await.welcome(None);
        device.hears_a("{\"welcome\"").await;
    }
}

#[tokio::test]
async fn a_device_that_only_prints_gets_an_id_names_and_units() {
    let folder = folder();
    let device = Device::plug(folder.path(), "ttyTEST0");
    let map = Mapping {
        device: "scale-1".to_owned(),
        token: "secret".to_owned(),
        format: Format::Csv,
        names: vec!["weight".to_owned(), "temp".to_owned()],
        units: vec!["kg".to_owned()],
        separator: None,
        header: true,
    };
    let mut stage = stage(Settings { map: Some(map), ..settings(device.port.clone()) }).await;
    let asked = stage.asked().await;
    assert_eq!(asked.identify.device.as_ref().map(|device| device.as_str()), Some("scale-1"));
    assert_eq!(asked.identify.token.as_deref(), Some("secret"));
    let mut conversation = asked.welcome(None);
    assert!(matches!(conversation.hears().await, Heard::Said { said: Said::Describe(_), .. }));
    device.says("Scale v1.2 ready\r\nweight,temp\r\n12.30,nan\r\n12");
    assert_eq!(conversation.takes().await, "weight 12.30");
    device.says(".40,21\r\n");
    assert_eq!(conversation.takes().await, "weight 12.40");
    let counts = stage.gateway.serial_counts();
    assert_eq!((counts.printed_samples(), counts.printed_skipped()), (2, 1));
    // What the hub side says ends a conversation, not the port: it begins again.
    conversation.outlet.post(Post::Bye(Bye::Removed));
    let mut again = stage.asked().await.welcome(None);
    assert!(matches!(again.hears().await, Heard::Said { said: Said::Describe(_), .. }));
    device.says("12.50,21\r\n");
    assert_eq!(again.takes().await, "weight 12.50");
}

#[tokio::test]
async fn a_refused_device_is_told_and_may_try_again_on_the_same_line() {
    let folder = folder();
    let device = Device::plug(folder.path(), "ttyTEST0");
    let mut stage = stage(settings(device.port.clone())).await;
    stage.counts(1).await;
    device.says("{\"identify\":\"pump-1\",\"token\":\"wrong\"}\n");
    stage.asked().await.outlet.post(Post::Refused { fault: Some(Fault::Auth), bye: Bye::Auth });
    device.hears_a("{\"error\"").await;
    assert_eq!(device.hears().await, "{\"bye\":\"auth\",\"again\":\"never\"}");
    stage.counts(0).await;
    stage.counts(1).await;
    device.says("{\"identify\":\"pump-1\",\"token\":\"right\"}\n");
    let _welcome = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
}
