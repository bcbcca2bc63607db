//! The execution of a plan: lock, facts again, permit, one transaction, go.

use std::time::Duration;

use super::{
    Caller, Engine,
    drive::LEASE_S,
    propose::{defect, kind_of},
    records::EngineRecords,
    tell::REASON,
};
use crate::{
    domain::{
        operation::{Metrics, Operation, OperationId, OperationState},
        plan::{Plan, PlanId},
        principal::Principal,
        refusal::{Code, NextCall, Refusal},
    },
    ledger::{Begun, Ledger},
    policy::{self, Case},
    tools::{self, ActionHandler, Tool, records::OperationView},
};

/// How long a second execution of the same plan waits for the first to be recorded.
const SAME_PLAN: Duration = Duration::from_secs(30);
/// How often it looks whether that has happened.
const LOOK: Duration = Duration::from_millis(20);
/// How many times it looks before it tries to take the lock itself: looking disturbs no writer, trying does.
const LOOKS: u32 = 25;

impl Engine {
    /// Executes a plan, or returns the operation that already did.
    pub(super) async fn execute(
        &self,
        caller: &Caller,
        tool: &Tool,
        action: ActionHandler,
        id: &PlanId,
        wait: Duration,
    ) -> Result<OperationView, Refusal> {
        let ledger = self.ledger().await?;
        let Some(stored) = ledger.plan(id).await? else {
            return Err(Refusal::new(
                Code::NotFound,
                "There is no such plan.",
                format!("Call {} with mode=dry_run; it returns the plan id.", tool.name),
            ));
        };
        let body = stored.plan.body();
        if body.requester != caller.principal {
            return Err(Refusal::new(
                Code::Forbidden,
                "The plan was made by somebody else.",
                "Make your own plan with mode=dry_run.",
            ));
        }
        caller.reach.require(&body.environment)?;
        let right_tool = body.purpose.tool();
        if tool.name != right_tool {
            return Err(Refusal::new(
                Code::BadArgument,
                "The plan belongs to another tool.",
                format!("Execute it with {right_tool}."),
            )
            .with_next(NextCall::new(
                right_tool,
                serde_json::json!({ "mode": "execute", "plan": id }),
                "execute the plan",
            )));
        }
        let operation = match stored.consumed_by {
            Some(operation) => operation,
            None => self.begin(ledger, action, &stored.plan, &caller.principal, tool.name).await?,
        };
        self.wait_and_view(caller, &operation, wait).await
    }

    /// Takes the lock, asks the policy, and starts the operation. Fifty callers with one plan get one operation.
    pub(super) async fn begin(
        &self,
        ledger: &Ledger,
        action: ActionHandler,
        plan: &Plan,
        requester: &Principal,
        tool: &str,
    ) -> Result<OperationId, Refusal> {
        let patience = tokio::time::Instant::now() + SAME_PLAN;
        // Who has waited that long without a turn asks for the lock once, and is told who holds it.
        let _turn = tokio::time::timeout_at(patience, self.0.turns.of(plan.id())).await.ok();
        if let Some(operation) = consumed_by(ledger, plan).await? {
            return Ok(operation);
        }
        let resource = plan.resource();
        let holder = plan.id().as_str();
        let fence = loop {
            match ledger.acquire(&resource, holder, tool, self.world().now(), LEASE_S).await? {
                Ok(lease) => break lease.fence,
                Err(busy) => {
                    if let Some(operation) = consumed_by(ledger, plan).await? {
                        return Ok(operation);
                    }
                    // Who tells GitHub something is soon done.
                    let passes = busy.holder == holder || busy.reason == REASON;
                    if !passes || tokio::time::Instant::now() >= patience {
                        return Err(Refusal::new(
                            Code::Locked,
                            format!("{resource} is locked by {} ({}) since {}.", busy.holder, busy.reason, busy.since),
                            "Wait for that operation; look at it with operation_status.",
                        )
                        .with_next(NextCall::new(
                            "operation_status",
                            serde_json::json!({}),
                            "see what is running",
                        )));
                    }
                    for _ in 0..LOOKS {
                        tokio::time::sleep(LOOK).await;
                        if let Some(operation) = consumed_by(ledger, plan).await? {
                            return Ok(operation);
                        }
                    }
                }
            }
        };
        let begun = self.begin_locked(ledger, action, plan, requester, fence).await;
        if begun.is_err() {
            // The refusal matters more than a lock that ends by itself.
            if let Err(error) = ledger.release(&resource, fence).await {
                tracing::warn!("cannot release the lock after a refusal: {error}");
            }
        }
        begun
    }

