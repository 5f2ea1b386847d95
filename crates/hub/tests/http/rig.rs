//! A hub that listens on a free port, and requests to it, written byte by byte so that a test can also send wrong ones.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hub::http::{self, GatewayInfo, Site};
use hub::{Hub, Presence, Settings};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A hub and its port.
pub(crate) struct Rig {
    pub(crate) hub: Arc<Hub>,
    pub(crate) address: SocketAddr,
    pub(crate) site: Arc<Site>,
    state: TempDir,
    shutdown: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Rig {
    /// A new hub.
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder")).await
    }

    /// A new hub with the user's components and views in the folder `pages` of its state.
    pub(crate) async fn start_with_pages() -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let folder = Some(state.path().join("pages"));
        let settings = Settings { folder, ..Settings::default() };
        let hub = Hub::open(state.path(), settings).expect("a state folder");
        Self::serve(state, hub).await
    }

    /// Where the user's components and views of [`Rig::start_with_pages`] are.
    pub(crate) fn pages(&self) -> std::path::PathBuf {
        self.state.path().join("pages")
    }

    async fn start_in(state: TempDir) -> Self {
        let hub = open(state.path());
        Self::serve(state, hub).await
    }

    async fn serve(state: TempDir, hub: Arc<Hub>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let gateway = GatewayInfo {
            id: "local".into(),
            presence: Presence::Online,
            since: 1_763_846_847_123,
            devices: 3,
        };
        let site = Site::new(hub.clone(), address)
            .known_as(&["hub.example.org".into()])
            .with_lines("127.0.0.1:7070".into())
            .with_gateways(move || vec![gateway.clone()]);
        let site = Arc::new(site);
        let added = axum::Router::new().route("/device", axum::routing::get(async || "the gateway's"));
        let (shutdown, told) = watch::channel(false);
        let serving = tokio::spawn(http::serve(
            listener,
            http::router(site.clone(), added),
            http::Entrance::default().audited_by(&hub),
            told,
        ));
        Self { hub, address, site, state, shutdown, serving }
    }

    /// Stops everything and starts again on the same state.
    pub(crate) async fn restart(self) -> Self {
        let state = self.stop().await;
        Self::start_in(state).await
    }

    /// Stops serving, then the hub.
    pub(crate) async fn stop(self) -> TempDir {
        let Self { hub, state, shutdown, serving, .. } = self;
        shutdown.send_replace(true);
        serving.await.expect("serving ended well");
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("the hub stopped well");
        state
    }

    /// Tells the accept loop to stop; gives its end.
    pub(crate) fn shut_down(&mut self) -> &mut JoinHandle<()> {
        self.shutdown.send_replace(true);
        &mut self.serving
    }

    /// A connection to the port.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// A request, to be sent with [`Ask::send`].
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            address: self.address,
            method: method.into(),
            path: path.into(),
            host: Some(self.address.to_string()),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// The same by the administrator.
    pub(crate) fn ask_as_admin(&self, method: &str, path: &str) -> Ask {
        self.ask(method, path).bearer(self.hub.auth().admin_token())
    }

    /// Makes a device; gives its token.
    pub(crate) async fn make(&self, id: &str) -> String {
        let body = serde_json::json!({ "id": id }).to_string();
        let answer = self.ask_as_admin("POST", "/api/devices").body(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["token"].as_str().expect("a token").to_owned()
    }

    /// Logs in by a link; gives the value for a `Cookie` header.
    pub(crate) async fn log_in(&self) -> String {
        let code = self.hub.auth().login_link(self.hub.now().wall);
        let answer = self.ask("GET", &format!("/login/{code}")).send().await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.header("set-cookie").expect("a cookie");
        cookie.split(';').next().expect("a name and a value").to_owned()
    }

    /// The origin of our own pages.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn open(state: &Path) -> Arc<Hub> {
    Hub::open(state, Settings::default()).expect("a state folder")
}

/// A request that is being put together.
pub(crate) struct Ask {
    address: SocketAddr,
    method: String,
    path: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Another `Host`, or none.
    pub(crate) fn host(self, host: Option<&str>) -> Self {
        Self { host: host.map(str::to_owned), ..self }
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(self, body: &str) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sends it on a connection of its own and reads the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let mut request = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if let Some(host) = &self.host {
            request += &format!("Host: {host}\r\n");
        }
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Connection: close\r\nContent-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        // What is refused before it was read may break the connection: the answer is there all the same.
        let _ = stream.write_all(request.as_bytes()).await;
        Answer::read(&mut stream).await
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Reads to the end of the connection.
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunked(body) } else { body.to_owned() };
        Self { status: status.expect("a status"), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// The code of an error; checks that it has a reason, and the form that all errors have.
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        assert_eq!(json.as_object().map(|object| object.len()), Some(1), "{}", self.body);
        assert!(json["error"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", self.body);
        json["error"]["code"].as_str().expect("a code").to_owned()
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        if size == 0 {
            return whole;
        }
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
}
