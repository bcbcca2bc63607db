//! `write_report`: the report of an operation, from the ledger.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Context, Describe, Proposal, Subject, Toolset, Wish, bounds::WaitSeconds, records::OperationView};
use crate::domain::{
    effect::Effect,
    facts::Facts,
    inventory::Inventory,
    operation::{Operation, OperationId},
    plan::{Draft, PlanBody, Purpose},
    refusal::{Code, NextCall, Refusal},
    step::{Step, WriteReport as Write},
};

/// The tool.
#[derive(Debug)]
pub(super) struct WriteReport;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// An operation that has ended, from operation_status.
    operation: OperationId,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for WriteReport {
    const NAME: &'static str = "write_report";
    const TITLE: &'static str = "Write a report";
    const DESCRIPTION: &'static str = "Writes the report of an ended deployment, check or other operation from the ledger: Markdown and \
        one HTML page, with metrics, gates, timeline, proof and trend. Deployments get theirs by themselves.";
    const TOOLSET: Toolset = Toolset::Report;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for WriteReport {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        Ok(Wish::Start { wait_s: arguments.wait_s.get() })
    }

    /// What it is about is known when the operation was read; until then it is about what is nearest.
    fn subject(_: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        let environment = inventory.environments.keys().next().ok_or_else(super::unwritable)?;
        Ok(Subject { purpose: Purpose::Report, service: None, environment: environment.clone(), version: None })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let operation = ended(context, &arguments.operation).await?;
        let draft = Draft {
            purpose: Purpose::Report,
            service: operation.service.clone(),
            environment: operation.environment.clone(),
            revision: None,
            facts: facts_of(&operation),
            requirements: Vec::new(),
            steps: vec![Step::WriteReport(Write { operation: operation.id })],
            rollback: None,
            warnings: Vec::new(),
        };
        Ok(Proposal { draft, evidence: Vec::new(), untrusted_text: None })
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        let [Step::WriteReport(step)] = plan.steps.as_slice() else { return Err(super::unwritable()) };
        Ok(facts_of(&ended(context, &step.operation).await?))
    }
}

fn facts_of(operation: &Operation) -> Facts {
    let mut facts = Facts::default();
    facts.set("state of the operation", format!("{:?}", operation.state));
    facts
}

/// What has not ended has no last word.
async fn ended(context: Context<'_>, id: &OperationId) -> Result<Operation, Refusal> {
    let operation = context.records.operation(id).await?.ok_or_else(|| {
        Refusal::new(Code::NotFound, "There is no such operation.", "Call operation_status without an id.")
    })?;
    if operation.state.is_terminal() {
        return Ok(operation);
    }
    let next = NextCall::new("operation_status", serde_json::json!({ "operation": id, "wait_s": 30 }), "wait for it");
    Err(Refusal::new(Code::WrongState, "The operation has not ended.", "Wait for its end.").with_next(next))
}
