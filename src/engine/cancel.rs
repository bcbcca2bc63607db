//! Cancelling an operation: the request, what it does with the step that is running, and what is said of it meanwhile.

use std::{convert::Infallible, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Caller, Engine, drive::last_of, journal::Run};
use crate::{
    domain::{
        inventory::OnCancel,
        operation::{AttemptState, Operation, OperationId, OperationState, Phase},
        refusal::{Code, Refusal},
        step::{ScriptCall, Step},
    },
    ledger::Ledger,
    tools::records::OperationView,
};

/// How often the ledger is asked whether the operation of a running script is cancelled.
const ASK: Duration = Duration::from_millis(300);
/// How long a call waits for a script that is told to end: 10 s from `TERM` to `KILL`, and a little more.
const ENDS: Duration = Duration::from_secs(15);
/// How long a call waits for the rest.
const SETTLES: Duration = Duration::from_secs(5);

impl Engine {
    /// Asks an operation to stop. Only its requester may, over MCP. The request is durable before anything follows from it, so it is
    /// carried out whatever becomes of this process.
    pub(super) async fn cancel(&self, caller: &Caller, id: &OperationId) -> Result<OperationView, Refusal> {
        let ledger = self.ledger().await?;
        let Some(operation) = ledger.operation(id).await? else {
            return Err(super::view::no_such_operation());
        };
        if operation.requester != caller.principal {
            return Err(Refusal::new(
                Code::Forbidden,
                "The operation was started by somebody else.",
                "Ask them, or an operator with `deploy-ops halt`.",
            ));
        }
        caller.reach.require(&operation.environment)?;
        if operation.state.is_terminal() {
            return Err(Refusal::new(
                Code::WrongState,
                "The operation has ended already.",
                "Call operation_status to see how; call rollback to go back.",
            ));
        }
        ledger.request_cancel(id, &caller.principal, self.world().now()).await?;
        if let Some(live) = self.0.live.get(id) {
            if self.running_script(ledger, &operation).await?.is_some_and(|call| call.on_cancel == OnCancel::End) {
                live.stopped(ENDS).await;
            }
            live.settled(SETTLES).await;
        }
        self.view(id, false).await
    }

    /// What a cancelled operation that has not stopped yet is waiting for, in a sentence. Once it stops, its own summary says it.
    pub(super) async fn told_to_stop(&self, ledger: &Ledger, operation: &Operation) -> Result<Option<String>, Refusal> {
        if operation.state != OperationState::Running || !ledger.cancel_requested(&operation.id).await? {
            return Ok(None);
        }
        let script = self.running_script(ledger, operation).await?;
        Ok(Some(waits_for(script.as_ref(), operation.step.as_deref())))
    }

    /// The script that an operation is running.
    async fn running_script(&self, ledger: &Ledger, operation: &Operation) -> Result<Option<ScriptCall>, Refusal> {
        let Some(plan) = &operation.plan else { return Ok(None) };
        let Some(stored) = ledger.plan(plan).await? else { return Ok(None) };
        let journal = ledger.journal(&operation.id).await?;
        let runs = |index| last_of(&journal, Phase::Do, index).is_some_and(|e| e.state == AttemptState::Intended);
        Ok(stored.plan.steps().iter().enumerate().find_map(|(index, step)| match step {
            Step::RunScript(script) if runs(index) => Some(script.call.clone()),
            _ => None,
        }))
    }
}

fn waits_for(script: Option<&ScriptCall>, step: Option<&str>) -> String {
    let Some(call) = script else {
        let step = step.map(|step| format!(", after step {step}")).unwrap_or_default();
        return format!("Cancelled: it stops at its next safe point{step}.");
    };
    let place = call.host.as_ref().map(|host| format!(" on host {host}")).unwrap_or_default();
    match call.on_cancel {
        OnCancel::End => format!(
            "Cancelled: {}{place} is told to end; after 10 s its processes are killed. Then what was done is taken back.",
            call.path
        ),
        OnCancel::Wait => format!(
            "Cancelled, but {}{place} must not be interrupted (on_cancel = wait): it runs on until it ends, {} s at most. Then what \
             was done is taken back.",
            call.path, call.timeout_s
        ),
    }
}

impl Run<'_> {
    /// Cancels `token` when the operation is cancelled, for a step that can be ended. Goes on for ever.
    pub(super) async fn pass_on_cancellation(&self, step: &Step, token: &CancellationToken) -> Infallible {
        let heeds = matches!(step, Step::RunScript(_)) || step.is_long_look();
        // A ledger that cannot be read is asked again.
        while heeds && !matches!(self.ledger.cancel_requested(self.permit.operation()).await, Ok(true)) {
            tokio::time::sleep(ASK).await;
        }
        if heeds {
            token.cancel();
        }
        std::future::pending().await
    }
}
