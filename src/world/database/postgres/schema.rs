//! The fingerprint of a PostgreSQL schema: what was declared.
//!
//! It covers schemas, extensions, tables, columns, defaults, identity and generated columns, constraints, indexes, views,
//! materialised views, functions, procedures, aggregates, triggers, rules, types, domains, enums, sequences, policies, statistics
//! objects, event triggers and comments. It does not cover what depends on the server a copy lies on: owners, grants,
//! tablespaces, versions of extensions, publications and subscriptions.

use super::{Connection, expression::settled};
use crate::{domain::digest::Digest, world::WorldError};

const DECLARED: &str = include_str!("schema.sql");

/// The fingerprint.
pub(crate) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    let mut declared = connection.rows(DECLARED).await?;
    for text in declared.iter_mut().flatten().flatten() {
        *text = settled(text);
    }
    declared.sort();
    Ok(Digest::of_domain("deployops/postgres-schema/v1", &serde_json::to_vec(&declared).unwrap_or_default()))
}
