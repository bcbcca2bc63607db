//! Operations: begun once per plan, written by whoever holds the newest fence, final once they have ended.

use serde_json::json;

use super::{
    Ledger, catalogue,
    change::{Change, Note},
    error::LedgerError,
    instance::Instance,
    record::{self, word},
    seal,
    sql::query,
};
use crate::{
    domain::{
        name::{EnvironmentName, ServiceName},
        operation::{Operation, OperationFilter, OperationId, OperationKind},
        plan::Plan,
        principal::Principal,
        release::Deployment,
        time::Time,
    },
    redact::Redacted,
};

const WHAT: &str = "operation";

/// What came of the wish to execute a plan.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it per execution, and it is matched at once")]
pub enum Begun {
    /// The plan is consumed and the operation runs.
    Started,
    /// The plan had been consumed before, by this operation.
    Already(Operation),
}

/// An operation that another instance runs, or ran. Whether that instance still lives is for the caller to find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Interrupted {
    /// The operation.
    pub operation: Operation,
    /// Who runs it, or ran it.
    pub by: Instance,
    /// Until when its lock is held without being renewed; `None` for a dry run, which holds none.
    pub lease_until: Option<Time>,
}

impl Ledger {
    /// Creates the operation of a dry run. It consumes nothing and holds no lock.
    pub async fn begin_dry_run(&self, operation: &Operation) -> Result<(), LedgerError> {
        let kind = if operation.kind == OperationKind::Check { "check_begun" } else { "dry_run_begun" };
        let mut change = self.change(WHAT).await?;
        self.create(&mut change, operation).await?;
        change.commit(&[&seal::OPERATIONS], note(kind, operation, Some(operation.started_at))).await.map(drop)
    }

