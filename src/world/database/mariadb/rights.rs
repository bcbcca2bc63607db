//! What the user may do: what it may not see would be missing from a snapshot without a word.

use super::Connection;
use crate::{domain::refusal::Code, world::WorldError};

/// Without one of these the server hides rows, bodies of views, triggers or events.
const TO_SEE_ALL: [&str; 4] = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"];

/// Refuses when the user may not see everything that the database holds.
pub(crate) async fn require_sight(connection: &mut Connection) -> Result<(), WorldError> {
    let database = connection.text("SELECT DATABASE()").await?.unwrap_or_default();
    let grants: Vec<String> = connection.rows("SHOW GRANTS").await?.into_iter().flatten().flatten().collect();
    let missing: Vec<&str> =
        TO_SEE_ALL.into_iter().filter(|right| !grants.iter().any(|grant| gives(grant, right, &database))).collect();
    let hidden = connection
        .rows(
            "SELECT routine_name FROM information_schema.routines \
             WHERE routine_schema = DATABASE() AND routine_definition IS NULL",
        )
        .await?;
    let problem = match (missing.as_slice(), hidden.len()) {
        ([], 0) => return Ok(()),
        ([], count) => format!("the user may not read the text of {count} routines"),
        (missing, _) => format!("the user lacks {}, without which the server hides part of it", missing.join(", ")),
    };
    Err(WorldError::new(
        Code::WorldFailed,
        format!("read all of database {}", connection.name),
        problem,
        "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES on the database to the user of deploy-ops.toml, and SELECT on \
         mysql.proc (MySQL: SHOW_ROUTINE) when it has routines of others.",
    ))
}

/// The tables whose engine has no transactions: no moment of them can be read while others write.
pub(crate) async fn untransactional(connection: &mut Connection) -> Result<Vec<String>, WorldError> {
    let rows = connection
        .rows(
            "SELECT CONCAT(t.table_name, ' (', COALESCE(t.engine, 'no engine'), ')') FROM information_schema.tables t \
             LEFT JOIN information_schema.engines e ON e.engine = t.engine WHERE t.table_schema = DATABASE() \
             AND t.table_type <> 'VIEW' AND COALESCE(e.transactions, 'NO') <> 'YES' ORDER BY 1",
        )
        .await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Whether a line of `SHOW GRANTS` gives a right on the whole of a database.
fn gives(grant: &str, right: &str, database: &str) -> bool {
    let Some((rights, rest)) = grant.strip_prefix("GRANT ").and_then(|text| text.split_once(" ON ")) else {
        return false;
    };
    let scope = rest.split(" TO ").next().unwrap_or_default();
    let everywhere = scope == "*.*";
    let here = scope
        .strip_prefix('`')
        .and_then(|scope| scope.strip_suffix("`.*"))
        .is_some_and(|pattern| like(&pattern.replace("``", "`"), database));
    let all = rights == "ALL" || rights == "ALL PRIVILEGES";
    (everywhere || here) && (all || rights.split(", ").any(|given| given == right))
}

/// SQL's LIKE, without regard to case: a grant is for the databases that its pattern names.
fn like(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern_rest.as_str();
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| like(rest, text.get(at..).unwrap_or_default()))
        }
        Some(wanted) => {
            let (wanted, any) = match wanted {
                '\\' => (pattern_rest.next().unwrap_or('\\'), false),
                '_' => ('_', true),
                other => (other, false),
            };
            let mut text_rest = text.chars();
            let matches = text_rest.next().is_some_and(|found| any || found.eq_ignore_ascii_case(&wanted));
            matches && like(pattern_rest.as_str(), text_rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::gives;

    #[test]
    fn a_grant_counts_for_the_databases_that_it_names() {
        let cases = [
            ("GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`localhost`", true),
            ("GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*A'", true),
            ("GRANT SELECT, TRIGGER ON `sh%`.* TO `u`@`%`", true),
            ("GRANT TRIGGER ON `sho_`.* TO `u`@`%`", true),
            ("GRANT TRIGGER ON `shop\\_`.* TO `u`@`%`", false),
            ("GRANT SELECT, SHOW VIEW ON `shop`.* TO `u`@`%`", false),
            ("GRANT ALL PRIVILEGES ON `shop`.`orders` TO `u`@`%`", false),
            ("GRANT ALL PRIVILEGES ON `other`.* TO `u`@`%`", false),
            ("GRANT USAGE ON *.* TO `u`@`%`", false),
            ("GRANT `role` TO `u`@`%`", false),
        ];
        for (grant, given) in cases {
            assert_eq!(gives(grant, "TRIGGER", "shop"), given, "{grant}");
        }
    }
}
