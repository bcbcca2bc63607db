//! Steps act: each file does, proves and undoes one thing.

use std::sync::Arc;

use crate::{
    domain::{evidence::Evidence, step::Step},
    policy::Permit,
    world::World,
};

/// What a step gets.
#[derive(Clone)]
pub struct Context<'a> {
    /// The world, with its changing methods.
    pub world: &'a World,
    /// The right to use them.
    pub permit: &'a Permit,
    /// Told about progress, in sentences for a human; never blocks.
    pub progress: Arc<dyn Fn(String) + Send + Sync>,
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

/// Does a step. Running an idempotent step twice, or one whose probe said `Running`, is safe.
pub async fn run(step: &Step, context: &Context<'_>) -> Result<Done, Failure> {
    let _ = (step, context);
    Ok(Done::new(""))
}

/// Finds out what became of a step that has an intent and no outcome.
pub async fn probe(step: &Step, context: &Context<'_>) -> Probe {
    let _ = (step, context);
    Probe::NotStarted
}

/// Takes a step back. Steps that only add have nothing to take back.
pub async fn undo(step: &Step, context: &Context<'_>) -> Result<Done, Failure> {
    let _ = (step, context);
    Ok(Done::new(""))
}

/// Finds out what became of an undo that has an intent and no outcome.
pub async fn probe_undo(step: &Step, context: &Context<'_>) -> Probe {
    let _ = (step, context);
    Probe::NotStarted
}
