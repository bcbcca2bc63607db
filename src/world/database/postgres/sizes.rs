//! How large the tables are.

use super::{Connection, columns, shown};
use crate::world::{WorldError, database::TableSize};

/// Every table with its exact rows and the space of its pages, indexes and large values, largest first. A table that is in parts
/// is told by its parts.
pub(crate) async fn table_sizes(connection: &mut Connection) -> Result<Vec<TableSize>, WorldError> {
    let rows = connection
        .rows(
            "SELECT n.nspname::text, c.relname::text, greatest(c.reltuples, 0)::bigint::text, \
             pg_total_relation_size(c.oid)::text FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' \
             ORDER BY pg_total_relation_size(c.oid) DESC, 1, 2",
        )
        .await?;
    let sizes = rows.into_iter().map(|row| {
        let [schema, table, rows, bytes] = columns(row);
        TableSize { name: shown(&schema, &table), rows: rows.parse().unwrap_or(0), bytes: bytes.parse().unwrap_or(0) }
    });
    Ok(sizes.collect())
}
