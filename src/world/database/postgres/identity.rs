//! Which PostgreSQL database answers.

use super::{Connection, columns};
use crate::world::{WorldError, database::DatabaseIdentity};

/// The cluster's system identifier, the database's name and its oid: they stay over restarts, writes and changes of the address,
/// and are those of no other database (`pg_control_system()`, PostgreSQL manual, 9.27). Any role may read it unless the operator
/// of the server took that right away; then the oid of our role stands for the cluster, which is weaker but seldom the same
/// elsewhere. A cluster that was copied as files is the same as its original to everybody: nothing in it differs.
pub(crate) async fn identity(connection: &mut Connection) -> Result<DatabaseIdentity, WorldError> {
    let rows = connection
        .rows(
            "SELECT current_setting('server_version'), d.oid::text, d.datname::text, pg_database_size(d.oid)::text, \
             (SELECT oid::text FROM pg_roles WHERE rolname = current_user) \
             FROM pg_database d WHERE d.datname = current_database()",
        )
        .await?;
    let [version, oid, name, bytes, role] = columns(rows.into_iter().next().unwrap_or_default());
    let system = if connection.holds("has_function_privilege('pg_control_system()', 'EXECUTE')").await? {
        connection.text("SELECT system_identifier::text FROM pg_control_system()").await?.unwrap_or_default()
    } else {
        format!("role-{role}")
    };
    let version = version.split(' ').next().unwrap_or_default();
    Ok(DatabaseIdentity {
        engine: format!("postgres {version}"),
        identity: format!("{system}/{name}@{oid}"),
        bytes: bytes.parse().unwrap_or(0),
    })
}
