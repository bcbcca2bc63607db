//! `operation_status`: one operation, or the history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Describe, Query, Toolset,
    bounds::{Limit, WaitSeconds},
    headline::headline,
    records::OperationView,
};
use crate::domain::{
    effect::Effect,
    name::{EnvironmentName, ServiceName},
    operation::{Operation, OperationFilter, OperationId, OperationKind, OperationState},
    refusal::{Code, NextCall, Refusal},
    time::Time,
    verdict::Judgement,
};

/// The tool.
#[derive(Debug)]
pub(super) struct OperationStatus;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Operation id; without it the history, newest first.
    #[serde(default)]
    operation: Option<OperationId>,
    /// Seconds to wait for a running operation.
    #[serde(default)]
    wait_s: WaitSeconds,
    /// Show every step with its attempts.
    #[serde(default)]
    journal: bool,
    /// History: only this service.
    #[serde(default)]
    service: Option<ServiceName>,
    /// History: only this environment.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// History: entries to return.
    #[serde(default)]
    limit: Limit,
    /// History: entries to skip.
    #[serde(default)]
    offset: u32,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The operation that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<OperationView>,
    /// The history, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operations: Vec<Past>,
    /// Whether there are more behind `offset + limit`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// An operation of the history, in short; asked for by its id, it tells the rest.
#[derive(Debug, Serialize, JsonSchema)]
struct Past {
    id: OperationId,
    kind: OperationKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    environment: EnvironmentName,
    state: OperationState,
    /// What was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Judgement>,
    /// What stood in the way, by code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<Code>,
    started_at: Time,
    /// From begin to end, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    summary: String,
}

impl From<Operation> for Past {
    fn from(operation: Operation) -> Self {
        let mut blockers: Vec<Code> = operation.blockers.iter().map(|blocker| blocker.code).collect();
        blockers.dedup();
        Self {
            id: operation.id,
            kind: operation.kind,
            service: operation.service,
            version: operation.version,
            environment: operation.environment,
            state: operation.state,
            verdict: operation.verdict.map(|verdict| verdict.judgement),
            blockers,
            started_at: operation.started_at,
            duration_ms: operation.finished_at.map(|_| operation.metrics.duration_ms),
            summary: operation.summary,
        }
    }
}

impl Describe for OperationStatus {
    const NAME: &'static str = "operation_status";
    const TITLE: &'static str = "Operation status";
    const DESCRIPTION: &'static str = "Shows one operation (dry run, deployment, rollback, snapshot): state, step, verdict, \
        blockers, evidence, metrics; waits up to wait_s while it runs. Without an id: the history. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for OperationStatus {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        match &arguments.operation {
            Some(id) => one(id, &arguments, context).await,
            None => history(&arguments, context).await,
        }
    }
}

async fn one(id: &OperationId, arguments: &Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
    context.records.wait(id, arguments.wait_s.get()).await?;
    let view = context.records.view(id, arguments.journal).await?;
    let (status, next) = headline(&view);
    Ok(Answer { status, output: Output { detail: Some(view), operations: Vec::new(), more: false }, next })
}

async fn history(arguments: &Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
    let limit = arguments.limit.get();
    let filter = OperationFilter {
        service: arguments.service.clone(),
        environment: arguments.environment.clone(),
        open_only: false,
        limit: limit + 1,
        offset: arguments.offset,
    };
    let mut operations = context.records.operations(&filter).await?;
    let more = operations.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    operations.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let open = operations.iter().filter(|operation| !operation.state.is_terminal()).count();
    let status =
        format!("{} operations{}, {open} open.", operations.len(), if more { " (there are more)" } else { "" });
    let mut next = Vec::new();
    if more {
        let again = serde_json::json!({
            "service": arguments.service, "environment": arguments.environment, "limit": limit,
            "offset": arguments.offset.saturating_add(limit),
        });
        let again = super::read_file::without_null(again);
        next.push(NextCall::new("operation_status", again, "see older ones"));
    }
    let operations = operations.into_iter().map(Past::from).collect();
    Ok(Answer { status, output: Output { detail: None, operations, more }, next })
}
