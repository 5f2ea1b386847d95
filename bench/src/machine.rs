//! What a table was measured on.

use std::process::Command;

use serde_json::{Value, json};

use crate::peer::Installed;

/// The processors, the system and the time.
pub(crate) struct Machine {
    processor: String,
    kernel: String,
    date: String,
    versions: Vec<(String, String)>,
}

impl Machine {
    pub(crate) fn new(installed: &Installed) -> Machine {
        let glassline = ("glassline".to_owned(), installed.glassline_version.clone());
        let peers = installed.peers().iter();
        let peers = peers.map(|(peer, program)| (peer.name().to_owned(), program.version.clone()));
        Machine {
            processor: processor(),
            kernel: said_by("uname", &["-sr"]),
            date: said_by("date", &["+%Y-%m-%d"]),
            versions: std::iter::once(glassline).chain(peers).collect(),
        }
    }

    pub(crate) fn print(&self) {
        println!("{}; {}; {}", self.processor, self.kernel, self.date);
        let versions: Vec<String> =
            self.versions.iter().map(|(name, version)| format!("{name}: {version}")).collect();
        println!("{}", versions.join("; "));
        println!("All on 127.0.0.1; a message of about 100 bytes; median (least … greatest) of the rounds.");
        println!(
            "Others: the part of the processors that other programs had; with more than 5 % measure again."
        );
    }

    pub(crate) fn json(&self) -> Value {
        let versions: serde_json::Map<String, Value> =
            self.versions.iter().map(|(name, version)| (name.clone(), version.as_str().into())).collect();
        json!({"processor": self.processor, "kernel": self.kernel, "date": self.date, "versions": versions})
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("model name"))
        .filter_map(|line| line.split_once(':'))
        .map(|(_, model)| model.trim())
        .collect();
    format!("{} × {}", models.len(), models.first().unwrap_or(&"unknown processors"))
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
