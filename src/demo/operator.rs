//! The human of the demo: Alice, who approves plans on her own terminal.

use std::{io, path::Path};

use crate::{
    cli::terminal::Terminal,
    cli::wire::{self, Switches},
    domain::{
        approval::{Channel, Decision},
        plan::PlanId,
        principal::Principal,
        refusal::Refusal,
    },
    engine::Engine,
    ledger::LedgerError,
};

/// Alice, with her own way to the state: no MCP involved.
pub(super) struct Operator {
    engine: Engine,
}

impl Operator {
    pub(super) fn new(config: &Path) -> io::Result<Self> {
        let switches = Switches { config: Some(config.to_path_buf()), look_only: true, ..Switches::default() };
        let wired =
            wire::wire(&switches, &Terminal::quiet()).map_err(|_| io::Error::other("cannot read the configuration"))?;
        Ok(Self { engine: wired.engine })
    }

    /// Reads a plan and approves it, as `deploy-ops approve` does after the questions at the terminal.
    pub(super) async fn approve(&self, plan: &str) -> io::Result<()> {
        let id: PlanId = plan.parse().map_err(|_| io::Error::other("the dry run returned no plan"))?;
        let shown = self.engine.plan_for_approval(&id).await.map_err(refused)?;
        let alice = Principal::operator("alice");
        self.engine.answer_plan(&shown, Decision::Approve, alice, Channel::Terminal).await.map_err(refused)
    }

    /// Verifies the ledger from its first entry: how many entries, and the head; or what is wrong.
    pub(super) async fn verify(&self) -> io::Result<Result<(u64, String), LedgerError>> {
        let ledger = self.engine.ledger_for_operator().await.map_err(refused)?;
        Ok(ledger.verify().await.map(|verified| (verified.entries, verified.head.to_string())))
    }
}

fn refused(refusal: Refusal) -> io::Error {
    io::Error::other(refusal.to_string())
}
