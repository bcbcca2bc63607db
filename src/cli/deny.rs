//! `deploy-ops deny <plan>`

use super::{
    Exit,
    approve::at_terminal,
    human::Human,
    live::Live,
    person::Person,
    show_plan,
    terminal::Terminal,
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        approval::{Channel, Decision},
        plan::PlanId,
        refusal::{Code, Refusal},
    },
    world::{Clock, SystemClock},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The id that the dry run returned.
    plan: PlanId,
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    at_terminal(switches, terminal, async |wired, human| deny(wired, human, &options.plan).await)
}

/// Everybody at a terminal may say no, also to their own plan and without a one-time password: it only makes things safer.
async fn deny(wired: &Wired, human: &mut Human, id: &PlanId) -> Result<(), Refusal> {
    let person = Person::here();
    let shown = wired.engine.plan_for_approval(id).await?;
    let live = Live::of(wired.engine.ledger_for_operator().await?, &shown.plan).await?;
    human.show(&show_plan::whole(&wired.redactor, &shown, &live, SystemClock.now()))?;
    if human.ask(&format!("To deny this plan as {}, type deny: ", person.operator()))? != "deny" {
        return Err(Refusal::new(
            Code::WrongState,
            "That is not the word; nothing was denied.",
            "Run the command again.",
        ));
    }
    wired.engine.answer_plan(&shown, Decision::Deny, person.operator(), Channel::Terminal).await?;
    human.show("Denied. The plan cannot be executed.\n")
}
