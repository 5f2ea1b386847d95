//! Behaviours of one device, as transcripts: inputs are played, what the hub does is written down between them, and the
//! whole must read as the test says.

mod commands;
mod following;
mod gateways;
mod handing;
mod ledger;
mod player;
mod refused;
mod relayed;
mod rhythm;
mod samples;
mod sending;
mod sessions;
mod takeovers;
mod watching;

use player::Player;

/// Plays the inputs of `transcript` and compares all that happens with it.
#[track_caller]
fn check(transcript: &str) {
    let lines = transcript.lines().map(str::trim).filter(|line| !line.is_empty());
    let expected: Vec<String> = lines.flat_map(opened).collect();
    let played = Player::play(&expected);
    assert_eq!(played.join("\n"), expected.join("\n"));
}

/// How most transcripts begin, in a line: `a begins plain`, or `a begins k7-1` for a device's first session.
fn opened(line: &str) -> Vec<String> {
    match line.split_once(" begins ") {
        None => vec![line.to_owned()],
        Some((name, "plain")) => {
            vec![format!(r#"{name} > {{"identify":"pump-1"}}"#), format!("{name} < welcome")]
        }
        Some((name, session)) => vec![
            format!(r#"{name} > {{"identify":"pump-1","nonce":1,"boot":true}}"#),
            format!("store < session {session}"),
            "commit".to_owned(),
            format!("{name} < welcome {session} ack 0"),
        ],
    }
}
