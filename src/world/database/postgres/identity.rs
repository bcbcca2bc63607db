//! Which PostgreSQL database answers.

use super::Connection;
use crate::world::{WorldError, database::DatabaseIdentity};

/// The cluster's system identifier and the database's oid stay over restarts, renames of hosts and dumps, and are those of no
/// other database (`pg_control_system()`, PostgreSQL manual, 9.28).
pub(crate) async fn identity(connection: &mut Connection) -> Result<DatabaseIdentity, WorldError> {
    let rows = connection
        .rows(
            "SELECT current_setting('server_version'), s.system_identifier, d.oid, d.datname, pg_database_size(d.oid) \
             FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()",
        )
        .await?;
    let mut values = rows.into_iter().next().unwrap_or_default().into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    let (version, system, oid, name, bytes) = (next(), next(), next(), next(), next());
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    Ok(DatabaseIdentity {
        engine: format!("postgres {version}"),
        identity: format!("{system}/{name}@{oid}"),
        bytes: bytes.parse().unwrap_or(0),
    })
}
