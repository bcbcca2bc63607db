//! How large the tables are.

use super::Connection;
use crate::world::{WorldError, database::TableSize};

/// Every table with its exact rows and the space of its pages, indexes and large values, largest first.
pub(crate) async fn table_sizes(connection: &mut Connection) -> Result<Vec<TableSize>, WorldError> {
    let rows = connection
        .rows(
            "SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' \
             ORDER BY 4 DESC, 1, 2",
        )
        .await?;
    let mut tables = Vec::new();
    for row in rows {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (schema, table, rows, bytes) = (next(), next(), next(), next());
        let name = if schema == "public" { table } else { format!("{schema}.{table}") };
        tables.push(TableSize { name, rows: rows.parse().unwrap_or(0), bytes: bytes.parse().unwrap_or(0) });
    }
    Ok(tables)
}
