//! One attempt at one step, with its intent before and its outcome after.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Engine, Point, live::Live};
use crate::{
    domain::{
        operation::{AttemptState, JournalEntry, Operation, Phase},
        step::{Step, StepClass},
    },
    ledger::{Ledger, LedgerError},
    policy::Permit,
    steps::{self, Done, Failure},
};

/// What an operation is run with.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) ledger: &'a Ledger,
    pub(super) permit: &'a Permit,
    pub(super) live: &'a Live,
}

/// Why a step's attempt could not be brought to an outcome.
#[derive(Debug)]
pub(super) enum Stuck {
    /// The step failed.
    Failed(String),
    /// It was ended because the operation is cancelled.
    Cancelled(String),
    /// It cannot be told whether it took effect.
    Unknown(String),
    /// The ledger cannot be written, or another server has taken over: stop without touching anything.
    Ledger(LedgerError),
}

impl From<LedgerError> for Stuck {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Run<'_> {
    /// What a step gets.
    pub(super) fn context(&self, index: usize) -> steps::Context<'_> {
        let live = self.live.clone();
        steps::Context {
            world: self.engine.world(),
            permit: self.permit,
            index,
            progress: Arc::new(move |line| live.say(line)),
            cancelled: CancellationToken::new(),
            reports: self,
        }
    }

    /// INTENT, effect, OUTCOME. The intent is durable before the effect begins.
    pub(super) async fn attempt(&self, phase: Phase, index: usize, step: &Step, attempt: u32) -> Result<Done, Stuck> {
        let engine = self.engine;
        let hooks = &engine.0.hooks;
        let mut entry = JournalEntry {
            operation: self.permit.operation().clone(),
            phase,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            step: step.name().to_owned(),
            summary: step.summary(),
            attempt,
            state: AttemptState::Intended,
            intended_at: engine.world().now(),
            ended_at: None,
            outcome: String::new(),
        };
        hooks.at(phase, index, step.name(), Point::BeforeIntent);
        self.ledger.intend(&entry, self.permit.fence()).await?;
        hooks.at(phase, index, step.name(), Point::AfterIntent);
        let verb = match phase {
            Phase::Do => "",
            Phase::Undo => "take back: ",
        };
        self.live.say(format!("{verb}{}", step.summary()));
        let result = if hooks.fails(phase, index, step.name()) {
            Err(Failure::Failed(Done::new("made to fail by a test")))
        } else {
            let context = self.context(index);
            match (phase, step.class()) {
                (Phase::Do, _) => tokio::select! {
                    result = steps::run(step, &context) => result,
                    never = self.pass_on_cancellation(step, &context.cancelled) => match never {},
                },
                (Phase::Undo, StepClass::ReadOnly) => steps::run(step, &context).await,
                (Phase::Undo, _) => steps::undo(step, &context).await,
            }
        };
        hooks.at(phase, index, step.name(), Point::AfterEffect);
        let (state, done) = match &result {
            Ok(done) => (AttemptState::Done, done),
            Err(Failure::Failed(done) | Failure::Unavailable(done) | Failure::Cancelled(done)) => {
                (AttemptState::Failed, done)
            }
            Err(Failure::Unknown(done)) => (AttemptState::Unknown, done),
        };
        let uncounted = self.record(&mut entry, state, done).await?;
        hooks.at(phase, index, step.name(), Point::AfterOutcome);
        match result {
            Ok(done) => uncounted.map_or(Ok(done), |why| Err(Stuck::Failed(why))),
            Err(Failure::Failed(done) | Failure::Unavailable(done)) => Err(Stuck::Failed(done.summary)),
            Err(Failure::Cancelled(done)) => Err(Stuck::Cancelled(done.summary)),
            Err(Failure::Unknown(done)) => Err(Stuck::Unknown(done.summary)),
        }
    }

    /// Makes an outcome durable, with the evidence that came with it. Says why it does not count, when it could not be stored.
    pub(super) async fn record(
        &self,
        entry: &mut JournalEntry,
        state: AttemptState,
        done: &Done,
    ) -> Result<Option<String>, LedgerError> {
        entry.state = state;
        entry.ended_at = Some(self.engine.world().now());
        entry.outcome = match &done.untrusted_text {
            // The last lines of what a script said belong to its outcome; they are fenced wherever they are shown.
            Some(text) if !text.is_empty() => format!("{}\n{}", done.summary, super::view::tail(text, 2000)),
            _ => done.summary.clone(),
        };
        self.live.say(format!("{}: {}", entry.step, done.summary));
        self.engine.0.teller.news();
        let mut evidence = done.evidence.clone();
        self.engine.stamp(&mut evidence);
        let uncounted = self.store_outcome(entry, &evidence).await?;
        let plan = self.permit.plan();
        let step = usize::try_from(entry.index).ok().and_then(|index| plan.steps().get(index));
        match (entry.state, entry.phase, step) {
            (AttemptState::Done, Phase::Do, Some(Step::TakeSnapshot(take))) => {
                if let Some(manifest) = self.engine.world().reader().snapshot_manifest(&take.snapshot) {
                    self.ledger.record_snapshot(&manifest).await?;
                }
            }
            (AttemptState::Done, Phase::Do, Some(Step::WriteReport(write))) => {
                let written = evidence.iter().filter_map(|file| Some((file.subject.clone(), file.raw_digest?)));
                self.engine.note_report(self.ledger, &write.operation, &written.collect::<Vec<_>>()).await?;
            }
            _ => {}
        }
        Ok(uncounted)
    }

    /// Writes the operation's state, and tells those who wait.
    pub(super) async fn save(&self, operation: &Operation) -> Result<(), LedgerError> {
        self.store_standing(operation).await?;
        self.live.set(operation.state);
        self.engine.0.teller.news();
        Ok(())
    }
}
