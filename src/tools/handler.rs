//! What a tool does, with its types erased.

use std::{future::Future, pin::Pin};

use serde_json::Value;

use super::{About, Context, ErasedAnswer, Observed, Proposal, Subject, Wish};
use crate::domain::{facts::Facts, inventory::Inventory, plan::PlanBody, refusal::Refusal};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// What a tool does, with its types erased.
#[derive(Clone, Copy)]
pub enum Handler {
    /// A query.
    Query(for<'a> fn(Value, Context<'a>) -> Boxed<'a, ErasedAnswer>),
    /// An action.
    Action(ActionHandler),
    /// An observation.
    Observation(ObservationHandler),
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Query(_) => "Query",
            Self::Action(_) => "Action",
            Self::Observation(_) => "Observation",
        })
    }
}

/// The functions of an action.
#[derive(Clone, Copy)]
pub struct ActionHandler {
    /// See [`Action::wish`](super::Action::wish).
    pub wish: fn(&Value) -> Result<Wish, Refusal>,
    /// See [`Action::subject`](super::Action::subject).
    pub subject: fn(&Value, &Inventory) -> Result<Subject, Refusal>,
    /// See [`Action::draft`](super::Action::draft).
    pub draft: for<'a> fn(Value, Context<'a>) -> Boxed<'a, Proposal>,
    /// See [`Action::facts`](super::Action::facts).
    pub facts: for<'a> fn(&'a PlanBody, Context<'a>) -> Boxed<'a, Facts>,
    /// See [`Action::look`](super::Action::look).
    pub look: for<'a> fn(Value, Context<'a>) -> Boxed<'a, ErasedAnswer>,
}

impl std::fmt::Debug for ActionHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ActionHandler")
    }
}

/// The functions of an observation.
#[derive(Clone, Copy)]
pub struct ObservationHandler {
    /// See [`Observation::JUDGED`](super::Observation::JUDGED).
    pub judged: bool,
    /// See [`Observation::wait_s`](super::Observation::wait_s).
    pub wait_s: fn(&Value) -> Result<Option<u32>, Refusal>,
    /// See [`Observation::about`](super::Observation::about).
    pub about: fn(&Value, &Inventory) -> Result<About, Refusal>,
    /// See [`Observation::observe`](super::Observation::observe).
    pub observe: for<'a> fn(Value, Context<'a>) -> Boxed<'a, Observed>,
}

impl std::fmt::Debug for ObservationHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ObservationHandler")
    }
}