    /// Consumes the plan and its approvals, hands the lock from the plan to the operation and creates it: all or nothing.
    ///
    /// A plan that is consumed already returns its operation: the plan is the idempotency key.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when the plan no longer holds the lock of its resource with the operation's fence.
    pub async fn begin(&self, plan: &Plan, operation: &Operation) -> Result<Begun, LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let id = operation.id.as_str().to_owned();
        let plan_id = plan.id().as_str().to_owned();
        let stored: Option<(String, Option<String>)> =
            change.find(query("SELECT digest, consumed_by FROM plans WHERE id = $1").bind(plan_id.clone())).await?;
        let (digest, consumed_by) = stored.ok_or(LedgerError::Missing { what: "plan" })?;
        if digest != plan.digest().to_string() {
            return Err(LedgerError::Corrupt { what: "plan" });
        }
        if let Some(earlier) = consumed_by {
            let found: Option<(String,)> =
                change.find(query("SELECT record FROM operations WHERE id = $1").bind(earlier)).await?;
            change.abandon().await?;
            let (text,) = found.ok_or(LedgerError::Corrupt { what: "plan" })?;
            return Ok(Begun::Already(record::read(WHAT, &text)?));
        }
        let consume = "UPDATE plans SET consumed_by = $2, entry = $3 WHERE id = $1 AND consumed_by IS NULL";
        change.run(query(consume).bind(plan_id.clone()).bind(id.clone()).bind(entry)).await?;
        let consume = "UPDATE approvals SET consumed_by = $2, entry = $3 WHERE plan = $1 AND consumed_by IS NULL";
        change.run(query(consume).bind(plan_id.clone()).bind(id.clone()).bind(entry)).await?;
        let resource = change.redact(&plan.resource());
        let handed = change
            .run(
                query(
                    "UPDATE locks SET holder = $3, operation = $3, entry = $5 WHERE resource = $1 AND fence = $2 AND holder = $4",
                )
                .bind(resource)
                .bind(operation.fence)
                .bind(id)
                .bind(plan_id)
                .bind(entry),
            )
            .await?;
        if handed == 0 {
            change.abandon().await?;
            return Err(LedgerError::Fenced);
        }
        self.create(&mut change, operation).await?;
        let tables = [&seal::PLANS, &seal::APPROVALS, &seal::LOCKS, &seal::OPERATIONS];
        change.commit(&tables, note("operation_begun", operation, Some(operation.started_at))).await?;
        Ok(Begun::Started)
    }

    async fn create(&self, change: &mut Change<'_>, operation: &Operation) -> Result<(), LedgerError> {
        let entry = change.entry();
        let operation = change.record(operation)?;
        let value = operation.value;
        let created = change
            .run(
                query(
                    "INSERT INTO operations \
                     (id, service, environment, state, terminal, started_at, plan, fence, instance, record, entry) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                )
                .bind(value.id.as_str())
                .bind(value.service.as_ref().map(|name| name.as_str().to_owned()))
                .bind(value.environment.as_str())
                .bind(word(value.state))
                .bind(i64::from(value.state.is_terminal()))
                .bind(value.started_at.as_millis())
                .bind(value.plan.as_ref().map(|id| id.as_str().to_owned()))
                .bind(value.fence)
                .bind(self.inner.instance.as_str())
                .bind(operation.text)
                .bind(entry),
            )
            .await?;
        if created == 0 { Err(LedgerError::Exists { what: WHAT }) } else { Ok(()) }
    }

    /// Stores where the operation stands. A new state gets an entry in the chain.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when its fence is not the newest; [`LedgerError::Ended`] when it has ended.
    pub async fn update(&self, operation: &Operation) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        if store(&mut change, operation).await? {
            change
                .commit(&[&seal::OPERATIONS], note("operation_state", operation, operation.finished_at))
                .await
                .map(drop)
        } else {
            change.settle().await
        }
    }

    /// Stores how the operation ended and what became of the deployments, and releases its lock: all or nothing.
    ///
    /// Doing it again with the same record changes nothing.
    pub async fn finish(
        &self,
        operation: &Operation,
        deployments: &[Deployment],
        now: Time,
    ) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let text = change.record(operation)?.text;
        let same: Option<(i64,)> = change
            .find(
                query("SELECT CAST(1 AS BIGINT) FROM operations WHERE id = $1 AND terminal = 1 AND record = $2")
                    .bind(operation.id.as_str())
                    .bind(text),
            )
            .await?;
        if same.is_some() {
            return change.abandon().await;
        }
        // The row gets this entry even when the state has not changed: the record becomes final.
        store(&mut change, operation).await?;
        let touch = "UPDATE operations SET entry = $2 WHERE id = $1";
        change.run(query(touch).bind(operation.id.as_str()).bind(entry)).await?;
        catalogue::store_deployments(&mut change, deployments).await?;
        let release =
            "UPDATE locks SET holder = NULL, operation = NULL, entry = $3 WHERE operation = $1 AND fence = $2";
        change.run(query(release).bind(operation.id.as_str()).bind(operation.fence).bind(entry)).await?;
        let tables = [&seal::OPERATIONS, &seal::DEPLOYMENTS, &seal::LOCKS];
        change.commit(&tables, note("operation_ended", operation, Some(now))).await.map(drop)
    }

    /// One operation.
    pub async fn operation(&self, id: &OperationId) -> Result<Option<Operation>, LedgerError> {
        let text: Option<String> = self
            .inner
            .readers
            .text(WHAT, query("SELECT record FROM operations WHERE id = $1").bind(id.as_str()))
            .await?;
        text.map(|text| record::read(WHAT, &text)).transpose()
    }

    /// The newest operations first.
    pub async fn operations(&self, filter: &OperationFilter) -> Result<Vec<Operation>, LedgerError> {
        let texts: Vec<String> = self.inner.readers.texts("operations", query(
            "SELECT record FROM operations WHERE ($1 IS NULL OR service = $1) AND ($2 IS NULL OR environment = $2) \
             AND ($3 = 0 OR terminal = 0) ORDER BY started_at DESC, id DESC LIMIT $4 OFFSET $5",
        )
        .bind(filter.service.as_ref().map(|name| name.as_str().to_owned()))
        .bind(filter.environment.as_ref().map(|name| name.as_str().to_owned()))
        .bind(i64::from(filter.open_only))
        .bind(i64::from(filter.limit))
        .bind(i64::from(filter.offset))).await?;
        record::read_all(WHAT, &texts)
    }

    /// The operations that have not ended and were run by another instance, the oldest first.
    pub async fn interrupted(&self) -> Result<Vec<Interrupted>, LedgerError> {
        let sql = "SELECT record, instance, (SELECT MAX(expires_at) FROM locks WHERE operation = operations.id) FROM operations \
                   WHERE terminal = 0 AND instance <> $1 ORDER BY started_at, id";
        let others = query(sql).bind(self.inner.instance.as_str());
        let rows: Vec<(String, String, Option<i64>)> = self.inner.readers.rows("operations", others).await?;
        rows.into_iter()
            .map(|(text, by, until)| {
                let lease_until = until.map(Time::from_millis);
                Ok(Interrupted { operation: record::read(WHAT, &text)?, by: Instance::new(by), lease_until })
            })
            .collect()
    }

    /// Operations that have ended, with the entry that last wrote each, in the order of those entries, after that one.
    pub async fn ended_since(&self, entry: i64, limit: u32) -> Result<Vec<(i64, Operation)>, LedgerError> {
        let sql = "SELECT entry, record FROM operations WHERE terminal = 1 AND entry > $1 ORDER BY entry LIMIT $2";
        let wanted = query(sql).bind(entry).bind(i64::from(limit));
        let rows: Vec<(i64, String)> = self.inner.readers.rows("operations", wanted).await?;
        rows.into_iter().map(|(entry, text)| Ok((entry, record::read(WHAT, &text)?))).collect()
    }

    /// The newest operation of every service in every environment.
    pub async fn newest(&self) -> Result<Vec<Operation>, LedgerError> {
        // The records are long, so only those that are wanted are read.
        let sql = "SELECT operations.record FROM operations JOIN (SELECT id, ROW_NUMBER() OVER \
                   (PARTITION BY service, environment ORDER BY started_at DESC, id DESC) AS place \
                   FROM operations WHERE service IS NOT NULL) AS ranked ON ranked.id = operations.id WHERE ranked.place = 1";
        let texts = self.inner.readers.texts("operations", query(sql)).await?;
        record::read_all(WHAT, &texts)
    }

    /// The newest operation that froze the service and was not cleared by a human.
    pub async fn freezing(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Result<Option<Operation>, LedgerError> {
        let text: Option<String> = self
            .inner
            .readers
            .text(
                WHAT,
                query(
                    "SELECT record FROM operations WHERE service = $1 AND environment = $2 AND cleared_by IS NULL \
             AND state IN ('rollback_failed', 'indeterminate') ORDER BY started_at DESC, id DESC LIMIT 1",
                )
                .bind(service.as_str())
                .bind(environment.as_str()),
            )
            .await?;
        text.map(|text| record::read(WHAT, &text)).transpose()
    }

    /// A human has looked: the operation no longer freezes its service.
    pub async fn clear_freeze(
        &self,
        operation: &OperationId,
        by: &Principal,
        why: &Redacted<String>,
        now: Time,
    ) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let human = change.redact(by.as_str());
        let cleared = change
            .run(
                query(
                    "UPDATE operations SET cleared_by = $2, entry = $3 WHERE id = $1 AND cleared_by IS NULL \
                     AND state IN ('rollback_failed', 'indeterminate')",
                )
                .bind(operation.as_str())
                .bind(human)
                .bind(entry),
            )
            .await?;
        if cleared == 0 {
            change.abandon().await?;
            return Err(LedgerError::Missing { what: "frozen operation" });
        }
        let note = Note {
            kind: "freeze_cleared",
            operation: Some(operation),
            actor: by,
            at: Some(now),
            what: json!({ "why": **why }),
        };
        change.commit(&[&seal::OPERATIONS], note).await.map(drop)
    }
}

