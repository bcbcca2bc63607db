//! Opening what the engine stands on, at the first call.

use crate::{
    domain::refusal::{Code, Refusal},
    ledger::{Instance, Ledger},
    world::instance,
};

use super::Engine;

impl Engine {
    /// The ledger; the first caller opens it, fills the redactor and resumes interrupted operations.
    pub(super) async fn ledger(&self) -> Result<&Ledger, Refusal> {
        if let Some(reason) = &self.0.options.unconfigured {
            return Err(Refusal::new(Code::Unconfigured, "The server has no configuration yet.", reason.clone()));
        }
        self.0
            .ledger
            .get_or_try_init(|| async {
                // Secrets first: nothing may be read or answered before the redactor knows them.
                let (secrets, unread) = self.world().reader().all_for_redaction().await;
                for name in unread {
                    tracing::warn!(%name, "this secret cannot be read; `deploy-ops doctor` says why");
                }
                for weak in self.0.redactor.add(secrets) {
                    tracing::warn!("{weak}");
                }
                let ledger = Ledger::open(
                    &self.0.options.state_url,
                    Instance::new(instance::current()),
                    self.0.redactor.clone(),
                )
                .await?;
                if !self.0.options.look_only {
                    self.resume(&ledger).await;
                }
                Ok(ledger)
            })
            .await
    }
}
