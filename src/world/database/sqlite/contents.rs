//! What a SQLite database holds, as digests.

use futures::TryStreamExt;
use sha2::{Digest as _, Sha256};
use sqlx::{Row, TypeInfo, ValueRef};

use super::{Connection, quoted};
use crate::{
    domain::digest::Digest,
    world::{WorldError, database::contents::Rows},
};

/// The rows of each table, and a digest over them.
pub(crate) async fn contents(connection: &mut Connection) -> Result<Rows, WorldError> {
    let mut found = Rows::default();
    for table in tables(connection).await? {
        let (count, digest) = table_digest(connection, &table).await?;
        found.counts.insert(table.clone(), count);
        found.digests.insert(table, digest);
    }
    Ok(found)
}

/// The fingerprint of the schema: what was declared, not where its pages lie.
pub(crate) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    let declared = connection
        .rows("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name")
        .await?;
    let settings = connection
        .rows(
            "SELECT CAST(user_version AS TEXT), CAST(application_id AS TEXT), encoding \
             FROM pragma_user_version, pragma_application_id, pragma_encoding",
        )
        .await?;
    let text = serde_json::to_vec(&(declared, settings)).unwrap_or_default();
    Ok(Digest::of_domain("deployops/sqlite-schema/v1", &text))
}

/// The tables that hold rows of their own: no virtual ones (their shadow tables are listed), no statistics.
pub(super) async fn tables(connection: &mut Connection) -> Result<Vec<String>, WorldError> {
    let rows = connection
        .rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' \
             AND rootpage > 0 ORDER BY name",
        )
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}

/// The rows of a table and a digest over them that does not depend on their order: the sum of their hashes.
async fn table_digest(connection: &mut Connection, table: &str) -> Result<(u64, Digest), WorldError> {
    let query = format!("SELECT * FROM {}", quoted(table));
    let mut count = 0_u64;
    let mut sum = [0_u64; 4];
    let mut problem = None;
    {
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch(&mut connection.inner);
        loop {
            match rows.try_next().await {
                Ok(Some(row)) => {
                    count += 1;
                    let hash = row_hash(&row);
                    for (part, bytes) in sum.iter_mut().zip(hash.chunks_exact(8)) {
                        *part = part.wrapping_add(u64::from_le_bytes(bytes.try_into().unwrap_or_default()));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            }
        }
    }
    if let Some(error) = problem {
        return Err(connection.failed("read", error));
    }
    let mut all = Vec::with_capacity(40);
    all.extend(count.to_le_bytes());
    all.extend(sum.iter().flat_map(|part| part.to_le_bytes()));
    Ok((count, Digest::of_domain("deployops/sqlite-rows/v1", &all)))
}

/// Every value with its storage class and length, so that no two different rows are the same bytes.
fn row_hash(row: &sqlx::sqlite::SqliteRow) -> [u8; 32] {
    let mut hash = Sha256::new();
    for index in 0..row.len() {
        let Ok(value) = row.try_get_raw(index) else { continue };
        if value.is_null() {
            hash.update(b"n");
            continue;
        }
        let class = value.type_info().name().to_owned();
        match class.as_str() {
            "REAL" => {
                hash.update(b"r");
                hash.update(row.try_get_unchecked::<f64, _>(index).unwrap_or_default().to_bits().to_le_bytes());
            }
            "TEXT" | "BLOB" => {
                let bytes = row.try_get_unchecked::<&[u8], _>(index).unwrap_or_default();
                hash.update(if class == "TEXT" { b"t" } else { b"b" });
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
            _ => {
                hash.update(b"i");
                hash.update(row.try_get_unchecked::<i64, _>(index).unwrap_or_default().to_le_bytes());
            }
        }
    }
    hash.finalize().into()
}
