//! Saying it: a plan of the server's own, under the lock of the service's issues, inside a permit of the policy.

use std::{ops::Range, sync::Arc};

use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Engine, Point,
        drive::{LEASE_S, renew},
        propose::defect,
        records::EngineRecords,
    },
    draft::Part,
    owed,
};
use crate::{
    domain::{
        facts::Facts,
        inventory::Service,
        operation::{Operation, Phase},
        plan::{Draft, Plan, Purpose},
        principal::Principal,
        refusal::{Code, Refusal},
        step::Step,
    },
    ledger::{Ledger, Telling},
    policy::{self, Case, Permit},
    steps::{self, Failure},
    tools::Proposal,
    world::instance::{self, Fate},
};

/// What the lock is held for.
pub(in crate::engine) const REASON: &str = "GitHub is told how an operation goes";
/// The kind of the entry before something is said.
const SAYING: &str = "telling_saying";

/// What came of saying it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it is said.
    Said,
    /// GitHub refused these parts, for that many times.
    Refused { parts: Vec<&'static str>, times: u64 },
    /// GitHub does not answer, or the operator has halted all changes.
    Away,
    /// Somebody else holds the lock.
    Busy,
}

/// What came of the parts.
#[derive(Debug, Default)]
struct Sum {
    said: Map<String, serde_json::Value>,
    why: Vec<String>,
    refused: Vec<&'static str>,
    away: bool,
}

impl Engine {
    /// Says the parts, and makes durable what came of it. `refusals` is how often that was refused before.
    pub(super) async fn say(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        service: &Service,
        parts: Vec<Part>,
        refusals: u64,
    ) -> Result<Outcome, Refusal> {
        let mut sum = Sum::default();
        let (mut steps, mut sayable) = (Vec::new(), Vec::new());
        for part in parts {
            match part.steps {
                Ok(its) => {
                    sayable.push((part.name, steps.len()..steps.len() + its.len()));
                    steps.extend(its);
                }
                Err(refusal) => sum.failed(part.name, refusal.code == Code::GitHubUnavailable, &refusal.message),
            }
        }
        if steps.is_empty() {
            return self.sum_up(ledger, operation, sum, refusals).await;
        }
        let mut facts = Facts::default();
        facts.set("repository", self.world().reader().github(service)?.name());
        let draft = Draft {
            purpose: Purpose::Issue,
            service: Some(service.name.clone()),
            environment: operation.environment.clone(),
            revision: None,
            facts,
            requirements: Vec::new(),
            steps,
            rollback: None,
            warnings: Vec::new(),
        };
        let plan = self.seal(&Proposal { draft, evidence: Vec::new(), untrusted_text: None }, &Principal::server())?;
        let resource = plan.resource();
        let Some(fence) = self.take_turn(ledger, &resource).await? else { return Ok(Outcome::Busy) };
        let said = tokio::select! {
            said = self.say_locked(ledger, operation, plan, fence, sayable, sum, refusals) => said,
            () = renew(self.clone(), ledger.clone(), resource.clone(), fence) => Ok(Outcome::Busy),
        };
        if let Err(error) = ledger.release(&resource, fence).await {
            tracing::warn!("cannot release the lock of {resource}: {error}");
        }
        said
    }

