//! Where the updates of Drupal stand: schema versions of modules, post updates, deploy hooks, and CiviCRM's own version.

use super::{AppliedMigration, Migrations, tables};
use crate::{
    domain::digest::Digest,
    world::{WorldError, database::Connection},
};

/// The version of a module that is not installed.
const UNINSTALLED: i64 = -1;

/// Every applied update is an entry: `node=9401`, `node_post_update_x`, `site_deploy_x`, `civicrm=5.81.0`. The head is a digest over
/// them: modules count each by itself.
pub(super) async fn read(connection: &mut Connection) -> Result<Migrations, WorldError> {
    let Some(table) = tables::find(connection, "key_value").await? else { return Ok(Migrations::default()) };
    let value = match connection {
        Connection::Sqlite(_) => "CAST(value AS TEXT)",
        // The column is a bytea.
        Connection::Postgres(_) => "convert_from(value, 'UTF8')",
        Connection::Mariadb(_) => "CONVERT(value USING utf8mb4)",
    };
    let query = format!(
        "SELECT collection, name, {value} FROM {table} WHERE collection = 'system.schema' \
         OR (collection IN ('post_update', 'deploy_hook') AND name = 'existing_updates') ORDER BY collection, name"
    );
    let mut ids = Vec::new();
    for row in connection.rows(&query).await? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (collection, name, value) = (next(), next(), next());
        if collection == "system.schema" {
            ids.extend(integer(&value).filter(|version| *version != UNINSTALLED).map(|v| format!("{name}={v}")));
        } else {
            ids.extend(strings(&value));
        }
    }
    if let Some(civicrm) = tables::find(connection, "civicrm_domain").await? {
        let version = connection.text(&format!("SELECT version FROM {civicrm} ORDER BY id LIMIT 1")).await?;
        ids.extend(version.map(|version| format!("civicrm={version}")));
    }
    ids.sort();
    let head = (!ids.is_empty()).then(|| format!("schema-{}", Digest::of(ids.join("\n").as_bytes()).short()));
    let applied = ids.into_iter().map(|id| AppliedMigration { id, applied_at: None, checksum: None }).collect();
    Ok(Migrations { head, applied, ..Migrations::default() })
}

/// A number as PHP serialises it, `i:9401;`, or as a string, `s:4:"9401";`.
fn integer(serialised: &str) -> Option<i64> {
    let text = serialised.strip_prefix("i:").and_then(|rest| rest.strip_suffix(';'));
    match text {
        Some(text) => text.parse().ok(),
        None => strings(serialised).first()?.parse().ok(),
    }
}

/// The strings of a serialised list, `a:2:{i:0;s:3:"abc";i:1;s:1:"d";}`. Names of functions hold no quotes.
fn strings(serialised: &str) -> Vec<String> {
    let parts = serialised.split("s:").skip(1);
    parts
        .filter_map(|part| {
            let (length, rest) = part.split_once(":\"")?;
            rest.get(..length.parse().ok()?).map(str::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_php_serialised_is_read() {
        assert_eq!(integer("i:9401;"), Some(9401));
        assert_eq!(integer("s:4:\"8001\";"), Some(8001));
        assert_eq!(integer("i:-1;"), Some(UNINSTALLED));
        assert_eq!(integer("b:1;"), None);
        assert_eq!(strings("a:2:{i:0;s:15:\"a_post_update_b\";i:1;s:1:\"d\";}"), ["a_post_update_b", "d"]);
        assert_eq!(strings("a:1:{i:0;s:999:\"short\";}"), Vec::<String>::new());
    }
}
