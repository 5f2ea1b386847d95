//! What panels get: nothing twice, nothing missing that is not counted.

use super::check;
use crate::limits::TAIL_MESSAGES_MAX;

#[test]
fn a_panel_that_fell_behind_is_moved_to_the_latest_values_and_told_how_many_it_passed_over() {
    let mut transcript = String::from(
        r#"
        a begins plain
        a > {"u":1}
        store < message 1
        commit
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":1,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"u":{"value":1,"ts":1763846847000}},"describe":{},"counts":{"received":1,"gaps":0},"commands":[]}
        a > {"u":2}
        store < message 2
        "#,
    );
    let last = TAIL_MESSAGES_MAX + 9;
    for cursor in 3..=last {
        transcript.push_str(&format!("a > {{\"t\":{cursor}}}\nstore < message {cursor}\n"));
    }
    transcript.push_str("commit\n");
    transcript.push_str(&"a < committed 1\n".repeat(last - 1));
    transcript.push_str(&format!(
        r#"
        panel
        panel < {{"device":"pump-1","cursor":2,"channel":"u","value":2,"ts":1763846847000}}
        panel < {{"device":"pump-1","cursor":{last},"channel":"t","value":{last},"ts":1763846847000,"skipped":{skipped}}}
        "#,
        skipped = last - 3
    ));
    check(&transcript);
}

#[test]
fn a_panel_that_missed_the_end_of_a_command_is_told_it_when_it_catches_up() {
    let mut transcript = String::from(
        r#"
        a begins k7-1
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        a > {"result":1,"ok":true}
        store < command c1 done
        commit
        "#,
    );
    for times in 0..crate::limits::NOTICES_MAX {
        transcript.push_str(&format!("a > {{\"describe\":{{\"t\":{{\"min\":{times}}}}}}}\n"));
        transcript.push_str(&format!("store < describe {{\"t\":{{\"min\":{times}}}}}\n"));
    }
    let last = crate::limits::NOTICES_MAX - 1;
    transcript.push_str(&format!(
        r#"
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846847000,"name":"pump-1"}}
        panel < {{"device":"pump-1","describe":{{"t":{{"min":{last}}}}}}}
        panel < {{"device":"pump-1","contested":null}}
        panel < {{"command":"c1","device":"pump-1","channel":"fan","state":"done","by":"ada","asked":1}}
        "#
    ));
    check(&transcript);
}
