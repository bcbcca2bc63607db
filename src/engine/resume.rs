//! Going on with what another process left behind.

use super::{Engine, drive::LEASE_S};
use crate::{
    domain::operation::{Operation, OperationKind, OperationState},
    ledger::{Ledger, LedgerError},
    policy,
    world::instance,
};

impl Engine {
    /// Takes over every operation whose server is gone. A failure is logged and leaves the operation for the next start.
    pub(super) async fn resume(&self, ledger: &Ledger) {
        match ledger.interrupted().await {
            Ok(found) => {
                for (operation, owner) in found {
                    if instance::is_alive(owner.as_str()) {
                        continue;
                    }
                    let id = operation.id.clone();
                    if let Err(error) = self.resume_one(ledger, operation).await {
                        tracing::error!(operation = %id, "cannot resume: {error}");
                    }
                }
            }
            Err(error) => tracing::error!("cannot look for interrupted operations: {error}"),
        }
    }

    async fn resume_one(&self, ledger: &Ledger, mut operation: Operation) -> Result<(), LedgerError> {
        let now = self.world().now();
        if operation.kind == OperationKind::DryRun {
            operation.state = OperationState::Failed;
            operation.finished_at = Some(now);
            operation.step = None;
            operation.summary = "The server ended during the dry run; nothing was changed.".to_owned();
            return ledger.finish(&operation, &[], now).await;
        }
        let corrupt = LedgerError::Corrupt { what: "plan of an operation" };
        let Some(plan_id) = operation.plan.clone() else { return Err(corrupt) };
        let Some(stored) = ledger.plan(&plan_id).await? else { return Err(corrupt) };
        let fence = ledger.take_over(&stored.plan.resource(), &operation, now, LEASE_S).await?;
        let Ok(permit) = policy::readmit(stored.plan, &operation, fence) else { return Err(corrupt) };
        operation.fence = fence;
        tracing::warn!(operation = %operation.id, "resuming");
        self.spawn(ledger.clone(), permit, operation);
        Ok(())
    }
}
