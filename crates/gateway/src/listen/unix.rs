//! Lines over a Unix socket, for programs of the same machine: the bytes as they are. Who may connect is what the system
//! lets open the file: its owner and its group.

use super::accept::{self, accepting};
use super::end;
use super::tcp::Bytes;
use crate::clock;
use crate::place::Address;
use crate::register::Gateway;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Owner and group may connect.
const MODE: u32 = 0o660;

/// A socket file that is listened on. Dropped, it takes its file away, unless that is somebody else's by now.
pub struct UnixLines {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

/// Listens at `path`. A socket file on which nobody answers is left over from a run that was killed, and is replaced. To be
/// called within a runtime.
///
/// # Errors
/// Somebody answers there (`AddrInUse`), something else bears this name (`AlreadyExists`), or the system's.
pub fn listen(path: &Path) -> io::Result<UnixLines> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "there is a file of this name, which is no socket",
            ));
        }
        Ok(_) => is_left_over(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Made beside it and then renamed: it is never there with permissions that it must not have.
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let _absent = fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    let named = fs::set_permissions(&beside, fs::Permissions::from_mode(MODE))
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| fs::symlink_metadata(path));
    match named {
        Ok(found) => Ok(UnixLines { listener, path: path.to_owned(), inode: found.ino() }),
        Err(error) => {
            let _absent = fs::remove_file(&beside);
            Err(error)
        }
    }
}

fn is_left_over(path: &Path) -> io::Result<()> {
    match StdStream::connect(path) {
        Ok(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another program listens there")),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
    }
}

/// Accepts devices on `lines` until the gateway stops, and gives them to its event loops.
pub async fn serve(gateway: Gateway, lines: UnixLines) {
    accepting(&gateway, &lines.listener, |stream| hand_over(&gateway, stream)).await;
}

fn hand_over(gateway: &Gateway, stream: UnixStream) {
    let process = stream.peer_cred().ok().and_then(|who| who.pid());
    let (address, since) = (Address::Unix { process }, clock::now());
    match stream.into_std() {
        Ok(stream) => {
            let (at, from) = (gateway.clone(), address.clone());
            accept::hand_over(gateway, stream, address, move |remote| end(&at, from, since, remote, Bytes));
        }
        Err(error) => tracing::warn!(%address, %error, "cannot take a device over"),
    }
}

impl Drop for UnixLines {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if is_ours {
            // One that is left over is replaced by the next start.
            let _left_over = fs::remove_file(&self.path);
        }
    }
}
