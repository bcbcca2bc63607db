//! `deploy-ops unfreeze <operation> --why TEXT`

use super::{
    Exit,
    approve::at_terminal,
    decide::{confirm, found},
    person::Person,
    terminal::Terminal,
    wire::Switches,
};
use crate::domain::{
    operation::OperationId,
    refusal::{Code, Refusal},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The operation that froze the service.
    operation: OperationId,
    /// What was repaired, for the ledger.
    #[arg(long, value_name = "TEXT")]
    why: String,
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    at_terminal(switches, terminal, async |wired, human| {
        let person = Person::here();
        let operation = found(wired, &options.operation).await?;
        if !operation.state.freezes() {
            return Err(Refusal::new(
                Code::WrongState,
                "That operation does not freeze its service.",
                "Only one whose rollback failed, or whose effect cannot be told, does.",
            ));
        }
        confirm(wired, human, &operation, "repaired", &person).await?;
        wired.engine.unfreeze(&operation.id, &person.operator(), &options.why).await?;
        human.show("The service can be deployed again.\n")
    })
}
