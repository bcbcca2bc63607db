//! One moment of a database that others go on writing.
//!
//! `pg_dump` takes its moment first and its locks later. A `TRUNCATE` that commits in between leaves it with an empty table and exit
//! code 0. So the locks come first: no table can be emptied, changed or dropped any more, and then the moment is taken, which
//! `pg_dump` is told to use.

use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::{
        WorldError,
        database::postgres::{Connection, quoted},
    },
};

/// How often locking is begun again because tables came or went.
const ATTEMPTS: u32 = 5;

/// What `pg_dump` locks.
const TABLES: &str = "\
SELECT n.nspname::text, c.relname::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1, 2";

/// Locks every table against changes of its form and begins a transaction of one moment. Returns the name by which others can
/// see the same moment, as long as the connection lives.
pub(super) async fn pin(connection: &mut Connection, name: &DatabaseName) -> Result<String, WorldError> {
    for _ in 0..ATTEMPTS {
        let tables = connection.rows(TABLES).await?;
        // The moment is that of the first query; locking is none.
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let names: Vec<String> = tables
            .iter()
            .map(|row| row.iter().flatten().map(|part| quoted(part)).collect::<Vec<_>>().join("."))
            .map(|table| format!("ONLY {table}"))
            .collect();
        let locked = if names.is_empty() {
            Ok(())
        } else {
            connection.execute(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))).await
        };
        if locked.is_ok() {
            let moment = connection.text("SELECT pg_export_snapshot()").await?.unwrap_or_default();
            if connection.rows(TABLES).await? == tables {
                return Ok(moment);
            }
        }
        connection.execute("ROLLBACK").await?;
        if let Err(error) = locked
            && connection.rows(TABLES).await? == tables
        {
            return Err(error);
        }
    }
    Err(WorldError::new(
        Code::BackupMissing,
        format!("snapshot database {name}"),
        "tables are made and dropped all the time, so that no moment could be held",
        "Take the snapshot when it is quieter.",
    ))
}
