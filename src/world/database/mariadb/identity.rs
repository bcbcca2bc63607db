//! Which MariaDB database answers.

use super::Connection;
use crate::world::{WorldError, database::DatabaseIdentity};

/// The server's own identity: MySQL and MariaDB 11.? know a uuid; where there is none, host name, port, data directory and
/// server id together tell servers apart.
pub(crate) async fn identity(connection: &mut Connection) -> Result<DatabaseIdentity, WorldError> {
    let rows = connection
        .rows(
            "SELECT VERSION(), CONCAT_WS(':', @@hostname, @@port, @@server_id, MD5(@@datadir)), DATABASE(), \
             (SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables \
              WHERE table_schema = DATABASE())",
        )
        .await?;
    let mut values = rows.into_iter().next().unwrap_or_default().into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    let (version, server, name, bytes) = (next(), next(), next(), next());
    let engine = if version.to_lowercase().contains("mariadb") { "mariadb" } else { "mysql" };
    let version = version.split('-').next().unwrap_or_default();
    Ok(DatabaseIdentity {
        engine: format!("{engine} {version}"),
        identity: format!("{server}/{name}"),
        bytes: bytes.parse().unwrap_or(0),
    })
}
