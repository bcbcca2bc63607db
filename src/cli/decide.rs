//! `deploy-ops decide <operation> accept|rollback|probe|done --why TEXT`

use super::{
    Exit,
    approve::at_terminal,
    human::Human,
    person::Person,
    terminal::{Terminal, words},
    totp,
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        inventory::Environment,
        operation::{Operation, OperationId, OperationState},
        refusal::{Code, Refusal},
    },
    ledger::HumanDecision,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The operation that waits.
    operation: OperationId,
    /// What to do with it.
    decision: Decision,
    /// Why, for the ledger.
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Decision {
    /// Keep a result below success.
    Accept,
    /// Take it back.
    Rollback,
    /// Look once more whether the step took effect.
    Probe,
    /// The step took effect: go on behind it.
    Done,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Rollback => "rollback",
            Self::Probe => "probe",
            Self::Done => "done",
        }
    }

    fn as_signal(self) -> HumanDecision {
        match self {
            Self::Accept => HumanDecision::Accept,
            Self::Rollback => HumanDecision::RollBack,
            Self::Probe => HumanDecision::ProbeAgain,
            Self::Done => HumanDecision::MarkDone,
        }
    }

    /// Whether an operation in that state waits for it.
    fn fits(self, state: OperationState) -> bool {
        match state {
            OperationState::AwaitingDecision => matches!(self, Self::Accept | Self::Rollback),
            OperationState::Indeterminate => matches!(self, Self::Probe | Self::Done | Self::Rollback),
            _ => false,
        }
    }
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    at_terminal(switches, terminal, async |wired, human| decide(wired, human, options).await)
}

async fn decide(wired: &Wired, human: &mut Human, options: &Options) -> Result<(), Refusal> {
    let person = Person::here();
    let operation = found(wired, &options.operation).await?;
    if !options.decision.fits(operation.state) {
        return Err(Refusal::new(
            Code::WrongState,
            format!("The operation is {} and does not wait for that decision.", words(&operation.state)),
            "awaiting_decision takes accept or rollback; indeterminate takes probe, done or rollback.",
        ));
    }
    confirm(wired, human, &operation, options.decision.word(), &person).await?;
    let decision = options.decision.as_signal();
    wired.engine.decide(&operation.id, decision, &person.operator(), &options.why).await?;
    human.show("Recorded. The server that runs the operation acts on it within a second.\n")
}

/// The operation, or a refusal.
pub(super) async fn found(wired: &Wired, id: &OperationId) -> Result<Operation, Refusal> {
    wired.engine.ledger_for_operator().await?.operation(id).await?.ok_or_else(|| {
        Refusal::new(Code::NotFound, "There is no such operation.", "Run `deploy-ops operations` to see them.")
    })
}

/// Shows an operation and lets the human type what they are about to do; with a one-time password where the environment wants one.
pub(super) async fn confirm(
    wired: &Wired,
    human: &mut Human,
    operation: &Operation,
    word: &str,
    person: &Person,
) -> Result<(), Refusal> {
    let value = wired.redactor.json(serde_json::to_value(operation).unwrap_or_default());
    human.show(&wired.redactor.text(&serde_json::to_string_pretty(&*value).unwrap_or_default()))?;
    if human.ask(&format!("\nTo do so as {}, type {word}: ", person.operator()))? != word {
        return Err(Refusal::new(
            Code::WrongState,
            "That is not the word; nothing was done.",
            "Run the command again.",
        ));
    }
    match environment_of(wired, operation) {
        Some(environment) if environment.approval.totp => totp::demand(human, wired, environment, person).await,
        _ => Ok(()),
    }
}

fn environment_of<'a>(wired: &'a Wired, operation: &Operation) -> Option<&'a Environment> {
    wired.engine.inventory().environments.get(&operation.environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_waiting_operation_takes_a_decision() {
        use OperationState::{AwaitingDecision, Indeterminate, Running, Succeeded};
        for decision in [Decision::Accept, Decision::Rollback, Decision::Probe, Decision::Done] {
            assert!(!decision.fits(Running) && !decision.fits(Succeeded));
        }
        assert!(Decision::Accept.fits(AwaitingDecision) && !Decision::Accept.fits(Indeterminate));
        assert!(Decision::Done.fits(Indeterminate) && !Decision::Done.fits(AwaitingDecision));
    }
}
