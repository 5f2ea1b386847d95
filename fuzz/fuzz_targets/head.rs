//! Whatever a client sends to the HTTP port, the hub answers in HTTP or closes, and never that it failed. `$T` in the input becomes the
//! administrator's token and `$H` the host, so that the fuzzer reaches what stands behind them.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hub::http::{Entrance, Site, router, serve};
use hub::{Hub, Settings};
use libfuzzer_sys::fuzz_target;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(9);

/// A hub on a state folder of its own, for as long as the process lives.
struct Running {
    address: SocketAddr,
    token: String,
    _runtime: Runtime,
    _stop: watch::Sender<bool>,
}

static HUB: LazyLock<Running> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("threads");
    let folder = std::env::temp_dir().join(format!("glassline-fuzz-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (stop, stopped) = watch::channel(false);
    let (address, token) = runtime.block_on(async {
        let hub = Hub::open(&folder, Settings::default()).expect("a hub");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let token = hub.auth().admin_token().to_owned();
        let site = Arc::new(Site::new(hub, address));
        tokio::spawn(serve(listener, router(site, axum::Router::new()), Entrance::default(), stopped));
        (address, token)
    });
    // Nothing of it is needed by name any more.
    drop(std::fs::remove_dir_all(&folder));
    Running { address, token, _runtime: runtime, _stop: stop }
});

fn replaced(bytes: &[u8], what: &[u8], with: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with.as_bytes());
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fuzz_target!(|data: &[u8]| {
    let hub = &*HUB;
    let said = replaced(&replaced(data, b"$T", &hub.token), b"$H", &hub.address.to_string());
    let mut stream = TcpStream::connect(hub.address).expect("it listens");
    stream.set_read_timeout(Some(ANSWER)).expect("a socket");
    // It may have closed already, and be right.
    let _ = stream.write_all(&said).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
        {
            panic!("no answer and no end within {ANSWER:?}")
        }
        // A connection that is cut is one that is closed.
        _ => {}
    }
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1."),
        "no HTTP: {:?}",
        String::from_utf8_lossy(&answer)
    );
    let failed = answer.get(9..12).is_some_and(|status| status == b"500");
    assert!(!failed, "the hub failed: {}", String::from_utf8_lossy(&answer));
});
