//! The end of an operation: metrics, deployments, incident, report, lock.

use super::journal::Run;
use crate::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        inventory::Event,
        operation::{AttemptState, Operation, OperationState},
        plan::Purpose,
        release::{Deployment, DeploymentState},
        step::Step,
    },
    ledger::LedgerError,
};

impl Run<'_> {
    /// Everything went well.
    pub(super) async fn close_success(&self, mut operation: Operation) -> Result<(), LedgerError> {
        operation.state = OperationState::Succeeded;
        operation.summary = match self.permit.plan().body().purpose {
            Purpose::Deploy => format!("Deployed; every check passed.{}", self.advice(&operation).await?),
            Purpose::Rollback => "Went back; every check passed.".to_owned(),
            Purpose::Snapshot => "Every snapshot is taken and verified by a restore.".to_owned(),
            Purpose::Issue | Purpose::Tag | Purpose::Notice | Purpose::Report => self.told(&operation).await?,
        };
        let deployments = self.went_live(&mut operation).await?;
        self.finish(operation, deployments).await
    }

    /// A human accepted less than success.
    pub(super) async fn close_accepted(&self, mut operation: Operation) -> Result<(), LedgerError> {
        operation.state = OperationState::Accepted;
        operation.summary = "A human accepted the result.".to_owned();
        let deployments = self.went_live(&mut operation).await?;
        self.finish(operation, deployments).await
    }

    /// It ended before anything that users see was changed.
    pub(super) async fn close_unchanged(
        &self,
        mut operation: Operation,
        state: OperationState,
        reason: &str,
    ) -> Result<(), LedgerError> {
        operation.state = state;
        operation.summary = match state {
            OperationState::Cancelled => "Cancelled before anything was changed.".to_owned(),
            // What others were told may have come to them although no answer came back.
            _ if matches!(self.permit.plan().body().purpose, Purpose::Issue | Purpose::Tag | Purpose::Notice) => {
                format!("Failed: {reason}")
            }
            _ => format!("Failed before anything was changed: {reason}"),
        };
        self.finish(operation, Vec::new()).await
    }

    /// It was taken back, and the previous version answers.
    pub(super) async fn close_rolled_back(
        &self,
        mut operation: Operation,
        reason: &str,
        cancelled: bool,
    ) -> Result<(), LedgerError> {
        operation.state = if cancelled { OperationState::Cancelled } else { OperationState::RolledBack };
        operation.summary = format!("Rolled back: {reason}.");
        // A version that somebody cancelled is not a bad version.
        let deployments = if cancelled { Vec::new() } else { self.of_plan(&operation, DeploymentState::RolledBack) };
        if !cancelled {
            self.incident(&operation, reason).await?;
        }
        self.finish(operation, deployments).await
    }

    /// Taking back failed: the service is frozen, loudly.
    pub(super) async fn close_rollback_failed(
        &self,
        mut operation: Operation,
        reason: &str,
        why: &str,
    ) -> Result<(), LedgerError> {
        tracing::error!(operation = %operation.id, "ROLLBACK FAILED: {why}");
        operation.state = OperationState::RollbackFailed;
        operation.metrics.failures += 1;
        operation.summary = format!(
            "ROLLBACK FAILED: {why} The service is frozen until a human has repaired it and runs `deploy-ops unfreeze {}`. \
             It was rolled back because {reason}.",
            operation.id
        );
        let deployments = self.of_plan(&operation, DeploymentState::RolledBack);
        self.incident(&operation, why).await?;
        self.finish(operation, deployments).await
    }

    /// The record of an incident, in the ledger.
    async fn incident(&self, operation: &Operation, reason: &str) -> Result<(), LedgerError> {
        let engine = self.engine;
        let body = engine.0.redactor.json(serde_json::json!({
            "incident": operation.summary,
            "reason": reason,
            "service": operation.service,
            "environment": operation.environment,
            "version": operation.version,
            "verdict": operation.verdict,
        }));
        self.ledger.note("incident", Some(&operation.id), &operation.requester, body, engine.world().now()).await
    }

    /// What was seen and decides nothing.
    async fn advice(&self, operation: &Operation) -> Result<String, LedgerError> {
        let evidence = self.ledger.evidence(&operation.id).await?;
        let other = evidence.iter().filter(|one| one.kind == EvidenceKind::Visual && one.outcome != Outcome::Pass);
        let told: Vec<&str> = other.map(|one| one.summary.as_str()).collect();
        Ok(if told.is_empty() {
            String::new()
        } else {
            format!(" Looks, which decide nothing here: {}", told.join(" "))
        })
    }

    /// What the steps say that they did.
    async fn told(&self, operation: &Operation) -> Result<String, LedgerError> {
        let journal = self.ledger.journal(&operation.id).await?;
        let done = journal.iter().filter(|entry| entry.state == AttemptState::Done);
        Ok(done.map(|entry| entry.outcome.as_str()).collect::<Vec<_>>().join(" "))
    }

    /// What is live now, and what it replaced.
    async fn went_live(&self, operation: &mut Operation) -> Result<Vec<Deployment>, LedgerError> {
        let body = self.permit.plan().body();
        let mut changed = self.of_plan(operation, DeploymentState::Live);
        let (Some(service), false) = (&body.service, changed.is_empty()) else { return Ok(changed) };
        operation.metrics.services_deployed = 1;
        let replaced = match body.purpose {
            Purpose::Rollback => DeploymentState::RolledBack,
            _ => DeploymentState::Replaced,
        };
        let history = self.ledger.deployments(service, &body.environment).await?;
        changed.extend(
            history
                .into_iter()
                .filter(|deployment| deployment.state == DeploymentState::Live && deployment.operation != operation.id)
                .map(|deployment| Deployment { state: replaced, ..deployment }),
        );
        Ok(changed)
    }

    /// The deployment that this plan is about, in that state; empty for plans that deploy nothing.
    fn of_plan(&self, operation: &Operation, state: DeploymentState) -> Vec<Deployment> {
        let body = self.permit.plan().body();
        let (Some(service), Some(revision)) = (&body.service, &body.revision) else { return Vec::new() };
        // After a failed rollback operation the version that it left is the one to distrust, not its aim.
        if !body.purpose.changes_service()
            || (body.purpose == Purpose::Rollback && state == DeploymentState::RolledBack)
        {
            return Vec::new();
        }
        let release = body.steps.iter().find_map(|step| match step {
            Step::SwitchRelease(switch) => Some(switch.to.clone()),
            _ => None,
        });
        let artifact = body.facts.get("artifact").and_then(|digest| digest.parse().ok());
        vec![Deployment {
            service: service.clone(),
            environment: body.environment.clone(),
            version: revision.version.clone(),
            commit: revision.commit.clone(),
            release,
            artifact,
            operation: operation.id.clone(),
            at: self.engine.world().now(),
            state,
        }]
    }

    /// Gives back what was claimed on the target's host. A claim that stays there is taken over by our next operation.
    async fn give_target_back(&self) {
        let (body, world) = (self.permit.plan().body(), self.engine.world());
        let Some(service) = &body.service else { return };
        let Ok((_, _, target)) = world.reader().inventory().target(service, Some(&body.environment)) else { return };
        if let Err(error) = world.give_target_back(self.permit, target).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the claim on the host was not given back");
        }
    }

    /// Metrics, report, and the last transaction. The report comes first: written twice is better than never.
    async fn finish(&self, mut operation: Operation, deployments: Vec<Deployment>) -> Result<(), LedgerError> {
        let now = self.engine.world().now();
        operation.finished_at = Some(now);
        operation.step = None;
        operation.decide_by = None;
        self.measure(&mut operation).await?;
        if self.permit.plan().body().purpose.changes_service() {
            self.write_report(&operation).await?;
            self.give_target_back().await;
        }
        self.tell_channels(&operation, Event::of(operation.state)).await?;
        self.store_end(&operation, &deployments, now).await?;
        self.live.say(operation.summary.clone());
        self.live.set(operation.state);
        self.engine.0.teller.news();
        Ok(())
    }
}