/// Stores an operation under its fence; true when something changed that the chain must know.
pub(super) async fn store(change: &mut Change<'_>, operation: &Operation) -> Result<bool, LedgerError> {
    let entry = change.entry();
    let operation = change.record(operation)?;
    let (value, text) = (operation.value, operation.text);
    let found: Option<(String, Option<String>, i64, i64)> = change
        .find(query("SELECT state, plan, terminal, fence FROM operations WHERE id = $1").bind(value.id.as_str()))
        .await?;
    let (state, plan) = match found {
        None => return Err(LedgerError::Missing { what: WHAT }),
        Some((.., fence)) if fence != value.fence => return Err(LedgerError::Fenced),
        Some((_, _, 1, _)) => return Err(LedgerError::Ended),
        Some((state, plan, ..)) => (state, plan),
    };
    let wanted = value.plan.as_ref().map(|id| id.as_str().to_owned());
    let news = state != word(value.state) || plan != wanted;
    change
        .run(
            query(
                "UPDATE operations SET state = $2, terminal = $3, plan = $4, record = $5, \
                 entry = CASE WHEN $6 = 1 THEN $7 ELSE entry END WHERE id = $1 AND fence = $8 AND terminal = 0",
            )
            .bind(value.id.as_str())
            .bind(word(value.state))
            .bind(i64::from(value.state.is_terminal()))
            .bind(wanted)
            .bind(text)
            .bind(i64::from(news))
            .bind(entry)
            .bind(value.fence),
        )
        .await?;
    Ok(news)
}

fn note<'a>(kind: &'a str, operation: &'a Operation, at: Option<Time>) -> Note<'a> {
    let what = json!({
        "kind": operation.kind, "service": operation.service, "environment": operation.environment,
        "version": operation.version, "plan": operation.plan, "state": operation.state, "fence": operation.fence,
        "summary": operation.summary, "verdict": operation.verdict.as_ref().map(|verdict| verdict.judgement),
    });
    Note { kind, operation: Some(&operation.id), actor: &operation.requester, at, what }
}
