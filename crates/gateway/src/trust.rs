//! TLS to a hub: whose certificates are trusted, and what is said where one is not.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, Error, InvalidMessage, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Encrypts `stream`: the hub's certificate must be for `host`, and from an authority of the file `ca` or else of the system.
///
/// # Errors
/// It is not, or the file cannot be read: a sentence.
pub async fn secure(
    stream: TcpStream,
    host: &str,
    ca: Option<PathBuf>,
) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| format!("{host} is no name that a certificate could be for"))?;
    // Reading files may take its time.
    let file = ca.clone();
    let config = tokio::task::spawn_blocking(move || config(file.as_deref())).await;
    let config = config.map_err(|_| "the authorities cannot be read".to_owned())??;
    let made = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    made.map_err(|error| format!("no TLS with {host}: {}", why(&error, ca.as_deref())))
}

fn config(ca: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            let unread =
                |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", file.display());
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unread(&error))?;
                roots.add(certificate).map_err(|error| unread(&error))?;
            }
            if roots.is_empty() {
                return Err(unread(&"it holds no certificate"));
            }
        }
        None => {
            // What cannot be read of them is missing, and the certificate of the hub may be from another.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// What is wrong, and what can be done about it where that is known.
fn why(error: &io::Error, ca: Option<&Path>) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(problem)) => untrusted(problem, ca),
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            "what answers there speaks no TLS".to_owned()
        }
        Some(error) => error.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it hung up".to_owned(),
        None => error.to_string(),
    }
}

fn untrusted(problem: &CertificateError, ca: Option<&Path>) -> String {
    match (problem, ca) {
        // One that bears the name of an authority that is trusted, but was signed by another, is as unknown.
        (CertificateError::UnknownIssuer | CertificateError::BadSignature, Some(file)) => {
            format!("its certificate is from no authority in {}", file.display())
        }
        (CertificateError::UnknownIssuer | CertificateError::BadSignature, None) => {
            "its certificate is from an authority that this machine does not trust; where it is yours, name its PEM file as “ca”"
                .to_owned()
        }
        (CertificateError::NotValidForName, _) => "its certificate is for another name".to_owned(),
        (CertificateError::NotValidForNameContext { presented, .. }, _) => {
            format!("its certificate is for another name: {}", names(presented))
        }
        (CertificateError::Expired | CertificateError::ExpiredContext { .. }, _) => {
            "its certificate is past its time: it is to be renewed, or the clock of this machine is wrong".to_owned()
        }
        (CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }, _) => {
            "its certificate is not good yet: the clock of this machine, or of the one that made it, is wrong".to_owned()
        }
        // What the checker of certificates says has no type here.
        (CertificateError::Other(other), _) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is an authority's own, which stands for no hub: have that authority sign one for the hub (as in \
             docs/other-machines.md), or make it anew with basicConstraints=CA:FALSE"
                .to_owned()
        }
        // Such as people make with one line of openssl. The library says it by this word alone.
        (CertificateError::Other(other), _) if other.to_string() == "CaUsedAsEndEntity" => {
            "its certificate is that of an authority: sign one for the hub with it, or make it with CA:FALSE".to_owned()
        }
        (other, _) => format!("its certificate is not trusted: {other}"),
    }
}

/// Most names of a certificate that are said.
const NAMES_SAID: usize = 5;

/// `hub.example, 10.0.0.5`: they are given as `DnsName("hub.example")` and `IpAddress(10.0.0.5)`.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "it says none".to_owned();
    }
    let bare = |name: &String| {
        let (_, rest) = name.split_once('(').unwrap_or(("", name));
        rest.trim_matches(['"', ')']).to_owned()
    };
    presented.iter().take(NAMES_SAID).map(bare).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_has_to_hold_some() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        assert!(config(Some(&file)).is_err());
        std::fs::write(&file, "nothing\n").expect("written");
        let error = config(Some(&file)).expect_err("it is empty");
        assert!(error.ends_with("it holds no certificate"), "{error}");
    }

    #[test]
    fn an_authority_that_stands_for_a_hub_is_told_what_to_do() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let own = parameters.self_signed(&key).expect("a certificate");
        let mut store = RootCertStore::empty();
        store.add(own.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
        let refused = rustls::client::danger::ServerCertVerifier::verify_server_cert(
            &*verifier.expect("roots"),
            own.der(),
            &[],
            &ServerName::try_from("localhost").expect("a name"),
            &[],
            rustls::pki_types::UnixTime::now(),
        );
        let Err(Error::InvalidCertificate(problem)) = refused else { panic!("{refused:?}") };
        let said = untrusted(&problem, None);
        assert!(said.contains("basicConstraints=CA:FALSE") && !said.contains("CaUsed"), "{said}");
    }

    #[test]
    fn the_names_of_a_certificate_are_said_as_people_write_them() {
        let presented = ["DnsName(\"hub.example\")", "IpAddress(10.0.0.5)"].map(str::to_owned);
        assert_eq!(names(&presented), "hub.example, 10.0.0.5");
        assert_eq!(names(&[]), "it says none");
    }
}
