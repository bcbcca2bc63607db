//! Steps act: each file does, proves and undoes one thing.

mod check_e2e;
mod check_lighthouse;
mod check_monitoring;
mod check_smoke;
mod check_visual;
mod close_issue;
mod comment_issue;
mod create_tag;
mod export_commit;
mod notify;
mod open_incident;
mod place_release;
mod prune_releases;
mod restore_database;
mod run_script;
mod switch_release;
mod take_snapshot;
mod tell_deployment;
mod tell_progress;
mod write_report;

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        inventory::{Page, Service, Target},
        name::PageName,
        operation::{OperationId, Phase},
        refusal::{Code, Refusal},
        report::Report,
        step::Step,
        time::Time,
    },
    policy::Permit,
    world::{World, WorldError},
};

/// What a step gets.
#[derive(Clone)]
pub struct Context<'a> {
    /// The world, with its changing methods.
    pub world: &'a World,
    /// The right to use them.
    pub permit: &'a Permit,
    /// The step's place in the plan, from 0.
    pub index: usize,
    /// Told about progress, in sentences for a human and lines that scripts write; never blocks.
    pub progress: Arc<dyn Fn(String) + Send + Sync>,
    /// Cancelled when the operation is, for steps that need not come to their end.
    pub cancelled: CancellationToken,
    /// What the ledger knows of other operations.
    pub reports: &'a dyn Reports,
}

/// The ledger as a step sees it.
pub trait Reports: Send + Sync {
    /// The report of an operation, as of now.
    fn report<'a>(&'a self, id: &'a OperationId) -> BoxFuture<'a, Result<Report, Refusal>>;
}

/// A step that took effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What was done, in one sentence.
    pub summary: String,
    /// What was observed on the way.
    pub evidence: Vec<Evidence>,
    /// A piece of output that others wrote (a script's last lines), for the report.
    pub untrusted_text: Option<String>,
}

/// A step that did not take effect as wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// It failed, and that is certain.
    Failed(Done),
    /// The same because somebody outside does not answer now: later it may go well.
    Unavailable(Done),
    /// It was ended, or not begun, because the operation is cancelled.
    Cancelled(Done),
    /// Whether it took effect cannot be told.
    Unknown(Done),
}

/// What a probe finds after a crash.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// It did not begin: it may be run.
    NotStarted,
    /// It began and is still running: run it again to attach to it.
    Running,
    /// It took effect.
    Done(Done),
    /// It failed.
    Failed(Done),
    /// It was ended because the operation is cancelled.
    Cancelled(Done),
    /// It cannot be told.
    Unknown(Done),
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("permit", &self.permit).finish_non_exhaustive()
    }
}

impl Done {
    /// A step that took effect and observed nothing else.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), evidence: Vec::new(), untrusted_text: None }
    }
}

impl Context<'_> {
    /// The directory of one phase of this step: `<operation>/do-<index>`.
    fn directory(&self, phase: Phase) -> PathBuf {
        self.world.paths().operation(self.permit.operation()).join(self.tag(phase))
    }

    fn tag(&self, phase: Phase) -> String {
        let phase = match phase {
            Phase::Do => "do",
            Phase::Undo => "undo",
        };
        format!("{phase}-{}", self.index)
    }

    /// A look that is ended when the operation is cancelled; dropping it ends its processes.
    async fn unless_cancelled(
        &self,
        what: &str,
        look: impl Future<Output = Result<Done, Failure>>,
    ) -> Result<Done, Failure> {
        tokio::select! {
            seen = look => seen,
            () = self.cancelled.cancelled() => {
                Err(Failure::Cancelled(Done::new(format!("{what} were ended because the operation is cancelled."))))
            }
        }
    }

    /// The service of the plan, and where it runs.
    fn target(&self) -> Result<(&Service, &Target), Failure> {
        let body = self.permit.plan().body();
        let Some(name) = &body.service else {
            return Err(failed("The plan names no service, and this step needs one."));
        };
        match self.world.reader().inventory().target(name, Some(&body.environment)) {
            Ok((service, _, target)) => Ok((service, target)),
            Err(refusal) => Err(failed(refusal.to_string())),
        }
    }
}

