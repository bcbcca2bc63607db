//! The report of an operation as a value: what the ledger knows of it, and nothing that somebody typed in.
//!
//! [`Report`] is the data; [`sheet`] says what of it is shown, [`markdown`] and [`html`] how; [`check`] finds what was edited afterwards.
//! All of it is pure: the same operation gives the same bytes.

pub mod check;
mod html;
mod markdown;
pub mod pictures;
mod sections;
mod sheet;
mod words;

use serde::{Deserialize, Serialize};

use super::{
    canonical::{self, NotCanonical},
    clean::clean_line,
    digest::Digest,
    evidence::Evidence,
    look::Look,
    operation::{JournalEntry, Metrics, Operation, OperationId, OperationKind, OperationState},
    plan::{Plan, PlanId, RollbackPlan},
    time::Time,
};

/// How many earlier operations the trend shows at most.
pub const EARLIER: usize = 20;

/// Everything that a report shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this format.
    pub schema: u32,
    /// The operation, as it ended.
    pub operation: Operation,
    /// The plan it executed, or that its dry run made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Planned>,
    /// Each attempt at each step, in order; of what came of it the first line.
    pub journal: Vec<JournalEntry>,
    /// What the operation observed.
    pub evidence: Vec<Evidence>,
    /// What was observed for its plan.
    pub planned: Vec<Evidence>,
    /// The looks at pages that its evidence names, as far as they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
    /// Operations of the same kind, service and environment that had ended before it began, the oldest first.
    pub earlier: Vec<Earlier>,
    /// The ledger's head when this was written, `seq/hash12`.
    pub ledger: String,
}

/// What a report says of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its id.
    pub id: PlanId,
    /// Its digest.
    pub digest: Digest,
    /// How many steps it has.
    pub steps: usize,
    /// The way back that was recorded before the way forth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackPlan>,
}

/// An operation of the past, as far as a trend needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The operation.
    pub id: OperationId,
    /// When it began (UTC).
    pub started_at: Time,
    /// The version that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How it ended.
    pub state: OperationState,
    /// What was measured.
    pub metrics: Metrics,
}

impl From<&Operation> for Earlier {
    fn from(operation: &Operation) -> Self {
        Self {
            id: operation.id.clone(),
            started_at: operation.started_at,
            version: operation.version.clone(),
            state: operation.state,
            metrics: operation.metrics.clone(),
        }
    }
}

impl Report {
    /// A report from what the ledger holds. Of what steps came to only the first line is kept: what follows was written by scripts.
    pub fn new(
        operation: Operation,
        plan: Option<&Plan>,
        mut journal: Vec<JournalEntry>,
        evidence: Vec<Evidence>,
        planned: Vec<Evidence>,
        ledger: String,
    ) -> Self {
        for entry in &mut journal {
            entry.outcome = clean_line(entry.outcome.lines().next().unwrap_or_default());
        }
        let plan = plan.map(|plan| Planned {
            id: plan.id().clone(),
            digest: plan.digest(),
            steps: plan.steps().len(),
            rollback: plan.body().rollback.clone(),
        });
        Self { schema: 1, operation, plan, journal, evidence, planned, looks: Vec::new(), earlier: Vec::new(), ledger }
    }

    /// The same with looks at pages.
    #[must_use]
    pub fn showing(mut self, looks: Vec<Look>) -> Self {
        self.looks = looks;
        self
    }

    /// The same with what came before; `operations` are of the same service, the newest first.
    pub fn after<'o>(mut self, operations: impl IntoIterator<Item = &'o Operation>) -> Self {
        let this = &self.operation;
        let before = operations.into_iter().filter(|other| {
            other.kind == this.kind
                && other.environment == this.environment
                && other.service == this.service
                && other.finished_at.is_some_and(|end| end <= this.started_at)
                && other.id != this.id
        });
        let mut earlier: Vec<Earlier> = before.take(EARLIER).map(Earlier::from).collect();
        earlier.reverse();
        self.earlier = earlier;
        self
    }

    /// What is signed.
    ///
    /// # Errors
    /// When a number in it has no canonical form.
    pub fn text(&self) -> Result<String, NotCanonical> {
        canonical::to_text("report", self)
    }

    /// The name of its files, without their ending.
    pub fn name(&self) -> String {
        name_of(&self.operation)
    }
}

/// The name of an operation's report, without the ending: `deployment-2025-01-15-crm-b302099a8057`.
pub fn name_of(operation: &Operation) -> String {
    let kind = match operation.kind {
        OperationKind::Deploy | OperationKind::Rollback => "deployment",
        OperationKind::Check => "check",
        OperationKind::DryRun => "dry-run",
        OperationKind::Snapshot => "snapshot",
        _ => "operation",
    };
    let service = match (&operation.service, operation.kind) {
        (Some(service), _) => service.as_str(),
        (None, OperationKind::Check) => "services",
        (None, _) => "databases",
    };
    let short = operation.id.as_str().rsplit('-').next().unwrap_or_default();
    format!("{kind}-{}-{service}-{short}", operation.started_at.date())
}

/// A report that this installation has signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signed {
    /// The report.
    pub report: Report,
    /// The signature over [`Report::text`], in hexadecimal.
    pub signature: String,
}

impl Signed {
    /// The report in that form.
    ///
    /// # Errors
    /// As [`Report::text`].
    pub fn page(&self, form: Form) -> Result<Page, NotCanonical> {
        let (sheet, data) = (sheet::of(self)?, canonical::to_text("report", self)?);
        Ok(match form {
            Form::Markdown => markdown::page(&sheet, data),
            Form::Html => html::page(&sheet, &data),
        })
    }
}

/// The forms a report is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Markdown.
    Markdown,
    /// One HTML page that loads nothing and runs nothing. Its pictures stand in it as their digests; see [`pictures`].
    Html,
}

/// A written report in three pieces. Text for people and data are not looked through for secrets in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What people read.
    pub before: String,
    /// The data, as it stands in the file.
    pub data: String,
    /// What ends the file.
    pub after: String,
}
