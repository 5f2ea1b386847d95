//! sslscan: which versions of TLS and which ciphers are spoken, for pages and for devices.

use crate::attack::bounded;
use crate::attack::programs::{Program, of_system};
use crate::attack::target::Target;
use crate::attack::tool::{Outcome, Tool};
use std::time::Duration;

pub(super) const TOOL: Tool = Tool {
    name: "sslscan",
    does: "versions and ciphers of TLS, for pages and for devices",
    program: |_| of_system("sslscan", "--version"),
    play,
};

/// How long it may take for one listener.
const LIMIT: Duration = Duration::from_secs(60);
/// What both must be able to, and all that they may.
const VERSIONS: &[&str] = &["TLSv1.2", "TLSv1.3"];
/// Bits of a key, at least.
const BITS_MIN: u32 = 128;
/// What a cipher is named for that nobody should use: no secrecy, or a broken one, or no proof of who speaks.
const WEAK: &[&str] =
    &["NULL", "EXP", "RC4", "RC2", "DES", "MD5", "ADH", "AECDH", "anon", "SEED", "IDEA", "CBC"];

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    for listener in ["https", "tls"] {
        let mut scan = program.command();
        scan.args(["--no-colour", target.address(listener)]);
        let said = bounded::run(&scan, target.folder(), &format!("sslscan-{listener}"), LIMIT)?;
        let (figures, findings) = judge(&said);
        if !outcome.figures.is_empty() {
            outcome.figures.push_str("; ");
        }
        outcome.figures.push_str(&format!("{listener}: {figures}"));
        outcome.findings.extend(findings.into_iter().map(|finding| format!("{listener}: {finding}")));
    }
    Ok(outcome)
}

/// Figures and findings in what it says of one listener.
fn judge(said: &str) -> (String, Vec<String>) {
    let (mut findings, mut spoken, mut silent, mut ciphers) = (Vec::new(), Vec::new(), 0, 0);
    for line in said.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [version, "enabled"] if version.starts_with("TLSv") || version.starts_with("SSLv") => {
                spoken.push(version)
            }
            [version, "disabled"] if version.starts_with("TLSv") || version.starts_with("SSLv") => {
                silent += 1
            }
            ["Preferred" | "Accepted", version, bits, "bits", cipher, ..] => {
                ciphers += 1;
                let is_weak = bits.parse::<u32>().is_ok_and(|bits| bits < BITS_MIN)
                    || WEAK.iter().any(|weak| cipher.contains(weak));
                if is_weak {
                    findings.push(format!("{version} with {cipher}, {bits} bits"));
                }
            }
            [version, "vulnerable", "to", "heartbleed"] => findings.push(format!("{version} bleeds")),
            ["Compression", "enabled"] => findings.push("it compresses".to_owned()),
            ["Insecure", ..] => findings.push(line.trim().to_owned()),
            _ => {}
        }
    }
    if spoken != VERSIONS {
        findings.push(format!("it speaks {spoken:?}"));
    }
    if ciphers == 0 {
        findings.push("no cipher was found".to_owned());
    }
    let mut figures = format!("{}, {silent} older disabled, {ciphers} ciphers", spoken.join(" and "));
    if said.contains("does not support compression") {
        figures.push_str(" (compression was not tried: this sslscan cannot)");
    }
    (figures, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: &str = "
SSLv3     disabled
TLSv1.1   disabled
TLSv1.2   enabled
TLSv1.3   enabled
Session renegotiation not supported
TLSv1.2 not vulnerable to heartbleed
Preferred TLSv1.3  128 bits  TLS_AES_128_GCM_SHA256        Curve 25519 DHE 253
Accepted  TLSv1.2  256 bits  ECDHE-ECDSA-CHACHA20-POLY1305 Curve 25519 DHE 253
";

    #[test]
    fn what_is_old_or_weak_is_found() {
        let (figures, findings) = judge(WELL);
        assert_eq!(figures, "TLSv1.2 and TLSv1.3, 2 older disabled, 2 ciphers");
        assert!(findings.is_empty(), "{findings:?}");
        for (from, to) in [
            ("TLSv1.1   disabled", "TLSv1.1   enabled"),
            ("TLSv1.2   enabled", "TLSv1.2   disabled"),
            ("not vulnerable", "vulnerable"),
            ("Session renegotiation", "Compression enabled\nSession"),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-DES-CBC3-SHA"),
            ("256 bits", "112 bits"),
        ] {
            assert_eq!(judge(&WELL.replacen(from, to, 1)).1.len(), 1, "{to}");
        }
        assert_eq!(judge("Could not open a connection").1.len(), 2);
    }
}