/// Does a step. Running an idempotent step twice, or one whose probe said `Running`, is safe.
pub async fn run(step: &Step, context: &Context<'_>) -> Result<Done, Failure> {
    match step {
        Step::TakeSnapshot(step) => take_snapshot::run(step, context).await,
        Step::ExportCommit(step) => export_commit::run(step, context).await,
        Step::RunScript(step) => run_script::run(step, context).await,
        Step::PlaceRelease(step) => place_release::run(step, context).await,
        Step::SwitchRelease(step) => switch_release::run(step, context).await,
        Step::PruneReleases(step) => prune_releases::run(step, context).await,
        Step::RestoreDatabase(step) => restore_database::run(step, context).await,
        Step::CheckSmoke(step) => check_smoke::run(step, context).await,
        Step::CheckE2e(step) => check_e2e::run(step, context).await,
        // A browser's visit is much to keep on the stack of every step.
        Step::CheckLighthouse(step) => Box::pin(check_lighthouse::run(step, context)).await,
        Step::CheckVisual(step) => Box::pin(check_visual::run(step, context)).await,
        Step::CheckMonitoring(step) => check_monitoring::run(step, context).await,
        Step::CommentIssue(step) => comment_issue::run(step, context).await,
        Step::OpenIncident(step) => open_incident::run(step, context).await,
        Step::CloseIssue(step) => close_issue::run(step, context).await,
        Step::CreateTag(step) => create_tag::run(step, context).await,
        Step::WriteReport(step) => write_report::run(step, context).await,
        Step::TellProgress(step) => tell_progress::run(step, context).await,
        Step::TellDeployment(step) => tell_deployment::run(step, context).await,
        Step::Notify(step) => notify::run(step, context).await,
    }
}

/// Finds out what became of a step that has an intent and no outcome.
pub async fn probe(step: &Step, context: &Context<'_>) -> Probe {
    match step {
        Step::TakeSnapshot(step) => take_snapshot::probe(step, context).await,
        Step::ExportCommit(step) => export_commit::probe(step, context),
        Step::RunScript(step) => run_script::probe(step, context).await,
        Step::PlaceRelease(step) => place_release::probe(step, context).await,
        Step::SwitchRelease(step) => switch_release::probe(step, context).await,
        Step::RestoreDatabase(step) => restore_database::probe(step, context).await,
        Step::CommentIssue(step) => comment_issue::probe(step, context).await,
        Step::OpenIncident(step) => open_incident::probe(step, context).await,
        Step::CreateTag(step) => create_tag::probe(step, context).await,
        // Doing these again does no harm and finds out as much as looking would.
        Step::PruneReleases(_)
        | Step::CheckSmoke(_)
        | Step::CheckE2e(_)
        | Step::CheckLighthouse(_)
        | Step::CheckVisual(_)
        | Step::CheckMonitoring(_)
        | Step::CloseIssue(_)
        | Step::WriteReport(_)
        | Step::TellProgress(_)
        | Step::TellDeployment(_)
        | Step::Notify(_) => Probe::NotStarted,
    }
}

/// Takes a step back. Steps that only add have nothing to take back.
pub async fn undo(step: &Step, context: &Context<'_>) -> Result<Done, Failure> {
    match step {
        Step::RunScript(step) => run_script::undo(step, context).await,
        Step::PlaceRelease(step) => place_release::undo(step, context).await,
        Step::SwitchRelease(step) => switch_release::undo(step, context).await,
        Step::RestoreDatabase(step) => restore_database::undo(step, context).await,
        Step::TakeSnapshot(_)
        | Step::ExportCommit(_)
        | Step::CheckSmoke(_)
        | Step::CheckE2e(_)
        | Step::CheckLighthouse(_)
        | Step::CheckVisual(_)
        | Step::WriteReport(_)
        | Step::CheckMonitoring(_) => {
            Ok(Done::new("There is nothing to take back: this step only added something of our own."))
        }
        Step::CommentIssue(_)
        | Step::OpenIncident(_)
        | Step::CloseIssue(_)
        | Step::CreateTag(_)
        | Step::TellProgress(_)
        | Step::TellDeployment(_)
        | Step::Notify(_) => Ok(Done::new("What was told stays told, and tags are never removed.")),
        Step::PruneReleases(_) => {
            Ok(Done::new("Old releases stay removed: neither the live one nor the one to go back to was among them."))
        }
    }
}

