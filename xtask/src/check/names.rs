//! What a part of the tree must never name in code: how purity and separation are kept.

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::rust_code::{code_of, paths_of};

/// Names that a part of the tree never uses.
pub(crate) struct Ban {
    /// Where it holds: the folders, each ending with `/`.
    under: &'static [&'static str],
    /// Where below that it does not.
    except: &'static [&'static str],
    /// The names: one segment, or a piece of a path.
    never: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

const IO: &[&str] = &[
    "Instant",
    "SystemTime",
    "async",
    "await",
    "axum",
    "getrandom",
    "hyper",
    "rand",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
    "tungstenite",
];

/// Sessions are pure: the time and the bytes are arguments.
pub(crate) const PROTOCOL: Ban = Ban {
    under: &["crates/protocol/src/"],
    except: &[],
    never: IO,
    instead: "take it as an argument; the shell around the session has it",
};

/// Decisions of the hub are pure: effects go out, the time comes in.
pub(crate) const ROUTER: Ban = Ban {
    under: &["crates/router/src/"],
    except: &[],
    never: IO,
    instead: "take the time as an argument and return an effect",
};

/// The store is files and a thread.
pub(crate) const STORE: Ban = Ban {
    under: &["crates/store/src/"],
    except: &[],
    never: &["async", "await", "axum", "hyper", "protocol::session", "std::net", "tokio"],
    instead: "hand it back through the caller's own channel or callback",
};

/// Devices end in the gateway, also when both run in one process.
pub(crate) const HUB: Ban = Ban {
    under: &["crates/hub/src/"],
    except: &["crates/hub/src/http/", "crates/hub/src/http.rs"],
    never: &["TcpListener", "TcpStream", "UdpSocket", "UnixListener"],
    instead: "the hub gets messages through protocol::intake; sockets are the gateway's, HTTP's live in http/",
};

/// Values stay raw text until someone who needs to look does.
pub(crate) const GATEWAY: Ban = Ban {
    under: &["crates/gateway/src/"],
    except: &[],
    never: &["rusqlite", "serde_json::Map", "serde_json::Value", "serde_json::from_str", "serde_json::json"],
    instead: "hand the raw text on; protocol::message has read all that a gateway may know",
};

/// What a program was started with is read in one place and passed down.
pub(crate) const SURROUNDINGS: Ban = Ban {
    under: &["crates/gateway/src/", "crates/hub/src/", "crates/protocol/src/", "crates/store/src/"],
    except: &[],
    never: &["env::args", "env::current_dir", "env::var", "env::var_os", "env::vars", "process::exit"],
    instead: "crates/cli reads it and passes it on",
};

/// The places where a banned name is used, comments and texts apart.
pub(crate) fn never(repository: &Repository, ban: &Ban) -> Vec<Problem> {
    let bound = |file: &&File| {
        let lies_in = |folders: &[&str]| folders.iter().any(|folder| file.under(folder));
        file.ends(".rs") && lies_in(ban.under) && !lies_in(ban.except)
    };
    repository.files().iter().filter(bound).flat_map(|file| uses(file, ban)).collect()
}

fn uses(file: &File, ban: &Ban) -> Vec<Problem> {
    let mut problems = Vec::new();
    for path in paths_of(&code_of(&file.text)) {
        let named = ban.never.iter().find(|name| path.contains(name));
        problems.extend(named.map(|name| {
            Problem::at(&file.path, path.line, format!("`{name}` is not named here: {}", ban.instead))
        }));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str, ban: &Ban) -> Vec<usize> {
        never(&Repository::of(&[(path, text)]), ban).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn a_banned_name_is_found_in_code() {
        let text = "//! Knows nothing of tokio.\nuse std::{collections, net::SocketAddr};\nfn f() { tokio::spawn(f) }";
        assert_eq!(lines("crates/protocol/src/line.rs", text, &PROTOCOL), [2, 3]);
    }

    #[test]
    fn it_may_be_named_elsewhere() {
        assert!(lines("crates/protocol/tests/clock.rs", "use std::time::Instant;", &PROTOCOL).is_empty());
        assert!(lines("crates/hub/src/http/accept.rs", "use tokio::net::TcpListener;", &HUB).is_empty());
        assert_eq!(lines("crates/hub/src/panel/drive.rs", "use tokio::net::TcpListener;", &HUB), [1]);
    }

    #[test]
    fn the_router_never_waits() {
        assert_eq!(lines("crates/router/src/device.rs", "async fn f() {\n x.await }", &ROUTER), [1, 2]);
    }
}
