//! What a PostgreSQL database holds, as digests that the server computes: no row leaves it.
//!
//! A row is the text of its columns in the order of their names, so that the place of a column does not count; its hash has 64
//! bits, and a table is the number of its rows and the exact sum of their hashes, so that their order does not count. That finds
//! damage. Against forgery there is the signature.
//!
//! Each table counts for itself: parts of a partitioned table and children by inheritance are tables. Rows elsewhere (foreign
//! tables), rows that are computed from others (materialised views) and tables that extensions bring are not read; of the last
//! those rows are that the extension calls the user's own.

use super::{Connection, columns, quoted, shown};
use crate::{
    domain::digest::Digest,
    world::{WorldError, database::contents::Rows},
};

/// How many tables one statement reads: a server far away is asked seldom, and a statement stays small.
const AT_ONCE: usize = 32;
/// Before the name of a sequence among the tables.
const SEQUENCE: &str = "sequence ";
/// The key of the large objects among the tables.
const LARGE_OBJECTS: &str = "large objects";

const TABLES: &str = "\
SELECT n.nspname::text, c.relname::text,
       (SELECT coalesce(string_agg('t.' || quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE \"C\"), '')
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       coalesce((SELECT e.extcondition[array_position(e.extconfig, c.oid)]
          FROM pg_extension e WHERE c.oid = ANY (e.extconfig)), '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (NOT EXISTS (SELECT FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        OR EXISTS (SELECT FROM pg_extension e WHERE c.oid = ANY (e.extconfig)))
 ORDER BY 1, 2";

const SEQUENCES: &str = "\
SELECT n.nspname::text, c.relname::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1, 2";

/// Every large object in pieces of 1 MiB.
const PIECES: &str = "\
WITH RECURSIVE piece (oid, at, data) AS (
  SELECT oid, 0::bigint, lo_get(oid, 0, 1048576) FROM pg_largeobject_metadata
  UNION ALL
  SELECT oid, at + 1048576, lo_get(oid, at + 1048576, 1048576) FROM piece WHERE length(data) = 1048576)
SELECT (count(*) FILTER (WHERE at = 0))::text,
       coalesce(sum(hashtextextended(concat_ws(':', oid, at, encode(sha256(data), 'hex')), 0)), 0)::text
  FROM piece";

/// The rows of each table and a digest over them, the large objects, and where the sequences stand.
pub(crate) async fn contents(connection: &mut Connection) -> Result<Rows, WorldError> {
    let mut found = Rows::default();
    for tables in connection.rows(TABLES).await?.chunks(AT_ONCE) {
        let names: Vec<[String; 4]> = tables.iter().cloned().map(columns).collect();
        let statements: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(index, [schema, table, values, condition])| {
                format!(
                    "SELECT {index}, count(*)::text, \
                     coalesce(sum(hashtextextended(ROW({values})::text, 0)), 0)::text FROM ONLY {}.{} AS t {condition}",
                    quoted(schema),
                    quoted(table)
                )
            })
            .collect();
        let mut rows = connection.rows(&format!("{} ORDER BY 1", statements.join(" UNION ALL "))).await?.into_iter();
        for [schema, table, ..] in &names {
            let [_, count, sum] = columns(rows.next().unwrap_or_default());
            let name = shown(schema, table);
            found.counts.insert(name.clone(), count.parse().unwrap_or(0));
            found.digests.insert(name, digest("rows", &format!("{count} {sum}")));
        }
    }
    let [objects, sum] = columns(connection.rows(PIECES).await?.into_iter().next().unwrap_or_default());
    if objects != "0" {
        found.counts.insert(LARGE_OBJECTS.to_owned(), objects.parse().unwrap_or(0));
        found.digests.insert(LARGE_OBJECTS.to_owned(), digest("large-objects", &format!("{objects} {sum}")));
    }
    found.digests.extend(sequences(connection).await?);
    Ok(found)
}

/// Where the sequences stand now. They belong to no transaction: reading them again tells whether they moved.
pub(crate) async fn sequences(connection: &mut Connection) -> Result<Vec<(String, Digest)>, WorldError> {
    let mut found = Vec::new();
    for sequences in connection.rows(SEQUENCES).await?.chunks(AT_ONCE) {
        let names: Vec<[String; 2]> = sequences.iter().cloned().map(columns).collect();
        let statements: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(index, [schema, name])| {
                format!(
                    "SELECT {index}, concat_ws(' ', last_value, is_called) FROM {}.{}",
                    quoted(schema),
                    quoted(name)
                )
            })
            .collect();
        let mut rows = connection.rows(&format!("{} ORDER BY 1", statements.join(" UNION ALL "))).await?.into_iter();
        for [schema, name] in &names {
            let [_, value] = columns(rows.next().unwrap_or_default());
            found.push((format!("{SEQUENCE}{}", shown(schema, name)), digest("sequence", &value)));
        }
    }
    Ok(found)
}

/// Whether a key of the contents is a sequence.
pub(crate) fn is_sequence(key: &str) -> bool {
    key.starts_with(SEQUENCE)
}

fn digest(what: &str, text: &str) -> Digest {
    Digest::of_domain(&format!("deployops/postgres-{what}/v1"), text.as_bytes())
}
