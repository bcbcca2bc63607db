//! Commands in deployment scripts that cannot work any more, or that this project's databases do not survive.

use crate::domain::{
    inventory::{Engine, Inventory, Target},
    refusal::{Code, Refusal},
};

/// Refuses a script that calls what Drush no longer has. Warns of a downgrade on MariaDB. `text` is what the script holds,
/// `arguments` what it is called with.
pub(in crate::tools) fn check(
    path: &str,
    text: &str,
    arguments: &[String],
    mariadb: bool,
) -> Result<Option<String>, Refusal> {
    let arguments = arguments.join(" ");
    let mut warning = None;
    for (number, line) in lines(text).into_iter().chain([(0, arguments)]) {
        let at = if number == 0 { format!("the arguments of {path}") } else { format!("{path}:{number}") };
        let words: Vec<&str> =
            line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|')).collect();
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
        let gone = if has(&["--entity-updates"]) {
            Some("drush updatedb --entity-updates")
        } else {
            has(&["entity:updates", "entity-updates", "entup"]).then_some("drush entity:updates")
        };
        if let Some(command) = gone {
            return Err(Refusal::new(
                Code::DryRunFailed,
                format!("{at} calls `{command}`, which is gone since Drupal 8.7: the script would fail half way."),
                "Write `drush updatedb --yes` and then `drush deploy:hook --yes`; changes of entities belong into a \
                 hook_update_N(). Commit it under a new tag.",
            ));
        }
        if mariadb && has(&["downgrade"]) && has(&["alembic"]) {
            warning = Some(format!(
                "{at} runs `alembic downgrade` on MariaDB, which takes no DDL back: half of it may stay when it fails. Restore the \
                 snapshot instead."
            ));
        }
    }
    Ok(warning)
}

/// Whether the target has a database on MariaDB.
pub(in crate::tools) fn has_mariadb(inventory: &Inventory, target: &Target) -> bool {
    let engines = target.databases.iter().filter_map(|name| inventory.databases.get(name));
    engines.into_iter().any(|database| matches!(database.engine, Engine::Mariadb(_)))
}

/// The lines that run, with their numbers; those that go on behind a backslash as one.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim();
        let (code, more) = code.strip_suffix('\\').map_or((code, false), |code| (code, true));
        match found.last_mut().filter(|_| goes_on) {
            Some((_, last)) => *last = format!("{last} {code}"),
            None if code.starts_with('#') => {}
            None => found.push((number + 1, code.to_owned())),
        }
        goes_on = more && !line.trim().starts_with('#');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drush_no_longer_has_is_refused_with_its_line() {
        for (text, at) in [
            ("#!/bin/sh\ndrush updatedb --entity-updates -y", "s.sh:2"),
            ("drush updatedb \\\n  -y \\\n  --entity-updates", "s.sh:1"),
            ("vendor/bin/drush entup -y", "s.sh:1"),
            ("drush entity:updates;", "s.sh:1"),
        ] {
            let refusal = check("s.sh", text, &[], false).unwrap_err();
            assert!(refusal.message.starts_with(at), "{text}: {}", refusal.message);
            assert!(refusal.fix.contains("deploy:hook"));
        }
        let arguments = ["updatedb".to_owned(), "--entity-updates".to_owned()];
        assert!(check("drush", "", &arguments, false).is_err());
        for text in ["drush updatedb -y", "# drush updatedb --entity-updates", "echo entity:updates-are-gone"] {
            assert_eq!(check("s.sh", text, &[], true).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn a_downgrade_is_warned_of_on_mariadb_alone() {
        let text = "cd api && alembic downgrade -1";
        assert!(check("s.sh", text, &[], true).unwrap().is_some());
        assert_eq!(check("s.sh", text, &[], false).unwrap(), None);
    }
}
