//! `[https]`, `[proxy]` and `insecure_http`: how browsers, programs, devices over WebSocket and gateways reach the hub.

use super::listeners::TlsAddress;
use gateway::listen::tls;
use hub::http::front::{Base, Network, Proxies};
use serde::Deserialize;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Networks that `trusted` may list.
const TRUSTED_MAX: usize = 32;

/// How the hub is reached over HTTP, besides `http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Front {
    /// Over TLS.
    pub(crate) https: Option<TlsAddress>,
    /// The proxies whose word counts.
    pub(crate) proxies: Proxies,
    /// The path under which they show the hub.
    pub(crate) base: Base,
    /// Other machines may use HTTP without TLS.
    pub(crate) insecure_http: bool,
}

/// `[https]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Https {
    address: SocketAddr,
    certificate: PathBuf,
    key: PathBuf,
}

/// `[proxy]` as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proxy {
    #[serde(default)]
    trusted: Vec<Spanned<String>>,
    base_path: Option<Spanned<String>>,
}

/// What the keys say. Files are meant from `folder`.
///
/// # Errors
/// What is no network or no base path, and where it stands.
pub(super) fn front(
    https: Option<Https>,
    proxy: Proxy,
    insecure_http: bool,
    folder: &Path,
) -> Result<Front, (Range<usize>, String)> {
    if let Some(one_more) = proxy.trusted.get(TRUSTED_MAX) {
        return Err((one_more.span(), format!("there are at most {TRUSTED_MAX} of these")));
    }
    let network = |text: &Spanned<String>| {
        let network: Result<Network, _> = text.get_ref().parse();
        network.map_err(|error| (text.span(), error.to_string()))
    };
    let trusted = proxy.trusted.iter().map(network).collect::<Result<_, _>>()?;
    let base = match &proxy.base_path {
        Some(text) => text
            .get_ref()
            .parse()
            .map_err(|error: hub::http::front::BaseError| (text.span(), error.to_string()))?,
        None => Base::default(),
    };
    let https = https.map(|Https { address, certificate, key }| TlsAddress {
        address,
        files: tls::Files { certificate: folder.join(certificate), key: folder.join(key) },
    });
    Ok(Front { https, proxies: Proxies::new(trusted), base, insecure_http })
}

impl Front {
    /// What says something else than `before`: it counts from a start on.
    pub(super) fn others_than(&self, before: &Self) -> [(&'static str, bool); 3] {
        [
            ("https", self.https != before.https),
            ("proxy", (&self.proxies, &self.base) != (&before.proxies, &before.base)),
            ("insecure_http", self.insecure_http != before.insecure_http),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        https: Option<Https>,
        #[serde(default)]
        proxy: Proxy,
        #[serde(default)]
        insecure_http: bool,
    }

    fn parse(text: &str) -> Result<Front, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        front(file.https, file.proxy, file.insecure_http, Path::new("/plant")).map_err(|(_, what)| what)
    }

    #[test]
    fn all_keys_are_read_and_files_are_meant_from_the_folder() {
        let text = "insecure_http = true\n[https]\naddress = \"0.0.0.0:8443\"\ncertificate = \"c.pem\"\nkey = \"/etc/k.pem\"\n\
                    [proxy]\ntrusted = [\"127.0.0.1\", \"10.0.0.0/8\"]\nbase_path = \"/plant/\"\n";
        let front = parse(text).expect("valid");
        let https = front.https.as_ref().expect("it is there");
        assert_eq!(https.files.certificate, Path::new("/plant/c.pem"));
        assert_eq!(https.files.key, Path::new("/etc/k.pem"));
        assert!(front.insecure_http && front.proxies.trusts([10, 1, 2, 3].into()));
        assert!(!front.proxies.trusts([11, 1, 2, 3].into()));
        assert_eq!(front.base.as_str(), "/plant");
        let nothing = parse("").expect("valid");
        assert_eq!(nothing, Front::default());
        assert_eq!(front.others_than(&nothing), [("https", true), ("proxy", true), ("insecure_http", true)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let many = format!("[proxy]\ntrusted = [{}]", "\"::1\",".repeat(TRUSTED_MAX + 1));
        let cases = [
            ("[proxy]\ntrusted = [\"10.0.0.0/40\"]", "no address and no network"),
            (&many, "at most 32"),
            ("[proxy]\nbase_path = \"plant\"", "no base path"),
            ("[proxy]\nbase_path = \"/api\"", "a path of the hub itself"),
            ("[proxy]\nbase = \"/plant\"", "unknown field"),
            ("[https]\naddress = \"0.0.0.0:8443\"", "missing field"),
        ];
        for (text, expected) in cases {
            let error = parse(text).expect_err("wrong");
            assert!(error.contains(expected), "{error}");
        }
    }
}
