//! The schema of a database beside the one that the last deployment or snapshot saw.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen, first, name, users};
use crate::domain::{
    digest::Digest,
    evidence::{EvidenceKind, Outcome},
    inventory::Database,
    refusal::Refusal,
    snapshot::SnapshotManifest,
    time::Time,
};

/// The schema of a database.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct SchemaView {
    /// The fingerprint of what is declared.
    fingerprint: Digest,
    /// How many tables there are.
    tables: usize,
    /// What it was compared with; absent when nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<String>,
    /// Whether it differs.
    drift: bool,
    /// Tables that were not there in the last snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    new_tables: Vec<String>,
    /// Tables of the last snapshot that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gone_tables: Vec<String>,
    /// Names that are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    names_left_out: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A fingerprint of earlier.
struct Known {
    schema: Digest,
    at: Time,
    what: String,
}

pub(in crate::tools) async fn look(
    context: Context<'_>,
    database: &Database,
    limit: usize,
) -> Result<Seen<SchemaView>, Refusal> {
    let now = context.reader.inspect_database(&database.name).await?;
    let snapshots = context.records.snapshots(&database.name).await?;
    let of_snapshot = snapshots.first().map(|snapshot| Known {
        schema: snapshot.schema,
        at: snapshot.taken_at,
        what: format!("snapshot {} of {}", snapshot.id, snapshot.taken_at),
    });
    let known = of_deployment(context, database).await?.into_iter().chain(of_snapshot).max_by_key(|known| known.at);
    let drift = known.as_ref().is_some_and(|known| known.schema != now.schema);
    let tables: BTreeSet<String> = now.tables.iter().map(|table| bare(&table.name)).collect();
    let (mut new_tables, mut gone_tables) = (Vec::new(), Vec::new());
    if let Some(snapshot) = snapshots.first().filter(|_| drift) {
        (new_tables, gone_tables) = difference(&tables, snapshot);
    }
    let named = new_tables.len() + gone_tables.len();
    let (new_tables, more_new) = first(new_tables, limit);
    let (gone_tables, more_gone) = first(gone_tables, limit);
    let (outcome, said) = match &known {
        None => {
            (Outcome::Inconclusive, "there is nothing to compare it with: no deployment and no snapshot".to_owned())
        }
        Some(known) if !drift => (Outcome::Pass, format!("as in {}", known.what)),
        Some(known) if named == 0 => {
            (Outcome::Fail, format!("DRIFT: not as in {}; the tables are the same, what is in them is not", known.what))
        }
        Some(known) => (Outcome::Fail, format!("DRIFT: not as in {}", known.what)),
    };
    Ok(Seen {
        outcome,
        found: format!("schema of {}: {said}", database.name),
        facts: SchemaView {
            fingerprint: now.schema,
            tables: tables.len(),
            compared_with: known.map(|known| known.what),
            drift,
            new_tables,
            gone_tables,
            names_left_out: more_new + more_gone,
        },
    })
}

/// The fingerprint that the newest live deployment of a service that uses the database left, when it ran migrations.
async fn of_deployment(context: Context<'_>, database: &Database) -> Result<Option<Known>, Refusal> {
    let mut newest: Option<Known> = None;
    for (service, environment, _) in users(context.reader.inventory(), database) {
        let Some(live) = super::super::drafting::way_back::live(context, service, environment).await? else { continue };
        for evidence in context.records.evidence(&live.operation).await? {
            let about = evidence.kind == EvidenceKind::Migrations && evidence.subject == database.name.as_str();
            let Some(schema) = evidence.raw_digest.filter(|_| about) else { continue };
            if newest.as_ref().is_none_or(|known| known.at <= evidence.collected_at) {
                let what = format!("the deployment of {} {} ({})", service.name, live.version, live.operation);
                newest = Some(Known { schema, at: evidence.collected_at, what });
            }
        }
    }
    Ok(newest)
}

fn difference(tables: &BTreeSet<String>, snapshot: &SnapshotManifest) -> (Vec<String>, Vec<String>) {
    let then: BTreeSet<String> = snapshot.rows.keys().map(|table| bare(table)).collect();
    let names = |set: &BTreeSet<String>, other: &BTreeSet<String>| set.difference(other).map(|n| name(n)).collect();
    (names(tables, &then), names(&then, tables))
}

/// The name without the schema that is the usual one.
fn bare(table: &str) -> String {
    table.strip_prefix("public.").unwrap_or(table).to_owned()
}
