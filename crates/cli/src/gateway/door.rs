//! The local door of a running gateway: a Unix socket in its state folder, for whoever may read that.

use super::asking::{Answer, Question, answer};
use anyhow::{Context as _, Result};
use gateway::standalone::Standalone;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The name of the socket in the state folder.
const NAME: &str = "gateway.sock";

/// Bytes of a question. A longer one is none.
const QUESTION_BYTES_MAX: u64 = 64 * 1024;

/// Who may ask at a time. Others wait.
const ASKING_MAX: usize = 8;

/// How long a question may take to come, and an answer to be read.
const ASK_WAIT_MAX: Duration = Duration::from_secs(20);

/// The door of this process. It is gone when dropped.
pub(super) struct Door {
    file: PathBuf,
    listening: JoinHandle<()>,
}

impl Door {
    /// Opens it in the folder `state`, which this process holds.
    ///
    /// # Errors
    /// There can be no socket.
    pub(super) fn open(state: &Path, gateway: Arc<Standalone>) -> Result<Self> {
        let file = state.join(NAME);
        // What a process left that was killed.
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} is in the way", file.display()));
            }
            _ => {}
        }
        let cannot = || format!("there can be no socket {}", file.display());
        let listener = UnixListener::bind(&file).with_context(cannot)?;
        let for_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, for_owner).with_context(cannot)?;
        Ok(Self { file, listening: tokio::spawn(listen(listener, gateway)) })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.listening.abort();
        if let Err(error) = std::fs::remove_file(&self.file) {
            tracing::warn!("{} cannot be removed: {error}", self.file.display());
        }
    }
}

async fn listen(listener: UnixListener, gateway: Arc<Standalone>) {
    let places = Arc::new(Semaphore::new(ASKING_MAX));
    loop {
        let place = places.clone().acquire_owned().await.expect("this semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let gateway = gateway.clone();
                tokio::spawn(async move {
                    // Whoever asked may have gone.
                    let _ = timeout(ASK_WAIT_MAX, converse(stream, gateway)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept at the local socket");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, gateway: Arc<Standalone>) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read.take(QUESTION_BYTES_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Question>(&line) {
        Ok(question) => tokio::task::spawn_blocking(move || answer(&gateway, question)).await,
        Err(error) => Ok(Answer::Error(format!("this is no question: {error}"))),
    };
    let answer = answer.unwrap_or_else(|_| Answer::Error("the gateway failed at this question".to_owned()));
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    write.write_all(&line).await
}

/// Asks the gateway that runs on `state`.
///
/// # Errors
/// None runs there, or it does not answer.
pub(super) async fn ask(state: &Path, question: &Question) -> Result<Answer> {
    let none = || format!("no gateway runs on {}", state.display());
    let asked = timeout(ASK_WAIT_MAX, async {
        let mut stream = UnixStream::connect(state.join(NAME)).await.with_context(none)?;
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        serde_json::from_str(&answer).context("the gateway says what nobody understands")
    });
    asked.await.context("the gateway does not answer")?
}
