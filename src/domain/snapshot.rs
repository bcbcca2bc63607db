//! Snapshots of databases.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    digest::Digest,
    name::{DatabaseName, InvalidName},
    operation::OperationId,
    time::Time,
};

/// The id of a snapshot: `<database>-<UTC time>-<random>`; also its file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct SnapshotId(String);

impl SnapshotId {
    /// An id for a snapshot of `database` begun at `at`; `random` tells apart two of the same second.
    pub fn new(database: &DatabaseName, at: Time, random: u32) -> Self {
        Self(format!("{database}-{}-{random:08x}", at.compact()))
    }
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = (1..=128).contains(&text.len())
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && !text.contains("..");
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName { kind: "snapshot id", rule: "use an id that snapshot_db mode=list shows" })
        }
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> String {
        id.0
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a snapshot has been proven. Only `Verified` satisfies "backup before".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotLevel {
    /// L1: the dump tool ended well and the file is complete.
    Dumped,
    /// L2: the file decodes to its end and has the digest of the manifest.
    Decoded,
    /// L3: restored into a scratch database; schema, row counts and contents equal what was read in the same snapshot.
    Verified,
}

/// How the data lies in the stored file, below compression and encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotFormat {
    /// A SQLite database file.
    Sqlite,
    /// What `pg_dump --format=custom` writes.
    PostgresCustom,
    /// The SQL that `mariadb-dump` writes.
    MariadbSql,
}

impl SnapshotFormat {
    /// The ending of the stored file's name before those of compression and encryption.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgresCustom => "pgdump",
            Self::MariadbSql => "sql",
        }
    }
}

/// The manifest of a snapshot, written last: without it the snapshot does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotManifest {
    /// The id.
    pub id: SnapshotId,
    /// The database of the inventory.
    pub database: DatabaseName,
    /// The engine, for example `sqlite 3.51.3`.
    pub engine: String,
    /// How the data lies in the file.
    pub format: SnapshotFormat,
    /// The program that wrote the data, with its version.
    pub tool: String,
    /// Whether the file is encrypted (<https://c2sp.org/age>).
    pub encrypted: bool,
    /// Which database it really is (system identifier, server uuid, or file identity).
    pub identity: String,
    /// The operation that took it.
    pub operation: OperationId,
    /// When the snapshot began (UTC).
    pub taken_at: Time,
    /// How long dumping and verifying took, ms.
    pub duration_ms: u64,
    /// Size of the database, bytes.
    pub database_bytes: u64,
    /// Size of the data before compression and encryption, bytes.
    pub data_bytes: u64,
    /// Size of the stored file, bytes.
    pub stored_bytes: u64,
    /// SHA-256 of the stored file.
    pub digest: Digest,
    /// Migration head in the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_head: Option<String>,
    /// Fingerprint of the schema.
    pub schema: Digest,
    /// Exact rows of each table, read in the same snapshot.
    pub rows: BTreeMap<String, u64>,
    /// Digest of the contents of each table, read in the same snapshot.
    pub contents: BTreeMap<String, Digest>,
    /// How far it is proven.
    pub level: SnapshotLevel,
}

impl SnapshotManifest {
    /// What is hard to believe about this snapshot, given the one before it: a fifth of the tables, or every row, is gone.
    ///
    /// A snapshot can be complete and of a database that somebody has just emptied; then it is no backup of what was meant.
    pub fn implausible_after(&self, earlier: &Self) -> Option<String> {
        let (now, before) = (self.rows.len(), earlier.rows.len());
        if now.saturating_mul(5) < before.saturating_mul(4) {
            return Some(format!("it has {now} tables, and {} of {} had {before}", earlier.id, earlier.taken_at));
        }
        let rows = |manifest: &Self| manifest.rows.values().sum::<u64>();
        (rows(self) == 0 && rows(earlier) > 0)
            .then(|| format!("it has no row, and {} of {} had {}", earlier.id, earlier.taken_at, rows(earlier)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_rows(rows: &[u64]) -> SnapshotManifest {
        let database: DatabaseName = "crm".parse().unwrap();
        let taken_at = Time::from_millis(1_700_000_000_000);
        SnapshotManifest {
            id: SnapshotId::new(&database, taken_at, 1),
            database,
            engine: "sqlite 3.51.3".to_owned(),
            format: SnapshotFormat::Sqlite,
            tool: "sqlite 3.51.3".to_owned(),
            encrypted: false,
            identity: "/srv/crm.db@1:2".to_owned(),
            operation: OperationId::from_uuid(uuid::Uuid::from_u128(1)),
            taken_at,
            duration_ms: 1,
            database_bytes: 1,
            data_bytes: 1,
            stored_bytes: 1,
            digest: Digest::of(b""),
            migration_head: None,
            schema: Digest::of(b""),
            rows: rows.iter().enumerate().map(|(n, rows)| (format!("t{n}"), *rows)).collect(),
            contents: BTreeMap::new(),
            level: SnapshotLevel::Verified,
        }
    }

    #[test]
    fn a_fifth_of_the_tables_or_all_rows_may_not_vanish_unseen() {
        let check = |before: &[u64], now: &[u64], wanted: bool| {
            let found = with_rows(now).implausible_after(&with_rows(before));
            assert_eq!(found.is_some(), wanted, "{before:?} {now:?} {found:?}");
        };
        check(&[1; 5], &[1; 4], false);
        check(&[1; 5], &[1; 3], true);
        check(&[1; 10], &[1; 8], false);
        check(&[1; 10], &[1; 7], true);
        check(&[7, 3], &[0, 0], true);
        check(&[0, 0], &[0, 0], false);
        check(&[7], &[1], false);
        check(&[], &[], false);
        check(&[], &[1; 9], false);
    }
}
