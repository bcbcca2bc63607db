//! FLOAT values that a dump cannot carry.
//!
//! The server writes a FLOAT with six digits, whoever asks: what dump tools read is cut. Most values survive that, since the text
//! becomes the same number again (0.1, 123456, 1e38); those that do not are looked for, so that a snapshot can say so.

use super::{Connection, quoted};
use crate::world::WorldError;

/// What MySQL before 8.0.17 says to CAST(… AS FLOAT).
const NO_SUCH_SYNTAX: u16 = 1064;

/// The columns in which a value has more digits than a dump carries, as `table.column`. The caller has begun a transaction.
pub(crate) async fn cut_floats(connection: &mut Connection) -> Result<Vec<String>, WorldError> {
    let columns = connection
        .rows(
            "SELECT t.table_name, t.table_type, c.column_name \
             FROM information_schema.tables t JOIN information_schema.columns c \
             ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
             WHERE t.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') \
             AND c.data_type = 'float' AND c.extra NOT LIKE '%VIRTUAL GENERATED%' \
             ORDER BY CAST(t.table_name AS BINARY), c.ordinal_position",
        )
        .await?;
    let mut cut = Vec::new();
    for row in columns {
        let [Some(table), Some(kind), Some(column)] = row.as_slice() else { continue };
        let history = if kind == "SYSTEM VERSIONED" { " FOR SYSTEM_TIME ALL" } else { "" };
        let (name, value) = (quoted(table), quoted(column));
        let query =
            format!("SELECT 1 FROM {name}{history} WHERE {value} <> CAST(CAST({value} AS CHAR) AS FLOAT) LIMIT 1");
        // Going back releases the table, as when its rows are hashed.
        connection.execute("SAVEPOINT deployops").await?;
        let is_cut = match connection.text(&query).await {
            Ok(found) => found.is_some(),
            // It cannot be told.
            Err(error) if Connection::number(&error) == NO_SUCH_SYNTAX => true,
            Err(error) => return Err(error),
        };
        connection.execute("ROLLBACK TO SAVEPOINT deployops").await?;
        if is_cut {
            cut.push(format!("{table}.{column}"));
        }
    }
    Ok(cut)
}
