//! Where tests reach into a running operation.

use crate::domain::operation::Phase;

/// A moment in the life of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Nothing is written yet.
    BeforeIntent,
    /// The intent is durable.
    AfterIntent,
    /// The step took effect (or failed); the ledger does not know yet.
    AfterEffect,
    /// The outcome is durable.
    AfterOutcome,
}

impl Point {
    /// All moments, in order.
    pub const ALL: [Self; 4] = [Self::BeforeIntent, Self::AfterIntent, Self::AfterEffect, Self::AfterOutcome];
}

/// Called at every moment of every step. A test kills the process here, or makes a step fail.
pub trait Hooks: Send + Sync {
    /// A moment has come.
    fn at(&self, phase: Phase, index: usize, step: &'static str, point: Point) {
        let _ = (phase, index, step, point);
    }
    /// Whether this step is to fail instead of being run.
    fn fails(&self, phase: Phase, index: usize, step: &'static str) -> bool {
        let _ = (phase, index, step);
        false
    }
}

/// The hooks of production: none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
