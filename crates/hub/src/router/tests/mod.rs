//! Behaviours of one device, as transcripts: inputs are played, what the hub does is written down between them, and the
//! whole must read as the test says.

mod commands;
mod player;
mod samples;
mod sessions;
mod watching;

use player::Player;

/// Plays the inputs of `transcript` and compares all that happens with it.
#[track_caller]
fn check(transcript: &str) {
    let expected: Vec<&str> = transcript.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let played = Player::play(&expected);
    assert_eq!(played.join("\n"), expected.join("\n"));
}
