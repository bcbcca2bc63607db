//! `deploy-ops approve <plan>`

use super::{
    Exit,
    human::Human,
    live::Live,
    person::Person,
    show_plan,
    terminal::Terminal,
    totp,
    wire::{self, Switches, Wired},
};
use crate::{
    domain::{
        approval::{Channel, Decision},
        plan::PlanId,
        refusal::{Code, Refusal},
    },
    policy,
    world::{Clock, SystemClock},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The id that the dry run returned.
    plan: PlanId,
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    at_terminal(switches, terminal, async |wired, human| approve(wired, human, &options.plan).await)
}

/// Runs an operator's command in front of a human. Nothing is read before one is there.
pub(super) fn at_terminal(
    switches: Switches,
    terminal: &Terminal,
    command: impl AsyncFnOnce(&Wired, &mut Human) -> Result<(), Refusal>,
) -> Exit {
    let mut human = match Human::present() {
        Ok(human) => human,
        Err(refusal) => return terminal.refuse(&crate::redact::Redactor::new([]).0, &refusal),
    };
    let (wired, runtime) = match wire::command(switches, terminal) {
        Ok(both) => both,
        Err(exit) => return exit,
    };
    runtime.block_on(async {
        let exit = match command(&wired, &mut human).await {
            Ok(()) => Exit::Done,
            Err(refusal) => wired.refuse(terminal, &refusal),
        };
        wired.engine.drain().await;
        exit
    })
}

async fn approve(wired: &Wired, human: &mut Human, id: &PlanId) -> Result<(), Refusal> {
    let person = Person::here();
    let shown = wired.engine.plan_for_approval(id).await?;
    let body = shown.plan.body();
    let same_person = person.operator().is_same_person(&body.requester);
    if same_person && !shown.environment.approval.same_user_with_totp {
        return Err(Refusal::new(
            Code::SelfApproval,
            "The plan was asked for by a client that runs under your own account.",
            "Let another account approve it, run the server under an account of its own, or accept the lower guarantee: \
             same_user = \"totp\" in [environments.<name>.approval].",
        ));
    }
    let live = Live::of(wired.engine.ledger_for_operator().await?, &shown.plan).await?;
    human.show(&show_plan::whole(&wired.redactor, &shown, &live, SystemClock.now()))?;
    let word = show_plan::word(body);
    let typed = human.ask(&format!("To approve exactly this plan as {}, type {word}: ", person.operator()))?;
    if typed != word {
        return Err(Refusal::new(
            Code::WrongState,
            "That is not the word; nothing was approved.",
            "Run the command again.",
        ));
    }
    let channel = if same_person || shown.environment.approval.totp {
        totp::demand(human, wired, &shown.environment, &person).await?;
        Channel::TerminalTotp
    } else {
        Channel::Terminal
    };
    wired.engine.answer_plan(&shown, Decision::Approve, person.operator(), channel).await?;
    let from = match policy::wait_s(&shown.plan, &shown.environment) {
        0 => "now".to_owned(),
        wait => format!("in {wait} s; until then `deploy-ops deny {}` stops it", body.id),
    };
    human.show(&format!(
        "Approved for {} s, once. The requester can execute it {from}.\n",
        shown.environment.approval.valid_for_s
    ))
}
