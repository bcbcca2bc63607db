//! The dry run: a tool drafts, the engine seals, the policy says what stands in the way.

use std::time::Duration;

use serde_json::Value;

use super::{Caller, Engine, records::EngineRecords};
use crate::{
    domain::{
        effect::Tier,
        evidence::Evidence,
        inventory::{ApprovalRule, Environment},
        name::EnvironmentName,
        operation::{Metrics, Operation, OperationId, OperationKind, OperationState},
        plan::{Plan, PlanBody, PlanId, Purpose},
        principal::Principal,
        refusal::{Code, Refusal},
    },
    ledger::Ledger,
    policy::{self, Case},
    tools::{self, About, ActionHandler, Proposal, Subject, Tool, records::OperationView},
};

/// The kind of the ledger's entry that keeps what a rehearsal wrote.
pub(super) const REHEARSAL: &str = "rehearsal";

impl Engine {
    /// Starts a dry run and waits for it. With `start`, a plan that only adds is executed at once.
    pub(super) async fn propose(
        &self,
        caller: &Caller,
        tool: &Tool,
        action: ActionHandler,
        arguments: Value,
        wait: Duration,
        start: bool,
    ) -> Result<OperationView, Refusal> {
        let subject = (action.subject)(&arguments, self.inventory())?;
        caller.reach.require(&subject.environment)?;
        let ledger = self.ledger().await?.clone();
        let Subject { service, environment, version, .. } = subject.clone();
        let operation = self.dry_run_operation(About { service, environment, version }, &caller.principal);
        ledger.begin_dry_run(&operation).await?;
        let live = self.0.live.add(&operation.id, OperationState::Running);
        let lines = live.listen();
        let id = operation.id.clone();
        let (engine, who, name, told) = (self.clone(), caller.clone(), tool.name, ledger.clone());
        let task = tokio::spawn(async move {
            let result =
                engine.dry_run(&ledger, &who, name, action, arguments, operation.clone(), subject, start).await;
            engine.tell_end(&told, &operation.id);
            engine.0.live.remove(&operation.id);
            live.set(OperationState::Succeeded);
            result
        });
        match self.await_for(caller, task, lines, wait).await? {
            Some(Some(started)) => self.wait_and_view(caller, &started, wait).await,
            _ => self.view(&id, false).await,
        }
    }

    /// The dry run itself. Returns the operation that it started, when it was to start one.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one call; they are used once, here")]
    async fn dry_run(
        &self,
        ledger: &Ledger,
        caller: &Caller,
        tool: &'static str,
        action: ActionHandler,
        arguments: Value,
        mut operation: Operation,
        subject: Subject,
        start: bool,
    ) -> Result<Option<OperationId>, Refusal> {
        let records = EngineRecords::new(self, ledger);
        let live = self.0.live.get(&operation.id);
        let progress = move |line: String| {
            if let Some(live) = &live {
                live.say(line);
            }
        };
        let context = tools::Context {
            reader: self.world().reader(),
            records: &records,
            principal: &caller.principal,
            progress: &progress,
        };
        let drafted = (action.draft)(arguments, context).await.map(|proposal| self.stamped(proposal));
        let now = self.world().now();
        operation.finished_at = Some(now);
        operation.metrics.duration_ms = now.millis_since(operation.started_at);
        operation.step = None;
        let sealed = match drafted {
            Ok(proposal) => self.seal(&proposal, &caller.principal).map(|plan| (proposal, plan)),
            Err(refusal) => Err(refusal),
        };
        let (proposal, plan) = match sealed {
            Ok(sealed) => sealed,
            Err(refusal) => {
                operation.state = OperationState::Failed;
                operation.summary = refusal.message.clone();
                operation.blockers = vec![refusal.clone()];
                ledger.finish(&operation, &[], now).await?;
                return Err(refusal);
            }
        };
        if self.redactor().holds_known(plan.text()) {
            let refusal = Refusal::new(
                Code::SecretInPlan,
                "The plan would hold the value of a secret.",
                "Find the script argument, environment variable or path that holds it, and use a secret reference instead.",
            );
            operation.state = OperationState::Failed;
            operation.summary = refusal.message.clone();
            operation.blockers = vec![refusal.clone()];
            ledger.finish(&operation, &[], now).await?;
            return Err(refusal);
        }
        operation.blockers = self.blockers(ledger, &plan, &proposal.evidence).await?;
        operation.plan = Some(plan.id().clone());
        // Whoever goes back may leave it to the tool to find out where to.
        operation.version =
            plan.body().revision.as_ref().map(|revision| revision.version.to_string()).or(operation.version);
        operation.state = OperationState::Succeeded;
        let stops = operation.blockers.iter().filter(|blocker| blocker.code != Code::ApprovalRequired).count();
        operation.summary = match (stops, operation.blockers.len() - stops) {
            (0, 0) => "Dry run done: the plan can be executed.".to_owned(),
            (0, _) => "Dry run done: the plan needs a human's approval.".to_owned(),
            (1, _) => "Dry run done: 1 blocker stands in the way.".to_owned(),
            (count, _) => format!("Dry run done: {count} blockers stand in the way."),
        };
        ledger.record_plan(&plan, &proposal.evidence, &operation, now).await?;
        if let Some(text) = &proposal.untrusted_text {
            let body = self.redactor().json(serde_json::json!({ "untrusted_text": super::view::tail(text, 4000) }));
            ledger.note(REHEARSAL, Some(&operation.id), &caller.principal, body, now).await?;
        }
        if start && stops == 0 && plan.only_adds() {
            let begun = self.begin(ledger, action, &plan, &caller.principal, tool).await?;
            return Ok(Some(begun));
        }
        debug_assert!(subject.purpose == plan.body().purpose);
        Ok(None)
    }

