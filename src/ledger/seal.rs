//! How a row of state is bound to the chain: by a digest over its columns, in the entry that last changed it.

use super::sql::Row;
use crate::domain::digest::Digest;

/// A table of state.
#[derive(Debug)]
pub(super) struct Table {
    /// The rows that the entry `$1` changed.
    pub(super) of_entry: &'static str,
    /// All rows.
    pub(super) all: &'static str,
}

/// The columns that count; the first one of the result is the entry, the second names the row.
///
/// Left out are only what changes without an entry: the end of a lease, and what a running operation says about itself.
macro_rules! table {
    ($name:ident, $table:literal, $key:literal, $columns:literal) => {
        pub(super) const $name: Table = Table {
            of_entry: concat!(
                "SELECT entry, '",
                $table,
                "/' || ",
                $key,
                " AS id, ",
                $columns,
                " FROM ",
                $table,
                " WHERE entry = $1 ORDER BY id"
            ),
            all: concat!("SELECT entry, '", $table, "/' || ", $key, " AS id, ", $columns, " FROM ", $table),
        };
    };
}

table!(PLANS, "plans", "id", "text, digest, CAST(expires_at AS TEXT), dry_run, consumed_by");
table!(APPROVALS, "approvals", "plan || '/' || CAST(number AS TEXT)", "record, consumed_by");
table!(TOTP_STEPS, "totp_steps", "environment || '/' || CAST(step AS TEXT)", "environment");
table!(
    OPERATIONS,
    "operations",
    "id",
    "service, environment, state, CAST(terminal AS TEXT), CAST(started_at AS TEXT), plan, CAST(fence AS TEXT), instance, cleared_by, \
     CASE WHEN terminal = 1 THEN record END"
);
table!(
    JOURNAL,
    "journal",
    "operation || '/' || phase || '/' || CAST(position AS TEXT) || '/' || CAST(attempt AS TEXT)",
    "CAST(intent AS TEXT), record"
);
table!(EVIDENCE, "evidence", "CAST(entry AS TEXT) || '/' || CAST(number AS TEXT)", "operation, plan, record");
table!(LOCKS, "locks", "resource", "CAST(fence AS TEXT), holder, operation, reason, CAST(since AS TEXT)");
table!(CANCELS, "cancels", "operation", "requested_by");
table!(
    DECISIONS,
    "decisions",
    "operation || '/' || CAST(number AS TEXT)",
    "decision, decided_by, why, CAST(taken AS TEXT)"
);
table!(HALTS, "halts", "CAST(number AS TEXT)", "halted_by, reason, ended_by");
table!(DEPLOYMENTS, "deployments", "operation || '/' || service || '/' || environment", "CAST(at AS TEXT), record");
table!(
    SNAPSHOTS,
    "snapshots",
    "id",
    "database_name, CAST(taken_at AS TEXT), CAST(tombstoned_at AS TEXT), tombstoned_by, record"
);

/// Every table of state.
pub(super) const TABLES: [&Table; 12] = [
    &PLANS,
    &APPROVALS,
    &TOTP_STEPS,
    &OPERATIONS,
    &JOURNAL,
    &EVIDENCE,
    &LOCKS,
    &CANCELS,
    &DECISIONS,
    &HALTS,
    &DEPLOYMENTS,
    &SNAPSHOTS,
];

/// One row as the chain knows it.
#[derive(Debug)]
pub(super) struct Seal {
    /// The entry that last changed the row, as the row says.
    pub(super) entry: i64,
    /// The table and the key.
    pub(super) row: String,
    /// The digest of the columns that count.
    pub(super) digest: Digest,
}

impl Seal {
    /// The seal of a row of [`Table::all`] or [`Table::of_entry`].
    pub(super) fn of(row: &Row) -> Result<Self, sqlx::Error> {
        let mut text = Vec::with_capacity(256);
        for column in 1..row.len() {
            match row.text(column)? {
                Some(value) => {
                    text.extend_from_slice(format!("{}:", value.len()).as_bytes());
                    text.extend_from_slice(value.as_bytes());
                }
                None => text.push(b'-'),
            }
        }
        Ok(Self {
            entry: row.number(0)?,
            row: row.text(1)?.unwrap_or_default(),
            digest: Digest::of_domain("deployops/ledger-row/v1", &text),
        })
    }
}
