//! `deploy-ops plans`

use super::{
    Exit,
    show_plan::word,
    terminal::Terminal,
    wire::{self, Switches, Wired},
};
use crate::{
    domain::refusal::Refusal,
    world::{Clock, SystemClock},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print JSON, one plan a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    looking(switches, terminal, async |wired| plans(wired, options, terminal).await)
}

/// Runs a command that needs no more than the ledger, and ends.
pub(super) fn looking(
    switches: Switches,
    terminal: &Terminal,
    command: impl AsyncFnOnce(&Wired) -> Result<Exit, Refusal>,
) -> Exit {
    let (wired, runtime) = match wire::command(switches, terminal) {
        Ok(both) => both,
        Err(exit) => return exit,
    };
    runtime.block_on(async {
        let exit = command(&wired).await.unwrap_or_else(|refusal| wired.refuse(terminal, &refusal));
        wired.engine.drain().await;
        exit
    })
}

async fn plans(wired: &Wired, options: &Options, terminal: &Terminal) -> Result<Exit, Refusal> {
    let plans = wired.engine.pending_plans().await?;
    let now = SystemClock.now();
    if plans.is_empty() && !options.json {
        terminal.line("No plan waits.");
    }
    for plan in plans {
        let body = plan.body();
        if options.json {
            terminal.json(&wired.redactor.json(serde_json::to_value(body).unwrap_or_default()));
            continue;
        }
        let version = body.revision.as_ref().map_or(String::new(), |revision| format!(" {}", revision.version));
        let left = body.expires_at.seconds_since(now);
        terminal.say(
            &wired.redactor,
            &format!(
                "{} {:?} {}{version} in {} by {}, {} steps, digest {}, expires in {} min {} s",
                body.id,
                body.purpose,
                word(body),
                body.environment,
                body.requester,
                body.steps.len(),
                plan.digest().short(),
                left / 60,
                left % 60
            ),
        );
    }
    Ok(Exit::Done)
}
