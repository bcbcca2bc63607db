//! Opening what the engine stands on, at the first call.

use crate::{
    domain::refusal::{Code, Refusal},
    ledger::{Instance, Ledger, Location},
    redact::Secret,
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
                let location = self.location(&secrets)?;
                for weak in self.0.redactor.add(secrets) {
                    tracing::warn!("{weak}");
                }
                let instance = Instance::new(instance::current());
                let ledger = Ledger::open(&location, instance, self.0.redactor.clone()).await?;
                if !self.0.options.look_only {
                    self.resume(&ledger).await;
                    if ledger.is_shared() {
                        self.watch(&ledger);
                    }
                    self.keep_telling();
                    self.keep_notifying();
                }
                Ok(ledger)
            })
            .await
    }

    /// Where the ledger is, with the password of its server.
    fn location(&self, secrets: &[Secret]) -> Result<Location, Refusal> {
        let mut location = self.0.options.state.clone();
        if let (Location::Postgres(server), Some(name)) = (&mut location, &self.0.options.state_password) {
            let found = secrets.iter().find(|secret| secret.name() == name.as_str());
            let missing = || {
                Refusal::new(
                    Code::AuditUnavailable,
                    format!("The secret {name}, the password of the state's server, cannot be read."),
                    "Set the secret where deploy-ops.toml says it is; `deploy-ops doctor` says why it cannot be read.",
                )
            };
            server.password = Some(found.cloned().ok_or_else(missing)?);
        }
        Ok(location)
    }
}