/// Finds out what became of an undo that has an intent and no outcome.
pub async fn probe_undo(step: &Step, context: &Context<'_>) -> Probe {
    match step {
        Step::RunScript(step) => run_script::probe_undo(step, context).await,
        Step::SwitchRelease(step) => switch_release::probe_undo(step, context).await,
        Step::RestoreDatabase(step) => restore_database::probe_undo(step, context).await,
        Step::PlaceRelease(_)
        | Step::TakeSnapshot(_)
        | Step::ExportCommit(_)
        | Step::CheckSmoke(_)
        | Step::CheckE2e(_)
        | Step::CheckLighthouse(_)
        | Step::CheckVisual(_)
        | Step::CheckMonitoring(_)
        | Step::CommentIssue(_)
        | Step::OpenIncident(_)
        | Step::CloseIssue(_)
        | Step::CreateTag(_)
        | Step::WriteReport(_)
        | Step::TellProgress(_)
        | Step::TellDeployment(_)
        | Step::Notify(_)
        | Step::PruneReleases(_) => Probe::NotStarted,
    }
}

impl Failure {
    /// What came of it.
    pub fn done(self) -> Done {
        match self {
            Self::Failed(done) | Self::Unavailable(done) | Self::Cancelled(done) | Self::Unknown(done) => done,
        }
    }
}

/// A failure that is certain.
fn failed(summary: impl Into<String>) -> Failure {
    Failure::Failed(Done::new(summary))
}

impl From<WorldError> for Failure {
    /// Methods of the world fail before their effect or take it back themselves.
    fn from(error: WorldError) -> Self {
        // The chain is for the log alone: it may hold what libraries or scripts wrote.
        tracing::warn!(error = &error as &dyn std::error::Error, "a step failed");
        let refusal = Refusal::from(error);
        let done = Done::new(format!("{} Fix: {}", refusal.message, refusal.fix));
        if refusal.code == Code::GitHubUnavailable { Self::Unavailable(done) } else { Self::Failed(done) }
    }
}

/// The pages of a service that a step names.
fn pages<'s>(service: &'s Service, names: &[PageName]) -> Result<Vec<&'s Page>, Failure> {
    names.iter().map(|name| service.page(name).map_err(|refusal| failed(refusal.to_string()))).collect()
}

/// A look that could not be made: nothing is known.
fn unseen(context: &Context<'_>, kind: EvidenceKind, service: &Service, error: WorldError) -> Done {
    let subject = format!("{} in {}", service.name, context.permit.plan().body().environment);
    let refusal = Refusal::from(error);
    let summary = format!("{} Fix: {}", refusal.message, refusal.fix);
    let seen = evidence(kind, &subject, Outcome::Inconclusive, context.world.now(), 0, summary.clone());
    Done { evidence: vec![seen], ..Done::new(summary) }
}

/// Evidence that a step collected.
fn evidence(kind: EvidenceKind, subject: &str, outcome: Outcome, at: Time, valid_s: i64, summary: String) -> Evidence {
    Evidence {
        kind,
        subject: subject.to_owned(),
        outcome,
        summary,
        counters: std::collections::BTreeMap::new(),
        collected_at: at,
        valid_until: at.plus_s(valid_s),
        collector: "engine".to_owned(),
        raw_digest: None,
    }
}
