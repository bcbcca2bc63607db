//! The two modes of a tool that changes a service: the dry run, and the execution of its plan.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Wish, bounds::WaitSeconds};
use crate::domain::{
    plan::PlanId,
    refusal::{Code, Refusal},
};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::tools) enum Mode {
    /// Make a plan.
    #[default]
    DryRun,
    /// Run a plan.
    Execute,
}

impl Mode {
    /// A dry run takes no plan; an execution takes nothing else.
    pub(in crate::tools) fn wish(self, tool: &str, plan: Option<&PlanId>, wait: WaitSeconds) -> Result<Wish, Refusal> {
        let wait_s = wait.get();
        match (self, plan) {
            (Self::DryRun, None) => Ok(Wish::Propose { wait_s }),
            (Self::Execute, Some(plan)) => Ok(Wish::Execute { plan: plan.clone(), wait_s }),
            (Self::Execute, None) => Err(Refusal::new(
                Code::DryRunMissing,
                "mode=execute needs the plan id of a dry run.",
                format!("Call {tool} with mode=dry_run first; it returns the plan id."),
            )),
            (Self::DryRun, Some(_)) => {
                Err(Refusal::new(Code::BadArgument, "mode=dry_run takes no plan.", "Use mode=execute to run a plan."))
            }
        }
    }
}
