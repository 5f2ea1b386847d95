//! The first minute: a device in a few lines, in each language, with what this hub would have filled in.

use minijinja::Environment;
use minijinja::value::Value;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../../examples/first-minute"]
struct Programs;

/// Each language and its file, in the order in which people are shown them.
const LANGUAGES: [(&str, &str); 6] = [
    ("shell", "first.sh"),
    ("python", "first.py"),
    ("javascript", "first.mjs"),
    ("rust", "first.rs"),
    ("c", "first.c"),
    ("arduino", "first.ino"),
];

/// Makes `first_minute(lines, token)` known to all templates: for each language its `name`, the `file` and the `program`, which
/// connects to `lines`, as `host:port`, and identifies with `token`. Without one it says `TOKEN`.
pub(crate) fn add_to(templates: &mut Environment<'static>) {
    templates.add_function("first_minute", |lines: &str, token: Option<&str>| {
        let programs = LANGUAGES.into_iter().filter_map(|(name, file)| {
            let program = Programs::get(file)?;
            let program = filled_in(&String::from_utf8_lossy(&program.data), lines, token.unwrap_or("TOKEN"));
            Some(minijinja::context! { name, file, program })
        });
        programs.collect::<Vec<Value>>()
    });
}

/// What stands for the hub is replaced by where it is. An address of IPv6 has brackets only where a port follows.
fn filled_in(program: &str, lines: &str, token: &str) -> String {
    let (host, port) = lines.rsplit_once(':').unwrap_or((lines, ""));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // The token last: nothing in it is taken for one of the others.
    program
        .replace("HOST:PORT", lines)
        .replace("HOST", bare)
        .replace("PORT", port)
        .replace("\"TOKEN\"", &format!("\"{token}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_program_of_at_most_fifteen_lines() {
        for (name, file) in LANGUAGES {
            let program = Programs::get(file).expect(name);
            let program = String::from_utf8_lossy(&program.data);
            assert!(program.lines().count() <= 15, "{name}");
            for part in ["HOST", "PORT", "\"TOKEN\""] {
                assert!(program.contains(part), "{name}: {part}");
            }
        }
    }

    #[test]
    fn host_port_and_token_are_filled_in() {
        assert_eq!(
            filled_in("nc HOST PORT \"TOKEN\"", "127.0.0.1:7070", "PORT"),
            "nc 127.0.0.1 7070 \"PORT\""
        );
        assert_eq!(filled_in("tcp://HOST:PORT nc HOST", "[::1]:7070", "t"), "tcp://[::1]:7070 nc ::1");
    }
}