    async fn begin_locked(
        &self,
        ledger: &Ledger,
        action: ActionHandler,
        plan: &Plan,
        requester: &Principal,
        fence: i64,
    ) -> Result<OperationId, Refusal> {
        // Somebody may have consumed it between our look and the lock.
        if let Some(operation) = consumed_by(ledger, plan).await? {
            ledger.release(&plan.resource(), fence).await?;
            return Ok(operation);
        }
        let records = EngineRecords::new(self, ledger);
        let quiet = |_: String| {};
        let context =
            tools::Context { reader: self.world().reader(), records: &records, principal: requester, progress: &quiet };
        let facts = (action.facts)(plan.body(), context).await?;
        let evidence = ledger.plan_evidence(plan.id()).await?;
        let environment = self.environment_or_strict(&plan.body().environment);
        let approval = self.answer_to(ledger, plan, &environment).await?;
        let (history, frozen) = match &plan.body().service {
            Some(service) => (
                ledger.deployments(service, &plan.body().environment).await?,
                ledger.freezing(service, &plan.body().environment).await?,
            ),
            None => (Vec::new(), None),
        };
        let halted = self.halted(ledger).await?;
        let now = self.world().now();
        let case = Case {
            settings: self.settings(),
            policy: self.settings().digest().map_err(|_| defect())?,
            environment: &environment,
            evidence: &evidence,
            approval: approval.as_ref(),
            facts: Some(&facts),
            history: &history,
            frozen_by: frozen.as_ref(),
            halted: halted.as_deref(),
            now,
        };
        let id = OperationId::from_uuid(uuid::Uuid::now_v7());
        let permit = policy::decide(plan.clone(), id.clone(), fence, &case)?;
        let body = plan.body();
        let operation = Operation {
            id: id.clone(),
            kind: kind_of(body.purpose),
            service: body.service.clone(),
            environment: body.environment.clone(),
            version: body.revision.as_ref().map(|revision| revision.version.to_string()),
            plan: Some(plan.id().clone()),
            requester: requester.clone(),
            state: OperationState::Running,
            step: None,
            started_at: now,
            finished_at: None,
            decide_by: None,
            summary: "Running.".to_owned(),
            verdict: None,
            blockers: Vec::new(),
            metrics: Metrics::default(),
            fence,
        };
        match ledger.begin(plan, &operation).await? {
            Begun::Started => {
                self.spawn(ledger.clone(), permit, operation);
                Ok(id)
            }
            Begun::Already(existing) => {
                ledger.release(&plan.resource(), fence).await?;
                Ok(existing.id)
            }
        }
    }

    /// Waits for an operation, forwarding what it says, and shows where it stands.
    pub(super) async fn wait_and_view(
        &self,
        caller: &Caller,
        id: &OperationId,
        wait: Duration,
    ) -> Result<OperationView, Refusal> {
        if let Some(live) = self.0.live.get(id) {
            let progress = super::call::progress_of(self, caller);
            let mut lines = live.listen();
            let settled = live.settled(wait);
            tokio::pin!(settled);
            loop {
                tokio::select! {
                    () = &mut settled => break,
                    line = lines.recv() => match line {
                        Ok(line) => progress(line),
                        Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                        Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
                    },
                }
            }
        }
        self.view(id, false).await
    }
}

/// The operation that executes the plan already.
async fn consumed_by(ledger: &Ledger, plan: &Plan) -> Result<Option<OperationId>, Refusal> {
    Ok(ledger.plan(plan.id()).await?.ok_or_else(defect)?.consumed_by)
}
