//! Observations: a tool looks around for longer than a call may take, as an operation that changes nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{sync::broadcast, task::JoinHandle};

use super::{
    Caller, Engine, metrics,
    propose::{REHEARSAL, defect},
    records::EngineRecords,
};
use crate::{
    domain::{
        evidence::Evidence,
        operation::{Operation, OperationId, OperationKind, OperationState},
        principal::Principal,
        refusal::{NextCall, Refusal},
        time::Time,
        verdict::Judgement,
    },
    ledger::Ledger,
    tools::{self, ObservationHandler, Observed, Sighting, records::OperationView},
};

/// How much of what others wrote is kept, bytes.
const SHOWN: usize = 4000;

impl Engine {
    /// Starts an observation and waits for it.
    pub(super) async fn observe(
        &self,
        caller: &Caller,
        observation: ObservationHandler,
        arguments: Value,
        wait: Duration,
    ) -> Result<OperationView, Refusal> {
        let about = (observation.about)(&arguments, self.inventory())?;
        let ledger = self.ledger().await?.clone();
        let operation = Operation {
            kind: OperationKind::Check,
            step: Some("check".to_owned()),
            summary: "The check is under way; nothing is changed.".to_owned(),
            ..self.dry_run_operation(about, &caller.principal)
        };
        ledger.begin_dry_run(&operation).await?;
        let live = self.0.live.add(&operation.id, OperationState::Running);
        let lines = live.listen();
        let id = operation.id.clone();
        let (engine, who) = (self.clone(), caller.principal.clone());
        let task = tokio::spawn(async move {
            let id = operation.id.clone();
            let result = engine.look_around(&ledger, &who, observation, arguments, operation).await;
            engine.tell_end(&ledger, &id);
            engine.0.live.remove(&id);
            live.set(OperationState::Succeeded);
            result
        });
        // Also when it goes on without the call: where it stands is what there is to say.
        self.await_for(caller, task, lines, wait).await?;
        self.view(&id, false).await
    }

    /// Waits for a task that goes on by itself, and tells the caller what it says; nothing when it takes longer.
    pub(super) async fn await_for<T>(
        &self,
        caller: &Caller,
        mut task: JoinHandle<Result<T, Refusal>>,
        mut lines: broadcast::Receiver<String>,
        wait: Duration,
    ) -> Result<Option<T>, Refusal> {
        let progress = super::call::progress_of(self, caller);
        let limit = tokio::time::sleep(wait);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                // The task ends in a panic only by a defect; the operation stays for the next start to close.
                ended = &mut task => return ended.map_err(|_| defect())?.map(Some),
                line = lines.recv() => if let Ok(line) = line { progress(line); },
                () = &mut limit => return Ok(None),
            }
        }
    }

    async fn look_around(
        &self,
        ledger: &Ledger,
        principal: &Principal,
        observation: ObservationHandler,
        arguments: Value,
        mut operation: Operation,
    ) -> Result<OperationId, Refusal> {
        let records = EngineRecords::new(self, ledger);
        let live = self.0.live.get(&operation.id);
        let progress = move |line: String| {
            if let Some(live) = &live {
                live.say(line);
            }
        };
        let context =
            tools::Context { reader: self.world().reader(), records: &records, principal, progress: &progress };
        let observed = (observation.observe)(arguments, context).await;
        let now = self.world().now();
        operation.finished_at = Some(now);
        operation.step = None;
        match observed {
            Ok(Observed { summary, blockers, mut evidence, untrusted_text }) => {
                self.stamp(&mut evidence);
                operation.state = OperationState::Succeeded;
                operation.summary = summary;
                operation.blockers = blockers;
                metrics::fill(&mut operation, &evidence, &evidence);
                if observation.judged {
                    judge(&mut operation, &evidence);
                }
                ledger.record_evidence(&operation.id, &evidence).await?;
                if let Some(text) = untrusted_text {
                    let body = self.redactor().json(json!({ "untrusted_text": super::view::tail(&text, SHOWN) }));
                    ledger.note(REHEARSAL, Some(&operation.id), principal, body, now).await?;
                }
                ledger.finish(&operation, &[], now).await?;
                Ok(operation.id)
            }
            Err(refusal) => {
                operation.state = OperationState::Failed;
                operation.summary.clone_from(&refusal.message);
                operation.blockers = vec![refusal.clone()];
                ledger.finish(&operation, &[], now).await?;
                Err(refusal)
            }
        }
    }
}

impl Engine {
    /// Makes an operation, which has ended, of what a query saw. Returns the call that writes its report, where that is offered.
    pub(super) async fn keep_sighting(
        &self,
        ledger: &Ledger,
        principal: &Principal,
        begun: Time,
        status: &str,
        Sighting { about, mut evidence }: Sighting,
    ) -> Option<NextCall> {
        let now = self.world().now();
        self.stamp(&mut evidence);
        let mut operation = Operation {
            kind: OperationKind::Check,
            state: OperationState::Succeeded,
            step: None,
            summary: status.to_owned(),
            started_at: begun,
            finished_at: Some(now),
            ..self.dry_run_operation(about, principal)
        };
        metrics::fill(&mut operation, &evidence, &evidence);
        let recorded = async {
            ledger.begin_dry_run(&operation).await?;
            ledger.record_evidence(&operation.id, &evidence).await?;
            ledger.finish(&operation, &[], now).await
        };
        if let Err(error) = recorded.await {
            // What was seen is answered all the same.
            tracing::warn!(operation = %operation.id, "a look is not recorded: {error}");
            return None;
        }
        let offered = self.tools().iter().any(|tool| tool.name == "write_report");
        offered.then(|| NextCall::new("write_report", json!({ "operation": operation.id }), "keep it as a report"))
    }
}

/// Gives the verdict of all that was seen; it becomes the first word, and what is not well the end of the sentence.
fn judge(operation: &mut Operation, evidence: &[Evidence]) {
    let verdict = metrics::validate(evidence);
    let bad = verdict.criteria.iter().filter(|criterion| criterion.judgement != Judgement::Success);
    let bad: Vec<String> = bad.map(|criterion| format!("{}: {}", criterion.name, criterion.reason)).collect();
    let word = format!("{:?}", verdict.judgement).to_uppercase();
    operation.summary = match (verdict.judgement, bad.is_empty()) {
        (Judgement::Success, _) => {
            let good: Vec<&str> = verdict.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
            format!("{word}: {} Good: {} ✓", operation.summary, good.join(", "))
        }
        (_, true) => format!("{word}: {} Nothing could be looked at.", operation.summary),
        (_, false) => format!("{word}: {} {}.", operation.summary, bad.join("; ")),
    };
    operation.metrics.failures = verdict.not_met();
    operation.verdict = Some(verdict);
}
