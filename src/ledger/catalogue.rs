//! What exists because of operations: deployments and snapshots.

use serde_json::json;

use super::{
    Ledger,
    change::{Change, Note},
    error::LedgerError,
    record, seal,
    sql::query,
};
use crate::domain::{
    name::{DatabaseName, EnvironmentName, ServiceName},
    principal::Principal,
    release::{Deployment, DeploymentState},
    snapshot::{SnapshotId, SnapshotManifest},
    time::Time,
};

const DEPLOYMENT: &str = "deployment";
const SNAPSHOT: &str = "snapshot";

impl Ledger {
    /// The deployments of a service, the newest first.
    pub async fn deployments(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Result<Vec<Deployment>, LedgerError> {
        let texts: Vec<String> = self.inner.readers.texts("deployments", query(
            "SELECT record FROM deployments WHERE service = $1 AND environment = $2 ORDER BY at DESC, operation DESC",
        )
        .bind(service.as_str())
        .bind(environment.as_str())).await?;
        record::read_all(DEPLOYMENT, &texts)
    }

    /// What is live, of every service in every environment.
    pub async fn live(&self) -> Result<Vec<Deployment>, LedgerError> {
        // Records are canonical JSON, so the pattern misses none; what else it finds is sorted out below.
        let sql = "SELECT record FROM deployments WHERE record LIKE '%\"state\":\"live\"%' ORDER BY at, operation";
        let texts = self.inner.readers.texts("deployments", query(sql)).await?;
        let mut deployments: Vec<Deployment> = record::read_all(DEPLOYMENT, &texts)?;
        deployments.retain(|deployment| deployment.state == DeploymentState::Live);
        Ok(deployments)
    }

    /// Stores the manifest of a snapshot. Storing the same one again changes nothing; another one under its id is refused.
    pub async fn record_snapshot(&self, manifest: &SnapshotManifest) -> Result<(), LedgerError> {
        let mut change = self.change(SNAPSHOT).await?;
        let entry = change.entry();
        let manifest = change.record_tables(manifest, &["rows", "contents"])?;
        let known = query("SELECT record FROM snapshots WHERE id = $1");
        let found = change.find::<(String,)>(known.bind(manifest.value.id.as_str())).await?;
        if let Some((text,)) = found {
            change.abandon().await?;
            return if text == manifest.text { Ok(()) } else { Err(LedgerError::Exists { what: SNAPSHOT }) };
        }
        let value = manifest.value;
        let sql = "INSERT INTO snapshots (id, database_name, taken_at, record, entry) VALUES ($1, $2, $3, $4, $5)";
        change
            .run(
                query(sql)
                    .bind(value.id.as_str())
                    .bind(value.database.as_str())
                    .bind(value.taken_at.as_millis())
                    .bind(manifest.text)
                    .bind(entry),
            )
            .await?;
        let what =
            json!({ "snapshot": value.id, "database": value.database, "digest": value.digest, "level": value.level });
        let note = Note {
            kind: "snapshot_recorded",
            operation: Some(&value.operation),
            actor: &Principal::server(),
            at: Some(value.taken_at.plus_s(i64::try_from(value.duration_ms / 1000).unwrap_or(0))),
            what,
        };
        change.commit(&[&seal::SNAPSHOTS], note).await.map(drop)
    }

    /// The snapshots of a database that were not given up, the newest first.
    pub async fn snapshots(&self, database: &DatabaseName) -> Result<Vec<SnapshotManifest>, LedgerError> {
        let texts: Vec<String> = self.inner.readers.texts("snapshots", query(
            "SELECT record FROM snapshots WHERE database_name = $1 AND tombstoned_at IS NULL ORDER BY taken_at DESC, id DESC",
        )
        .bind(database.as_str())).await?;
        record::read_all(SNAPSHOT, &texts)
    }

    /// Gives a snapshot up: it counts no longer, and its file may be removed. Its record stays.
    pub async fn tombstone(&self, snapshot: &SnapshotId, by: &Principal, now: Time) -> Result<(), LedgerError> {
        let mut change = self.change(SNAPSHOT).await?;
        let entry = change.entry();
        let who = change.redact(by.as_str());
        let sql = "UPDATE snapshots SET tombstoned_at = $2, tombstoned_by = $3, entry = $4 \
                     WHERE id = $1 AND tombstoned_at IS NULL";
        let given_up =
            change.run(query(sql).bind(snapshot.as_str()).bind(now.as_millis()).bind(who).bind(entry)).await?;
        if given_up == 0 {
            change.abandon().await?;
            return Err(LedgerError::Missing { what: SNAPSHOT });
        }
        let what = json!({ "snapshot": snapshot });
        let note = Note { kind: "snapshot_given_up", operation: None, actor: by, at: Some(now), what };
        change.commit(&[&seal::SNAPSHOTS], note).await.map(drop)
    }

    /// The snapshots that were given up before that moment, the oldest first.
    pub async fn tombstoned(&self, before: Time) -> Result<Vec<SnapshotManifest>, LedgerError> {
        let texts: Vec<String> = self
            .inner
            .readers
            .texts(
                "snapshots",
                query("SELECT record FROM snapshots WHERE tombstoned_at < $1 ORDER BY taken_at, id")
                    .bind(before.as_millis()),
            )
            .await?;
        record::read_all(SNAPSHOT, &texts)
    }
}

/// Stores deployments as they are now: new ones, and what became of older ones.
pub(super) async fn store_deployments(change: &mut Change<'_>, deployments: &[Deployment]) -> Result<(), LedgerError> {
    let entry = change.entry();
    for deployment in deployments {
        let deployment = change.record(deployment)?;
        let value = deployment.value;
        change
            .run(
                query(
                    "INSERT INTO deployments (operation, service, environment, at, record, entry) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (operation, service, environment) \
                     DO UPDATE SET at = excluded.at, record = excluded.record, entry = excluded.entry",
                )
                .bind(value.operation.as_str())
                .bind(value.service.as_str())
                .bind(value.environment.as_str())
                .bind(value.at.as_millis())
                .bind(deployment.text)
                .bind(entry),
            )
            .await?;
    }
    Ok(())
}
