//! The table of tools: a file for each here, with how it is used and how it is judged.

mod autobahn;
mod nmap;
mod schemathesis;
mod slowhttptest;
mod sslscan;
mod wapiti;

use super::tool::Tool;
use anyhow::Context as _;

/// Each, in the order in which they are used.
const TOOLS: &[Tool] =
    &[sslscan::TOOL, nmap::TOOL, slowhttptest::TOOL, autobahn::TOOL, schemathesis::TOOL, wapiti::TOOL];

/// Those with these names; all of them without any.
pub(super) fn named(names: &[&str]) -> anyhow::Result<Vec<&'static Tool>> {
    if names.is_empty() {
        return Ok(TOOLS.iter().collect());
    }
    let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    let one = |name: &&str| {
        let tool = TOOLS.iter().find(|tool| tool.name == *name);
        tool.with_context(|| format!("there is no tool “{name}”, but {}", known.join(", ")))
    };
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_by_name() {
        assert_eq!(named(&[]).expect("all").len(), TOOLS.len());
        let one = named(&["nmap"]).expect("it is one");
        assert_eq!(one.iter().map(|tool| tool.name).collect::<Vec<_>>(), ["nmap"]);
        let error = named(&["nmpa"]).err().expect("there is none");
        assert!(error.to_string().contains("sslscan, nmap, slowhttptest"), "{error}");
    }
}
