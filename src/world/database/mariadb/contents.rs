//! The rows of a MariaDB database, as digests that the server computes itself.
//!
//! Every row is hashed by value: numbers and times as their text, everything long by its own MD5 over its raw bytes, so that no
//! collation folds and no packet limit cuts; NULL is a word that no value can be. The sum of the hashes does not depend on the order.
//! All rows are hashed whatever their number: restoring them to be verified costs far more. A FLOAT counts with the six digits that
//! the server ever shows of it, which are those that dump tools carry ([`cut_floats`](super::cut_floats) finds what that cuts; where
//! it finds nothing, equal digits are equal values). Virtual columns hold nothing; their expressions are schema.

use super::{Connection, quoted};
use crate::{
    domain::digest::Digest,
    world::{WorldError, database::contents::Rows},
};

/// What the server calls the kinds of tables that hold rows.
const BASE: &str = "BASE TABLE";
const VERSIONED: &str = "SYSTEM VERSIONED";
const SEQUENCE: &str = "SEQUENCE";

/// A table with what is asked of its rows.
struct Table {
    name: String,
    kind: String,
    /// The value of each stored column as an expression that is never NULL.
    values: Vec<String>,
    /// Whether the period of its history is among its columns.
    shows_period: bool,
}

/// The rows of each table and a digest over them. The caller has begun a transaction.
pub(crate) async fn contents(connection: &mut Connection) -> Result<Rows, WorldError> {
    let mut found = Rows::default();
    for table in tables(connection).await? {
        // Going back releases the table: otherwise a change of its schema, and everybody behind it, waits for our end.
        connection.execute("SAVEPOINT deployops").await?;
        let row = connection.rows(&table.query()).await?.into_iter().next().unwrap_or_default();
        connection.execute("ROLLBACK TO SAVEPOINT deployops").await?;
        let count = row.first().and_then(Option::as_deref).and_then(|text| text.parse().ok()).unwrap_or(0);
        let text = serde_json::to_vec(&row).unwrap_or_default();
        found.counts.insert(table.name.clone(), count);
        found.digests.insert(table.name, Digest::of_domain("deployops/mariadb-rows/v1", &text));
    }
    Ok(found)
}

/// The tables with their columns, by name.
async fn tables(connection: &mut Connection) -> Result<Vec<Table>, WorldError> {
    let rows = connection
        .rows(
            "SELECT t.table_name, t.table_type, c.column_name, c.data_type, c.extra, c.generation_expression \
             FROM information_schema.tables t JOIN information_schema.columns c \
             ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
             WHERE t.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') \
             ORDER BY CAST(t.table_name AS BINARY), c.ordinal_position",
        )
        .await?;
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let mut texts = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || texts.next().unwrap_or_default();
        let (name, kind, column, data_type, extra, generated) = (next(), next(), next(), next(), next(), next());
        if tables.last().is_none_or(|last| last.name != name) {
            tables.push(Table { name, kind, values: Vec::new(), shows_period: false });
        }
        let Some(table) = tables.last_mut() else { continue };
        table.shows_period |= generated.eq_ignore_ascii_case("ROW START");
        if !extra.to_uppercase().contains("VIRTUAL GENERATED") {
            table.values.push(value(&column, &data_type));
        }
    }
    Ok(tables)
}

/// The text of a column's value; two values have the same one only when they are the same.
fn value(column: &str, data_type: &str) -> String {
    let column = quoted(column);
    let text = match data_type.to_lowercase().as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "date"
        | "datetime" | "timestamp" | "time" | "year" | "inet4" | "inet6" | "uuid" => format!("CAST({column} AS CHAR)"),
        // By number: an ENUM may hold a value that its text does not tell from the empty one.
        "bit" | "enum" | "set" => format!("CAST({column} + 0 AS CHAR)"),
        _ => format!("MD5({column})"),
    };
    format!("IFNULL({text}, 'n')")
}

impl Table {
    /// How many rows, and the sum of 64 bits of their hashes: the server would compute a hash anew for each further sum.
    fn query(&self) -> String {
        let name = quoted(&self.name);
        if self.kind == SEQUENCE {
            // The rest of it is schema.
            return format!("SELECT 1, CAST(next_not_cached_value AS CHAR) FROM {name}");
        }
        let mut values = self.values.clone();
        let mut from = name;
        if self.kind == VERSIONED {
            from.push_str(" FOR SYSTEM_TIME ALL");
            if !self.shows_period {
                values.extend(["CAST(ROW_START AS CHAR)".to_owned(), "CAST(ROW_END AS CHAR)".to_owned()]);
            }
        } else {
            debug_assert_eq!(self.kind, BASE);
        }
        let hash =
            format!("MD5(CONCAT_WS(',', {}))", if values.is_empty() { "''".to_owned() } else { values.join(", ") });
        format!("SELECT COUNT(*), CAST(SUM(CAST(CONV(LEFT({hash}, 16), 16, 10) AS UNSIGNED)) AS CHAR) FROM {from}")
    }
}