    /// An operation that only looks: it has neither a plan nor a lock.
    pub(super) fn dry_run_operation(&self, about: About, requester: &Principal) -> Operation {
        Operation {
            id: OperationId::from_uuid(uuid::Uuid::now_v7()),
            kind: OperationKind::DryRun,
            service: about.service,
            environment: about.environment,
            version: about.version.as_ref().map(ToString::to_string),
            plan: None,
            requester: requester.clone(),
            state: OperationState::Running,
            step: Some("dry_run".to_owned()),
            started_at: self.world().now(),
            finished_at: None,
            decide_by: None,
            summary: "The dry run is under way; nothing is changed.".to_owned(),
            verdict: None,
            blockers: Vec::new(),
            metrics: Metrics::default(),
            fence: 0,
        }
    }

    /// How long evidence counts is the policy's to say, not the collector's.
    fn stamped(&self, mut proposal: Proposal) -> Proposal {
        self.stamp(&mut proposal.evidence);
        proposal
    }

    /// The same for evidence alone.
    pub(super) fn stamp(&self, evidence: &mut [Evidence]) {
        for one in evidence {
            let fresh = self.settings().fresh_s(one.kind);
            one.valid_until = one.collected_at.plus_s(i64::from(fresh));
        }
    }

    /// Adds who, when and which policy, and seals.
    pub(super) fn seal(&self, proposal: &Proposal, requester: &Principal) -> Result<Plan, Refusal> {
        let draft = proposal.draft.clone();
        let now = self.world().now();
        let environment = self.environment_or_strict(&draft.environment);
        let lifetime = self.settings().plan_lifetime_s(environment.tier);
        let body = PlanBody {
            schema: 1,
            id: PlanId::from_uuid(uuid::Uuid::new_v4()),
            purpose: draft.purpose,
            service: draft.service,
            environment: draft.environment,
            tier: environment.tier,
            revision: draft.revision,
            facts: draft.facts,
            requirements: draft.requirements,
            steps: draft.steps,
            rollback: draft.rollback,
            warnings: draft.warnings,
            policy: self.settings().digest().map_err(|_| defect())?,
            requester: requester.clone(),
            created_at: now,
            expires_at: now.plus_s(i64::from(lifetime)),
        };
        Plan::seal(body).map_err(|error| {
            Refusal::new(Code::WorldFailed, format!("The plan cannot be sealed: {error}."), "Report this as a defect.")
        })
    }

    /// What would stop the plan now, as far as a dry run can see.
    pub(super) async fn blockers(
        &self,
        ledger: &Ledger,
        plan: &Plan,
        evidence: &[crate::domain::evidence::Evidence],
    ) -> Result<Vec<Refusal>, Refusal> {
        let body = plan.body();
        let environment = self.environment_or_strict(&body.environment);
        let (history, frozen) = match &body.service {
            Some(service) => (
                ledger.deployments(service, &body.environment).await?,
                ledger.freezing(service, &body.environment).await?,
            ),
            None => (Vec::new(), None),
        };
        let approval = ledger.latest_approval(plan.id()).await?;
        let halted = self.halted(ledger).await?;
        Ok(policy::blockers(
            plan,
            &Case {
                settings: self.settings(),
                policy: self.settings().digest().map_err(|_| defect())?,
                environment: &environment,
                evidence,
                approval: approval.as_ref(),
                facts: None,
                history: &history,
                frozen_by: frozen.as_ref(),
                halted: halted.as_deref(),
                now: self.world().now(),
            },
        ))
    }

    /// Why all changes are stopped, by the ledger or by the halt file.
    pub(super) async fn halted(&self, ledger: &Ledger) -> Result<Option<String>, Refusal> {
        if self.world().reader().halt_file_exists() {
            return Ok(Some("there is a HALT file in the data directory".to_owned()));
        }
        Ok(ledger.halted().await?)
    }

    /// The environment; an unknown one is treated as the strictest there is.
    pub(super) fn environment_or_strict(&self, name: &EnvironmentName) -> Environment {
        self.inventory().environments.get(name).cloned().unwrap_or_else(|| Environment {
            name: name.clone(),
            tier: Tier::Production,
            approval: ApprovalRule {
                required: true,
                totp: false,
                same_user_with_totp: false,
                valid_for_s: 900,
                wait_s: 0,
                github: None,
                signed_comments: None,
            },
            windows: Vec::new(),
            freezes: Vec::new(),
            monitoring: Vec::new(),
            monitoring_watch_s: 0,
            notify: Vec::new(),
        })
    }
}

/// The kind of operation that executes a plan.
pub(super) fn kind_of(purpose: Purpose) -> OperationKind {
    match purpose {
        Purpose::Deploy => OperationKind::Deploy,
        Purpose::Rollback => OperationKind::Rollback,
        Purpose::Snapshot => OperationKind::Snapshot,
        Purpose::Issue => OperationKind::Issue,
        Purpose::Tag => OperationKind::Tag,
        Purpose::Report => OperationKind::Report,
        Purpose::Notice => OperationKind::Notice,
    }
}

/// Something that cannot happen unless we made a mistake.
pub(super) fn defect() -> Refusal {
    Refusal::new(
        Code::WorldFailed,
        "The server made a mistake; nothing was changed.",
        "Report this with the server's log.",
    )
}
