//! Telling channels of an operation by itself, where its environment says so. Whatever comes of it, the operation goes on.
//!
//! Each notice is a step with its intent and outcome in the operation's journal, behind those of the plan and inside the same permit: what
//! was told, or tried in vain, is not told again after a crash, and one that was under way then goes out under the same key.

use futures::future::try_join_all;

use super::journal::{Run, Stuck};
use crate::{
    domain::{
        inventory::{Channel, Event},
        notice::Notify,
        operation::{AttemptState, Operation, Phase},
        step::Step,
    },
    ledger::LedgerError,
};

impl Run<'_> {
    /// Tells every channel that is to hear of `event`, all at once.
    pub(super) async fn tell_channels(&self, operation: &Operation, event: Event) -> Result<(), LedgerError> {
        let channels = self.channels(event);
        if channels.is_empty() {
            return Ok(());
        }
        let journal = self.ledger.journal(&operation.id).await?;
        // Behind the steps of the plan, and the check of what is live again.
        let first = self.permit.plan().steps().len() + 1;
        let told = |notice: &Notify| {
            let summary = Step::Notify(notice.clone()).summary();
            journal.iter().any(|entry| entry.summary == summary && entry.state != AttemptState::Intended)
        };
        let notices = channels.iter().map(|channel| self.redacted(Notify::new(channel, operation, event, None)));
        let untold: Vec<(usize, Step)> = notices
            .filter(|notice| !told(notice))
            .enumerate()
            .map(|(place, notice)| (first + journal.len() + place, Step::Notify(notice)))
            .collect();
        let tellings = untold.iter().map(|(index, step)| async move {
            match self.attempt(Phase::Do, *index, step, 1).await {
                Err(Stuck::Ledger(error)) => Err(error),
                // The journal says what came of it.
                Ok(_) | Err(_) => Ok(()),
            }
        });
        try_join_all(tellings).await.map(drop)
    }

    /// The channels that the plan's environment tells of an event of its deployments and rollbacks.
    fn channels(&self, event: Event) -> Vec<&Channel> {
        let (body, inventory) = (self.permit.plan().body(), self.engine.inventory());
        if !body.purpose.changes_service() {
            return Vec::new();
        }
        let telling = inventory.environments.get(&body.environment).map(|environment| environment.notify.as_slice());
        let telling = telling.unwrap_or_default();
        let wants =
            |channel: &&Channel| telling.iter().any(|one| one.channel == channel.name && one.on.contains(&event));
        inventory.channels.values().filter(wants).collect()
    }

    /// What an operation holds while it runs may still be in the words of scripts.
    fn redacted(&self, notice: Notify) -> Notify {
        let body = serde_json::from_str(&notice.body).unwrap_or_default();
        Notify { body: self.engine.redactor().json(body).to_json(), ..notice }
    }
}