    /// The lock, or nothing while somebody else tells or is told to tell. A holder of this machine that has ended has lost it.
    async fn take_turn(&self, ledger: &Ledger, resource: &str) -> Result<Option<i64>, Refusal> {
        let me = instance::current();
        for _ in 0..2 {
            match ledger.acquire(resource, &me, REASON, self.world().now(), LEASE_S).await? {
                Ok(lease) => return Ok(Some(lease.fence)),
                Err(busy) if instance::fate(&busy.holder) == Fate::Ended => {
                    ledger.release_of(resource, &busy.holder).await?;
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "the pieces of one attempt; they are used once, here")]
    async fn say_locked(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        plan: Plan,
        fence: i64,
        parts: Vec<(&'static str, Range<usize>)>,
        mut sum: Sum,
        refusals: u64,
    ) -> Result<Outcome, Refusal> {
        // Another server may have said it between our look and the lock.
        if let Some((Telling::Told | Telling::GivenUp, _)) = ledger.telling(&operation.id).await? {
            return Ok(Outcome::Said);
        }
        let permit = match self.permit_to_tell(ledger, operation, plan, fence).await {
            Err(refusal) if refusal.code == Code::Halted => return Ok(Outcome::Away),
            other => other?,
        };
        let summaries: Vec<String> = permit.plan().steps().iter().map(Step::summary).collect();
        let intent = json!({ "plan": permit.plan().digest(), "steps": summaries });
        self.note(ledger, SAYING, operation, intent).await?;
        for (name, range) in parts {
            for (index, step) in permit.plan().steps().iter().enumerate().take(range.end).skip(range.start) {
                // Whoever has lost the lock says nothing more.
                ledger.renew(&permit.plan().resource(), fence, self.world().now(), LEASE_S).await?;
                let context = steps::Context {
                    world: self.world(),
                    permit: &permit,
                    index,
                    progress: Arc::new(|_| {}),
                    cancelled: CancellationToken::new(),
                    reports: &EngineRecords::new(self, ledger),
                };
                let hooks = &self.0.hooks;
                hooks.at(Phase::Do, index, step.name(), Point::AfterIntent);
                let came = steps::run(step, &context).await;
                hooks.at(Phase::Do, index, step.name(), Point::AfterEffect);
                match came {
                    Ok(done) => sum.said(name, &done.summary),
                    Err(failure) => {
                        let away = matches!(failure, Failure::Unavailable(_));
                        sum.failed(name, away, &failure.done().summary);
                        break;
                    }
                }
            }
            if sum.away {
                break;
            }
        }
        self.sum_up(ledger, operation, sum, refusals).await
    }

    /// The right to run a plan of the server's own about an operation.
    pub(in crate::engine) async fn permit_to_tell(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        plan: Plan,
        fence: i64,
    ) -> Result<Permit, Refusal> {
        let environment = self.environment_or_strict(&operation.environment);
        let (facts, halted) = (plan.body().facts.clone(), self.halted(ledger).await?);
        let case = Case {
            settings: self.settings(),
            policy: self.settings().digest().map_err(|_| defect())?,
            environment: &environment,
            evidence: &[],
            approval: None,
            facts: Some(&facts),
            history: &[],
            frozen_by: None,
            halted: halted.as_deref(),
            now: self.world().now(),
        };
        policy::decide(plan, operation.id.clone(), fence, &case)
    }

    /// What came of it, durable.
    async fn sum_up(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        sum: Sum,
        refusals: u64,
    ) -> Result<Outcome, Refusal> {
        let last = operation.state.is_terminal();
        let counts = last && !sum.away && !sum.refused.is_empty();
        let times = refusals + u64::from(counts);
        let telling = match (last, sum.why.is_empty()) {
            (true, true) => Telling::Told,
            _ if counts && owed::is_hopeless(times) => Telling::GivenUp,
            _ => Telling::Said,
        };
        let why = sum.why.join(" ");
        if !why.is_empty() {
            tracing::warn!(operation = %operation.id, "GitHub was not told: {why}");
        }
        let mut what = json!({ "said": sum.said, "refusals": times });
        if let (Some(what), false) = (what.as_object_mut(), why.is_empty()) {
            what.insert("why".to_owned(), why.into());
        }
        self.note(ledger, telling.kind(), operation, what).await?;
        Ok(match (sum.away, sum.refused.is_empty()) {
            (true, _) => Outcome::Away,
            (false, false) => Outcome::Refused { parts: sum.refused, times },
            (false, true) => Outcome::Said,
        })
    }
}

impl Sum {
    fn said(&mut self, part: &'static str, summary: &str) {
        let before = self.said.get(part).and_then(|before| before.as_str()).map(|before| format!("{before} "));
        self.said.insert(part.to_owned(), format!("{}{summary}", before.unwrap_or_default()).into());
    }

    fn failed(&mut self, part: &'static str, away: bool, why: &str) {
        self.why.push(format!("{part}: {why}"));
        if away {
            self.away = true;
        } else {
            self.refused.push(part);
        }
    }
}
