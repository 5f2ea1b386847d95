//! One page of a Chromium, driven over its DevTools protocol: gone to, asked, photographed. What goes wrong in it is noted.

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The most complaints of one page that are kept; of further ones only the number.
const COMPLAINTS_MAX: usize = 20;

/// A page, its window, and what it complained about.
pub(super) struct Tab {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    asked: u64,
    complaints: Vec<String>,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Of the window, in CSS pixels.
    pub(super) width: u32,
    /// Of the window, in CSS pixels.
    pub(super) height: u32,
    /// On dark ground.
    pub(super) dark: bool,
}

impl Tab {
    /// Opens an empty page of the Chromium that can be driven at `address`.
    ///
    /// # Errors
    /// It does not answer, or not in time.
    pub(super) async fn open(address: &str) -> Result<Self> {
        let opened = timeout(ANSWER_MAX, tokio_tungstenite::connect_async(address)).await;
        let (socket, _) = opened.context("the browser does not answer")??;
        let mut tab = Self { socket, session: None, asked: 0, complaints: Vec::new() };
        let target = tab.ask("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = tab.ask("Target.attachToTarget", attach).await?;
        tab.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            tab.ask(domain, json!({})).await?;
        }
        Ok(tab)
    }

    /// Looks at what comes in this way. Nothing moves by itself.
    ///
    /// # Errors
    /// As for every question to the browser.
    pub(super) async fn look(&mut self, look: Look) -> Result<()> {
        let Look { width, height, dark } = look;
        let window = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", window).await?;
        let features = json!([
            { "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// Goes to an address and waits until something of it is there. Complaints of the page before are forgotten.
    ///
    /// # Errors
    /// Nobody answers there, or as for every question to the browser.
    pub(super) async fn go(&mut self, url: &str) -> Result<()> {
        self.complaints.clear();
        let gone = self.ask("Page.navigate", json!({ "url": url })).await?;
        match gone["errorText"].as_str() {
            Some(error) => bail!("{url} cannot be opened: {error}"),
            None => Ok(()),
        }
    }

    /// The value of an expression in the page; of a promise what it comes to.
    ///
    /// # Errors
    /// It throws, or as for every question to the browser.
    pub(super) async fn evaluate(&mut self, expression: &str) -> Result<Json> {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.ask("Runtime.evaluate", asked).await?;
        match answer.get("exceptionDetails") {
            Some(thrown) => bail!("the page cannot be asked: {}", thrown_text(thrown)),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// A picture of `width` by `height` CSS pixels of the page from its upper left corner, as PNG.
    ///
    /// # Errors
    /// As for every question to the browser.
    pub(super) async fn picture(&mut self, width: f64, height: f64) -> Result<Vec<u8>> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.ask("Page.captureScreenshot", asked).await?;
        let picture = answer["data"].as_str().context("a picture has data")?;
        BASE64.decode(picture).context("a picture that cannot be read")
    }

    /// What the page complained about since it was gone to: errors of scripts, of the content policy, of requests.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    async fn ask(&mut self, method: &str, parameters: Json) -> Result<Json> {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            question["sessionId"] = Json::from(session.as_str());
        }
        let answered = timeout(ANSWER_MAX, async {
            self.socket.send(Message::text(question.to_string())).await?;
            self.answer().await
        });
        answered.await.with_context(|| format!("the browser does not answer to {method}"))?
    }

    /// The answer to the newest question; events before it are noted.
    async fn answer(&mut self) -> Result<Json> {
        while let Some(frame) = self.socket.next().await {
            let Message::Text(text) = frame? else { continue };
            let mut said: Json = serde_json::from_str(&text)?;
            if said["id"].as_u64() != Some(self.asked) {
                self.note(&said);
                continue;
            }
            return match said["error"]["message"].as_str() {
                Some(error) => Err(anyhow!("the browser refuses: {error}")),
                None => Ok(said["result"].take()),
            };
        }
        bail!("the browser has ended")
    }

    fn note(&mut self, event: &Json) {
        let told = &event["params"];
        let complaint = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => thrown_text(&told["exceptionDetails"]),
            Some("Runtime.consoleAPICalled") if told["type"] == "error" => said_text(&told["args"]),
            Some("Log.entryAdded") if told["entry"]["level"] == "error" => {
                let (text, url) = (&told["entry"]["text"], &told["entry"]["url"]);
                format!("{} ({})", text.as_str().unwrap_or_default(), url.as_str().unwrap_or_default())
            }
            _ => return,
        };
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }
}

/// What was thrown, with its place.
fn thrown_text(thrown: &Json) -> String {
    let described = thrown["exception"]["description"].as_str().or(thrown["text"].as_str());
    described.unwrap_or("something was thrown").to_owned()
}

/// What a script said to the console.
fn said_text(said: &Json) -> String {
    let words = said.as_array().into_iter().flatten();
    let word = |word: &Json| match (word["description"].as_str(), &word["value"]) {
        (Some(described), _) => described.to_owned(),
        (None, Json::String(text)) => text.clone(),
        (None, value) => value.to_string(),
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}
