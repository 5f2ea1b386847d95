//! The login cookie: its name and what it says, which differ by how a browser reaches the hub.
//!
//! | reached | name | |
//! |---|---|---|
//! | over TLS, ours or a proxy's | `__Host-glassline_PORT` | `Secure`: a browser takes it from nobody but this host, over TLS |
//! | plainly, on loopback | `glassline_login_PORT` | what never leaves the machine needs no TLS |
//! | plainly, by other machines (`insecure_http`) | `glassline_insecure_PORT` | never mistaken for one of the others |
//!
//! Browsers keep one cookie for all ports of a host: without the port in its name, logging in at one hub would log out of the other
//! one on the same machine. Behind a base path that stands in the name too, as several hubs may share a host.

use axum::http::Uri;

use super::Site;
use super::front::is_secure;

impl Site {
    /// Its name, for somebody who asked at `uri`.
    pub(super) fn cookie_name(&self, uri: &Uri) -> String {
        let kind = match (is_secure(uri), self.front.is_exposed) {
            (true, _) => "__Host-glassline",
            (false, false) => "glassline_login",
            (false, true) => "glassline_insecure",
        };
        let base = self.front.base.as_str().replace('/', "_");
        format!("{kind}_{}{base}", self.address.port())
    }

    /// The cookie that carries a login for so many seconds. `SameSite=Strict` keeps other sites from using it; no script can read
    /// it.
    pub(super) fn cookie(&self, uri: &Uri, login: &str, seconds: i64) -> String {
        let name = self.cookie_name(uri);
        let (path, secure) = match (is_secure(uri), self.front.base.as_str()) {
            // `__Host-` wants it so.
            (true, _) => ("/", "; Secure"),
            (false, "") => ("/", ""),
            (false, base) => (base, ""),
        };
        format!("{name}={login}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
    }
}
