//! What a database holds, as digests that can be compared with those of a copy.

use std::collections::BTreeMap;

use super::{Connection, mariadb, migrations, postgres, sqlite};
use crate::{
    domain::{digest::Digest, inventory::MigrationTool},
    world::WorldError,
};

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) schema: Digest,
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) tables: BTreeMap<String, Digest>,
    pub(crate) migration_head: Option<String>,
}

/// The rows of each table: how many, and a digest over them that does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) digests: BTreeMap<String, Digest>,
}

impl Contents {
    /// Reads everything. The caller has begun a transaction, so that it is of one moment.
    pub(crate) async fn read(connection: &mut Connection, tool: Option<MigrationTool>) -> Result<Self, WorldError> {
        let rows = match connection {
            Connection::Sqlite(connection) => sqlite::contents(connection).await?,
            Connection::Postgres(connection) => postgres::contents(connection).await?,
            Connection::Mariadb(connection) => mariadb::contents(connection).await?,
        };
        let migration_head = match tool {
            Some(tool) => migrations::read(tool, connection).await?.head,
            None => None,
        };
        let schema = schema(connection).await?;
        Ok(Self { schema, rows: rows.counts, tables: rows.digests, migration_head })
    }

    /// The tables that differ between two moments, by name.
    pub(crate) fn changed_tables(&self, later: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.tables.keys().chain(later.tables.keys()).collect();
        names.sort();
        names.dedup();
        names.into_iter().filter(|name| self.tables.get(*name) != later.tables.get(*name)).cloned().collect()
    }
}

/// The fingerprint of the schema: what was declared, not where it lies.
pub(super) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    match connection {
        Connection::Sqlite(connection) => sqlite::schema(connection).await,
        Connection::Postgres(connection) => postgres::schema(connection).await,
        Connection::Mariadb(connection) => mariadb::schema(connection).await,
    }
}
