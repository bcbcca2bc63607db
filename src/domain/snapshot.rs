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
