//! What a database holds, as digests that can be compared with those of a copy.

use std::collections::BTreeMap;

use super::{Connection, mariadb, migrations, postgres, sqlite};
use crate::{
    domain::{clean::clean_line, digest::Digest, inventory::MigrationTool},
    world::WorldError,
};

/// How many tables that differ are named.
const NAMED: usize = 5;
/// How much of a name is shown, characters.
const NAME: usize = 80;

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

    /// How another one differs from this one, with the first tables that do; absent when it does not.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let mut names = self.changed_tables(other);
        let counted = self.rows.keys().chain(other.rows.keys());
        names.extend(counted.filter(|name| self.rows.get(*name) != other.rows.get(*name)).cloned());
        names.sort();
        names.dedup();
        let more = names.len().saturating_sub(NAMED);
        let shown: Vec<String> = names.iter().take(NAMED).map(|name| short(name)).collect();
        let rows = match (shown.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(format!("the rows of {}", shown.join(", "))),
            (false, more) => Some(format!("the rows of {} and {more} more", shown.join(", "))),
        };
        let schema = (self.schema != other.schema).then(|| "the schema".to_owned());
        let head = (self.migration_head != other.migration_head).then(|| "the migration head".to_owned());
        let parts: Vec<String> = [schema, head, rows].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("different are {}", parts.join(" and ")))
    }

    /// The tables that differ between two moments, by name.
    pub(crate) fn changed_tables(&self, later: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.tables.keys().chain(later.tables.keys()).collect();
        names.sort();
        names.dedup();
        names.into_iter().filter(|name| self.tables.get(*name) != later.tables.get(*name)).cloned().collect()
    }
}

/// A name that others gave, on one line and not endless.
fn short(name: &str) -> String {
    clean_line(name).chars().take(NAME).collect()
}

/// The fingerprint of the schema: what was declared, not where it lies.
pub(super) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    match connection {
        Connection::Sqlite(connection) => sqlite::schema(connection).await,
        Connection::Postgres(connection) => postgres::schema(connection).await,
        Connection::Mariadb(connection) => mariadb::schema(connection).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: &[(&str, u64)]) -> Contents {
        Contents {
            schema: Digest::of(b"schema"),
            rows: rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            tables: rows.iter().map(|(name, count)| ((*name).to_owned(), Digest::of(&count.to_be_bytes()))).collect(),
            migration_head: None,
        }
    }

    #[test]
    fn a_difference_names_what_differs_and_not_everything() {
        let check = |other: &Contents, wanted: Option<&str>| {
            assert_eq!(contents(&[("a", 1), ("b", 2)]).difference(other).as_deref(), wanted);
        };
        check(&contents(&[("a", 1), ("b", 2)]), None);
        check(&contents(&[("a", 1), ("b", 3)]), Some("different are the rows of b"));
        check(&contents(&[("a", 1)]), Some("different are the rows of b"));
        let mut changed = contents(&[("a", 1), ("b", 2)]);
        changed.tables.insert("b".to_owned(), Digest::of(b"same number, other rows"));
        check(&changed, Some("different are the rows of b"));
        changed.migration_head = Some("0002".to_owned());
        changed.schema = Digest::of(b"another");
        check(&changed, Some("different are the schema and the migration head and the rows of b"));
        let many: Vec<String> = (0..7).map(|n| format!("t{n}\n{}", "x".repeat(200))).collect();
        let many: Vec<(&str, u64)> = many.iter().map(|name| (name.as_str(), 1)).collect();
        let told = contents(&many).difference(&contents(&[])).unwrap();
        assert!(told.ends_with("and 2 more") && told.len() < 600 && !told.contains('\n'), "{told}");
    }
}
