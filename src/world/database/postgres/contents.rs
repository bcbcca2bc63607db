//! What a PostgreSQL database holds, as digests.

use super::Connection;
use crate::{
    domain::digest::Digest,
    world::{WorldError, database::contents::Rows},
};

/// The fingerprint of the schema: what was declared.
pub(crate) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    let declared = connection
        .rows(
            "SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default \
             FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema') \
             ORDER BY table_schema, table_name, ordinal_position",
        )
        .await?;
    Ok(Digest::of_domain("deployops/postgres-schema/v1", &serde_json::to_vec(&declared).unwrap_or_default()))
}

/// The rows of each table and a digest over them that does not depend on their order.
pub(crate) async fn contents(connection: &mut Connection) -> Result<Rows, WorldError> {
    let _ = connection;
    Err(WorldError::unsupported("read a database", "PostgreSQL"))
}
