//! `[[retention]]` in the configuration: what is too old becomes sums.

use crate::rig::{Answer, DEADLINE, Hub, Program};
use serde_json::json;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const DAY_MS: u64 = 86_400_000;

fn stored(hub: &Hub, channel: &str) -> usize {
    hub.get(&format!("/api/devices/boiler-7/channels/{channel}/samples")).body.lines().count()
}

fn history(hub: &Hub, channel: &str) -> Answer {
    let path = format!("/api/devices/boiler-7/channels/{channel}/history?from=0&to=9999999999999");
    hub.get(&path)
}

#[test]
fn what_is_too_old_is_drawn_and_no_longer_listed() {
    let hub = Hub::serve();
    let (mut device, _) = hub.numbered("boiler-7");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis() as u64;
    let minute = (now - 2 * DAY_MS) / 60_000 * 60_000;
    for seq in 1..=4 {
        let ts = minute + seq;
        device.says(&format!(r#"{{"seq":{seq},"values":{{"short":{seq},"long":{seq}.50}},"ts":{ts}}}"#));
    }
    device.acked(4);
    let (_, home) = hub.stop("TERM");
    let configuration = "[[retention]]\nchannels = \"*/long\"\nraw = \"30d\"\n\n\
                         [[retention]]\nchannels = \"boiler-?/*\"\nraw = \"1d\"\n";
    std::fs::write(home.path().join("glassline.toml"), configuration).expect("it is written");

    let hub = Hub::begin(home, &["serve", "--config", "glassline.toml"]);
    // It looks at its start, and each commit takes a piece along.
    let begun = Instant::now();
    while stored(&hub, "short") > 0 {
        assert!(begun.elapsed() < DEADLINE, "nothing goes");
    }
    let short = history(&hub, "short").json();
    // Where it begins, the least, the greatest, the mean, how many.
    let begin = short["buckets"][0][0].as_u64().unwrap_or_default();
    assert_eq!(short["buckets"], json!([[begin, 1, 4, 2.5, 4]]), "{short}");
    assert_eq!(begin, minute + 1);
    assert_eq!(stored(&hub, "long"), 4);
    let long = history(&hub, "long").body;
    assert!(long.contains("\"points\"") && long.contains(",4.50]"), "{long}");
}

#[test]
fn check_shows_what_is_wrong_with_a_retention() {
    let home = tempfile::tempdir().expect("a folder");
    let plant = home.path().join("plant");
    std::fs::create_dir(&plant).expect("a folder");
    let configuration = "[[retention]]\nchannels = \"*\"\nraw = \"30 days\"\n";
    std::fs::write(plant.join("glassline.toml"), configuration).expect("it is written");
    let ended = Program::run(home.path(), &["check", "plant"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let complaint = "glassline.toml:3:7: an age is a whole number with m, h, d, w or y, such as “30d”";
    assert!(format!("{ended:?}").contains(complaint), "{ended:?}");
}
