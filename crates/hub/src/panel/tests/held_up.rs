//! Commands that a bad line holds up: a press is carried out soon or not at all.

use super::*;

#[tokio::test]
async fn a_command_that_was_held_up_is_wanted_for_less_and_expires_once_nobody_wants_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"watch":["tank-1"]}"#);
    panel.all().await;
    let now = hub.now().wall;
    for (id, at, state) in
        [("quick", now, "queued"), ("slow", now - 4_000, "queued"), ("over", now - 60_000, "expired")]
    {
        panel.say(format!(
            r#"{{"command":"{id}","device":"tank-1","channel":"valve","value":1,"intent":"queue","ttl":50000,"at":{at}}}"#
        ));
        let (messages, _) = panel.all().await;
        let receipt = messages.iter().find(|message| message["command"] == id).expect("a receipt");
        assert_eq!((&receipt["state"], &receipt["by"]), (&state.into(), &"admin".into()), "{receipt}");
    }
    let sight = admin.sight("tank-1").expect("it may see all");
    let kept = hub.newest_commands(&sight, Vec::new(), 10);
    let ttl = |id: &str| kept.iter().find(|row| &*row.id == id).map(|row| row.ttl);
    assert_eq!(ttl("quick"), Some(50_000), "a usual line takes nothing from it");
    assert!(ttl("slow").is_some_and(|ttl| (1..=46_000).contains(&ttl)));
    assert_eq!(ttl("over"), None, "it leaves no trace");
    drop((panel, admin));
    stop(hub).await;
}
