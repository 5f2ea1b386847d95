//! Lines over Unix sockets.

use crate::scripted::{Stage, soon};
use gateway::listen;
use gateway::listen::unix::listen as listen_at;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

#[tokio::test]
async fn a_program_of_this_machine_speaks_lines() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("lines.sock");
    let mut stage = Stage::new().await;
    let lines = listen_at(&path).expect("it listens");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
    let serving = tokio::spawn(listen::serve_unix(stage.gateway.clone(), lines));
    let mut device = BufReader::new(UnixStream::connect(&path).await.expect("it listens"));
    device.write_all(b"{\"identify\":\"pump-1\",\"nonce\":1}\n").await.expect("it holds");
    let asked = stage.asked().await;
    assert_eq!(asked.peer.address, format!("unix process {}", std::process::id()));
    let mut conversation = asked.welcome(Some(0));
    device.write_all(b"{\"seq\":1,\"channel\":\"x\",\"value\":1}\n").await.expect("it holds");
    assert_eq!(conversation.takes().await, "1 x 1");
    let mut welcome = String::new();
    soon(device.read_line(&mut welcome)).await.expect("it holds");
    assert!(welcome.starts_with("{\"welcome\":\"pump-1\""), "{welcome}");
    drop(device);
    conversation.commit(Some(1), 1);
    conversation.ends().await;
    soon(stage.gateway.shutdown()).await;
    soon(serving).await.expect("it ends");
    assert!(!path.exists(), "nothing is left over");
}

#[tokio::test]
async fn only_a_socket_on_which_nobody_answers_is_replaced() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("lines.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that is left over"));
    let lines = listen_at(&path).expect("nobody answers");
    let error = listen_at(&path).err().expect("somebody answers");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(lines);
    fs::write(&path, "a file").expect("a file");
    let error = listen_at(&path).err().expect("it is no socket");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "a file");
}
