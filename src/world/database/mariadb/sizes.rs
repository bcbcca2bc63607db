//! How large the tables are.

use super::Connection;
use crate::world::{WorldError, database::TableSize};

/// Every table with its estimated rows and the space of its data and indexes, largest first.
pub(crate) async fn table_sizes(connection: &mut Connection) -> Result<Vec<TableSize>, WorldError> {
    let rows = connection
        .rows(
            "SELECT table_name, COALESCE(table_rows, 0), COALESCE(data_length + index_length, 0) \
             FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') \
             ORDER BY 3 DESC, 1",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut values = row.into_iter().map(Option::unwrap_or_default);
            let mut next = || values.next().unwrap_or_default();
            let (name, rows, bytes) = (next(), next(), next());
            TableSize { name, rows: rows.parse().unwrap_or(0), bytes: bytes.parse().unwrap_or(0) }
        })
        .collect())
}
