//! `glassline join-token`: who may make devices of a running hub.

use super::http;
use crate::arguments::{JoinToken, MakeJoinToken};
use crate::{clock, output};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Does what is asked for.
///
/// # Errors
/// No hub is found or reached, it does not permit it, or it says why not.
pub(crate) async fn run(asked: &JoinToken) -> Result<()> {
    match asked {
        JoinToken::Make(make) => self::make(make).await,
        JoinToken::List(list) => {
            let answer = http::get(&super::find(&list.hub)?, "/api/join-tokens").await?;
            if list.json {
                return output::line(&output::printable(&answer));
            }
            let tokens: Vec<Listed> =
                serde_json::from_str(&answer).context("the hub's list cannot be read")?;
            if tokens.is_empty() {
                eprintln!("there are no join tokens");
                return Ok(());
            }
            table(&tokens).iter().try_for_each(|row| output::line(row))
        }
        JoinToken::Revoke(revoke) => {
            let target = super::find(&revoke.hub)?;
            // Nothing in it may begin another line or path.
            if revoke.id.is_empty() || !revoke.id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                bail!(
                    "“{}” is no join token's id: see `glassline join-token list`",
                    output::printable(&revoke.id)
                );
            }
            http::delete(&target, &format!("/api/join-tokens/{}", revoke.id)).await.map(drop)
        }
    }
}

/// The token goes to standard output alone, so that a script has it.
async fn make(make: &MakeJoinToken) -> Result<()> {
    #[derive(Deserialize)]
    struct Made {
        token: String,
        #[serde(flatten)]
        join: Listed,
    }
    let minutes = make.good_for / 60_000;
    let body = serde_json::json!({"label": make.label, "devices": make.devices, "minutes": minutes});
    let answer = http::post(&super::find(&make.hub)?, "/api/join-tokens", &body.to_string()).await?;
    let Made { token, join } = serde_json::from_str(&answer).context("the hub's answer cannot be read")?;
    output::line(&output::printable(&token))?;
    let devices = if join.devices == 1 { "one device" } else { "devices" };
    let count = if join.devices == 1 { String::new() } else { format!("{} ", join.devices) };
    eprintln!("{} makes {count}{devices} until {}", output::printable(&join.id), clock::utc(join.expires));
    Ok(())
}

/// One of the list.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    label: String,
    by: String,
    expires: i64,
    devices: u64,
    used: u64,
}

fn table(tokens: &[Listed]) -> Vec<String> {
    let row = |cells: [&str; 5]| {
        let [id, used, until, by, label] = cells;
        format!("{id:16}  {used:9}  {until:24}  {by:8}  {label}").trim_end().to_owned()
    };
    let mut rows = vec![row(["ID", "MADE", "UNTIL", "BY", "LABEL"])];
    rows.extend(tokens.iter().map(|token| {
        let (id, by, label) =
            (output::printable(&token.id), output::printable(&token.by), output::printable(&token.label));
        let used = format!("{} of {}", token.used, token.devices);
        row([&id, &used, &clock::utc(token.expires), &by, &label])
    }));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_tokens_are_listed_with_what_is_left_of_them() {
        let tokens = r#"[{"id":"3f2a9c0d1e5b7788","label":"barn","by":"ada","made":0,"expires":0,"devices":12,"used":3},
            {"id":"00000000000000ff","label":"","by":"admin","made":0,"expires":60000,"devices":1,"used":0}]"#;
        let rows = table(&serde_json::from_str::<Vec<Listed>>(tokens).expect("a list"));
        let expected = [
            "ID                MADE       UNTIL                     BY        LABEL",
            "3f2a9c0d1e5b7788  3 of 12    1970-01-01T00:00:00.000Z  ada       barn",
            "00000000000000ff  0 of 1     1970-01-01T00:01:00.000Z  admin",
        ];
        assert_eq!(rows, expected);
    }
}
