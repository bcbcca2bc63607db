//! The report of an operation, composed from what the ledger holds.

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{Engine, journal::Run, records::EngineRecords, view::no_such_operation};
use crate::{
    domain::{
        digest::Digest,
        evidence::EvidenceKind,
        look::Look,
        operation::{Operation, OperationFilter, OperationId, OperationKind},
        principal::Principal,
        refusal::{Code, Refusal},
        report::{EARLIER, Report},
    },
    ledger::{Ledger, LedgerError},
    steps::Reports,
};

/// The kind of the ledger's entry that says which bytes were written.
pub(super) const REPORT: &str = "report";
/// How many operations are read at a time to find earlier ones.
const PAGE: u32 = 200;

impl Engine {
    /// What the ledger knows of an operation, as of that head; nothing when what is left of it without secrets cannot be read. Looks
    /// at pages that are not kept any more are taken from `offered`, when they are those whose digest the ledger has.
    pub(super) async fn compose(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        head: String,
        offered: &[Look],
    ) -> Result<Option<Report>, LedgerError> {
        let stored = match &operation.plan {
            Some(plan) => ledger.plan(plan).await?,
            None => None,
        };
        // The evidence of a dry run's plan is its own.
        let planned = match &operation.plan {
            Some(plan) if operation.kind != OperationKind::DryRun => ledger.plan_evidence(plan).await?,
            _ => Vec::new(),
        };
        let (journal, own) = (ledger.journal(&operation.id).await?, ledger.evidence(&operation.id).await?);
        let plan = stored.as_ref().map(|stored| &stored.plan);
        let report = Report::new(operation.clone(), plan, journal, own, planned, head);
        let looks = self.looks(&report, offered).await;
        let report = report.showing(looks).after(&earlier(ledger, operation).await?);
        let Ok(value) = serde_json::to_value(&report) else { return Ok(None) };
        Ok(serde_json::from_value(self.redactor().json(value).into_inner()).ok())
    }

    /// The looks at pages that the evidence of a report names.
    async fn looks(&self, report: &Report, offered: &[Look]) -> Vec<Look> {
        let seen = report.planned.iter().chain(&report.evidence).filter(|one| one.kind == EvidenceKind::Visual);
        let mut looks = Vec::new();
        for digest in seen.filter_map(|one| one.raw_digest.as_ref()) {
            let kept = self.world().reader().look(digest).await;
            looks.extend(kept.or_else(|| offered.iter().find(|look| look.is(digest)).cloned()));
        }
        looks
    }

    /// Says in the ledger which files of an operation's report were written, with their digests.
    pub(super) async fn note_report(
        &self,
        ledger: &Ledger,
        id: &OperationId,
        files: &[(String, Digest)],
    ) -> Result<(), LedgerError> {
        let files: serde_json::Map<_, _> = files.iter().map(|(name, digest)| (name.clone(), json!(digest))).collect();
        let body = self.redactor().json(json!({ "files": files }));
        ledger.note(REPORT, Some(id), &Principal::server(), body, self.world().now()).await
    }
}

/// Operations of the same kind that had ended before this one began, the newest first.
async fn earlier(ledger: &Ledger, operation: &Operation) -> Result<Vec<Operation>, LedgerError> {
    let mut found = Vec::new();
    let mut filter = OperationFilter {
        service: operation.service.clone(),
        environment: Some(operation.environment.clone()),
        limit: PAGE,
        ..OperationFilter::default()
    };
    // Whoever looks again later has to find the same ones, however many have come since.
    loop {
        let page = ledger.operations(&filter).await?;
        let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        found.extend(page.into_iter().filter(|other| {
            other.kind == operation.kind
                && other.service == operation.service
                && other.finished_at.is_some_and(|end| end <= operation.started_at)
        }));
        if last || found.len() >= EARLIER {
            return Ok(found);
        }
        filter.offset = filter.offset.saturating_add(PAGE);
    }
}

impl Run<'_> {
    /// Writes the report of an operation that is about to end. Writing it twice gives the same files; failing to write it stops
    /// nothing, and is said in the ledger.
    pub(super) async fn write_report(&self, operation: &Operation) -> Result<(), LedgerError> {
        let (engine, ledger) = (self.engine, self.ledger);
        let head = ledger.head().await?.to_string();
        let why = match engine.compose(ledger, operation, head, &[]).await? {
            None => "something in it is the value of a secret".to_owned(),
            Some(report) => match engine.world().write_report(self.permit, report).await {
                Ok(written) => {
                    let files = written.map(|file| (file.name(), file.digest));
                    return engine.note_report(ledger, &operation.id, &files).await;
                }
                Err(error) => error.to_string(),
            },
        };
        tracing::error!(operation = %operation.id, "cannot write the report: {why}");
        let body = engine.redactor().json(json!({ "files": null, "why": why }));
        ledger.note(REPORT, Some(&operation.id), &operation.requester, body, engine.world().now()).await
    }
}

impl Engine {
    /// The report of an operation, as of now.
    async fn report_of(&self, ledger: &Ledger, id: &OperationId) -> Result<Report, Refusal> {
        let operation = ledger.operation(id).await?.ok_or_else(no_such_operation)?;
        let head = ledger.head().await?.to_string();
        self.compose(ledger, &operation, head, &[]).await?.ok_or_else(|| {
            Refusal::new(
                Code::WorldFailed,
                "The report cannot be written: something in it is the value of a secret.",
                "Use secrets that are no names and no words; `deploy-ops doctor` lists those that are.",
            )
        })
    }
}

impl Reports for Run<'_> {
    fn report<'a>(&'a self, id: &'a OperationId) -> BoxFuture<'a, Result<Report, Refusal>> {
        self.engine.report_of(self.ledger, id).boxed()
    }
}

impl Reports for EngineRecords<'_> {
    fn report<'a>(&'a self, id: &'a OperationId) -> BoxFuture<'a, Result<Report, Refusal>> {
        self.engine.report_of(self.ledger, id).boxed()
    }
}
