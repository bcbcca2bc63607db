//! How an operation stands, in one line, and the calls that make sense then.

use serde_json::json;

use super::records::OperationView;
use crate::domain::{
    operation::{Operation, OperationKind, OperationState},
    refusal::{Code, NextCall, Refusal},
    results::CaseStatus,
};

/// How many calls are offered after a check: one for each thing that it can find.
const CALLS: usize = 8;

/// The status line, and the calls that make sense now.
pub(crate) fn headline(view: &OperationView) -> (String, Vec<NextCall>) {
    let operation = &view.operation;
    let status = match (operation.kind, operation.state) {
        // What was found is the status: that looking succeeded says nothing.
        (OperationKind::Check, OperationState::Succeeded) => operation.summary.clone(),
        // Nor does it say anything that the rehearsal of something came to its end.
        (OperationKind::DryRun, OperationState::Succeeded) => rehearsed(view),
        _ => format!("{}: {}. {}", state(operation), subject(view), operation.summary),
    };
    let call = |tool: &str, arguments: serde_json::Value, why: &str| NextCall::new(tool, arguments, why);
    let wait = json!({ "operation": operation.id, "wait_s": 30 });
    let next = match operation.state {
        OperationState::Running | OperationState::RollingBack => vec![call("operation_status", wait, "wait for it")],
        OperationState::AwaitingDecision | OperationState::Indeterminate => {
            vec![call("operation_status", wait, "see whether a human has decided")]
        }
        OperationState::Failed | OperationState::RolledBack | OperationState::RollbackFailed => {
            let mut calls = vec![call("diagnose", json!({ "operation": operation.id }), "find out why")];
            if view.journal.is_empty() {
                let steps = json!({ "operation": operation.id, "journal": true });
                calls.push(call("operation_status", steps, "see every step"));
            }
            calls
        }
        OperationState::Succeeded if operation.kind == OperationKind::DryRun => after_dry_run(view),
        OperationState::Succeeded if operation.kind == OperationKind::Check => {
            let mut calls: Vec<NextCall> = operation.blockers.iter().flat_map(|blocker| blocker.next.clone()).collect();
            calls.extend(again(view));
            offered(calls)
        }
        OperationState::Succeeded | OperationState::Accepted | OperationState::Cancelled => Vec::new(),
    };
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

/// What the operation is about.
fn subject(view: &OperationView) -> String {
    let operation = &view.operation;
    // A dry run is as much of a rollback as its plan.
    let back =
        operation.kind == OperationKind::Rollback || view.plan.as_ref().is_some_and(|plan| plan.tool == "rollback");
    match (&operation.service, &operation.version) {
        (Some(service), Some(version)) if back => {
            format!("rollback of {service} to {version} in {}", operation.environment)
        }
        (Some(service), Some(version)) => format!("{service} {version} in {}", operation.environment),
        (Some(service), None) => format!("{service} in {}", operation.environment),
        (None, _) if matches!(operation.kind, OperationKind::Check | OperationKind::Report) => {
            format!("services in {}", operation.environment)
        }
        (None, _) => "databases".to_owned(),
    }
}

fn state(operation: &Operation) -> String {
    let state = serde_json::to_value(operation.state).ok();
    state.as_ref().and_then(|state| state.as_str()).unwrap_or("?").to_uppercase()
}

/// A dry run that made a plan. Nothing was deployed, and what stands in the way is named.
fn rehearsed(view: &OperationView) -> String {
    let mut stops: Vec<String> = stops(&view.operation).map(|blocker| blocker.code.as_text()).collect();
    stops.dedup();
    let (word, why) = match stops.as_slice() {
        [] => ("PLANNED", String::new()),
        codes => ("BLOCKED", format!(" {}.", codes.join(", "))),
    };
    format!("{word}: {}. {}{why}", subject(view), view.operation.summary)
}

/// What stands in the way besides a human's approval.
fn stops(operation: &Operation) -> impl Iterator<Item = &Refusal> {
    operation.blockers.iter().filter(|blocker| blocker.code != Code::ApprovalRequired)
}

fn after_dry_run(view: &OperationView) -> Vec<NextCall> {
    if stops(&view.operation).next().is_some() {
        return stops(&view.operation).flat_map(|blocker| blocker.next.clone()).collect();
    }
    let Some(plan) = &view.plan else { return Vec::new() };
    let why = match (plan.needs_approval, plan.wait_s, plan.not_before) {
        (_, _, Some(from)) => format!("execute the plan, from {from} on"),
        (true, Some(wait), None) => format!("{wait} s after a human has run `deploy-ops approve {}`", plan.id),
        (true, None, None) => format!("after a human has run `deploy-ops approve {}`", plan.id),
        (false, ..) => "execute the plan".to_owned(),
    };
    vec![NextCall::new(&plan.tool, json!({ "mode": "execute", "plan": plan.id }), why)]
}

/// The failed test that is worth another look, run alone.
fn again(view: &OperationView) -> Option<NextCall> {
    let failed = view.suites.iter().flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)));
    let (suite, test) = failed.into_iter().find(|(_, test)| test.runs_alone && test.status == CaseStatus::Failed)?;
    let arguments = json!({
        "services": [suite.service], "environment": view.operation.environment, "test": test.test,
    });
    Some(NextCall::new("run_e2e", arguments, "run that test alone, with a trace"))
}
