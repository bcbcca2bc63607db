//! `cancel_operation`: stop, without leaving anything half done.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Context, Describe, Proposal, Subject, Toolset, Wish, records::OperationView};
use crate::domain::{
    effect::Effect,
    facts::Facts,
    inventory::Inventory,
    operation::OperationId,
    plan::PlanBody,
    refusal::{Code, Refusal},
};

/// The tool.
#[derive(Debug)]
pub(super) struct CancelOperation;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Operation id, from operation_status.
    operation: OperationId,
}

impl Describe for CancelOperation {
    const NAME: &'static str = "cancel_operation";
    const TITLE: &'static str = "Cancel an operation";
    const DESCRIPTION: &'static str = "Stops an operation that you started: a script that may be interrupted is ended with all its \
        processes, anything else stops at its next safe point. Before the first change it just ends, afterwards it is rolled back. \
        The answer says what became of the script.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for CancelOperation {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        Ok(Wish::Cancel { operation: arguments.operation.clone() })
    }

    fn subject(_: &Arguments, _: &Inventory) -> Result<Subject, Refusal> {
        Err(no_plan())
    }

    async fn draft(_: Arguments, _: Context<'_>) -> Result<Proposal, Refusal> {
        Err(no_plan())
    }

    async fn facts(_: &PlanBody, _: Context<'_>) -> Result<Facts, Refusal> {
        Err(no_plan())
    }
}

/// Cancelling needs no plan: it only ever leads back.
fn no_plan() -> Refusal {
    Refusal::new(Code::WrongState, "cancel_operation has no plan.", "Call it with an operation id.")
}
