//! Operations as callers see them.

use super::{Engine, propose::REHEARSAL};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind},
        operation::{Operation, OperationId, OperationKind},
        plan::Plan,
        refusal::{Code, Refusal},
        step::Step,
    },
    ledger::{Ledger, LedgerError},
    policy,
    tools::{
        records::{AttemptView, EvidenceView, OperationView, PlanView},
        suites::{self, SuiteView},
    },
};

/// How many failed end-to-end tests are shown.
const TESTS: usize = 5;
/// How much is shown of what others wrote about what stands in the way, bytes.
const SHOWN: usize = 2000;

impl Engine {
    /// Where an operation stands.
    pub(super) async fn view(&self, id: &OperationId, with_journal: bool) -> Result<OperationView, Refusal> {
        let ledger = self.ledger().await?;
        let Some(mut operation) = ledger.operation(id).await? else {
            return Err(no_such_operation());
        };
        if let Some(told) = self.told_to_stop(ledger, &operation).await? {
            operation.summary = told;
        }
        let evidence = ledger.evidence(id).await?;
        let plan = match &operation.plan {
            Some(plan) => ledger.plan(plan).await?,
            None => None,
        };
        let journal = if with_journal { ledger.journal(id).await? } else { Vec::new() };
        let plan = match plan.filter(|_| operation.kind == OperationKind::DryRun) {
            Some(stored) => Some(self.plan_view(ledger, &stored.plan, &operation).await?),
            None => None,
        };
        let explained = |blocker: &Refusal| matches!(blocker.code, Code::GatesNotGreen | Code::DryRunFailed);
        let untrusted_text = if operation.blockers.iter().any(explained) {
            rehearsal(ledger, id).await?.map(|text| tail(&text, SHOWN))
        } else {
            None
        };
        let github = self.told(ledger, &operation).await?;
        let channels = self.noticed(ledger, &operation.id).await?;
        Ok(OperationView {
            plan,
            github,
            channels,
            suites: self.suites(&evidence).await?,
            evidence: evidence.iter().map(evidence_view).collect(),
            journal: journal.into_iter().map(AttemptView::from).collect(),
            untrusted_text,
            operation,
        })
    }

    /// The runs of end-to-end tests that evidence names, as far as they are still kept.
    async fn suites(&self, evidence: &[Evidence]) -> Result<Vec<SuiteView>, Refusal> {
        let mut suites = Vec::new();
        let mut left = TESTS;
        for one in evidence.iter().filter(|one| one.kind == EvidenceKind::EndToEnd) {
            let Some(digest) = &one.raw_digest else { continue };
            let Some(run) = self.world().reader().suite_run(digest).await? else { continue };
            let suite = suites::view(digest, run, left);
            left -= suite.tests.len();
            suites.push(suite);
        }
        Ok(suites)
    }

    async fn plan_view(&self, ledger: &Ledger, plan: &Plan, dry_run: &Operation) -> Result<PlanView, Refusal> {
        let body = plan.body();
        let environment = self.environment_or_strict(&body.environment);
        let wait_s = Some(policy::wait_s(plan, &environment)).filter(|wait| *wait > 0);
        let approval = match wait_s {
            Some(_) => ledger.latest_approval(plan.id()).await?,
            None => None,
        };
        Ok(PlanView {
            id: plan.id().clone(),
            tool: body.purpose.tool().to_owned(),
            digest: plan.digest().short(),
            expires_at: body.expires_at,
            needs_approval: dry_run.blockers.iter().any(|blocker| blocker.code == Code::ApprovalRequired),
            wait_s,
            not_before: approval.and_then(|approval| policy::not_before(plan, &environment, &approval)),
            steps: body.steps.iter().map(Step::summary).collect(),
            rollback: body.rollback.clone(),
            warnings: body.warnings.clone(),
        })
    }
}

/// What others wrote in a dry run or a check; it was redacted when it was kept.
pub(super) async fn rehearsal(ledger: &Ledger, id: &OperationId) -> Result<Option<String>, LedgerError> {
    let said = ledger.said(REHEARSAL, id).await?;
    Ok(said.and_then(|body| body.get("untrusted_text")?.as_str().map(str::to_owned)))
}

/// There is no operation with that id.
pub(super) fn no_such_operation() -> Refusal {
    Refusal::new(Code::NotFound, "There is no such operation.", "Call operation_status without an id.")
}

/// An evidence, in short.
pub(super) fn evidence_view(evidence: &Evidence) -> EvidenceView {
    let kind = serde_json::to_value(evidence.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("evidence").to_owned();
    EvidenceView {
        what: format!("{kind} {}", evidence.subject),
        outcome: evidence.outcome,
        summary: evidence.summary.clone(),
    }
}

/// The last `limit` bytes of a text, at a character boundary, saying what is left out.
pub(super) fn tail(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut start = text.len() - limit;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    format!("[{start} bytes left out]\n{}", text.get(start..).unwrap_or_default())
}
