//! Operations as callers see them.

use super::{Engine, propose::REHEARSAL};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind},
        operation::{Operation, OperationId, OperationKind, OperationState},
        plan::Plan,
        refusal::{Code, NextCall, Refusal},
        results::CaseStatus,
        step::Step,
    },
    ledger::{Ledger, LedgerError},
    tools::{
        records::{EvidenceView, OperationView, PlanView},
        suites::{self, SuiteView},
    },
};

/// How many failed end-to-end tests are shown.
const TESTS: usize = 5;
/// How many calls are offered after a check: one for each thing that it can find.
const CALLS: usize = 8;
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
        let plan = plan
            .filter(|_| operation.kind == OperationKind::DryRun)
            .map(|stored| Self::plan_view(&stored.plan, &operation));
        let explained = |blocker: &Refusal| matches!(blocker.code, Code::GatesNotGreen | Code::DryRunFailed);
        let untrusted_text = if operation.blockers.iter().any(explained) {
            rehearsal(ledger, id).await?.map(|text| tail(&text, SHOWN))
        } else {
            None
        };
        let github = self.told(ledger, &operation).await?;
        Ok(OperationView {
            plan,
            github,
            suites: self.suites(&evidence).await?,
            evidence: evidence.iter().map(evidence_view).collect(),
            journal,
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

    fn plan_view(plan: &Plan, dry_run: &Operation) -> PlanView {
        let body = plan.body();
        PlanView {
            id: plan.id().clone(),
            tool: body.purpose.tool().to_owned(),
            digest: plan.digest().short(),
            expires_at: body.expires_at,
            needs_approval: dry_run.blockers.iter().any(|blocker| blocker.code == Code::ApprovalRequired),
            steps: body.steps.iter().map(Step::summary).collect(),
            rollback: body.rollback.clone(),
            warnings: body.warnings.clone(),
        }
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

/// The status line, and the calls that make sense now.
pub(super) fn headline(view: &OperationView) -> (String, Vec<NextCall>) {
    let operation = &view.operation;
    let subject = match (&operation.service, &operation.version) {
        (Some(service), Some(version)) => format!("{service} {version} in {}", operation.environment),
        (Some(service), None) => format!("{service} in {}", operation.environment),
        (None, _) if matches!(operation.kind, OperationKind::Check | OperationKind::Report) => {
            format!("services in {}", operation.environment)
        }
        (None, _) => "databases".to_owned(),
    };
    let state = serde_json::to_value(operation.state).ok();
    let state = state.as_ref().and_then(|s| s.as_str()).unwrap_or("?").to_uppercase();
    let status = match (operation.kind, operation.state) {
        // What was found is the status: that looking succeeded says nothing.
        (OperationKind::Check, OperationState::Succeeded) => operation.summary.clone(),
        _ => format!("{state}: {subject}. {}", operation.summary),
    };
    let mut next = Vec::new();
    let status_call = |why: &str| {
        NextCall::new("operation_status", serde_json::json!({ "operation": operation.id, "wait_s": 30 }), why)
    };
    match operation.state {
        OperationState::Running | OperationState::RollingBack => next.push(status_call("wait for it")),
        OperationState::AwaitingDecision | OperationState::Indeterminate => {
            next.push(status_call("see whether a human has decided"));
        }
        OperationState::Failed | OperationState::RolledBack | OperationState::RollbackFailed => {
            next.push(NextCall::new(
                "operation_status",
                serde_json::json!({ "operation": operation.id, "journal": true }),
                "see every step",
            ));
        }
        OperationState::Succeeded if operation.kind == OperationKind::DryRun => next.extend(after_dry_run(view)),
        OperationState::Succeeded if operation.kind == OperationKind::Check => {
            next.extend(operation.blockers.iter().flat_map(|blocker| blocker.next.clone()));
            next.extend(again(view));
            next = offered(next);
        }
        OperationState::Succeeded | OperationState::Accepted | OperationState::Cancelled => {}
    }
    (status, next)
}

/// Each call once, and the first of each tool before a second of any.
fn offered(calls: Vec<NextCall>) -> Vec<NextCall> {
    let (mut firsts, mut others): (Vec<NextCall>, Vec<NextCall>) = (Vec::new(), Vec::new());
    for call in calls {
        if firsts.iter().all(|other| other.tool != call.tool) {
            firsts.push(call);
        } else if !firsts.contains(&call) && !others.contains(&call) {
            others.push(call);
        }
    }
    firsts.append(&mut others);
    firsts.truncate(CALLS);
    firsts
}

/// The failed test that is worth another look, run alone.
fn again(view: &OperationView) -> Option<NextCall> {
    let failed = view.suites.iter().flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)));
    let (suite, test) = failed.into_iter().find(|(_, test)| test.runs_alone && test.status == CaseStatus::Failed)?;
    let arguments = serde_json::json!({
        "services": [suite.service], "environment": view.operation.environment, "test": test.test,
    });
    Some(NextCall::new("run_e2e", arguments, "run that test alone, with a trace"))
}

fn after_dry_run(view: &OperationView) -> Vec<NextCall> {
    let blockers = &view.operation.blockers;
    let stops: Vec<&Refusal> = blockers.iter().filter(|b| b.code != Code::ApprovalRequired).collect();
    if !stops.is_empty() {
        return stops.iter().flat_map(|blocker| blocker.next.clone()).collect();
    }
    let Some(plan) = &view.plan else { return Vec::new() };
    let why = if plan.needs_approval {
        format!("after a human has run `deploy-ops approve {}`", plan.id)
    } else {
        "execute the plan".to_owned()
    };
    vec![NextCall::new(&plan.tool, serde_json::json!({ "mode": "execute", "plan": plan.id }), why)]
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
