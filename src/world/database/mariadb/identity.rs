//! Which MariaDB database answers.

use super::Connection;
use crate::world::{WorldError, database::DatabaseIdentity};

/// Who answers, found out with an ordinary user's rights.
///
/// MySQL has a uuid that is made once and kept in its data directory. MariaDB has none: there host name, port, server id and data
/// directory name the place. They stay over restarts, and two servers of one machine cannot share them all. Its `server_uid`, a
/// hash over the network card, tells machines of the same name apart; it stands behind the `@`, because a new card does not make
/// another database: plans become stale by it, snapshots can still be restored.
pub(crate) async fn identity(connection: &mut Connection) -> Result<DatabaseIdentity, WorldError> {
    let variables =
        connection.rows("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')").await?;
    let variable = |wanted: &str| {
        let mut values = variables.iter().filter_map(|row| match row.as_slice() {
            [Some(name), Some(value)] if name.eq_ignore_ascii_case(wanted) => Some(value.clone()),
            _ => None,
        });
        values.next().unwrap_or_default()
    };
    let rows = connection
        .rows(
            "SELECT VERSION(), CONCAT_WS(':', @@hostname, @@port, @@server_id, MD5(@@datadir)), DATABASE(), \
             (SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables \
              WHERE table_schema = DATABASE())",
        )
        .await?;
    let mut values = rows.into_iter().next().unwrap_or_default().into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    let (version, place, name, bytes) = (next(), next(), next(), next());
    let engine = if version.to_lowercase().contains("mariadb") { "mariadb" } else { "mysql" };
    let version = version.split('-').next().unwrap_or_default();
    let uuid = variable("server_uuid");
    let identity =
        if uuid.is_empty() { format!("{place}/{name}@{}", variable("server_uid")) } else { format!("{uuid}/{name}@") };
    Ok(DatabaseIdentity { engine: format!("{engine} {version}"), identity, bytes: bytes.parse().unwrap_or(0) })
}
